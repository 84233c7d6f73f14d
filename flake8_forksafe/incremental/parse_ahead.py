"""Parses files in a second process before the walk needs them, on a run without cached facts.

Parsing takes about as long as walking, and depends on the file only.  A forked child parses the files that are likely
to be needed; the parent parses whatever the child has not done by then.  Only the time changes, not the result.

See :mod:`flake8_forksafe.incremental.child_processes` for where a child may be made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from typing import Any, NamedTuple

from flake8_forksafe.digest import digest
from flake8_forksafe.file_reading import read_file
from flake8_forksafe.incremental import child_processes
from flake8_forksafe.project.stamps import Stamp, stamp_of
from flake8_forksafe.source.collected import VisitFiles
from flake8_forksafe.source.text import decode

NICENESS = 5
"""Niceness of the child, so that the parent has priority on a shared core."""
QUOTA = "/sys/fs/cgroup/cpu.max"
SIZE_LIMIT = 128_000_000
"""Bytes of facts that are made ahead; they take memory."""


class Parsed(NamedTuple):
    """A parsed file: its stamp before reading, the digest of its content, and its encoded facts."""

    stamp: Stamp
    digest: str
    data: bytes


class Log:
    """An anonymous file to which one process appends lines, and which another reads."""

    def __init__(self) -> None:
        self.file = os.memfd_create("forksafe")
        self.position = 0

    def append(self, *record: object) -> None:
        """Add a line of JSON."""
        _write(self.file, json.dumps(record).encode() + b"\n")

    def news(self) -> list[Any]:
        """The complete lines that were added since the last call."""
        size = os.fstat(self.file).st_size
        if size == self.position:
            return []
        lines = os.pread(self.file, size - self.position, self.position)
        end = lines.rfind(b"\n") + 1
        self.position += end
        return [json.loads(line) for line in lines[:end].splitlines()]


class ParsingProcess:
    """The parent's side of the child process.

    :param parse: encodes the facts of a text; None if it has none.
    :param known: files that need not be parsed.
    :raises OSError: if the child cannot be forked.
    """

    def __init__(self, parse: Callable[[str], bytes | None], visit_files: VisitFiles, known: Iterable[str]) -> None:
        self.asked, self.found = Log(), Log()
        self.data = os.memfd_create("forksafe")
        self._ready: dict[str, tuple[list[int], str, int, int]] = {}
        self._stack = ExitStack()
        work = Child(self, parse, set(known))
        try:
            self.child = self._stack.enter_context(child_processes.child(lambda: work.run(visit_files)))
        except OSError:
            self._forget()
            raise

    def take(self, path: str) -> Parsed | None:
        """The facts of a file; None if the child has not parsed it: then the caller does, and the child skips it."""
        self._ready.update((found, tuple(place)) for found, *place in self.found.news())
        if path not in self._ready:
            with suppress(OSError):  # there is no memory left; the child may do it as well
                self.asked.append(path)
            return None
        stamp, content, start, length = self._ready.pop(path)
        return Parsed(Stamp(*stamp), content, os.pread(self.data, length, start))

    def close(self) -> None:
        """Kill the child."""
        self._stack.close()
        self._forget()

    def _forget(self) -> None:
        for file in (self.asked.file, self.found.file, self.data):
            os.close(file)


class Child:
    """The child's side."""

    def __init__(self, ahead: ParsingProcess, parse: Callable[[str], bytes | None], known: set[str]) -> None:
        self.ahead = ahead
        self.parse = parse
        self.known = known
        self.parent = os.getpid()
        self.size = 0

    def run(self, visit_files: VisitFiles) -> None:
        """Visit the likely files.  Errors are ignored: the parent finds them when it reads the file."""
        os.nice(NICENESS)
        visit_files(self.visit)

    def visit(self, path: str) -> str | None:
        """Parse a file, unless the parent has done it; its text."""
        if os.getppid() != self.parent or self.size > SIZE_LIMIT:
            os._exit(0)
        self.known.update(path for (path,) in self.ahead.asked.news())
        try:
            content, status = read_file(path)
            text = decode(content)
            if path not in self.known:
                data = self.parse(text)
                if data is None:
                    return text
                _write(self.ahead.data, data)
                place = (self.size, len(data))
                self.size += len(data)
                self.ahead.found.append(path, stamp_of(status), digest(content), *place)
            return text
        except Exception:
            return None


def start(parse: Callable[[str], bytes | None], visit_files: VisitFiles, known: Iterable[str]) -> ParsingProcess | None:
    """Fork the child; None if that is not safe, or if there is only one core."""
    try:
        return ParsingProcess(parse, visit_files, known) if child_processes.may_fork() and _cores() >= 2 else None
    except OSError:
        return None


def _cores() -> float:
    """The number of cores that this process may use, within the quota of its container (cgroup v2, ``cpu.max``)."""
    cores = len(os.sched_getaffinity(0))
    try:
        with open(QUOTA, encoding="ascii") as stream:
            quota, period = stream.read().split()
        return cores if quota == "max" else min(cores, int(quota) / int(period))
    except (OSError, ValueError):
        return cores


def _write(file: int, content: bytes) -> None:
    if os.write(file, content) < len(content):
        raise OSError("there is no more memory for files without a name")
