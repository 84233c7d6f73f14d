"""Entries of mappings whose keys may equal one another."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import pytest

from flake8_forksafe.interpreter import mappings
from flake8_forksafe.interpreter.containers import Table
from flake8_forksafe.interpreter.values import UNKNOWN, Choice, Doubt, External, Literal

SEP, ALTSEP = ("external", "os.sep"), ("external", "os.altsep")
ONE, TWO = Literal(1), Literal(2)


def table(*keys: object) -> Table:
    """A mapping from keys to 1."""
    made = Table({}, Doubt())
    for key in keys:
        mappings.enter(made, key, ONE, True)
    return made


@pytest.mark.parametrize("key", ["a", 1, None, ("a", 1), ("external", "builtins.int"), ("module", "app")])
def test_told_apart(key: object) -> None:
    assert mappings.is_told_apart(key)


@pytest.mark.parametrize("key", [SEP, ("a", SEP), External("f()")])
def test_not_told_apart(key: object) -> None:
    assert not mappings.is_told_apart(key)


def test_an_entry_replaces_another_that_may_be_the_same() -> None:
    made = table("/", "a")
    assert mappings.enter(made, SEP, TWO, True) == 2
    for key in ("/", "a"):
        value, present = mappings.find(made, key)
        assert present
        assert isinstance(value, Choice)
    assert mappings.find(made, SEP) == (TWO, True)
    assert not mappings.is_known(made)


def test_an_unknown_key() -> None:
    made = table("a")
    mappings.enter(made, None, TWO, True)
    value, present = mappings.find(made, "a")
    assert present
    assert isinstance(value, Choice)
    assert mappings.find(made, "b")[1] is None


def test_what_is_not_there() -> None:
    assert mappings.find(table("a"), "b") == (None, False)
    assert mappings.find(table("a", SEP), "b") == (ONE, None)
    assert mappings.find(table("a"), None)[1] is None


def test_removed() -> None:
    made = table("a", SEP)
    mappings.remove(made, "a", True)
    assert list(made.entries) == [SEP]
    assert mappings.find(made, SEP)[1] is None
    mappings.remove(made, None, True)
    assert list(made.entries) == [SEP]


def test_one_after_the_other() -> None:
    assert [item.sure for _, item in mappings.entries_of(table("a", SEP))] == [True, False]
    assert [item.sure for _, item in mappings.entries_of(table(SEP, ALTSEP))] == [True, False]
    assert mappings.is_known(table(SEP))


def test_the_environment_is_changed_by_name() -> None:
    made = table("a")
    made.observer = object()  # type: ignore[assignment]
    mappings.enter(made, None, UNKNOWN, True)
    assert mappings.find(made, "a") == (ONE, True)


@pytest.mark.parametrize("observed", [True, False])
def test_keys_that_a_mapping_lacks_are_those_of_the_environment_only(observed: bool) -> None:
    """Setting a variable whose name is not known does not set those that the process surely has not; a copy may."""

    class Silent:
        def reads(self, key: str) -> None: ...

        def changing(self, frame: object) -> AbstractContextManager[None]:
            return nullcontext()

    made = Table({}, Doubt(), complete=False)
    made.lacks = frozenset({"RUN_MAIN"})
    made.observer = Silent() if observed else None
    mappings.enter(made, None, ONE, True)
    assert made.tells("RUN_MAIN") is observed
