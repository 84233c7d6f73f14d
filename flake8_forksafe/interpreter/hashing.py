"""Asks objects for their hash, and whether they equal others, as mappings and sets ask their keys."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_forksafe.interpreter import special_methods
from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import Choice, Instance, Item, Value, options
from flake8_forksafe.interpreter.widening import repeat

ASKED = 20
"""Keys of a container that are asked whether they equal another; elements of a tuple, tuples in it with theirs."""


def ask_key(machine: Machine, container: Value, key: Value, frame: Frame) -> None:
    """Look a key up in a mapping or a set: it is asked for its hash, and keys of the same whether they equal it."""
    objects = [part for part in _parts(key) if isinstance(part, Instance)]
    if not objects:
        return
    for part in objects:
        with machine.doubted(isinstance(key, Choice)):
            special_methods.call(machine, part, "__hash__", (), frame)
    others = _keys(container)

    def ask() -> None:
        for other in others:
            for part in objects:
                special_methods.call(machine, other, "__eq__", (part,), frame)
                special_methods.call(machine, part, "__eq__", (other,), frame)

    if others:
        repeat(machine, ask)


def looks_up(container: Value) -> bool:
    """Whether a container is, or may be, a mapping or a set."""
    return any(isinstance(one, Table) or (isinstance(one, Items) and one.kind == "set") for one in options(container))


def ask_keys(machine: Machine, source: Value, items: Iterable[Item], frame: Frame) -> None:
    """Make a set or a mapping of elements; those of a set or of a mapping keep their hash."""
    if all(isinstance(one, Table) or (isinstance(one, Items) and one.kind == "set") for one in options(source)):
        return
    before: list[Item] = []
    for item in items:
        with machine.doubted(not item.sure):
            ask_key(machine, Items("set", before[:ASKED], machine.journal.doubt), item.value, frame)
        if isinstance(item.value, Instance):
            before.append(item)


def _keys(container: Value) -> list[Value]:
    """The first keys of a container that are objects."""
    found: list[Value] = []
    for option in options(container):
        if isinstance(option, Table):
            found += [key for key in list(option.entries)[:ASKED] if isinstance(key, Instance)]
        elif isinstance(option, Items):
            found += [item.value for item in option.items[:ASKED] if isinstance(item.value, Instance)]
    return found


def _parts(key: Value, depth: int = 0) -> list[Value]:
    """A key, or the elements of one that is a tuple."""
    found: list[Value] = []
    for option in options(key):
        if isinstance(option, Items) and option.kind == "tuple":
            found += [part for item in option.items[:ASKED] if depth < 2 for part in _parts(item.value, depth + 1)]
        else:
            found.append(option)
    return found
