"""The rules: from traces to findings.  No rule reads a file, and no rule walks a tree."""

from __future__ import annotations

from collections.abc import Iterator

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
    for rule in RULES:
        for part in [context] if rule.any_pool else _forking(context):
            for finding in rule.check(part):
                found.setdefault((finding.path, finding.line, finding.code, finding.subject), finding)
    return tuple(sorted(map(bounded, found.values()), key=lambda finding: (finding[:5], finding.subject)))


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
