"""Identity of values: as keys of mappings, as elements of sets, and as Python objects."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_forksafe.interpreter.bounds import is_small
from flake8_forksafe.interpreter.containers import Items
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Class,
    External,
    FilePath,
    Function,
    Instance,
    Item,
    Literal,
    ModuleValue,
    Value,
    options,
)


def key_of(value: Value) -> object | None:
    """What a value is in a mapping's keys; None if it is not known."""
    return _key(value) if is_small(value) else None


def _key(value: Value) -> object | None:
    if isinstance(value, Literal):
        return ("", value.value) if value.value is None else value.value
    if isinstance(value, Items) and value.kind == "tuple" and is_known(value):
        parts = [_key(item.value) for item in value.items]
        return None if None in parts else tuple(parts)
    if isinstance(value, External) and not is_made(value):
        return ("external", value.path)
    if isinstance(value, ModuleValue):
        return ("module", value.module.name)
    return value if isinstance(value, (Class, Function, Instance, External)) else None


def is_made(value: External) -> bool:
    """Whether something of a library is what a call returned, or a part of that: the same path names several such."""
    return "()" in value.path


def is_known(value: Items) -> bool:
    """Whether all elements of a sequence are there for sure, and no others."""
    return value.complete and all(item.sure for item in value.items)


def distinct(items: Iterable[Item]) -> list[Item]:
    """The elements of a set: those that are surely the same stand for one, and one that may equal another is not sure.

    Of two that may be equal the one whose value is known stays sure, so that it is known to be in the set.
    """
    kept: list[Item] = []
    places: dict[object, int] = {}
    for item in items:
        key = key_of(item.value)
        place = len(kept) if key is None else places.setdefault(key, len(kept))
        if place == len(kept):
            kept.append(item)
        elif item.sure:
            kept[place] = Item(kept[place].value)
    taken = {key_of(item.value) for item in kept if is_told_apart(item.value)}
    anything = False
    for place, item in enumerate(kept):
        if is_told_apart(item.value):
            continue
        keys = {key_of(option) if is_told_apart(option) else None for option in options(item.value)}
        if anything or not taken.isdisjoint(keys) or (None in keys and len(taken) > 0):
            kept[place] = Item(item.value, False)
        anything |= None in keys
        taken |= keys - {None}
    return kept


def is_told_apart(value: Value) -> bool:
    """Whether a value equals what has the same key, and nothing else; a library's constant may be any value."""
    if isinstance(value, Items):
        return is_small(value) and key_of(value) is not None and all(is_told_apart(item.value) for item in value.items)
    return isinstance(value, (Literal, Class, Function, ModuleValue))


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


def unsure(items: Iterable[Item]) -> list[Item]:
    """Elements that only may be there, or stand elsewhere."""
    return [Item(item.value, False) for item in items]
