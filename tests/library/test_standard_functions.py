"""``functools``, ``itertools``, ``collections``, ``copy``, ``typing``, against the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, names_of, plain, value_in, walk_program

PROGRAMS = {
    "partial": """\
        from functools import partial
        A = partial(lambda a, b, c=0: (a, b, c), 1, c=5)(2)
        """,
    "wraps and caches": """\
        import functools
        def decorate(f):
            @functools.wraps(f)
            def inner(*args): return f(*args) + 1
            return inner
        @decorate
        def g(x): return x * 2
        @functools.lru_cache
        def h(x): return x
        @functools.lru_cache(maxsize=None)
        def k(x): return -x
        A = g(3), h(4), k(5)
        """,
    "reduce": """\
        from functools import reduce
        A = reduce(lambda a, b: a * b, [1, 2, 3, 4]), reduce(lambda a, b: a + b, ['x'], 'y')
        """,
    "cached_property": """\
        from functools import cached_property
        class Box:
            @cached_property
            def size(self): return 3
        A = Box().size
        """,
    "chain": """\
        from itertools import chain
        A = list(chain([1], (2, 3), 'x')), list(chain.from_iterable([[1], [2]]))
        """,
    "copies": """\
        import copy
        x = [[1], {'a': [2]}]
        y = copy.deepcopy(x)
        y[0].append(9)
        z = copy.copy(x)
        z[0].append(8)
        A = x, y
        """,
    "deque and ordered": """\
        from collections import OrderedDict, deque
        d = deque([1, 2])
        d.appendleft(0)
        A = list(d)
        B = OrderedDict(a=1)['a']
        """,
    "cast": """\
        from typing import cast
        A = cast('int', 5)
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_a_default_dictionary_may_hold_anything(tmp_path: Path) -> None:
    assert value_in(tmp_path, "from collections import defaultdict\nA = defaultdict(list)['x']\n") is UNSURE


def test_suppressed_exceptions(tmp_path: Path) -> None:
    program = "import contextlib\nA = 1\nwith contextlib.suppress(ImportError):\n    import library\n    A = 2\n"
    walk = walk_program(tmp_path, program)
    assert plain(names_of(walk)["A"]) in (2, {1, 2})


def test_a_named_tuple_is_a_class(tmp_path: Path) -> None:
    program = (
        "from collections import namedtuple\nPoint = namedtuple('Point', 'x y')\n"
        "class Own(Point):\n    kind = 'own'\nA = Own(x=1, y=2).kind, Own.__name__\n"
    )
    assert value_in(tmp_path, program) == ("own", "Own")
