"""Plugins that are loaded by their entry points, as CPython does it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import check, found_codes, write
from programs import boot_program, imported_modules, walk_program

PLUGINS = {
    "plug-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n",
    "plug-1.0.dist-info/entry_points.txt": "[mine]\nb = own.b:Made.part\na = own.a\n[other]\nc = own.c:make\n",
    "own/__init__.py": "",
    "own/a.py": "",
    "own/b.py": "class Made:\n    part = 1\n",
    "own/c.py": "def make():\n    import own.made\n",
    "own/made.py": "",
}
PROGRAMS = {
    "group": "for one in entry_points(group='mine'):\n    one.load()\n",
    "group and name": "for one in entry_points(group='mine', name='a'):\n    one.load()\n",
    "select": "[one.load() for one in entry_points().select(group='other')]\n",
    "all": "for one in entry_points():\n    pass\n",
    "called": "for one in entry_points(group='other'):\n    one.load()()\n",
    "name": "made = {one.name: one.load() for one in entry_points(group='mine') if one.name == 'b'}\n",
    "value": "import importlib\nfor one in entry_points(group='mine'):\n    importlib.import_module(one.module)\n",
    "none": "for one in entry_points(group='nobody'):\n    one.load()\n",
    "not loaded": "names = sorted(one.value for one in entry_points(group='mine'))\n",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_loaded(tmp_path: Path, name: str) -> None:
    source = f"from importlib.metadata import entry_points\n{PROGRAMS[name]}"
    walk = walk_program(tmp_path, {**PLUGINS, "main.py": source})
    shown = "import sys, main; print(*(name for name in sys.modules if name.partition('.')[0] == 'own'))"
    done = subprocess.run(
        [sys.executable, "-c", shown], cwd=tmp_path, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert {one for one in imported_modules(walk) if one.partition(".")[0] == "own"} == set(done.stdout.split())


@pytest.mark.parametrize(
    "source",
    [
        "from importlib_metadata import entry_points\nfor one in entry_points().get('mine', ()):\n    one.load()\n",
        "import pkg_resources\nfor one in pkg_resources.iter_entry_points('mine'):\n    one.load()\n",
        "import pkg_resources\n[one.resolve() for one in pkg_resources.iter_entry_points(group='mine')]\n",
        "import importlib.metadata as md\nfor one in md.entry_points()['mine']:\n    one.load()\n",
    ],
)
def test_its_predecessors(tmp_path: Path, source: str) -> None:
    walk = walk_program(tmp_path, {**PLUGINS, "main.py": source})
    assert {"own.a", "own.b"} <= set(imported_modules(walk)) and "own.c" not in imported_modules(walk)


def test_a_plugin_of_the_project_brings_what_it_imports(tmp_path: Path) -> None:
    root = write(tmp_path, {
        "pyproject.toml": "[project]\nname = 'p'\n[project.entry-points.'p.readers']\ncsv = 'p.readers.csv:Reader'\n",
        "p/__init__.py": "", "p/readers/__init__.py": "", "p/readers/csv.py": "import pandas\nclass Reader: ...\n",
        "p/celery.py": "from celery import Celery\nfrom importlib import metadata\napp = Celery('p')\n"
                       "READERS = {one.name: one.load() for one in metadata.entry_points(group='p.readers')}\n"
                       "@app.task\ndef f(): ...\n",
    })  # fmt: skip
    assert ("p/readers/csv.py", 1, "FS101") in found_codes(check(root), root)


def test_what_celery_and_kombu_load(tmp_path: Path) -> None:
    """Seen with Celery 5.7.0 and kombu 5.6.2: serializers, then commands, both before the app; matchers later."""
    points = (
        "[kombu.matchers]\nm = own.a:args\n[celery.commands]\nc = own.c:make\n[kombu.serializers]\ns = own.b:args\n"
        "[celery.result_backends]\nb = own.made:Backend\n"
    )
    app = "from celery import Celery\napp = Celery()\n"
    files = {**PLUGINS, "plug-1.0.dist-info/entry_points.txt": points, "proj/celery.py": app}
    order = boot_program(tmp_path, files).recorder.order
    assert [name for name in order if name in ("own.a", "own.b", "own.c", "own.made", "proj.celery")] == [
        "own.b", "own.c", "proj.celery", "own.a",
    ]  # fmt: skip
