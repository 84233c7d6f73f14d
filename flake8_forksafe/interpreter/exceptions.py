"""Executes ``try``, ``raise``, ``assert`` and ``with``."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from functools import partial

from flake8_forksafe.interpreter import special_methods
from flake8_forksafe.interpreter.assignments import assign
from flake8_forksafe.interpreter.blocks import NOWHERE, attempt, branches, raised_in
from flake8_forksafe.interpreter.calls import run_coroutine
from flake8_forksafe.interpreter.containers import Items, Lazy
from flake8_forksafe.interpreter.errors import ASSUMED_ABSENT, is_group, matches
from flake8_forksafe.interpreter.frames import Closed, Flow, Frame, Raised
from flake8_forksafe.interpreter.generators import parts_of
from flake8_forksafe.interpreter.importing import function_body
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.namespace import NamesVersion
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import (
    NONE,
    TRUTHY,
    UNKNOWN,
    Arguments,
    Class,
    Coroutine,
    External,
    Function,
    Instance,
    Item,
    Value,
    join,
)
from flake8_forksafe.source import facts


def run_try(machine: Machine, node: facts.Try, frame: Frame) -> Flow:
    frame.tries += 1
    try:
        return _run_try(machine, node, frame)
    finally:
        frame.tries -= 1


def _run_try(machine: Machine, node: facts.Try, frame: Frame) -> Flow:
    if not node.final:
        return _guarded(machine, node, frame)
    left = len(frame.left)
    frame.finals += 1
    try:
        flow = _guarded(machine, node, frame) if node.handlers else machine.execute(node.body, frame)
    except Closed:
        frame.finals -= 1
        with machine.doubted():  # a generator that someone still holds is closed later
            machine.execute(node.final, frame)
        raise
    except Raised:
        frame.finals -= 1
        final = _finally(machine, node, frame)
        if not final & Flow.NEXT:
            return final  # the exception is lost
        raise
    except BaseException:
        frame.finals -= 1
        raise
    frame.finals -= 1
    early = [names for _, names in frame.left[left:]]
    if early:
        frame.names.join([*([frame.names.version()] if flow & Flow.NEXT else []), *early], join)
    final = _finally(machine, node, frame)
    after = frame.names.version()
    frame.left[left:] = [(kind, after) for kind, _ in frame.left[left:]]
    return flow | final & ~Flow.NEXT if final & Flow.NEXT else final


def _finally(machine: Machine, node: facts.Try, frame: Frame) -> Flow:
    """Run ``finally``; that of a generator which is left at a ``yield`` runs later."""
    run = partial(machine.execute, node.final, frame)
    if not frame.paused:
        return run()
    with machine.doubted():
        return attempt(machine, frame, run)


class _Guarded:
    """Statements whose exceptions may be caught, and the state before them.

    :ivar raised: the exception that they certainly raised; ``possible``: those that they may have raised.
    :ivar names: the names before.
    :ivar mark: the end of the journal before; ``already``: :attr:`.Errors.raised` before.
    :ivar left: how often the frame had been left early before.
    """

    def __init__(self, machine: Machine, frame: Frame, kinds: list[Value | None]) -> None:
        self.machine, self.frame, self.kinds = machine, frame, kinds
        self.raised: Value | None = None
        self.possible: list[Value] = []
        self.names = frame.names.version()
        self.mark, self.already, self.left = len(machine.journal.entries), machine.errors.raised, len(frame.left)

    def run(self, run: Callable[[], Flow]) -> Flow:
        """Execute the statements; handlers for ``kinds`` are around them."""
        journal, errors = self.machine.journal, self.machine.errors
        doubt, outer = journal.doubt, errors.possible
        errors.catchers.append(self.kinds)
        errors.possible = []
        try:
            return run()
        except Raised as error:
            self.raised, journal.doubt = error.value, doubt
            return NOWHERE
        finally:
            self.possible, errors.possible = errors.possible, outer
            errors.catchers.pop()

    def early(self) -> list[NamesVersion[Value]]:
        """The names at each place where an exception may have been raised."""
        return [self.names, *(names for kind, names in self.frame.left[self.left :] if kind is Flow.ABORT)]


def _guarded(machine: Machine, node: facts.Try, frame: Frame) -> Flow:
    """``try`` with handlers."""
    handlers = [None if handler.type is None else machine.evaluate(handler.type, frame) for handler in node.handlers]
    ending = [_ends_boot(machine, handler, kind, frame) for handler, kind in zip(node.handlers, handlers, strict=True)]
    guarded = _Guarded(machine, frame, [kind for kind, ends in zip(handlers, ending, strict=True) if not ends])
    flow = guarded.run(partial(machine.execute, node.body, frame))
    if guarded.raised is not None:
        return _handle(machine, node, handlers, guarded.raised, frame)
    names = frame.names.version()
    if flow & Flow.NEXT and node.orelse:
        doubtful = machine.errors.raised != guarded.already
        with machine.doubted(doubtful):
            run = partial(machine.execute, node.orelse, frame)
            flow = flow & ~Flow.NEXT | (attempt(machine, frame, run) if doubtful else run())
    chosen = [
        handler for handler, kind, ends in zip(node.handlers, handlers, ending, strict=True)
        if not ends and any(matches(error, kind) is not False for error in guarded.possible)
    ]  # fmt: skip
    _pass_on(machine, guarded.possible, handlers, guarded.already)
    if chosen:
        after = frame.names.version()
        frame.names.join([names, *guarded.early()], join)
        machine.journal.weaken(guarded.mark)
        runs = [partial(_run_handler, machine, handler, UNKNOWN, frame) for handler in chosen]
        run_any = _in_turn if any(map(is_group, guarded.possible)) else branches
        handled = run_any(machine, frame, runs)
        if flow & Flow.NEXT:
            frame.names.join([after, frame.names.version()] if handled & Flow.NEXT else [after], join)
        flow |= handled & ~Flow.ABORT
    return flow


def _ends_boot(machine: Machine, handler: facts.Handler, kind: Value | None, frame: Frame) -> bool:
    """Whether a handler ends in a ``raise`` that no handler further out catches: the worker would not start."""
    last = handler.body[-1] if handler.body else None
    if not isinstance(last, facts.Raise):
        return False
    raised = last.value.function if isinstance(last.value, facts.Call) else last.value
    if raised is None or (isinstance(raised, facts.Name) and raised.id == handler.name):
        kinds = [item.value for item in kind.items] if isinstance(kind, Items) else [kind]
        return not any(error is not None and machine.errors.catches(error) for error in kinds)
    error = frame.find(raised.id) if isinstance(raised, facts.Name) else None
    if error is None and isinstance(raised, facts.Name) and hasattr(builtins, raised.id):
        error = External(f"builtins.{raised.id}")
    return not machine.errors.catches(UNKNOWN if error is None else error)


def _handle(machine: Machine, node: facts.Try, handlers: list[Value | None], error: Value, frame: Frame) -> Flow:
    """Run the handler that catches an exception that was raised for sure."""
    runs: list[Callable[[], Flow]] = []
    for handler, kind in zip(node.handlers, handlers, strict=True):
        answer = matches(error, kind)
        if answer is False:
            continue
        run = partial(_run_handler, machine, handler, error, frame)
        if answer and not runs:
            return run()
        runs.append(run)
        if answer:
            return _in_turn(machine, frame, runs) if is_group(error) else branches(machine, frame, runs)
    if not runs:
        raise Raised(error)
    machine.may_fail(error)
    if is_group(error):
        return _in_turn(machine, frame, runs)
    return branches(machine, frame, (*runs, lambda: Flow.NEXT))


def _in_turn(machine: Machine, frame: Frame, runs: Sequence[Callable[[], Flow]]) -> Flow:
    """Run several ``except*`` clauses, each of which may take a part of a group of exceptions."""
    flow = Flow.NEXT
    for run in runs:
        flow |= branches(machine, frame, (run, lambda: Flow.NEXT))
    return flow


def _run_handler(machine: Machine, handler: facts.Handler, error: Value, frame: Frame) -> Flow:
    if handler.name is not None:
        frame.names[handler.name] = error
    outer = machine.errors.caught
    machine.errors.caught = error
    try:
        return machine.execute(handler.body, frame)
    finally:
        machine.errors.caught = outer
        if handler.name is not None:
            frame.names.unbind(handler.name)


def run_raise(machine: Machine, node: facts.Raise, frame: Frame) -> Flow:
    error = machine.errors.caught if node.value is None else machine.evaluate(node.value, frame)
    if error is None:
        error = UNKNOWN
    if machine.errors.catches(error):
        raise Raised(error)
    return Flow.ABORT


def run_assert(machine: Machine, node: facts.Assert, frame: Frame) -> Flow:
    holds = special_methods.holds(machine, machine.evaluate(node.test, frame), frame)
    if holds is False:
        machine.fail("AssertionError")
    elif holds is None:
        machine.may_fail(External("builtins.AssertionError()"))
    return Flow.NEXT


def run_with(machine: Machine, node: facts.With, frame: Frame) -> Flow:
    return _within(machine, node, 0, frame)


def _within(machine: Machine, node: facts.With, index: int, frame: Frame) -> Flow:
    """The body of a ``with`` in its managers, from one on."""
    if index == len(node.items):
        return machine.execute(node.body, frame)
    context, target = node.items[index]
    manager = machine.evaluate(context, frame)
    run = partial(_within, machine, node, index + 1, frame)
    if isinstance(manager, Lazy):
        return _in_generator(machine, manager, target, run, frame)
    entered = _enter(machine, manager, frame)
    if target is not None:
        assign(machine, target, entered, frame)
    if isinstance(manager, External) and manager.path in machine.library.suppressors and manager.arguments:
        return _suppressing(machine, run, list(manager.arguments.positional), frame)
    if isinstance(manager, Instance):
        return _in_object(machine, manager, run, frame)
    if isinstance(manager, External):
        return _in_external(machine, manager, run, frame)
    return run()


def _in_external(machine: Machine, manager: External, run: Callable[[], Flow], frame: Frame) -> Flow:
    """``with`` an object of a library; it may do something when it is left."""
    errors, leaves = machine.errors, machine.library.exits.get(manager.path)
    if leaves is None:
        flow = run()
        machine.ended(manager, "__exit__", Arguments())
        return flow
    mark, raised, left = len(errors.catchers), errors.raised, len(frame.left)
    errors.catchers.append(errors.swallowed.setdefault(manager, []))
    try:
        flow = run()
    except Raised as error:
        del errors.catchers[mark:]
        swallowed = truth(leaves(machine, manager, Arguments(_details(error.value)), frame))
        return _leave_by(machine, swallowed, error, frame)
    finally:
        del errors.catchers[mark:]
    machine.ended(manager, "__exit__", Arguments())
    may_be_error = bool(flow & Flow.ABORT) or errors.raised != raised
    with machine.doubted(frame.paused):
        details = _details(UNKNOWN if may_be_error else NONE)
        swallowed = truth(leaves(machine, manager, Arguments(details), frame))
    if may_be_error and swallowed is not False:
        early = [names for kind, names in frame.left[left:] if kind is Flow.ABORT]
        frame.names.join([*([frame.names.version()] if flow & Flow.NEXT or not early else []), *early], join)
        flow = flow & ~Flow.ABORT | Flow.NEXT
    return flow


def _details(error: Value) -> tuple[Value, Value, Value]:
    """What ``__exit__`` is passed: the class of an exception, itself, and where it was raised."""
    if error is NONE or error is UNKNOWN:
        return error, error, error
    return kind_of(error), error, TRUTHY


def _in_generator(
    machine: Machine, manager: Lazy, target: facts.Expression | None, run: Callable[[], Flow], frame: Frame
) -> Flow:
    """``with`` a function that is a ``@contextmanager``: the body runs at its ``yield``."""
    flow, left = NOWHERE, len(frame.left)

    def body(value: Value) -> Flow:
        if target is not None:
            assign(machine, target, value, frame)
        return run()

    def take(item: Item) -> bool:
        nonlocal flow
        runs = (partial(body, item.value), lambda: Flow.NEXT)
        flow |= runs[0]() if item.sure else branches(machine, frame, runs)
        early = left_by_error()
        if early:  # what the generator does next sees the names there too
            frame.names.join([*([frame.names.version()] if flow & Flow.NEXT else []), *early], join)
        return False

    def left_by_error() -> list[NamesVersion[Value]]:
        return [names for kind, names in frame.left[left:] if kind is Flow.ABORT]

    if manager.rest is None:
        if machine.touches_surely(manager.born):
            manager.rest = Items("iterator", (), manager.born)
        manager.produce(take, frame)  # an exception in the body is one at the ``yield``
    early = left_by_error()
    if early or not flow:
        goes_on = flow & Flow.NEXT or not flow or not early  # without any flow, the generator swallowed an exception
        frame.names.join([*([frame.names.version()] if goes_on else []), *early], join)
        flow |= Flow.NEXT
    return flow & ~Flow.ABORT if flow & ~Flow.ABORT else flow


def _in_object(machine: Machine, manager: Instance, run: Callable[[], Flow], frame: Frame) -> Flow:
    """``with`` an object whose class is the program's own."""
    errors = machine.errors
    line, column, mark, left = frame.line, frame.column, len(errors.catchers), len(frame.left)
    outside = frame.names.version()
    swallows = may_swallow(machine, manager)
    before, errors.possible, raised = errors.possible, [], errors.raised
    if swallows:
        errors.catchers.append([None])
    error: Raised | None = None
    flow = NOWHERE
    try:
        flow = run()
    except Raised as raised_error:
        error = raised_error
    finally:
        del errors.catchers[mark:]
        possible, errors.possible = errors.possible, before
    if error is None:
        frame.line, frame.column = line, column
        with machine.doubted(errors.raised != raised):
            _exit(machine, manager, NONE, frame)
    try:
        if error is not None:
            return _leave_by(machine, truth(_exit(machine, manager, error.value, frame)), error, frame)
    finally:
        after = frame.names.version()
        early = [names for kind, names in frame.left[left:] if kind is Flow.ABORT]
        if swallows and sum(error_value not in ASSUMED_ABSENT for error_value in possible) > len(early):
            early.append(outside)  # where one of them is raised is not known
        if swallows and early:
            frame.names.join([after, *early], join)
        for error_value in possible:
            with machine.doubted():
                answer = truth(_exit(machine, manager, error_value, frame)) if swallows else False
            if answer is not True:
                machine.may_fail(error_value)
        left_by = frame.names.version()
        frame.names.go_to(after)
    if swallows and early:
        frame.names.join([*([after] if flow & Flow.NEXT else []), left_by, *early], join)
        flow |= Flow.NEXT
    return flow


def _leave_by(machine: Machine, swallowed: bool | None, error: Raised, frame: Frame) -> Flow:
    """Leave a ``with`` by an exception that was raised for sure; its manager may have swallowed it."""
    if swallowed:
        return Flow.NEXT
    if not machine.errors.catches(error.value):
        return Flow.ABORT if swallowed is False else Flow.NEXT
    if swallowed is None:
        raised_in(machine, frame, error)
        return Flow.NEXT
    raise error


def may_swallow(machine: Machine, manager: Instance) -> bool:
    """Whether ``__exit__`` of an object may return something true."""
    found = next((base.names[name] for base in manager.cls.mro() if isinstance(base, Class)
                  for name in ("__exit__", "__aexit__") if name in base.names), None)  # fmt: skip
    return isinstance(found, Function) and may_return_true(machine, found)


def may_return_true(machine: Machine, function: Function) -> bool:
    """Whether a function with a body of statements may return something true."""
    if not isinstance(function.definition, facts.Define):
        return False
    pending: list[object] = [function_body(machine, function, function.definition.body)]
    while pending:
        part = pending.pop()
        if isinstance(part, facts.Return) and part.value not in (None, *FALSE_CONSTANTS):
            return True
        if not isinstance(part, (facts.Define, facts.ClassDefinition)):
            pending += parts_of(part)
    return False


FALSE_CONSTANTS = (facts.Constant(None), facts.Constant(False))


def _suppressing(machine: Machine, run: Callable[[], Flow], kinds: list[Value | None], frame: Frame) -> Flow:
    """``with contextlib.suppress(*kinds)``."""
    guarded = _Guarded(machine, frame, kinds)
    flow = guarded.run(run)
    if guarded.raised is not None:
        if all(matches(guarded.raised, kind) is False for kind in kinds):
            raise Raised(guarded.raised)
        return Flow.NEXT
    _pass_on(machine, guarded.possible, kinds, guarded.already)
    if any(matches(error, kind) is not False for error in guarded.possible for kind in kinds):
        frame.names.join([*([frame.names.version()] if flow & Flow.NEXT else []), *guarded.early()], join)
        machine.journal.weaken(guarded.mark)
        flow |= Flow.NEXT
    return flow & ~Flow.ABORT


def _pass_on(machine: Machine, errors: list[Value], kinds: list[Value | None], already: int) -> None:
    """Leave to the handlers further out what ``kinds`` do not surely catch.

    :param already: :attr:`.Errors.raised` before the guarded statements.
    """
    machine.errors.raised = already
    for error in errors:
        if not any(matches(error, kind) for kind in kinds):
            machine.may_fail(error)


def _enter(machine: Machine, manager: Value, frame: Frame) -> Value:
    """The value that ``with manager as target`` binds."""
    if isinstance(manager, Instance):
        return _special(machine, manager, ("__enter__", "__aenter__"), (), frame)
    if isinstance(manager, External) and manager.path == "contextlib.nullcontext()" and manager.arguments is not None:
        return manager.arguments.get(0, "enter_result") or NONE
    return manager if isinstance(manager, External) else UNKNOWN


def _exit(machine: Machine, manager: Value, error: Value, frame: Frame) -> Value:
    """What leaving a ``with`` calls; true if it swallows the exception."""
    if not isinstance(manager, Instance):
        return NONE
    return _special(machine, manager, ("__exit__", "__aexit__"), _details(error), frame)


def kind_of(error: Value) -> Value:
    """The class of an exception."""
    if isinstance(error, Instance):
        return error.cls
    if isinstance(error, Class):
        return error
    return External(error.path.removesuffix("()")) if isinstance(error, External) else TRUTHY


def _special(
    machine: Machine, instance: Instance, names: tuple[str, ...], arguments: tuple[Value, ...], frame: Frame
) -> Value:
    """Call the first of some methods that a first-party class has."""
    for name in names:
        if any(isinstance(base, Class) and name in base.names for base in instance.cls.mro()):
            result = machine.call(machine.attribute(instance, name, frame), Arguments(arguments), frame)
            return run_coroutine(machine, result, frame) if isinstance(result, Coroutine) else result
    return UNKNOWN
