"""Models of ``contextlib``."""

from __future__ import annotations

from collections.abc import Sequence

from flake8_forksafe.interpreter import mutation
from flake8_forksafe.interpreter.containers import Items, Lazy
from flake8_forksafe.interpreter.errors import SOME_ERROR
from flake8_forksafe.interpreter.exceptions import may_return_true, may_swallow
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.generators import entered, run_again
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import (
    FALSE,
    NONE,
    UNKNOWN,
    Arguments,
    External,
    Function,
    Instance,
    Item,
    Partial,
    Value,
    join,
)
from flake8_forksafe.library.standard_functions import wrapper
from flake8_forksafe.source import facts


def in_context(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """A call of a function that what a ``@contextmanager`` function made decorates."""
    manager, called, *passed = (*arguments.positional, UNKNOWN, UNKNOWN)[: max(2, len(arguments.positional))]
    results: list[Value] = []

    def take(item: Item) -> bool:
        with machine.doubted(not item.sure):
            results.append(machine.call(called, arguments._replace(positional=tuple(passed)), frame))
        return False

    if isinstance(manager, Lazy):
        manager.produce(take, frame)
    return join(*results) if results else UNKNOWN


def callback(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``ExitStack().callback(function, ...)``."""
    if arguments.positional:
        called = Partial(arguments.positional[0], arguments.after_first())
        _call_at_end(machine, function.receiver, Partial(External(PLAIN_CALL), Arguments((called,))))
    return arguments.positional[0] if arguments.positional else UNKNOWN


def call_plainly(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """The call of what :func:`callback` was given: it is not told of an exception, and swallows none."""
    machine.call(arguments.get(0, "function") or UNKNOWN, Arguments(), frame)
    return NONE


def _call_at_end(machine: Machine, stack: Value | None, called: Value, swallows: Sequence[Value | None] = ()) -> None:
    """Let the end of a stack call something with the kind of an exception, the exception, and its trace.

    :param swallows: kinds of exceptions that it may swallow.
    """
    if isinstance(stack, External):
        machine.errors.swallowed.setdefault(stack, []).extend(swallows)
        kept = stack.names.setdefault(CALLBACKS, Items("list", (), machine.journal.doubt))
        if isinstance(kept, Items):
            mutation.append(machine, kept, called)


def enter_context(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``ExitStack().enter_context(manager)``: it is left with the stack."""
    manager = arguments.get(0, "cm")
    if isinstance(manager, Lazy):  # a function that is a ``@contextmanager``
        target, handled = entered(machine, manager, frame)
        _call_at_end(machine, function.receiver, Partial(External(GO_ON), Arguments((manager,))), handled)
        return target
    inside = manager.arguments.get(0, "thing") if isinstance(manager, External) and manager.arguments else None
    target = UNKNOWN
    if isinstance(manager, External):
        target = inside if manager.path == CLOSING and inside is not None else manager
    elif isinstance(manager, Instance):
        target = machine.call(machine.attribute(manager, "__enter__", frame), Arguments(), frame)
    if manager is not None:
        push(machine, function, Arguments((manager,)), frame)
    return target


def push(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``ExitStack().push(exit)``: the end of a manager that was not entered, or a function like ``__exit__``."""
    leaves = arguments.get(0, "exit") or UNKNOWN
    called, swallows = leaves, True
    if isinstance(leaves, External):
        called, swallows = External(LEAVE, leaves), False
    elif isinstance(leaves, Instance):
        called, swallows = machine.attribute(leaves, "__exit__", frame), may_swallow(machine, leaves)
    elif isinstance(leaves, Function) and isinstance(leaves.definition, facts.Define):
        swallows = may_return_true(machine, leaves)
    _call_at_end(machine, function.receiver, called, [None] if swallows else [])
    return leaves


def pop_all(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``ExitStack().pop_all()``: another stack, which has all that this one had."""
    stack = External(STACK, None, Arguments())
    if isinstance(function.receiver, External) and CALLBACKS in function.receiver.names:
        stack.names[CALLBACKS] = function.receiver.names.pop(CALLBACKS)
    return stack


def leave_context(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """The end of a manager of a library that a stack has entered; by the name, what it opened is known to end."""
    manager = function.receiver
    leaves = machine.library.exits.get(manager.path) if isinstance(manager, External) else None
    if leaves is not None and isinstance(manager, External):
        return leaves(machine, manager, arguments, frame)
    return NONE


def go_on(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """The end of a generator that a stack has entered: it goes on behind its ``yield``, or with an exception there."""
    manager, _, error = arguments.positional[:3] if len(arguments.positional) > 2 else (UNKNOWN, UNKNOWN, UNKNOWN)
    if isinstance(manager, Lazy):
        run_again(machine, manager, SOME_ERROR if error is NONE else error, frame)
    return FALSE if error is NONE else UNKNOWN


def leave_stack(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """The end of ``with ExitStack()``: the callbacks run, last in, first out; true if one swallows the exception."""
    stack = function.receiver if function.path.endswith(".close") else function
    kept = stack.names.pop(CALLBACKS, None) if isinstance(stack, External) else None
    passed = arguments if len(arguments.positional) == len(NO_ERROR.positional) else NO_ERROR
    swallowed: Value = FALSE
    for item in reversed(kept.items) if isinstance(kept, Items) else ():
        with machine.doubted(not item.sure):
            answer = machine.call(item.value, passed, frame)
        if passed is not NO_ERROR and truth(answer) is not False:
            is_sure = item.sure and truth(answer) is True
            swallowed = answer if is_sure else join(swallowed, UNKNOWN)
            passed = NO_ERROR if is_sure else Arguments((UNKNOWN, UNKNOWN, UNKNOWN))
    return swallowed


def leave_closing(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """The end of ``with contextlib.closing(thing)``: ``thing.close()``."""
    thing = function.arguments.get(0, "thing") if function.arguments is not None else None
    if thing is not None:
        machine.call(machine.attribute(thing, "close", frame), Arguments(), frame)
    return NONE


STACK = "contextlib.ExitStack()"
CLOSING = "contextlib.closing()"
LEAVE = f"{STACK}.__exit__"
PLAIN_CALL, GO_ON = "<forksafe>.call_plainly", "<forksafe>.go_on"
CALLBACKS = " callbacks"
"""Where an ``ExitStack`` keeps what it is to call."""
NO_ERROR = Arguments((NONE, NONE, NONE))
"""What ``__exit__`` is passed where nothing was raised."""


MODELS = Library(
    functions={
        f"{STACK}.callback": callback,
        f"{STACK}.enter_context": enter_context,
        f"{STACK}.push": push,
        f"{STACK}.pop_all": pop_all,
        f"{STACK}.close": leave_stack,
        LEAVE: leave_context,
        PLAIN_CALL: call_plainly,
        GO_ON: go_on,
        "contextlib.contextmanager": wrapper,
        "<forksafe>.in_context": in_context,
    },
    exits={STACK: leave_stack, CLOSING: leave_closing},
    suppressors=frozenset({"contextlib.suppress()"}),
)
