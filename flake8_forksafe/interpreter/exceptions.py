"""Executing what raises exceptions, handles them, or stands in a context."""

from __future__ import annotations

import builtins
from functools import partial
from typing import TYPE_CHECKING

from flake8_forksafe.interpreter.assignments import assign
from flake8_forksafe.interpreter.blocks import NOWHERE, SOME_ERROR, branches, rebind
from flake8_forksafe.interpreter.frames import Flow, Frame, Raised
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
    truth,
)
from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Block

if TYPE_CHECKING:
    from flake8_forksafe.interpreter.walk import Walk

IMPORT_ERRORS = ("builtins.ImportError", "builtins.ModuleNotFoundError")


def run_try(walk: Walk, node: facts.Try, frame: Frame) -> Flow:
    flow = _guarded(walk, node, frame) if node.handlers else walk.execute(node.body, frame)
    if node.orelse and not node.handlers:
        flow = flow & ~Flow.NEXT | walk.execute(node.orelse, frame)
    if node.final:
        final = walk.execute(node.final, frame)
        if not final & Flow.NEXT:
            return final
        flow |= final & ~Flow.NEXT
    return flow


def _guarded(walk: Walk, node: facts.Try, frame: Frame) -> Flow:
    """``try`` with handlers."""
    handlers = [None if handler.type is None else walk.evaluate(handler.type, frame) for handler in node.handlers]
    doubt, before = walk.doubt, walk.possible_errors
    names_before, mark, already, left = dict(frame.names), len(walk.journal), walk.raised, len(frame.left)
    swallowing = [kind for handler, kind in zip(node.handlers, handlers, strict=True) if not _raises_again(handler)]
    walk.catchers.append(swallowing)
    walk.possible_errors = []
    raised: Value | None = None
    flow = NOWHERE
    try:
        flow = walk.execute(node.body, frame)
    except Raised as error:
        raised, walk.doubt = error.value, doubt
    finally:
        possible, walk.possible_errors = walk.possible_errors, before
        walk.catchers.pop()
    if raised is not None:
        return _handle(walk, node, handlers, raised, frame)
    names = dict(frame.names)
    if flow & Flow.NEXT:
        flow = flow & ~Flow.NEXT | walk.execute(node.orelse, frame)
    chosen = [
        handler for handler, kind in zip(node.handlers, handlers, strict=True)
        if not _raises_again(handler) and any(matches(error, kind) is not False for error in possible)
    ]  # fmt: skip
    _pass_on(walk, possible, handlers, already)
    if chosen:
        after = dict(frame.names)
        rebind(frame, [names, names_before, *(early for kind, early in frame.left[left:] if kind is Flow.ABORT)])
        walk.weaken(mark)
        runs = [partial(_run_handler, walk, handler, UNKNOWN, frame) for handler in chosen]
        handled = branches(walk, frame, runs)
        if flow & Flow.NEXT:
            rebind(frame, [after, dict(frame.names)] if handled & Flow.NEXT else [after])
        flow |= handled & ~Flow.ABORT
    return flow


def _raises_again(handler: facts.Handler) -> bool:
    """Whether a handler ends in ``raise``: it catches nothing, the worker would not start."""
    return bool(handler.body) and isinstance(handler.body[-1], facts.Raise)


def _handle(walk: Walk, node: facts.Try, handlers: list[Value | None], error: Value, frame: Frame) -> Flow:
    """Run the handler that catches an exception that was raised for sure."""
    for handler, kind in zip(node.handlers, handlers, strict=True):
        answer = matches(error, kind)
        if answer is None:
            return branches(walk, frame, (partial(_run_handler, walk, handler, error, frame), lambda: Flow.NEXT))
        if answer:
            return _run_handler(walk, handler, error, frame)
    raise Raised(error)


def _run_handler(walk: Walk, handler: facts.Handler, error: Value, frame: Frame) -> Flow:
    if handler.name is not None:
        frame.names[handler.name] = error
    outer = walk.caught
    walk.caught = error
    try:
        return walk.execute(handler.body, frame)
    finally:
        walk.caught = outer


def matches(error: Value, kind: Value | None) -> bool | None:
    """Whether ``except kind`` catches ``error``; None if that is not known."""
    if kind is None:
        return True
    if isinstance(kind, Items):
        answers = [matches(error, item.value) for item in kind.items]
        return True if True in answers else (None if None in answers or not kind.complete else False)
    if isinstance(kind, External) and kind.path in ("builtins.Exception", "builtins.BaseException"):
        return True
    if error is SOME_ERROR and isinstance(kind, External) and kind.path in IMPORT_ERRORS:
        return False  # what a library's function raises is no failed import
    if isinstance(error, External):
        return _builtin_matches(error.path.removesuffix("()"), kind)
    cls = error.cls if isinstance(error, Instance) else error
    if isinstance(cls, Class):
        return any(
            base is kind or (isinstance(base, External) and _builtin_matches(base.path, kind) is True)
            for base in cls.mro()
        )
    return None


def _builtin_matches(path: str, kind: Value) -> bool | None:
    """Whether an exception of a library class is caught by ``kind``."""
    if path == SOME_ERROR.path:
        return None
    if not isinstance(kind, External):
        return False if isinstance(kind, Class) else None
    if path == kind.path:
        return True
    error_class = getattr(builtins, path.removeprefix("builtins."), None) if path.startswith("builtins.") else None
    kind_class = getattr(builtins, kind.path.removeprefix("builtins."), None)
    if isinstance(error_class, type):
        return isinstance(kind_class, type) and issubclass(error_class, kind_class)
    return False if kind.path.startswith("builtins.") else None


def run_raise(walk: Walk, node: facts.Raise, frame: Frame) -> Flow:
    error = walk.caught if node.value is None else walk.evaluate(node.value, frame)
    if error is None:
        error = UNKNOWN
    if walk.catches(error):
        raise Raised(error)
    return Flow.ABORT


def run_assert(walk: Walk, node: facts.Assert, frame: Frame) -> Flow:
    walk.evaluate(node.test, frame)
    return Flow.NEXT


def run_with(walk: Walk, node: facts.With, frame: Frame) -> Flow:
    suppressed: list[Value | None] = []
    managers: list[Value] = []
    for context, target in node.items:
        manager = walk.evaluate(context, frame)
        if isinstance(manager, External) and manager.path == "contextlib.suppress()" and manager.arguments:
            suppressed.extend(manager.arguments.positional)
        managers.insert(0, manager)
        entered = _enter(walk, manager, frame)
        if target is not None:
            assign(walk, target, entered, frame)
    try:
        flow = _suppressing(walk, node.body, suppressed, frame) if suppressed else walk.execute(node.body, frame)
    except Raised as error:
        answers = [truth(_exit(walk, manager, error.value, frame)) for manager in managers]
        if True not in answers:
            raise
        return Flow.NEXT
    frame.line, frame.column = node.line, node.column
    for manager in managers:
        _exit(walk, manager, NONE, frame)
    return flow


def _suppressing(walk: Walk, body: Block, kinds: list[Value | None], frame: Frame) -> Flow:
    """``with contextlib.suppress(*kinds)``."""
    doubt, before = walk.doubt, walk.possible_errors
    names_before, mark, already, left = dict(frame.names), len(walk.journal), walk.raised, len(frame.left)
    walk.catchers.append(kinds)
    walk.possible_errors = []
    try:
        flow = walk.execute(body, frame)
    except Raised as error:
        walk.doubt = doubt
        if all(matches(error.value, kind) is False for kind in kinds):
            raise
        return Flow.NEXT
    finally:
        possible, walk.possible_errors = walk.possible_errors, before
        walk.catchers.pop()
    _pass_on(walk, possible, kinds, already)
    if any(matches(error, kind) is not False for error in possible for kind in kinds):
        early = [names for kind, names in frame.left[left:] if kind is Flow.ABORT]
        rebind(frame, [*([dict(frame.names)] if flow & Flow.NEXT else []), names_before, *early])
        walk.weaken(mark)
        flow |= Flow.NEXT
    return flow & ~Flow.ABORT


def _pass_on(walk: Walk, errors: list[Value], kinds: list[Value | None], already: int) -> None:
    """Leave to the handlers further out what ``kinds`` do not surely catch.

    :param already: :attr:`Walk.raised` before the guarded statements.
    """
    missed = [error for error in errors if not any(matches(error, kind) for kind in kinds)]
    for error in missed:
        walk.may_fail(error)
    if not missed:
        walk.raised = already


def _enter(walk: Walk, manager: Value, frame: Frame) -> Value:
    """The value that ``with manager as target`` binds."""
    if isinstance(manager, Instance):
        return _special(walk, manager, ("__enter__", "__aenter__"), (), frame)
    if isinstance(manager, Items) and manager.kind == "iterator":  # a @contextmanager function, already run
        return manager.items[0].value if manager.items else UNKNOWN
    return manager if isinstance(manager, External) else UNKNOWN


def _exit(walk: Walk, manager: Value, error: Value, frame: Frame) -> Value:
    """What leaving a ``with`` calls; true if it swallows the exception."""
    if not isinstance(manager, Instance):
        return NONE
    kind = NONE if error is NONE else UNKNOWN
    return _special(walk, manager, ("__exit__", "__aexit__"), (kind, error, kind), frame)


def _special(
    walk: Walk, instance: Instance, names: tuple[str, ...], arguments: tuple[Value, ...], frame: Frame
) -> Value:
    """Call the first of some methods that a first-party class has."""
    from flake8_forksafe.library.standard import run_coroutine

    for name in names:
        if any(isinstance(base, Class) and name in base.names for base in instance.cls.mro()):
            result = walk.call(walk.attribute(instance, name, frame), Arguments(arguments), frame)
            return run_coroutine(walk, result, frame) if isinstance(result, Coroutine) else result
    return UNKNOWN
