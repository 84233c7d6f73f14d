"""The option ``hosts``: what is followed, and what is said of a host that nothing starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write
from served_apps import HANG, found

from flake8_forksafe.analysis import analyse
from flake8_forksafe.finding import Outcome
from flake8_forksafe.incremental.outcome_cache import whole_outcome
from flake8_forksafe.options import UsageError
from flake8_forksafe.settings import make_settings

BOTH = {
    "pyproject.toml": "", "app.py": HANG,
    "proj.py": "from celery import Celery\napp = Celery('proj', include=['tasks'])\n",
    "tasks.py": "from proj import app\nimport torch\n@app.task\ndef add(): ...\n",
    "Procfile": "web: gunicorn --preload app:app\nworker: celery -A proj worker\n",
}  # fmt: skip
WEB, TASKS = ("FS112", "app.py", 4), ("FS101", "tasks.py", 2)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {WEB, TASKS}),
        ({"hosts": "celery, Gunicorn"}, {WEB, TASKS}),
        ({"hosts": ["gunicorn"]}, {WEB}),
        ({"hosts": "CELERY"}, {TASKS}),
        ({"app": "proj"}, {TASKS}),
        ({"app": "proj", "hosts": "celery,gunicorn"}, {WEB, TASKS}),
    ],
)
def test_the_hosts_that_are_followed(tmp_path: Path, options: dict[str, object], expected: set[object]) -> None:
    seen = {one for one in found(check(write(tmp_path, BOTH), **options)) if one[0] in ("FS101", "FS112")}
    assert seen == expected


def test_a_name_that_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the option hosts knows no host 'apache'; there are celery, gunicorn, uwsgi"):
        make_settings(str(tmp_path), {"hosts": "apache"})


def test_a_host_that_nothing_starts_is_refused_on_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--hosts names 'uwsgi', which nothing in .* starts"):
        analyse(make_settings(str(write(tmp_path, BOTH)), {"hosts": "uwsgi"}))


@pytest.mark.parametrize("files", [BOTH, {"lone.py": ""}], ids=["both", "nothing"])
def test_a_host_that_nothing_starts_is_reported_in_a_file(tmp_path: Path, files: dict[str, str]) -> None:
    project = write(tmp_path, {**files, "pyproject.toml": "[tool.forksafe]\nhosts = ['uwsgi']\n"})
    outcome: Outcome = whole_outcome(make_settings(str(project), {"no_cache": True}), {}, False, False)
    assert [(one.code, one.text) for one in outcome.findings] == [
        ("FS193", "the option hosts names 'uwsgi', which nothing in the project starts")
    ]
