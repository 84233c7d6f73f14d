"""What an edit did to facts: lines, imports that were added, or more."""

from __future__ import annotations

import pytest

from flake8_forksafe.source.changes import Comparison
from flake8_forksafe.source.collector import collect


def compare(old: str, new: str) -> Comparison | None:
    """The comparison of two texts; None if the new one is more than the old one moved, and imports."""
    comparison = Comparison()
    return comparison if comparison.module(collect(old), collect(new)) else None


@pytest.mark.parametrize(("old", "new"), [
    ("x = a", "x = 'a'"), ("x = 1", "x = True"), ("x = 1", "x = 1.0"), ("x = 0.0", "x = -0.0"), ("x = 'a'", "x = b'a'"),
    ("f(a)", "f(*a)"), ("f(a=b)", "f(b)"), ("x = [a]", "x = (a,)"), ("x = {a}", "x = [a]"), ("x = a", "x = a,"),
    ("import a", "import b"), ("import a", "lazy import a"), ("import a", ""), ("x = 1", "x = 1\nx = 2"),
    ("x = 1", "x = 1\nfrom a import *"), ("x = 1", "lazy import a\nx = 1"), ("import a", "if b:\n  import a"),
    ("x = 1", "from __future__ import annotations\nx = 1"), ("import a; import b", "import a;  import b"),
    ("@a\ndef f(): pass", "@b\ndef f(): pass"), ("def f(): pass", "async def f(): pass"),
    ("def f(a): pass", "def f(b): pass"),
    ("try:\n a\nexcept B:\n c", "try:\n a\nexcept D:\n c"), ("if a:\n b\nelse:\n c", "if a:\n b\nc"),
    ("import a\nimport b", "import b\nimport a"),
])  # fmt: skip
def test_more_than_lines_and_imports(old: str, new: str) -> None:
    assert compare(old, new) is None


@pytest.mark.parametrize(("old", "new", "lines"), [
    ("x = 1\ny = 2", "\nx = 1\n\n\ny = 2", {1: 2, 2: 5}),
    ("@a\n@b\ndef f():\n  pass", "@a\n\n@b\n\ndef f():\n  x = 1", {1: 1, 2: 3, 3: 5}),
    ("x = (a +\n b)\ny = 1", "x = a + b\ny = 1", {1: 1, 3: 2}),
    ("def f(a: int) -> str:\n  return a", "def f(a):\n  return 1", {1: 1}),
    ("class C:\n  x: int\n  y = 1", "class C:\n  y = 1", {1: 1, 3: 2}),
    ("x = 1", "import a.b as c\nx = 1", {1: 2}),
    ("x = ...\ny = f()", "\nx = ...\ny = f()", {1: 2, 2: 3}),
])  # fmt: skip
def test_lines_only(old: str, new: str, lines: dict[int, int]) -> None:
    found = compare(old, new)
    assert found is not None and found.lines == lines


def test_imports_that_were_added() -> None:
    found = compare(
        "x = y\nimport b\nf('one two')", "import a\nx = y\nfrom . import c as d\nimport b\nf('one two')\nimport e"
    )
    assert found is not None
    edit = found.edit([collect("x = y\nimport b\nf('one two')")])
    assert [(statement.line, statement.names) for statement in edit.added] == [
        (1, (("a", None),)), (3, (("c", "d"),)), (6, (("e", None),)),
    ]  # fmt: skip
    assert edit.words == {"x", "y", "b", "f", "one", "two"}
    assert edit.moved(2) == 4 and edit.moved(7) == 9


def test_bodies_that_moved() -> None:
    old, new = collect("def f():\n    x = 1\n"), collect("\n\ndef f():\n    # so\n    y = 2\n")
    comparison = Comparison()
    assert comparison.module(old, new)
    assert [(cut.first, moved.first) for cut, moved in comparison.cuts.items()] == [(2, 5)]
