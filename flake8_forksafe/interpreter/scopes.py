"""Determines which names a function binds itself: Python looks for these nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

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
        binds = BINDING.get(type(part))
        if binds is not None:
            bound.update(binds(part))
        if isinstance(part, facts.Scope):
            elsewhere.update(part.names)
        elif not isinstance(part, (facts.Lambda, facts.Define, facts.ClassDefinition)):
            pending += parts_of(part)
    return bound, elsewhere


def _targets(target: facts.Expression | None) -> Iterator[str]:
    """The names in the target of an assignment."""
    if isinstance(target, facts.Name):
        yield target.id
    elif isinstance(target, facts.Starred):
        yield from _targets(target.value)
    elif isinstance(target, facts.Display):
        for inner in target.items:
            yield from _targets(inner)


BINDING: Mapping[type, Callable[[Any], Iterable[str]]] = {
    facts.Assign: lambda part: (name for target in part.targets for name in _targets(target)),
    facts.Delete: lambda part: (name for target in part.targets for name in _targets(target)),
    facts.Augment: lambda part: _targets(part.target),
    facts.For: lambda part: _targets(part.target),
    facts.With: lambda part: (name for _, bound in part.items for name in _targets(bound)),
    facts.Import: lambda part: (alias or name.partition(".")[0] for name, alias in part.names),
    facts.ImportFrom: lambda part: (alias or name for name, alias in part.names),
    facts.Define: lambda part: (part.name,),
    facts.ClassDefinition: lambda part: (part.name,),
    facts.Handler: lambda part: () if part.name is None else (part.name,),
    facts.Case: lambda part: part.captures,
    facts.Walrus: lambda part: (part.target,),
}
"""The names that each kind of statement or expression binds, without its parts."""
