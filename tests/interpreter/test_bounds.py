"""How large values may grow."""

from __future__ import annotations

from flake8_forksafe.interpreter.bounds import ELEMENTS_PER_STEP, FREE, is_long, is_small, looking_at, weight
from flake8_forksafe.interpreter.containers import ITEM_LIMIT, Items, Table
from flake8_forksafe.interpreter.values import Doubt, Item, Literal

DOUBT = Doubt()


def listed(count: int) -> Items:
    return Items("list", [Item(Literal(1))] * count, DOUBT)


def test_elements_count_each_time_they_are_met() -> None:
    value = listed(2)
    for _ in range(12):
        value = Items("list", [Item(value), Item(value)], DOUBT)
    assert is_small(value)
    assert not is_small(Items("list", [Item(value), Item(value)], DOUBT))


def test_a_mapping_counts_its_entries() -> None:
    table = Table({number: Item(listed(100)) for number in range(ITEM_LIMIT // 100)}, DOUBT)
    assert not is_small(table)


def test_what_a_value_costs() -> None:
    assert weight(listed(ELEMENTS_PER_STEP - 1)) == 0
    assert weight(listed(FREE)) == FREE // ELEMENTS_PER_STEP
    assert weight(listed(FREE + 1)) == FREE + 1
    assert weight(Literal("a" * FREE)) == weight(Literal("a" * (FREE - 1))) == 0
    assert weight(Literal("a" * 16_000)) == 1_000
    assert weight(Literal(10**30)) == 0


def test_what_looking_at_a_value_costs() -> None:
    value = listed(2)
    for _ in range(40):
        value = Items("list", [Item(value), Item(value)], DOUBT)
    assert looking_at(value) == (ITEM_LIMIT + 1) // ELEMENTS_PER_STEP
    assert looking_at(listed(ELEMENTS_PER_STEP)) == 1 and looking_at(Literal("a" * 100)) == 0


def test_a_path_has_attributes_and_calls() -> None:
    assert not is_long("library" + ".a" * 12)
    assert is_long("library" + ".a" * 12 + "()")
