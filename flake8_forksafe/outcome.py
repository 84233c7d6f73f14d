"""The last outcome, kept: as long as nothing that it depends on has changed, nothing is analysed again.

Beside the store of facts lies one small file for each set of options: what was found, and the state of every file and
directory that was looked at.  Time stamps only save reading; what counts is content, so a cache that is restored under
another path or with new time stamps is as good.  A Python file that changed without changing its facts (a comment, the
body of a function that the worker does not call) changes nothing either, but for the lines that moved.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flake8_forksafe import __version__
from flake8_forksafe.digest import UNMENTIONED, checksum, digest
from flake8_forksafe.finding import Finding, Hop, Outcome, Remark
from flake8_forksafe.settings import Settings

if TYPE_CHECKING:
    from flake8_forksafe.project.disk import Disk
    from flake8_forksafe.report.result import Report
    from flake8_forksafe.rules.rule import Context
    from flake8_forksafe.source.cache import FactStore
    from flake8_forksafe.source.changes import Edit

SCHEMA = 3
KEPT = 8
"""Outcomes that are kept: one for each set of options in use."""
RACY_NS = 2_000_000_000
"""A file changed this shortly before the outcome was kept may have changed again with the same time stamp."""
VARIABLES = ("VIRTUAL_ENV", "CONDA_PREFIX", "POETRY_CACHE_DIR")
"""Environment variables that decide which environment is looked at."""
CELERY = b"elery"
SEARCHED_FOR = (CELERY, b"DJANGO_SETTINGS_MODULE")
"""What is looked for in files that the worker does not load; one without it never matters."""


def outcome_of(
    settings: Settings,
    overlay: Mapping[str, bytes] = MappingProxyType({}),
    with_remarks: bool = True,
    apart: bool = False,
) -> Outcome:
    """The outcome of an analysis, kept or new, less what the baseline knows.

    :param with_remarks: whether remarks are wanted, which take their time.
    :param apart: whether to leave a new analysis to a child, where that is possible: flake8's workers, which are forked
        later, were slowed down by some 5 % by what the memory of an analysis looks like when it is freed.
    :raises UsageError: if the baseline cannot be used.
    """
    if settings.baseline is None:
        return whole_outcome(settings, overlay, with_remarks, apart)
    from flake8_forksafe.baseline import baseline_path, read_baseline, without_known

    entries = read_baseline(baseline_path(settings))
    outcome = whole_outcome(settings._replace(baseline=None), overlay, with_remarks, apart)
    return without_known(outcome, entries, settings)


def whole_outcome(settings: Settings, overlay: Mapping[str, bytes], with_remarks: bool, apart: bool) -> Outcome:
    """The outcome of an analysis, kept or new."""
    kept = Kept(settings, overlay)
    known = kept.load(with_remarks)
    if known is not None:
        return known
    from flake8_forksafe.project.disk import disk_of, mentions, raise_if_blind

    disk = disk_of(settings, overlay)
    if not settings.app and not mentions(disk, settings.project, CELERY):
        raise_if_blind(disk)
        outcome = Outcome((), (), 0, 0)
        kept.save(outcome, disk, file_states(disk, None))
        return outcome
    work = partial(new_outcome, kept, with_remarks)
    if apart:
        from flake8_forksafe.processes import result_of_child

        made = result_of_child(work)
        if made is not None:
            return made
    return work()


def new_outcome(kept: Kept, with_remarks: bool) -> Outcome:
    """The outcome of a new analysis; it is kept."""
    from flake8_forksafe.analysis import analyse

    report = analyse(kept.settings, kept.overlay)
    remarks = remarks_on(report.context) if with_remarks else ()
    outcome = Outcome(report.findings, remarks, len(report.traces), report.files)
    kept.save(outcome, report.disk, file_states(report.disk, report.store), report, with_remarks)
    return outcome


def remarks_on(context: Context) -> tuple[Remark, ...]:
    """What ``forksafe check`` says besides the findings; once, though two workers may give rise to it."""
    from flake8_forksafe.report.remarks import remarks

    return tuple(dict.fromkeys(remarks(context)))


class Kept:
    """The files that keep an outcome, and what led to it."""

    def __init__(self, settings: Settings, overlay: Mapping[str, bytes]) -> None:
        self.settings = settings
        self.overlay = overlay
        python = sys.prefix, sys.version, sys.getfilesystemencoding()  # the last decides how a kept path is spelt
        parts = [settings._replace(project="").digest(), *python, *map(os.environ.get, VARIABLES)]
        self.base = settings.project.rstrip(os.sep) + os.sep
        self.key = repr((SCHEMA, __version__, parts))
        name = checksum(self.key)
        self.path = os.path.join(settings.cache_dir, f"outcome-{name}.json") if settings.cache_dir else None
        self.context_path = os.path.join(settings.cache_dir, f"context-{name}.bin") if settings.cache_dir else ""
        self.saves = self.path is not None and not overlay

    # --- reading ------------------------------------------------------------------------------------------------

    def load(self, with_remarks: bool) -> Outcome | None:
        """The kept outcome, if it still holds."""
        if self.path is None:
            return None
        try:
            with open(self.path, encoding="utf-8") as stream:
                document = json.load(stream)
            if document["key"] != self.key:
                return None
            saved_ns = document["saved_ns"]
            files, directories = document["files"], document["directories"]
            stale = [path for path, state in files.items() if not self._same_file(path, state, saved_ns)]
            if not all(self._same_directory(path, state, saved_ns) for path, state in directories.items()):
                return None
            edits = self._edits({path: files[path] for path in stale})
            if edits is None:
                return None
            if any(edit.added for edit in edits.values()) or (with_remarks and document["remarks"] is None):
                return self._grafted(edits, document, with_remarks)
            if not edits:
                return self._outcome(document)
            from flake8_forksafe.edits import moved

            return moved(self._outcome(document), edits)
        except Exception:  # a file that is missing, damaged or foreign: analyse
            return None

    def _same_file(self, path: str, state: list[Any], saved_ns: int) -> bool:
        full = self._absolute(path)
        modified_ns, size, known = state[:3]
        content = self.overlay.get(full)
        if content is None:
            try:
                status = os.stat(full)
            except OSError:
                return bool(known == "")
            if (status.st_mtime_ns, status.st_size) == (modified_ns, size) and modified_ns < saved_ns - RACY_NS:
                return True
            content = _read(full) if known != UNMENTIONED else None
        return content is not None and bool(digest(content) == known)

    def _same_directory(self, path: str, state: list[Any], saved_ns: int) -> bool:
        full = self._absolute(path)
        modified_ns, known = state
        try:
            now = os.stat(full).st_mtime_ns
        except OSError:
            return bool(known == "")
        if now == modified_ns and modified_ns < saved_ns - RACY_NS:
            return True
        from flake8_forksafe.project.disk import Disk, listing_digest

        return bool(listing_digest(Disk().listing(full), self._own_name(full)) == known)

    def _edits(self, stale: dict[str, list[Any]]) -> dict[str, Edit] | None:
        """How lines moved in the files that changed; None if one of them changed what it means."""
        sources = {}
        for path, state in stale.items():
            full = self._absolute(path)
            content = self._content(full)
            if content is None or len(state) < 4:
                return None
            if state[3] == "searched":
                if any(word in content for word in SEARCHED_FOR):
                    return None
            elif mentions_digest(content) != state[4]:
                return None
            else:
                sources[full] = state[2:4]
        if not sources:
            return {}
        from flake8_forksafe.edits import find_edits
        from flake8_forksafe.source.cache import FactStore

        return find_edits(sources, FactStore(self.settings.cache_dir, lambda path: self._content(path) or b""))

    def _grafted(self, edits: dict[str, Edit], document: dict[str, Any], with_remarks: bool) -> Outcome | None:
        """The outcome after edits, from what was known."""
        from flake8_forksafe import keeping
        from flake8_forksafe.graft import grafted
        from flake8_forksafe.project.disk import Disk
        from flake8_forksafe.rules import run_rules

        context = keeping.load(_read(self.context_path) or b"", self._context_key(document))
        context = grafted(context, edits, Disk(self.overlay)) if context is not None else None
        if context is None:
            return None
        remarks = remarks_on(context) if with_remarks else ()
        return Outcome(run_rules(context), remarks, document["apps"], document["files_read"])

    def _context_key(self, document: dict[str, Any]) -> str:
        """What a kept context starts with; it holds absolute paths, so it is of no use in another place."""
        return f"{document['saved_ns']} {self.settings.project}"

    def _content(self, path: str) -> bytes | None:
        """The current content of a file, an unsaved buffer if there is one."""
        content = self.overlay.get(path)
        return content if content is not None else _read(path)

    def _outcome(self, document: dict[str, Any]) -> Outcome:
        findings = tuple(
            Finding(
                self._absolute(path), line, column, code, what, subject,
                tuple(Hop(node, self._absolute(at) if at is not None else None, *rest) for node, at, *rest in chain),
                instead, (self._absolute(place[0]), place[1]) if place else None,
            )
            for path, line, column, code, what, subject, chain, instead, place in document["findings"]
        )  # fmt: skip
        remarks = tuple(Remark(text, self._absolute(path) if path is not None else None, line)
                        for text, path, line in document["remarks"] or ())  # fmt: skip
        return Outcome(findings, remarks, document["apps"], document["files_read"])

    # --- writing ------------------------------------------------------------------------------------------------

    def save(
        self,
        outcome: Outcome,
        disk: Disk,
        files: Iterable[tuple[str, list[Any]]],
        report: Report | None = None,
        with_remarks: bool = True,
    ) -> None:
        """Keep an outcome and what led to it, unless it depends on an unsaved buffer.

        :param with_remarks: whether the outcome has its remarks.
        """
        if self.path is None or not self.saves or disk.exhausted or disk.unread():
            return
        from flake8_forksafe.project.disk import listing_digest
        from flake8_forksafe.source.atomic import write_atomically

        directory, name = os.path.split(self.path)
        document = {
            "key": self.key,
            "saved_ns": time.time_ns(),
            "files": {self._relative(path): state for path, state in files},
            "directories": {
                self._relative(path): [modified, listing_digest(listing, self._own_name(path)) if modified else ""]
                for path, (modified, listing) in disk.directories().items()
                if not self.settings.project.startswith(path.rstrip(os.sep) + os.sep)  # what lies around it
            },
            "findings": [self._plain(finding) for finding in outcome.findings],
            "remarks": [
                [remark.text, self._relative(remark.path) if remark.path is not None else None, remark.line]
                for remark in outcome.remarks
            ]
            if with_remarks
            else None,
            "apps": outcome.apps,
            "files_read": outcome.files,
        }
        write_atomically(directory, name, json.dumps(document, separators=(",", ":")).encode())
        if report is not None and report.traces:
            from flake8_forksafe.keeping import dump

            data = dump(report.context, self._context_key(document))
            write_atomically(directory, os.path.basename(self.context_path), data)
        for prefix in ("outcome-", "context-"):
            _evict(directory, prefix)

    def _plain(self, finding: Finding) -> list[Any]:
        chain = [[hop.node, self._relative(hop.path) if hop.path is not None else None, hop.line, hop.kind, hop.step]
                 for hop in finding.chain]  # fmt: skip
        place = [self._relative(finding.place[0]), finding.place[1]] if finding.place else None
        return [self._relative(finding.path), *finding[1:6], chain, finding.instead, place]

    def _relative(self, path: str) -> str:
        """A path as it is kept: relative to the project if it lies in it."""
        project = self.settings.project
        if path == project:
            return os.curdir
        return path[len(self.base) :] if path.startswith(self.base) else path

    def _absolute(self, path: str) -> str:
        if path.startswith(os.pardir) or os.path.isabs(path) or path == os.curdir:
            return os.path.normpath(os.path.join(self.settings.project, path))
        return f"{self.base}{path}"

    def _own_name(self, directory: str) -> str:
        """The name of the cache in a directory that holds it: its coming and going means nothing."""
        parent, name = os.path.split(self.settings.cache_dir or "")
        return name if parent == directory else ""


def file_states(disk: Disk, store: FactStore | None) -> Iterator[tuple[str, list[Any]]]:
    """Time stamp, size and digest of every file that was looked at, and what tells a harmless change."""
    seen = {**disk.files(), **(store.states() if store is not None else {})}
    for path, (modified_ns, size, known) in seen.items():
        state: list[Any] = [modified_ns, size, known]
        bodies = store.bodies(path) if store is not None else None
        if bodies is not None:
            state += [bodies, mentions_digest(disk.read(path))]
        elif path in disk.unmentioned:
            state.append("searched")
        yield path, state


def mentions_digest(content: bytes) -> str:
    """A digest of the lines that the search for apps may look at, whether the worker executes them or not."""
    lines = [line for line in content.split(b"\n") if CELERY in line] if CELERY in content else []
    return digest(b"\n".join(lines))[:16]


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


def _evict(directory: str, prefix: str) -> None:
    """Remove the files not written for longest."""
    try:
        paths = [os.path.join(directory, name) for name in os.listdir(directory) if name.startswith(prefix)]
        for path in sorted(paths, key=os.path.getmtime)[:-KEPT]:
            os.unlink(path)
    except OSError:
        pass
