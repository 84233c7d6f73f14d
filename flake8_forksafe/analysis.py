"""The whole program on one screen: settings to findings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from flake8_forksafe.hazards.catalogue import Catalogue, WarmUp, load_catalogue
from flake8_forksafe.prefork.boot import boot
from flake8_forksafe.prefork.library import LIBRARY
from flake8_forksafe.prefork.process import Argv, Process, default_argv, launch_forms, other_processes
from flake8_forksafe.prefork.trace import Launch, Trace
from flake8_forksafe.prefork.values import Arguments, Literal
from flake8_forksafe.prefork.walk import Walk
from flake8_forksafe.project import celery_app
from flake8_forksafe.project.celery_app import AppFound, Search
from flake8_forksafe.project.deployment import find_launches
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.environment import Environment, find_environment, walked_modules
from flake8_forksafe.project.launches.model import WorkerLaunch
from flake8_forksafe.project.layout import Layout, source_roots
from flake8_forksafe.project.measurement import load_measurement
from flake8_forksafe.project.pool import resolve
from flake8_forksafe.project.requirements import Requirements, normalise, read_requirements
from flake8_forksafe.rules import Context, Finding, run_rules
from flake8_forksafe.rules.rule import Problem
from flake8_forksafe.settings import Settings
from flake8_forksafe.source.cache import FactStore


class Report(NamedTuple):
    """The result of one analysis.

    :ivar traces: one for each launch.
    :ivar parsed: how many files libcst parsed in this run.
    """

    findings: tuple[Finding, ...]
    context: Context
    disk: Disk
    store: FactStore
    traces: tuple[Trace, ...]
    catalogue: Catalogue
    files: int
    parsed: int
    bodies: int


def analyse(settings: Settings, overlay: Mapping[str, bytes] = MappingProxyType({})) -> Report:
    """Analyse a project.

    :param overlay: unsaved contents of files, by absolute path.
    """
    disk = Disk(overlay)
    store = FactStore(settings.cache_dir, disk.read, overlay.__contains__)
    catalogue = load_catalogue(settings.hazards, [("FS111", call) for call in settings.warm_ups])
    apps, search = find_apps(settings, disk, store)
    problems = [Problem("source-roots", root) for root in settings.source_roots
                if not disk.is_directory(absolute(settings, root))]  # fmt: skip
    traces = []
    for app in apps:
        layout = make_layout(settings, disk, app)
        if layout.find(app.spec.partition(":")[0]) is None and layout.find(app.spec.rpartition(".")[0]) is None:
            problems.append(Problem("app", app.spec))
        else:
            traces.append(trace_app(settings, layout, store, catalogue, app, problems))
    if problems and search is None:
        search = Search(tuple(celery_app.mentions(disk, settings.project)), ())
    launches = find_launches(disk, settings.project)
    for trace in traces:
        trace.starts = tuple(start for start in launches.launches if belongs(start, trace, len(traces) == 1))
        trace.forks = any(resolve(start, trace.conf).forks for start in trace.starts or (None,))
    if settings.measurement:
        disk.depends_on(absolute(settings, settings.measurement))
    measured = load_measurement(absolute(settings, settings.measurement)) if settings.measurement else None
    store.save()
    context = Context(settings, catalogue, tuple(traces), search, tuple(problems), launches.troubles, measured)
    findings = run_rules(context)
    found = tuple(traces)
    return Report(
        findings, context, disk, store, found, catalogue, len(store.used), len(store.parsed), store.bodies_collected
    )


def belongs(start: WorkerLaunch, trace: Trace, only: bool) -> bool:
    """Whether a launch starts the worker of a trace; one that names no app may be that of the only one."""
    if start.app is None:
        return only
    given, module = start.app.partition(":")[0], trace.launch.app.partition(":")[0]
    return module in (given, f"{given}.celery", given.rpartition(".")[0])


def find_apps(settings: Settings, disk: Disk, store: FactStore) -> tuple[list[AppFound], Search | None]:
    """The apps that were given, else those in the source."""
    if settings.app:
        return [AppFound(spec, "", 0, root_of(settings, disk, spec)) for spec in settings.app], None
    search = celery_app.search(disk, settings.project, store.module, store.body)
    return list(search.apps), search


def root_of(settings: Settings, disk: Disk, spec: str) -> str:
    """The source root that the module of an app lies in: the highest directory that holds it."""
    first = spec.partition(":")[0].partition(".")[0]
    for directory, directories, files in disk.tree(settings.project):
        if f"{first}.py" in files or (
            first in directories and not disk.is_file(os.path.join(directory, "__init__.py"))
        ):
            return directory
    return settings.project


def add_environment(
    settings: Settings, layout: Layout, catalogue: Catalogue, requirements: Requirements, problems: list[Problem]
) -> Environment:
    """Find the target environment, and let the walk read what can lead to a hazard in it."""
    environment = find_environment(layout.disk, settings.project, settings.environment, requirements.required)
    if settings.environment is not None and not environment.directories:
        problems.append(Problem("environment", settings.environment))
    hazards = frozenset(normalise(h.distribution) for h in catalogue.hazards.values() if h.reported)
    modelled = {name.partition(".")[0] for name in (*LIBRARY.functions, *catalogue.hazards)}
    layout.environment = environment.directories
    layout.walked = walked_modules(layout.disk, environment, hazards, modelled)
    return environment


def is_installed(
    disk: Disk, environment: Environment, requirements: Requirements, catalogue: Catalogue, module: str
) -> bool | None:
    """Whether a top-level module is installed, by the environment or else by the project's declarations."""
    if environment.directories:
        return environment.has_module(disk, module)
    hazard = catalogue.hazards.get(module)
    name = normalise(hazard.distribution if hazard is not None else module)
    if name in requirements.required:
        return True
    return False if name in requirements.optional else None


def make_layout(settings: Settings, disk: Disk, app: AppFound) -> Layout:
    """Where the modules of one app's worker are found."""
    if settings.source_roots:
        roots = tuple(path for root in settings.source_roots if disk.is_directory(path := absolute(settings, root)))
    else:
        roots = source_roots(disk, settings.project, app.root)
    return Layout(disk, roots)


def absolute(settings: Settings, path: str) -> str:
    """A path of an option."""
    return os.path.normpath(os.path.join(settings.project, path))


def trace_app(
    settings: Settings, layout: Layout, store: FactStore, catalogue: Catalogue, app: AppFound, problems: list[Problem]
) -> Trace:
    """Follow the boot of one app's worker."""
    environment = []
    django_settings = settings.django_settings
    if django_settings is not None:
        environment.append(("DJANGO_SETTINGS_MODULE", django_settings))
        if layout.find(django_settings) is None:
            problems.append(Problem("django-settings", django_settings))
    requirements = read_requirements(layout.disk, settings.project, layout.roots)
    environment_found = add_environment(settings, layout, catalogue, requirements, problems)
    versions = (settings.python_version or requirements.python or (3, 9), (3, 15))
    source = "option" if not app.path else f"{os.path.relpath(app.path, settings.project)}:{app.line}"
    fallback = celery_app.settings_module(layout.disk, settings.project)

    def trace_as(argv: Argv) -> Trace:
        process = Process(argv, tuple(environment), settings.platform, versions)
        presence = partial(is_installed, layout.disk, environment_found, requirements, catalogue)
        walk = Walk(layout, store, process, catalogue.names(), presence, partial(warm_up_of, catalogue))
        walk.django.fallback = fallback
        return Trace(Launch(app.spec, source=source), walk, boot(walk, app.spec), environment_found)

    trace = trace_as(default_argv(app.spec))
    if trace.app_place is None and not app.path:
        problems.append(Problem("app", app.spec))
    if trace.uses and trace.gates:
        trace.variants.update({name: trace_as(argv) for name, argv in other_processes(app.spec).items()})
        if None in trace.gates.values():
            trace.variants.update({form: trace_as((argv,)) for form, argv in launch_forms(app.spec).items()})
    return trace


def warm_up_of(catalogue: Catalogue, call: str, arguments: Arguments) -> WarmUp | None:
    """The warm-up that a call is, if it is one."""
    literals = {name: value.value for name, value in arguments.keywords.items() if isinstance(value, Literal)}
    return catalogue.warm_up(call, literals)
