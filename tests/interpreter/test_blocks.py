"""Alternatives of which one will happen, and names afterwards."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from programs import imported_modules, names_of, plain, value_in, walk_program


def test_names_after_a_branch_that_may_not_run(tmp_path: Path) -> None:
    names = names_of(walk_program(tmp_path, "import library\nA = 1\nif library.flag:\n    A = 2\n    B = 3\n"))
    assert plain(names["A"]) == {1, 2}
    assert plain(names["B"]) == 3


def test_both_branches_begin_with_the_same_names(tmp_path: Path) -> None:
    program = "import library\nx = [1]\nif library.flag:\n    y = 1\nelse:\n    A = 'y' in dir()\n"
    assert value_in(tmp_path, program) is False


def test_a_branch_that_returns_leaves_no_names(tmp_path: Path) -> None:
    program = (
        "import library\ndef f():\n    x = 1\n    if library.flag:\n        x = 2\n"
        "        return 0\n    return x\nA = f()\n"
    )
    assert value_in(tmp_path, program) == {0, 1}


def test_a_branch_that_raises_does_not_count(tmp_path: Path) -> None:
    program = "import library\nA = 1\nif library.flag:\n    A = 2\n    raise ValueError\n"
    assert value_in(tmp_path, program) == 1


def test_an_import_in_a_branch_is_only_possible(tmp_path: Path) -> None:
    walk = walk_program(
        tmp_path, ("import library\nif library.flag:\n    import one\nelse:\n    import two\nimport three\n")
    )
    sure = {str(edge.target): edge.sure for edge in walk.recorder.edges.values() if edge.kind == "import"}
    assert sure == {"library": True, "one": False, "two": False, "three": True}


@pytest.mark.parametrize(
    ("error", "in_function", "runs"),
    [
        ("UnboundLocalError", True, True),
        ("UnboundLocalError", False, False),
        ("NameError", True, True),
        ("NameError", False, True),
    ],
)
@pytest.mark.parametrize("statement", ["x", "del x"])
def test_a_name_that_may_not_be_bound(
    tmp_path: Path, statement: str, error: str, in_function: bool, runs: bool
) -> None:
    """Python raises an ``UnboundLocalError`` only for names that a function binds itself."""
    lines = f"if library.flag:\n    x = 1\ntry:\n    {statement}\nexcept {error}:\n    import one\n"
    body = "def f():\n" + textwrap.indent(lines, "    ") + "f()\n" if in_function else lines
    assert ("one" in imported_modules(walk_program(tmp_path, f"import library\n{body}"))) == runs


def test_names_that_only_some_branches_bind_keep_their_value_after_the_others(tmp_path: Path) -> None:
    program = """\
import library
A = B = C = 1
if library.a:
    D = 0
elif library.b:
    A = 2
elif library.c:
    A = 3
    B = 4
else:
    C = 5
"""
    names = names_of(walk_program(tmp_path, program))
    assert [plain(names[name]) for name in "ABC"] == [{1, 2, 3}, {1, 4}, {1, 5}]


ASK = "try:\n    x\n    A = True\nexcept NameError:\n    A = False\n"
BODY = textwrap.indent(ASK.replace("A = ", "return "), "    ")


@pytest.mark.parametrize(
    ("program", "bound"),
    [
        (f"def f():\n    x = 1\n    del x\n{BODY}A = f()\n", False),
        (f"def f():\n    x = 1\n    if library.flag:\n        del x\n{BODY}A = f()\n", {True, False}),
        (f"def f():\n    x = 1\n    del x\n    x = 2\n{BODY}A = f()\n", True),
        (f"x = 1\ndef f():\n    global x\n    del x\nf()\n{ASK}", False),
        (f"x = 1\ndef f():\n    global x\n    del x\nif library.flag:\n    f()\n{ASK}", {True, False}),
        (f"x = 1\nif library.flag:\n    del x\n{ASK}", {True, False}),
        (f"x = 1\nif library.flag:\n    del x\n    x = 2\n{ASK}", True),
        (f"x = 1\ndef f():\n    x = 2\n    del x\nf()\n{ASK}", True),
    ],
)
def test_a_name_that_is_deleted(tmp_path: Path, program: str, bound: object) -> None:
    assert value_in(tmp_path, f"import library\n{program}") == bound
