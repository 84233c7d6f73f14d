"""Tracks which values depend on ``sys.argv``.  A condition that reads one is a gate: it differs between processes."""

from __future__ import annotations

from flake8_forksafe.interpreter.values import Choice, Items, Literal, Unknown, Value, options


class ArgvDependence:
    """What depends on ``sys.argv``.

    :ivar count: how often a value that depends on it was read.
    :ivar marked: those values, by identity.
    """

    __slots__ = ("count", "marked")

    def __init__(self) -> None:
        self.count = 0
        self.marked: dict[int, Value] = {}

    def mark(self, value: Value) -> Value:
        """Mark a value as one that depends on ``sys.argv``."""
        parts = [Literal(part.value) if isinstance(part, Literal) else part for part in options(value)]
        marked = parts[0] if len(parts) == 1 else Choice(tuple(parts))
        if isinstance(marked, Unknown):
            marked = Unknown()
        if isinstance(marked, (Literal, Items, Choice, Unknown)):
            self.marked[id(marked)] = marked
            return marked
        return value
