"""The proof of repairs: the boot is followed again through the changed sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from flake8_forksafe.finding import Finding
from flake8_forksafe.fix import defer
from flake8_forksafe.fix.plan import Repair, Workshop, plan
from flake8_forksafe.fix.prelude import CODES, PreludeEdit, wanted_preludes, wants_marks
from flake8_forksafe.fix.prelude import edits_of as edits_of_prelude
from flake8_forksafe.fix.prelude_values import correction
from flake8_forksafe.fix.text import Refused, Source
from flake8_forksafe.rules.pool import launches
from flake8_forksafe.rules.rule import Context


class Analysis(Protocol):
    """What an analysis results in."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What it found."""

    @property
    def context(self) -> Context:
        """What the rules looked at."""


Analyse = Callable[[Mapping[str, bytes]], Analysis]
"""Analyses the project with other contents of some files, by absolute path."""


MOST_ALONE = 20
"""How many repairs are tried one by one when they do not hold together; each costs an analysis."""
MOST_VALUES = 12
"""How many values one run corrects; each costs an analysis."""


class Proved(NamedTuple):
    """Repairs that hold together.

    :ivar contents: the new contents of the files, by path.
    :ivar withdrawn: statements whose repair failed its proof, with the reason, by path and line.
    :ivar preludes: what is set besides.
    """

    repairs: tuple[Repair, ...]
    contents: dict[str, bytes]
    before: Analysis
    after: Analysis
    withdrawn: dict[tuple[str, int], str]
    preludes: tuple[PreludeEdit, ...] = ()


def prove(workshop: Workshop, before: Analysis, analyse: Analyse, with_unsafe: bool) -> Proved:
    """Plan repairs, and withdraw those that do not hold, until all that are left do.

    A prelude comes last: an import that is deferred may make it needless.
    """
    proved = _prove_deferrals(workshop, before, analyse, with_unsafe)
    for prelude in wanted_preludes(proved.after.context, proved.after.findings):
        proved = _with_prelude(workshop, proved, prelude, analyse)
    for finding in [finding for finding in proved.after.findings if finding.code == "FS134"][:MOST_VALUES]:
        proved = _with_correction(workshop, proved, finding, analyse, with_unsafe)
    return proved


def _with_correction(
    workshop: Workshop, proved: Proved, finding: Finding, analyse: Analyse, with_unsafe: bool
) -> Proved:
    """The repairs with another value of a variable, if that holds.  It may be meant, so that it is never safe."""
    try:
        source = _source(workshop, proved, finding.path)
        corrected = correction(source, finding)
        if not with_unsafe:
            raise Refused(f"that would not be safe: {corrected.old} may be meant")
        edited = {**proved.contents, finding.path: source.edited([corrected.edit])}
        after = analyse(edited)
        same = [one for one in after.findings if one.code == "FS134" and one[:2] == finding[:2]]
        new = _new_findings(workshop, proved.after, after, edited)
        if same or new:
            raise Refused(f"it would give rise to {new[0].code}: {new[0].what}" if new else "it would not help")
    except Refused as error:
        return proved._replace(withdrawn={**proved.withdrawn, (finding.path, finding.line): error.reason})
    repair = Repair(finding.path, finding.line, corrected.what, (f"{corrected.old} may be meant",), ())
    return proved._replace(repairs=(*proved.repairs, repair), contents=edited, after=after)


def _source(workshop: Workshop, proved: Proved, path: str) -> Source:
    """A file as it is after the repairs so far.

    :raises Refused: if it is not to be edited.
    """
    if not workshop.may_edit(path):
        raise Refused("its file was not asked for")
    source = workshop.source(path)
    return Source(path, proved.contents[path]) if path in proved.contents else source


def _with_prelude(workshop: Workshop, proved: Proved, prelude: PreludeEdit, analyse: Analyse) -> Proved:
    """The repairs with a prelude, if that holds."""
    place = prelude.path, prelude.line or 1
    try:
        source = _source(workshop, proved, prelude.path)
        marks = wants_marks(workshop.context.settings.project)
        edited = {**proved.contents, prelude.path: source.edited(edits_of_prelude(source, prelude, marks))}
    except Refused as error:
        return proved._replace(withdrawn={**proved.withdrawn, place: error.reason})
    after = analyse(edited)
    asked = {finding for finding in proved.after.findings if finding.subject == prelude.app and finding.code in CODES}
    known = {finding.subject for finding in asked if finding.code != "FS132"}
    new = [finding for finding in _new_findings(workshop, proved.after, after, edited)
           if finding.code != "FS132" or finding.subject not in known]  # fmt: skip
    told = {(finding.code, finding.subject, finding.what) for finding in after.findings}
    if new or any((finding.code, finding.subject, finding.what) in told for finding in asked):
        wrong = f"it would give rise to {new[0].code}: {new[0].what}" if new else "it would come too late"
        return proved._replace(withdrawn={**proved.withdrawn, place: wrong})
    return proved._replace(contents=edited, after=after, preludes=(*proved.preludes, prelude))


def _prove_deferrals(workshop: Workshop, before: Analysis, analyse: Analyse, with_unsafe: bool) -> Proved:
    withdrawn: dict[tuple[str, int], str] = {}
    while True:
        repairs = plan(workshop, with_unsafe, withdrawn)
        if not repairs:
            return Proved((), {}, before, before, withdrawn)
        try:
            contents = edited(workshop, repairs)
        except Refused as error:
            withdrawn.update({(repair.path, repair.line): error.reason for repair in repairs[-1:]})
            continue
        after = analyse(contents)
        wrong = _wrong(workshop, before, after, contents)
        if not wrong:
            return Proved(repairs, contents, before, after, withdrawn)
        blamed = _blamed(workshop, repairs, before, analyse)
        withdrawn.update({(repair.path, repair.line): wrong for repair in blamed})


def _blamed(workshop: Workshop, repairs: tuple[Repair, ...], before: Analysis, analyse: Analyse) -> Sequence[Repair]:
    """The repairs that go wrong by themselves; all, if none does, or if they are too many to be tried."""
    if not 1 < len(repairs) <= MOST_ALONE:
        return repairs
    alone = []
    for repair in repairs:
        contents = edited(workshop, (repair,))
        if _new_findings(workshop, before, analyse(contents), contents):
            alone.append(repair)
    return alone or repairs


def edited(workshop: Workshop, repairs: Sequence[Repair]) -> dict[str, bytes]:
    """The contents of the files that repairs change.

    :raises Refused: if they cannot be edited.
    """
    contents = {}
    for path in dict.fromkeys(repair.path for repair in repairs):
        source = workshop.source(path)
        deferrals = [repair.deferral for repair in repairs if repair.path == path and repair.deferral is not None]
        contents[path] = source.edited(defer.edits_of(source, deferrals))
    return contents


def _wrong(workshop: Workshop, before: Analysis, after: Analysis, contents: Mapping[str, bytes]) -> str:
    """What does not hold after repairs; ``""`` if all does."""
    new = _new_findings(workshop, before, after, contents)
    if new:
        return f"it would give rise to {new[0].code}: {new[0].what}"
    if len(after.findings) >= len(before.findings):
        return "the boot, followed again, reaches the same hazards in another way"
    tasks = {name for trace in before.context.traces for name in trace.task_modules}
    lost = tasks - {name for trace in after.context.traces for name in trace.task_modules}
    return f"the worker would not know the tasks of {min(lost)}" if lost else ""


def _new_findings(
    workshop: Workshop, before: Analysis, after: Analysis, contents: Mapping[str, bytes]
) -> list[Finding]:
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
