"""gunicorn, really started: the hang, its repaired twin, and what the master has loaded at its first fork."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, write
from served_apps import LOUD_HANG as HANG
from served_apps import LOUD_TWIN as TWIN
from served_apps import SITE, free_port

pytest.importorskip("gunicorn")
pytestmark = pytest.mark.slow


def answer_of(root: Path, arguments: list[str], environ: dict[str, str]) -> str:
    """What the first request to a server is answered."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", *arguments]
    server = subprocess.Popen(command, cwd=root, env={**os.environ, **environ}, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and server.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE_S) as response:
                    return str(response.read().decode())
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"the server did not answer: {server.poll()}")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(PATIENCE_S)


@pytest.mark.parametrize(
    ("source", "arguments", "config", "environ", "answer"),
    [
        pytest.param(HANG, ["--preload", "-w", "2", "app:app"], "", {}, "hangs", id="option"),
        pytest.param(HANG, ["app:app"], "preload_app = True\n", {}, "hangs", id="configuration"),
        pytest.param(HANG, ["app:app"], "", {"GUNICORN_CMD_ARGS": "--preload"}, "hangs", id="variable"),
        pytest.param(HANG, ["-w", "2", "app:app"], "", {}, "42", id="without preload"),
        pytest.param(TWIN, ["--preload", "-w", "2", "app:app"], "", {}, "42", id="repaired"),
    ],
)
def test_what_hangs_is_reported_and_what_works_is_not(
    tmp_path: Path, source: str, arguments: list[str], config: str, environ: dict[str, str], answer: str
) -> None:
    write(tmp_path, {"app.py": source, "pyproject.toml": "", **({"gunicorn.conf.py": config} if config else {})})
    variables = " ".join(f"{name}={value}" for name, value in environ.items())
    write(tmp_path, {"Procfile": f"web: {variables} gunicorn {' '.join(arguments)}\n"})
    found = [(one.code, Path(one.path).name, one.line) for one in check(tmp_path).findings]
    assert found == ([("FS112", "app.py", 4)] if answer == "hangs" else [])
    assert answer_of(tmp_path, arguments, environ) == answer


RECORDER = """
import json, os, sys

def at_fork():
    names = [name for name in list(sys.modules) if name.partition(".")[0] in {tops}]
    with open({path!r}, "x") as stream:
        json.dump(names, stream)
    os._exit(0)

os.register_at_fork(before=at_fork)
from gunicorn.app.wsgiapp import run
sys.argv[0] = "gunicorn"
run()
"""


@pytest.mark.parametrize("app", ["proj.wsgi", "proj.asgi:application"])
def test_the_modules_of_the_master_at_its_first_fork(tmp_path: Path, app: str) -> None:
    pytest.importorskip("django")
    site = tmp_path / "site"
    write(site, {**SITE, "Procfile": f"web: gunicorn {app}\n", "pyproject.toml": ""})
    record = tmp_path / "record.json"
    tops = {"__config__", "proj", "shop", "stock"}
    program = RECORDER.format(tops=tops, path=str(record))
    command = [sys.executable, "-c", program, "-b", f"127.0.0.1:{free_port()}", app]
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=site, env=environ, timeout=PATIENCE_S, stderr=subprocess.DEVNULL, check=False)
    (trace,) = check(site).traces
    traced = [module.name for module in trace.modules if re.split(r"\.", module.name)[0] in tops]
    assert sorted(traced) == sorted(json.loads(record.read_text()))
    assert [module.name for module in trace.modules if not module.certain] == []
