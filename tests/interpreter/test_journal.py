"""Doubt, and what was written in it."""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.journal import Journal
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Choice, Literal, Module
from flake8_forksafe.project.layout import FoundModule


def test_what_was_written_in_doubt_may_be_the_old_value() -> None:
    journal, names = Journal(), {"a": Literal(1)}  # type: tuple[Journal, dict[str, Value]]
    with journal.doubted():
        journal.write(names, "a", Literal(2))
        journal.write(names, "b", Literal(3))
        assert repr(names["a"]) == "2"
    assert isinstance(names["a"], Choice)
    assert repr(names["a"]) == "1 or 2"
    assert repr(names["b"]) == "3"
    assert journal.entries == []


def test_what_is_written_for_sure_needs_no_journal() -> None:
    journal, names = Journal(), {"a": Literal(1)}  # type: tuple[Journal, dict[str, Value]]
    with journal.doubted(False):
        journal.write(names, "a", Literal(2))
    assert repr(names["a"]) == "2"
    assert journal.entries == []


def test_nested_doubt_keeps_the_oldest_value() -> None:
    journal, names = Journal(), {"a": Literal(1)}  # type: tuple[Journal, dict[str, Value]]
    with journal.doubted():
        journal.write(names, "a", Literal(2))
        with journal.doubted():
            journal.write(names, "a", Literal(3))
        assert repr(names["a"]) == "2 or 3"
    assert repr(names["a"]) == "1 or 2 or 3"


def test_sure_is_relative_to_the_doubt_in_which_a_frame_was_entered() -> None:
    journal = Journal()
    module = Module(FoundModule("main", None, False, (), "first-party"))
    outer = Frame(module, Node("main"), "module", journal.doubt)
    assert journal.is_sure(outer)
    with journal.doubted():
        inner = Frame(module, Node("main", "f"), "function", journal.doubt)
        born = journal.doubt
        assert not journal.is_sure(outer)
        assert journal.is_sure(inner)
        assert journal.touches_surely(born)
        with journal.doubted():
            assert not journal.touches_surely(born)
    assert journal.is_sure(outer)


def test_doubt_ends_with_an_exception_too() -> None:
    journal = Journal()
    try:
        with journal.doubted():
            raise KeyError
    except KeyError:
        pass
    assert journal.doubt is journal.certain
