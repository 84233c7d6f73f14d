"""``inspect``, against the real one."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, value_in

PROGRAMS = {
    "kinds": """\
        import inspect
        class Box: pass
        def f(): pass
        A = (
            inspect.isclass(Box), inspect.isclass(f), inspect.isfunction(f),
            inspect.isfunction(Box), inspect.isclass(1)
        )
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_members_of_a_module(tmp_path: Path) -> None:
    files = {
        "main.py": ("import inspect, tasks\nA = [name for name, cls in inspect.getmembers(tasks, inspect.isclass)]\n"),
        "tasks.py": "class Two: pass\nclass One: pass\ndef f(): pass\nX = 1\n",
    }
    assert value_in(tmp_path, files) == ["One", "Two"]


def test_members_of_something_unknown(tmp_path: Path) -> None:
    assert value_in(tmp_path, "import inspect, library\nA = inspect.getmembers(library)\n") is UNSURE
