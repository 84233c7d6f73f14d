"""The whole program on one screen: settings to findings."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType

from flake8_forksafe.deployment.clean_commands import BYSTANDER
from flake8_forksafe.deployment.pool import not_forking
from flake8_forksafe.deployment.repository import Launches, find_launches
from flake8_forksafe.hazards.catalogue import Catalogue, load_catalogue
from flake8_forksafe.host_names import CELERY
from flake8_forksafe.options import UsageError, split_host
from flake8_forksafe.project import celery_app
from flake8_forksafe.project.disk import Disk, disk_of, raise_if_unread
from flake8_forksafe.project.likely_imports import visit_likely_files
from flake8_forksafe.project.measurement import Measurement, load_measurement
from flake8_forksafe.project.search_result import LeftOut, Search
from flake8_forksafe.report.result import Report
from flake8_forksafe.rules import Context, run_rules
from flake8_forksafe.rules.rule import Problem
from flake8_forksafe.settings import Settings
from flake8_forksafe.source.collected import Collected
from flake8_forksafe.trace.graph import import_networkx
from flake8_forksafe.trace.trace import Trace
from flake8_forksafe.tracing import Effort, Surroundings, absolute, trace_app
from flake8_forksafe.workers import (
    Chosen,
    choose,
    follow_candidates,
    not_started,
    other_hosts,
    unseen,
    with_those_around,
    without_app,
)


def collect_anew(disk: Disk) -> Collected:
    """Collects facts from the files on a disk, without a cache."""
    return Collected(disk.content)


def all_launches(disk: Disk, project: str) -> Launches:
    """What the project starts, and what files of the repository around it start in it."""
    return with_those_around(disk, project, find_launches(disk, project))


def analyse(
    settings: Settings,
    overlay: Mapping[str, bytes] = MappingProxyType({}),
    sources: Callable[[Disk], Collected] = collect_anew,
    launches_in: Callable[[Disk, str], Launches] = all_launches,
) -> Report:
    """Analyse a project.

    :param overlay: unsaved contents of files, by absolute path.
    :param sources: makes what facts come from.
    :param launches_in: what the project starts.
    """
    disk = disk_of(settings, overlay)
    store = sources(disk)
    catalogue = load_catalogue(settings.hazards, [("FS111", call) for call in settings.warm_ups])
    refuse_unknown_packages(settings, catalogue)
    launches = launches_in(disk, settings.project)
    problems = [Problem("source-roots", root) for root in settings.source_roots
                if not disk.is_directory(absolute(settings, root))]  # fmt: skip
    refuse_missing(problems, settings, disk, store)
    around = Surroundings(settings, disk, store, catalogue, problems, Effort())
    with store.parsing_ahead(partial(visit_likely_files, disk_of(settings), settings.project)):
        traces, search, left_out = trace_apps(around, launches)
    refuse_missing(problems, settings, disk, store)
    clean = tuple(clean_ones(traces, launches))
    traces = tuple(trace for trace in traces if trace.modules or not trace.clean)
    if not traces:
        raise_if_unread(disk)
    measured = read_measurement(settings, disk)
    store.finish()
    said = (launches.troubles, measured, disk.unread(), left_out, clean, around.effort.left_out())
    context = Context(settings, catalogue, traces, search, tuple(problems), *said)
    figures = (len(store.used), len(store.parsed), store.bodies_collected)
    return Report(run_rules(context), context, disk, store, traces, catalogue, *figures)


def clean_ones(traces: tuple[Trace, ...], launches: Launches) -> Iterator[LeftOut]:
    """Launches that do not execute the project's app before they fork, with the reason."""
    for trace in traces:
        for start in trace.starts:
            why = trace.clean or not_forking(trace.host.pool(start, trace.conf))
            if why:
                yield LeftOut(trace.host.shown(trace.launch.app), start.path, start.line, why)
    for other in launches.bystanders:
        yield LeftOut(f"celery {other.command}", other.path, other.line, BYSTANDER)
    for one in launches.clean:
        yield LeftOut(one.name, one.path, one.line, one.why)


def refuse_missing(problems: list[Problem], settings: Settings, disk: Disk, store: Collected) -> None:
    """Refuse an option of the user that names something missing.  In a file of the project it is FS193 instead.

    :raises UsageError: for the first such option, with names that come near.
    """
    for option, value in problems:
        if option in settings.given:
            known: list[str] = []
            if option == "app" and split_host(value)[0] == CELERY:
                known = named_apps(
                    celery_app.search(disk, settings.project, store.module, store.body), settings.project
                )
            elif option == "hosts":
                raise UsageError(f"--hosts names {value!r}, which nothing in {settings.project} starts")
            elif option == "source-roots":
                known = [name for name, kind in disk.listing(settings.project).items() if kind == "d"]
            near = difflib.get_close_matches(value, known, cutoff=0.5) or known[:3]
            hint = f"; there is {' or '.join(near)}" if near else ""
            raise UsageError(f"--{option} names {value!r}, which does not exist in {settings.project}{hint}")


def named_apps(search: Search, project: str) -> list[str]:
    """The apps of a project as the option names them, with their roots where several have the same name."""
    specs = [app.spec for app in search.apps]
    return [
        f"{os.path.relpath(app.root, project)}:{app.spec}" if specs.count(app.spec) > 1 else app.spec
        for app in search.apps
    ]


def refuse_unknown_packages(settings: Settings, catalogue: Catalogue) -> None:
    """Refuse a package in the option third-parties that no rule would ever report.

    :raises UsageError: for the first one.
    """
    for own in settings.third_parties:
        for name, _ in (*own.loads, *own.optional):
            if catalogue.find(name) is None:
                near = difflib.get_close_matches(name, catalogue.hazards, n=1)
                hint = f" (is {near[0]} meant?)" if near else ""
                raise UsageError(
                    f"the option third-parties: {own.module} loads {name}, which is not in the catalogue{hint}; "
                    "a package of yours must be named in the option hazards as well"
                )


def trace_apps(
    around: Surroundings, launches: Launches
) -> tuple[tuple[Trace, ...], Search | None, tuple[LeftOut, ...]]:
    """Find the workers and trace each boot.  Also returns what was searched, and which apps were left out."""
    settings, disk, store = around.settings, around.disk, around.store
    asked = tuple(os.path.join(settings.project, path) for path in settings.asked)
    asks_celery = settings.follows(CELERY)
    search = None
    if asks_celery and not settings.apps_of(CELERY):
        search = celery_app.search(disk, settings.project, store.module, store.body, asked)
    chosen = choose(settings, disk, search, launches) if asks_celery else Chosen((), (), ())
    elsewhere = other_hosts(settings, disk, launches)
    if settings.hosts:
        started = {worker.app.host for worker in elsewhere} | (
            {CELERY} if chosen.workers or chosen.candidates else set()
        )
        around.problems.extend(Problem("hosts", name.lower()) for name in settings.hosts if name not in started)
    if chosen.workers or chosen.candidates or elsewhere:
        import_networkx()
    follow = partial(trace_app, around)
    followed = {trace: worker.app for worker in chosen.workers if (trace := follow(worker)) is not None}
    appless = {trace: list(without_app(trace)) for trace in followed}
    traces = [trace for trace in followed if not appless[trace] and not trace.does_other]
    found, others = follow_candidates(not_started(chosen, followed), traces, search, follow)
    hosts = [trace for worker in elsewhere if (trace := follow(worker)) is not None]
    unknown = {trace: list(unseen(trace)) for trace in hosts}
    if around.problems and search is None and asks_celery:
        search = Search(tuple(celery_app.mentions(disk, settings.project)), ())
    seen = [trace for trace in hosts if not unknown[trace] and not trace.does_other]
    missing = (one for ones in (*appless.values(), *unknown.values()) for one in ones)
    left_out = (*chosen.left_out, *others, *missing)
    return (*traces, *found, *seen), search, left_out


def read_measurement(settings: Settings, disk: Disk) -> Measurement | None:
    """Read the measurement that the option ``measurement`` names, if any."""
    if settings.measurement is None:
        return None
    path = absolute(settings, settings.measurement)
    disk.depends_on(path)
    return load_measurement(path)
