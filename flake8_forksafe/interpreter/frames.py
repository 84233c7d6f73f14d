"""Frames, and how control leaves a block."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntFlag

from flake8_forksafe.interpreter.namespace import Names, Namespace, NamesVersion
from flake8_forksafe.interpreter.records import Gate, Node
from flake8_forksafe.interpreter.values import Class, Doubt, EnclosingScope, Function, Item, Module, Value


class Flow(IntFlag):
    """How a block of statements may end."""

    NEXT = 1
    RETURN = 2
    BREAK = 4
    CONTINUE = 8
    ABORT = 16
    """An exception that nothing catches: the worker would not start, so it is assumed not to happen."""

    def __or__(self, other: int) -> Flow:
        """Both; from a table, since the operators of :mod:`enum` take several times as long."""
        return FLOWS[int.__or__(self, other)]

    def __and__(self, other: int) -> Flow:
        """What both have in common."""
        return FLOWS[int.__and__(self, other)]

    def __invert__(self) -> Flow:
        """All others."""
        return FLOWS[31 - int(self)]


FLOWS = tuple(map(Flow, range(32)))
"""Every combination."""


class Raised(Exception):
    """An exception in the analysed program that one of its handlers catches."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


class Closed(Exception):
    """A generator is abandoned at a ``yield``, as with ``GeneratorExit``."""


class Frame:
    """One execution of a module, class body, function or comprehension.

    :ivar node: the node of the graph that executes: a module or a function.
    :ivar base: the doubt in which the frame was entered; in a deeper one its code only may run.
    """

    __slots__ = (
        "base",
        "boot",
        "captured",
        "closure",
        "column",
        "complete",
        "execution",
        "finals",
        "function",
        "gates",
        "kind",
        "left",
        "line",
        "local",
        "module",
        "names",
        "node",
        "outer_names",
        "owner",
        "paused",
        "place",
        "qualname",
        "receiver",
        "results",
        "take",
        "threaded",
        "tries",
    )  # fmt: skip

    def __init__(
        self, module: Module, node: Node, kind: str, base: Doubt, closure: EnclosingScope | None = None
    ) -> None:
        self.module = module
        self.node = node
        self.kind = kind
        self.base = base
        self.closure = closure
        self.names: Namespace[Value] = module.names if kind == "module" else Namespace(base)
        self.line = 1
        self.column = 0
        self.execution: int = closure.execution if closure is not None and kind != "function" else 0
        """Which execution of the function this is, from 1; 0 for a module."""
        self.local: frozenset[str] = NO_NAMES
        """For a function: the names that it binds itself, whether they are bound yet or not."""
        self.outer_names: dict[str, str] = {}
        """Names declared ``global`` or ``nonlocal``."""
        self.results: list[Value] = []
        self.left: list[tuple[Flow, NamesVersion[Value]]] = []
        """How the current statements may have been left early, and the names then; ``ABORT`` is an exception."""
        self.captured = False
        """Whether a function was defined in it, which sees its names."""
        self.place: tuple[Node, int] | None = None
        """The node and line of the outermost loop that is being executed in it."""
        self.finals = 0
        """How many ``finally`` the current statement stands before."""
        self.tries = 0
        """How many ``try`` statements of it the current statement stands in."""
        self.take: Callable[[Item], bool] | None = None
        """For a generator: who takes what it yields."""
        self.complete = True
        """For a generator: whether all that it yields is known."""
        self.paused = False
        """For a generator: whether it may stand at a ``yield`` for some time, so that what follows comes later."""
        self.function: Function | None = None
        """The function that is executed."""
        self.owner: Class | None = None
        self.receiver: Value | None = None
        self.qualname = ""
        self.boot = False
        """Whether it stands for what Celery or Django do because of this line, not for the line itself."""
        self.threaded = False
        """Whether it stands for a thread that this line starts."""
        self.gates: tuple[Gate, ...] = closure.gates if closure is not None and kind != "function" else ()
        """The gates that the current statement stands behind."""

    def scope_of(self, name: str) -> Namespace[Value]:
        """The namespace that an assignment to ``name`` changes."""
        keyword = self.outer_names.get(name)
        if keyword == "global":
            return self.module.names
        if keyword == "nonlocal":
            frame: EnclosingScope | None = self.closure
            while frame is not None:
                if frame.kind == "function" and (name in frame.names or name in frame.local):
                    return frame.names
                frame = frame.closure
        return self.names

    def scopes(self, name: str) -> list[Names[Value]]:
        """Where Python looks a name up: here, in functions around, in the module; no further than where it is local."""
        keyword = self.outer_names.get(name)
        found: list[Names[Value]] = []
        if keyword is None:
            found.append(self.names)
            if self.kind == "module" or name in self.local:
                return found
        frame = self.closure if keyword != "global" else None
        while frame is not None:
            if frame.kind != "class":
                found.append(frame.names)
                if name in frame.local:
                    return found
            frame = frame.closure
        found.append(self.module.names)
        return found

    def find(self, name: str) -> Value | None:
        """What a name stands for, if it is bound."""
        return next((names[name] for names in self.scopes(name) if name in names), None)


NO_NAMES: frozenset[str] = frozenset()
