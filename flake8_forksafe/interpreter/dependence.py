"""Tracks which values depend on something: on ``sys.argv``, or on what only the project's operators decide.

A condition that reads ``sys.argv`` is a *gate*: it differs between processes.  One that reads an environment variable
or a setting that nothing decides is a *switch*: it was put there so that somebody can choose.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.containers import Items
from flake8_forksafe.interpreter.values import Choice, External, Literal, Unknown, Value, options


class Dependence:
    """What depends on one thing.

    :ivar count: how often a value that depends on it was read.
    :ivar marked: those values, by identity.
    """

    __slots__ = ("count", "marked")

    def __init__(self) -> None:
        self.count = 0
        self.marked: dict[int, Value] = {}

    def mark(self, value: Value) -> Value:
        """Mark a value as one that depends on it."""
        parts = [Literal(part.value) if isinstance(part, Literal) else part for part in options(value)]
        marked = parts[0] if len(parts) == 1 else Choice(tuple(parts))
        if isinstance(marked, Unknown):
            marked = Unknown()
        if isinstance(marked, (Literal, Items, Choice, Unknown)):
            self.marked[id(marked)] = marked
            return marked
        return value

    def mark_unknown(self, value: Value) -> Value:
        """Mark a value of which not even the truth is known; all else decides the conditions that read it."""
        if isinstance(value, External) and value.path.endswith("()"):
            self.marked[id(value)] = value  # the object itself: it may be an app, or have been given attributes
            return value
        if any(isinstance(part, Unknown) and part.holds is None for part in options(value)):
            return self.mark(value)
        return value
