"""Settings as arguments of the app's constructor, and what a real app makes of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import check, write

SETTINGS = {
    "imports": ("imports=['proj.jobs']", "imports", ["proj.jobs"]),
    "include": ("include=['proj.jobs']", "include", ["proj.jobs"]),
    "changes": ("changes={'imports': ['proj.jobs']}", "imports", ["proj.jobs"]),
    "old name": ("CELERY_IMPORTS=['proj.jobs']", "imports", ["proj.jobs"]),
    "over the configuration": (
        "imports=['proj.jobs'], config_source={'imports': ['proj.other']}",
        "imports",
        ["proj.jobs"],
    ),
    "none is nothing": ("imports=None, config_source={'imports': ['proj.jobs']}", "imports", ["proj.jobs"]),
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_modules_named_by_an_argument(tmp_path: Path, kind: str) -> None:
    arguments, name, expected = SETTINGS[kind]
    celery = f"from celery import Celery\napp = Celery('proj', {arguments})\n"
    write(
        tmp_path,
        {
            "pyproject.toml": "",
            "proj/__init__.py": "",
            "proj/celery.py": celery,
            "proj/jobs.py": "",
            "proj/other.py": "",
        },
    )
    code = f"from proj.celery import app; print(list(app.conf[{name!r}]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(expected)
    loaded = [module.name for trace in check(tmp_path).traces for module in trace.modules]
    assert ("proj.jobs" in loaded, "proj.other" in loaded) == (True, False)


@pytest.mark.parametrize("pool", ["worker_pool='solo'", "changes={'worker_pool': 'threads'}", "CELERYD_POOL='solo'"])
def test_a_pool_named_by_an_argument(tmp_path: Path, pool: str) -> None:
    files = {"pyproject.toml": "", "jobs.py": f"import torch\nfrom celery import Celery\napp = Celery('p', {pool})\n"}
    write(tmp_path, files)
    assert [trace.forks for trace in check(tmp_path).traces] == [False]
