"""Assignments, augmented ones and deletions, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, imported_modules, names_of, value_in, walk_program

PROGRAMS = {
    "unpacking": "A, (B, *C), D = 1, (2, 3, 4), 'x'",
    "starred in front": "*A, B = 'xyz'",
    "attribute": """\
        class Box: pass
        box = Box()
        box.size = 3
        A = box.size
        """,
    "class attribute": """\
        class Box:
            size = 1
        Box.size = 2
        A = Box().size
        """,
    "item": """\
        D = {'a': 1}
        D['b'] = 2
        L = [1, 2]
        L[-1] = 5
        A = D, L
        """,
    "augmented list is the same list": """\
        A = [1]
        B = A
        B += [2]
        """,
    "augmented tuple is a new one": """\
        A = (1,)
        B = A
        B += (2,)
        """,
    "augmented set and mapping": """\
        A = {1}
        A |= {2}
        B = {'a': 1}
        B |= {'b': 2}
        """,
    "augmented number": """\
        A = 5
        A -= 2
        A **= 2
        """,
    "delete": """\
        D = {'a': 1, 'b': 2}
        del D['a']
        L = [1, 2, 3]
        del L[0]
        """,
    "setter": """\
        class Box:
            def __init__(self): self.inner = 0
            @property
            def size(self): return self.inner
            @size.setter
            def size(self, value): self.inner = value * 2
        box = Box()
        box.size = 4
        A = box.size
        """,
    "__setitem__": """\
        class Box:
            def __init__(self): self.seen = []
            def __setitem__(self, key, value): self.seen.append((key, value))
        box = Box()
        box['k'] = 1
        A = box.seen
        """,
    "__iadd__": """\
        class Box:
            def __init__(self): self.total = 0
            def __iadd__(self, other):
                self.total += other
                return self
        box = Box()
        box += 3
        A = box.total
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_a_deleted_name_is_gone(tmp_path: Path) -> None:
    assert "A" not in names_of(walk_program(tmp_path, "A = 1\ndel A\n"))


def test_an_attribute_of_one_of_several_values_may_be_gone(tmp_path: Path) -> None:
    program = "import library\nclass Box: ...\nbox = Box()\nbox.size = 1\nit = box\nif library.flag:\n    it = None\n"
    assert value_in(tmp_path, f"{program}try:\n    del it.size\nexcept AttributeError:\n    pass\nA = box.size\n") == {
        1, UNSURE
    }  # fmt: skip


def test_an_attribute_set_in_doubt_may_be_the_old_one(tmp_path: Path) -> None:
    program = "import library\nclass Box:\n    size = 1\nif library.flag:\n    Box.size = 2\nA = Box.size\n"
    assert value_in(tmp_path, program) == {1, 2}
    boxes = "import library\nclass Box: ...\none, other = Box(), Box()\none.size = 1\n"
    one_of_them = "it = one\nif library.flag:\n    it = other\nit.size = 2\nA = one.size\n"
    assert value_in(tmp_path, boxes + one_of_them) == {1, 2}


@pytest.mark.parametrize("container", ["library.values", "library.make()", "library.flag + 1"])
def test_a_whole_slice_of_something_of_a_library(tmp_path: Path, container: str) -> None:
    walk = walk_program(tmp_path, f"import library\nx = {container}\nx[:] = [1]\nimport one\n")
    assert "one" in imported_modules(walk)
