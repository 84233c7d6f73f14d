"""Operations on sequences, mappings and plain values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

from flake8_forksafe.interpreter.bounds import is_small, weight
from flake8_forksafe.interpreter.frames import Raised
from flake8_forksafe.interpreter.strings import TEXT_LIMIT, TooLarge, percent
from flake8_forksafe.interpreter.values import (
    CHOICE_LIMIT,
    FALSE,
    ITEM_LIMIT,
    NAMED_FIELDS,
    TRUE,
    UNKNOWN,
    Choice,
    Class,
    External,
    FilePath,
    Function,
    Instance,
    Item,
    Items,
    Literal,
    ModuleValue,
    Plain,
    Table,
    Value,
    join,
    options,
    same,
    text,
)
from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Expression

if TYPE_CHECKING:
    from flake8_forksafe.interpreter.frames import Frame
    from flake8_forksafe.interpreter.walk import Walk

KEY_ERROR, INDEX_ERROR = External("builtins.KeyError()"), External("builtins.IndexError()")


def new_item(walk: Walk, value: Value, frame: Frame) -> Item:
    """An element added by the current statement of ``frame``."""
    return Item(value, walk.is_sure(frame))


def each(walk: Walk, value: Value, compute: Callable[[Value], Value]) -> Value:
    """What ``compute`` makes of each alternative of a value, in doubt; one that raises only may raise."""
    if not isinstance(value, Choice):
        return compute(value)
    found: list[Value] = []
    error: Raised | None = None
    for option in value.options:
        try:
            with walk.doubted():
                found.append(compute(option))
        except Raised as raised:
            error = raised
    if error is not None:
        if not found:
            raise error
        walk.may_fail(error.value)
    return join(*found)


def key_of(value: Value) -> object | None:
    """What a value is in a mapping's keys; None if it is not known."""
    return _key(value) if is_small(value) else None


def _key(value: Value) -> object | None:
    if isinstance(value, Literal):
        return ("", value.value) if value.value is None else value.value
    if isinstance(value, Items) and value.kind == "tuple" and is_known(value):
        parts = [_key(item.value) for item in value.items]
        return None if None in parts else tuple(parts)
    if isinstance(value, External) and not value.path.endswith("()"):
        return ("external", value.path)
    if isinstance(value, ModuleValue):
        return ("module", value.module.name)
    return value if isinstance(value, (Class, Function, Instance, External)) else None


def is_known(value: Items) -> bool:
    """Whether all elements of a sequence are there for sure, and no others."""
    return value.complete and all(item.sure for item in value.items)


def distinct(items: Iterable[Item]) -> list[Item]:
    """The elements of a set: those that are surely the same stand for one."""
    kept: list[Item] = []
    places: dict[object, int] = {}
    for item in items:
        key = key_of(item.value)
        place = places.setdefault(key, len(kept)) if key is not None else len(kept)
        if place == len(kept):
            kept.append(item)
        elif item.sure:
            kept[place] = Item(kept[place].value)
    return kept


def value_of(key: object) -> Value:
    """The value that a key of a mapping stands for."""
    if isinstance(key, Value):
        return key
    if isinstance(key, tuple):
        if key == ("", None):
            return Literal(None)
        if len(key) == 2 and key[0] in ("external", "module"):
            return External(str(key[1]))
        return UNKNOWN
    return Literal(key) if isinstance(key, (str, bytes, int, float, complex)) else UNKNOWN


def iterate(walk: Walk, value: Value, frame: Frame | None = None) -> Items:
    """What iterating a value yields."""
    if isinstance(value, Items):
        return value
    if isinstance(value, Table):
        keys = [Item(value_of(key), item.sure) for key, item in value.entries.items()]
        return Items("iterator", keys, walk.doubt, value.complete)
    if isinstance(value, Literal) and isinstance(value.value, str) and len(value.value) < 1000:
        return walk.items("iterator", [Literal(character) for character in value.value])
    if isinstance(value, Choice):
        found: list[Item] = []
        complete = True
        for option in value.options:
            inner = iterate(walk, option, frame)
            found.extend(Item(item.value, False) for item in inner.items)
            complete &= inner.complete
        return Items("iterator", found, walk.doubt, complete)
    if isinstance(value, Instance) and frame is not None:
        return _iterated(walk, value, frame)
    return Items("iterator", (), walk.doubt, complete=False)


def _iterated(walk: Walk, value: Instance, frame: Frame) -> Items:
    """What iterating an object of a first-party class yields: all of a generator, or one element of an iterator."""
    from flake8_forksafe.interpreter.operators import special

    result = special(walk, value, "__iter__", (), frame)
    if isinstance(result, Items):
        return result
    element = special(walk, result or UNKNOWN, "__next__", (), frame)
    found = [] if element is None or element is UNKNOWN else [Item(element, False)]
    return Items("iterator", found, walk.doubt, complete=False)


def unpack(walk: Walk, value: Value, targets: tuple[Expression, ...]) -> list[Value]:
    """The values for the targets of an unpacking assignment."""
    if isinstance(value, Choice):
        columns = [unpack(walk, option, targets) for option in value.options]
        return [join(*column) for column in zip(*columns, strict=True)]
    items = iterate(walk, value)
    starred = [index for index, target in enumerate(targets) if isinstance(target, facts.Starred)]
    if not items.complete or not all(item.sure for item in items.items):
        return [UNKNOWN] * len(targets)
    values = [item.value for item in items.items]
    if not starred:
        return values if len(values) == len(targets) else [UNKNOWN] * len(targets)
    before, after = starred[0], len(targets) - starred[0] - 1
    if len(values) < before + after:
        return [UNKNOWN] * len(targets)
    middle = walk.items("list", values[before : len(values) - after])
    return [*values[:before], middle, *values[len(values) - after :]]


# --- reading ----------------------------------------------------------------------------------------------------


def get_item(walk: Walk, container: Value, index: Value) -> Value:
    """``container[index]``."""
    if isinstance(container, Choice):
        return each(walk, container, lambda option: get_item(walk, option, index))
    if isinstance(index, Choice):
        return each(walk, index, lambda option: get_item(walk, container, option))
    if isinstance(container, Table):
        return get_entry(walk, container, index)
    if isinstance(container, Items) and container.kind != "set":
        return _element(walk, container, index)
    if isinstance(container, Literal) and isinstance(container.value, (str, bytes)) and isinstance(index, Literal):
        try:
            return Literal(container.value[index.value])  # type: ignore[index]
        except IndexError:
            return walk.fail("IndexError")
        except TypeError:
            return walk.fail("TypeError")
    if isinstance(container, Class) or (isinstance(container, External) and not container.path.endswith("()")):
        return container  # a generic alias
    walk.may_fail(KEY_ERROR)
    return UNKNOWN


def get_entry(walk: Walk, table: Table, index: Value) -> Value:
    """The value of a key, which must be there."""
    key = key_of(index)
    if key is None:
        walk.may_fail(KEY_ERROR)
        return UNKNOWN
    item = table.entries.get(key)
    if item is not None:
        if not item.sure:
            walk.may_fail(KEY_ERROR)
        return item.value
    if not table.complete:
        walk.may_fail(KEY_ERROR)
        return UNKNOWN
    return walk.fail("KeyError")


def _element(walk: Walk, container: Items, index: Value) -> Value:
    if not isinstance(index, Literal) or not isinstance(index.value, int):
        walk.may_fail(INDEX_ERROR)
        return join(*(item.value for item in container.items), UNKNOWN) if container.items else UNKNOWN
    position = index.value
    if not container.complete or not all(item.sure for item in container.items):
        walk.may_fail(INDEX_ERROR)
        front = container.items[: position + 1] if position >= 0 else []
        if len(front) <= position or not front or not all(item.sure for item in front):
            return UNKNOWN
        return front[-1].value if container.complete else join(front[-1].value, UNKNOWN)
    try:
        return container.items[position].value
    except IndexError:
        return walk.fail("IndexError")


def get_slice(walk: Walk, container: Value, bounds: tuple[Value | None, ...]) -> Value:
    """``container[lower:upper:step]``."""
    numbers: list[int | None] = []
    for bound in bounds:
        if bound is None or (isinstance(bound, Literal) and bound.value is None):
            numbers.append(None)
        elif isinstance(bound, Literal) and isinstance(bound.value, int):
            numbers.append(bound.value)
        else:
            return UNKNOWN
    if numbers[2] == 0:
        return UNKNOWN
    part = slice(*numbers)
    if isinstance(container, Choice):
        return each(walk, container, lambda option: get_slice(walk, option, bounds))
    if isinstance(container, Literal) and isinstance(container.value, (str, bytes)):
        return charged(walk, Literal(container.value[part]))
    if isinstance(container, Items):
        kind = "tuple" if container.kind in NAMED_FIELDS else container.kind
        if is_known(container):
            return charged(walk, Items(kind, container.items[part], walk.doubt))
        return _unsure_slice(walk, kind, container, part)
    return UNKNOWN


def _unsure_slice(walk: Walk, kind: str, container: Items, part: slice) -> Items:
    """A slice of a sequence not all of whose elements are known: which it holds is known at a sure front only."""
    doubtful = (index for index, item in enumerate(container.items) if not item.sure)
    front = next(doubtful, len(container.items)) if container.complete else 0
    start, stop, step = part.start or 0, part.stop, part.step or 1
    if start >= 0 and step > 0 and stop is not None and 0 <= stop <= front:
        return Items(kind, container.items[part], walk.doubt)
    kept = container.items[start:] if start >= 0 and step > 0 else container.items
    if not (0 <= start <= front and step == 1 and stop is None):
        kept = [Item(item.value, False) for item in kept]
    return Items(kind, kept, walk.doubt, container.complete)


def charged(walk: Walk, value: Value) -> Value:
    """A value that was computed just now; a large one costs steps."""
    walk.step(weight(value))
    return value


def contains(walk: Walk, container: Value, element: Value) -> Value:
    """``element in container``."""
    if isinstance(container, Choice):
        return each(walk, container, lambda option: contains(walk, option, element))
    if isinstance(element, Choice):
        return each(walk, element, lambda option: contains(walk, container, option))
    if isinstance(container, Literal) and isinstance(element, Literal):
        if isinstance(container.value, str) and isinstance(element.value, str):
            return Literal(element.value in container.value)
        return UNKNOWN if isinstance(container.value, bytes) else walk.fail("TypeError")
    if isinstance(container, FilePath):
        return UNKNOWN
    if isinstance(container, Table):
        key = key_of(element)
        if key is None:
            return UNKNOWN
        item = container.entries.get(key)
        return (UNKNOWN if not container.complete else FALSE) if item is None else (TRUE if item.sure else UNKNOWN)
    if isinstance(container, Items) and is_small(element) and (isinstance(element, Literal) or is_small(container)):
        walk.step(weight(container))
        answers = [(_equal(item.value, element), item.sure) for item in container.items]
        if (True, True) in answers:
            return TRUE
        unsure = not container.complete or any(answer is not False for answer, _ in answers)
        return UNKNOWN if unsure else FALSE
    return UNKNOWN


def equal(left: Value, right: Value) -> bool | None:
    """``left == right``; None if that is not known."""
    return _equal(left, right) if is_small(left) and is_small(right) else None


def _equal(left: Value, right: Value) -> bool | None:
    if isinstance(left, Literal) and isinstance(right, Literal):
        return left.value == right.value
    if isinstance(left, FilePath) and isinstance(right, FilePath):
        return left.path == right.path
    if isinstance(left, Items) and isinstance(right, Items):
        return _equal_items(left, right)
    if isinstance(left, Table) and isinstance(right, Table):
        return _equal_tables(left, right)
    if same(left, right):
        return True
    constants = (Literal, Items, Table, FilePath)
    objects = (Class, Function, ModuleValue)
    if isinstance(left, constants) and isinstance(right, constants) and type(left) is not type(right):
        return False
    if (isinstance(left, objects) and isinstance(right, constants)) or (
        isinstance(left, constants) and isinstance(right, objects)
    ):
        return False
    if isinstance(left, objects) and isinstance(right, objects):
        return False
    return None


def _equal_items(left: Items, right: Items) -> bool | None:
    kinds = {"tuple" if value.kind in NAMED_FIELDS else value.kind for value in (left, right)}
    if kinds == {"set"}:
        keys = [[key_of(item.value) for item in value.items] for value in (left, right)]
        unknown = None in keys[0] or None in keys[1] or not (is_known(left) and is_known(right))
        return None if unknown else set(keys[0]) == set(keys[1])
    if "iterator" in kinds or not (is_known(left) and is_known(right)):
        return None
    if len(kinds) > 1 or len(left.items) != len(right.items):
        return False
    answers = [_equal(a.value, b.value) for a, b in zip(left.items, right.items, strict=True)]
    return False if False in answers else (None if None in answers else True)


def _equal_tables(left: Table, right: Table) -> bool | None:
    known = all(value.complete and all(item.sure for item in value.entries.values()) for value in (left, right))
    if not known:
        return None
    if left.entries.keys() != right.entries.keys():
        return False
    answers = [_equal(item.value, right.entries[key].value) for key, item in left.entries.items()]
    return False if False in answers else (None if None in answers else True)


# --- operators --------------------------------------------------------------------------------------------------

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "<<": operator.lshift, ">>": operator.rshift, "|": operator.or_, "&": operator.and_,
    "^": operator.xor, "**": operator.pow,
}  # fmt: skip
ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def binary(walk: Walk, symbol: str, left: Value, right: Value) -> Value:
    """``left <symbol> right``."""
    if len(options(left)) * len(options(right)) > CHOICE_LIMIT:
        return UNKNOWN
    if isinstance(left, Choice):
        return each(walk, left, lambda option: binary(walk, symbol, option, right))
    if isinstance(right, Choice):
        return each(walk, right, lambda option: binary(walk, symbol, left, option))
    return charged(walk, _binary(walk, symbol, left, right))


def _binary(walk: Walk, symbol: str, left: Value, right: Value) -> Value:
    if isinstance(left, Literal) and isinstance(right, Literal):
        return _arithmetic(walk, symbol, left.value, right.value)
    if symbol == "/" and isinstance(left, FilePath) and (part := path_text(right)) is not None:
        return join_path(left.path, part)
    if symbol == "%" and isinstance(left, Literal) and isinstance(left.value, str):
        return _percent(walk, left.value, right)
    if symbol == "+" and isinstance(left, Items):
        return _concatenate(walk, left, right)
    if symbol == "+" and isinstance(right, Items):
        return Items(right.kind, right.items, walk.doubt, complete=False)
    if symbol == "*" and isinstance(left, Items) and isinstance(right, Literal) and isinstance(right.value, int):
        repeated = (item for _ in range(min(right.value, ITEM_LIMIT)) for item in left.items)
        return Items(left.kind, repeated if left.items else (), walk.doubt, left.complete)
    if symbol == "|" and isinstance(left, Table):
        merged = Table(dict(left.entries), walk.doubt, left.complete)
        update(walk, merged, right)
        return merged
    if isinstance(left, Items) and left.kind == "set" and isinstance(right, Items):
        return _set_operation(walk, symbol, left, right)
    return UNKNOWN


def _arithmetic(walk: Walk, symbol: str, left: Plain, right: Plain) -> Value:
    """Operators on plain values, within bounds: no ``"a" * 10**9``."""
    for value in (left, right):
        if isinstance(value, (str, bytes)) and len(value) > TEXT_LIMIT:
            return UNKNOWN
        if isinstance(value, int) and abs(value) > 1 << 64:
            return UNKNOWN
    if symbol in ("**", "<<") and isinstance(right, int) and abs(right) > 64:
        return UNKNOWN
    if symbol == "*" and isinstance(left, (str, bytes)) != isinstance(right, (str, bytes)):
        string, count = (left, right) if isinstance(left, (str, bytes)) else (right, left)
        assert isinstance(string, (str, bytes))
        if not isinstance(count, int) or len(string) * count > TEXT_LIMIT:
            return UNKNOWN
    if symbol == "%" and isinstance(left, (str, bytes)):
        return _percent(walk, left, Literal(right)) if isinstance(left, str) else UNKNOWN
    if symbol not in ARITHMETIC:
        return UNKNOWN
    try:
        result = ARITHMETIC[symbol](left, right)
    except (TypeError, ValueError, ArithmeticError) as error:
        return walk.fail(type(error).__name__)
    return Literal(result) if isinstance(result, (str, bytes, int, float, complex)) else UNKNOWN


def _percent(walk: Walk, template: str, right: Value) -> Value:
    values = python_value(right)
    if values is None or (isinstance(right, Items) and right.kind != "tuple"):
        return UNKNOWN
    try:
        return Literal(percent(template, values[0]))
    except TooLarge:
        return UNKNOWN
    except (TypeError, ValueError) as error:
        return walk.fail(type(error).__name__)


def python_value(value: Value) -> tuple[object] | None:
    """A value as a Python object, in a tuple; None if it is not known, or not plain, or too large."""
    return _python(value) if is_small(value) else None


def _python(value: Value) -> tuple[object] | None:
    if isinstance(value, Literal):
        return (value.value,)
    if isinstance(value, FilePath):
        return (value.path,)
    if isinstance(value, Items) and value.kind != "set" and is_known(value):
        parts = [_python(item.value) for item in value.items]
        if None in parts:
            return None
        whole = [part[0] for part in parts if part is not None]
        return (tuple(whole),) if value.kind == "tuple" else (whole,)
    return None


def _concatenate(walk: Walk, left: Items, right: Value) -> Value:
    if isinstance(right, Items):
        if left.kind != right.kind and {left.kind, right.kind} <= {"list", "tuple"}:
            return walk.fail("TypeError")
        return Items(left.kind, chain(left.items, right.items), walk.doubt, left.complete and right.complete)
    return Items(left.kind, left.items, walk.doubt, complete=False)


def _set_operation(walk: Walk, symbol: str, left: Items, right: Items) -> Value:
    if symbol == "|":
        return Items("set", distinct([*left.items, *right.items]), walk.doubt, left.complete and right.complete)
    kept = []
    for item in left.items:
        inside = contains(walk, right, item.value)
        keep = {"-": FALSE, "&": TRUE}.get(symbol)
        if keep is None:
            return UNKNOWN
        if inside is UNKNOWN:
            kept.append(Item(item.value, False))
        elif isinstance(inside, Literal) and inside.value == keep.value:
            kept.append(item)
    return Items("set", kept, walk.doubt, left.complete)


def compare(walk: Walk, symbol: str, left: Value, right: Value) -> Value:
    """``left <symbol> right`` for a comparison."""
    if symbol in ("in", "not in"):
        return _negated(contains(walk, right, left), symbol == "not in")
    if isinstance(left, Choice):
        return each(walk, left, lambda option: compare(walk, symbol, option, right))
    if isinstance(right, Choice):
        return each(walk, right, lambda option: compare(walk, symbol, left, option))
    if symbol in ("==", "!="):
        answer = equal(left, right)
        return UNKNOWN if answer is None else Literal(answer != (symbol == "!="))
    if symbol in ("is", "is not"):
        return _negated(_identical(left, right), symbol == "is not")
    plain_left, plain_right = _ordered(left), _ordered(right)
    if plain_left is None or plain_right is None:
        return UNKNOWN
    try:
        return Literal(bool(ORDER[symbol](plain_left[0], plain_right[0])))
    except TypeError as error:
        return walk.fail(type(error).__name__)


def _ordered(value: Value) -> tuple[object] | None:
    """A Python object to compare with ``<``, in a tuple; None if it is not known."""
    if isinstance(value, Items) and value.kind == "set":
        keys = [key_of(item.value) for item in value.items]
        return None if None in keys or not is_known(value) else (frozenset(keys),)
    if isinstance(value, Items) and value.kind in NAMED_FIELDS:
        value = Items("tuple", value.items, value.born, value.complete)
    return python_value(value) if not isinstance(value, FilePath) else None


def _identical(left: Value, right: Value) -> Value:
    none = [isinstance(value, Literal) and value.value is None for value in (left, right)]
    if all(none):
        return TRUE
    if any(none):
        other = right if none[0] else left
        known = (Literal, Items, Table, Class, Function, Instance, ModuleValue, FilePath)
        return FALSE if isinstance(other, known) else UNKNOWN
    answer = equal(left, right)
    return UNKNOWN if answer is None else Literal(answer)


def _negated(value: Value, negate: bool) -> Value:
    if not negate:
        return value
    return Literal(not value.value) if isinstance(value, Literal) else UNKNOWN


# --- paths ------------------------------------------------------------------------------------------------------


def path_text(value: Value | None) -> str | None:
    """The path that a string or ``Path`` names."""
    return value.path if isinstance(value, FilePath) else text(value)


def join_path(left: str, right: str) -> FilePath:
    """``Path(left) / right``."""
    import os

    return FilePath(os.path.normpath(os.path.join(left, right)) if right else left)


# --- changing ---------------------------------------------------------------------------------------------------


def set_item(walk: Walk, container: Value, index: Value, value: Value) -> None:
    """``container[index] = value``."""
    walk.step()
    if isinstance(index, Choice):
        with walk.doubted():
            for option in index.options:
                set_item(walk, container, option, value)
        return
    for option in options(container):
        sure = not isinstance(container, Choice)
        if isinstance(option, Table):
            key = key_of(index)
            if key is None or len(option.entries) >= ITEM_LIMIT:
                option.complete = False
                continue
            certain = sure and walk.touches_surely(option.born)
            known = option.entries.get(key)
            if known is None or certain:
                option.entries[key] = Item(value, certain)
            else:
                option.entries[key] = Item(join(known.value, value), known.sure)
        elif isinstance(option, Items):
            _replace(walk, option, index, value, sure)
        elif isinstance(option, External):
            handler = walk.library.item_setters.get(option.path)
            if handler is not None:
                handler(walk, option, index, value)


def _replace(walk: Walk, container: Items, index: Value, value: Value, sure: bool) -> None:
    """``container[index] = value`` of a list; where the place is not known, every element may be gone."""
    place = _place(walk, container, index)
    if place is not None:
        certain = sure and walk.touches_surely(container.born)
        container.items[place] = Item(value if certain else join(container.items[place].value, value))
        return
    added = [Item(value)] if isinstance(index, Literal) else iterate(walk, value).items
    container.items[:] = unsure((*container.items, *added))[:ITEM_LIMIT]


def delete_item(walk: Walk, container: Value, index: Value) -> None:
    """``del container[index]``; what may be gone is not sure any more."""
    for option in options(container):
        certain = option is container and isinstance(option, (Items, Table)) and walk.touches_surely(option.born)
        if isinstance(option, Table):
            _delete_key(walk, option, key_of(index), certain)
        elif isinstance(option, Items):
            place = _place(walk, option, index)
            if certain and place is not None:
                del option.items[place]
            else:
                option.items[:] = unsure(option.items)


def _delete_key(walk: Walk, table: Table, key: object | None, certain: bool) -> None:
    item = table.entries.get(key)
    if item is None and table.complete and key is not None:
        walk.fail("KeyError")
    elif item is None or not item.sure:
        walk.may_fail(KEY_ERROR)
    for entry in list(table.entries) if key is None else [key]:
        if entry in table.entries:
            table.entries[entry] = Item(table.entries[entry].value, False)
    if certain and key is not None:
        table.entries.pop(key, None)


def _place(walk: Walk, container: Items, index: Value) -> int | None:
    """Which element an index names, if that is known."""
    if not (isinstance(index, Literal) and isinstance(index.value, int) and is_known(container)):
        walk.may_fail(INDEX_ERROR)
        return None
    if -len(container.items) <= index.value < len(container.items):
        return index.value
    walk.fail("IndexError")
    return None


def unsure(items: Iterable[Item]) -> list[Item]:
    """Elements that only may be there, or stand elsewhere."""
    return [Item(item.value, False) for item in items]


def append(walk: Walk, container: Items, value: Value, position: int | None = None, sure: bool = True) -> None:
    """``container.append(value)`` or ``insert``."""
    if len(container.items) >= ITEM_LIMIT:
        container.complete = False
        return
    item = Item(value, sure and walk.touches_surely(container.born))
    container.items.insert(len(container.items) if position is None else position, item)


def extend(walk: Walk, container: Items, values: Value) -> None:
    """``container.extend(values)``."""
    added = iterate(walk, values)
    for item in list(added.items):
        append(walk, container, item.value, None, item.sure)
    container.complete &= added.complete


def update(walk: Walk, container: Items | Table, values: Value) -> None:
    """``container.update(values)`` of a set or mapping."""
    if isinstance(container, Items):
        extend(walk, container, values)
        return
    for option in options(values):
        if isinstance(option, Table):
            for key, item in list(option.entries.items()):
                certain = item.sure and walk.touches_surely(container.born) and not isinstance(values, Choice)
                known = container.entries.get(key)
                joined = item.value if known is None or certain else join(known.value, item.value)
                container.entries[key] = Item(joined, certain or (known is not None and known.sure))
            container.complete &= option.complete
        else:
            container.complete = False


def from_items(walk: Walk, kind: str, items: Iterable[Item], complete: bool = True) -> Items:
    """A new sequence of items."""
    return Items(kind, items, walk.doubt, complete)
