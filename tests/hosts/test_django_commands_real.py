"""Django's job runners, really started up to their first fork: the modules of the parent are those of the trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django_site import SITE
from helpers import PATIENCE_S, check, write

pytestmark = pytest.mark.slow

RECORDER = """
import json, os, runpy, sys

def at_fork():
    names = [name for name in list(sys.modules) if name.partition(".")[0] in ("proj", "shop")]
    with open({path!r}, "x") as stream:
        json.dump(names, stream)
    os._exit(0)

os.register_at_fork(before=at_fork)
sys.argv[:] = ["manage.py", *sys.argv[1:]]
sys.path.insert(0, os.getcwd())
runpy.run_path("manage.py", run_name="__main__")
"""
SETTINGS = """\
SECRET_KEY = "x"
INSTALLED_APPS = ["django.contrib.contenttypes", "shop", "{app}"]
ROOT_URLCONF = "proj.urls"
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
HUEY = {{"huey_class": "huey.MemoryHuey", "immediate": False, "consumer": {{"worker_type": "process"}}}}
Q_CLUSTER = {{"orm": "default", "workers": 2}}
"""


@pytest.mark.parametrize(
    ("command", "package", "app"),
    [("run_huey", "huey", "huey.contrib.djhuey"), ("qcluster", "django_q", "django_q")],
)
def test_the_modules_of_the_parent_at_its_first_fork(tmp_path: Path, command: str, package: str, app: str) -> None:
    pytest.importorskip("django")
    pytest.importorskip(package)
    site, record = tmp_path / "site", tmp_path / "record.json"
    files = {**SITE, "shop/views.py": "", "shop/tasks.py": "", "proj/settings.py": SETTINGS.format(app=app)}
    write(site, {**files, "Procfile": f"jobs: python manage.py {command}\n"})
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    if command == "qcluster":
        subprocess.run([sys.executable, "manage.py", "migrate"], cwd=site, env=environ, check=True, capture_output=True)
    program = [sys.executable, "-c", RECORDER.format(path=str(record)), command]
    ran = subprocess.run(program, cwd=site, env=environ, timeout=PATIENCE_S, capture_output=True, check=False)
    assert record.exists(), ran.stderr.decode()
    (trace,) = check(site).traces
    traced = [module.name for module in trace.modules if module.origin == "first-party" and module.name != "__main__"]
    assert sorted(traced) == sorted(json.loads(record.read_text()))
    assert trace.forks and not trace.clean
