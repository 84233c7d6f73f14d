"""What multiplies has a budget: few steps, what lies behind is seen, and giving up is said once, at its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import import_in, make_walk, write
from programs import imported_modules

from flake8_forksafe.interpreter.budget import DEPTH_LIMIT, ROUND_LIMIT, STEP_LIMIT
from flake8_forksafe.interpreter.walk import Walk
from flake8_forksafe.source.limits import BRACKET_LIMIT

pytestmark = pytest.mark.costly

TEN = "T = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n"


def followed(root: Path, source: str) -> Walk:
    """A walk that has imported ``source`` as ``main``; ``hit`` is a module that it may import."""
    walk = make_walk(write(root, {"hit.py": "", "main.py": source}))
    import_in(walk, "main")
    return walk


def notes(walk: Walk) -> list[tuple[str, str, int]]:
    return [(note.code, note.module, note.line) for note in walk.recorder.notes]


def hits(walk: Walk) -> list[bool]:
    return [edge.sure for edge in walk.recorder.edges.values() if edge.target.module == "hit"]


def loops(head: str, depth: int, body: str) -> str:
    """Nested loops; ``{n}`` in ``head`` numbers them."""
    lines = []
    for n in range(depth):
        lines += [" " * n + line for line in head.format(n=n).splitlines()]
    return "\n".join([*lines, " " * depth + body, ""])


@pytest.mark.parametrize("depth", [6, 8, 12])
@pytest.mark.parametrize(
    "form",
    [
        "x = [1 {clauses}]",
        "x = {{1 {clauses}}}",
        "x = {{1: 2 {clauses}}}",
        "x = list(1 {clauses})",
        "for x in (1 {clauses}): pass",
    ],
)
def test_clauses(tmp_path: Path, form: str, depth: int) -> None:
    clauses = " ".join(f"for a{n} in T" for n in range(depth))
    walk = followed(tmp_path, f"{TEN}\n{form.format(clauses=clauses)}\nimport hit\n")
    assert walk.budget.steps < 3 * ROUND_LIMIT
    assert notes(walk) == [("FS192", "main", 3)] and hits(walk) == [True]


@pytest.mark.parametrize("depth", [6, 8, BRACKET_LIMIT - 2])  # those of the call and of the tuple stand in them
def test_nested_comprehensions(tmp_path: Path, depth: int) -> None:
    source = "[" * depth + "(__import__('hit'), a0)" + "".join(f" for a{n} in T]" for n in range(depth))
    walk = followed(tmp_path, f"{TEN}x = {source}\n")
    assert walk.budget.steps < 3 * ROUND_LIMIT
    assert notes(walk) == [("FS192", "main", 2)] and hits(walk) == [True]


@pytest.mark.parametrize("depth", [6, 8, 12])
@pytest.mark.parametrize("head", ["for a{n} in T:", "k{n} = 0\nwhile k{n} < 10:\n k{n} += 1"])
def test_nested_loops(tmp_path: Path, head: str, depth: int) -> None:
    source = TEN + loops(head, depth, "last = T") + "import hit\n"
    walk = followed(tmp_path, source)
    assert walk.budget.steps < 5 * ROUND_LIMIT
    assert [code for code, _, _ in notes(walk)] == ["FS192"] and hits(walk) == [True]
    assert notes(walk)[0][2] == source.count("\n") - 2 - (head.startswith("k")), "the innermost loop"


def test_what_follows_the_rounds_that_are_followed_is_seen(tmp_path: Path) -> None:
    nest = loops("for a{n} in T:", 6, "if (a0, a1, a2, a3, a4, a5) == (9, 9, 9, 9, 9, 9): import hit")
    walk = followed(tmp_path, TEN + nest)
    assert hits(walk) == [False] and notes(walk) == [("FS192", "main", 7)]


def test_what_follows_the_rounds_of_while_loops_is_seen(tmp_path: Path) -> None:
    last = "if (k0, k1, k2, k3, k4, k5) == (10, 10, 10, 10, 10, 10): import hit"
    walk = followed(tmp_path, loops("k{n} = 0\nwhile k{n} < 10:\n k{n} += 1", 6, last))
    assert hits(walk) == [False]


@pytest.mark.parametrize("iterable", ["lib.find()", "itertools.product(T, T, T, T, T, T, T, T)"])
def test_nested_loops_over_what_is_not_known(tmp_path: Path, iterable: str) -> None:
    body = "n = str(a0) + str(n)\n" + " " * 20 + "import hit"
    walk = followed(tmp_path, f"import itertools, lib\n{TEN}n = ''\n" + loops(f"for a{{n}} in {iterable}:", 20, body))
    assert walk.budget.steps < 5 * ROUND_LIMIT and hits(walk) == [False]


FAN = {
    "without arguments": ("def f0():\n    import hit\n", "def f{n}():\n    f{m}()\n    f{m}()\n", "f30()\n", True),
    "with changes": ("N = []\ndef f0():\n    N.append(1)\n    import hit\n",
                     "def f{n}():\n    f{m}()\n    f{m}()\n", "f30()\n", True),
    "with arguments": ("def f0(n):\n    import hit\n",
                       "def f{n}(n):\n    f{m}(n + 1)\n    f{m}(n * 2)\n", "f30(1)\n", True),
    "generators": (TEN + "def f0():\n    yield 1\n",
                   "def f{n}():\n    for x in f{m}():\n        for y in T:\n            yield y\n",
                   "for x in f30():\n    import hit\n", True),
    "pipeline": (TEN + "f0 = iter(T)\n", "f{n} = (y for x in f{m} for y in T)\n", "x = list(f30)\nimport hit\n", True),
    "behind a limit": ("def f0(n):\n    if n == 'm9999':\n        import hit\n", "",
                       "".join(f"f0('m{n}')\n" for n in range(10_000)), False),
    "of a tree": ("def f0(n):\n    return [f0(n - 1), f0(n - 1), f0(n - 1)] if n else __import__('hit')\n",
                  "", "x = f0(60)\n", False),
    "of what is not known": ("import lib\ndef f0(x):\n    for y in x:\n        f0(y.a())\n        f0(y.b())\n"
                             "        f0(y.c())\n        import hit\n", "", "f0(lib.find())\n", False),
}  # fmt: skip


@pytest.mark.parametrize("name", FAN)
def test_fan_out(tmp_path: Path, name: str) -> None:
    first, each, last, sure = FAN[name]
    walk = followed(tmp_path, first + "".join(each.format(n=n, m=n - 1) for n in range(1, 31)) + last)
    assert walk.budget.steps < 0.6 * STEP_LIMIT
    assert hits(walk) == [sure]


def test_what_further_calls_compute_is_not_known(tmp_path: Path) -> None:
    source = "import lib\nn = 0\ndef f(x):\n    global n\n    n += 1\n    if lib.find():\n        f(x)\nf(1)\n"
    walk = followed(tmp_path, source + "if n == 100:\n    import hit\n")
    assert hits(walk) == [False]


@pytest.mark.parametrize(
    ("depth", "last", "said"),
    [
        pytest.param(DEPTH_LIMIT - 1, "import library", [], id="up to the limit"),
        pytest.param(DEPTH_LIMIT, "import library", ["FS192"], id="beyond it"),
        pytest.param(DEPTH_LIMIT - 50, "g(0)\ndef g(n):\n    g(n + 1)\n    import library", [], id="recursion"),
    ],
)
def test_calls_that_are_not_followed_are_said(tmp_path: Path, depth: int, last: str, said: list[str]) -> None:
    chain = "".join(f"def f{n}():\n    f{n + 1}()\n" for n in range(depth))
    walk = followed(tmp_path, f"{chain}def f{depth}():\n    {last}\nf0()\n")
    assert [code for code, _, _ in notes(walk)] == said
    assert ("library" in imported_modules(walk)) is not bool(said)
