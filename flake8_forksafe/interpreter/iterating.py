"""Iterating and unpacking values, and doing something with each of several alternatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flake8_forksafe.interpreter import special_methods
from flake8_forksafe.interpreter.bounds import weight
from flake8_forksafe.interpreter.frames import Frame, Raised
from flake8_forksafe.interpreter.identity import value_of
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Choice,
    Instance,
    Item,
    Items,
    Literal,
    Table,
    Value,
    join,
)
from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Expression


def new_item(machine: Machine, value: Value, frame: Frame) -> Item:
    """An element added by the current statement of ``frame``."""
    return Item(value, machine.is_sure(frame))


def each(machine: Machine, value: Value, compute: Callable[[Value], Value]) -> Value:
    """What ``compute`` makes of each alternative of a value, in doubt; one that raises only may raise."""
    if not isinstance(value, Choice):
        return compute(value)
    found: list[Value] = []
    error: Raised | None = None
    for option in value.options:
        try:
            with machine.doubted():
                found.append(compute(option))
        except Raised as raised:
            error = raised
    if error is not None:
        if not found:
            raise error
        machine.may_fail(error.value)
    return join(*found)


def iterate(machine: Machine, value: Value, frame: Frame | None = None) -> Items:
    """What iterating a value yields."""
    if isinstance(value, Items):
        return value
    if isinstance(value, Table):
        keys = [Item(value_of(key), item.sure) for key, item in value.entries.items()]
        return Items("iterator", keys, machine.journal.doubt, value.complete)
    if isinstance(value, Literal) and isinstance(value.value, str) and len(value.value) < 1000:
        return machine.items("iterator", [Literal(character) for character in value.value])
    if isinstance(value, Choice):
        found: list[Item] = []
        complete = True
        for option in value.options:
            inner = iterate(machine, option, frame)
            found.extend(Item(item.value, False) for item in inner.items)
            complete &= inner.complete
        return Items("iterator", found, machine.journal.doubt, complete)
    if isinstance(value, Instance) and frame is not None:
        return _iterated(machine, value, frame)
    return Items("iterator", (), machine.journal.doubt, complete=False)


def _iterated(machine: Machine, value: Instance, frame: Frame) -> Items:
    """What iterating an object of a first-party class yields: all of a generator, or one element of an iterator."""
    result = special_methods.call(machine, value, "__iter__", (), frame)
    if isinstance(result, Items):
        return result
    element = special_methods.call(machine, result or UNKNOWN, "__next__", (), frame)
    found = [] if element is None or element is UNKNOWN else [Item(element, False)]
    return Items("iterator", found, machine.journal.doubt, complete=False)


def unpack(machine: Machine, value: Value, targets: tuple[Expression, ...]) -> list[Value]:
    """The values for the targets of an unpacking assignment."""
    if isinstance(value, Choice):
        columns = [unpack(machine, option, targets) for option in value.options]
        return [join(*column) for column in zip(*columns, strict=True)]
    items = iterate(machine, value)
    starred = [index for index, target in enumerate(targets) if isinstance(target, facts.Starred)]
    if not items.complete or not all(item.sure for item in items.items):
        return [UNKNOWN] * len(targets)
    values = [item.value for item in items.items]
    if not starred:
        return values if len(values) == len(targets) else [UNKNOWN] * len(targets)
    before, after = starred[0], len(targets) - starred[0] - 1
    if len(values) < before + after:
        return [UNKNOWN] * len(targets)
    middle = machine.items("list", values[before : len(values) - after])
    return [*values[:before], middle, *values[len(values) - after :]]


def charged(machine: Machine, value: Value) -> Value:
    """A value that was computed just now; a large one costs steps."""
    machine.step(weight(value))
    return value


def from_items(machine: Machine, kind: str, items: Iterable[Item], complete: bool = True) -> Items:
    """A new sequence of items."""
    return Items(kind, items, machine.journal.doubt, complete)
