"""The modules of migrations, compared with what Django imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import check, write

CHECK = """\
from django.apps import AppConfig
from django.core.checks import register
class Config(AppConfig):
    name = 'a'
    def ready(self):
        register(look)
def look(app_configs, **kwargs):
    from django.db.migrations.loader import MigrationLoader
    MigrationLoader(None)
    return []
"""
APPS = ("a", "b", "c", "d")
FILES = {
    "proj/__init__.py": "", **{f"{app}/__init__.py": "" for app in APPS},
    "proj/celery.py": "import os\nfrom celery import Celery\n"
                      "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\napp = Celery()\n",
    "a/apps.py": CHECK, "a/migrations/__init__.py": "", "a/migrations/_helper.py": "",
    "a/migrations/0001_initial.py": "import a.extra\nclass Migration:\n    dependencies = run_before = replaces = ()\n"
                                    "    initial = True\n    def __init__(self, name, app): ...\n",
    "a/migrations/deep/__init__.py": "",
    "a/extra.py": "", "b/old/__init__.py": "", "b/migrations/__init__.py": "", "c/migrations/__init__.py": "",
    "d/migrations/0001_initial.py": "",
}  # fmt: skip
SETTINGS = "INSTALLED_APPS = ['a', 'b', 'c', 'd']\nMIGRATION_MODULES = {'b': 'b.old', 'c': None}\n"
LOADED = {"a.migrations", "a.migrations.0001_initial", "a.extra", "b.old", "d.migrations"}


def test_a_check_that_looks_at_migrations(tmp_path: Path) -> None:
    (trace,) = check(write(tmp_path, {**FILES, "proj/settings.py": SETTINGS})).traces
    names = {module.name for module in trace.modules if module.name.partition(".")[0] in APPS}
    assert names - {*APPS, "a.apps"} == LOADED - {"d.migrations"}  # a namespace package, which Django only looks at


@pytest.mark.costly
def test_in_reality(tmp_path: Path) -> None:
    pytest.importorskip("django")
    code = (
        "import os, sys\nos.environ['DJANGO_SETTINGS_MODULE'] = 'proj.settings'\nimport django\ndjango.setup()\n"
        "from django.core.checks import run_checks\nrun_checks()\n"
        f"print(*[name for name in sys.modules if name.partition('.')[0] in {APPS!r}])"
    )
    root = write(tmp_path, {**FILES, "proj/settings.py": SETTINGS})
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) - {*APPS, "a.apps"} == LOADED


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("", {"a.migrations.0001_initial"}),
        ("DOCKERFLOW_CHECKS = []\n", set()),
        ("DOCKERFLOW_CHECKS = ['b.checks.look']\n", {"b.checks"}),
    ],
)
def test_checks_that_dockerflow_lists(tmp_path: Path, listed: str, expected: set[str]) -> None:
    settings = f"INSTALLED_APPS = ['a', 'dockerflow.django']\n{listed}"
    files = {
        **FILES,
        "a/apps.py": "",
        "proj/settings.py": settings,
        "b/checks.py": "def look(app_configs, **kw): ...\n",
    }
    (trace,) = check(write(tmp_path, files)).traces
    assert {module.name for module in trace.modules} & {"a.migrations.0001_initial", "b.checks"} == expected
