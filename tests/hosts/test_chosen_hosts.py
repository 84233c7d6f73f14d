"""The option ``hosts``: what is followed, and what is said of a host that nothing starts."""

from __future__ import annotations

import re
import subprocess
import sys
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


SEVERAL = {
    **BOTH,
    "proj2/__init__.py": "", "proj2/wsgi.py": HANG, "proj2/other.py": HANG, "jobs.py": f"{HANG}\n    huey = None\n",
    "Procfile": "web: gunicorn --preload app:app\nother: gunicorn --preload proj2.other:app\n"
                "worker: celery -A proj worker\n",
}  # fmt: skip
NAMED = ("FS112", "wsgi.py", 4)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"app": "gunicorn:app:app"}, {WEB}, id="started"),
        pytest.param({"app": "Gunicorn: app"}, {WEB}, id="another form"),
        pytest.param({"app": "gunicorn:proj2.wsgi"}, {NAMED}, id="started by nothing"),
        pytest.param({"app": "gunicorn:./:proj2.wsgi"}, {NAMED}, id="with a root"),
        pytest.param({"app": ["gunicorn:proj2.wsgi:make('a', 1)"]}, {NAMED}, id="factory"),
        pytest.param({"app": "uwsgi:proj2.wsgi:app"}, {NAMED}, id="uWSGI"),
        pytest.param({"app": "huey_consumer:jobs.huey"}, {("FS112", "jobs.py", 4)}, id="Huey"),
        pytest.param({"app": "celery:proj"}, {TASKS}, id="Celery"),
        pytest.param({"app": "proj,gunicorn:proj2.wsgi"}, {TASKS, NAMED}, id="two hosts"),
        pytest.param({"app": "proj,gunicorn:proj2.wsgi", "hosts": "gunicorn"}, {NAMED}, id="one of two"),
        pytest.param({"app": "gunicorn:proj2.wsgi", "hosts": "celery,gunicorn"}, {TASKS, NAMED}, id="Celery is found"),
        pytest.param({"app": "uwsgi:app", "hosts": "uwsgi,gunicorn"}, {WEB, ("FS112", "other.py", 4)}, id="and all"),
    ],
)  # fmt: skip
def test_an_app_of_a_host(tmp_path: Path, options: dict[str, object], expected: set[object]) -> None:
    seen = {one for one in found(check(write(tmp_path, SEVERAL), **options)) if one[0] in ("FS101", "FS112")}
    assert seen == expected


def test_an_app_that_a_launch_names_is_followed_as_it_is_launched(tmp_path: Path) -> None:
    files = {"app.py": HANG, "gunicorn.conf.py": "preload_app = True\n", "pyproject.toml": ""}
    project = write(tmp_path, {**files, "Procfile": "web: gunicorn -w 3 $APP\n"})
    (trace,) = check(project, app="gunicorn:app:app").traces
    assert [start.line for start in trace.starts] == [1]
    assert trace.host.pool(trace.starts[0], trace.conf).concurrency == 3
    assert found(check(project, app="gunicorn:app:app")) == [WEB]
    report = check(write(project, {"Procfile": "web: gunicorn app:app\n", "gunicorn.conf.py": ""}), app="gunicorn:app")
    assert found(report) == []
    assert [one.why for one in report.context.clean] == [
        "each worker imports the app for itself, after the fork: nothing preloads it"
    ]


def test_the_configuration_beside_an_app_that_nothing_starts(tmp_path: Path) -> None:
    files = {"app.py": "", "gunicorn.conf.py": HANG, "pyproject.toml": ""}
    assert found(check(write(tmp_path, files), app="gunicorn:app:app")) == [("FS112", "gunicorn.conf.py", 4)]


def test_an_app_for_a_launch_of_uwsgi_that_names_none(tmp_path: Path) -> None:
    files = {"app.py": HANG, "Procfile": "web: uwsgi --master --module $MODULE\n", "pyproject.toml": ""}
    assert found(check(write(tmp_path, files), app="uwsgi:app:app")) == [WEB]


def test_an_app_of_a_host_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^--app names 'gunicorn:proj3.wsgi', which does not exist in [^;]*$"):
        analyse(make_settings(str(write(tmp_path, BOTH)), {"app": "gunicorn:proj3.wsgi"}))
    project = write(tmp_path, {"pyproject.toml": "[tool.forksafe]\napp = 'uwsgi:proj3'\n"})
    outcome: Outcome = whole_outcome(make_settings(str(project), {"no_cache": True}), {}, False, False)
    assert [(one.code, one.text) for one in outcome.findings] == [
        ("FS193", "the option app names 'uWSGI:proj3', which does not exist in the project")
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("rq worker:jobs", "the option app cannot name what rq worker runs, which its command line does not; "
                           "it can for celery, gunicorn, uwsgi, huey_consumer"),
        ("gunicorn:", "the option app takes a module, or module:attribute, behind gunicorn:, not 'gunicorn:'"),
        ("uwsgi:app.py:a:b", "behind uWSGI:, not 'uwsgi:app.py:a:b'"),
        ("apache:proj.wsgi:a", "the option app takes a module, or module:attribute, not 'apache:proj.wsgi:a'"),
        ("gunicorn:proj.wsgi:make(", "behind gunicorn:, not 'gunicorn:proj.wsgi:make('"),
    ],
)  # fmt: skip
def test_a_value_that_names_no_app(tmp_path: Path, value: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        make_settings(str(tmp_path), {"app": value})
    command = [sys.executable, "-m", "flake8_forksafe", "check", "--app", value, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert message in ran.stderr
