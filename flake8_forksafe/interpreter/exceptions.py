"""Executing what raises exceptions, handles them, or stands in a context."""

from __future__ import annotations

from functools import partial

from flake8_forksafe.interpreter.assignments import assign
from flake8_forksafe.interpreter.blocks import NOWHERE, branches
from flake8_forksafe.interpreter.calls import run_coroutine
from flake8_forksafe.interpreter.errors import matches
from flake8_forksafe.interpreter.frames import Flow, Frame, Raised
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Class,
    Coroutine,
    External,
    Instance,
    Items,
    Value,
    join,
    truth,
)
from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Block


def run_try(machine: Machine, node: facts.Try, frame: Frame) -> Flow:
    flow = _guarded(machine, node, frame) if node.handlers else machine.execute(node.body, frame)
    if node.orelse and not node.handlers:
        flow = flow & ~Flow.NEXT | machine.execute(node.orelse, frame)
    if node.final:
        final = machine.execute(node.final, frame)
        if not final & Flow.NEXT:
            return final
        flow |= final & ~Flow.NEXT
    return flow


def _guarded(machine: Machine, node: facts.Try, frame: Frame) -> Flow:
    """``try`` with handlers."""
    handlers = [None if handler.type is None else machine.evaluate(handler.type, frame) for handler in node.handlers]
    doubt, before = machine.journal.doubt, machine.errors.possible
    names_before, mark, already, left = (
        frame.names.version(),
        len(machine.journal.entries),
        machine.errors.raised,
        len(frame.left),
    )
    swallowing = [kind for handler, kind in zip(node.handlers, handlers, strict=True) if not _raises_again(handler)]
    machine.errors.catchers.append(swallowing)
    machine.errors.possible = []
    raised: Value | None = None
    flow = NOWHERE
    try:
        flow = machine.execute(node.body, frame)
    except Raised as error:
        raised, machine.journal.doubt = error.value, doubt
    finally:
        possible, machine.errors.possible = machine.errors.possible, before
        machine.errors.catchers.pop()
    if raised is not None:
        return _handle(machine, node, handlers, raised, frame)
    names = frame.names.version()
    if flow & Flow.NEXT:
        flow = flow & ~Flow.NEXT | machine.execute(node.orelse, frame)
    chosen = [
        handler for handler, kind in zip(node.handlers, handlers, strict=True)
        if not _raises_again(handler) and any(matches(error, kind) is not False for error in possible)
    ]  # fmt: skip
    _pass_on(machine, possible, handlers, already)
    if chosen:
        after = frame.names.version()
        early = [earlier for kind, earlier in frame.left[left:] if kind is Flow.ABORT]
        frame.names.join([names, names_before, *early], join)
        machine.journal.weaken(mark)
        runs = [partial(_run_handler, machine, handler, UNKNOWN, frame) for handler in chosen]
        handled = branches(machine, frame, runs)
        if flow & Flow.NEXT:
            frame.names.join([after, frame.names.version()] if handled & Flow.NEXT else [after], join)
        flow |= handled & ~Flow.ABORT
    return flow


def _raises_again(handler: facts.Handler) -> bool:
    """Whether a handler ends in ``raise``: it catches nothing, the worker would not start."""
    return bool(handler.body) and isinstance(handler.body[-1], facts.Raise)


def _handle(machine: Machine, node: facts.Try, handlers: list[Value | None], error: Value, frame: Frame) -> Flow:
    """Run the handler that catches an exception that was raised for sure."""
    for handler, kind in zip(node.handlers, handlers, strict=True):
        answer = matches(error, kind)
        if answer is None:
            return branches(machine, frame, (partial(_run_handler, machine, handler, error, frame), lambda: Flow.NEXT))
        if answer:
            return _run_handler(machine, handler, error, frame)
    raise Raised(error)


def _run_handler(machine: Machine, handler: facts.Handler, error: Value, frame: Frame) -> Flow:
    if handler.name is not None:
        frame.names[handler.name] = error
    outer = machine.errors.caught
    machine.errors.caught = error
    try:
        return machine.execute(handler.body, frame)
    finally:
        machine.errors.caught = outer


def run_raise(machine: Machine, node: facts.Raise, frame: Frame) -> Flow:
    error = machine.errors.caught if node.value is None else machine.evaluate(node.value, frame)
    if error is None:
        error = UNKNOWN
    if machine.errors.catches(error):
        raise Raised(error)
    return Flow.ABORT


def run_assert(machine: Machine, node: facts.Assert, frame: Frame) -> Flow:
    machine.evaluate(node.test, frame)
    return Flow.NEXT


def run_with(machine: Machine, node: facts.With, frame: Frame) -> Flow:
    suppressed: list[Value | None] = []
    managers: list[Value] = []
    for context, target in node.items:
        manager = machine.evaluate(context, frame)
        if isinstance(manager, External) and manager.path in machine.library.suppressors and manager.arguments:
            suppressed.extend(manager.arguments.positional)
        managers.insert(0, manager)
        entered = _enter(machine, manager, frame)
        if target is not None:
            assign(machine, target, entered, frame)
    try:
        flow = _suppressing(machine, node.body, suppressed, frame) if suppressed else machine.execute(node.body, frame)
    except Raised as error:
        answers = [truth(_exit(machine, manager, error.value, frame)) for manager in managers]
        if True not in answers:
            raise
        return Flow.NEXT
    frame.line, frame.column = node.line, node.column
    for manager in managers:
        _exit(machine, manager, NONE, frame)
    return flow


def _suppressing(machine: Machine, body: Block, kinds: list[Value | None], frame: Frame) -> Flow:
    """``with contextlib.suppress(*kinds)`` and its kin."""
    doubt, before = machine.journal.doubt, machine.errors.possible
    names_before, mark, already, left = (
        frame.names.version(),
        len(machine.journal.entries),
        machine.errors.raised,
        len(frame.left),
    )
    machine.errors.catchers.append(kinds)
    machine.errors.possible = []
    try:
        flow = machine.execute(body, frame)
    except Raised as error:
        machine.journal.doubt = doubt
        if all(matches(error.value, kind) is False for kind in kinds):
            raise
        return Flow.NEXT
    finally:
        possible, machine.errors.possible = machine.errors.possible, before
        machine.errors.catchers.pop()
    _pass_on(machine, possible, kinds, already)
    if any(matches(error, kind) is not False for error in possible for kind in kinds):
        early = [names for kind, names in frame.left[left:] if kind is Flow.ABORT]
        frame.names.join([*([frame.names.version()] if flow & Flow.NEXT else []), names_before, *early], join)
        machine.journal.weaken(mark)
        flow |= Flow.NEXT
    return flow & ~Flow.ABORT


def _pass_on(machine: Machine, errors: list[Value], kinds: list[Value | None], already: int) -> None:
    """Leave to the handlers further out what ``kinds`` do not surely catch.

    :param already: :attr:`.Errors.raised` before the guarded statements.
    """
    missed = [error for error in errors if not any(matches(error, kind) for kind in kinds)]
    for error in missed:
        machine.may_fail(error)
    if not missed:
        machine.errors.raised = already


def _enter(machine: Machine, manager: Value, frame: Frame) -> Value:
    """The value that ``with manager as target`` binds."""
    if isinstance(manager, Instance):
        return _special(machine, manager, ("__enter__", "__aenter__"), (), frame)
    if isinstance(manager, Items) and manager.kind == "iterator":  # a @contextmanager function, already run
        return manager.items[0].value if manager.items else UNKNOWN
    return manager if isinstance(manager, External) else UNKNOWN


def _exit(machine: Machine, manager: Value, error: Value, frame: Frame) -> Value:
    """What leaving a ``with`` calls; true if it swallows the exception."""
    if not isinstance(manager, Instance):
        return NONE
    kind = NONE if error is NONE else UNKNOWN
    return _special(machine, manager, ("__exit__", "__aexit__"), (kind, error, kind), frame)


def _special(
    machine: Machine, instance: Instance, names: tuple[str, ...], arguments: tuple[Value, ...], frame: Frame
) -> Value:
    """Call the first of some methods that a first-party class has."""
    for name in names:
        if any(isinstance(base, Class) and name in base.names for base in instance.cls.mro()):
            result = machine.call(machine.attribute(instance, name, frame), Arguments(arguments), frame)
            return run_coroutine(machine, result, frame) if isinstance(result, Coroutine) else result
    return UNKNOWN
