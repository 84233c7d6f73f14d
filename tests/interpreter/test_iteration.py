"""Iterating and unpacking, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, names_of, plain, value_in, walk_program

PROGRAMS = {
    "kinds": "A = [x for x in 'ab'], [x for x in {'k': 1}], [x for x in (1, 2)], sorted({2, 1})",
    "unpacking": """\
        A, *B, C = range(5)
        (D, E), F = 'xy', 1
        """,
    "own iterator": """\
        class Box:
            def __iter__(self):
                yield 1
                yield 2
        A = list(Box())
        B, C = A
        """,
    "nested": "A = [(x, y) for x in 'ab' for y in (1, 2)]",
    "elements by their places, until it is left": """\
        class Squares:
            def __getitem__(self, place): return place * place
        for x in Squares():
            if x > 3:
                break
        A = x
        """,
    "enumerate and zip": "A = list(enumerate('ab', 1)), list(zip('ab', [1, 2], (True, False)))",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_unpacking_something_unknown(tmp_path: Path) -> None:
    names = names_of(walk_program(tmp_path, "import library\nA, B = library.pair\nC, D = (1, 2, 3)\n"))
    assert [plain(names[name]) for name in "ABCD"] == [UNSURE] * 4


def test_each_alternative_is_unpacked(tmp_path: Path) -> None:
    program = "import library\nx = (1, 'a') if library.flag else (2, 'b')\nA, B = x\n"
    names = names_of(walk_program(tmp_path, program))
    assert plain(names["A"]) == {1, 2}
    assert plain(names["B"]) == {"a", "b"}


def test_an_alternative_that_raises_only_may_raise(tmp_path: Path) -> None:
    program = (
        "import library\nx = {'a': 1} if library.flag else {}\ntry:\n    A = x['a']\nexcept KeyError:\n    A = 2\n"
    )
    assert value_in(tmp_path, program) == {1, 2}


@pytest.mark.parametrize("copy", ["[x for x in L]", "list(iter(L))", "list(x for x in L)"])
def test_elements_that_may_be_there_stay_known(tmp_path: Path, copy: str) -> None:
    program = f"""\
import library
L = [1]
if library.flag:
    L.append(2)
L.append(3)
C = {copy}
A = 1 in C
B = 2 in C
D = 3 in C
E = 4 in C
"""
    names = names_of(walk_program(tmp_path, program))
    assert [plain(names[name]) for name in "ABDE"] == [True, UNSURE, True, False]


@pytest.mark.parametrize("elements", ["A = tuple(y for y in x)", "A = (*x,)"])
def test_each_of_several_sequences_may_be_the_one(tmp_path: Path, elements: str) -> None:
    program = f"import library\nx = [1]\nif library.flag:\n    x = [2]\n{elements}\nB = 1 in A\nC = 3 in A\n"
    names = names_of(walk_program(tmp_path, program))
    assert plain(names["A"]) in (UNSURE, {(1,), (2,)})
    assert (plain(names["B"]), plain(names["C"])) == (UNSURE, False)
