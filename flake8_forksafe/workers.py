"""Which workers an analysis follows: each an app, the root that its ``-A`` is imported from, and its launches.

A launch decides which app is started.  The search of the source finds apps that no launch names: in roots without a
launch, and as other names of launched apps.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from flake8_forksafe.deployment.job_worker_commands import RUNNER
from flake8_forksafe.deployment.model import PYTHON, Bystander, Launches, WorkerLaunch
from flake8_forksafe.examples import is_example, is_in_scope
from flake8_forksafe.host_names import CELERY
from flake8_forksafe.options import HOSTS
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.layout import FIRST_PARTY, FoundModule, Layout
from flake8_forksafe.project.questions import as_numbers, as_words
from flake8_forksafe.project.roots import Roots
from flake8_forksafe.project.search_result import AppFound, LeftOut, Search, split_spec
from flake8_forksafe.settings import Settings, checkout, lies_in
from flake8_forksafe.trace.trace import Trace


class Worker(NamedTuple):
    """A worker to follow."""

    app: AppFound
    starts: tuple[WorkerLaunch, ...] = ()


class Chosen(NamedTuple):
    """The workers to follow.

    :ivar workers: what is named by an option or a launch.
    :ivar candidates: apps of the source that no launch names; one may turn out to be another name of a worker's app.
    :ivar left_out: what is not followed, and why.
    :ivar passed: apps that are started, but by no worker.
    """

    workers: tuple[Worker, ...]
    candidates: tuple[AppFound, ...]
    left_out: tuple[LeftOut, ...]
    passed: tuple[AppFound, ...] = ()


class Resolved(NamedTuple):
    """A module that holds an app, as a process would find it.

    :ivar attribute: of the app in the module; empty if it is left to Celery.
    """

    root: str
    module: str
    attribute: str
    path: str


def choose(settings: Settings, disk: Disk, search: Search | None, launches: Launches) -> Chosen:
    """Choose what to follow.

    :param search: the apps in the source; None if the apps were given by the option.
    """
    finder = Finder(disk, settings.project)
    if search is None:
        given = [app for spec in settings.apps_of(CELERY) for app in given_apps(settings, finder, spec)]
        return Chosen(tuple(_with_starts(finder, given, launches.launches)), (), ())
    started: dict[AppFound, list[WorkerLaunch]] = {}
    known: dict[tuple[str, str], AppFound] = {}
    nameless: list[WorkerLaunch] = []
    left_out: list[LeftOut] = []
    asked = tuple(os.path.join(settings.project, path) for path in settings.asked)
    for start in sorted(launches.launches, key=_is_unseen):
        found = finder.resolve(start) if start.app is not None else None
        if found is not None and not is_in_scope(found.path, settings.project, asked):
            continue
        if found is not None:
            app = _app_of(found, search.apps, start)
            others = started.setdefault(known.setdefault((app.root, app.spec), app), [])
            if not _is_unseen(start) or all(map(_is_unseen, others)):
                others.append(start)
        elif start.app is None or "$" in start.app:
            nameless.append(start)
        else:
            left_out.append(LeftOut(start.app, start.path, start.line, "is started here, but was not found"))
    candidates = [app for app in search.apps if not any(_is_same(app, other) for other in started)]
    programs: dict[AppFound, list[WorkerLaunch]] = {}
    for start in nameless:
        near = [*started, *candidates]
        own = _nearest(near, start) if start.program is None else _of_program(near, start, finder)
        if own is not None and start.program is not None:
            if not _is_unseen(start) or own not in started:
                programs.setdefault(own, []).append(start)
        elif own is not None:
            started.setdefault(own, []).append(start)
        elif not near:
            left_out.append(LeftOut(" ".join(start.argv[:4]), start.path, start.line, NO_APP))
    candidates = [app for app in candidates if app not in started and app not in programs]
    for app in search.in_examples:
        why = "lies among tests or examples: give that path to the command, or name it with --app"
        left_out.append(LeftOut(app.spec, app.path, app.line, why))
    modules = {app.path for app in started}
    bystanders = [(other, at) for other in launches.bystanders
                  if (at := finder.resolve(other)) is not None and at.path not in modules]  # fmt: skip
    passed = []
    for app in list(candidates):
        other = next((one for one, at in bystanders if _is_named(app, at) or _takes_over(app, at, disk)), None)
        if other is not None:
            candidates.remove(app)
            passed.append(app)
            why = f"is started as {other.command} only, by {os.path.relpath(other.path, settings.project)}"
            hint = "" if started or programs or candidates else "; if a worker runs it as well, name it with --app"
            left_out.append(LeftOut(app.spec, app.path, app.line, f"{why}:{other.line}{hint}"))
    workers = [Worker(app, tuple(starts)) for app, starts in started.items()]
    for app, starts in programs.items():
        for program in dict.fromkeys(start.program for start in starts):
            workers.append(Worker(app, tuple(start for start in starts if start.program == program)))
    return Chosen(tuple(workers), tuple(candidates), tuple(left_out), tuple(passed))


def with_those_around(disk: Disk, project: str, launches: Launches) -> Launches:
    """Launches with those that files of the repository around a project start in it: by their directory, their
    ``PYTHONPATH``, or the module that they name.

    A project with options of its own may lie in a repository whose compose file builds and starts it.
    """
    repository = checkout(project)
    if repository == project or is_example(project, repository):
        return launches
    from flake8_forksafe.deployment.repository import find_launches

    finder, more = Finder(disk, repository), find_launches(disk, repository)

    def leads_here(start: WorkerLaunch | Bystander) -> bool:
        if lies_in(start.path, project):
            return False
        program = start.program if isinstance(start, WorkerLaunch) else None
        is_other = isinstance(start, WorkerLaunch) and start.host != CELERY
        module = (start.app or "").partition(":")[0] if is_other else start.app
        found = finder.resolve(start._replace(app=module)) if module else None
        place = found.path if found is not None else program.path if program is not None else start.directory
        return lies_in(place, project)

    return launches._replace(
        launches=(*launches.launches, *filter(leads_here, more.launches)),
        others=(*launches.others, *filter(leads_here, more.others)),
        bystanders=(*launches.bystanders, *filter(leads_here, more.bystanders)),
    )


def _is_unseen(start: WorkerLaunch) -> bool:
    """Whether it is of a Python program that nothing is seen to run."""
    return start.kind == PYTHON


def other_hosts(settings: Settings, disk: Disk, launches: Launches) -> list[Worker]:
    """The hosts besides Celery that the repository starts, each app with the launches that start it alike.

    Of a host with apps that the option names, these are followed, whether something starts them or not.
    """
    finder = Finder(disk, settings.project)
    asked = tuple(os.path.join(settings.project, path) for path in settings.asked)
    groups: dict[tuple[object, ...], tuple[AppFound, list[WorkerLaunch]]] = {}
    given = [
        app._replace(host=host)
        for host in HOSTS if host != CELERY and settings.follows(host)
        for spec in settings.apps_of(host) for app in given_apps(settings, finder, spec)
    ]  # fmt: skip
    chosen = {app.host for app in given}
    left = dict.fromkeys(given)
    for start in launches.others:
        if not settings.follows(start.host):
            continue
        if start.host in chosen:
            named = _given_app(start, [app for app in given if app.host == start.host], finder)
            if named is None:
                continue
            left.pop(named, None)
            start = start._replace(app=named.spec)
        elif not is_in_scope(start.path, settings.project, asked):
            continue
        app = _of_host(start, finder)
        alike = (start.host, app.root, start.app, start.host_options, start.program)
        groups.setdefault(alike, (app, []))[1].append(start)
    return [*(Worker(app, tuple(starts)) for app, starts in groups.values()), *map(Worker, left)]


def _of_host(start: WorkerLaunch, finder: Finder) -> AppFound:
    """What a launch of a host starts: the app that it names, or a program of the project."""
    started = f"{start.path}:{start.line}"
    if start.program is not None:
        path = start.program.path
        try:
            imported = as_words(finder.disk.ask(path, "imported"))
        except OSError:
            imported = []
        root, module = Roots(finder.disk, finder.project).locate(path, imported)
        return AppFound(module, path, 1, root, started, start.host)
    module = (start.app or "").partition(":")[0]
    found = finder.resolve(start._replace(app=module)) if module else None
    root = found.root if found is not None else start.directory
    return AppFound(start.app or "", found.path if found is not None else start.path, 1, root, started, start.host)


def _given_app(start: WorkerLaunch, given: list[AppFound], finder: Finder) -> AppFound | None:
    """The given app that a launch starts; one whose app is not known may start the only one."""
    if start.app is None or "$" in start.app:
        return given[0] if len(given) == 1 else None
    found = finder.resolve(start._replace(app=split_spec(start.app)[0]))
    for app in given:
        own = finder.read(app.root, split_spec(app.spec)[0])
        if own is not None and found is not None and own.path == found.path:
            return app
    return next((app for app in given if app.spec == start.app), None) if found is None else None


def unseen(trace: Trace) -> Iterator[LeftOut]:
    """The launches of a host of which nothing was found that its parent executes, though it should be something."""
    if trace.does_other:
        return
    programs = [start for start in trace.starts if start.program is not None] if trace.app_place is None else []
    for start in programs:
        why = f"may start {trace.host.words.app}, and was not seen to"
        yield LeftOut(trace.program, start.path, start.line, why)
    if programs or trace.clean or any(module.origin == FIRST_PARTY for module in trace.modules):
        return
    for start in trace.starts:
        missing, runner = (dict(start.host_options).get(name) for name in ("missing config", RUNNER))
        why = f"is a command of {runner!r}, which is not followed" if runner else "is started here, but was not found"
        if missing is not None:
            why = f"is started here with {missing!r}, which was not found"
        yield LeftOut(trace.host.shown(trace.launch.app), start.path, start.line, why)


def given_apps(settings: Settings, finder: Finder, spec: str) -> Iterator[AppFound]:
    """The apps that a value of the option names: several if the name exists in several directories.

    A root may stand in front: ``services/alerts:config.celery``.
    """
    root, colon, rest = spec.partition(":")
    if colon and "/" in root:
        yield AppFound(rest, "", 0, os.path.normpath(os.path.join(settings.project, root)))
        return
    module = split_spec(spec)[0]
    holders = [found.root for found in finder.holding(spec)]
    depths = {directory: directory.count(os.sep) for directory in holders}
    highest = [directory for directory in holders if depths[directory] == min(depths.values())]
    if not highest:
        highest = [_highest(finder.disk, settings.project, module.partition(".")[0])]
    yield from (AppFound(spec, "", 0, directory) for directory in highest)


def _highest(disk: Disk, project: str, top: str) -> str:
    """The highest directory that holds a module, whatever is in it."""
    for directory, directories, files in disk.tree(project):
        if f"{top}.py" in files or (top in directories and not disk.is_file(os.path.join(directory, "__init__.py"))):
            return directory
    return project


def _with_starts(finder: Finder, apps: list[AppFound], starts: Iterable[WorkerLaunch]) -> Iterator[Worker]:
    """Given apps with the launches that start them.  A launch without an app starts the only given app."""
    resolved = [(start, finder.resolve(start) if start.app is not None else None) for start in starts]
    for app in apps:
        own = finder.read(app.root, app.spec)
        mine = [
            start for start, found in resolved
            if (found is None and (len(apps) == 1 if start.app is None else belongs(start, app.spec)))
            or (found is not None and (own is None or found.path == own.path) and belongs(start, app.spec))
            or (found is not None and own is not None and found.path == own.path)
        ]  # fmt: skip
        yield Worker(app, tuple(mine))


def belongs(start: WorkerLaunch, spec: str) -> bool:
    """Whether a launch may start the worker of an app, by the names alone."""
    given, module = split_spec(start.app or "")[0], split_spec(spec)[0]
    return module in (given, f"{given}.celery", given.rpartition(".")[0])


class Finder:
    """Finds the module that a process would start."""

    def __init__(self, disk: Disk, project: str) -> None:
        self.disk = disk
        self.project = project
        self._layouts: dict[str, Layout] = {}

    def resolve(self, start: WorkerLaunch | Bystander) -> Resolved | None:
        """The module that a launch names, in the first directory where it is found: the one that the process is in,
        those of its search path, those above the file that starts it, and any other, the nearest to that file.
        """
        spec = start.app or ""
        above = _above(start.path, self.project)
        first = dict.fromkeys((start.directory, *start.search_path, os.path.join(start.directory, "src"), *above))
        for root in first:
            found = self.read(root, spec)
            if found is not None:
                return found
        others = [found for found in self.holding(spec)
                  if found.root not in first and not is_example(found.root, self.project)]  # fmt: skip
        near = (start.directory if start.directory != self.project else "", start.path)
        return min(others, key=lambda found: -max(_shared(found.root, place) for place in near), default=None)

    def holding(self, spec: str) -> list[Resolved]:
        """The modules below the project that a name may be, each in its directory.

        Packages are no roots, unless the name is found in no other directory: an ``__init__.py`` may lie in one.
        """
        plain, packages = list[Resolved](), list[Resolved]()
        top = spec.partition(":")[0].partition(".")[0]
        for directory, directories, files in self.disk.tree(self.project):
            found = self.read(directory, spec) if f"{top}.py" in files or top in directories else None
            if found is not None:
                is_package = directory != self.project and "__init__.py" in files
                (packages if is_package else plain).append(found)
        return plain or packages

    def read(self, root: str, spec: str) -> Resolved | None:
        """``celery.app.utils.find_app`` as far as names go: a module, else an attribute of one."""
        module, attribute = split_spec(spec)
        found = self._find(root, module)
        if found is not None:
            return Resolved(root, found.name, attribute, found.path or "")
        parent, _, last = module.rpartition(".")
        found = self._find(root, parent) if parent and not attribute else None
        if found is not None and found.path and re.search(rf"\b{last}\b".encode(), self._content(found.path)):
            return Resolved(root, found.name, last, found.path)
        return None

    def _find(self, root: str, module: str) -> FoundModule | None:
        """A module with source; for a package without an app of its own, its module ``celery``."""
        layout = self._layouts.setdefault(root, Layout(self.disk, (root,)))
        found = layout.find(module)
        if found is None or not (found.is_package or found.path):
            return None
        inner = layout.find(f"{module}.celery") if found.is_package else None
        if found.is_package and inner is not None and (found.path is None or not _binds_app(self._content(found.path))):
            return inner
        return found if found.path else None

    def _content(self, path: str) -> bytes:
        try:
            return self.disk.read(path)
        except OSError:
            return b""


BOUND = re.compile(rb"^(?:app|celery)\b[^=\n]*=[^=]|\bCelery\s*\(", re.MULTILINE)


def _binds_app(content: bytes) -> bool:
    """Whether a package's ``__init__.py`` makes an app itself, instead of taking it from its module ``celery``."""
    return BOUND.search(content) is not None


def _above(path: str, project: str) -> Iterator[str]:
    """The directories from that of a file up to the project's."""
    directory = os.path.dirname(path)
    while directory.startswith(project):
        yield directory
        if directory == project or os.path.dirname(directory) == directory:
            return
        directory = os.path.dirname(directory)


def _shared(root: str, path: str) -> int:
    """How much of their paths two places have in common."""
    return len(os.path.commonpath([root, path])) if path else 0


def _app_of(found: Resolved, apps: Iterable[AppFound], start: WorkerLaunch) -> AppFound:
    """The app of the source that a launch names, else one of the launch's own."""
    own = [app for app in apps if _is_named(app, found)]
    preferred = sorted(own, key=lambda app: {"app": 0, "celery": 1}.get(split_spec(app.spec)[1], 2))
    if not preferred:
        attribute = f":{found.attribute}" if found.attribute else ""
        return AppFound(f"{found.module}{attribute}", found.path, 1, found.root, f"{start.path}:{start.line}")
    return preferred[0]._replace(spec=f"{found.module}:{split_spec(preferred[0].spec)[1]}", root=found.root)


def _is_named(app: AppFound, found: Resolved) -> bool:
    """Whether a launch that leads to a module may mean an app."""
    return app.path == found.path and found.attribute in ("", split_spec(app.spec)[1])


def _takes_over(app: AppFound, found: Resolved, disk: Disk) -> bool:
    """Whether a module that something starts imports an app from where it is made."""
    try:
        return found.root == app.root and split_spec(app.spec)[0] in as_words(disk.ask(found.path, "imported"))
    except OSError:
        return False


def _is_same(app: AppFound, other: AppFound) -> bool:
    return app.path == other.path and split_spec(app.spec)[1] == split_spec(other.spec)[1]


def _nearest(apps: list[AppFound], start: WorkerLaunch) -> AppFound | None:
    """The app that a launch without a name may start: the only one, or the only one around where it is started."""
    if len(apps) == 1:
        return apps[0]
    around = [app for app in apps if _inside(app.root, start.directory) or _inside(start.directory, app.root)]
    return around[0] if len(around) == 1 else None


def _of_program(apps: list[AppFound], start: WorkerLaunch, finder: Finder) -> AppFound:
    """The app whose worker a Python program starts: its own, that of a module which it imports, or the nearest.

    One that a function of the program makes has no name in any module: the program stands for it, and the walk finds
    it (:func:`without_app` tells if it does not).
    """
    assert start.program is not None
    path = start.program.path
    own = [app for app in apps if app.path == path]
    try:
        imported = as_words(finder.disk.ask(path, "imported")) if not own else []
        creates = not own and bool(as_numbers(finder.disk.ask(path, "celery"))[1])
    except OSError:
        imported, creates = [], False
    modules = {app: split_spec(app.spec)[0] for app in apps}
    named = own or [app for app, module in modules.items() if module in imported]
    packages = named or [app for app, module in modules.items()
                         if any(module.startswith(f"{name}.") for name in imported)]  # fmt: skip
    likely = max(packages, key=lambda app: _shared(app.root, path)) if packages else _nearest(apps, start)
    if likely is None or (creates and not named):
        root, module = Roots(finder.disk, finder.project).locate(path, imported)
        return AppFound(module, path, 1, root)
    return likely


def not_started(chosen: Chosen, followed: dict[Trace, AppFound]) -> Chosen:
    """What was chosen, with the apps that a program was thought to start, and does not, among the candidates."""
    others = tuple(
        app for trace, app in followed.items()
        if trace.program and app.spec and (trace.does_other or trace.launch.app != app.spec)
    )  # fmt: skip
    return chosen._replace(candidates=(*chosen.candidates, *others))


def without_app(trace: Trace) -> Iterator[LeftOut]:
    """The programs of which it was thought that they start a worker, and that start none."""
    programs = [start for start in trace.starts if start.program is not None]
    if trace.app_place is None and not trace.does_other:
        for start in programs:
            yield LeftOut(trace.program, start.path, start.line, "may start a worker, and names no app that was found")


def _inside(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)


NO_APP = "starts a worker and names no app, and the project has none: name it with --app"
MOST_CANDIDATES = 30
"""Apps of the source that are followed without a launch."""


def follow_candidates(
    chosen: Chosen, launched: list[Trace], search: Search | None, follow: Callable[[Worker], Trace | None]
) -> tuple[list[Trace], list[LeftOut]]:
    """Follow the apps of the source that no launch names; the traces that count, and what is left out.

    What goes by the name of an app that is followed already is no other worker.  Where a root has launches, what they
    do not name is left out; elsewhere an app without tasks is, as long as some worker is launched.

    :param launched: the traces of the workers that an option or a launch names.
    """
    names = {name for trace in launched for name in trace.app_names}
    roots = {trace.launch.root for trace in launched if trace.app_place is not None}
    groups: list[list[Trace]] = []
    left_out: list[LeftOut] = []
    followed, more = 0, list[AppFound]()
    for app in chosen.candidates:
        if (app.path, split_spec(app.spec)[1]) in names or app.made in names:
            continue
        if app.root in roots:
            left_out.append(LeftOut(app.spec, app.path, app.line, "is started by no launch"))
            continue
        if followed >= MOST_CANDIDATES:
            more.append(app)
            continue
        trace = follow(Worker(app))
        followed += 1
        if trace is None:
            continue
        if roots and not trace.reaches_tasks:
            left_out.append(LeftOut(app.spec, app.path, app.line, "is started by no launch, and no tasks are seen"))
            continue
        _join(groups, trace)
    if more:
        others = f"and {len(more) - 1} others " if len(more) > 1 else ""
        why = f"{others}not followed: only {MOST_CANDIDATES} apps that no launch names are"
        left_out.append(LeftOut(more[0].spec, more[0].path, more[0].line, why))
    passed = {(app.path, split_spec(app.spec)[1]) for app in chosen.passed}
    seen = bool(groups) and all(any(trace.reaches_tasks for trace in group) for group in groups)
    for app in search.other_names() if search is not None and not launched and not seen else ():
        trace = follow(Worker(app))
        if trace is not None and trace.app_place is not None and not trace.app_names & passed:
            _join(groups, trace)
    chosen_traces = [max(group, key=lambda trace: (trace.reaches_tasks, len(trace.modules))) for group in groups]
    for group, best in zip(groups, chosen_traces, strict=True):
        for other in group:
            place = other.app_location
            if other is not best and place is not None:
                why = f"names the same app as {best.launch.app!r}, which loads more and is followed"
                left_out.append(LeftOut(other.launch.app, *place, why))
    return chosen_traces, left_out


def _join(groups: list[list[Trace]], trace: Trace) -> None:
    """Put a trace to those of the same app."""
    for group in groups:
        if any(trace.app_names & other.app_names for other in group):
            group.append(trace)
            return
    groups.append([trace])
