"""Models of the builtin constructors, and of functions that iterate or compute."""

from __future__ import annotations

import builtins
from collections.abc import Callable

from flake8_forksafe.interpreter import (
    generators,
    hashing,
    identity,
    iteration,
    list_iterators,
    mappings,
    mutation,
    operators,
    special_methods,
)
from flake8_forksafe.interpreter.bounds import share
from flake8_forksafe.interpreter.containers import ANYTHING, Items, Lazy, Table
from flake8_forksafe.interpreter.errors import STOP_ITERATION, VALUE_ERROR
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.iteration import Take
from flake8_forksafe.interpreter.machine import Machine, Model
from flake8_forksafe.interpreter.truth_testing import MEMBERS, truth
from flake8_forksafe.interpreter.values import (
    CHOICE_LIMIT,
    FALSE,
    NONE,
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    External,
    FilePath,
    Instance,
    Item,
    Literal,
    Unknown,
    Value,
    join,
)
from flake8_forksafe.interpreter.widening import repeat


def sequence(kind: str) -> Callable[[Machine, External, Arguments, Frame], Value]:
    """A model of ``list``, ``tuple``, ``set``, ``frozenset``, ``iter``, ``reversed``, ``sorted``."""

    def model(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
        source = arguments.get(0, "iterable")
        if source is None:
            return Items(kind, (), machine.journal.doubt)
        if isinstance(source, Lazy) and function.path.endswith("iter"):
            return source
        if isinstance(source, Items) and source.kind == "list" and function.path.endswith("iter"):
            return list_iterators.ListIterator(machine, source, frame)
        if function.path.endswith("reversed"):
            own = special_methods.call(machine, source, "__reversed__", (), frame)
            if own is not None:
                return own
        found = iteration.iterate(machine, source, frame)
        items, complete = list(found.items), found.complete
        if isinstance(source, Instance) and kind in ("list", "tuple"):
            with machine.doubted():  # a hint of how much room is needed, of which not all versions take notice
                special_methods.call(machine, source, "__len__", (), frame)
        if function.path.endswith("sorted"):
            items, is_known = in_order(machine, found, arguments, frame)
            complete = complete and is_known
        elif function.path.endswith("reversed"):
            items = iteration.reversed_items(found)
        elif kind == "set":
            hashing.ask_keys(machine, source, items, frame)
            items = identity.distinct(items)
        return iteration.charged(machine, Items(kind, items, machine.journal.doubt, complete))

    return model


def in_order(machine: Machine, found: Items, arguments: Arguments, frame: Frame) -> tuple[list[Item], bool]:
    """The elements that ``sorted`` or ``list.sort`` puts in order, and whether that order is known."""
    ordered = _ordered(machine, found, arguments, truth(arguments.keywords.get("reverse", FALSE)), frame)
    if ordered is not None:
        return ordered, True
    items = list(found.items)
    return (items, True) if len(items) < 2 else ([ANYTHING, *items], False)


def _ordered(
    machine: Machine, found: Items, arguments: Arguments, backwards: bool | None, frame: Frame
) -> list[Item] | None:
    """The elements of ``found`` by what ``key`` makes of them; None where that is not known."""
    key, items = arguments.keywords.get("key", NONE), list(found.items)
    computed = [item.value for item in items]
    if truth(key) is not False:
        computed = [_asked(machine, key, item, frame) for item in items]
        if not found.complete:
            _asked(machine, key, ANYTHING, frame)
    _compare(machine, computed, frame)
    plain = [identity.python_value(value) for value in computed]
    if None in plain or backwards is None:
        return None
    try:
        places = sorted(range(len(items)), key=lambda place: plain[place], reverse=backwards)  # type: ignore[arg-type, return-value]
    except TypeError as error:
        machine.fail(type(error).__name__)
        return None
    return [items[place] for place in places]


def _compare(machine: Machine, values: list[Value], frame: Frame) -> None:
    """Ask objects how they compare, which are put in order: which are compared with which is not followed."""
    objects = [value for value in values if isinstance(value, Instance)]
    other = join(*values) if objects else UNKNOWN

    def ask() -> None:
        for value in objects:
            for name in ("__lt__", "__gt__", "__eq__"):
                special_methods.call(machine, value, name, (other,), frame)

    if objects and len(values) > 1:
        repeat(machine, ask)


def _asked(machine: Machine, key: Value, item: Item, frame: Frame) -> Value:
    """What ``key`` makes of an element, which only may be there."""
    with machine.doubted(not item.sure):
        return machine.call(key, Arguments((item.value,)), frame)


def extreme(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``max`` and ``min``; with ``key`` and more than one argument, those arguments are the elements."""
    if len(arguments.positional) == 1:
        arguments = materialised(machine, arguments, frame)
    if "key" not in arguments.keywords:
        elements = iteration.parts(arguments.positional[0]) if len(arguments.positional) == 1 else arguments.positional
        _compare(machine, list(elements), frame)
        return pure(machine, function, arguments, frame)
    source = arguments.positional[0] if len(arguments.positional) == 1 else machine.items("tuple", arguments.positional)
    found = iteration.iterate(machine, source, frame)
    ordered = _ordered(machine, found, arguments, function.path.endswith("max"), frame)
    return ordered[0].value if ordered and identity.is_known(found) else UNKNOWN


def dictionary(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    table = Table({}, machine.journal.doubt, arguments.complete)
    source = arguments.get(0, "") if arguments.positional else None
    if isinstance(source, (Table, Choice)):
        mutation.update(machine, table, source)
    elif source is not None:
        pairs = iteration.iterate(machine, source, frame)
        for item in pairs.items:
            pair = iteration.iterate(machine, item.value, frame)
            known = identity.is_known(pair) and len(pair.items) == 2
            key, entered = (part.value for part in pair.items) if known else (UNKNOWN, UNKNOWN)
            with machine.doubted(not item.sure):
                hashing.ask_key(machine, table, key, frame)
            machine.step(mappings.enter(table, identity.key_of(key), entered, item.sure))
        if not pairs.complete:
            mappings.enter(table, None, UNKNOWN, False)
    for name, value in arguments.keywords.items():
        mappings.enter(table, name, value, True)
    return table


def dictionary_of_keys(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``dict.fromkeys``."""
    keys = iteration.iterate(machine, arguments.get(0, "") or UNKNOWN, frame)
    value = arguments.get(1, "") or NONE
    table = Table({}, machine.journal.doubt, keys.complete and arguments.complete)
    hashing.ask_keys(machine, arguments.get(0, "") or UNKNOWN, keys.items, frame)
    for item in keys.items:
        machine.step(mappings.enter(table, identity.key_of(item.value), value, item.sure))
    return table


def enumerate_(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    source, start = arguments.get(0, "iterable") or UNKNOWN, arguments.get(1, "start") or Literal(0)
    first = start.value if isinstance(start, Literal) and isinstance(start.value, int) else None

    def numbered(option: Value) -> Value:
        def produce(take: Take, asking: Frame) -> bool:
            least = most = 0

            def one(item: Item) -> bool:
                nonlocal least, most
                number = UNKNOWN if first is None else _between(first + least, first + most)
                least, most = least + item.sure, most + 1
                return take(Item(machine.items("tuple", [number, item.value]), item.sure))

            return iteration.consume(machine, option, asking, one)

        return Lazy(produce, frame, machine.journal.doubt)

    return iteration.each(machine, source, numbered)


def _between(least: int, most: int) -> Value:
    """A number from ``least`` to ``most``."""
    return join(*map(Literal, range(least, most + 1))) if most - least < CHOICE_LIMIT else UNKNOWN


def zip_(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``zip``: asks its first iterable for an element, then the others."""
    for index, value in enumerate(arguments.positional):
        if isinstance(value, Choice):
            before, after = arguments.positional[:index], arguments.positional[index + 1 :]
            return iteration.each(
                machine, value, lambda option: zip_(machine, function, Arguments((*before, option, *after)), frame)
            )

    def produce(take: Take, asking: Frame) -> bool:
        if not arguments.positional:
            return True
        first, *others = arguments.positional
        columns: list[Items] = []
        wholes: list[tuple[int, Value]] = []  # for each column how many elements it had, and any of them
        least, aligned = 0, True  # elements that the first surely had so far, and whether there were no others

        def one(item: Item) -> bool:
            nonlocal least, aligned
            if not columns:
                columns.extend(iteration.iterate(machine, other, asking) for other in others)
                wholes.extend((0, UNKNOWN) for _ in columns)
            if any(least >= len(column.items) for column in columns):
                raise _Shortest
            sure = aligned and item.sure and all(column.items[least].sure for column in columns)
            for place, column in enumerate(columns) if not sure else ():
                if wholes[place][0] != len(column.items):
                    machine.step(share(len(column.items)))
                    wholes[place] = (len(column.items), join(*(part.value for part in column.items)))
            values = [
                column.items[least].value if sure else whole for column, (_, whole) in zip(columns, wholes, strict=True)
            ]
            least, aligned = least + item.sure, sure
            return take(Item(machine.items("tuple", [item.value, *values]), sure))

        try:
            complete = iteration.consume(machine, first, asking, one)
        except _Shortest:
            return all(column.complete for column in columns)
        return complete and (aligned or not columns)

    return Lazy(produce, frame, machine.journal.doubt)


class _Shortest(iteration.Enough):
    """An iterable has no elements left."""


def range_(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    numbers = [value.value for value in arguments.positional if isinstance(value, Literal)]
    whole = [number for number in numbers if isinstance(number, int)]
    if len(whole) != len(arguments.positional) or not 1 <= len(whole) <= 3 or whole[2:] == [0]:
        return Items("view", (), machine.journal.doubt, complete=False)
    found = range(*whole)
    if found[1000:]:  # its length may be more than len() can say
        return Items("view", (), machine.journal.doubt, complete=False)
    return machine.items("view", [Literal(number) for number in found])


def map_(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    if len(arguments.positional) < 2:
        return UNKNOWN
    callback, *sources = arguments.positional

    def produce(take: Take, asking: Frame) -> bool:
        def one(item: Item, values: tuple[Value, ...]) -> bool:
            with machine.doubted(not item.sure):
                result = machine.call(callback, Arguments(values), asking)
            return take(Item(result, item.sure))

        if len(sources) == 1:
            complete = iteration.consume(machine, sources[0], asking, lambda item: one(item, (item.value,)))
        else:
            rows = iteration.iterate(machine, zip_(machine, function, Arguments(tuple(sources)), asking), asking)
            iteration.hand_over(machine, rows.items, lambda item: one(item, tuple(iteration.parts(item.value))))
            complete = rows.complete
        if not complete:
            repeat(machine, lambda: one(Item(UNKNOWN, False), (UNKNOWN,) * len(sources)))
        return complete

    return Lazy(produce, frame, machine.journal.doubt)


def filter_(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    if len(arguments.positional) != 2:
        return UNKNOWN
    callback, source = arguments.positional
    turned = function.path.endswith("filterfalse")

    def produce(take: Take, asking: Frame) -> bool:
        def one(item: Item) -> bool:
            identity = isinstance(callback, Literal)
            with machine.doubted(not item.sure):
                answer = item.value if identity else machine.call(callback, Arguments((item.value,)), asking)
                holds = special_methods.holds(machine, answer, asking)
            if holds is turned:
                return False
            with machine.doubted(holds is None):
                return take(Item(item.value, item.sure and holds is not None))

        complete = iteration.consume(machine, source, asking, one)
        if not complete:
            repeat(machine, lambda: one(Item(UNKNOWN, False)))
        return complete

    return Lazy(produce, frame, machine.journal.doubt)


def any_or_all(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    decisive = function.path.endswith("any")

    def stops(value: Value) -> bool | None:
        holds = special_methods.holds(machine, value, frame)
        return None if holds is None else holds is decisive

    answers: list[tuple[bool | None, bool]] = []

    def take(item: Item) -> bool:
        with machine.doubted(not item.sure):
            last = stops(item.value)
        answers.append((last, item.sure))
        if last and item.sure:
            raise iteration.Enough
        return last is not False

    try:
        complete = iteration.consume(machine, arguments.get(0, "iterable") or UNKNOWN, frame, take)
    except iteration.Enough:
        return Literal(decisive)
    unsure = not complete or any(answer is not False for answer, _ in answers)
    return UNKNOWN if unsure else Literal(not decisive)


def throw(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``generator.throw(error)``: where the generator stands is not followed, so it may be raised at each ``yield``."""
    error = arguments.get(0, "value") or UNKNOWN
    if isinstance(function.receiver, Lazy):
        generators.run_again(machine, function.receiver, error, frame)
    machine.may_fail(error)
    return UNKNOWN


def send(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``generator.send(value)``: the next element; what the ``yield`` before it gives is not followed."""
    return next_(machine, function, Arguments((function.receiver or UNKNOWN,)), frame)


def close(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``generator.close()``: what it does when it is left."""
    generator = function.receiver
    if isinstance(generator, Lazy) and (generator.rest is not None or generator.left):
        generators.run_again(machine, generator, External("builtins.GeneratorExit()"), frame)
        if machine.touches_surely(generator.born):
            generator.rest = Items("iterator", (), generator.born)
    return NONE


def next_(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    iterator = arguments.get(0, "") or UNKNOWN
    own = special_methods.call(machine, iterator, "__next__", (), frame)
    if own is not None:
        return own
    if isinstance(iterator, list_iterators.ListIterator):
        return _next_of_list(machine, iterator, arguments.get(1, "default"))
    if isinstance(iterator, Lazy):
        found = generators.next_of(machine, iterator, frame)
    elif isinstance(iterator, Items):
        found = iterator
    else:
        found = iteration.iterate(machine, iterator, frame)
    default = arguments.get(1, "default")
    if not found.complete and not isinstance(iterator, Lazy):  # which element is the first is not known
        machine.may_fail(STOP_ITERATION)
        result = join(*(item.value for item in found.items), UNKNOWN)
        found.items[:] = identity.unsure(found.items)
        return result
    if found.items and found.items[0].sure and found.kind == "iterator" and machine.touches_surely(found.born):
        return found.items.pop(0).value
    for index, item in enumerate(found.items):
        if item.sure:
            result = join(*(earlier.value for earlier in found.items[: index + 1]))
            found.items[:] = identity.unsure(found.items)
            return result
    if default is None and not found.items and found.complete:
        return machine.fail("StopIteration")
    maybe = [item.value for item in found.items] + ([] if found.complete else [UNKNOWN])
    found.items[:] = identity.unsure(found.items)
    return join(*maybe, default if default is not None else UNKNOWN)


def _next_of_list(machine: Machine, iterator: list_iterators.ListIterator, default: Value | None) -> Value:
    machine.journal.changes += 1
    value, sure = list_iterators.next_of(machine, iterator)
    if sure and value is not None:
        return value
    if default is not None:
        return default if value is None else join(value, default)
    if value is None:
        return machine.fail("StopIteration")
    machine.may_fail(STOP_ITERATION)
    return value


def length(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    value = arguments.get(0, "")
    if isinstance(value, Choice):
        return iteration.each(machine, value, lambda option: length(machine, function, Arguments((option,)), frame))
    if isinstance(value, Items) and identity.is_known(value):
        return Literal(len(value.items))
    if isinstance(value, Table) and mappings.is_known(value):
        return Literal(len(value.entries))
    if isinstance(value, Literal) and isinstance(value.value, (str, bytes)):
        return Literal(len(value.value))
    if isinstance(value, Class) and MEMBERS in value.names:
        return Literal(len(iteration.iterate(machine, value).items))
    return special_methods.call(machine, value or UNKNOWN, "__len__", (), frame) or UNKNOWN


def convert(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``str(x)``, ``int(x)``, ``bool(x)``, ``float(x)``, ``repr(x)``."""
    value = arguments.get(0, "")
    kind = function.path.rpartition(".")[2]
    if value is None:
        return {"str": Literal(""), "int": Literal(0), "bool": FALSE, "float": Literal(0.0)}.get(kind, UNKNOWN)
    if kind == "bool":
        answer = special_methods.holds(machine, value, frame)
        return UNKNOWN if answer is None else Literal(answer)
    own = operators.converted(machine, value, kind, frame)
    if own is not None:
        return own
    others = [identity.python_value(other) for other in arguments.positional[1:]]
    if None in others or arguments.keywords:
        return UNKNOWN
    plain = [other[0] for other in others if other is not None]
    return iteration.each(machine, value, lambda option: _converted(machine, option, kind, plain))


def _converted(machine: Machine, value: Value, kind: str, others: list[object]) -> Value:
    if isinstance(value, FilePath) and kind == "str":
        return Literal(value.path)
    is_open = isinstance(value, Unknown) or (isinstance(value, External) and value.path.startswith("builtins."))
    if is_open and kind in ("int", "float"):
        machine.may_fail(VALUE_ERROR)
    if not isinstance(value, Literal) or isinstance(value.value, bytes):
        return UNKNOWN
    if isinstance(value.value, int) and abs(value.value) > 1 << 64:
        return UNKNOWN
    try:
        return Literal(getattr(builtins, kind)(value.value, *others))
    except (TypeError, ValueError, OverflowError) as error:
        return machine.fail(type(error).__name__)


def materialised(machine: Machine, arguments: Arguments, frame: Frame) -> Arguments:
    """Arguments for a function that takes all elements of the iterators among them."""
    iterators = (Lazy, Instance)
    if not any(isinstance(value, iterators) for value in arguments.positional):
        return arguments
    return arguments._replace(positional=tuple(
        iteration.iterate(machine, value, frame) if isinstance(value, iterators) else value
        for value in arguments.positional))  # fmt: skip


def hash_(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``hash(x)``: that of a plain value is another in each process."""
    hashing.ask_key(machine, UNKNOWN, arguments.get(0, "") or UNKNOWN, frame)
    return UNKNOWN


PURE = ("abs", "chr", "ord", "round")
"""Functions of plain values that depend on nothing else."""


def total(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``sum``: adds one element after the other."""
    arguments = materialised(machine, arguments, frame)
    if not any(isinstance(part, Instance) for value in arguments.positional for part in iteration.parts(value)):
        return pure(machine, function, arguments, frame)
    value = arguments.get(1, "start") or Literal(0)
    for item in iteration.iterate(machine, arguments.positional[0], frame).items:
        with machine.doubted(not item.sure):
            result = operators.binary(machine, "+", value, item.value, frame)
        value = result if item.sure else join(value, result)
    return value


def for_each_option(
    machine: Machine, model: Model, function: External, arguments: Arguments, frame: Frame
) -> Value | None:
    """What a model returns for each option of the first argument that is a choice; None if no argument is one."""
    for index, value in enumerate(arguments.positional):
        if isinstance(value, Choice):
            before, after = arguments.positional[:index], arguments.positional[index + 1 :]
            return iteration.each(machine, value, lambda option: model(
                machine, function, arguments._replace(positional=(*before, option, *after)), frame))  # fmt: skip
    return None


def pure(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``max(a, b)``, ``sum(numbers)`` and their kin, for plain values."""
    arguments = materialised(machine, arguments, frame)
    joined = for_each_option(machine, pure, function, arguments, frame)
    if joined is not None:
        return joined
    passed = [identity.python_value(value) for value in arguments.positional]
    if None in passed or arguments.keywords or not arguments.complete:
        return UNKNOWN
    try:
        result = getattr(builtins, function.path.rpartition(".")[2])(
            *(value[0] for value in passed if value is not None)
        )
    except (TypeError, ValueError, OverflowError) as error:
        return machine.fail(type(error).__name__)
    return Literal(result) if isinstance(result, (str, bytes, int, float, complex)) else UNKNOWN
