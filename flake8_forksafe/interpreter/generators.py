"""Generators: detects generator functions, and takes elements of an iterator one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flake8_forksafe.interpreter.containers import Items, Lazy
from flake8_forksafe.interpreter.frames import Frame, Raised
from flake8_forksafe.interpreter.iteration import Enough, append_to, consume, look_again, produce
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import NONE, UNKNOWN, Item, Value, join
from flake8_forksafe.source import facts


def taken_until(machine: Machine, value: Value, frame: Frame, stops: Callable[[Value], bool | None]) -> Items:
    """The elements of an iterable up to the first that ``stops``."""
    found = Items("iterator", (), machine.journal.doubt)

    def take(item: Item) -> bool:
        found.items.append(item)
        last = stops(item.value)
        if last and item.sure:
            raise Enough
        return last is not False

    try:
        found.complete = consume(machine, value, frame, take)
    except Enough:
        pass
    return found


def next_of(machine: Machine, value: Lazy, frame: Frame) -> Items:
    """The iterator itself, with its first element computed; what it does after that only may happen."""
    if value.rest is None:
        value.rest = Items("iterator", (), value.born)
        complete = produce(machine, value, frame, append_to(value.rest, only_one=True))
        value.rest.complete &= complete
        value.seen = machine.journal.changes
    else:
        look_again(machine, value, value.rest, frame)
    return value.rest


def entered(machine: Machine, value: Lazy, frame: Frame) -> tuple[Value, list[Value | None]]:
    """What a generator yields first, and the exceptions that it handles there; what it does after that comes later."""
    found: list[Value] = []
    handled: list[Value | None] = []
    mark = len(machine.errors.catchers)

    def take(item: Item) -> bool:
        found.append(item.value if item.sure else join(item.value, UNKNOWN))
        handled.extend(kind for kinds in machine.errors.catchers[mark:] for kind in kinds)
        if item.sure:
            raise Enough
        return True

    value.left = True
    try:
        value.produce(take, frame)
    except Enough:
        pass
    return found[0] if found else UNKNOWN, handled


def run_again(machine: Machine, value: Lazy, error: Value, frame: Frame) -> None:
    """Run a generator to its end, in doubt since it was begun before.

    :param error: what may be raised where it stood, at a ``yield``; ``NONE`` for nothing.
    """

    def take(item: Item) -> bool:
        if error is not NONE:
            machine.may_fail(error)
            machine.errors.raised += 1
        return error is not NONE

    raised = machine.errors.raised
    with machine.doubted():
        try:
            value.produce(take, frame)
        except Raised as other:
            machine.may_fail(other.value)
        finally:
            machine.errors.raised = raised


def is_generator(machine: Machine, body: facts.Block) -> bool:
    """Whether a function with these statements is a generator: it has a ``yield`` of its own."""
    known = machine.memory.generators
    if id(body) not in known:
        known[id(body)] = (_has_yield(body), body)
    return known[id(body)][0]


def _has_yield(body: facts.Block) -> bool:
    """Whether statements have a ``yield`` that is not another function's."""
    pending: list[object] = [body]
    while pending:
        part = pending.pop()
        if isinstance(part, facts.Yield):
            return True
        if isinstance(part, facts.Define):
            pending += [part.decorators, *(parameter.default for parameter in part.parameters)]
        elif not isinstance(part, facts.Lambda):
            pending += parts_of(part)
    return False


def parts_of(part: object) -> Iterable[object]:
    """What a fact, or several, consist of: names and numbers left out."""
    if isinstance(part, facts.Fact):
        fields = [getattr(part, name) for name in part.__struct_fields__]
        return [field for field in fields if isinstance(field, (facts.Fact, tuple))]
    return part if isinstance(part, tuple) else ()
