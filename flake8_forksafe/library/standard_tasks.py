"""Models of ``asyncio`` and ``threading``: what runs a coroutine, or beside the boot."""

from __future__ import annotations

from flake8_forksafe.interpreter import iteration
from flake8_forksafe.interpreter.calls import run_coroutine
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import NONE, UNKNOWN, Arguments, External, Instance, Value


class Running(LibraryState):
    """The event loop that runs a coroutine, where the program keeps that loop."""

    def __init__(self, machine: Machine) -> None:
        self.loop: Value | None = None


def run_in_kept_loop(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``loop.run_until_complete(awaitable)``: the threads of the loop's executor stay until it is closed."""
    running = machine.state(Running)
    before, running.loop = running.loop, function.receiver
    result = run_awaitables(machine, function, arguments, frame)
    running.loop = before
    return result


def run_awaitables(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    results = [run_coroutine(machine, value, frame) for value in arguments.positional]
    return results[0] if results else UNKNOWN


def gather(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``asyncio.gather(*awaitables)``: each is executed, and the results are a list for who awaits it."""
    results = [run_coroutine(machine, value, frame) for value in arguments.positional]
    return External(f"{function.path}()", machine.items("list", results))


def create_task(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``create_task(coroutine)``: it is executed unless the loop ends before, which cancels it (asyncio/runners.py)."""
    coroutine = arguments.get(0, "coro")
    with machine.doubted():
        result = run_coroutine(machine, coroutine, frame) if coroutine is not None else UNKNOWN
    return External(f"{function.path}()", result)


def wait_for(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``asyncio.wait_for(awaitable, timeout)`` and ``asyncio.shield(awaitable)``."""
    awaitable = arguments.get(0, "fut") or arguments.get(0, "arg")
    result = run_coroutine(machine, awaitable, frame) if awaitable is not None else UNKNOWN
    return External(f"{function.path}()", result)


def call_in_loop(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``anyio.run(function, *arguments)`` and ``trio.run(function, *arguments)``."""
    if not arguments.positional:
        return UNKNOWN
    made = machine.call(arguments.positional[0], Arguments(arguments.positional[1:]), frame)
    return run_coroutine(machine, made, frame)


def to_thread(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``asyncio.to_thread(f)``: a thread of the running loop's executor, which ``asyncio.run()`` ends."""
    loop = machine.state(Running).loop
    if loop is not None:
        key = machine.recorder.use(frame, function.path, arguments)
        if key is not None:
            machine.recorder.opened(key, loop)
    with machine.doubted():
        called = arguments._replace(positional=arguments.positional[1:])
        machine.call(arguments.get(0, "func") or UNKNOWN, called, frame)
    return External(f"{function.path}()")


def run_in_executor(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``asyncio.get_running_loop().run_in_executor(None, f)``."""
    executor = arguments.get(0, "executor")
    if executor is None or truth(executor) is False:
        return to_thread(machine, function, arguments._replace(positional=arguments.positional[1:]), frame)
    return External(f"{function.path}()")


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


OF_LOOPS = ("asyncio.to_thread", "asyncio.get_running_loop().run_in_executor")
"""What belongs to the loop that runs: :func:`to_thread` notes it there."""

MODELS = Library(
    functions={
        "asyncio.run": run_awaitables,
        "asyncio.get_event_loop().run_until_complete": run_in_kept_loop,
        "asyncio.new_event_loop().run_until_complete": run_in_kept_loop,
        "asyncio.to_thread": to_thread,
        "asyncio.get_running_loop().run_in_executor": run_in_executor,
        "asyncio.Runner().run": run_awaitables,
        "anyio.run": call_in_loop,
        "trio.run": call_in_loop,
        "asyncio.gather": gather,
        "asyncio.wait_for": wait_for,
        "asyncio.shield": wait_for,
        "asyncio.create_task": create_task,
        "asyncio.ensure_future": create_task,
        "asyncio.TaskGroup().create_task": create_task,
        "asyncio.get_event_loop().create_task": create_task,
        "asyncio.get_running_loop().create_task": create_task,
        "asyncio.new_event_loop().create_task": create_task,
        "threading.Thread().start": start_thread,
    },
    # The model notes the use, which belongs to the loop.
    excused={path: lambda machine: True for path in OF_LOOPS},
)
