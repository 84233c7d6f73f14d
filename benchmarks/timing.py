"""Run a command to its end, and tell what it took."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

CACHE = ".forksafe_cache"
"""Where forksafe keeps what it read, in the directory of the project."""


class Sample(NamedTuple):
    """What one run took.

    :ivar wall_s: seconds by the clock.
    :ivar cpu_s: seconds of processor time, of the command and of the processes that it waited for.
    :ivar peak_mb: resident memory of the largest of its processes, in millions of bytes.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str
    errors: str


class Command(NamedTuple):
    """A command to measure.

    :ivar prepare: is called before each run, and not measured.
    """

    arguments: Sequence[str]
    directory: Path
    stdin: str = ""
    prepare: Callable[[], None] = lambda: None


def run(command: Command) -> Sample:
    """Run a command.

    :raises RuntimeError: if its exit status is neither 0 nor 1 (a linter's "something was found").
    """
    command.prepare()
    environment = {
        **os.environ, "PYTHONPATH": str(command.directory), "PYTHONDONTWRITEBYTECODE": "",
        "FORKSAFE_CACHE_DIR": str(command.directory / CACHE),
    }  # fmt: skip
    with (
        tempfile.TemporaryFile("w+") as given,
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
    ):
        given.write(command.stdin)
        given.seek(0)
        before = time.perf_counter()
        process = subprocess.Popen(
            command.arguments, cwd=command.directory, env=environment, stdin=given, stdout=out, stderr=err
        )
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - before
        process.returncode = os.waitstatus_to_exitcode(status)
        for stream in (out, err):
            stream.seek(0)
        output, errors = out.read(), err.read()
    if process.returncode not in (0, 1):
        shown = " ".join(map(str, command.arguments))
        raise RuntimeError(f"{shown} ended with {process.returncode}\n{output[-2000:]}\n{errors[-2000:]}")
    scale = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, kilobytes on Linux
    return Sample(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss * scale / 1e6, output, errors)


def compare(commands: dict[str, Command], rounds: int) -> dict[str, list[Sample]]:
    """Run commands in turns, so that what else the machine does meets all of them alike."""
    samples: dict[str, list[Sample]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            samples[name].append(run(command))
    return samples


def ratio(ours: Iterable[float], theirs: Iterable[float]) -> float:
    """The median of the ratios of the rounds."""
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
