"""Values as keys, as elements of sets, as Python objects."""

from __future__ import annotations

import pytest

from flake8_forksafe.interpreter.containers import Items
from flake8_forksafe.interpreter.identity import distinct, is_known, key_of, python_value, value_of
from flake8_forksafe.interpreter.values import UNKNOWN, Choice, Doubt, External, FilePath, Item, Literal, Value

DOUBT = Doubt()


def items(kind: str, *values: Value) -> Items:
    return Items(kind, map(Item, values), DOUBT)


@pytest.mark.parametrize("value", [Literal(1), Literal("a"), Literal(None), Literal(1.5), External("library.thing")])
def test_a_key_stands_for_its_value(value: Value) -> None:
    assert repr(value_of(key_of(value))) == repr(value)


def test_keys_are_equal_where_pythons_are() -> None:
    assert key_of(Literal(1)) == key_of(Literal(True)) == key_of(Literal(1.0))
    assert key_of(items("tuple", Literal(1), Literal("a"))) == (1, "a")
    assert key_of(Literal(None)) != key_of(Literal("None"))


def test_what_is_unknown_or_cannot_be_a_key_is_none() -> None:
    unsure = Items("tuple", [Item(Literal(1), False)], DOUBT)
    for value in (UNKNOWN, items("list"), unsure, Choice((Literal(1), Literal(2)))):
        assert key_of(value) is None


def test_objects_are_keys_by_identity() -> None:
    made = External("library.make()")
    assert key_of(made) is made
    assert value_of(made) is made


def test_a_set_holds_equal_elements_once() -> None:
    found = distinct([Item(Literal(1), False), Item(Literal(True)), Item(UNKNOWN), Item(UNKNOWN)])
    assert [(repr(item.value), item.sure) for item in found] == [("1", True), ("?", False), ("?", False)]


def test_known_and_python_values() -> None:
    nested = items("list", Literal(1), items("tuple", Literal("a"), FilePath("/srv")))
    assert is_known(nested)
    assert python_value(nested) == ([1, ("a", "/srv")],)
    nested.complete = False
    assert not is_known(nested)
    assert python_value(nested) is None
    assert python_value(items("list", UNKNOWN)) is None
    assert python_value(External("library.thing")) is None
