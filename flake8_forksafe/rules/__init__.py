"""The rules: from traces to findings.  No rule reads a file, and no rule walks a tree."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from flake8_forksafe.printable import LONGEST, shortened
from flake8_forksafe.rules.imports import FIRST_PARTY_IMPORT, FUNCTION_IMPORT, HAZARD_IMPORT, LAZY_USE
from flake8_forksafe.rules.not_analysed import CELERY_WITHOUT_APP, MISSING_OPTION, UNREADABLE, UNRESOLVED
from flake8_forksafe.rules.pool import POOL_RULES
from flake8_forksafe.rules.prelude import PRELUDE_RULES
from flake8_forksafe.rules.rule import Context, Finding, Rule
from flake8_forksafe.rules.third_party import THIRD_PARTY_PULL
from flake8_forksafe.rules.warm_up_codes import WARM_UP_RULES

RULES: tuple[Rule, ...] = (
    HAZARD_IMPORT,
    FIRST_PARTY_IMPORT,
    THIRD_PARTY_PULL,
    LAZY_USE,
    FUNCTION_IMPORT,
    *WARM_UP_RULES,
    *PRELUDE_RULES,
    *POOL_RULES,
    CELERY_WITHOUT_APP,
    UNREADABLE,
    UNRESOLVED,
    MISSING_OPTION,
)

LONGEST_NAME = 300
"""Characters of one node of a chain."""

__all__ = ["RULES", "Context", "Finding", "Rule", "bounded", "run_rules"]


def run_rules(context: Context) -> tuple[Finding, ...]:
    """All findings, sorted by place, each once.

    Rules about what the children inherit look at workers that fork only, one at a time.
    """
    found: dict[tuple[str, int, str, str], Finding] = {}
    forking = list(_forking(context))
    names = {id(part): shown for part, shown in zip(forking, worker_names(forking), strict=True)}
    for rule in RULES:
        for part in [context] if rule.any_pool else forking:
            for finding in rule.check(part):
                key = (finding.path, finding.line, finding.code, finding.subject)
                known = found.setdefault(key, finding)
                if id(part) in names and len(set(names.values())) > 1:
                    found[key] = known._replace(workers=tuple(dict.fromkeys((*known.workers, names[id(part)]))))
    return tuple(sorted(map(bounded, found.values()), key=lambda finding: (finding[:5], finding.subject)))


def worker_names(contexts: Sequence[Context]) -> Iterator[str]:
    """What the workers of contexts are called: by their app, with its root where that is not the project's."""
    for context in contexts:
        (trace,) = context.traces
        root = os.path.relpath(trace.launch.root, context.settings.project) if trace.launch.root else "."
        app = trace.host.shown(trace.launch.app)
        yield shortened(app if root == "." else f"{root}:{app}", LONGEST_NAME)


def bounded(finding: Finding) -> Finding:
    """A finding whose message has a bounded length, whatever is called what."""
    if len(finding.what) <= LONGEST and all(len(hop.node) <= LONGEST_NAME for hop in finding.chain):
        return finding
    chain = tuple(hop._replace(node=shortened(hop.node, LONGEST_NAME)) for hop in finding.chain)
    return finding._replace(what=shortened(finding.what), chain=chain)


def _forking(context: Context) -> Iterator[Context]:
    """The context of each worker that forks; of a worker that is launched in several ways, one of them does."""
    for trace in context.traces:
        if trace.forks:
            yield context._replace(traces=(trace,))
