"""``celery worker -B``, really started: what beat's process inherits, and which signals are sent in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from helpers import write
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
