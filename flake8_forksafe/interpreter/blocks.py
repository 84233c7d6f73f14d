"""Helpers for blocks of statements: alternative branches, possible exceptions, and binding names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flake8_forksafe.interpreter.frames import Flow, Frame, Raised
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.namespace import NamesVersion
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


def bind_name(machine: Machine, frame: Frame, name: str, value: Value) -> None:
    """Bind a name where a statement of ``frame`` binds it."""
    names = frame.scope_of(name)
    if names is frame.names:
        if frame.kind == "module" or frame.captured:
            machine.journal.changes += 1
        names[name] = value
    else:
        machine.write(names, name, value)
