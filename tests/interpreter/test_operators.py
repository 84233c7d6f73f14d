"""Operators that call methods of the program's own classes, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, imported_modules, names_of, plain, walk_program

PROGRAMS = {
    "unequal by __eq__": """\
        class Num:
            def __init__(self, n): self.n = n
            def __eq__(self, other): return self.n == other.n
        A = Num(1) != Num(1), Num(1) != Num(2)
        """,
    "arithmetic": """\
        class Num:
            def __init__(self, n): self.n = n
            def __add__(self, other): return ('add', self.n, other)
            def __rsub__(self, other): return ('rsub', self.n, other)
            def __mul__(self, other): return ('mul', other)
        A = Num(1) + 2, 5 - Num(1), Num(2) * 3
        """,
    "comparison": """\
        class Num:
            def __init__(self, n): self.n = n
            def __eq__(self, other): return self.n == other.n
            def __lt__(self, other): return self.n < other.n
        A = Num(1) == Num(1), Num(1) == Num(2), Num(1) < Num(2), Num(2) > Num(1)
        """,
    "contains": """\
        class Box:
            def __contains__(self, item): return item == 3
        A = 3 in Box(), 4 in Box(), 3 not in Box()
        """,
    "augmented": """\
        class Num:
            def __init__(self): self.log = []
            def __isub__(self, other):
                self.log.append(other)
                return self
        n = Num()
        n -= 5
        A = n.log
        """,
    "text": """\
        class Box:
            def __str__(self): return 'a box'
            def __int__(self): return 4
        A = str(Box()), f'{Box()}', int(Box())
        """,
    "__set__": """\
        class Field:
            def __set__(self, instance, value): instance.stored = value + 1
        class Box:
            size = Field()
        box = Box()
        box.size = 1
        A = box.stored
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_an_own_setattr_may_or_may_not_bind(tmp_path: Path) -> None:
    program = (
        "class Box:\n    def __setattr__(self, name, value):\n        import one\nbox = Box()\nbox.x = 1\nA = box.x\n"
    )
    walk = walk_program(tmp_path, program)
    assert "one" in imported_modules(walk)
    assert plain(names_of(walk)["A"]) == {1, UNSURE}
