"""What the process is: its environment, its arguments, its platform."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, names_of, plain, walk_program

from flake8_forksafe.library.standard_process import ProcessEnvironment


def test_variables_that_are_known_and_others(tmp_path: Path) -> None:
    program = (
        "import os\n"
        "A = os.environ['GIVEN'], os.getenv('GIVEN'), os.environ.get('GIVEN', 'x')\n"
        "B = os.getenv('OTHER', 'default')\nC = 'GIVEN' in os.environ\n"
    )
    walk = walk_program(tmp_path, program, {"GIVEN": "value"})
    names = names_of(walk)
    assert plain(names["A"]) == ("value",) * 3
    assert plain(names["B"]) == {"default", UNSURE}
    assert plain(names["C"]) is True
    assert walk.recorder.variables_read == {"GIVEN", "OTHER"}


@pytest.mark.parametrize(
    "statement",
    [
        "os.environ['OMP_NUM_THREADS'] = '1'",
        "os.environ.setdefault('OMP_NUM_THREADS', '1')",
        "os.environ |= {'OMP_NUM_THREADS': '1'}",
        "os.environ.update(OMP_NUM_THREADS='1')",
        "os.environ.update({'OMP_NUM_THREADS': '1'})",
        "os.putenv('OMP_NUM_THREADS', '1')",
    ],
)
def test_every_way_of_setting_a_variable_is_recorded(tmp_path: Path, statement: str) -> None:
    (made,) = walk_program(tmp_path, f"import os\n{statement}\n").recorder.settings
    assert (made.name, made.value, made.line, made.position, made.sure) == ("OMP_NUM_THREADS", "1", 2, 2, True)


def test_a_variable_that_is_set_in_doubt(tmp_path: Path) -> None:
    program = "import os, library\nif library.flag:\n    os.environ['X'] = '1'\nA = os.environ.get('X')\n"
    walk = walk_program(tmp_path, program)
    assert [made.sure for made in walk.recorder.settings] == [False]
    assert "1" in plain(names_of(walk)["A"])


def test_the_environment_is_one_of_the_walk(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "import os\nos.environ['X'] = 'a'\n", {"GIVEN": "value"})
    state = walk.state(ProcessEnvironment)
    assert [repr(item.value) for name in ("GIVEN", "X") if (item := state.get(name)) is not None] == ["'value'", "'a'"]
    assert state.get("NONE") is None


def test_arguments_platform_and_version(tmp_path: Path) -> None:
    program = (
        "import os, sys\nfrom typing import TYPE_CHECKING\n"
        "A = sys.argv, sys.platform, os.name, TYPE_CHECKING\n"
        "B = sys.version_info.major, sys.version_info[:2] == (3, 11), sys.version_info > (3, 10)\n"
    )
    names = names_of(walk_program(tmp_path, program, argv=(("celery", "worker"),)))
    assert plain(names["A"]) == (["celery", "worker"], "linux", "posix", False)
    assert plain(names["B"]) == (3, True, True)
