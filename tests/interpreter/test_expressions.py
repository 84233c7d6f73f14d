"""Expressions, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, imported_modules, names_of, plain, value_in, walk_program

PROGRAMS = {
    "names": """\
        x = 1
        def f():
            x = 2
            return [x for _ in (1,)]
        A = f(), x, __name__
        """,
    "boolean": "A = 0 or 'a', 1 and 'b', [] and 1, None or 0 or (), not [], not 'x'",
    "conditional": "A = 1 if 'x' else 2, 1 if '' else 2",
    "f-string": """\
        n, s = 3, 'x'
        A = f'{n}-{s!s}-{n + 1}'
        """,
    "displays": "A = [*'ab', 1], (*[1], 2), {*[1, 1, 2]}, {**{'a': 1}, 'b': 2}",
    "any and all stop": """\
        seen = []
        def look(x):
            seen.append(x)
            return x
        A = any(look(x) for x in (0, 1, 2)), all(look(x) for x in (1, 0, 3))
        B = seen
        """,
    "walrus": """\
        A = [y for x in (1, 2) if (y := x * 2) > 2]
        B = y
        """,
    "slices": """\
        L = [0, 1, 2, 3]
        A = L[1:3], L[::-1], L[-2:], 'abc'[:2], (1, 2, 3)[::2]
        """,
    "subscripts": "A = 'abc'[1], [1, 2][-1], {'a': {'b': 3}}['a']['b']",
    "unary": "A = -3, +2, ~5, not 0, -1.5",
    "__getitem__": """\
        class Box:
            def __getitem__(self, key): return key * 2
        A = Box()[4]
        """,
    "chained comparison": "A = 1 < 2 == 2, 3 > 2 > 2",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_the_right_side_is_not_evaluated_where_the_left_decides(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "x = False and __import__('one')\ny = True or __import__('two')\n")
    assert imported_modules(walk) == ["main"]


def test_the_truth_of_the_whole_may_be_known_though_its_value_is_not(tmp_path: Path) -> None:
    assert value_in(tmp_path, "import library\nA = 1 if (library.flag or True) else 2\n") == 1
    assert value_in(tmp_path, "import library\nA = 1 if (library.flag and False) else 2\n") == 2


def test_what_is_behind_unknown_elements_has_no_known_place(tmp_path: Path) -> None:
    assert value_in(tmp_path, "import library\nA = [*library.things, 1][0]\n") is UNSURE


def test_each_part_of_a_formatted_string_is_evaluated(tmp_path: Path) -> None:
    program = "import library\ndef f():\n    import one\nA = f'{library.flag + 1}-{f()}'\n"
    walk = walk_program(tmp_path, program)
    assert "one" in imported_modules(walk) and plain(names_of(walk)["A"]) is UNSURE


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("f'a{x}b'", {"a1b", "a2b"}),
        ("f'{x}'", {"1", "2"}),
        ("f'{1}{x}{3}'", {"113", "123"}),
        ("f'{x}{library.flag - 1}'", UNSURE),
        ('f\'{"x" * 60_000}{"y" * 60_000}\'', UNSURE),
        ('len(f\'{"x" * 50_000}{"y" * 50_000}\')', 100_000),
    ],
)
def test_a_formatted_string_of_alternatives(tmp_path: Path, expression: str, answer: object) -> None:
    program = f"import library\nif library.flag:\n    x = 1\nelse:\n    x = 2\nA = {expression}\n"
    assert value_in(tmp_path, program) == answer
