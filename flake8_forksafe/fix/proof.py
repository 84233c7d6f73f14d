"""The proof of repairs: the boot is followed again through the changed sources."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from flake8_forksafe.finding import Finding
from flake8_forksafe.fix.plan import Repair, Workshop
from flake8_forksafe.fix.prelude import PreludeEdit
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.rules.pool import launches
from flake8_forksafe.rules.rule import Context

SAME_HAZARDS = "the boot, followed again, reaches the same hazards in another way"


class Analysis(Protocol):
    """What an analysis results in."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What it found."""

    @property
    def suppressed(self) -> tuple[Finding, ...]:
        """What it found and the user does not want to hear of, which is not to be repaired either."""

    @property
    def context(self) -> Context:
        """What the rules looked at."""

    @property
    def disk(self) -> Disk:
        """The files, as it saw them."""


Analyse = Callable[[Mapping[str, bytes]], Analysis]
"""Analyses the project with other contents of some files, by absolute path."""


MOST_TRIES = 30
"""How often one run follows the boot."""


class Tries:
    """An :data:`Analyse` that says when it has been asked often enough.

    :ivar gave_up: whether somebody had more to ask.
    """

    def __init__(self, analyse: Analyse, most: int = MOST_TRIES) -> None:
        self.analyse = analyse
        self.left = most
        self.gave_up = False

    def __call__(self, contents: Mapping[str, bytes]) -> Analysis:
        self.left -= 1
        return self.analyse(contents)

    def may_go_on(self) -> bool:
        """Whether somebody who has more to try may do so."""
        if self.left <= 0:
            self.gave_up = True
        return self.left > 0


class Proved(NamedTuple):
    """Repairs that hold together.

    :ivar contents: the new contents of the files, by path.
    :ivar withdrawn: statements whose repair failed its proof, with the reason, by path and line.
    :ivar preludes: what is set besides.
    :ivar gave_up: whether there would be more to try.
    """

    repairs: tuple[Repair, ...]
    contents: dict[str, bytes]
    before: Analysis
    after: Analysis
    withdrawn: dict[tuple[str, int], str]
    preludes: tuple[PreludeEdit, ...] = ()
    gave_up: bool = False

    def workshop(self, first: Workshop) -> Workshop:
        """The sources as they are after the repairs, for further ones."""
        if not self.contents:
            return first
        after = self.after
        return Workshop(after.context, after.disk, first.may_edit, first.parsed, suppressed=after.suppressed)

    def original(self, first: Workshop, path: str, line: int) -> tuple[str, int]:
        """Where a line of a repaired file stood before any repair, or the line near it."""
        if path not in self.contents:
            return path, line
        old, new = first.disk.content(path).splitlines(), self.contents[path].splitlines()
        for kind, start, end, new_start, new_end in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
            if new_start < line <= new_end:
                return path, start + (line - new_start if kind == "equal" else min(1, end - start) or 1)
        return path, line

    def without(self, first: Workshop, path: str, line: int, reason: str) -> Proved:
        """The same, without a repair of what stands at a line of the repaired file."""
        return self._replace(withdrawn={**self.withdrawn, self.original(first, path, line): reason})


def wrong(workshop: Workshop, before: Analysis, after: Analysis, contents: Mapping[str, bytes]) -> str:
    """What does not hold after repairs; ``""`` if all does."""
    new = new_findings(workshop, before, after, contents)
    if new:
        return caused(new)
    if len(after.findings) >= len(before.findings):
        return SAME_HAZARDS
    tasks = {name for trace in before.context.traces for name in trace.task_modules}
    lost = tasks - {name for trace in after.context.traces for name in trace.task_modules}
    return f"the worker would not know the tasks of {min(lost)}" if lost else ""


def caused(new: Sequence[Finding]) -> str:
    """What is wrong with repairs that lead to new findings; ``""`` if there are none."""
    return f"it would cause {new[0].code}: {new[0].what}" if new else ""


def new_findings(workshop: Workshop, before: Analysis, after: Analysis, contents: Mapping[str, bytes]) -> list[Finding]:
    """Findings that were not there before, wherever they stood.

    A finding is known by what it is about, or by the text of its line: an import that brought two packages, and now
    brings one, is about the other.
    """
    known = {(finding.path, finding.code, key)
             for finding in before.findings for key in (finding.subject, line_text(workshop, finding, {}))}  # fmt: skip
    return [
        finding for finding in after.findings
        if (finding.path, finding.code, finding.subject) not in known
        and (finding.path, finding.code, line_text(workshop, finding, contents)) not in known
    ]  # fmt: skip


def executed(context: Context, module: str, function: str) -> str:
    """Who calls a function before the fork; ``""`` if nobody does."""
    for trace in context.traces:
        for edge in trace.edges if trace.forks else ():
            if edge.target == Node(module, function):
                return str(edge.source)
    return ""


def line_text(workshop: Workshop, finding: Finding, contents: Mapping[str, bytes]) -> str:
    """The text of the line that a finding stands at."""
    content = contents.get(finding.path)
    if content is None:
        try:
            content = workshop.disk.content(finding.path)
        except OSError:
            return ""
    lines = content.splitlines()
    return repr(lines[finding.line - 1].strip()) if finding.line <= len(lines) else ""


def parent_megabytes(context: Context) -> int:
    """The estimated memory of the largest parent, in MiB."""
    return round(max((sized.estimate.parent for sized in launches(context)), default=0))
