"""Calling values: binding arguments, and bodies, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import assert_like_python, edges_of, imported_modules, names_of, walk_program

PROGRAMS = {
    "parameters": """\
        def f(a, b=2, /, c=3, *rest, d, e=5, **more): return a, b, c, rest, d, e, more
        A = f(1, d=4)
        B = f(1, 9, 8, 7, 6, d=0, x=1)
        """,
    "unpacked arguments": """\
        def f(*args, **kwargs): return args, kwargs
        A = f(*[1, 2], *(3,), **{'x': 1}, y=2)
        """,
    "closure": """\
        def outer(n):
            def inner(m): return n + m
            return inner
        A = outer(2)(3)
        """,
    "nonlocal and global": """\
        count = 0
        def outer():
            global count
            total = 1
            def inner():
                nonlocal total
                total += 1
            inner()
            count = total
        outer()
        A = count
        """,
    "generator": """\
        def numbers():
            yield 1
            yield from [2, 3]
        A = list(numbers())
        """,
    "lambda": "A = (lambda x, y=2: x * y)(3)",
    "__call__": """\
        class Add:
            def __init__(self, n): self.n = n
            def __call__(self, m): return self.n + m
        A = Add(1)(2)
        """,
    "coroutine": """\
        import asyncio
        async def f(): return await g()
        async def g(): return 4
        A = asyncio.run(f())
        """,
    "recursion": """\
        def total(n): return n + total(n - 1) if n else 0
        A = total(2)
        """,
    "default is evaluated once": """\
        def f(x, seen=[]):
            seen.append(x)
            return seen
        f(1)
        A = f(2)
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_a_coroutine_that_nobody_awaits_has_not_run(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "async def f():\n    import one\nf()\n")
    assert "one" not in imported_modules(walk)


def test_recursion_without_end_is_cut(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "def f(n):\n    return f(n + 1)\nf(0)\nimport one\n")
    assert "one" in imported_modules(walk)


def test_a_call_is_an_edge_from_the_caller(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "def f():\n    g()\ndef g():\n    pass\nf()\n")
    assert {("main", "main:f", "call"), ("main:f", "main:g", "call")} <= edges_of(walk)


def test_what_a_library_returns_is_called_by_its_call(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "import library\nA = library.make()(1)\n")
    assert repr(names_of(walk)["A"]) == "<library.make()()>"


def test_a_function_inside_a_function_has_both_names(tmp_path: Path) -> None:
    program = "def outer():\n    def inner():\n        import one\n    inner()\nouter()\n"
    assert ("main:outer.inner", "one", "import") in edges_of(walk_program(tmp_path, program))
