"""``forksafe measure`` for other hosts than Celery's worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django_site import make_site
from helpers import PATIENCE_S, write
from served_apps import SITE

from flake8_forksafe.measure.hosts import host_command
from flake8_forksafe.options import UsageError


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("gunicorn proj.wsgi", ("gunicorn", "proj.wsgi", "-b", "127.0.0.1:0")),
        ("gunicorn --bind=:80 proj.wsgi", ("gunicorn", "--bind=:80", "proj.wsgi")),
        ("python -m gunicorn -b:80 proj.wsgi", ("-m", "gunicorn", "-b:80", "proj.wsgi")),
        ("python manage.py run_huey -k process", ("manage.py", "run_huey", "-k", "process")),
        ("manage.py qcluster", ("manage.py", "qcluster")),
    ],
)
def test_the_command_of_a_host(tmp_path: Path, words: str, expected: tuple[str, ...]) -> None:
    host = host_command(words.split(), str(tmp_path))
    assert host is not None
    assert host.words == expected


@pytest.mark.parametrize("words", ["worker -l info", "", "-c 2 -P prefork"])
def test_arguments_of_celery(tmp_path: Path, words: str) -> None:
    assert host_command(words.split(), str(tmp_path)) is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("uwsgi --master --module app", "uWSGI cannot be measured: its fork is not seen by Python"),
        ("gunicorn -D app:app", "a measurement does not take -D: it would leave the terminal"),
    ],
)
def test_what_cannot_be_measured(tmp_path: Path, words: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        host_command(words.split(), str(tmp_path))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize(
    ("words", "package", "count"),
    [
        pytest.param("gunicorn -w 2 proj.wsgi", "gunicorn", 15, id="gunicorn"),
        pytest.param("python manage.py run_huey", "huey", 9, id="run_huey"),
        pytest.param("python manage.py qcluster", "django_q", 8, id="qcluster"),
    ],
)
def test_the_first_fork_of_a_host(tmp_path: Path, words: str, package: str, count: int) -> None:
    """Every module of the project that is loaded then is in the trace, and no other one."""
    pytest.importorskip("django")
    pytest.importorskip(package)
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    if package == "gunicorn":
        write(tmp_path, {**SITE, "pyproject.toml": ""})
    else:
        environ = make_site(tmp_path, words.rpartition(" ")[2], 0, {"shop/tasks.py": "def add(): ...\n"})
    command = [sys.executable, "-m", "flake8_forksafe", "measure", "--python", sys.executable, "--format", "json", "--"]
    done = subprocess.run([*command, *words.split()], cwd=tmp_path, env=environ, capture_output=True, text=True,
                          timeout=PATIENCE_S, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    comparison = document["comparison"]
    assert (len(comparison["agreed"]), comparison["missed"], comparison["spurious"]) == (count, [], [])
