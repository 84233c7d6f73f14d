"""A handler of ``worker_process_init`` that is slow, in a real worker, and the repair that does without one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import check, write
from running import happens, running

from flake8_forksafe.cli import main

pytest.importorskip("redis")
pytestmark = pytest.mark.slow

APP = """\
import os, time
from pathlib import Path
from celery import Celery, signals

app = Celery("proj", broker=f"redis://localhost:{os.environ['REDIS_PORT']}")
app.conf.worker_proc_alive_timeout = 1
MODEL = None

def load():
    time.sleep(3)
    return "model"

HANDLER

@app.task
def use(name):
    Path(f"{name}.done").write_text(MODEL_OF)
"""
BEFORE = "@signals.worker_init.connect\ndef prepare(**kwargs):\n    global MODEL\n    MODEL = load()\n"
PROJ = APP.replace("HANDLER", BEFORE).replace("MODEL_OF", "MODEL")


@pytest.mark.parametrize("where", ["each child", "first use"])
def test_a_slow_load_in_each_child_and_on_first_use(
    tmp_path: Path, redis: int, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A child that is started later is killed if it takes longer than ``worker_proc_alive_timeout``, for ever."""
    files = {"proj.py": PROJ, "pyproject.toml": '[tool.forksafe]\napp = "proj"\nwarm-ups = ["proj.load"]\n'}
    write(tmp_path, files)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REDIS_PORT", str(redis))
    assert "FS124" in {finding.code for finding in check(tmp_path, warm_ups=["proj.load"]).findings}
    options = ["--worker-process-init"] if where == "each child" else []
    main(["fix", "--no-cache", "--select", "FS124", "--unsafe", "--write", *options])
    text = (tmp_path / "proj.py").read_text()
    assert ("@signals.worker_process_init.connect" in text) is (where == "each child") is ("get_model()" not in text)
    for name in ("first", "second", "third"):
        subprocess.run([sys.executable, "-c", f"import proj; proj.use.delay('{name}')"], check=True)
    log = tmp_path / "log"
    command = [sys.executable, "-m", "celery", "-A", "proj", "worker", "-c", "1", "--max-tasks-per-child", "1",
               "--logfile", str(log)]  # fmt: skip
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def done() -> int:
        return len([*tmp_path.glob("*.done")])

    def killed() -> int:
        return log.read_text().count("Timed out waiting for UP message") if log.exists() else 0

    with running(command, tmp_path, environ) as worker:
        assert happens(lambda: done() == 3 or killed() > 2, worker)
    if where == "each child":
        assert (done(), killed() > 2) == (1, True)
    else:
        assert (done(), killed()) == (3, 0)
