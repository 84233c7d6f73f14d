"""Helpers for blocks of statements: alternative branches, possible exceptions, and binding names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flake8_forksafe.interpreter.errors import NAME_ERROR, NOT_BOUND, UNBOUND_LOCAL
from flake8_forksafe.interpreter.frames import Flow, Frame, Raised
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.namespace import Names, NamesVersion
from flake8_forksafe.interpreter.values import Value, join

NOWHERE = Flow(0)
LEAVING = Flow.RETURN | Flow.BREAK | Flow.CONTINUE


def raised_in(machine: Machine, frame: Frame, error: Raised) -> None:
    """Record that an exception only may have been raised."""
    machine.may_fail(error.value)
    machine.errors.raised += 1
    frame.left.append((Flow.ABORT, frame.names.version()))


def attempt(machine: Machine, frame: Frame, run: Callable[[], Flow]) -> Flow:
    """Execute something in doubt.  An exception in it is only possible."""
    try:
        return run()
    except Raised as error:
        raised_in(machine, frame, error)
        return Flow.ABORT


def branches(machine: Machine, frame: Frame, runs: Sequence[Callable[[], Flow]], switch: bool = False) -> Flow:
    """Execute alternatives, each in doubt and from the same names.  Then join the names.

    :param switch: whether a switch of the project's own decides between them.
    """
    before = frame.names.version()
    flow = NOWHERE
    endings: list[NamesVersion[Value]] = []
    for run in runs:
        frame.names.go_to(before)
        with machine.doubted(switch=switch):
            ending = attempt(machine, frame, run)
        flow |= ending
        if ending & Flow.NEXT:
            endings.append(frame.names.version())
    frame.names.join(endings or [before], join)
    return flow


def or_else(machine: Machine, found: Value, otherwise: Callable[[], Value | None], error: Value = NOT_BOUND) -> Value:
    """What only may be bound, or what is found elsewhere; an ``error`` where there is nothing."""
    try:
        with machine.doubted():
            other = otherwise()
    except Raised as raised:
        machine.may_fail(raised.value)
        return found
    if other is not None:
        return join(found, other)
    machine.may_fail(error)
    return found


def bind_name(machine: Machine, frame: Frame, name: str, value: Value) -> None:
    """Bind a name where a statement of ``frame`` binds it."""
    names = frame.scope_of(name)
    if names is frame.names:
        if frame.kind == "module" or frame.captured:
            machine.journal.changes += 1
        names[name] = value
    else:
        machine.write(names, name, value)


def bind_maybe(names: Names[Value], name: str, value: Value, is_sure: bool) -> None:
    """Bind a name to a value that only may be there: else it stays what it is."""
    if is_sure:
        names[name] = value
    elif name in names:
        names.change(name, join(names[name], value))
    else:
        names[name] = value
        names.may_lack(name)


def unbind_name(machine: Machine, frame: Frame, name: str) -> None:
    """Unbind a name where a statement of ``frame`` deletes it."""
    names = frame.scope_of(name)
    is_local = names is frame.names and name in frame.local
    if name not in names:
        machine.fail("UnboundLocalError" if is_local else "NameError")
        return
    if name in names.maybe:
        machine.may_fail(UNBOUND_LOCAL if is_local else NAME_ERROR)
    machine.journal.changes += 1
    if names is frame.names or machine.journal.doubt is machine.journal.certain:
        names.unbind(name)
    else:
        names.may_lack(name)
