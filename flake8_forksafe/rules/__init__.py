"""The rules: from traces to findings.  No rule reads a file, and no rule walks a tree."""

from __future__ import annotations

from flake8_forksafe.rules.blind import CELERY_WITHOUT_APP, MISSING_OPTION, UNREADABLE, UNRESOLVED
from flake8_forksafe.rules.imports import FIRST_PARTY_IMPORT, FUNCTION_IMPORT, HAZARD_IMPORT, LAZY_USE
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
    CELERY_WITHOUT_APP,
    UNREADABLE,
    UNRESOLVED,
    MISSING_OPTION,
)

__all__ = ["RULES", "Context", "Finding", "Rule", "run_rules"]


def run_rules(context: Context) -> tuple[Finding, ...]:
    """All findings, sorted by place, each once."""
    found: dict[tuple[str, int, str, str], Finding] = {}
    for rule in RULES:
        for finding in rule.check(context):
            found.setdefault((finding.path, finding.line, finding.code, finding.subject), finding)
    return tuple(sorted(found.values(), key=lambda finding: (finding[:5], finding.subject)))
