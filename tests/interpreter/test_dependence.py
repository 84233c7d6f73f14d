"""Values that depend on ``sys.argv``."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import walk_program

from flake8_forksafe.interpreter.dependence import Dependence
from flake8_forksafe.interpreter.values import TRUE, UNKNOWN, Class, Literal, Unknown

WORKER = (("/venv/bin/celery", "worker"),)


def test_a_shared_value_is_not_marked_itself() -> None:
    argv = Dependence()
    marked, unknown = argv.mark(TRUE), argv.mark(UNKNOWN)
    assert isinstance(marked, Literal)
    assert marked is not TRUE
    assert isinstance(unknown, Unknown)
    assert unknown is not UNKNOWN
    assert list(argv.marked.values()) == [marked, unknown]
    assert isinstance(argv.mark(Class.__new__(Class)), Class)
    assert len(argv.marked) == 2


@pytest.mark.parametrize(
    "program",
    [
        "import sys\nif 'worker' in sys.argv:\n    pass\n",
        "import sys\nis_worker = 'worker' in sys.argv\nif is_worker:\n    pass\n",
        "import sys\ndef is_worker():\n    return 'worker' in sys.argv\nif is_worker():\n    pass\n",
        "import sys\nis_worker = 'worker' in sys.argv and print()\n",
        "from sys import argv\nname = argv[0].rpartition('/')[2]\nx = 1 if name == 'celery' else 2\n",
    ],
)
def test_a_condition_that_depends_on_argv_is_a_gate(tmp_path: Path, program: str) -> None:
    assert len(walk_program(tmp_path, program, argv=WORKER).recorder.gates) == 1


def test_another_condition_is_none(tmp_path: Path) -> None:
    program = "import sys\nargv = sys.argv\nif sys.platform == 'linux':\n    pass\nif 1:\n    pass\n"
    assert walk_program(tmp_path, program, argv=WORKER).recorder.gates == {}
