"""Comprehensions and generator expressions, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import assert_like_python, walk_program

PROGRAMS = {
    "comprehensions": """\
        A = [x * y for x in (1, 2, 3) if x != 2 for y in (1, 10)]
        B = {x % 2 for x in range(5)}
        C = {k: v for k, v in zip('ab', (1, 2))}
        D = list(x for x in 'xy')
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_a_generator_is_not_followed_further_than_it_is_asked(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "A = next(__import__(name) for name in ('one', 'two'))\n")
    sure = {str(edge.target): edge.sure for edge in walk.recorder.edges.values()}
    assert sure["one"]
    assert not sure.get("two")
