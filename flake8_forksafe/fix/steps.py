"""The steps of a repair, each proved by following the boot again: imports, values, preludes.

An import that is deferred may leave nothing else to do, so that comes first; a prelude may become needless, and comes
last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from flake8_forksafe.finding import Finding
from flake8_forksafe.fix import defer
from flake8_forksafe.fix.accessor import Accessor, constant_at, constants_from, plan_accessor
from flake8_forksafe.fix.gate import better_gate
from flake8_forksafe.fix.launch import Lowered, lowered
from flake8_forksafe.fix.plan import Repair, Workshop, plan
from flake8_forksafe.fix.prelude import CODES, PreludeEdit, wanted_preludes, wants_marks
from flake8_forksafe.fix.prelude import edits_of as edits_of_prelude
from flake8_forksafe.fix.prelude_values import correction
from flake8_forksafe.fix.proof import (
    SAME_HAZARDS,
    Analyse,
    Analysis,
    Proved,
    Tries,
    caused,
    executed,
    new_findings,
    wrong,
)
from flake8_forksafe.fix.text import Edit, Refused, Source
from flake8_forksafe.fix.warm_up import Removal, plan_move, plan_removal
from flake8_forksafe.hosts.facts import Words
from flake8_forksafe.settings import checkout

MOST_ALONE = 20
"""How many repairs are tried one by one when they do not hold together; each costs an analysis."""
MOST_ROUNDS = 4
"""How often a set of imports is looked for that gains something where others are deferred."""
MOST_VALUES = 12
"""How many values one run corrects, and how many it makes on first use; each costs an analysis."""
MADE_EARLY = ("FS111", "FS112", "FS113")
"""The codes of what is made when a module is imported."""
WARM_UPS = ("FS121", "FS124")
"""The codes of what a function warms up before the fork."""
GATES = ("FS122",)
LAUNCHES = ("FS141",)
MOST_NUMBERS = 4
"""How many numbers in a line are tried; each costs an analysis."""
Wants = Callable[[str], bool]
"""Tells whether findings of a code are to be repaired."""
IMPORTED_EARLY = ("FS101", "FS102", "FS103")
"""The codes of imports."""


@dataclass(frozen=True)
class Job:
    """What repairs are asked for, and what they are made and proved with.

    :ivar workshop: the sources as they are before any repair.
    :ivar wants: tells whether findings of a code are to be repaired.
    :ivar in_children: whether what a handler loads before the fork is loaded in each child instead, not on first use.
    """

    workshop: Workshop
    analyse: Tries
    wants: Wants
    with_unsafe: bool
    in_children: bool

    @property
    def wants_imports(self) -> bool:
        """Whether imports are to be deferred."""
        return any(map(self.wants, (*IMPORTED_EARLY, "FS105")))

    def following(self, proved: Proved, codes: Sequence[str], tried: set[tuple[str, int]]) -> Finding | None:
        """The first finding of some codes in a place that was not tried yet, which it is from now on."""
        for finding in proved.after.findings:
            place = proved.original(self.workshop, finding.path, finding.line)
            if finding.code in codes and self.wants(finding.code) and place not in tried:
                if len(tried) >= MOST_VALUES or not self.analyse.may_go_on():
                    return None
                tried.add(place)
                return finding
        return None


def prove(
    workshop: Workshop,
    before: Analysis,
    analyse: Analyse,
    with_unsafe: bool,
    in_children: bool = False,
    wants: Wants = bool,
) -> Proved:
    """Plan repairs, and withdraw those that do not hold, until all that are left do.

    :param in_children: whether what a handler loads before the fork is loaded in each child instead, not on first use.
    :param wants: tells whether findings of a code are to be repaired.
    """
    job = Job(workshop, Tries(analyse), wants, with_unsafe, in_children)
    proved = Proved((), {}, before, before, {})
    if job.wants_imports:
        proved = _with_deferrals(job, proved)
    if with_unsafe:
        proved = _with_accessors(job, _with_warm_ups(job, _with_gates(job, proved)))
    wanted = [finding for finding in proved.after.findings if wants(finding.code)]
    for prelude in wanted_preludes(proved.after.context, tuple(wanted)):
        if job.analyse.may_go_on():
            proved = _with_prelude(job, proved, prelude)
    for finding in [finding for finding in proved.after.findings if finding.code == "FS134"][:MOST_VALUES]:
        if wants(finding.code) and job.analyse.may_go_on():
            proved = _with_correction(job, proved, finding)
    if with_unsafe:
        proved = _with_launches(job, proved)
    return proved._replace(gave_up=job.analyse.gave_up)


def _with_deferrals(job: Job, proved: Proved, rounds: int = MOST_ROUNDS) -> Proved:
    """The repairs with the cheapest sets of imports deferred, until no more is gained.

    The graph has one statement for each way from one module to another; a second one, that imports the same, shows
    itself when the first is deferred.
    """
    while rounds:
        rounds -= 1
        findings = len(proved.after.findings)
        proved = _with_cut(job, proved, rounds)
        if len(proved.after.findings) >= findings:
            break
    return proved


def _with_cut(job: Job, proved: Proved, rounds: int) -> Proved:
    """The repairs with one cheapest set of imports deferred that can be."""
    now = proved.workshop(job.workshop)
    withdrawn: dict[tuple[str, int], str] = {}
    while (repairs := plan(now, job.with_unsafe, withdrawn)) and job.analyse.may_go_on():
        try:
            contents = {**proved.contents, **edited(now, repairs)}
        except Refused as error:
            withdrawn.update({(repair.path, repair.line): error.reason for repair in repairs[-1:]})
            continue
        after = job.analyse(contents)
        placed = tuple(one._replace(line=proved.original(job.workshop, one.path, one.line)[1]) for one in repairs)
        trial = proved._replace(repairs=(*proved.repairs, *placed), contents=contents, after=after)
        reason = wrong(now, proved.after, after, contents)
        if reason == SAME_HAZARDS and rounds:
            trial = _with_deferrals(job, trial, rounds)
            reason = wrong(now, proved.after, trial.after, trial.contents)
        if not reason:
            proved = trial
            break
        blamed = _blamed(job, now, repairs, proved)
        withdrawn.update({(repair.path, repair.line): reason for repair in blamed})
    told = {proved.original(job.workshop, *place): reason for place, reason in withdrawn.items()}
    return proved._replace(withdrawn={**proved.withdrawn, **told})


def _blamed(job: Job, now: Workshop, repairs: tuple[Repair, ...], proved: Proved) -> Sequence[Repair]:
    """The repairs that go wrong by themselves; all, if none does, or if they are too many to be tried."""
    if not 1 < len(repairs) <= MOST_ALONE:
        return repairs
    alone = []
    for repair in repairs:
        if not job.analyse.may_go_on():
            break
        contents = {**proved.contents, **edited(now, (repair,))}
        if new_findings(now, proved.after, job.analyse(contents), contents):
            alone.append(repair)
    return alone or repairs


def edited(workshop: Workshop, repairs: Sequence[Repair]) -> dict[str, bytes]:
    """The contents of the files in which repairs defer imports.

    :raises Refused: if they cannot be edited.
    """
    contents = {}
    for path in dict.fromkeys(repair.path for repair in repairs):
        source = workshop.source(path)
        deferrals = [repair.deferral for repair in repairs if repair.path == path and repair.deferral is not None]
        contents[path] = source.edited(defer.edits_of(source, deferrals))
    return contents


def _with_gates(job: Job, proved: Proved) -> Proved:
    """The repairs with gates that recognise the worker in place of those that do not."""
    tried: set[tuple[str, int]] = set()
    while (finding := job.following(proved, GATES, tried)) is not None:
        path, line = finding.path, finding.line
        now = proved.workshop(job.workshop)
        try:
            better = better_gate(_source(now, path), line, _words(now, path).gate)
            contents = _contents(now, proved, {path: [better.edit]})
            after = _analysed(job, now, proved, contents)
            place = proved.original(job.workshop, path, line)
            repair = Repair(*place, better.what, ("no gate on sys.argv holds for every way to start a worker",), (),
                            kind="gate")  # fmt: skip
            proved = proved._replace(repairs=(*proved.repairs, repair), contents=contents, after=after)
        except Refused as error:
            proved = proved.without(job.workshop, path, line, error.reason)
    return proved


def _with_launches(job: Job, proved: Proved) -> Proved:
    """The repairs with a lower concurrency where the children do not fit into their container."""
    for finding in [finding for finding in proved.after.findings if finding.code in LAUNCHES][:MOST_VALUES]:
        if not job.wants(finding.code) or finding.place is None:
            continue
        path, line = finding.place
        now = proved.workshop(job.workshop)
        try:
            now.refuse_unnamed(path)
            proved = _with_number(job, now, proved, finding, [*lowered(now, path, line)])
        except Refused as error:
            proved = proved.without(job.workshop, finding.path, finding.line, error.reason)
    return proved


def _with_number(job: Job, now: Workshop, proved: Proved, finding: Finding, choices: Sequence[Lowered]) -> Proved:
    """The repairs with the one of some changes that helps.

    :raises Refused: if none does, or if more than one number could be meant.
    """
    good: list[Proved] = []
    for choice in choices[:MOST_NUMBERS]:
        if not job.analyse.may_go_on():
            return proved
        contents = {**proved.contents, choice.path: choice.content}
        after = job.analyse(contents)
        same = any((one.code, one.subject) == (finding.code, finding.subject) for one in after.findings)
        if not same and not new_findings(now, proved.after, after, contents):
            repair = Repair(choice.path, choice.line, choice.what, ("throughput is a decision",), (), kind="launch")
            good.append(proved._replace(repairs=(*proved.repairs, repair), contents=contents, after=after))
    if len(good) != 1:
        raise Refused("more than one number may be meant" if good else "no number in that line decides it")
    return good[0]


def _with_warm_ups(job: Job, proved: Proved) -> Proved:
    """The repairs with warm-ups taken out of functions that run before the fork."""
    tried: set[tuple[str, int]] = set()
    while (finding := job.following(proved, (*WARM_UPS, *MADE_EARLY), tried)) is not None:
        path, line = finding.path, finding.line
        now = proved.workshop(job.workshop)
        try:
            if _is_top(_source(now, path), line):
                continue
            removal = _removal(now, finding, job.in_children)
            proved = _without_warm_up(job, proved, removal, finding)
        except Refused as error:
            proved = proved.without(job.workshop, path, line, error.reason)
    return _with_deferrals(job, proved) if job.wants_imports else proved


def _words(now: Workshop, path: str) -> Words:
    """What the host of the worker that imports a file says."""
    name = now.module_names(path)[0]
    traces = now.context.traces
    return next((trace for trace in traces if name in trace.paths), traces[0]).host.words


def _is_top(source: Source, line: int) -> bool:
    """Whether a line is of a plain statement at the top level."""
    return any(source.place(statement).start.line <= line <= source.place(statement).end.line
               for statement in source.module.body if hasattr(statement, "trailing_whitespace"))  # fmt: skip


def _removal(now: Workshop, finding: Finding, in_children: bool) -> Removal:
    """How a warm-up is taken out of a function.

    :raises Refused: if it cannot be.
    """
    if in_children:
        return plan_move(now, finding.path, finding.line, _words(now, finding.path).hook)
    return plan_removal(now, finding.path, finding.line, calls=finding.code in WARM_UPS)


def _without_warm_up(job: Job, proved: Proved, removal: Removal, finding: Finding) -> Proved:
    """The repairs with one warm-up taken out.

    :raises Refused: if the boot, followed again, is not better.
    """
    now = proved.workshop(job.workshop)
    contents = _contents(now, proved, removal.edits)
    after = _analysed(job, now, proved, contents)
    if removal.accessor is not None:
        _refuse_executed(now, after, removal.accessor)
    moved = "child that takes longer to start than it is given is replaced for ever (worker_proc_alive_timeout)"
    elsewhere = "processes other than the worker wait for it on first use too"
    doubt = f"a {moved}" if removal.is_moved else elsewhere
    place = proved.original(job.workshop, finding.path, finding.line)
    repair = Repair(*place, removal.what, (doubt,), (), kind="warm-up")
    return proved._replace(repairs=(*proved.repairs, repair), contents=contents, after=after)


def _analysed(job: Job, now: Workshop, proved: Proved, contents: Mapping[str, bytes]) -> Analysis:
    """The boot, followed again after some more edits.

    :param now: the sources as they are without these edits.
    :raises Refused: if it is not better than before.
    """
    after = job.analyse(contents)
    reason = wrong(now, proved.after, after, contents)
    if reason:
        raise Refused(reason)
    return after


def _contents(now: Workshop, proved: Proved, edits: Mapping[str, list[Edit]]) -> dict[str, bytes]:
    """The contents of all files after some more edits.

    :raises Refused: if they cannot be made.
    """
    return {**proved.contents, **{path: now.source(path).edited(changes) for path, changes in edits.items()}}


def _refuse_executed(now: Workshop, after: Analysis, accessor: Accessor) -> None:
    """Refuse an accessor that makes its value before the fork all the same.

    :raises Refused: if it does.
    """
    for module in now.module_names(accessor.path):
        for maker in accessor.makers:
            caller = executed(after.context, module, maker)
            if caller:
                raise Refused(f"it is used before the fork as well, by {caller}")


def _with_accessors(job: Job, proved: Proved) -> Proved:
    """The repairs with values made on first use: those that must not be made before the fork, and then those for which
    alone a hazard is imported."""
    tried: set[tuple[str, int]] = set()
    while (finding := job.following(proved, MADE_EARLY, tried)) is not None:
        path, line = finding.path, finding.line
        now = proved.workshop(job.workshop)
        try:
            source = _source(now, path)
            if not _is_top(source, line):
                continue
            accessor = plan_accessor(now, path, [constant_at(source, line)])
            trial = _with_accessor(job, proved, accessor, line)
            if any(
                finding.code in WARM_UPS for finding in new_findings(now, proved.after, trial.after, trial.contents)
            ):
                trial = _with_warm_ups(replace(job, in_children=False), trial)
            _refuse_wrong(now, proved, trial, accessor)
            proved = trial
        except Refused as error:
            proved = proved.without(job.workshop, path, line, error.reason)
    if job.wants_imports:
        proved = _with_deferrals(job, proved)
    tried.clear()
    while (finding := job.following(proved, IMPORTED_EARLY, tried)) is not None:
        path, line = finding.path, finding.line
        try:
            now = proved.workshop(job.workshop)
            source = _source(now, path)
            bound = defer.import_at(source, line, lambda name: True).bound
            constants = constants_from(source, bound)
            accessor = plan_accessor(now, path, constants)
            first = source.place(constants[0].statement).start.line
            trial = _with_accessor(job, proved, accessor, first)
            trial = _with_deferrals(job, trial)
            _refuse_wrong(now, proved, trial, accessor)
            proved = trial
        except Refused:
            continue  # that the name is used when the module is imported has been told
    return proved


def _with_accessor(job: Job, proved: Proved, accessor: Accessor, line: int) -> Proved:
    """The repairs with values of a module made on first use, not proved yet.

    :raises Refused: if the files cannot be edited.
    """
    contents = _contents(proved.workshop(job.workshop), proved, accessor.edits)
    place = proved.original(job.workshop, accessor.path, line)
    doubt = "it is no longer made when the module is imported, and nothing outside of the project finds the old name"
    repair = Repair(*place, accessor.what, (doubt,), (), kind="value")
    return proved._replace(repairs=(*proved.repairs, repair), contents=contents, after=job.analyse(contents))


def _refuse_wrong(now: Workshop, proved: Proved, trial: Proved, accessor: Accessor) -> None:
    """Refuse values made on first use that something still makes before the fork, or that lead to something new.

    :param now: the sources as they are without these values.
    :raises Refused: if that is so.
    """
    reason = wrong(now, proved.after, trial.after, trial.contents)
    if reason:
        raise Refused(reason)
    _refuse_executed(now, trial.after, accessor)


def _with_correction(job: Job, proved: Proved, finding: Finding) -> Proved:
    """The repairs with another value of a variable, if that holds.  It may be intended, so that it is never safe."""
    try:
        now = proved.workshop(job.workshop)
        source = _source(now, finding.path)
        corrected = correction(source, finding)
        if not job.with_unsafe:
            raise Refused(f"that would not be safe: {corrected.old} may be intended")
        contents = {**proved.contents, finding.path: source.edited([corrected.edit])}
        after = job.analyse(contents)
        same = [one for one in after.findings if one.code == "FS134" and one[:2] == finding[:2]]
        new = new_findings(now, proved.after, after, contents)
        if same or new:
            raise Refused(caused(new) or "it would not help")
    except Refused as error:
        return proved.without(job.workshop, finding.path, finding.line, error.reason)
    place = proved.original(job.workshop, finding.path, finding.line)
    repair = Repair(*place, corrected.what, (f"{corrected.old} may be intended",), (), kind="value")
    return proved._replace(repairs=(*proved.repairs, repair), contents=contents, after=after)


def _source(workshop: Workshop, path: str) -> Source:
    """A file as it is after the repairs so far.

    :raises Refused: if it is not to be edited.
    """
    workshop.refuse_unnamed(path)
    return workshop.source(path)


def _with_prelude(job: Job, proved: Proved, prelude: PreludeEdit) -> Proved:
    """The repairs with a prelude, if that holds."""
    now = proved.workshop(job.workshop)
    try:
        source = _source(now, prelude.path)
        marks = wants_marks(prelude.path, checkout(job.workshop.context.settings.project))
        contents = {**proved.contents, prelude.path: source.edited(edits_of_prelude(source, prelude, marks))}
    except Refused as error:
        return proved.without(job.workshop, prelude.path, prelude.line or 1, error.reason)
    after = job.analyse(contents)
    asked = {finding for finding in proved.after.findings if finding.subject == prelude.app and finding.code in CODES}
    known = {finding.subject for finding in asked if finding.code != "FS132"}
    new = [finding for finding in new_findings(now, proved.after, after, contents)
           if finding.code != "FS132" or finding.subject not in known]  # fmt: skip
    told = {(finding.code, finding.subject, finding.what) for finding in after.findings}
    if new or any((finding.code, finding.subject, finding.what) in told for finding in asked):
        return proved.without(job.workshop, prelude.path, prelude.line or 1, caused(new) or "it would come too late")
    return proved._replace(contents=contents, after=after, preludes=(*proved.preludes, prelude))
