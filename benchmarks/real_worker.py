"""Generated projects with a real prefork worker, for the demonstrations beside this file.

Broker and messages are files in the project's directory, so nothing else need be up.  Worker and children form a
process group of their own, which is gone when the worker's context ends, hung children included.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from celery import Celery

BROKER = {
    "broker_url": "filesystem://",
    "broker_transport_options": {"data_folder_in": "messages", "data_folder_out": "messages",
                                 "processed_folder": "processed", "control_folder": "control"},
    "worker_hijack_root_logger": True,
}  # fmt: skip
"""Celery's settings for messages as files, below the directory that a process runs in."""


def write_project(root: Path, files: Mapping[str, str]) -> Path:
    """Write a project; ``proj/conf.py`` and what else its worker needs is added."""
    settings = "".join(f"{name} = {value!r}\n" for name, value in BROKER.items())
    for name, text in {"pyproject.toml": "", "proj/__init__.py": "", "proj/conf.py": settings, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    for folder in ("messages", "processed", "control"):
        (root / folder).mkdir()
    return root


class Worker:
    """A running worker: what it prints, and its processes.

    :ivar printed: the lines that have been read so far.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.printed: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, args=(process.stdout,), daemon=True).start()

    def _read(self, stream: TextIO) -> None:
        for line in stream:
            self._lines.put(line.rstrip())
        self._lines.put(None)

    def wait_for(self, *parts: str, seconds: float) -> str | None:
        """The next line that contains one of these, or None if there is none within the time.

        :raises RuntimeError: if the worker ends meanwhile.
        """
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                return None
            if line is None:
                raise RuntimeError("the worker ended:\n" + "\n".join(self.printed[-20:]))
            self.printed.append(line)
            if any(part in line for part in parts):
                return line
        return None

    def children(self) -> list[int]:
        """The pool's processes (Linux)."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(child) for child in path.read_text().split()]


@contextmanager
def running(root: Path, *arguments: str, start_seconds: float = 120) -> Iterator[Worker]:
    """A worker of the app ``proj`` in this directory, ready for tasks.

    :raises RuntimeError: if it does not become ready in time.
    """
    command = [sys.executable, "-m", "celery", "-A", "proj", "worker", "-P", "prefork", "-l", "INFO", *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CELERY")}
    kept = {name: value for name, value in kept.items() if not name.endswith("_NUM_THREADS")}
    process = subprocess.Popen(command, cwd=root, env={**kept, "PYTHONUNBUFFERED": "1"}, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)  # fmt: skip
    try:
        worker = Worker(process)
        if worker.wait_for(" ready.", seconds=start_seconds) is None:
            raise RuntimeError(f"the worker was not ready after {start_seconds:g} s:\n" + "\n".join(worker.printed))
        yield worker
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def send(root: Path, task: str, *arguments: object) -> None:
    """Queue a task, without importing the project.

    Best before the worker runs: it may otherwise read a message that is not written to its end yet.
    """
    folders = {name: str(root / folder) for name, folder in BROKER["broker_transport_options"].items()}
    with Celery("sender", broker=BROKER["broker_url"], set_as_current=False) as app:
        app.conf.broker_transport_options = folders
        app.send_task(task, arguments, ignore_result=True)
