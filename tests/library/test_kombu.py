"""Functions that import what a string names."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import value_in


@pytest.mark.parametrize(
    "call",
    [
        "from kombu.utils.imports import symbol_by_name\nA = symbol_by_name('own.mod:X')\n",
        "from celery.utils.imports import symbol_by_name\nA = symbol_by_name('own.mod.X')\n",
        "from werkzeug.utils import import_string\nA = import_string('own.mod:X')\n",
    ],
)
def test_what_a_string_names(tmp_path: Path, call: str) -> None:
    files = {"main.py": call, "own/__init__.py": "", "own/mod.py": "X = 3\n"}
    assert value_in(tmp_path, files) == 3


def test_it_is_what_kombu_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imports = pytest.importorskip("kombu.utils.imports")
    assert imports.symbol_by_name("os.path:join") is imports.symbol_by_name("os.path.join")
    program = "from kombu.utils.imports import symbol_by_name\nA = symbol_by_name('os.sep'), symbol_by_name(3)\n"
    assert value_in(tmp_path, program) == ("/", imports.symbol_by_name(3))


def test_cached_properties(tmp_path: Path) -> None:
    program = (
        "from kombu.utils.objects import cached_property\nclass Box:\n    @cached_property\n"
        "    def size(self):\n        return 4\nA = Box().size\n"
    )
    assert value_in(tmp_path, program) == 4
