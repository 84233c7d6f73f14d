"""Memoises calls, so that a function is executed once with the same arguments."""

from __future__ import annotations

from typing import NamedTuple

from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Arguments, Function, Value
from flake8_forksafe.source.facts import Block


class Remembered(NamedTuple):
    """Earlier executions of a call; ``keep`` holds the arguments and the function so that their identities stay theirs.

    :ivar changes: how many changes there had been to anything after it, or -1 if it made some itself.
    :ivar certain: whether it was executed in every boot.
    """

    times: int
    changes: int
    certain: bool
    result: Value
    keep: tuple[Arguments, Function]


class Widened(NamedTuple):
    """An execution of a function that stands for all further ones with such arguments.

    :ivar written: the names of others that it bound: a namespace, and a name in it.
    """

    written: tuple[tuple[dict[str, Value], str], ...]
    keep: tuple[Arguments, Function]


class CallMemo:
    """Earlier executions of functions, and those that are under way.

    :ivar results: by what makes two calls the same.
    :ivar kept: the arguments of earlier calls of functions that keep their results.
    :ivar widened: executions that stand for others, by the same.
    :ivar executions: how often a function was executed, by its node in the graph.
    :ivar active: how often it is being executed now.
    :ivar waiting: functions that are being executed when the program hands over to a worker, and return after it.
    :ivar generators: whether functions are generators, by the identity of their statements, which are kept.
    :ivar locals: the names that functions bind themselves, by the same.
    """

    __slots__ = ("active", "executions", "generators", "kept", "locals", "results", "waiting", "widened")

    def __init__(self) -> None:
        self.results: dict[tuple[object, ...], Remembered] = {}
        self.kept: dict[tuple[Node, int, int], list[Arguments]] = {}
        self.widened: dict[tuple[object, ...], Widened] = {}
        self.executions: dict[Node, int] = {}
        self.active: dict[Node, int] = {}
        self.waiting: frozenset[Node] = frozenset()
        self.generators: dict[int, tuple[bool, Block]] = {}
        self.locals: dict[int, tuple[frozenset[str], Block]] = {}
