"""Processes that tests start, wait for, and end with all that those started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from helpers import PATIENCE_S


@contextmanager
def running(
    command: list[str], root: Path, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a directory, until the block ends."""
    process = subprocess.Popen(
        command, cwd=root, env=environ, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE_S)


def happens(event: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    """Wait for what a process does; ``False`` if it ends without."""
    end = time.monotonic() + PATIENCE_S
    while not event() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
    return event()
