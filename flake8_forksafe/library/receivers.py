"""Receivers of signals, which the signals hold weakly.

``celery.utils.dispatch.Signal.connect``, ``django.dispatch.Signal.connect`` and ``blinker.Signal.connect`` keep a weak
reference unless ``weak=False`` is given.  A function that is defined inside another one, and that nothing else keeps,
is gone when the outer function returns: it is never called (seen with Celery 5.7.0, Django 5.2 and blinker 1.9).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.importing import function_body
from flake8_forksafe.interpreter.machine import LibraryState, Machine
from flake8_forksafe.interpreter.records import Dropped
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import Function, Instance, Method, Partial, Value, options
from flake8_forksafe.source import facts
from flake8_forksafe.source.cut import CutBody

CONNECTING = frozenset({"connect", "connect_via", "receiver"})
"""Names of functions that are given a receiver and keep no strong reference to it."""


class Receiver(NamedTuple):
    """Something that a signal calls, and where it was connected.

    :ivar function: a value, or what a library does itself.
    :ivar held: whether anything but the signal keeps it alive, as far as can be told.
    """

    function: object
    frame: Frame
    line: int
    sure: bool
    held: bool | None = True


def connected(machine: Machine, function: Value, frame: Frame, weak: Value | None) -> Receiver:
    """``signal.connect(function, weak=...)`` in ``frame``; ``weak`` is None where it is not given: it is True then."""
    is_strong = weak is not None and truth(weak) is False
    found = {True} if is_strong else {_held(machine, option, frame) for option in options(function)}
    return Receiver(function, frame, frame.line, machine.is_sure(frame), found.pop() if len(found) == 1 else None)


@contextmanager
def called(machine: Machine, receiver: Receiver, signal: str) -> Iterator[bool]:
    """While a signal calls a receiver; false if it is gone by now, which is recorded."""
    name = receiver.function.qualname if isinstance(receiver.function, Function) else ""
    held = True if _is_active(machine, receiver) else receiver.held
    if held is False:
        machine.recorder.dropped[Dropped(receiver.frame.module.name, receiver.line, signal, name)] = None
    with machine.doubted(held is None or not receiver.sure):
        yield held is not False


def _is_active(machine: Machine, receiver: Receiver) -> bool:
    """Whether the function that connected a receiver is still being executed, and so holds it by a local name."""
    memory, node = machine.memory, receiver.frame.node
    return receiver.frame.kind == "function" and (bool(memory.active.get(node)) or node in memory.waiting)


def _held(machine: Machine, function: Value, frame: Frame) -> bool | None:
    """Whether anything but a signal holds a function, as far as can be told."""
    if isinstance(function, Method):
        return _held(machine, function.receiver, frame) if isinstance(function.receiver, Instance) else True
    if not isinstance(function, (Function, Partial, Instance)) or _is_global(function):
        return True
    if any(value is function for value in frame.module.names.values()):
        return True
    if not isinstance(function, Function):
        return None
    if isinstance(function.definition, facts.Lambda):
        is_here = function.line == frame.line and function.module is frame.module
        return False if is_here and not any(value is function for value in frame.names.values()) else None
    outer = function.closure
    if outer is None or outer.function is None or frame.kind == "class":
        return None
    return None if _is_kept(machine, outer.function, function.definition) else False


def _is_global(function: Value) -> bool:
    """Whether a function is defined by a ``def`` outside of any other one: its module or class holds it."""
    return isinstance(function, Function) and isinstance(function.definition, facts.Define) and not function.closure


def _is_kept(machine: Machine, outer: Function, inner: facts.Define) -> bool:
    """Whether a function's body does more with a function that it defines than to connect it."""
    definition = outer.definition
    if not isinstance(definition, facts.Define):
        return True
    kept = any(_called(decorator.expression) not in CONNECTING for decorator in inner.decorators)
    return kept or bool(_uses(machine, outer, definition)[inner.name])


def _called(expression: facts.Expression) -> str:
    """The last name of a decorator: ``connect`` of ``@signal.connect(sender=app)``."""
    while isinstance(expression, facts.Call):
        expression = expression.function
    if isinstance(expression, facts.Attribute):
        return expression.name
    return expression.id if isinstance(expression, facts.Name) else ""


class _NamesUsed(LibraryState):
    """How often the names of functions are used, by the identity of the functions' definitions."""

    def __init__(self, machine: Machine) -> None:
        self.counts: dict[int, tuple[facts.Define, Counter[str]]] = {}


def _uses(machine: Machine, outer: Function, definition: facts.Define) -> Counter[str]:
    """How often names are used in a function, but to connect them; functions inside are read as well."""
    known = machine.state(_NamesUsed).counts
    if id(definition) in known:
        return known[id(definition)][1]
    used: Counter[str] = Counter()
    for fact in _facts(machine, outer, function_body(machine, outer, definition.body)):
        if isinstance(fact, facts.Name):
            used[fact.id] += 1
        elif isinstance(fact, facts.Call) and _called(fact.function) in CONNECTING:
            used.subtract(one.value.id for one in fact.arguments if isinstance(one.value, facts.Name))
    known[id(definition)] = (definition, used)
    return used


def _facts(machine: Machine, outer: Function, found: object) -> Iterator[facts.Fact]:
    """All facts inside of facts."""
    waiting: list[object] = [found]
    while waiting:
        found = waiting.pop()
        if isinstance(found, facts.Fact):
            yield found
            waiting += [getattr(found, name) for name in found.__struct_fields__]
        elif isinstance(found, CutBody):
            waiting.append(function_body(machine, outer, found))
        elif isinstance(found, tuple):
            waiting += found
