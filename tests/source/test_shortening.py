"""What is left out of a text before it is parsed says nothing; the rest says what it said."""

from __future__ import annotations

import pytest

from flake8_forksafe.source import facts
from flake8_forksafe.source.collector import collect
from flake8_forksafe.source.shortening import shortened
from flake8_forksafe.source.text import Unreadable


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("def f(a: int, *b: str, c: dict[str, int] = {}, **d: X) -> list[str]", "def _(a, *b, c= {}, **d)"),
        ("async def f[T: int](a: T)", "async def _[T: int](a: T)"),
        ("def f(a: 'x, y' = 1, b: Literal['=', ':'] = 2)", "def _(a= 1, b= 2)"),
        ("def f(a=lambda x, y: x)", "def _(a=lambda x, y: x)"),
        ("def f(a={1: 2}, b=x[1:2], c=': int')", "def _(a={1: 2}, b=x[1:2], c=': int')"),
        ("def f(a=f'{x:,}')", "def _(a=f'{x:,}')"),
        ("def f(a:, b)", "def _(a:, b)"),
        ("def f(a: int int, b: str)", "def _(a: int int, b)"),
        ("def f(a: int) -> str str", "def _(a: int) -> str str"),
        ("def f(*a: *Ts)", "def _(*a: *Ts)"),
        ("def f(a: int = ')', b=') -> x')", "def _(a= ')', b=') -> x')"),
        ("def f(a: (yield), b: [c for c in d])", "def _(a, b)"),
    ],
)
def test_headers_without_annotations(text: str, short: str) -> None:
    assert shortened("def", text) == ("def", short)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("x: int", "pass"),
        ("x: int int", "x: int int"),
        ("x: dict[str, int}", "x: dict[str, int}"),
        ("x: dict[str, int] = {}", "x = {}"),
        ("x: 'a = b' = c == d", "x = c == d"),
        ("x: int == 1", "x: int == 1"),
        ("x.y: int = 1", "x.y: int = 1"),
        ("x: = 1", "x: = 1"),
        ("lambda: x", "lambda: x"),
        ("x = {y: 1}", "x = {y: 1}"),
        ("x[1:2] = y", "x[1:2] = y"),
    ],
)
def test_assignments_without_annotations(text: str, short: str) -> None:
    assert shortened("", text) == ("", short)


def test_headers_that_differ_in_names_and_annotations_are_parsed_once() -> None:
    assert shortened("def", "def f(self, a: int) -> None") == shortened("def", "def g(self, a: str)")
    assert shortened("class", "class A(B)") == shortened("class", "class C(B)")


def test_facts_are_those_without_annotations() -> None:
    assert collect("def f(a: int = g(), *, b: str) -> None: pass\nx: int = h()\n") == (
        facts.Define(1, 0, "f", (
            facts.Parameter("a", facts.Call(facts.Name("g"), ()), ""), facts.Parameter("b", None, "="),
        ), (), ()),
        facts.Assign(2, 0, (facts.Name("x"),), facts.Call(facts.Name("h"), ())),
    )  # fmt: skip


@pytest.mark.parametrize("text", ["x: int int = 1\n", "def f(a: int int): pass\n", "def f() -> int int: pass\n"])
def test_a_mistake_in_an_annotation_is_a_syntax_error(text: str) -> None:
    with pytest.raises(Unreadable):
        collect(text)
