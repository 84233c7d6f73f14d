"""Changing sequences and mappings in place, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import import_in, make_walk, write
from programs import UNSURE, assert_like_python, names_of, plain, value_in, walk_program

from flake8_forksafe.interpreter.budget import BudgetExceeded

PROGRAMS = {
    "items": """\
        L = [1, 2, 3]
        L[0] = 'a'
        L[-1] = 'z'
        D = {}
        D[None] = 0
        D['a'] = 1
        D['a'] = 2
        """,
    "methods": """\
        L = []
        L.append(1)
        L.extend((2, 3))
        L.insert(0, 0)
        S = {1}
        S.add(1)
        S.update([2])
        D = {}
        D.update(a=1)
        D.update({'b': 2})
        """,
    "deleting": """\
        L = [1, 2, 3]
        del L[1]
        D = {'a': 1, 'b': 2}
        del D['a']
        """,
    "missing key": """\
        D = {}
        try:
            del D['a']
        except KeyError:
            A = 'caught'
        """,
    "index out of range": """\
        L = [1]
        try:
            L[3] = 1
        except IndexError:
            A = 'caught'
        """,
    "shared": """\
        A = []
        B = [A, A]
        B[0].append(1)
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_a_change_in_doubt_only_may_have_happened(tmp_path: Path) -> None:
    program = (
        "import library\nD = {'a': 1}\nif library.flag:\n    D['a'] = 2\n    D['b'] = 3\nA = D['a']\nB = 'b' in D\n"
    )
    names = names_of(walk_program(tmp_path, program))
    assert plain(names["A"]) == {1, 2}
    assert plain(names["B"]) is UNSURE


def test_a_list_made_in_the_same_doubt_is_changed_for_sure(tmp_path: Path) -> None:
    program = "import library\nif library.flag:\n    L = []\n    L.append(1)\n    A = L\n"
    assert value_in(tmp_path, program) == [1]


@pytest.mark.parametrize(
    "change", ["D[os.environ['KEY']] = 1", "D.update({os.environ['KEY']: 1})", "D.update(os.environ['KEY'])"]
)
def test_an_unknown_key_leaves_the_mapping_open(tmp_path: Path, change: str) -> None:
    assert value_in(tmp_path, f"import os\nD = {{}}\n{change}\nA = 'x' in D\n") is UNSURE


def test_an_element_at_an_unknown_place_may_be_any(tmp_path: Path) -> None:
    assert value_in(tmp_path, "import library\nL = [1, 2]\nL[len(library.x)] = 3\nA = L\n") is UNSURE


def test_a_key_that_may_be_missing_may_raise_when_it_is_deleted(tmp_path: Path) -> None:
    program = (
        "import library\nD = {}\nif library.flag:\n    D['a'] = 1\n"
        "try:\n    del D['a']\n    A = 'gone'\nexcept KeyError:\n    A = 'missing'\n"
    )
    assert value_in(tmp_path, program) == frozenset({"gone", "missing"})


@pytest.mark.parametrize("change", ["L.clear()", "L.remove(1)", "L.pop(0)", "del L[0]", "L[:] = [3]", "L.sort()"])
def test_what_may_be_taken_out_may_still_be_there(tmp_path: Path, change: str) -> None:
    names = names_of(
        walk_program(tmp_path, f"import library\nL = [1, 2]\nif library.flag:\n    {change}\nA = L[0]\nB = L\n")
    )
    assert plain(names["A"]) in (UNSURE, {1, 2}, {1, 3})
    assert plain(names["B"]) is UNSURE


@pytest.mark.parametrize("change", ["L[:] = [1]", "L[1:] = [1]", "L.extend(L)", "del L[0]"])
def test_what_is_copied_costs_steps(tmp_path: Path, change: str) -> None:
    """A list of that length which only may change is copied; without a cost this would take minutes."""
    body = f"import os\nL = [0] * 19_000\nfor x in list(L):\n    if os.environ.get('A'):\n        {change}\n"
    walk = make_walk(write(tmp_path, {"main.py": body}))
    with pytest.raises(BudgetExceeded):
        import_in(walk, "main")
