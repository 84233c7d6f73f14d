"""Frames and control flow."""

from __future__ import annotations

import itertools

from flake8_forksafe.interpreter.frames import FLOWS, Flow, Frame
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Doubt, Literal, Module
from flake8_forksafe.project.layout import FoundModule

MODULE = Module(FoundModule("main", "/srv/main.py", False, (), "first-party"))


def frame(kind: str, closure: Frame | None = None) -> Frame:
    return Frame(MODULE, Node("main"), kind, Doubt(), closure)


def test_the_table_of_flows_is_what_the_operators_of_enum_give() -> None:
    for left, right in itertools.product(FLOWS, repeat=2):
        assert (left | right).value == left.value | right.value
        assert (left & right).value == left.value & right.value
        assert (~left & right).value == ~left.value & right.value & 31
    assert Flow.NEXT | Flow.ABORT is FLOWS[17]


def test_names_are_looked_up_in_functions_around_but_not_in_classes() -> None:
    outer = frame("function")
    outer.names["a"] = Literal("outer")
    body = frame("class", outer)
    body.names["a"] = body.names["b"] = Literal("class")
    method = frame("function", body)
    comprehension = frame("comprehension", body)
    MODULE.names["b"] = Literal("module")
    assert [repr(inner.find(name)) for inner in (method, comprehension) for name in "ab"] == [
        "'outer'", "'module'", "'outer'", "'module'"
    ]  # fmt: skip


def test_global_and_nonlocal_names_are_bound_elsewhere() -> None:
    outer = frame("function")
    outer.names["a"] = Literal(1)
    inner = frame("function", frame("class", outer))
    assert inner.scope_of("a") is inner.names
    inner.outer_names |= {"a": "nonlocal", "b": "global"}
    assert inner.scope_of("a") is outer.names
    assert inner.scope_of("b") is MODULE.names


def test_a_comprehension_stands_behind_the_gates_of_what_it_stands_in_and_a_function_does_not() -> None:
    outer = frame("module")
    outer.gates = ("gate",)  # type: ignore[assignment]
    assert frame("comprehension", outer).gates == ("gate",)
    assert frame("function", outer).gates == ()
