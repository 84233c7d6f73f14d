"""Determines which names a function binds itself: Python looks for these nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_forksafe.interpreter.generators import parts_of
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.source import facts


def local_names(machine: Machine, definition: facts.Define, body: facts.Block) -> frozenset[str]:
    """The local names of a function with these statements: its parameters, and what it binds."""
    known = machine.memory.locals
    if id(body) not in known:
        bound, elsewhere = _bound_in(body)
        bound.update(parameter.name for parameter in definition.parameters)
        known[id(body)] = (frozenset(bound - elsewhere), body)
    return known[id(body)][0]


def bound_in(statement: facts.Statement) -> set[str]:
    """The names that a statement may bind in its scope."""
    return _bound_in((statement,))[0]


def _bound_in(body: facts.Block) -> tuple[set[str], set[str]]:
    """The names that statements bind, those of functions and classes in them excepted; and those declared elsewhere."""
    bound: set[str] = set()
    elsewhere: set[str] = set()
    pending: list[object] = [body]
    while pending:
        part = pending.pop()
        bound.update(_bound_by(part))
        if isinstance(part, facts.Scope):
            elsewhere.update(part.names)
        elif not isinstance(part, (facts.Lambda, facts.Define, facts.ClassDefinition)):
            pending += parts_of(part)
    return bound, elsewhere


def _bound_by(part: object) -> Iterator[str]:
    """The names that one statement or expression binds, without its parts."""
    match part:
        case facts.Assign() | facts.Delete():
            for target in part.targets:
                yield from _targets(target)
        case facts.Augment() | facts.For():
            yield from _targets(part.target)
        case facts.With():
            for _, bound in part.items:
                yield from _targets(bound)
        case facts.Import():
            yield from (alias or name.partition(".")[0] for name, alias in part.names)
        case facts.ImportFrom():
            yield from (alias or name for name, alias in part.names)
        case facts.Define() | facts.ClassDefinition():
            yield part.name
        case facts.Handler() if part.name is not None:
            yield part.name
        case facts.Case():
            yield from part.captures
        case facts.Walrus():
            yield part.target


def _targets(target: facts.Expression | None) -> Iterator[str]:
    """The names in the target of an assignment."""
    if isinstance(target, facts.Name):
        yield target.id
    elif isinstance(target, facts.Starred):
        yield from _targets(target.value)
    elif isinstance(target, facts.Display):
        for inner in target.items:
            yield from _targets(inner)
