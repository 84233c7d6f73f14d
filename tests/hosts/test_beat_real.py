"""``celery worker -B``, really started: what beat's process inherits, and which signals are sent in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import check, write
from running import happens, running

pytestmark = pytest.mark.slow

APP = """\
import os
from celery import Celery
from celery.signals import beat_embedded_init, beat_init, worker_process_init

app = Celery("proj", broker="memory://", backend="cache+memory://")

def note(what):
    with open(f"{os.getpid()}.log", "a") as stream:
        print(what, file=stream)

os.register_at_fork(after_in_child=lambda: note("inherits"))

@beat_init.connect
def begins(**given):
    note("beat_init")

@beat_embedded_init.connect
def is_embedded(**given):
    note("beat_embedded_init")

@worker_process_init.connect
def starts(**given):
    note("worker_process_init")
"""
BEAT = ["inherits", "beat_init", "beat_embedded_init"]


def notes(root: Path) -> dict[int, list[str]]:
    """What each process has noted."""
    return {int(path.stem): path.read_text().split() for path in root.glob("*.log")}


@pytest.mark.parametrize(
    ("pool", "parent", "others"),
    [
        pytest.param("prefork", [], [["inherits", "worker_process_init"]], id="prefork"),
        pytest.param("solo", ["worker_process_init"], [], id="solo"),
        pytest.param("threads", [], [], id="threads"),
    ],
)
def test_the_processes_and_their_signals(tmp_path: Path, pool: str, parent: list[str], others: list[list[str]]) -> None:
    write(tmp_path, {"proj.py": APP})
    command = [sys.executable, "-m", "celery", "-A", "proj", "worker", "-B", "-P", pool, "-c", "1", "-s", "schedule"]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with running(command, tmp_path, environ) as worker:

        def seen() -> tuple[list[str], list[list[str]]]:
            all_notes = notes(tmp_path)
            return all_notes.pop(worker.pid, []), sorted(all_notes.values())

        wanted = parent, sorted([BEAT, *others])
        happens(lambda: seen() == wanted, worker)
        assert seen() == wanted


HANG = """\
import os
from concurrent.futures import ThreadPoolExecutor
from celery import Celery
from celery.signals import beat_init
POOL = ThreadPoolExecutor(1)
POOL.submit(int).result()
app = Celery("proj", broker=f"redis://localhost:{os.environ['REDIS_PORT']}")

def answer(name):
    try:
        text = POOL.submit(lambda: "42").result(timeout=3)
    except TimeoutError:
        text = "hangs"
    with open(f"{name}.new", "w") as stream:
        stream.write(text)
    os.rename(f"{name}.new", f"{name}.answer")

@beat_init.connect
def begins(**given):
    answer("beat")

@app.task
def add():
    answer("task")
"""
TWIN = HANG.replace(
    "POOL = ThreadPoolExecutor(1)\nPOOL.submit(int).result()\n",
    "from functools import cache\n@cache\ndef pool():\n    return ThreadPoolExecutor(1)\n",
).replace("POOL.submit(lambda", "pool().submit(lambda")


@pytest.mark.parametrize(("source", "answer"), [(HANG, "hangs"), (TWIN, "42")], ids=["bad", "repaired"])
def test_what_hangs_in_beat_and_in_a_task_is_reported_and_what_works_is_not(
    tmp_path: Path, redis: int, source: str, answer: str
) -> None:
    words = ["celery", "-A", "proj", "worker", "-B", "-c", "1", "-s", "schedule"]
    write(tmp_path, {"proj.py": source, "Procfile": f"worker: {' '.join(words)}\n", "pyproject.toml": ""})
    found = [(one.code, Path(one.path).name, one.line) for one in check(tmp_path).findings]
    assert found == ([("FS112", "proj.py", 6)] if answer == "hangs" else [])
    environ = {**os.environ, "REDIS_PORT": str(redis)}
    subprocess.run([sys.executable, "-c", "import proj; proj.add.delay()"], cwd=tmp_path, env=environ, check=True)
    answers = [tmp_path / "beat.answer", tmp_path / "task.answer"]
    with running([sys.executable, "-m", *words], tmp_path, environ) as worker:
        happens(lambda: all(path.exists() for path in answers), worker)
    assert [path.read_text() for path in answers] == [answer, answer]
