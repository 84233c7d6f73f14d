"""Truth that the program's own classes decide, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import assert_like_python, value_in

PROGRAMS = {
    "__bool__": """\
        class No:
            def __bool__(self): return False
        A = 1 if No() else 2
        """,
    "__len__": """\
        class Empty:
            def __len__(self): return 0
        class Full:
            def __len__(self): return 2
        A = bool(Empty()), not Full(), len(Full())
        """,
    "neither": """\
        class Plain: pass
        A = 1 if Plain() else 2
        """,
    "inherited": """\
        class Base:
            def __bool__(self): return False
        class Sub(Base): pass
        A = Sub() or 'other'
        """,
    "__bool__ before __len__": """\
        class Odd:
            def __bool__(self): return True
            def __len__(self): return 0
        A = 1 if Odd() else 2
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_the_truth_of_an_object_with_a_base_of_a_library_is_not_known(tmp_path: Path) -> None:
    assert value_in(tmp_path, "import library\nclass Box(library.Base):\n    pass\nA = 1 if Box() else 2\n") == {1, 2}
