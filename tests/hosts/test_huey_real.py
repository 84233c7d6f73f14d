"""Huey's own consumer, really started: a task that hangs, its repaired twin, and threads, which fork nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, write
from running import running

pytest.importorskip("huey")
pytestmark = pytest.mark.slow

HANG = """\
from concurrent.futures import ThreadPoolExecutor
from huey import SqliteHuey

huey = SqliteHuey(filename="huey.db")
POOL = ThreadPoolExecutor(1)
POOL.submit(int).result()


@huey.task()
def add():
    try:
        return POOL.submit(lambda: "42").result(timeout=3)
    except TimeoutError:
        return "hangs"
"""
TWIN = HANG.replace(
    "POOL = ThreadPoolExecutor(1)\nPOOL.submit(int).result()\n",
    "from functools import cache\n\n\n@cache\ndef pool():\n    return ThreadPoolExecutor(1)\n",
).replace("POOL.submit(lambda", "pool().submit(lambda")
ASK = f"import jobs; print(jobs.add()(blocking=True, timeout={PATIENCE_S}))"


@pytest.mark.parametrize(
    ("source", "kind", "answer"),
    [
        pytest.param(HANG, "process", "hangs", id="processes"),
        pytest.param(HANG, "thread", "42", id="threads"),
        pytest.param(TWIN, "process", "42", id="repaired"),
    ],
)
def test_what_hangs_is_reported_and_what_works_is_not(tmp_path: Path, source: str, kind: str, answer: str) -> None:
    command = ["-m", "huey.bin.huey_consumer", "jobs.huey", "-k", kind]
    write(tmp_path, {"jobs.py": source, "Procfile": f"jobs: python {' '.join(command)}\n", "pyproject.toml": ""})
    found = [(one.code, Path(one.path).name, one.line) for one in check(tmp_path).findings]
    assert found == ([("FS112", "jobs.py", 6)] if answer == "hangs" else [])
    with running([sys.executable, *command], tmp_path):
        asked = [sys.executable, "-c", ASK]
        done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
        assert done.stdout.strip() == answer
