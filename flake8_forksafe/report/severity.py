"""How bad a finding is, for formats that tell errors from warnings."""

from __future__ import annotations

WARNINGS = ("FS142", "FS143", "FS19")
"""Codes, or what they begin with, that do no harm by themselves: a value left to chance, and what was not analysed."""


def severity(code: str) -> str:
    """``error`` or ``warning``, the words of SARIF's levels and of GitHub's workflow commands."""
    return "warning" if code.startswith(WARNINGS) else "error"
