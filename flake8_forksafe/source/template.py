"""The memo entry of a statement's text, independent of its position."""

from __future__ import annotations

from flake8_forksafe.source import facts

Template = facts.Statement | facts.Handler | facts.Case | facts.Expression | None
"""A statement, or the header of a compound one, at line 0 and without its blocks; None if it does nothing."""
