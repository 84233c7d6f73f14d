"""Constructors and functions that iterate or compute, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, value_in, walk_program

PROGRAMS = {
    "constructors": "A = list('ab'), tuple([1, 2]), set((1, 1)), list(), dict(), tuple()",
    "dict": """\
        A = dict(a=1), dict([('a', 1), ('b', 2)]), dict({'a': 1}, b=2), dict(zip('ab', (1, 2)))
        B = dict.fromkeys('ab', 0)
        """,
    "sorted and reversed": """\
        A = sorted([3, 1, 2]), sorted('ab', reverse=True), list(reversed([1, 2]))
        B = sorted(['bb', 'a'], key=len), sorted([1, -2], key=lambda n: n * n, reverse=True)
        """,
    "enumerate, zip, range": """\
        A = (
            list(enumerate('ab')), list(zip([1, 2], 'ab')), list(range(3)), list(range(1, 6, 2)),
            list(range(3, 0, -1))
        )
        """,
    "map and filter": """\
        A = list(map(str, (1, 2))), list(filter(None, (0, 1, '')))
        B = list(filter(lambda n: n > 1, (1, 2)))
        """,
    "any, all, next, len": """\
        A = (
            any([0, 1]), all([1, 0]), any([]), all([]), len('abc'), len({'a': 1}),
            next(iter([5, 6])), next(iter([]), 'no')
        )
        """,
    "an iterator is used up": """\
        it = iter([1, 2, 3])
        A = next(it), next(it)
        B = list(it)
        """,
    "numbers": """\
        A = abs(-3), round(2.5), sum([1, 2]), sum([1], 5), max(1, 3), min([4, 2]), ord('a'), chr(98)
        B = max('aa', 'b', key=len), min([3, -1], key=abs)
        """,
    "conversions": """\
        A = (
            str(1), int('7'), int(' 8 '), float('1.5'), bool([]), repr('x'), int('ff', 16),
            str(None), str(), int()
        )
        """,
    "failing conversions": """\
        A = []
        for text in ('1', 'x', '2'):
            try:
                A.append(int(text))
            except ValueError:
                A.append('bad')
        """,
    "no order": """\
        try:
            A = sorted([1, 'a'])
        except TypeError:
            A = 'caught'
        """,
    "stop": """\
        try:
            A = next(iter(()))
        except StopIteration:
            A = 'stopped'
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_a_large_range_is_not_listed(tmp_path: Path) -> None:
    assert value_in(tmp_path, "A = list(range(10**9))\n") is UNSURE


def test_an_order_that_depends_on_something_unknown(tmp_path: Path) -> None:
    assert value_in(tmp_path, "import library\nA = sorted([1, 2], key=library.key)\n") is UNSURE
    assert value_in(tmp_path, "import library\nA = max([1, 2], key=library.key)\n") is UNSURE


def test_a_mapped_function_is_called_for_each_element_even_if_they_are_not_known(tmp_path: Path) -> None:
    program = "import library\ndef f(x):\n    import one\nlist(map(f, library.things))\n"
    walk = walk_program(tmp_path, program)
    assert [edge.sure for edge in walk.recorder.edges.values() if str(edge.target) == "main:f"] == [False]


def test_what_would_be_too_large_is_not_converted(tmp_path: Path) -> None:
    assert value_in(tmp_path, "A = str(2**64 * 2**4)\n") is UNSURE
