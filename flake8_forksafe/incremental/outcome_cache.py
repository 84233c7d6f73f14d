"""Caches the last outcome, under a key of version and settings, with its inputs.

As long as all of these stay the same, nothing is analysed again.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from flake8_forksafe import __version__
from flake8_forksafe.digest import checksum
from flake8_forksafe.examples import is_example
from flake8_forksafe.finding import NOTHING_STARTED, Outcome, Remark
from flake8_forksafe.incremental import outcome_json
from flake8_forksafe.incremental.cache_files import CacheFiles
from flake8_forksafe.project.questions import Recall, recall_nothing
from flake8_forksafe.settings import OPTIONS_MARK, Settings, checkout

if TYPE_CHECKING:
    from flake8_forksafe.incremental.outcome_inputs import Plain
    from flake8_forksafe.project.disk import Disk
    from flake8_forksafe.report.result import Report
    from flake8_forksafe.rules.rule import Context

SCHEMA = 9
KEPT = 8
"""Outcomes in the cache: one for each set of options in use."""
FILE_NAME = re.compile(r"outcome-[0-9a-f]+")
VARIABLES = ("HOME", "VIRTUAL_ENV", "CONDA_PREFIX", "POETRY_CACHE_DIR")
"""Environment variables that select the worker's environment."""


def outcome_of(
    settings: Settings,
    overlay: Mapping[str, bytes] = MappingProxyType({}),
    with_remarks: bool = True,
    in_child: bool = False,
) -> Outcome:
    """The outcome of an analysis, cached or new, without the findings of the baseline.

    :param with_remarks: whether to compute remarks, which takes some time.
    :param in_child: whether to run a new analysis in a child process, where that is possible.  The fragmented memory
        that an analysis leaves behind made flake8's workers, which are forked later, some 5 % slower.
    :raises UsageError: if the baseline cannot be used.
    """
    if settings.baseline is None:
        return whole_outcome(settings, overlay, with_remarks, in_child)
    from flake8_forksafe.baseline import baseline_path, read_baseline, without_known

    entries = read_baseline(baseline_path(settings))
    outcome = whole_outcome(settings._replace(baseline=None), overlay, with_remarks, in_child)
    return without_known(outcome, entries, settings)


def whole_outcome(settings: Settings, overlay: Mapping[str, bytes], with_remarks: bool, in_child: bool) -> Outcome:
    """The outcome of an analysis, cached or new."""
    kept = CachedOutcome(settings, overlay)
    known = kept.load(with_remarks)
    if known is not None:
        return known
    from flake8_forksafe.deployment.prefilter import may_start_host
    from flake8_forksafe.project.disk import disk_of, raise_if_unread

    disk = disk_of(settings, overlay)
    disk.recall = kept.recall
    if not (settings.app or settings.hosts or may_start_host(disk, settings.project, checkout(settings.project))):
        from flake8_forksafe.incremental.outcome_inputs import gathered

        raise_if_unread(disk)
        outcome = Outcome((), (NOTHING_STARTED,), 0, 0)
        if kept.saves and not disk.exhausted:
            kept.save(outcome, gathered(disk, {}, {}, kept.looked_ns), True)
        return outcome
    if in_child:
        from flake8_forksafe.incremental.child_processes import output_of_child

        made = outcome_json.loads(output_of_child(lambda: outcome_json.dumps(new_outcome(kept, with_remarks))))
        if made is not None:
            return made
    return new_outcome(kept, with_remarks)


def new_outcome(kept: CachedOutcome, with_remarks: bool) -> Outcome:
    """Analyse, and cache the outcome."""
    from flake8_forksafe.analysis import analyse
    from flake8_forksafe.incremental.fact_store import FactStore
    from flake8_forksafe.incremental.outcome_inputs import gathered

    stores: list[FactStore] = []

    def sources(disk: Disk) -> FactStore:
        disk.recall = kept.recall
        stores.append(
            FactStore(kept.files, disk.content, kept.overlay.__contains__, disk.require_inside, with_answers=kept.saves)
        )
        return stores[0]

    report = analyse(kept.settings, kept.overlay, sources)
    remarks = remarks_on(report.context) if with_remarks else ()
    others = tuple(trace.host.words.app for trace in report.traces if not trace.host.has_tasks)
    inside = tuple(projects_inside(report.disk, kept.settings.project))
    outcome = Outcome(report.findings, remarks, len(report.traces) - len(others), report.files, others, inside)
    disk = report.disk
    if kept.saves and not disk.exhausted and not disk.unread():
        kept.save(outcome, gathered(disk, stores[0].answers, stores[0].seen(), kept.looked_ns), with_remarks)
    return outcome


def projects_inside(disk: Disk, project: str) -> Iterator[str]:
    """Projects inside another one whose ``pyproject.toml`` has options; those among tests and examples do not count."""
    for directory, _, names in disk.tree(project):
        if directory == project or "pyproject.toml" not in names or is_example(directory, project):
            continue
        if disk.holds(os.path.join(directory, "pyproject.toml"), OPTIONS_MARK):
            yield directory


def remarks_on(context: Context) -> tuple[Remark, ...]:
    """The remarks of ``forksafe check``, each once, even if it applies to two workers."""
    from flake8_forksafe.report.remarks import remarks

    return tuple(dict.fromkeys(remarks(context)))


def analysed(settings: Settings, overlay: Mapping[str, bytes] = MappingProxyType({})) -> Report:
    """Analyse with cached facts.  For callers that need the whole report."""
    from flake8_forksafe.analysis import analyse
    from flake8_forksafe.incremental.fact_store import FactStore

    files = CacheFiles(settings.cache_dir)

    def sources(disk: Disk) -> FactStore:
        return FactStore(files, disk.content, overlay.__contains__, disk.require_inside)

    return analyse(settings, overlay, sources)


class CachedOutcome:
    """The cache file of one outcome, for certain settings.

    :ivar saves: whether a new outcome is cached.  One that depends on an unsaved buffer is not.
    :ivar looked_ns: a time before the first look at any file.
    :ivar recall: what an outcome that is no longer valid tells of files that are unchanged since.
    """

    def __init__(self, settings: Settings, overlay: Mapping[str, bytes]) -> None:
        self.settings = settings
        self.overlay = overlay
        self.looked_ns = time.time_ns()
        self.files = CacheFiles(settings.cache_dir)
        self.saves = self.files.directory is not None and not overlay
        variables = [os.environ.get(name) for name in VARIABLES]
        parts = [settings._replace(cache_dir=None), os.path.realpath(settings.project), sys.prefix, sys.version]
        self.key = repr((SCHEMA, __version__, parts, variables))
        self.name = f"outcome-{checksum(self.key)}"
        self.recall: Recall = recall_nothing

    def load(self, with_remarks: bool) -> Outcome | None:
        """The cached outcome, if it is still valid.

        :param with_remarks: whether its remarks are wanted.
        """
        payload = self.files.read(self.name)
        if payload is None:
            return None
        try:
            document = json.loads(bytes(payload))
            if document["key"] != self.key:
                return None
            from flake8_forksafe.incremental.outcome_inputs import asked_again, recall_from
            from flake8_forksafe.project.disk import disk_of

            known = document["evidence"]
            is_enough = document["with_remarks"] or not with_remarks
            evidence = asked_again(known, disk_of(self.settings, self.overlay), self.looked_ns) if is_enough else None
            if evidence is None:
                self.recall = recall_from(known)
                return None
            outcome = outcome_json.outcome_of_plain(document["outcome"])
            if evidence is not known and self.saves:
                self.save(outcome, evidence, document["with_remarks"])
            return outcome
        except Exception:  # whatever a damaged file, or a disk that nothing can be read of, raises: analyse
            return None

    def save(self, outcome: Outcome, evidence: Plain, with_remarks: bool) -> None:
        """Write an outcome with its inputs."""
        document = {"key": self.key, "with_remarks": with_remarks, "evidence": evidence, "outcome": outcome}
        self.files.write(self.name, json.dumps(document, separators=(",", ":")).encode())
        self.files.evict(FILE_NAME, KEPT)
