"""RQ's own worker, really started with a Redis of its own: a job that hangs, its repaired twin, and what is loaded."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, write

pytest.importorskip("rq")
pytestmark = pytest.mark.slow

HANG = """\
from concurrent.futures import ThreadPoolExecutor

POOL = ThreadPoolExecutor(1)
POOL.submit(int).result()


def add():
    try:
        return POOL.submit(lambda: "42").result(timeout=3)
    except TimeoutError:
        return "hangs"


def handle(job, *error):
    return True
"""
TWIN = HANG.replace(
    "POOL = ThreadPoolExecutor(1)\nPOOL.submit(int).result()\n",
    "from functools import cache\n\n\n@cache\ndef pool():\n    return ThreadPoolExecutor(1)\n",
).replace("POOL.submit(lambda", "pool().submit(lambda")
ASK = """
import sys
from redis import Redis
from rq import Queue
from rq.job import Job
connection = Redis(port=int(sys.argv[1]))
if len(sys.argv) == 2:
    print(Queue(connection=connection).enqueue("jobs.add").id)
else:
    print(Job.fetch(sys.argv[2], connection=connection).return_value())
"""


def _asks(root: Path, *arguments: str) -> str | None:
    """What a Python program prints; None if it fails."""
    command = [sys.executable, *arguments]
    environ = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, timeout=PATIENCE_S)
    return f"{done.stdout.strip()} " if not done.returncode else None


def run_worker(root: Path, port: int, options: str) -> None:
    """Run what is in the queue."""
    program = "import sys; from rq.cli import main; sys.argv[0] = 'rq'; main()"
    command = [sys.executable, "-c", program, "worker", "--burst", "--url", f"redis://localhost:{port}"]
    subprocess.run([*command, *shlex.split(options)], cwd=root, timeout=PATIENCE_S, capture_output=True, check=True)


@pytest.mark.parametrize(
    ("source", "options", "answer"),
    [
        pytest.param(HANG, "--exception-handler jobs.handle", "hangs", id="handler"),
        pytest.param(HANG, "", "42", id="plain"),
        pytest.param(HANG, "--exception-handler jobs.handle -w rq.worker.SpawnWorker", "42", id="spawn"),
        pytest.param(HANG, "--exception-handler jobs.handle -w rq.worker.SimpleWorker", "42", id="simple"),
        pytest.param(TWIN, "--exception-handler jobs.handle", "42", id="repaired"),
    ],
)
def test_what_hangs_is_reported_and_what_works_is_not(
    tmp_path: Path, redis: int, source: str, options: str, answer: str
) -> None:
    write(tmp_path, {"jobs.py": source, "Procfile": f"jobs: rq worker {options}\n", "pyproject.toml": ""})
    found = [(one.code, Path(one.path).name, one.line) for one in check(tmp_path).findings]
    assert found == ([("FS112", "jobs.py", 4)] if answer == "hangs" else [])
    job = _asks(tmp_path, "-c", ASK, str(redis))
    assert job is not None
    run_worker(tmp_path, redis, options)
    assert (_asks(tmp_path, "-c", ASK, str(redis), job.strip()) or "").strip() == answer


NOTE = """
import os
if os.environ.get("NOTED") is None:
    with open("noted", "a") as stream:
        print(__name__, file=stream)
"""
CLASSES = {
    "wk": "import os\nfrom rq import Worker\nos.register_at_fork(after_in_child=lambda: os.environ.update(NOTED='1'))\n"
          "class W(Worker): ...\n",
    "jobc": "from rq.job import Job\nclass J(Job): ...\n",
    "queuec": "from rq import Queue\nclass Q(Queue): ...\n",
    "conn": "from redis import Redis\nclass C(Redis): ...\n",
    "settings": "",
    "handlers": "def h(*given): return True\n",
    "jobs": "def add(): ...\n",
}  # fmt: skip


def test_the_modules_before_the_first_fork_in_their_order(tmp_path: Path, redis: int) -> None:
    options = (
        "--exception-handler handlers.h -c settings --connection-class conn.C --queue-class queuec.Q -j jobc.J -w wk.W"
    )
    write(tmp_path, {f"{name}.py": f"{NOTE}{source}" for name, source in CLASSES.items()})
    write(tmp_path, {"Procfile": f"jobs: rq worker {options}\n", "pyproject.toml": ""})
    assert _asks(tmp_path, "-c", ASK, str(redis))
    run_worker(tmp_path, redis, options)
    (trace,) = check(tmp_path).traces
    traced = [module.name for module in trace.modules if module.origin == "first-party"]
    assert traced == (tmp_path / "noted").read_text().split()
