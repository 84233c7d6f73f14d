"""How bad a finding is, for formats that tell errors from warnings."""

from __future__ import annotations


def severity(code: str) -> str:
    """The severity of a code's rule: ``error`` or ``warning``."""
    from flake8_forksafe.rules import RULES  # a run that shows what was kept has no other use for the rules

    return next((rule.severity for rule in RULES if rule.code == code), "error")
