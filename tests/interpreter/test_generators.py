"""Generators run as far as they are asked, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import assert_like_python, imported_modules, value_in, walk_program

PROGRAMS = {
    "in the order of what is asked": """\
        A = []
        def numbers():
            A.append('begun')
            yield 1
            A.append('ended')
        found = numbers()
        A.append('made')
        for number in found:
            A.append(number)
        """,
    "a yield in a nested function makes none of the outer": """\
        def outer():
            def inner():
                yield 1
            return inner
        A = list(outer()())
        """,
    "a yield in a default makes none of the function": """\
        def outer():
            def inner(x=[1]):
                return x
            yield inner()
        A = list(outer())
        """,
    "a lambda": "A = list(map(lambda x: x + 1, (y for y in (1, 2))))",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_a_generator_that_nobody_asks_does_not_run(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "def f():\n    import one\n    yield 1\nx = f()\n")
    assert imported_modules(walk) == ["main"]


def test_next_begins_it(tmp_path: Path) -> None:
    program = "def f():\n    import one\n    yield 1\n    import two\n    yield 2\nA = next(f())\n"
    walk = walk_program(tmp_path, program)
    sure = {str(edge.target): edge.sure for edge in walk.recorder.edges.values() if edge.kind == "import"}
    assert sure["one"]
    assert not sure.get("two")
    assert value_in(tmp_path, program) == 1


@pytest.mark.parametrize("first", ["next(found)", "any(found)", "1 in found"])
def test_what_is_left_of_it(tmp_path: Path, first: str) -> None:
    program = f"def f():\n    yield 1\n    import two\n    yield 2\nfound = f()\n{first}\nfor x in found:\n    pass\n"
    assert "two" in imported_modules(walk_program(tmp_path, program))


def test_what_it_hands_on_may_be_empty(tmp_path: Path) -> None:
    program = "import library\ndef f():\n    yield from library.things\n"
    walk = walk_program(tmp_path, f"{program}try:\n    [*f()][0]\nexcept IndexError:\n    import one\n")
    assert "one" in imported_modules(walk)
