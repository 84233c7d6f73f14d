"""Binary operators on plain values, sequences and mappings, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, names_of, plain, value_in, walk_program

PROGRAMS = {
    "numbers": """\
        A = 1 + 2 * 3 - 4 // 3 % 5
        B = 7 / 2, 2**10, 1 << 4, 6 ^ 3, 6 & 3, 6 | 1, 9 >> 1
        """,
    "strings": """\
        A = 'a' + 'b' * 3, 'ab' * 40, 3 * 'ab', 'ab' * -1, b'ab' * 40
        B = b'x' + b'y'
        """,
    "percent": """\
        A = '%s-%03d' % ('x', 3)
        B = '%s' % 'one'
        """,
    "sequences": """\
        A = [1] + [2] * 2
        B = (1,) + (2, 3)
        C = [] * 5
        """,
    "sets": """\
        A = {1, 2} | {3}
        B = {1, 2} & {2, 5}
        C = {1, 2} - {2}
        """,
    "mappings": "A = {'a': 1, 'b': 1} | {'b': 2}",
    "division by zero": """\
        try:
            A = 1 / 0
        except ZeroDivisionError:
            A = 'caught'
        """,
    "list and tuple": """\
        try:
            A = [1] + (2,)
        except TypeError:
            A = 'caught'
        """,
    "bad template": """\
        try:
            A = '%d' % 'x'
        except TypeError:
            A = 'caught'
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


@pytest.mark.parametrize("expression", ["'a' * 10**9", "2**10**6", "1 << 10**7", "'%1000000000d' % 1"])
def test_what_would_fill_the_memory_is_not_computed(tmp_path: Path, expression: str) -> None:
    assert value_in(tmp_path, f"A = {expression}\n") is UNSURE


def test_each_alternative_is_computed(tmp_path: Path) -> None:
    program = "import library\nif library.flag:\n    x = 1\nelse:\n    x = 2\nA = x * 10 + 1\n"
    assert value_in(tmp_path, program) == {11, 21}


def test_an_unknown_operand_leaves_the_length_of_a_sequence_open(tmp_path: Path) -> None:
    assert value_in(tmp_path, "import library\nA = [1] + library.more\n") is UNSURE


def test_whole_numbers_are_computed_up_to_64_bits(tmp_path: Path) -> None:
    program = "A = 2**64 * 1, -(2**64) + 0, 2**40 + 1\nB = (2**64 + 1) * 1\nC = 0 - (2**64 + 1)\n"
    names = {name: plain(value) for name, value in names_of(walk_program(tmp_path, program)).items()}
    assert (names["A"], names["B"], names["C"]) == ((2**64, -(2**64), 2**40 + 1), UNSURE, UNSURE)


@pytest.mark.parametrize("operator", ["+", "-", "*", "//", "%", "|", "&", "<<"])
def test_only_a_slash_joins_paths(tmp_path: Path, operator: str) -> None:
    """Python raises a ``TypeError`` at any other operator."""
    program = "from pathlib import Path\nP = Path('/srv') / 'x'\nA = Path('/srv') {} 'x'\n"
    names = names_of(walk_program(tmp_path, program.format(operator)))
    assert (plain(names["P"]), plain(names.get("A"))) == (Path("/srv/x"), UNSURE)
