"""Iterates and unpacks values, and applies a function to each alternative of a choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from flake8_forksafe.interpreter import list_iterators, mappings, special_methods
from flake8_forksafe.interpreter.bounds import weight
from flake8_forksafe.interpreter.budget import DEPTH_LIMIT
from flake8_forksafe.interpreter.containers import ANYTHING, Items, Lazy, MappingView, NamesTable, Table
from flake8_forksafe.interpreter.errors import RUNTIME_ERROR, TYPE_ERROR
from flake8_forksafe.interpreter.frames import Closed, Frame, Raised
from flake8_forksafe.interpreter.identity import unsure, value_of
from flake8_forksafe.interpreter.list_iterators import GROWTH_LIMIT, ListIterator
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.truth_testing import MEMBERS
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Choice,
    Class,
    External,
    Function,
    Instance,
    Item,
    Literal,
    ModuleValue,
    Value,
    join,
    options,
)
from flake8_forksafe.interpreter.widening import repeat
from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Expression


def new_item(machine: Machine, value: Value, frame: Frame) -> Item:
    """An element added by the current statement of ``frame``."""
    return Item(value, machine.is_sure(frame))


def each(machine: Machine, value: Value, compute: Callable[[Value], Value]) -> Value:
    """What ``compute`` makes of each alternative of a value, in doubt; one that raises only may raise."""
    if not isinstance(value, Choice):
        return compute(value)
    found: list[Value] = []
    error: Raised | None = None
    for option in value.options:
        try:
            with machine.doubted():
                found.append(compute(option))
        except Raised as raised:
            error = raised
    if error is not None:
        if not found:
            raise error
        machine.may_fail(error.value)
    return join(*found)


def iterate(machine: Machine, value: Value, frame: Frame | None = None) -> Items:
    """What iterating a value yields; an iterator has nothing left then."""
    if isinstance(value, Lazy):
        return collected(machine, value, frame or value.frame)
    machine.step(weight(value))
    if isinstance(value, Items) and value.kind == "iterator":
        rest = Items("iterator", value.items, machine.journal.doubt, value.complete)
        value.items[:] = [] if machine.touches_surely(value.born) else unsure(value.items)
        return rest
    if isinstance(value, MappingView) and value.table.entries and _may_have_others_in_front(value.table):
        return Items("view", (ANYTHING, *value.items), machine.journal.doubt, complete=False)
    if isinstance(value, Items):
        return value
    if isinstance(value, Table):
        keys = [Item(value_of(key), item.sure) for key, item in mappings.entries_of(value)]
        if keys and _may_have_others_in_front(value):
            keys.insert(0, ANYTHING)
        return Items("iterator", keys, machine.journal.doubt, value.complete)
    if isinstance(value, Literal) and isinstance(value.value, str) and len(value.value) < 1000:
        return machine.items("iterator", [Literal(character) for character in value.value])
    if isinstance(value, Choice):
        found: list[Item] = []
        complete = True
        for option in value.options:
            inner = iterate(machine, option, frame)
            found.extend(Item(item.value, False) for item in inner.items)
            complete &= inner.complete
        return Items("iterator", found, machine.journal.doubt, complete)
    if isinstance(value, Class) and isinstance(members := value.names.get(MEMBERS), Table):
        return machine.items("view", list(dict.fromkeys(item.value for item in members.entries.values())))
    if (isinstance(value, Instance) or _iterates(value)) and frame is not None:
        return collected(machine, value, frame)
    is_library = isinstance(value, External) and "." not in value.path and not value.path.endswith("()")
    if is_library or isinstance(value, (Function, Literal, ModuleValue)):
        machine.may_fail(TYPE_ERROR)
    return Items("iterator", (), machine.journal.doubt, complete=False)


Take = Callable[[Item], bool]
"""Takes an element; returns whether it may be the last one, and raises :class:`Enough` if it surely is."""


class Enough(Closed):
    """No further element is taken."""


class _Left(Closed):
    """The code that takes the elements raised an exception, which the iterator does not see."""

    def __init__(self, error: Raised) -> None:
        super().__init__()
        self.error = error


class Sizes:
    """How many keys the mappings have that a value iterates: another number is an error when the next is asked for."""

    def __init__(self, value: Value) -> None:
        found = [option.table if isinstance(option, MappingView) else option for option in options(value)]
        self.tables = [(table, len(table.entries), table.maybe_resized) for table in found if isinstance(table, Table)]
        self.sure = not isinstance(value, Choice)

    def check(self, machine: Machine, sure: bool) -> bool:
        """Raise the error, if a size changed; returns whether it only may be raised.

        :param sure: whether the next element is surely asked for.
        """
        changed = [table for table, size, _ in self.tables if len(table.entries) != size]
        if changed and sure and self.sure and mappings.is_known(changed[0]):
            machine.fail("RuntimeError")
        if not changed and all(table.maybe_resized == before for table, _, before in self.tables):
            return False
        machine.may_fail(RUNTIME_ERROR)
        return machine.errors.catches(RUNTIME_ERROR)


def consume(machine: Machine, value: Value, frame: Frame, take: Take) -> bool:
    """Hand the elements of an iterable to ``take`` as they are computed; returns whether no others can follow.

    :raises Enough: as ``take`` does.
    """
    if isinstance(value, Lazy):
        if value.rest is not None:
            look_again(machine, value, value.rest, frame)
        machine.journal.changes += 1
    if isinstance(value, ListIterator):
        return list_iterators.hand_over(machine, value, take)
    if isinstance(value, Lazy) and value.rest is None:
        value.rest = Items("iterator", (), machine.journal.doubt)
        return _resumed(machine, value, frame, take) if value.left else _left_or_ended(machine, value, frame, take)
    found = value.rest if isinstance(value, Lazy) and value.rest is not None else value
    if isinstance(found, Items) and found.kind == "iterator":
        return _drain(machine, found, take)
    if isinstance(value, Items) and value.kind == "list":
        return _hand_over_list(machine, value, take)
    if isinstance(value, MappingView):
        return _hand_over_view(machine, value, take)
    if isinstance(value, Table):
        return _hand_over_view(machine, view_of(machine, value), take)
    if isinstance(value, Instance) or _iterates(value):
        return _ask(machine, value, frame, take)
    iterable = iterate(machine, value, frame)
    hand_over(machine, iterable.items, take)
    return iterable.complete


def _left_or_ended(machine: Machine, value: Lazy, frame: Frame, take: Take) -> bool:
    """Compute the elements; whoever takes them may leave some for others, and all if it only may take them."""
    value.left = not machine.touches_surely(value.born)

    def noted(item: Item) -> bool:
        last = take(item)
        value.left |= last
        return last

    try:
        return produce(machine, value, frame, noted)
    except Enough:
        value.left = True
        raise
    finally:
        value.rest = None if value.left else value.rest


def _resumed(machine: Machine, value: Lazy, frame: Frame, take: Take) -> bool:
    """Compute the elements once more, in doubt: which of them were taken before is not known."""
    try:
        with machine.doubted():
            return produce(machine, value, frame, lambda item: take(Item(item.value, False)))
    finally:
        value.rest = None


def look_again(machine: Machine, value: Lazy, rest: Items, frame: Frame) -> None:
    """Compute what is left of an iterator once more, in doubt, where it may depend on what was changed since."""
    if value.seen == machine.journal.changes or not (rest.items or not rest.complete):
        return
    again = Items("iterator", (), value.born)
    with machine.doubted():
        try:
            again.complete &= produce(machine, value, frame, append_to(again, only_one=True))
        except Raised as error:
            machine.may_fail(error.value)
            again.complete = False
    last = again.items[max(0, len(again.items) - len(rest.items)) :]
    if len(last) == len(rest.items):
        pairs = zip(rest.items, last, strict=True)
        rest.items[:] = [Item(join(old.value, new.value), old.sure) for old, new in pairs]
    else:
        rest.items[:] = unsure((*rest.items, *again.items))
    rest.complete &= again.complete
    value.seen = machine.journal.changes


def collected(machine: Machine, value: Value, frame: Frame) -> Items:
    """All elements of an iterator, which has none left then."""
    found = Items("iterator", (), machine.journal.doubt)
    complete = consume(machine, value, frame, append_to(found))
    found.complete &= complete
    found.items = leading(found.items)
    return found


def append_to(found: Items, only_one: bool = False) -> Take:
    """Appends elements to ``found``: all, or only the first.  One that may be any value makes it incomplete."""

    def take(item: Item) -> bool:
        found.complete &= item.sure or item.value is not UNKNOWN
        found.items.append(item)
        return only_one

    return take


def leading(items: list[Item]) -> list[Item]:
    """Elements, and :data:`.ANYTHING` only where others follow."""
    kept: list[Item] = []
    for item in reversed(items):
        if item.sure or item.value is not UNKNOWN or (kept and kept[-1] is not ANYTHING):
            kept.append(item if item.sure or item.value is not UNKNOWN else ANYTHING)
    return kept[::-1]


def reversed_items(found: Items) -> list[Item]:
    """Elements from the last to the first; of those that are not known some may be in front then."""
    return [*([] if found.complete else [ANYTHING]), *reversed(found.items)]


def produce(machine: Machine, value: Lazy, frame: Frame, take: Take) -> bool:
    """Compute the elements; whoever takes them is out of reach of the iterator's ``except`` clauses."""
    if machine.budget.depth >= DEPTH_LIMIT:
        return False
    catchers, errors, before = machine.errors.catchers, machine.errors.possible, machine.errors.raised
    stops = raised = 0

    def shielded(item: Item) -> bool:
        nonlocal stops, raised
        inner, inner_errors, count = machine.errors.catchers, machine.errors.possible, machine.errors.raised
        machine.errors.catchers, machine.errors.possible = catchers, errors
        try:
            last = take(item)
        except Raised as error:
            raise _Left(error) from None
        finally:
            machine.errors.catchers, machine.errors.possible = inner, inner_errors
            raised += machine.errors.raised - count
        if last:
            stops += 1
            machine.errors.raised += 1  # what the iterator does from here only may happen
        return last

    machine.budget.depth += 1
    try:
        return value.produce(shielded, frame)
    except _Left as left:
        raise left.error from None
    finally:
        machine.budget.depth -= 1
        machine.errors.raised = max(machine.errors.raised - stops, before + raised)


def _iterates(value: Value) -> bool:
    """Whether a value is a class whose metaclass says what its elements are."""
    return isinstance(value, Class) and special_methods.class_attribute(value.metaclass, "__iter__") is not None


def _ask(machine: Machine, value: Value, frame: Frame, take: Take) -> bool:
    """Ask an object of a first-party class, or such a class, for its elements."""
    iterator = special_methods.call(machine, value, "__iter__", (), frame)
    if isinstance(iterator, Instance):
        following = partial(special_methods.call, machine, iterator, "__next__", (), frame)
        return _ask_each(machine, lambda _: following(), take, STOP_ITERATION)
    if iterator is not None:
        return consume(machine, iterator, frame, take)

    def at(place: Value) -> Value | None:
        return special_methods.call(machine, value, "__getitem__", (place,), frame)

    return _ask_each(machine, at, take, INDEX_ERROR)


def _ask_each(machine: Machine, ask: Callable[[Value], Value | None], take: Take, end: External) -> bool:
    """Ask for one element after the other, by their places, until the exception ``end``."""
    for place in range(NEXT_LIMIT):
        errors, machine.errors.possible = machine.errors.possible, []
        machine.errors.catchers.append([end])
        try:
            element = ask(Literal(place))
        except Raised as error:
            if not _is_of(error.value, end):
                raise
            return True
        finally:
            machine.errors.catchers.pop()
            maybe, machine.errors.possible = machine.errors.possible, errors
        if element is None:
            return False
        if any(_is_of(error, end) for error in maybe):
            with machine.doubted():
                take(Item(element, False))
            _ask_for_others(machine, ask)
            return False
        if take(Item(element)):  # which may be the last
            _ask_for_others(machine, ask)
            return False
    return False


def _ask_for_others(machine: Machine, ask: Callable[[Value], Value | None]) -> None:
    """Ask for any number of further elements, which are not known."""

    def once() -> None:
        mark, before, machine.errors.possible = len(machine.errors.catchers), machine.errors.possible, []
        machine.errors.catchers.append([None])
        try:
            ask(UNKNOWN)
        except Raised:
            pass
        finally:
            del machine.errors.catchers[mark:]
            machine.errors.possible = before

    repeat(machine, once)


def _is_of(error: Value, kind: External) -> bool:
    """Whether an exception is of a builtin class."""
    return isinstance(error, External) and error.path.removesuffix("()") == kind.path


STOP_ITERATION, INDEX_ERROR = External("builtins.StopIteration"), External("builtins.IndexError")
NEXT_LIMIT = 50
"""Elements that an object is asked for."""


def _drain(machine: Machine, items: Items, take: Take) -> bool:
    """Take the elements that an iterator has left."""
    complete, taken = items.complete, 0
    found = list(items.items)
    stopped = False
    try:
        for item in found:
            taken += 1
            with machine.doubted(stopped):
                stopped |= take(Item(item.value, item.sure and not stopped))
    finally:
        if machine.touches_surely(items.born) and not stopped:
            del items.items[:taken]
        else:
            items.items[:] = [Item(item.value, False) for item in items.items]
    return complete


def _hand_over_list(machine: Machine, value: Items, take: Take) -> bool:
    """Hand the elements of a list over, which may change meanwhile."""
    stopped = False
    index, limit = 0, len(value.items) + GROWTH_LIMIT
    while index < len(value.items):
        item = value.items[index]
        index += 1
        if index > limit:
            return False
        with machine.doubted(stopped):
            stopped |= take(Item(item.value, item.sure and not stopped))
    return value.complete


def view_of(machine: Machine, table: Table, kind: str = "keys") -> MappingView:
    """``table.keys()``, ``values()`` or ``items()``."""

    def element(key: object, value: Value) -> Value:
        if kind == "values":
            return value
        return machine.items("tuple", [value_of(key), value]) if kind == "items" else value_of(key)

    return MappingView(table, mappings.entries_of, element)


def _hand_over_view(machine: Machine, view: MappingView, take: Take) -> bool:
    """Hand the elements of a mapping over, whose values may change meanwhile."""
    table, stopped = view.table, False
    if table.entries and _may_have_others_in_front(table):
        with machine.doubted():
            stopped = take(ANYTHING)
    for key, before in view.entries(table):
        item = table.entries.get(key)
        if item is None:
            continue
        with machine.doubted(stopped):
            stopped |= take(Item(view.element(key, item.value), item.sure and before.sure and not stopped))
    return table.complete


def _may_have_others_in_front(table: Table) -> bool:
    """Whether keys that are not known may stand in front of those that are."""
    return not table.complete and table.observer is None and not isinstance(table, NamesTable)


def is_environment(value: Value) -> bool:
    """Whether the elements are those of the environment.

    What a comprehension makes of its variables is made of those that are known: one that no deployment file sets is
    taken to be unset, as by ``os.environ.setdefault``.  A loop may do anything with one, and so stays open.
    """
    table = value.table if isinstance(value, MappingView) else value
    return isinstance(table, Table) and table.observer is not None


def hand_over(machine: Machine, items: list[Item], take: Take) -> None:
    """Hand known elements over, those after one that may be the last in doubt."""
    stopped = False
    for item in list(items):
        with machine.doubted(stopped):
            stopped |= take(Item(item.value, item.sure and not stopped))


def parts(value: Value) -> list[Value]:
    """The elements of a known tuple."""
    return [item.value for item in value.items] if isinstance(value, Items) else []


def unpack(machine: Machine, value: Value, targets: tuple[Expression, ...]) -> list[Value]:
    """The values for the targets of an unpacking assignment."""
    if isinstance(value, Choice):
        columns: list[list[Value]] = []

        def add(option: Value) -> Value:
            columns.append(unpack(machine, option, targets))
            return option

        each(machine, value, add)
        return [join(*column) for column in zip(*columns, strict=True)]
    items = iterate(machine, value)
    starred = [index for index, target in enumerate(targets) if isinstance(target, facts.Starred)]
    if not items.complete or not all(item.sure for item in items.items):
        return [UNKNOWN] * len(targets)
    values = [item.value for item in items.items]
    before, after = (starred[0], len(targets) - starred[0] - 1) if starred else (len(targets), 0)
    if len(values) < before + after or (not starred and len(values) > before):
        machine.fail("ValueError")
        return [UNKNOWN] * len(targets)
    if not starred:
        return values
    middle = machine.items("list", values[before : len(values) - after])
    return [*values[:before], middle, *values[len(values) - after :]]


def charged(machine: Machine, value: Value) -> Value:
    """A value that was computed just now; a large one costs steps."""
    machine.step(weight(value))
    return value


def from_items(machine: Machine, kind: str, items: Iterable[Item], complete: bool = True) -> Items:
    """A new sequence of items."""
    return Items(kind, items, machine.journal.doubt, complete)
