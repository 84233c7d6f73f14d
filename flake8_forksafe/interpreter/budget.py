"""How much one walk may take."""

from __future__ import annotations

STEP_LIMIT = 3_000_000
"""Statements and calls one launch may take; a real project takes some hundred thousand."""
DEPTH_LIMIT = 400
"""Calls and imports nested in each other."""


class BudgetExceeded(Exception):
    """The walk took more steps than any real boot."""


class StepBudget:
    """What was spent.

    :ivar steps: statements, calls and the like; a large value costs several.
    :ivar depth: calls and imports that are being executed.
    """

    __slots__ = ("depth", "steps")

    def __init__(self) -> None:
        self.steps = 0
        self.depth = 0

    def step(self, count: int = 1) -> None:
        """Count a step, or several for something large.

        :raises BudgetExceeded: when there were too many.
        """
        self.steps += count
        if self.steps > STEP_LIMIT:
            raise BudgetExceeded
