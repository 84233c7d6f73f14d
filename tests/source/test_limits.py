"""What is left out of a statement before it is parsed."""

from __future__ import annotations

import libcst
import pytest

from flake8_forksafe.source.limits import CHAIN_LIMIT, LITERAL_LIMIT, PATTERN_LIMIT, bounded

NUMBERS = ", ".join("1234567890" for _ in range(LITERAL_LIMIT // 12 + 1))
CHAIN = " + ".join("a" for _ in range(CHAIN_LIMIT // 2 + 1))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("x = 1", "x = 1"),
        (f"x = [{NUMBERS}]", "x = ..."),
        (f"x = f([{NUMBERS}], 2)", "x = f( ..., 2)"),
        (f"x = {CHAIN}", "x = ..."),
        (f"x = f({CHAIN}, 2)", "x = f( ..., 2)"),
        (f"f(key={CHAIN}, other=2)", "f(key= ..., other=2)"),
        (f"return {CHAIN}", "return ..."),
        (f"x = '{CHAIN}'", f"x = '{CHAIN}'"),
        (f"x = '{NUMBERS}'", f"x = '{NUMBERS}'"),
        (f"x = rf'{NUMBERS}', 2", "x = ..., 2"),
        (f"x = {{'a': 1, 'b': [{NUMBERS}], 'c': 2}}", "x = {'a': 1, 'b': ..., 'c': 2}"),
        (f"x = {{'a': {{'b': [{NUMBERS}]}}, {CHAIN}: 2}}", "x = {'a': {'b': ...}, ...: 2}"),
        (f"x = {{a: b for a, b in [{NUMBERS}]}}", "x = { ...}"),
        (f"x = f(a for a, b in {CHAIN})", "x = f( ...)"),
        (f"x = {{'a': 1, **{{'b': [{NUMBERS}]}}}}", "x = {'a': 1, **{'b': ...}}"),
        (f"x = {{'a': 1, **f({CHAIN})}}", "x = {'a': 1, **f( ...)}"),
        (f"x = {{'a': 1, **{CHAIN}}}", "x = {'a': 1, ** ...}"),
        (f"f(a=1, *{CHAIN}, **{CHAIN})", "f(a=1, * ..., ** ...)"),
        ("x = " + "f(" * 12 + "1" + ")" * 12, "x = " + "f(" * 12 + "1" + ")" * 12),
        ("x = " + "f(" * 60 + "1" + ")" * 60, "x = " + "f(" * 12 + " ..." + ")" * 12),
        ("x = " + "f(a, " * 14 + "[1, 2]" + ")" * 14, "x = " + "f(a, " * 11 + "f(a, ..." + ")" * 12),
        ("x = " + "{1: [" * 60 + "]}" * 60, "x = " + "{1: [" * 6 + " ..." + "]}" * 6),
        ("x = " + "(a for a in " * 60 + ")" * 60, "x = " + "(a for a in " * 11 + "( ..." + ")" * 12),
        ("x = f('((((((((((((((')", "x = f('((((((((((((((')"),
        ("x = f(f'{" + "f(" * 14 + ")" * 14 + "}', 2)", "x = f( ..., 2)"),
        (f"x = [{NUMBERS[: LITERAL_LIMIT // 2]}]", f"x = [{NUMBERS[: LITERAL_LIMIT // 2]}]"),
    ],
    ids=lambda text: text[:24],
)
def test_what_is_too_long_is_left_out(text: str, left: str) -> None:
    assert bounded(text, "").replace("  ", " ") == left
    libcst.parse_module(left)


def test_two_large_tables_are_left_out_one_by_one() -> None:
    assert bounded(f"x = f([{NUMBERS}], y, [{NUMBERS}])", "").replace("  ", " ") == "x = f( ..., y, ...)"


@pytest.mark.parametrize("depth", [PATTERN_LIMIT, PATTERN_LIMIT + 1])
def test_a_pattern_that_is_nested_deeply_is_left_out(depth: int) -> None:
    pattern = f"case {'[' * depth}x{']' * depth}"
    assert bounded(pattern, "case") == (pattern if depth <= PATTERN_LIMIT else "case [*_]")
