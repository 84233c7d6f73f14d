"""uWSGI, really started: the hang, its repaired twin, and what is loaded before the workers are forked."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, write
from served_apps import LOUD_HANG as HANG
from served_apps import LOUD_TWIN as TWIN
from served_apps import SITE, free_port

UWSGI = shutil.which("uwsgi", path=str(Path(sys.executable).parent)) or ""
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not UWSGI, reason="uWSGI is not installed (pip install pyuwsgi)")]

ABORTS = pytest.mark.skipif(
    sys.version_info >= (3, 13),
    reason="uWSGI 2.0.30 releases an import lock that it does not hold, which Python 3.13 does not forgive",
)
CACHED = HANG.replace(
    "POOL = ThreadPoolExecutor(1)\n    POOL.submit(int).result()\n",
    "from functools import cache\n    import os\n\n    @cache\n    def pool():\n        return ThreadPoolExecutor(1)\n"
    "    pool().submit(int).result()\n    os.register_at_fork(after_in_child=pool.cache_clear)\n",
).replace("POOL.submit(lambda", "pool().submit(lambda")
"""A repair that needs the functions of ``os.register_at_fork``."""


def run(root: Path, arguments: list[str], environ: dict[str, str]) -> tuple[subprocess.Popen[bytes], int]:
    """A server, and its port."""
    port = free_port()
    known = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [UWSGI, "--http-socket", f"127.0.0.1:{port}", "--die-on-term", *arguments]
    output = (root / "output").open("wb")
    with output:
        environ = {**known, **environ}
        server = subprocess.Popen(command, cwd=root, env=environ, stdout=output, stderr=output, start_new_session=True)
        return server, port


def stop(server: subprocess.Popen[bytes]) -> None:
    """End a server and its workers: without a master nobody else ends those."""
    os.killpg(server.pid, signal.SIGKILL)
    server.wait(PATIENCE_S)


def answer_of(root: Path, arguments: list[str], environ: dict[str, str]) -> set[str]:
    """What some requests to a server are answered, so that each of its workers has its turn."""
    server, port = run(root, arguments, environ)
    try:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and server.poll() is None:
            try:
                return {
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE_S).read().decode()
                    for _ in range(3)
                }
            except urllib.error.HTTPError:  # the app could not be loaded
                break
            except OSError:
                time.sleep(0.1)
        raise AssertionError((root / "output").read_text())
    finally:
        stop(server)


@pytest.mark.parametrize(
    ("source", "arguments", "environ", "answer"),
    [
        pytest.param(HANG, "--master -p 2 --module app:app", {}, "hangs", id="default"),
        pytest.param(HANG, "--master --module app:app", {}, "hangs", id="one worker behind a master"),
        pytest.param(HANG, "--module app:app", {}, "42", id="one process"),
        pytest.param(HANG, "--master -p 2 --module app:app --lazy-apps", {}, "42", id="lazy-apps"),
        pytest.param(HANG, "--master -p 2 --module app:app", {"UWSGI_LAZY_APPS": "1"}, "42", id="variable"),
        pytest.param(TWIN, "--master -p 2 --module app:app", {}, "42", id="repaired"),
    ],
)
def test_what_hangs_is_reported_and_what_works_is_not(
    tmp_path: Path, source: str, arguments: str, environ: dict[str, str], answer: str
) -> None:
    write(tmp_path, {"app.py": source, "pyproject.toml": ""})
    variables = "".join(f"{name}={value} " for name, value in environ.items())
    write(tmp_path, {"Procfile": f"web: {variables}uwsgi {arguments}\n"})
    found = [(one.code, Path(one.path).name, one.line) for one in check(tmp_path).findings]
    assert found == ([("FS112", "app.py", 4)] if answer == "hangs" else [])
    assert answer_of(tmp_path, shlex.split(arguments), environ) == {answer}


@pytest.mark.parametrize(
    ("option", "answer"),
    [
        ("", "hangs"),
        pytest.param("--py-call-osafterfork", "42", marks=ABORTS),
        ("--py-call-uwsgi-fork-hooks", "42"),
    ],
)
def test_functions_of_register_at_fork_run_only_with_an_option(tmp_path: Path, option: str, answer: str) -> None:
    write(tmp_path, {"app.py": CACHED})
    assert answer_of(tmp_path, shlex.split(f"--master -p 2 --module app:app {option}"), {}) == {answer}


NOTE = """
import os, sys, uwsgi
if uwsgi.worker_id() == 0 and uwsgi.mule_id() == 0:
    with open({path!r}, "a") as stream:
        print(__name__, file=stream)
def application(environ, start_response):
    start_response("200 OK", [])
    return [b"started"]
def make():
    import made
    return application
"""
BASE = "[uwsgi]\nmaster = true\nmodule = app\n"
NAMES = ("app", "one", "two", "three", "made", "src/app", "src/inner")


@pytest.mark.parametrize(
    ("arguments", "files", "environ"),
    [
        ("--master --module app --import one --import two --shared-import three", {}, {}),
        ("--master --module app --import one --shared-import three --lazy-apps", {}, {}),
        ("--master --wsgi-file app.py --pyimport src/inner.py", {}, {}),
        ("--master --module app --mount /x=one.py --mount /y=two --manage-script-name", {}, {}),
        ("--master --module 'app:make()'", {}, {}),
        ("--master --module app --callable 'make()'", {}, {}),
        ("--master --chdir src --module app", {}, {}),
        ("--master --module app --pp src --import inner", {}, {}),
        ("-Mp2 -w app", {}, {}),
        ("--module app -p 2", {}, {}),
        ("--module app --cheaper 1 --workers 2", {}, {}),
        ("--module app --mule=one.py", {}, {}),
        ("u.ini --lazy-apps --import three", {"u.ini": f"{BASE}lazy-apps = no\n"}, {}),
        ("--ini u.ini --lazy-apps", {"u.ini": f"{BASE}lazy-apps = no\n"}, {}),
        ("--lazy-apps --ini u.ini", {"u.ini": f"{BASE}lazy-apps = off\n"}, {}),
        ("u.ini", {"u.ini": f"{BASE}lazy-apps\n"}, {}),
        ("u.ini", {"u.ini": f"{BASE}lazy-apps =\n"}, {}),
        ("u.ini", {"u.ini": f"{BASE}lazy-apps = FALSE\n"}, {}),
        ("u.ini", {"u.ini": f"{BASE}for = one two\nimport = %(_)\nendfor =\n"}, {}),
        ("u.ini", {"u.ini": f"{BASE}if-env = MORE\nimport = one\nendif =\n"}, {"MORE": "1"}),
        ("u.ini", {"u.ini": f"{BASE}if-not-env = MORE\nimport = one\nendif =\n"}, {"MORE": "1"}),
        ("u.ini", {"u.ini": f"{BASE}a = one\nset-ph = b=two\nimport = %(a)\nimport = %(b)\n"}, {}),
        ("u.ini", {"u.ini": f"{BASE}import = $(WHAT)\n"}, {"WHAT": "two"}),
        ("u.ini", {"u.ini": f"{BASE}ini = more.ini\nimport = three\n", "more.ini": "[uwsgi]\nimport=one\n"}, {}),
        ("--ini one.ini:web", {"one.ini": f"[web]\nini = one.ini\nimport = %n\n{BASE}"}, {}),
        ("src/u.ini", {"src/u.ini": f"{BASE}chdir = %d\n"}, {}),
        ("u.yaml", {"u.yaml": "uwsgi:\n  module: app # c\n  master: true\n  import: one\n"}, {}),
        ("--yaml u.yml", {"u.yml": "uwsgi:\n  module: app\n  master: yes\n  import: one\n  import: two\n"}, {}),
        ("--json u.json", {"u.json": '{"uwsgi": {"module": "app", "master": true, "import": ["one", "two"]}}'}, {}),
        ("", {}, {"UWSGI_MODULE": "app", "UWSGI_MASTER": "1", "UWSGI_IMPORT": "one"}),
        ("--module one", {}, {"UWSGI_MODULE": "app", "UWSGI_MASTER": "1"}),
        ("u.ini", {"u.ini": BASE}, {"UWSGI_MODULE": "one", "UWSGI_LAZY_APPS": "1"}),
    ],
)
def test_the_modules_before_the_first_fork(
    tmp_path: Path, arguments: str, files: dict[str, str], environ: dict[str, str]
) -> None:
    site, record = tmp_path / "site", tmp_path / "record"
    record.write_text("")
    write(site, {f"{name}.py": NOTE.format(path=str(record)) for name in NAMES})
    variables = "".join(f"{name}={value} " for name, value in environ.items())
    write(site, {"pyproject.toml": "", "Procfile": f"web: {variables}uwsgi {arguments}\n", **files})
    assert answer_of(site, shlex.split(arguments), environ) == {"started"}
    traces = check(site).traces
    traced = [module for trace in traces for module in trace.modules if module.origin == "first-party"]
    assert [module.name for module in traced] == record.read_text().split()
    assert all(module.certain for module in traced)


RECORDED = """
from uwsgidecorators import postfork
@postfork
def record():
    import json, sys, uwsgi
    if uwsgi.worker_id() == 1:
        names = [name for name in sys.modules if name.partition(".")[0] in ("proj", "shop", "stock")]
        with open({path!r}, "x") as stream:
            json.dump(names, stream)
"""


@pytest.mark.parametrize("app", ["wsgi", "asgi"])
def test_the_modules_of_a_django_project(tmp_path: Path, app: str) -> None:
    import json

    pytest.importorskip("django")
    site, record = tmp_path / "site", tmp_path / "record.json"
    module = SITE[f"proj/{app}.py"] + RECORDED.format(path=str(record))
    ini = f"[uwsgi]\nmaster = true\nmodule = proj.{app}:application\n"
    write(site, {**SITE, "gunicorn.conf.py": "", f"proj/{app}.py": module, "uwsgi.ini": ini, "pyproject.toml": ""})
    server, _ = run(site, ["uwsgi.ini"], {})
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and server.poll() is None and not (record.exists() and record.read_text()):
        time.sleep(0.1)
    stop(server)
    (trace,) = check(site).traces
    traced = [module.name for module in trace.modules if module.origin == "first-party"]
    assert sorted(traced) == sorted(json.loads(record.read_text()))
