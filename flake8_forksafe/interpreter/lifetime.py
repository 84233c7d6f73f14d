"""What ends with a function: CPython frees an object as soon as nothing refers to it any more.

A socket that only a local name of the function holds is closed when the function returns; one that the function
returns, keeps in a global or hands to a library is not.  What only one name of a module holds ends with ``del``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flake8_forksafe.interpreter.containers import Items, Lazy, Table
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import (
    Arguments,
    Choice,
    Class,
    Coroutine,
    Descriptor,
    EnclosingScope,
    External,
    Function,
    Instance,
    Method,
    Module,
    Partial,
    Super,
    Value,
)

REACH_LIMIT, REACHED_PER_STEP = 200_000, 50
"""Objects that are looked at, and how many of them count as a step; where there are more, everything is held."""
FREED = "__del__"
"""What the catalogue calls the end of an object that nothing refers to any more."""
PLAIN = frozenset({
    "fetchall", "fetchmany", "fetchone", "getsockname", "json", "read", "recv", "result", "rowcount", "status_code",
    "text", "content", "data",
})  # fmt: skip
"""Methods and attributes whose value refers to nothing: not to the connection or executor that it came from."""


def keep(machine: Machine, arguments: Arguments) -> None:
    """Note that what is handed to a library may be kept there."""
    made = machine.recorder.made
    if made:
        held = _reached(machine, [arguments])
        made[:] = [owner for owner in made if held is not None and id(owner) not in held]


def leave(machine: Machine, function: Function, arguments: Arguments, result: Value, mark: int) -> None:
    """A function returns: what was made in it, and what nothing refers to now, ends.

    :param mark: how many objects there were when it was called.
    """
    made = machine.recorder.made
    roots: list[object] = [result, arguments, *_scopes(function.closure)]
    held = _reached(machine, [*roots, *machine.imports.modules.values()])
    if held is None:
        return
    for owner in made[mark:]:
        if id(owner) not in held:
            machine.ended(owner, FREED, Arguments())
    still = held if not function.cached else ()  # a result that is kept is held from now on
    made[mark:] = [owner for owner in made[mark:] if id(owner) in still]


def delete(machine: Machine, value: Value) -> None:
    """A module deletes a name of its own: what was made for it, and what nothing refers to now, ends."""
    made = machine.recorder.made
    inside = _reached(machine, [value]) if made else None
    held = _reached(machine, [*machine.imports.modules.values()]) if inside is not None else None
    if inside is None or held is None:
        return
    freed = [owner for owner in made if id(owner) in inside and id(owner) not in held]
    for owner in freed:
        machine.ended(owner, FREED, Arguments())
    made[:] = [owner for owner in made if owner not in freed]


def _scopes(scope: EnclosingScope | None) -> Iterator[Value]:
    """What the names of the functions around a function refer to."""
    while scope is not None:
        yield from scope.names.values()
        scope = scope.closure


def _reached(machine: Machine, roots: list[object]) -> set[int] | None:
    """The identities of the objects that can be reached; None if there are too many, or one hides what it holds."""
    seen: set[int] = set()
    pending = roots[::-1]
    while pending:
        found = pending.pop()
        if id(found) in seen:
            continue
        if isinstance(found, (Lazy, Coroutine)) or len(seen) > REACH_LIMIT:
            return None
        seen.add(id(found))
        pending += _referred(found)
    machine.step(len(seen) // REACHED_PER_STEP)
    return seen


def _referred(value: object) -> Iterable[object]:
    """What an object refers to: objects that are kept, so that no two have the same identity."""
    match value:
        case External():
            is_plain = value.path.rpartition(".")[2].removesuffix("()") in PLAIN
            return () if is_plain else (value.receiver, value.arguments, *value.names.values())
        case Arguments():
            return (*value.positional, *value.keywords.values())
        case Items():
            return [item.value for item in value.items]
        case Table():
            return [item.value for item in value.entries.values()]
        case Choice():
            return value.options
        case Instance():
            return (value.cls, *value.names.values())
        case Method():
            return (value.function, value.receiver)
        case Partial():
            return (value.function, value.arguments)
        case Function():
            return (*value.defaults.values(), *value.names.values(), *_scopes(value.closure))
        case Descriptor():
            return (value.function, value.setter, value.deleter)
        case Class():
            return (*value.bases, *value.names.values())
        case Super():
            return (value.owner, value.receiver)
        case Module():
            return value.names.values()
    return ()
