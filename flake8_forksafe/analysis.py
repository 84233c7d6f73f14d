"""The whole program on one screen: settings to findings."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from flake8_forksafe.deployment.repository import find_launches
from flake8_forksafe.hazards.catalogue import load_catalogue
from flake8_forksafe.project import celery_app
from flake8_forksafe.project.disk import Disk, disk_of, raise_if_blind
from flake8_forksafe.project.foresee import foresee
from flake8_forksafe.project.found import AppFound, Search, split_spec
from flake8_forksafe.project.measurement import Measurement, load_measurement
from flake8_forksafe.report.result import Report
from flake8_forksafe.rules import Context, run_rules
from flake8_forksafe.rules.rule import Problem
from flake8_forksafe.settings import Settings, UsageError
from flake8_forksafe.source.cache import FactStore
from flake8_forksafe.trace.graph import import_networkx
from flake8_forksafe.trace.trace import Trace
from flake8_forksafe.tracing import Surroundings, absolute, trace_app


def analyse(settings: Settings, overlay: Mapping[str, bytes] = MappingProxyType({})) -> Report:
    """Analyse a project.

    :param overlay: unsaved contents of files, by absolute path.
    """
    disk = disk_of(settings, overlay)
    store = FactStore(settings.cache_dir, disk.read, overlay.__contains__)
    catalogue = load_catalogue(settings.hazards, [("FS111", call) for call in settings.warm_ups])
    launches = find_launches(disk, settings.project)
    problems = [Problem("source-roots", root) for root in settings.source_roots
                if not disk.is_directory(absolute(settings, root))]  # fmt: skip
    refuse_missing(problems, settings, disk, store)
    around = Surroundings(settings, disk, store, catalogue, launches.launches, problems)
    with store.parsing_ahead(partial(foresee, Disk(), settings.project)):
        traces, search = trace_apps(around)
    refuse_missing(problems, settings, disk, store)
    if not traces:
        raise_if_blind(disk)
    measured = read_measurement(settings, disk)
    store.save()
    store.release()
    context = Context(settings, catalogue, traces, search, tuple(problems), launches.troubles, measured, disk.unread())
    figures = (len(store.used), len(store.parsed), store.bodies_collected)
    return Report(run_rules(context), context, disk, store, traces, catalogue, *figures)


def refuse_missing(problems: list[Problem], settings: Settings, disk: Disk, store: FactStore) -> None:
    """Refuse what the user just named and does not exist; what a file of the project names so is FS193.

    :raises UsageError: for the first such option, with names that come near.
    """
    for option, value in problems:
        if option in settings.given:
            known: list[str] = []
            if option == "app":
                known = [app.spec for app in celery_app.search(disk, settings.project, store.module, store.body).apps]
            elif option == "source-roots":
                known = [name for name, kind in disk.listing(settings.project).items() if kind == "d"]
            near = difflib.get_close_matches(value, known, cutoff=0.5) or known[:3]
            hint = f"; there is {' or '.join(near)}" if near else ""
            raise UsageError(f"--{option} names {value!r}, which does not exist in {settings.project}{hint}")


def trace_apps(around: Surroundings) -> tuple[tuple[Trace, ...], Search | None]:
    """Find the apps, and follow the boot of each one's worker; and where they were searched for, if they were."""
    apps, search = find_apps(around.settings, around.disk, around.store)
    if apps:
        import_networkx()
    found = (trace_app(around, app, len(apps) == 1) for app in apps)
    traces = tuple(trace for trace in found if trace is not None)
    if around.problems and search is None:
        search = Search(tuple(celery_app.mentions(around.disk, around.settings.project)), ())
    return traces, search


def find_apps(settings: Settings, disk: Disk, store: FactStore) -> tuple[list[AppFound], Search | None]:
    """The apps that were given, else those in the source."""
    if settings.app:
        return [AppFound(spec, "", 0, root_of(settings, disk, spec)) for spec in settings.app], None
    search = celery_app.search(disk, settings.project, store.module, store.body)
    return list(search.apps), search


def root_of(settings: Settings, disk: Disk, spec: str) -> str:
    """The source root that the module of an app lies in: the highest directory that holds it."""
    first = split_spec(spec)[0].partition(".")[0]
    for directory, directories, files in disk.tree(settings.project):
        if f"{first}.py" in files or (
            first in directories and not disk.is_file(os.path.join(directory, "__init__.py"))
        ):
            return directory
    return settings.project


def read_measurement(settings: Settings, disk: Disk) -> Measurement | None:
    """What the user measured, if they name it."""
    if settings.measurement is None:
        return None
    path = absolute(settings, settings.measurement)
    disk.depends_on(path)
    return load_measurement(path)
