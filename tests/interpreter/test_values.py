"""Values: alternatives, truth, order of classes."""

from __future__ import annotations

import itertools

import pytest

from flake8_forksafe.interpreter.containers import ITEM_LIMIT, Items, NamedItems, Table
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import (
    ANCESTOR_LIMIT,
    CHOICE_LIMIT,
    FALSY,
    TRUTHY,
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    Doubt,
    External,
    Instance,
    Item,
    Literal,
    Module,
    ModuleValue,
    Value,
    join,
    options,
    same,
    text,
    texts,
)
from flake8_forksafe.project.layout import FoundModule

DOUBT = Doubt()
MODULE = Module(FoundModule("main", None, False, (), "first-party"))


def test_alternatives_are_told_apart_by_type_and_value() -> None:
    joined = join(Literal(1), Literal(True), Literal(1), Literal("1"), join(Literal(1), Literal(2)))
    assert repr(joined) == "1 or True or '1' or 2"
    assert join(Literal("a"), Literal("a")) is not UNKNOWN
    assert join() is UNKNOWN


def test_too_many_alternatives_are_unknown() -> None:
    assert isinstance(join(*map(Literal, range(CHOICE_LIMIT))), Choice)
    assert join(*map(Literal, range(CHOICE_LIMIT + 1))) is UNKNOWN


def test_the_same_thing_of_a_library() -> None:
    assert same(External("library.a"), External("library.a"))
    assert not same(External("library.a()"), External("library.a()"))
    assert same(ModuleValue(MODULE), ModuleValue(MODULE))
    assert len(options(join(External("library.a"), External("library.a"), External("library.b")))) == 2


@pytest.mark.parametrize("plain", [0, 1, "", "x", None, b"", 0.0, True, False])
def test_the_truth_of_plain_values_is_pythons(plain: object) -> None:
    assert truth(Literal(plain)) is bool(plain)  # type: ignore[arg-type]


def test_the_truth_of_what_is_partly_known() -> None:
    unsure = Items("list", [Item(Literal(1), False)], DOUBT)
    assert truth(Items("list", [], DOUBT)) is False
    assert truth(unsure) is None
    assert truth(Items("list", [], DOUBT, complete=False)) is None
    assert truth(Items("list", [Item(Literal(0))], DOUBT, complete=False)) is True
    assert truth(Table({}, DOUBT)) is False
    assert truth(join(Literal(1), Literal("x"))) is True
    assert truth(join(Literal(1), Literal(0))) is None
    assert (truth(UNKNOWN), truth(TRUTHY), truth(FALSY)) == (None, True, False)
    assert truth(External("library.make()")) is None
    assert truth(Class("Box", MODULE, (), {})) is True


def test_a_sequence_keeps_a_limited_number_of_elements() -> None:
    endless = Items("list", (Item(Literal(number)) for number in itertools.count()), DOUBT)
    assert len(endless.items) == ITEM_LIMIT
    assert not endless.complete


def test_named_items_are_a_tuple() -> None:
    version = NamedItems(("major", "minor"), [Literal(3), Literal(12)], DOUBT)
    assert (version.kind, version.fields, repr(version)) == ("tuple", ("major", "minor"), "tuple(3, 12)")


BASES: dict[str, tuple[str, ...]] = {
    "A": (), "B": ("A",), "C": ("A",), "D": ("B", "C"), "E": ("A",), "F": ("D", "E"), "G": ("C",), "H": ("B", "G"),
}  # fmt: skip


def test_the_order_of_classes_is_pythons() -> None:
    real: dict[str, type] = {}
    ours: dict[str, Class] = {}
    for name, bases in BASES.items():
        real[name] = type(name, tuple(real[base] for base in bases), {})
        ours[name] = Class(name, MODULE, tuple(ours[base] for base in bases), {})
        found = [cls.name for cls in ours[name].mro() if isinstance(cls, Class)]
        assert found == [cls.__name__ for cls in real[name].__mro__[:-1]]


def test_a_class_among_its_own_bases_has_an_order() -> None:
    cls = Class("Box", MODULE, (), {})
    cls.bases = (cls,)
    assert list(cls.mro()) == [cls]


def test_arguments_by_position_or_name() -> None:
    arguments = Arguments((Literal(1),), {"b": Literal(2)})
    assert repr(arguments.get(0, "a")) == "1"
    assert repr(arguments.get(5, "b")) == "2"
    assert arguments.get(1, "c") is None
    assert arguments._replace(complete=False).get(1, "c") is UNKNOWN
    assert arguments.get(-1, "a") is None


def test_texts() -> None:
    value: Value = join(Literal("a"), Literal(1), UNKNOWN)
    assert texts(value) == ["a"]
    assert text(value) is None
    assert text(Literal("a")) == "a"
    assert texts(None) == []


def test_a_class_with_too_many_ancestors_has_some_that_are_not_known() -> None:
    cls = Class("C", MODULE, (), {})
    for _ in range(2 * ANCESTOR_LIMIT):
        cls = Class("C", MODULE, (cls,), {})
    order = list(cls.mro())
    assert len(order) == ANCESTOR_LIMIT + 2
    assert isinstance(order[-1], External)
    assert truth(Instance(cls)) is None


@pytest.mark.parametrize(
    ("left", "right", "alike"), [(1, 1, True), (1, True, False), (1, 1.0, False), ("a", "b", False)]
)
def test_literals_are_the_same_if_type_and_value_are(left: object, right: object, alike: bool) -> None:
    assert same(Literal(left), Literal(right)) is alike


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("library", True),
        ("library.Client", True),
        ("library.Client()", None),
        ("library.LIMIT", None),
        ("library.find", None),
    ],
)
def test_the_truth_of_what_a_library_defines(path: str, expected: bool | None) -> None:
    assert truth(External(path)) is expected
    assert truth(External(path, receiver=Literal(1))) is None
