"""Comparison and containment of plain values, sequences and mappings."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from flake8_forksafe.interpreter import generators, mappings
from flake8_forksafe.interpreter.bounds import is_small, looking_at, weight
from flake8_forksafe.interpreter.containers import Items, Lazy, Table
from flake8_forksafe.interpreter.identity import is_known, is_made, is_told_apart, key_of, python_value
from flake8_forksafe.interpreter.iteration import each
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.truth_testing import is_builtin, is_definition
from flake8_forksafe.interpreter.values import (
    FALSE,
    TRUE,
    UNKNOWN,
    Choice,
    Class,
    External,
    FilePath,
    Function,
    Instance,
    Literal,
    ModuleValue,
    Unknown,
    Value,
    same,
    texts,
)


def contains(machine: Machine, container: Value, element: Value) -> Value:
    """``element in container``."""
    if isinstance(container, Choice):
        return each(machine, container, lambda option: contains(machine, option, element))
    if isinstance(element, Choice):
        return each(machine, element, lambda option: contains(machine, container, option))
    if isinstance(container, Literal) and isinstance(element, Literal):
        if isinstance(container.value, str) and isinstance(element.value, str):
            return Literal(element.value in container.value)
        return UNKNOWN if isinstance(container.value, bytes) else machine.fail("TypeError")
    if isinstance(container, FilePath):
        return UNKNOWN
    if isinstance(container, External):
        has = machine.library.members.get(container.path)
        return UNKNOWN if has is None else has(machine, element)
    if isinstance(container, Lazy):
        container = generators.taken_until(machine, container, container.frame, lambda value: equal(value, element))
    if isinstance(container, Table):
        if container.observer is not None:
            for name in texts(element):
                container.observer.reads(name)
        machine.step(looking_at(element))
        present = mappings.find(container, key_of(element))[1]
        return UNKNOWN if present is None else Literal(present)
    if isinstance(container, Items) and is_small(element) and (isinstance(element, Literal) or is_small(container)):
        machine.step(weight(container))
        unsure = not container.complete
        for value, is_there in container.items:
            answer = _equal(value, element)
            if answer and is_there:
                return TRUE
            unsure |= answer is not False
        return UNKNOWN if unsure else FALSE
    return UNKNOWN


def equal(left: Value, right: Value) -> bool | None:
    """``left == right``; None if that is not known."""
    return _equal(left, right) if is_small(left) and is_small(right) else None


def _equal(left: Value, right: Value) -> bool | None:
    if isinstance(left, Literal) and isinstance(right, Literal):
        return left.value == right.value
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return None
    if isinstance(left, FilePath) and isinstance(right, FilePath):
        return left.path == right.path
    if isinstance(left, Items) and isinstance(right, Items):
        return _equal_items(left, right)
    if isinstance(left, Table) and isinstance(right, Table):
        return _equal_tables(left, right)
    if isinstance(left, (Choice, Unknown)) or isinstance(right, (Choice, Unknown)):
        return None  # one object may stand for several values
    if same(left, right):
        several = isinstance(left, External) and is_made(left) and left.receiver is None
        return None if several and left is not right else True
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
    kinds = {left.kind, right.kind}
    if kinds == {"set"}:
        keys = [[key_of(item.value) for item in value.items] for value in (left, right)]
        if None in keys[0] or None in keys[1] or not (is_known(left) and is_known(right)):
            return None
        told_apart = all(is_told_apart(item.value) for item in (*left.items, *right.items))
        return set(keys[0]) == set(keys[1]) or (False if told_apart else None)
    if kinds & {"iterator", "view"} or not (is_known(left) and is_known(right)):
        return None
    if len(kinds) > 1 or len(left.items) != len(right.items):
        return False
    answers = [_equal(a.value, b.value) for a, b in zip(left.items, right.items, strict=True)]
    return False if False in answers else (None if None in answers else True)


def _equal_tables(left: Table, right: Table) -> bool | None:
    if left.untold or right.untold or not (mappings.is_known(left) and mappings.is_known(right)):
        return None
    if left.entries.keys() != right.entries.keys():
        return False
    answers = [_equal(item.value, right.entries[key].value) for key, item in left.entries.items()]
    return False if False in answers else (None if None in answers else True)


ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def compare(machine: Machine, symbol: str, left: Value, right: Value) -> Value:
    """``left <symbol> right`` for a comparison."""
    if symbol in ("in", "not in"):
        return _negated(contains(machine, right, left), symbol == "not in")
    if isinstance(left, Choice):
        return each(machine, left, lambda option: compare(machine, symbol, option, right))
    if isinstance(right, Choice):
        return each(machine, right, lambda option: compare(machine, symbol, left, option))
    if symbol in ("==", "!="):
        machine.step(looking_at(left) + looking_at(right))
        answer = equal(left, right)
        return UNKNOWN if answer is None else Literal(answer != (symbol == "!="))
    if symbol in ("is", "is not"):
        machine.step(looking_at(left) + looking_at(right))
        return _negated(_identical(left, right), symbol == "is not")
    machine.step(looking_at(left) + looking_at(right))
    plain_left, plain_right = _ordered(left), _ordered(right)
    if plain_left is None or plain_right is None:
        return UNKNOWN
    try:
        return Literal(bool(ORDER[symbol](plain_left[0], plain_right[0])))
    except TypeError as error:
        return machine.fail(type(error).__name__)


def _ordered(value: Value) -> tuple[object] | None:
    """A Python object to compare with ``<``, in a tuple; None if it is not known."""
    if isinstance(value, Items) and value.kind == "set":
        keys = [key_of(item.value) for item in value.items if is_told_apart(item.value)]
        is_whole = is_known(value) and len(keys) == len(value.items)
        return (frozenset(keys),) if is_whole and None not in keys else None
    return python_value(value) if not isinstance(value, FilePath) else None


def _identical(left: Value, right: Value) -> Value:
    none = [isinstance(value, Literal) and value.value is None for value in (left, right)]
    if all(none):
        return TRUE
    if any(none):
        other = right if none[0] else left
        known = (Literal, Items, Table, Class, Function, Instance, Lazy, ModuleValue, FilePath)
        truthy = isinstance(other, Unknown) and other.holds
        return FALSE if isinstance(other, known) or is_builtin(other) or is_definition(other) or truthy else UNKNOWN
    if isinstance(left, Literal) and isinstance(right, Literal) and type(left.value) is not type(right.value):
        return FALSE  # 1 is True
    if (
        isinstance(left, Instance)
        and isinstance(right, Instance)
        and "_name_" in left.names
        and "_name_" in right.names
    ):
        return TRUE if left is right else FALSE  # members of an enumeration
    changeable = [isinstance(value, Table) or (isinstance(value, Items) and value.kind != "tuple")
                  for value in (left, right)]  # fmt: skip
    if left is not right and any(changeable) and all(isinstance(value, (Table, Items)) for value in (left, right)):
        return FALSE
    answer = equal(left, right)
    return UNKNOWN if answer is None else Literal(answer)


def _negated(value: Value, negate: bool) -> Value:
    if not negate:
        return value
    return Literal(not value.value) if isinstance(value, Literal) else UNKNOWN
