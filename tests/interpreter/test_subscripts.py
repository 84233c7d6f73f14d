"""Elements and slices, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, imported_modules, names_of, plain, value_in, walk_program

PROGRAMS = {
    "elements": """\
        L = [1, 2, 3]
        A = L[0], L[-1], 'abc'[2], (4, 5)[1], {'a': 1}['a'], b'ab'[0]
        """,
    "slices": """\
        L = list(range(6))
        A = L[1:4], L[::2], L[::-1], L[-2:], 'hello'[1:3], (1, 2, 3)[:-1]
        """,
    "missing key": """\
        try:
            A = {'a': 1}['b']
        except KeyError:
            A = 'caught'
        """,
    "out of range": """\
        try:
            A = [1][5]
        except IndexError:
            A = 'caught'
        try:
            B = 'a'[9]
        except IndexError:
            B = 'caught'
        """,
    "not an index": """\
        try:
            A = 'abc'['x']
        except TypeError:
            A = 'caught'
        """,
    "tuple keys": """\
        d = {(1, 'a'): 2, None: 3}
        A = d[1, 'a'], d[None]
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_an_element_that_is_surely_there_at_the_front(tmp_path: Path) -> None:
    program = "import library\nL = [1, 2]\nL += library.more\nA = L[0]\nif library.flag:\n    L2 = [1]\n"
    assert value_in(tmp_path, program) == {1, UNSURE}


def test_a_key_that_may_be_missing(tmp_path: Path) -> None:
    program = (
        "import library\nD = {}\nif library.flag:\n    D['a'] = 1\ntry:\n    A = D['a']\nexcept KeyError:\n    A = 2\n"
    )
    assert value_in(tmp_path, program) == {1, 2}


def test_a_slice_of_what_is_partly_known(tmp_path: Path) -> None:
    program = "import library\nL = [1, 2]\nif library.flag:\n    L.append(3)\nA = L[:2]\nB = L[1:]\n"
    names = names_of(walk_program(tmp_path, program))
    assert plain(names["A"]) == [1, 2]
    assert plain(names["B"]) is UNSURE


def test_a_generic_alias_is_the_class(tmp_path: Path) -> None:
    assert value_in(tmp_path, "class Box:\n    size = 1\nA = Box[int].size\n") == 1


MAYBE_THREE = "import library\nL = [1, 2]\nif library.flag:\n    L.append(3)\n"


@pytest.mark.parametrize(
    ("slice_", "found"),
    [
        ("[:2]", [1, 2]),
        ("[0:][0]", 1),
        ("[1:][0]", 2),
        ("[-2:1]", UNSURE),
        ("[:-1]", UNSURE),
        ("[::2]", UNSURE),
        ("[2:]", UNSURE),
    ],
)
def test_a_slice_of_a_list_with_an_element_in_doubt(tmp_path: Path, slice_: str, found: object) -> None:
    assert value_in(tmp_path, f"{MAYBE_THREE}A = L{slice_}\n") == found


@pytest.mark.parametrize(
    ("slice_", "found"),
    [
        pytest.param("[-1:]", {"two", "three"}, id="the last is the one in doubt, or the one before"),
        pytest.param("[1::-1]", {"one", "two"}, id="backwards"),
    ],
)
def test_what_a_slice_of_it_may_hold(tmp_path: Path, slice_: str, found: set[str]) -> None:
    names = "import library\nL = ['one', 'two']\nif library.flag:\n    L.append('three')\n"
    walk = walk_program(tmp_path, f"{names}for name in L{slice_}:\n    __import__(name)\n")
    assert found <= set(imported_modules(walk))
