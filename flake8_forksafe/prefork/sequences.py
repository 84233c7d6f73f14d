"""Operations on sequences, mappings and plain values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flake8_forksafe.prefork.values import (
    CHOICE_LIMIT,
    FALSE,
    TRUE,
    UNKNOWN,
    Arguments,
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
    from flake8_forksafe.prefork.frames import Frame
    from flake8_forksafe.prefork.walk import Walk

TEXT_LIMIT = 100_000
"""Characters of the longest string that is computed."""
ITEM_LIMIT = 20_000
"""Elements of the longest sequence that is computed."""

KEY_ERROR, INDEX_ERROR = External("builtins.KeyError()"), External("builtins.IndexError()")


def new_item(walk: Walk, value: Value, frame: Frame) -> Item:
    """An element added by the current statement of ``frame``."""
    return Item(value, walk.is_sure(frame))


def key_of(value: Value) -> object | None:
    """What a value is in a mapping's keys; None if it is not known."""
    if isinstance(value, Literal):
        return ("", value.value) if value.value is None else value.value
    if isinstance(value, Items) and value.kind == "tuple" and value.complete:
        parts = [key_of(item.value) for item in value.items]
        return None if None in parts else tuple(parts)
    if isinstance(value, External) and not value.path.endswith("()"):
        return ("external", value.path)
    if isinstance(value, ModuleValue):
        return ("module", value.module.name)
    return value if isinstance(value, (Class, Function, Instance, External)) else None


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
        for name in ("__iter__",):
            method = walk.attribute(value, name, frame)
            if isinstance(method, (Function,)) or type(method).__name__ == "Method":
                result = walk.call(method, Arguments(), frame)
                if isinstance(result, Items):
                    return result
    return Items("iterator", (), walk.doubt, complete=False)


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
        return join(*(get_item(walk, option, index) for option in container.options))
    if isinstance(index, Choice):
        return join(*(get_item(walk, container, option) for option in index.options))
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
            return UNKNOWN
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
        known = container.items[position] if 0 <= position < len(container.items) else None
        before = container.items[:position] if position >= 0 else []
        return known.value if known is not None and all(item.sure for item in [*before, known]) else UNKNOWN
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
        return join(*(get_slice(walk, option, bounds) for option in container.options))
    if isinstance(container, Literal) and isinstance(container.value, (str, bytes)):
        return Literal(container.value[part])
    if isinstance(container, Items):
        return Items(container.kind, container.items[part], walk.doubt, container.complete)
    return UNKNOWN


def contains(walk: Walk, container: Value, element: Value) -> Value:
    """``element in container``."""
    if isinstance(container, Choice) or isinstance(element, Choice):
        return join(*(contains(walk, left, right) for left in options(container) for right in options(element)))
    if isinstance(container, Literal) and isinstance(element, Literal):
        if isinstance(container.value, str) and isinstance(element.value, str):
            return Literal(element.value in container.value)
        return UNKNOWN
    if isinstance(container, FilePath):
        return UNKNOWN
    if isinstance(container, Table):
        key = key_of(element)
        if key is None:
            return UNKNOWN
        item = container.entries.get(key)
        return (UNKNOWN if not container.complete else FALSE) if item is None else (TRUE if item.sure else UNKNOWN)
    if isinstance(container, Items):
        answers = [(equal(item.value, element), item.sure) for item in container.items]
        if (True, True) in answers:
            return TRUE
        unsure = not container.complete or any(answer is not False for answer, _ in answers)
        return UNKNOWN if unsure else FALSE
    return UNKNOWN


def equal(left: Value, right: Value) -> bool | None:
    """``left == right``; None if that is not known."""
    if isinstance(left, Literal) and isinstance(right, Literal):
        return left.value == right.value
    if isinstance(left, FilePath) and isinstance(right, FilePath):
        return left.path == right.path
    if isinstance(left, Items) and isinstance(right, Items):
        sure = all(item.sure for item in (*left.items, *right.items)) and left.complete and right.complete
        if not sure:
            return None
        if len(left.items) != len(right.items) or left.kind != right.kind:
            return False
        answers = [equal(a.value, b.value) for a, b in zip(left.items, right.items, strict=True)]
        return False if False in answers else (None if None in answers else True)
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
    if isinstance(left, Choice) or isinstance(right, Choice):
        pairs = [(a, b) for a in options(left) for b in options(right)]
        return join(*(binary(walk, symbol, a, b) for a, b in pairs)) if len(pairs) <= CHOICE_LIMIT else UNKNOWN
    if isinstance(left, Literal) and isinstance(right, Literal):
        return _arithmetic(symbol, left.value, right.value)
    if symbol == "/" and isinstance(left, FilePath) and (part := path_text(right)) is not None:
        return join_path(left.path, part)
    if symbol == "%" and isinstance(left, Literal) and isinstance(left.value, str):
        return _percent(left.value, right)
    if symbol == "+" and isinstance(left, Items):
        return _concatenate(walk, left, right)
    if symbol == "+" and isinstance(right, Items):
        return Items(right.kind, right.items, walk.doubt, complete=False)
    if symbol == "*" and isinstance(left, Items) and isinstance(right, Literal) and isinstance(right.value, int):
        return Items(left.kind, left.items * max(0, min(right.value, 10)), walk.doubt, left.complete)
    if symbol == "|" and isinstance(left, Table):
        merged = Table(dict(left.entries), walk.doubt, left.complete)
        update(walk, merged, right)
        return merged
    if isinstance(left, Items) and left.kind == "set" and isinstance(right, Items):
        return _set_operation(walk, symbol, left, right)
    return UNKNOWN


def _arithmetic(symbol: str, left: Plain, right: Plain) -> Value:
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
        return _percent(left, Literal(right)) if isinstance(left, str) else UNKNOWN
    try:
        result = ARITHMETIC[symbol](left, right)
    except (TypeError, ValueError, ArithmeticError, KeyError):
        return UNKNOWN
    return Literal(result) if isinstance(result, (str, bytes, int, float, complex)) else UNKNOWN


def _percent(template: str, right: Value) -> Value:
    values = [item.value for item in right.items] if isinstance(right, Items) else [right]
    plain = [value.value for value in values if isinstance(value, Literal)]
    if len(plain) != len(values) or any("%*" in template or character in template for character in "*"):
        return UNKNOWN
    if any(isinstance(value, str) and len(value) > TEXT_LIMIT for value in plain) or _wide(template):
        return UNKNOWN
    try:
        return Literal(template % tuple(plain))
    except (TypeError, ValueError):
        return UNKNOWN


def _wide(template: str) -> bool:
    """Whether a format has a field width that is a bomb."""
    digits = 0
    for character in template:
        digits = digits + 1 if character.isdigit() else 0
        if digits > 4:
            return True
    return False


def _concatenate(walk: Walk, left: Items, right: Value) -> Value:
    if isinstance(right, Items):
        if len(left.items) + len(right.items) > ITEM_LIMIT:
            return UNKNOWN
        return Items(left.kind, [*left.items, *right.items], walk.doubt, left.complete and right.complete)
    return Items(left.kind, left.items, walk.doubt, complete=False)


def _set_operation(walk: Walk, symbol: str, left: Items, right: Items) -> Value:
    if symbol == "|":
        return Items("set", [*left.items, *right.items], walk.doubt, left.complete and right.complete)
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
    if isinstance(left, Choice) or isinstance(right, Choice):
        return join(*(compare(walk, symbol, a, b) for a in options(left) for b in options(right)))
    if symbol in ("==", "!="):
        answer = equal(left, right)
        return UNKNOWN if answer is None else Literal(answer != (symbol == "!="))
    if symbol in ("is", "is not"):
        return _negated(_identical(left, right), symbol == "is not")
    plain_left, plain_right = _plain(left), _plain(right)
    if plain_left is None or plain_right is None:
        return UNKNOWN
    try:
        return Literal(bool(ORDER[symbol](plain_left, plain_right)))
    except TypeError:
        return UNKNOWN


def _plain(value: Value) -> object | None:
    """A Python object to compare with ``<``."""
    if isinstance(value, Literal):
        return value.value
    if isinstance(value, Items) and value.complete:
        parts = [_plain(item.value) for item in value.items]
        return None if None in parts else tuple(parts)
    return None


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
    for option in options(container):
        sure = not isinstance(container, Choice)
        if isinstance(option, Table):
            key = key_of(index)
            if key is None:
                option.complete = False
                continue
            certain = sure and walk.touches_surely(option.born)
            known = option.entries.get(key)
            if known is None or certain:
                option.entries[key] = Item(value, certain)
            else:
                option.entries[key] = Item(join(known.value, value), known.sure)
        elif isinstance(option, Items) and isinstance(index, Literal) and isinstance(index.value, int):
            if -len(option.items) <= index.value < len(option.items):
                option.items[index.value] = Item(value, option.items[index.value].sure)
        elif isinstance(option, External):
            handler = walk.library.item_setters.get(option.path)
            if handler is not None:
                handler(walk, option, index, value)


def delete_item(walk: Walk, container: Value, index: Value) -> None:
    """``del container[index]``."""
    key = key_of(index)
    if isinstance(container, Table) and key is not None and walk.touches_surely(container.born):
        container.entries.pop(key, None)


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
