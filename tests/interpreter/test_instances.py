"""Objects that are created, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import assert_like_python, value_in

PROGRAMS = {
    "objects": """\
        class Box:
            def __init__(self, size): self.size = size
        A = Box(3).size
        """,
    "__new__": """\
        class Box:
            def __new__(cls, size):
                self = object.__new__(cls)
                return self
            def __init__(self, size): self.size = size
        A = Box(2).size
        """,
    "inherited __init__": """\
        class Base:
            def __init__(self, x): self.x = x
        class Box(Base): pass
        A = Box(5).x
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_a_dataclass_is_made_from_its_fields(tmp_path: Path) -> None:
    program = """\
        from dataclasses import dataclass, field
        @dataclass
        class Box:
            size: int = 1
            parts: list = field(default_factory=list)
            def __post_init__(self):
                self.total = self.size + 1
        box = Box(size=3)
        A = box.size, box.parts, box.total
        """
    assert value_in(tmp_path, program) == (3, [], 4)
