"""The model of the worker process decides conditions."""

from __future__ import annotations

from pathlib import Path

from helpers import import_in, make_walk, write
from programs import UNSURE, names_of, plain

from flake8_forksafe.interpreter.process import Process

SOURCE = """\
    import os, sys
    ARGV = sys.argv[1:]
    PLATFORM = sys.platform
    NEW = sys.version_info >= (3, 12)
    HOME = os.environ.get("HOME_OF_SHOP", "unset")
    """


def found(root: Path, process: Process) -> dict[str, object]:
    walk = make_walk(write(root, {"main.py": SOURCE}))
    walk.process = process
    import_in(walk, "main")
    return {name: plain(value) for name, value in names_of(walk).items() if name.isupper()}


def test_what_is_known_of_the_process(tmp_path: Path) -> None:
    process = Process((("celery", "worker"),), (("HOME_OF_SHOP", "/srv"),), "linux", ((3, 12), (3, 14)))
    assert found(tmp_path, process) == {"ARGV": ["worker"], "PLATFORM": "linux", "NEW": True, "HOME": "/srv"}


def test_what_is_not_known_of_it(tmp_path: Path) -> None:
    process = Process((("celery", "worker"), ("celery", "beat")), (), None, ((3, 11), (3, 14)))
    assert found(tmp_path, process) == {
        "ARGV": UNSURE, "PLATFORM": UNSURE, "NEW": UNSURE, "HOME": {"unset", UNSURE}
    }  # fmt: skip
