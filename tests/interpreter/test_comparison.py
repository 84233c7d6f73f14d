"""Comparisons and membership, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, names_of, plain, value_in, walk_program

PROGRAMS = {
    "None": """\
        x = None
        A = x is None, None is x, x is not None, None is None
        """,
    "numbers": "A = 1 < 2, 1 == 1.0, 2 <= 1, 3 != 4",
    "chained": "A = 1 < 2 < 3, 1 < 3 < 2",
    "sequences": "A = [1, 2] == [1, 2], (1,) == [1], [1, 2] < [1, 3], (1, 2) >= (1,)",
    "sets": "A = {1, 2} == {2, 1}, {1} < {1, 2}",
    "mappings": "A = {'a': 1} == {'a': 1}, {'a': 1} == {'a': 2}, {'a': 1} == {'b': 1}",
    "identity": """\
        x = []
        A = x is x, None is None, x is not None
        """,
    "membership": "A = 1 in [1, 2], 'a' in 'cat', 'x' not in {'a': 1}, 2 in {1}, None in (None,)",
    "across types": "A = 'a' == 1, [] == (), None == 0, b'a' == 'a'",
    "classes and functions": """\
        class Box: pass
        def f(): pass
        A = Box == Box, Box == f, f != f
        """,
    "no order": """\
        try:
            A = 1 < 'a'
        except TypeError:
            A = 'caught'
        """,
    "no container": """\
        try:
            A = 1 in 'a'
        except TypeError:
            A = 'caught'
        """,
    "version": """\
        import sys
        A = sys.version_info >= (3, 8), sys.version_info[0] == 3
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_an_element_that_may_be_there(tmp_path: Path) -> None:
    program = "import library\nL = [1]\nif library.flag:\n    L.append(2)\nA = 1 in L\nB = 2 in L\nC = 3 in L\n"
    names = names_of(walk_program(tmp_path, program))
    assert (plain(names["A"]), plain(names["B"]), plain(names["C"])) == (True, UNSURE, False)


def test_objects_of_a_library_may_be_equal(tmp_path: Path) -> None:
    assert value_in(tmp_path, "import library\nA = library.a() == library.b()\n") is UNSURE


@pytest.mark.parametrize(
    ("comparison", "answer"),
    [
        ("library.flag == library.flag", True),
        ("library.flag != library.flag", False),
        ("made.part == made.part", True),
        ("part == part", True),
        ("library.make().part == library.make().part", UNSURE),
        ("part == library.make().part", UNSURE),
        ("library == library", True),
        ("library.flag == 1", UNSURE),
        ("library.flag == []", UNSURE),
        ("1 == []", False),
        ("{} == 'a'", False),
    ],
)
def test_an_object_of_a_library_is_equal_to_itself(tmp_path: Path, comparison: str, answer: object) -> None:
    """What two calls return are two objects, even if they are called the same."""
    program = f"import library\nmade = library.make()\npart = library.make().part\nA = {comparison}\n"
    assert value_in(tmp_path, program) is answer


def test_paths(tmp_path: Path) -> None:
    program = """\
        from pathlib import Path
        a, b = Path('/srv/a'), Path('/srv') / 'b'
        A = a == b, b == a, a == Path('/srv/a'), a != b, a in (b, a), b in [a]
        """
    assert_like_python(tmp_path, program)
