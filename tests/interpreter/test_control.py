"""Branches, loops and ``match``, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, imported_modules, names_of, plain, value_in, walk_program

PROGRAMS = {
    "if": """\
        A = 'yes' if [] or 1 else 'no'
        if A == 'yes':
            B = 1
        elif A:
            B = 2
        else:
            B = 3
        """,
    "for with else": """\
        for x in (1, 2, 3):
            if x == 2:
                break
        else:
            x = 0
        A = x
        for y in ():
            pass
        else:
            B = 'empty'
        """,
    "continue": """\
        A = []
        for x in range(5):
            if x % 2:
                continue
            A.append(x)
        """,
    "while": """\
        n = 0
        while n < 5:
            n += 2
        else:
            B = 'ended'
        A = n
        """,
    "while true": """\
        A = 0
        while True:
            A += 1
            if A == 3:
                break
        """,
    "match": """\
        def f(x):
            match x:
                case 'a' | 'b': return 1
                case None: return 2
                case y: return y
        A = f('b'), f(None), f(5)
        """,
    "match compares True, False and None by identity": """\
        def f(x):
            match x:
                case True | 7: return 'true'
                case 0: return 'zero'
                case False: return 'false'
                case None: return 'none'
                case 1: return 'one'
        A = f(1), f(True), f(0), f(False), f(None), f(7), f(1.0), 1 is True, 0 is False, True is True
        """,
    "nested loops": """\
        A = []
        for x in (1, 2):
            for y in (1, 2):
                if y == x:
                    break
                A.append((x, y))
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_a_loop_over_something_unknown_runs_any_number_of_times(tmp_path: Path) -> None:
    program = "import library\nA = 0\nfor x in library.things:\n    A = A + 1\n    import one\n"
    walk = walk_program(tmp_path, program)
    found = plain(names_of(walk)["A"])
    assert isinstance(found, frozenset)
    assert {0, UNSURE} <= found
    assert [edge.sure for edge in walk.recorder.edges.values() if str(edge.target) == "one"] == [False]


@pytest.mark.parametrize(
    ("before", "name"),
    [
        pytest.param("state = 0\n", "state", id="a name"),
        pytest.param("class Box:\n    state = 0\n", "Box.state", id="an attribute"),
    ],
)
def test_a_later_round_sees_what_an_earlier_one_left(tmp_path: Path, before: str, name: str) -> None:
    loop = f"for x in library.things:\n    if {name} == 1:\n        import one\n    {name} = 1\n"
    walk = walk_program(tmp_path, f"import library\n{before}{loop}")
    assert [edge.sure for edge in walk.recorder.edges.values() if str(edge.target) == "one"] == [False]


def test_the_last_element_of_a_set_may_be_any(tmp_path: Path) -> None:
    assert value_in(tmp_path, "for x in {1, 2}:\n    pass\nA = x\n") == {1, 2}


def test_a_loop_that_does_not_end_is_cut(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "n = 0\nwhile n < 10**9:\n    n += 1\nA = 'after'\n")
    assert plain(names_of(walk)["A"]) == "after"
    assert walk.budget.steps < 1_000


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("    if library.flag:\n        return\n    import one\n", id="if"),
        pytest.param(
            "    for x in 'ab':\n        for y in library.things:\n            return\n        if x == 'b':\n"
            "            import one\n", id="a loop in a loop",
        ),
    ],
)  # fmt: skip
def test_what_follows_a_return_in_doubt_is_only_possible(tmp_path: Path, body: str) -> None:
    walk = walk_program(tmp_path, f"import library\ndef f():\n{body}f()\n")
    assert [edge.sure for edge in walk.recorder.edges.values() if str(edge.target) == "one"] == [False]


@pytest.mark.parametrize("form", ["if {}:\n    import one\n", "A = __import__('one') if {} else None\n"])
def test_a_condition_on_argv_is_a_gate(tmp_path: Path, form: str) -> None:
    condition = "'worker' in sys.argv"
    walk = walk_program(tmp_path, f"import sys\n{form.format(condition)}", argv=(("celery", "worker"),))
    assert list(walk.recorder.gates.values()) == [True]
    assert "one" in imported_modules(walk)
    assert not walk_program(tmp_path, f"import sys\n{form.format('sys.path')}").recorder.gates


def test_an_exception_in_a_round_that_may_not_come_leaves_what_follows_possible(tmp_path: Path) -> None:
    source = """\
        import os
        for x in (1, 2):
            if x == 1:
                if os.environ.get("X"):
                    break
            else:
                raise ValueError
        import hit
        """
    assert "hit" in imported_modules(walk_program(tmp_path, {"main.py": source, "hit.py": ""}))


def test_a_handler_sees_what_a_round_had_bound_before_it_failed(tmp_path: Path) -> None:
    source = """\
        import os
        v = 1
        try:
            for x in (1, 2):
                v = 2
                if os.environ.get("X"):
                    raise ValueError
                v = 3
        except ValueError:
            if v == 2:
                import hit
        """
    assert "hit" in imported_modules(walk_program(tmp_path, {"main.py": source, "hit.py": ""}))


@pytest.mark.parametrize(
    "loops", ["for x in library.a:", "for x in library.a:\n  for y in library.b:", "while library.a:"]
)
@pytest.mark.parametrize(("key", "answer"), [("'a'", False), ("len(D)", UNSURE), ("x", UNSURE)])
def test_what_a_loop_of_unknown_length_puts_into_a_mapping(
    tmp_path: Path, loops: str, key: str, answer: object
) -> None:
    """A key that is the same in every round adds one entry, one that is not adds any."""
    program = f"import library\nx = library.x\nD = {{}}\n{loops}\n    D[{key}] = 1\nA = 7 in D\n"
    assert value_in(tmp_path, program) is answer


def test_an_error_in_a_round_that_may_not_be_reached_ends_no_program(tmp_path: Path) -> None:
    program = (
        "import library\nfor x in (0, 1):\n    if library.flag:\n        break\n    if x:\n        raise ValueError\n"
    )
    assert "one" in imported_modules(walk_program(tmp_path, f"{program}import one\n"))


def test_the_condition_of_a_while_is_evaluated_before_each_round(tmp_path: Path) -> None:
    program = """\
import library
asked = []
def more():
    if asked:
        import one
    asked.append(1)
    return library.flag
while more():
    import two
"""
    assert {"one", "two"} <= {*imported_modules(walk_program(tmp_path, program))}


def test_an_error_in_a_round_that_may_not_be_reached_is_not_sure(tmp_path: Path) -> None:
    program = """\
import library
try:
    for x in (0, 1):
        if library.flag:
            break
        if x:
            raise ValueError
    import one
except ValueError:
    import two
"""
    assert {"one", "two"} <= {*imported_modules(walk_program(tmp_path, program))}
