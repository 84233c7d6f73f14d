"""Models of asgiref: ``sync_to_async`` and ``async_to_sync`` call what they wrap.

Read in asgiref 3.11 (asgiref/sync.py) and run: outside of ``async_to_sync``, a function is called in the one thread of
an executor that all of the process share; inside of it, in the thread that called ``async_to_sync``.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.calls import run_coroutine
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, Value

IN_THREAD = "asgiref.sync.SyncToAsync.__call__"
"""What starts the thread: its entry in the catalogue."""
NAMES = {"sync_to_async": "SyncToAsync", "async_to_sync": "AsyncToSync"}


class AsgirefState(LibraryState):
    """How many calls of ``async_to_sync`` surround what is executed."""

    def __init__(self, machine: Machine) -> None:
        self.surrounding = 0


def wrap(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``sync_to_async(f)`` and ``@sync_to_async(thread_sensitive=False)``, which waits for ``f``."""
    waits = not arguments.positional and arguments.complete
    return External(f"{function.path}.{'decorator' if waits else 'wrapper'}", None, arguments)


def decorate(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """The function that ``@sync_to_async(thread_sensitive=False)`` waited for."""
    options = function.arguments.keywords if function.arguments is not None else {}
    made = Arguments(arguments.positional[:1], {**options, **arguments.keywords})
    return External(function.path.replace(".decorator", ".wrapper"), None, made)


def wrapped(function: External) -> Value:
    """What was handed to the wrapper that is called."""
    given = function.arguments
    return (given.get(0, "func") or given.get(0, "awaitable") if given is not None else None) or UNKNOWN


def call_in_thread(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``await sync_to_async(f)(...)``: ``f`` is called."""
    chosen = function.arguments.keywords.get("thread_sensitive") if function.arguments is not None else None
    if not machine.state(AsgirefState).surrounding and (chosen is None or truth(chosen) is True):
        machine.call(External(IN_THREAD, None), Arguments(), frame)
    return External("asgiref.sync.SyncToAsync.result", machine.call(wrapped(function), arguments, frame))


def call_in_loop(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``async_to_sync(f)(...)``: the coroutine of ``f`` is run in a loop of its own."""
    state = machine.state(AsgirefState)
    state.surrounding += 1
    try:
        return run_coroutine(machine, machine.call(wrapped(function), arguments, frame), frame)
    finally:
        state.surrounding -= 1


MODELS = Library(
    functions={
        "asgiref.sync.sync_to_async": wrap,
        "asgiref.sync.async_to_sync": wrap,
        "asgiref.sync.sync_to_async.decorator": decorate,
        "asgiref.sync.async_to_sync.decorator": decorate,
        "asgiref.sync.sync_to_async.wrapper": call_in_thread,
        "asgiref.sync.async_to_sync.wrapper": call_in_loop,
    },
    aliases={f"asgiref.sync.{made}": f"asgiref.sync.{name}" for name, made in NAMES.items()},
)
