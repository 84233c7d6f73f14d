"""The import system begins with nothing loaded, and with what it is given."""

from __future__ import annotations

from pathlib import Path

from helpers import import_in, make_walk, write

from flake8_forksafe.interpreter.import_system import ImportSystem
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.layout import Layout
from flake8_forksafe.source.collected import Collected


def test_nothing_is_known_of_what_is_installed_unless_it_is_told(tmp_path: Path) -> None:
    disk = Disk()
    system = ImportSystem(Layout(disk, (str(tmp_path),)), Collected(disk.content), frozenset({"torch"}))
    assert system.presence("torch") is None
    assert (system.modules, system.bodies) == ({}, {})


def test_modules_are_kept_in_the_order_in_which_they_are_executed(tmp_path: Path) -> None:
    files = {"main.py": "import b\nimport a\n", "a.py": "", "b.py": "import a\n"}
    walk = make_walk(write(tmp_path, files))
    import_in(walk, "main")
    assert list(walk.imports.modules) == ["main", "b", "a"]


def test_a_function_body_is_collected_when_it_is_called_and_kept(tmp_path: Path) -> None:
    source = "def f():\n    x = 1\n    return x\ndef g():\n    return 2\nf()\nf()\n"
    walk = make_walk(write(tmp_path, {"main.py": source}))
    import_in(walk, "main")
    assert [cut.first for _, cut in walk.imports.bodies] == [2]
