"""Binary operators on plain values, sequences and mappings."""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import chain
from typing import Any

from flake8_forksafe.interpreter.comparison import contains
from flake8_forksafe.interpreter.containers import ANYTHING, ITEM_LIMIT, Items, MappingView, Table
from flake8_forksafe.interpreter.file_paths import join_path, path_text
from flake8_forksafe.interpreter.identity import distinct, python_value
from flake8_forksafe.interpreter.iteration import charged, each
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.mutation import update
from flake8_forksafe.interpreter.strings import TEXT_LIMIT, TooLarge, percent
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import (
    CHOICE_LIMIT,
    UNKNOWN,
    Choice,
    FilePath,
    Item,
    Literal,
    Plain,
    Value,
    options,
)

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "<<": operator.lshift, ">>": operator.rshift, "|": operator.or_, "&": operator.and_,
    "^": operator.xor, "**": operator.pow,
}  # fmt: skip


def binary(machine: Machine, symbol: str, left: Value, right: Value) -> Value:
    """``left <symbol> right``."""
    if len(options(left)) * len(options(right)) > CHOICE_LIMIT:
        return UNKNOWN
    if isinstance(left, Choice):
        return each(machine, left, lambda option: binary(machine, symbol, option, right))
    if isinstance(right, Choice):
        return each(machine, right, lambda option: binary(machine, symbol, left, option))
    return charged(machine, _binary(machine, symbol, left, right))


def _binary(machine: Machine, symbol: str, left: Value, right: Value) -> Value:
    if isinstance(left, Literal) and isinstance(right, Literal):
        return _arithmetic(machine, symbol, left.value, right.value)
    if symbol == "/" and isinstance(left, FilePath) and (part := path_text(right)) is not None:
        return join_path(left.path, part)
    if symbol == "%" and isinstance(left, Literal) and isinstance(left.value, str):
        return _percent(machine, left.value, right)
    if symbol == "+" and isinstance(left, Items):
        return _concatenate(machine, left, right)
    if symbol == "+" and isinstance(right, Items):
        return Items(right.kind, (ANYTHING, *right.items), machine.journal.doubt, complete=False)
    if symbol == "*" and isinstance(left, Items) and isinstance(right, Literal) and isinstance(right.value, int):
        repeated = (item for _ in range(min(right.value, ITEM_LIMIT)) for item in left.items)
        return Items(left.kind, repeated if left.items else (), machine.journal.doubt, left.complete)
    if symbol == "|" and isinstance(left, Table) and not isinstance(right, MappingView):  # that makes a set of both
        merged = left.copied(machine.journal.doubt)
        update(machine, merged, right)
        return merged
    if isinstance(left, Items) and left.kind == "set" and isinstance(right, Items) and symbol in ("|", "&", "-", "^"):
        return _set_operation(machine, symbol, left, right)
    return UNKNOWN


def _arithmetic(machine: Machine, symbol: str, left: Plain, right: Plain) -> Value:
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
        return _percent(machine, left, Literal(right)) if isinstance(left, str) else UNKNOWN
    if symbol not in ARITHMETIC:
        return UNKNOWN
    try:
        result = ARITHMETIC[symbol](left, right)
    except (TypeError, ValueError, ArithmeticError) as error:
        return machine.fail(type(error).__name__)
    return Literal(result) if isinstance(result, (str, bytes, int, float, complex)) else UNKNOWN


def _percent(machine: Machine, template: str, right: Value) -> Value:
    values = python_value(right)
    if values is None or (isinstance(right, Items) and right.kind != "tuple"):
        return UNKNOWN
    try:
        return Literal(percent(template, values[0]))
    except TooLarge:
        return UNKNOWN
    except (TypeError, ValueError) as error:
        return machine.fail(type(error).__name__)


def _concatenate(machine: Machine, left: Items, right: Value) -> Value:
    if isinstance(right, Items):
        if left.kind != right.kind and {left.kind, right.kind} <= {"list", "tuple"}:
            return machine.fail("TypeError")
        between = () if left.complete or not right.items else (ANYTHING,)
        items = chain(left.items, between, right.items)
        return Items(left.kind, items, machine.journal.doubt, left.complete and right.complete)
    return Items(left.kind, left.items, machine.journal.doubt, complete=False)


def _set_operation(machine: Machine, symbol: str, left: Items, right: Items) -> Items:
    if symbol == "|":
        return Items(
            "set", distinct([*left.items, *right.items]), machine.journal.doubt, left.complete and right.complete
        )
    if symbol == "^":
        one, other = _set_operation(machine, "-", left, right), _set_operation(machine, "-", right, left)
        return _set_operation(machine, "|", one, other)
    keep = symbol == "&"
    kept = []
    for item in left.items:
        inside = contains(machine, right, item.value)
        if (holds := truth(inside)) is None:
            kept.append(Item(item.value, False))
        elif holds is keep:
            kept.append(item)
    return Items("set", kept, machine.journal.doubt, left.complete)
