"""One analysis per flake8 run: workers, stdin buffers, reruns in one process.

flake8 calls ``parse_options`` in its parent and, with the start methods spawn and forkserver, once more in every worker
process.  The parent analyses, and writes the findings to a private file.  An environment variable holds the name of the
file, the parent's process id and a digest of the settings; a worker reads that file.  A forked worker inherits the
findings.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.incremental.projects import MakeSettings, outcome_of_projects
from flake8_forksafe.incremental.signing_key import is_private
from flake8_forksafe.internal_errors import complain, describe, show_traceback
from flake8_forksafe.options import UsageError
from flake8_forksafe.printable import printable
from flake8_forksafe.settings import Settings

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

VARIABLE = "FORKSAFE_SESSION"
RECURSION_LIMIT = 60_000


class Located(NamedTuple):
    """A finding in the form that flake8 takes."""

    line: int
    column: int
    text: str


class Session:
    """The findings of the current run, by real path."""

    def __init__(self) -> None:
        self.findings: Mapping[str, tuple[Located, ...]] = MappingProxyType({})
        self._handed: str | None = None

    def start(
        self, settings: Settings, overlay: Mapping[str, bytes], others: Sequence[Settings] = (),
        make: MakeSettings | None = None,
    ) -> None:  # fmt: skip
        """Begin a run: analyse, or read the findings of the parent process.

        :param others: further projects that files to check lie in.
        :param make: makes the settings of projects inside these.
        """
        self.findings = MappingProxyType({})
        if _parent_process() is not None:
            inherited = _take_over(settings)
            if inherited is not None:
                self.findings = inherited
                return
        self.findings = find(settings, overlay, others, make)
        if _parent_process() is None:
            self._hand_over(settings)

    def fail(self, project: str, error: Exception) -> None:
        """Report that nothing is checked: on standard error, and as FS190 where the project imports Celery."""
        text = describe(error)
        if _parent_process() is None:
            show_traceback(error)
            complain("flake8-forksafe", text)
        self.findings = {}
        with suppress(Exception):  # the message on standard error is enough
            from flake8_forksafe.project.celery_app import mentions
            from flake8_forksafe.project.disk import Disk

            for mention in mentions(Disk(), project):
                if mention.line:
                    what = f"FS190 Celery is imported here, but nothing is checked: {text}"
                    self.findings = {os.path.realpath(mention.path): (Located(mention.line, 0, what),)}
                    return

    def _hand_over(self, settings: Settings) -> None:
        """Write the findings for workers that do not inherit memory (spawn, forkserver)."""
        self._discard()
        if not self.findings:
            os.environ[VARIABLE] = f"{os.getpid()}:{settings.digest()}:"
            return
        import json
        import tempfile

        try:
            descriptor, path = tempfile.mkstemp(prefix="forksafe-")
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(dict(self.findings), stream)
        except OSError:
            return
        self._handed = path
        os.environ[VARIABLE] = f"{os.getpid()}:{settings.digest()}:{path}"
        atexit.register(self._discard)

    def _discard(self) -> None:
        if os.environ.get(VARIABLE, "").startswith(f"{os.getpid()}:"):
            del os.environ[VARIABLE]
            if self._handed is not None:
                try:
                    os.unlink(self._handed)
                except OSError:
                    pass
        self._handed = None


def _parent_process() -> BaseProcess | None:
    """The process id of the parent, if this is a worker process of :mod:`multiprocessing`."""
    from multiprocessing import parent_process

    return parent_process()


def _take_over(settings: Settings) -> Mapping[str, tuple[Located, ...]] | None:
    """The findings of the parent process for these settings, if there are any."""
    parent = _parent_process()
    pid, _, rest = os.environ.get(VARIABLE, "").partition(":")
    digest, _, path = rest.partition(":")
    if parent is None or pid != str(parent.pid) or digest != settings.digest():
        return None
    if not path:
        return {}
    import json

    try:
        with open(path, encoding="utf-8") as stream:
            if not is_private(os.fstat(stream.fileno())):
                return None
            loaded = json.load(stream)
        return {str(path): tuple(map(_located, found)) for path, found in loaded.items()}
    except Exception:  # the file is missing or damaged: analyse again
        return None


def _located(value: object) -> Located:
    """A finding in plain data.

    :raises ValueError: if it is none.
    """
    match value:
        case [int(line), int(column), str(text)]:
            return Located(line, column, text)
    raise ValueError(f"{value!r} is no finding")


def find(
    settings: Settings, overlay: Mapping[str, bytes], others: Sequence[Settings] = (), make: MakeSettings | None = None
) -> dict[str, tuple[Located, ...]]:
    """Analyse, and group the findings by real path."""
    with deep_recursion():
        outcome = outcome_of_projects((settings, *others), make, overlay, with_remarks=False, in_child=True)
    found: dict[str, list[Located]] = {}
    for finding in outcome.findings:
        text = printable(f"{finding.code} {finding.text}")
        found.setdefault(os.path.realpath(finding.path), []).append(Located(finding.line, finding.column, text))
    return {path: tuple(items) for path, items in found.items()}


class deep_recursion:
    """Raise the recursion limit for a walk, which nests as deeply as the imports and calls of the program.

    The garbage collector is off meanwhile: nearly all objects live until the end, and it took a seventh of the time
    (weblate, cold and with one import added), for 2 % of memory.
    """

    def __enter__(self) -> None:
        self.before = sys.getrecursionlimit()
        self.collecting = gc.isenabled()
        sys.setrecursionlimit(max(self.before, RECURSION_LIMIT))
        gc.disable()

    def __exit__(self, *exception: object) -> None:
        sys.setrecursionlimit(self.before)
        if self.collecting:
            gc.enable()


def start_directory(filenames: Iterable[str]) -> str:
    """The directory to search for the project: the common directory of the files to check, as in the command."""
    paths = [os.path.abspath(name) for name in filenames if name != "-"]
    if not paths:
        return os.getcwd()
    shared = os.path.commonpath(paths)
    return shared if os.path.isdir(shared) else os.path.dirname(shared)


def start_is_here(start: str) -> bool:
    """Whether a directory lies in the current one, whose configuration flake8 has read."""
    current = os.getcwd()
    return start == current or start.startswith(current.rstrip(os.sep) + os.sep)


__all__ = ["Located", "Session", "UsageError", "deep_recursion", "find", "start_directory", "start_is_here"]
