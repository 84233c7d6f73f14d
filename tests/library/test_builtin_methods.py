"""Methods of builtin types, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, names_of, plain, value_in, walk_program

PROGRAMS = {
    "list": """\
        L = [3, 1]
        L.append(2)
        L.insert(0, 9)
        L.extend([5])
        L.remove(1)
        A = L.pop(), L.index(3), L.count(2), L.copy()
        L.reverse()
        B = L[:]
        L.sort()
        """,
    "list.sort": """\
        L = ['bb', 'a']
        L.sort(key=len)
        A = L[0]
        L.sort(reverse=True)
        """,
    "set": """\
        S = {1}
        S.add(2)
        S.discard(5)
        S.remove(1)
        A = S | {3}, {1, 2}.union([3]), {1, 2}.intersection({2}), {1, 2}.difference({2})
        """,
    "dict": """\
        D = {'a': 1}
        A = D.get('a'), D.get('b'), D.get('b', 0), D.setdefault('c', 3), D.pop('a'), D.pop('x', None)
        B = list(D.keys()), list(D.values()), list(D.items())
        C = D.copy()
        D.update({'z': 1}, y=2)
        D.clear()
        """,
    "str": """\
        A = (
            'a,b'.split(','), ' x '.strip(), '-'.join(['a', 'b']), 'abc'.upper(),
            'a.b'.rpartition('.'), 'x'.startswith(('x', 'y'))
        )
        B = (
            '{}-{k}'.format(1, k=2), 'aXa'.replace('X', '-'), 'abc'.find('c'), 'celery'.encode(),
            b'x'.decode()
        )
        """,
    "unbound": "A = list(map(str.strip, [' a', 'b '])), str.upper('x'), list(map(str, (1, 2)))",
    "missing": """\
        A = []
        for call in (
            lambda: [].pop(), lambda: {}.pop('x'), lambda: [1].remove(2), lambda: [1].index(2), lambda: 'a'.index('b')
        ):
            try:
                call()
            except (IndexError, KeyError, ValueError) as error:
                A.append(1)
        """,
    "clear": """\
        L = [1]
        L.clear()
        S = {1}
        S.clear()
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_a_default_of_the_environment_holds(tmp_path: Path) -> None:
    program = (
        "import os\nA = os.environ.setdefault('X_OF_SHOP', 'a')\nB = os.environ['X_OF_SHOP']\n"
        "C = os.environ.get('Y_OF_SHOP', 'b')\n"
    )
    walk = walk_program(tmp_path, program)
    names = names_of(walk)
    assert (plain(names["A"]), plain(names["B"]), plain(names["C"])) == ("a", "a", {"b", UNSURE})
    assert walk.recorder.variables_read == {"X_OF_SHOP", "Y_OF_SHOP"}
    assert [(made.name, made.value) for made in walk.recorder.settings] == [("X_OF_SHOP", "a")]


def test_what_may_be_removed_may_be_there(tmp_path: Path) -> None:
    program = "import library\nL = [1, 2]\nif library.flag:\n    L.remove(1)\nA = L[-1]\nB = 2 in L\nC = 1 in L\n"
    names = names_of(walk_program(tmp_path, program))
    assert (plain(names["B"]), plain(names["C"])) == (True, UNSURE)


def test_a_method_of_each_alternative(tmp_path: Path) -> None:
    assert value_in(tmp_path, "import library\nx = 'a' if library.flag else 'b'\nA = x.upper()\n") == {"A", "B"}


def test_an_unknown_argument(tmp_path: Path) -> None:
    assert value_in(tmp_path, "import library\nA = 'x'.replace('x', library.text)\n") is UNSURE
