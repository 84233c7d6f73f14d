"""Text of a project on its way to a screen."""

from __future__ import annotations

import pytest

from flake8_forksafe.printable import printable, shortened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("shop.tasks → torch", "shop.tasks → torch"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("a\u202eb", "a\\u202eb"),
        ("a\udcffb", "a\\udcffb"),
        ("::set-output name=x::y", "\\x3a:set-output name=x::y"),
        ("  ::error::x", "  \\x3a:error::x"),
        ("shop::tasks", "shop::tasks"),
        ("##[group]x", "#\\x23[group]x"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    assert shortened("x" * 40, 40) == "x" * 40
    assert shortened("a" * 30 + "b" * 30, 40) == f"{'a' * 26} … {'b' * 10}"
