"""What happens in every execution of a function, or in one that certainly takes place, is sure."""

from __future__ import annotations

from flake8_forksafe.interpreter.occurrences import Occurrences
from flake8_forksafe.interpreter.records import Node

F = Node("main", "f")


def test_in_every_execution_or_not() -> None:
    seen = Occurrences()
    seen.add("always", 1, False, True)
    seen.add("once", 1, False, True)
    seen.add("always", 2, False, True)
    assert seen.is_sure("always", F, {F: 2})
    assert not seen.is_sure("once", F, {F: 2})
    assert seen.is_sure("once", F, {F: 1})
    assert not seen.is_sure("never", F, {F: 1})


def test_twice_in_one_execution_counts_once() -> None:
    seen = Occurrences()
    seen.add("twice", 1, False, True)
    seen.add("twice", 1, False, True)
    assert not seen.is_sure("twice", F, {F: 2})


def test_what_certainly_happens_needs_no_other_execution() -> None:
    seen = Occurrences()
    seen.add("certain", 1, True, False)
    seen.add("doubtful", 1, False, False)
    assert seen.is_sure("certain", F, {F: 9})
    assert not seen.is_sure("doubtful", F, {F: 1})


def test_a_module_is_executed_once() -> None:
    seen = Occurrences()
    seen.add("import", 0, False, True)
    assert seen.is_sure("import", Node("main"), {})
