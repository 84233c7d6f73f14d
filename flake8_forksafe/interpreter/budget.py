"""The step budget of one walk."""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.project.layout import FIRST_PARTY, THIRD_PARTY

STEP_LIMIT = 300_000
"""Steps (statements and calls) of one launch, besides those that its modules add.  The largest known project of 400
modules takes fewer."""
STEPS_PER_MODULE, STEPS_PER_STATEMENT = 2_000, 10
"""Steps that each executed module adds to the limit, and each top-level statement in it."""
ROUND_LIMIT = 20_000
"""Rounds of one loop, with those of the loops inside it.  Real projects take some thousand."""
WIDENED_LIMIT = 100
"""Widened executions of a loop or function that has used up its rounds: each stands for all further ones."""
EXTENSIONS, STEPS_PER_EXTENSION = 10, 30_000
"""How often a walk goes on behind a statement that used up its steps, and with how many more."""
DEPTH_LIMIT = 400
"""Calls and imports nested in each other."""

Place = tuple[Node, int]
"""A loop: the module or function that it stands in, and its line."""


class BudgetExceeded(Exception):
    """The walk exceeded its step budget.

    :ivar frame: the innermost frame of the project's own whose statement took the last one, else the innermost.
    :ivar in_package: whether the last step was one of an installed package's.
    """

    frame: Frame | None = None
    in_package = False

    def leaves(self, frame: Frame) -> None:
        """Note that it leaves a statement of ``frame``; inner frames come first."""
        origin = frame.module.found.origin
        if self.frame is None:
            self.in_package = origin == THIRD_PARTY
        if self.frame is None or (self.frame.module.found.origin == THIRD_PARTY and origin == FIRST_PARTY):
            self.frame = frame


class StepBudget:
    """Counts the steps of a walk.

    :ivar steps: statements, calls and the like; a large value costs several.
    :ivar limit: how many there may be.
    :ivar depth: calls and imports that are being executed.
    :ivar rounds: those of each loop that stands in no other.
    :ivar widened: executions of a place or function that stood for all others.
    :ivar extensions: how often it was extended.
    """

    __slots__ = ("depth", "extensions", "limit", "rounds", "steps", "widened")

    def __init__(self) -> None:
        self.steps = 0
        self.limit = STEP_LIMIT
        self.depth = 0
        self.extensions = 0
        self.rounds: dict[Place, int] = {}
        self.widened: dict[Place | Node, int] = {}

    def step(self, count: int = 1) -> None:
        """Count a step, or several for something large.

        :raises BudgetExceeded: when there were too many.
        """
        self.steps += count
        if self.steps > self.limit:
            raise BudgetExceeded

    def extend(self) -> bool:
        """Allow for what stands behind a statement that used up all steps; false if that was done too often."""
        self.extensions += 1
        self.limit = self.steps + STEPS_PER_EXTENSION
        return self.extensions <= EXTENSIONS

    def module(self, statements: int) -> None:
        """Add what the execution of one more module may take."""
        self.limit += STEPS_PER_MODULE + STEPS_PER_STATEMENT * statements

    def round(self, place: Place) -> int:
        """Count a round; returns how many there were before more than ``ROUND_LIMIT``: 0 while there are some left."""
        self.step()
        count = self.rounds[place] = self.rounds.get(place, 0) + 1
        return max(0, count - ROUND_LIMIT)

    def is_widened_often(self, place: Place | Node) -> bool:
        """Whether half of the executions that may stand for all others have been used up."""
        return 2 * self.widened.get(place, 0) >= WIDENED_LIMIT

    def may_widen(self, place: Place | Node) -> bool:
        """Count an execution that stands for all others; returns whether there may be another."""
        count = self.widened[place] = self.widened.get(place, 0) + 1
        return count <= WIDENED_LIMIT
