"""Functions that ask for attributes and types, or make them, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, names_of, plain, value_in, walk_program

PROGRAMS = {
    "getattr": """\
        class Box: size = 3
        A = getattr(Box, 'size'), getattr(Box(), 'size', 0), getattr(Box, 'none', 'default')
        """,
    "hasattr and setattr": """\
        class Box: pass
        box = Box()
        setattr(box, 'size', 4)
        A = hasattr(box, 'size'), box.size, hasattr(Box, 'other')
        """,
    "isinstance": """\
        class Base: pass
        class Box(Base): pass
        A = (
            isinstance(Box(), Base), isinstance(Base(), Box), isinstance(1, int),
            isinstance(True, int), isinstance('a', (int, str)), isinstance([], list),
            isinstance({}, list)
        )
        """,
    "issubclass": """\
        class Base: pass
        class Box(Base): pass
        A = issubclass(Box, Base), issubclass(Base, Box), issubclass(Box, (int, Base))
        """,
    "type": """\
        class Box: size = 1
        A = (
            type(Box()) is Box, type('x') is str, type('Made', (Box,), {'more': 2})().more,
            type('Made', (Box,), {}).size
        )
        """,
    "globals and vars": """\
        globals()['A'] = 5
        class Box:
            def __init__(self): self.size = 2
        B = vars(Box())['size'], 'A' in globals()
        """,
    "dir": """\
        class Base: a = 1
        class Box(Base): b = 2
        A = [name for name in dir(Box) if not name.startswith('_')]
        """,
    "callable": """\
        def f(): pass
        class Box: pass
        A = callable(f), callable(Box), callable(1), callable([])
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_import_gives_the_top_package_unless_names_are_taken_from_it(tmp_path: Path) -> None:
    files = {
        "main.py": "A = __import__('p.q').X\nB = __import__('p.q', fromlist=['X']).X\n",
        "p/__init__.py": "X = 1\n",
        "p/q.py": "X = 2\n",
    }
    names = names_of(walk_program(tmp_path, files))
    assert (plain(names["A"]), plain(names["B"])) == (1, 2)


def test_a_missing_attribute_of_a_class_with_a_base_of_a_library(tmp_path: Path) -> None:
    program = "import library\nclass Box(library.Base):\n    pass\nA = getattr(Box(), 'size', 1)\n"
    assert value_in(tmp_path, program) == {1, UNSURE}


def test_an_unknown_class_leaves_isinstance_open(tmp_path: Path) -> None:
    assert value_in(tmp_path, "import library\nA = isinstance(library.make(), library.Other)\n") is UNSURE
    assert value_in(tmp_path, "import library\nA = isinstance(library.Made(), library.Made)\n") is True
