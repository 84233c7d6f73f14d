"""What blocks of statements share: alternatives, exceptions that may be raised, and names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flake8_forksafe.interpreter.frames import Flow, Frame, Raised
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import Value, join

NOWHERE = Flow(0)
LEAVING = Flow.RETURN | Flow.BREAK | Flow.CONTINUE


def raised_in(machine: Machine, frame: Frame, error: Raised) -> None:
    """Record that an exception only may have been raised."""
    machine.may_fail(error.value)
    machine.errors.raised += 1
    frame.left.append((Flow.ABORT, dict(frame.names)))


def attempt(machine: Machine, frame: Frame, run: Callable[[], Flow]) -> Flow:
    """Execute something that only may happen, and so may raise at most."""
    try:
        return run()
    except Raised as error:
        raised_in(machine, frame, error)
        return Flow.ABORT


def branches(machine: Machine, frame: Frame, runs: Sequence[Callable[[], Flow]]) -> Flow:
    """Execute alternatives of which one will happen, each in doubt, from the same names; then join the names."""
    before = dict(frame.names)
    flow = NOWHERE
    endings: list[dict[str, Value]] = []
    for run in runs:
        frame.names.clear()
        frame.names.update(before)
        with machine.doubted():
            ending = attempt(machine, frame, run)
        flow |= ending
        if ending & Flow.NEXT:
            endings.append(dict(frame.names))
    rebind(frame, endings or [before])
    return flow


def rebind(frame: Frame, endings: list[dict[str, Value]]) -> None:
    """Give a frame the names of one of several endings."""
    names = _joined(endings)
    frame.names.clear()
    frame.names.update(names)


def bind_name(machine: Machine, frame: Frame, name: str, value: Value) -> None:
    """Bind a name where a statement of ``frame`` binds it."""
    names = frame.scope_of(name)
    if names is frame.names:
        names[name] = value
    else:
        machine.write(names, name, value)


def _joined(endings: list[dict[str, Value]]) -> dict[str, Value]:
    """Names after one of several endings."""
    names = dict(endings[0])
    for ending in endings[1:]:
        for name, value in ending.items():
            known = names.get(name)
            if known is None:
                names[name] = value
            elif known is not value:
                names[name] = join(known, value)
    return names
