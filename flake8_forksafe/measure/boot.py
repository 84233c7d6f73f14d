"""Runs the recorder in the project's own interpreter, and removes everything that it wrote or started."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from flake8_forksafe.measure import recorder
from flake8_forksafe.options import UsageError

TOKEN = "FORKSAFE_MEASURE"
"""An environment variable that marks every process that a measurement starts."""

GRACE_S = 5.0
"""How long a worker may take to end by itself once everything is written down, in seconds."""

REFUSED = {
    "-D": "it would leave the terminal",
    "--detach": "it would leave the terminal",
    "--purge": "it would delete the queued messages",
    "--discard": "it would delete the queued messages",
}
"""Arguments of ``celery worker`` that do more than boot a worker."""

WRITTEN = {"--pidfile": "pid", "-S": "state", "--statedb": "state", "-f": "log", "--logfile": "log",
           "-s": "schedule", "--schedule": "schedule", "--schedule-filename": "schedule"}  # fmt: skip
"""Options of ``celery worker`` that name a file it writes; the file is written beside the recording instead."""


class Boot(NamedTuple):
    """What is to be run.

    :ivar directory: where the worker is started.
    :ivar arguments: of ``celery worker``, after ``worker``.
    :ivar forks: how many children to fork, 0 to stop at the first fork.
    :ivar timeout: seconds until the pool must have started.
    :ivar program: the command of another host than Celery's worker; ``forked_by`` the modules in whose calls it forks.
    """

    python: str
    directory: str
    app: str
    arguments: tuple[str, ...]
    forks: int
    timeout: float
    environment: tuple[tuple[str, str], ...] = ()
    program: tuple[str, ...] = ()
    forked_by: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        """The arguments of ``celery``, or the command of another host."""
        if self.program:
            return list(self.program)
        concurrency = ["-c", str(self.forks)] if self.forks else []
        return ["-A", self.app, "worker", *self.arguments, *concurrency]


class BootFailed(UsageError):
    """The worker did not get as far as its pool; the message says why."""


def worker_arguments(arguments: Sequence[str]) -> tuple[str, ...]:
    """The arguments for ``celery worker`` that may be passed on.

    :raises UsageError: if one does more than boot a worker.
    """
    given = list(arguments[1:] if arguments[:1] == ["worker"] else arguments)
    for argument in given:
        if argument in REFUSED:
            raise UsageError(f"a measurement does not take {argument}: {REFUSED[argument]}")
    return tuple(given)


def redirect(arguments: Sequence[str], directory: str) -> list[str]:
    """The arguments with every file that the worker writes in a directory that is removed."""
    redirected, follows = [], ""
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        if follows:
            argument, follows = os.path.join(directory, follows), ""
        elif name in WRITTEN and equals:
            argument = f"{name}={os.path.join(directory, WRITTEN[name])}"
        else:
            follows = WRITTEN.get(argument, "")
        redirected.append(argument)
    return redirected


def record(boot: Boot) -> dict[str, Any]:
    """Boot the worker and return the recording.

    :raises BootFailed: if it ended, hung or raised before its pool started.
    """
    with tempfile.TemporaryDirectory(prefix="forksafe-", ignore_cleanup_errors=True) as directory:
        token = secrets.token_hex(16)
        out, stack, log = (os.path.join(directory, name) for name in ("recording.json", "stack", "output"))
        temporary = os.path.join(directory, "tmp")
        os.mkdir(temporary)
        options = ["--timeout", str(boot.timeout), "--fork", str(boot.forks), "--stack", stack,
                   "--forked-by", ",".join(boot.forked_by)]  # fmt: skip
        words = boot.command if boot.program else redirect(boot.command, directory)
        command = [boot.python, recorder.__file__, *options, out, *words]
        environment = {**os.environ, **dict(boot.environment), TOKEN: token, "TMPDIR": temporary,
                       "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}  # fmt: skip
        with open(log, "wb") as output, terminating():
            try:
                process = subprocess.Popen(command, cwd=boot.directory, env=environment, stdin=subprocess.DEVNULL,
                                           stdout=output, stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip
            except OSError as error:
                raise BootFailed(f"{boot.python} cannot be run: {error.strerror}") from None
            try:
                status = wait(process, out, boot)
            finally:
                kill(process, token)
        return read(out, stack, log, boot, status)


def wait(process: subprocess.Popen[bytes], out: str, boot: Boot) -> int | None:
    """Wait until the worker has ended, or has had its time; None if it had to be ended."""
    children = recorder.CHILDREN_UP_S * 2 if boot.forks else 0
    ends = time.monotonic() + boot.timeout + children + GRACE_S
    while time.monotonic() < ends:
        try:
            return process.wait(0.1)
        except subprocess.TimeoutExpired:
            if os.path.exists(out):
                ends = min(ends, time.monotonic() + GRACE_S)
    return None


def kill(process: subprocess.Popen[bytes], token: str) -> None:
    """End the worker, its process group, and whatever it started that left the group (Linux)."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # nothing is left of the group (the second on macOS)
        pass
    process.wait()
    mark = f"{TOKEN}={token}".encode()
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if entry.isdecimal():
            try:
                with open(f"/proc/{entry}/environ", "rb") as stream:
                    marked = mark in stream.read().split(b"\0")
                if marked and int(entry) != os.getpid():
                    os.kill(int(entry), signal.SIGKILL)
            except OSError:
                continue


@contextmanager
def terminating() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a measurement as Ctrl-C does, so that the worker is ended too."""

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    try:
        before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    except ValueError:  # not in the main thread
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def read(out: str, stack: str, log: str, boot: Boot, status: int | None) -> dict[str, Any]:
    """The recording, or the reason why there is none."""
    try:
        with open(out, encoding="utf-8") as stream:
            document: dict[str, Any] = json.load(stream)
    except OSError:
        said = _text(log)
        place = hung_at(_text(stack), boot.directory)
        if place is not None:
            raise BootFailed(f"the worker had not started its pool after {boot.timeout:g} s: {place}") from None
        if status is None:
            raise BootFailed(f"the worker had not started its pool after {boot.timeout:g} s") from None
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        raise BootFailed(f"the worker ended {how} before its pool started{_quoted(said)}") from None
    error = document["error"]
    if error is None:
        return document
    if not error["type"]:
        name = boot.program[0] if boot.program else "celery"
        raise BootFailed(f"{name} ended with status {error['status']} before its pool started{_quoted(_text(log))}")
    raise BootFailed(why(error, boot))


def why(error: dict[str, Any], boot: Boot) -> str:
    """An exception of the project in a few words: what, where, and in which boot step."""
    message = error["message"].strip() or "no message"
    if error["type"] == "ModuleNotFoundError" and message == "No module named 'celery'":
        return f"{boot.python} has no Celery; name the project's own interpreter with --python"
    inner = [place for place in error["places"] if _own(place["path"], boot.directory)]
    place = (inner or error["places"])[-1:]
    where = "".join(f", at {_shown(spot['path'], boot.directory)}:{spot['line']}" for spot in place)
    step = f", in {error['step'][-1]}" if error.get("step") else ""
    cause = f", caused by {error['cause'].strip()}" if error.get("cause") else ""
    return f"the worker raised before its pool started: {error['type']}: {message}{where}{step}{cause}"


def hung_at(dump: str, directory: str) -> str | None:
    """Where the main thread stood, by a dump of faulthandler: the project's innermost line, and the innermost of all.

    faulthandler writes the main thread last, its innermost frame first.
    """
    frames = re.findall(r'  File "(.*)", line (\d+) in (.*)', dump.rpartition("hread 0x")[2] or dump)
    if not frames:
        return None
    own = next((frame for frame in frames if _own(frame[0], directory)), None)
    innermost = frames[0]
    text = f"it is at {_shown(innermost[0], directory)}:{innermost[1]} in {innermost[2]}"
    if own is None or own == innermost:
        return text
    return f"{text}, called from {_shown(own[0], directory)}:{own[1]} in {own[2]}"


def _own(path: str, directory: str) -> bool:
    inside = path.startswith(directory.rstrip(os.sep) + os.sep)
    return inside and "site-packages" not in path and not path.startswith(sys.prefix + os.sep)


def _shown(path: str, directory: str) -> str:
    return os.path.relpath(path, directory) if _own(path, directory) else path


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def _quoted(said: str) -> str:
    """The last lines of what the worker printed."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in said.splitlines()]
    last = [line for line in lines if line][-3:]
    return f"; it said: {' | '.join(last)}" if last else ""
