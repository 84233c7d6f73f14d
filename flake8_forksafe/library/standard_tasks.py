"""Models of ``asyncio`` and ``threading``: what runs a coroutine, or beside the boot."""

from __future__ import annotations

from flake8_forksafe.interpreter import iteration
from flake8_forksafe.interpreter.calls import run_coroutine
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    External,
    Instance,
    Value,
)


def run_awaitables(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    results = [run_coroutine(machine, value, frame) for value in arguments.positional]
    return results[0] if results else UNKNOWN


def start_thread(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Thread(target=f).start()``: ``f`` runs beside the boot, maybe before the fork and maybe after."""
    thread = function.receiver
    created = thread.arguments if isinstance(thread, (External, Instance)) else None
    if created is None:
        return NONE
    target = created.get(1, "target")
    if isinstance(thread, Instance):
        run = machine.attribute(thread, "run", frame)
        target = run if not isinstance(run, External) else target
    if target is not None:
        passed = created.get(3, "args")
        positional = iteration.iterate(machine, passed, frame) if passed is not None else None
        inner = Frame(frame.module, frame.node, "function", frame.base)
        inner.line, inner.column, inner.gates, inner.threaded = (
            frame.line,
            frame.column,
            frame.gates,
            machine.is_sure(frame),
        )
        with machine.doubted():
            machine.call(target, Arguments(tuple(item.value for item in positional.items) if positional else ()), inner)
    return NONE


MODELS = Library(
    functions={
        "asyncio.run": run_awaitables,
        "asyncio.get_event_loop().run_until_complete": run_awaitables,
        "asyncio.new_event_loop().run_until_complete": run_awaitables,
        "threading.Thread().start": start_thread,
    }
)
