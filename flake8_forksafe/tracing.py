"""Traces one app: finds its modules, models its process, and follows the boot of its host."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import NamedTuple

from flake8_forksafe.deployment.model import Place, Word, WorkerLaunch
from flake8_forksafe.hazards.catalogue import Catalogue, WarmUp
from flake8_forksafe.hazards.third_parties import LIKELY, NO_EFFECTS, OWN, Effects
from flake8_forksafe.host_names import CELERY
from flake8_forksafe.hosts.facts import Argv
from flake8_forksafe.hosts.host import Host, HostStart, Launcher, boot
from flake8_forksafe.hosts.table import host_named, host_programs
from flake8_forksafe.interpreter.import_system import ImportSystem
from flake8_forksafe.interpreter.process import Process
from flake8_forksafe.interpreter.values import Arguments, Literal
from flake8_forksafe.interpreter.walk import Walk
from flake8_forksafe.library import LIBRARY
from flake8_forksafe.options import CHILDREN
from flake8_forksafe.project.deferred_imports import DeferredImport, DeferredImports
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.environment import Environment, find_environment, walked_modules
from flake8_forksafe.project.layout import FIRST_PARTY, Layout, source_roots
from flake8_forksafe.project.locks import locked_versions
from flake8_forksafe.project.markers import Target
from flake8_forksafe.project.presence import Presence
from flake8_forksafe.project.requirements import (
    Requirements,
    console_scripts,
    distribution_name,
    normalise,
    read_requirements,
)
from flake8_forksafe.project.search_result import AppFound, LeftOut, split_spec
from flake8_forksafe.project.settings_modules import choose_settings
from flake8_forksafe.project.versions import Versions, admits
from flake8_forksafe.rules.prelude import LIMITING, is_needy
from flake8_forksafe.rules.rule import Problem
from flake8_forksafe.settings import Settings, checkout, lies_in
from flake8_forksafe.source.collected import Collected
from flake8_forksafe.trace.trace import Launch, Trace
from flake8_forksafe.workers import Worker

MOST_STEPS = 1_500_000
"""Steps of all walks of one analysis together, after which no further worker is followed.  Each walk has a limit of its
own, and the largest known project takes 380,000 steps for one."""
STEPS_PER_WORKER = 5_000
"""Steps that finding the surroundings of one worker counts for."""
STEPS_PER_COLLECTION = 200_000
"""Steps after which the memory of walks that have ended is given back: it holds cycles, and the collector is off."""


class Effort:
    """What the walks of one analysis have taken so far: launches multiply what the code takes.

    :ivar passed_over: workers that are not followed, since too much was taken before.
    """

    def __init__(self) -> None:
        self.steps = 0
        self.kept = 0
        self.passed_over: list[Worker] = []

    def spend(self, steps: int) -> None:
        """Count what a walk took, when it has ended."""
        self.steps += steps
        self.kept += steps

    def make_room(self) -> None:
        """Before another walk: give the memory of those that have ended back, if it is much."""
        if self.kept >= STEPS_PER_COLLECTION:
            gc.collect()
            self.kept = 0

    def allows(self, worker: Worker) -> bool:
        """Whether one more worker is followed; if not, it is remembered."""
        if self.steps >= MOST_STEPS:
            self.passed_over.append(worker)
            return False
        self.spend(STEPS_PER_WORKER)
        return True

    def left_out(self) -> tuple[LeftOut, ...]:
        """The workers that are not followed, each with the place that starts it."""
        places = [(one.app, next(((start.path, start.line) for start in one.starts), (one.app.path, one.app.line)))
                  for one in self.passed_over]  # fmt: skip
        return tuple(LeftOut(app.spec, *place, "is one worker too many") for app, place in places)


class Surroundings(NamedTuple):
    """Data that all traces of one analysis share.

    :ivar problems: options that name something that does not exist; added to.
    :ivar effort: what the traces have taken so far; added to.
    """

    settings: Settings
    disk: Disk
    store: Collected
    catalogue: Catalogue
    problems: list[Problem]
    effort: Effort


def trace_app(around: Surroundings, worker: Worker) -> Trace | None:
    """Follow the boot of one worker.

    Returns None, and adds a problem, if its module does not exist; None as well if there are too many workers.
    """
    if not around.effort.allows(worker):
        return None
    settings, disk, app, starts = around.settings, around.disk, worker.app, worker.starts
    host, layout = host_named(app.host), make_layout(settings, disk, app)
    if (host.has_tasks or not app.path) and app.spec and not is_there(layout, app.spec):
        if not app.path:
            around.problems.append(Problem("app", named_app(app)))
        return None
    own_roots = tuple(root for root in layout.roots if lies_in(root, settings.project))
    target = Target(settings.platform, settings.python_version)
    requirements = read_requirements(disk, settings.project, own_roots, target)
    environment = add_environment(around, layout, requirements)
    launcher = launcher_of(starts, console_scripts(disk, settings.project, own_roots))
    environ = tuple(process_environ(around, layout, starts).items())
    versions = (settings.python_version or requirements.python or (3, 9), (3, 15))
    named = app.started or f"{app.path}:{app.line}"
    source = "option" if not app.path else os.path.relpath(named, settings.project)
    choice = choose_settings(disk, settings.project, app.root)
    taken = choice.taken.module if choice is not None else None
    start = HostStart(
        app.spec, launcher, taken, not app.path, host_options(host, disk, worker),
        tuple(included(starts, settings.project)),
    )  # fmt: skip
    distributions = {name: hazard.distribution for name, hazard in around.catalogue.hazards.items()}
    presence = Presence(disk, environment, requirements, distributions)
    layout.installed = lambda name: name in distributions or presence.is_regular(name)
    layout.lent = partial(is_lent, settings, disk, app, requirements)
    locked = cache(lambda: locked_versions(around.disk, (around.settings.project, *layout.roots)))
    versions_known = Versions(environment, requirements, locked)

    def installed(module: str) -> bool | None:
        return True if module in host.provided else presence(module)

    def is_locked(module: str) -> bool:
        return normalise(distributions.get(module, module)) in locked()

    effects = third_parties_of(around, layout, versions_known, presence, is_locked)

    def trace_as(argv: Argv, elsewhere: bool = False) -> Trace:
        around.effort.make_room()
        process = host.process(argv, environ, settings.platform, versions)
        if elsewhere:
            process = Process(argv, environ, settings.platform, versions)
        newer = versions_known.is_at_least
        imports = ImportSystem(layout, around.store, around.catalogue.names(), installed, effects, is_locked, newer)
        warm_up = partial(warm_up_of, cache(around.catalogue.entries_of), newer)
        walk = Walk(LIBRARY, imports, process, warm_up)
        launch = Launch(app.spec, source=source, root=app.root)
        trace = Trace(launch, walk, boot(walk, host, start), environment)
        trace.requires_python = requirements.python
        walk.release()
        around.effort.spend(walk.budget.steps)
        return trace

    trace = trace_as(argv_of(host, app, launcher, starts))
    unread = any(note.code == "FS191" and app.spec.startswith(note.module) for note in trace.notes)
    if trace.app_place is None and not app.path and not unread:
        around.problems.append(Problem("app", named_app(app)))
    if trace.has_gated_uses:
        trace.variants.update({name: trace_as(argv, True) for name, argv in host.other_processes(app.spec).items()})
        if None in trace.gates.values() and launcher is None:
            trace.variants.update({form: trace_as((argv,)) for form, argv in host.launch_forms(app.spec).items()})
    trace.starts = tuple(with_arguments(start, trace.arguments or ()) for start in starts)
    trace.program = shown_command(launcher.argv, settings.project) if launcher is not None else ""
    is_made_there = trace.app_place is not None and app.path and not trace.has_name(app.path)
    if launcher is not None and launcher.path and is_made_there:
        place = f"{os.path.relpath(launcher.path, settings.project)}:1"
        trace.launch = trace.launch._replace(app=module_name(launcher.path, app.root), source=place)
    trace.settings_choice = choice if "DJANGO_SETTINGS_MODULE" not in dict(environ) else None
    trace.forks = any(host.pool(start, trace.conf).forks for start in trace.starts or (None,))
    if settings.prelude == CHILDREN and host.has_tasks and trace.forks:
        trace.deferred = deferred_imports(around, layout, trace, effects)
    return trace


SCRIPTS = "/venv/bin/"
"""Where a console script is taken to lie."""


def shown_command(argv: tuple[str, ...], project: str) -> str:
    """A program's command line without the directories of this machine, and of an environment that is made up."""
    program, *rest = argv
    if program.startswith(SCRIPTS):
        program = program.removeprefix(SCRIPTS)
    elif os.path.isabs(program) and lies_in(program, project):
        program = os.path.relpath(program, project)
    return " ".join((program, *rest))


def named_app(app: AppFound) -> str:
    """An app as the option names it."""
    return app.spec if app.host == CELERY else f"{app.host}:{app.spec}"


def host_options(host: Host, disk: Disk, worker: Worker) -> tuple[tuple[str, str], ...]:
    """What the command line says that only the host knows: of a launch, else what is assumed."""
    if worker.starts:
        return worker.starts[0].host_options

    def beside(name: str) -> str | None:
        path = os.path.join(worker.app.root, name)
        return path if disk.is_file(path) else None

    return host.assumed(worker.app.spec, beside) if host.assumed is not None else ()


def deferred_imports(
    around: Surroundings, layout: Layout, trace: Trace, effects: Callable[[str], Effects]
) -> tuple[DeferredImport, ...]:
    """The first import of each package that the children may load later, and that needs a prelude.

    What only a step loads that launches can leave out, as Django's checks load views, is not what tasks call.
    """
    hazards = around.catalogue.hazards
    loads: dict[str, list[str]] = {name: [] for name in trace.loaded if trace.origin(name) == FIRST_PARTY}
    for edge in (*trace.edges, *trace.late_edges):
        if edge.loads in loads and edge.kind != "boot" and edge.source.module in loads:
            loads[edge.source.module].append(edge.loads)
    left_out = {omission.step for omission in trace.host.omissions}

    @cache
    def packages_of(name: str) -> tuple[str, ...]:
        hazard = around.catalogue.find(name)
        if hazard is not None and is_needy(hazard):
            return (hazard.name,)
        top = name.partition(".")[0]
        brought = hazard.pulls if hazard is not None else [one.package for one in effects(top).brought if one.sure]
        return tuple(one for one in brought if one in hazards and is_needy(hazards[one]))

    search = DeferredImports(around.disk, layout, loads, packages_of)
    starts = (name for name in loads if trace.step(name) not in left_out)
    return tuple(search.reached_from(starts, lambda path: not around.disk.holds(path, *LIMITING)))


def module_name(path: str, root: str) -> str:
    """The name of a file as a module below a root."""
    stem = os.path.splitext(os.path.relpath(path, root))[0].removesuffix(f"{os.sep}__init__")
    return stem.replace(os.sep, ".").lstrip(".")


def is_there(layout: Layout, spec: str) -> bool:
    """Whether the module of an app is found, or the one that holds it."""
    return any(layout.find(name) is not None for name in (split_spec(spec)[0], spec.rpartition(".")[0]))


def argv_of(host: Host, app: AppFound, launcher: Launcher | None, starts: tuple[WorkerLaunch, ...]) -> Argv:
    """``sys.argv`` of the parent: of the project's own script, else of every launch, else in every launch form."""
    if launcher is not None:
        return (launcher.argv,)
    return host.launched_argv(starts) or host.default_argv(app.spec)


def make_layout(settings: Settings, disk: Disk, app: AppFound) -> Layout:
    """Where the modules of one app's worker are found."""
    named = [absolute(settings, root) for root in settings.source_roots]
    roots = tuple(path for path in named if disk.is_directory(path))
    if len(roots) < len(named) or not named:  # a missing directory must not hide the app
        repository = checkout(settings.project)
        around = source_roots(disk, repository, None) if repository != settings.project else ()
        roots = tuple(dict.fromkeys((*roots, *source_roots(disk, settings.project, app.root), *around)))
    return Layout(disk, roots)


def is_lent(settings: Settings, disk: Disk, app: AppFound, requirements: Requirements, root: str, module: str) -> bool:
    """Whether a source root is that of another project of the repository which the worker's does not require."""
    own = (app.root, settings.project, os.path.join(settings.project, "src"))
    if root in own or root in [absolute(settings, one) for one in settings.source_roots]:
        return False
    holder = os.path.dirname(root) if os.path.basename(root) == "src" else root
    name = distribution_name(disk, holder)
    known = (*requirements.required, *requirements.optional, normalise(module), "")
    return name not in known


def absolute(settings: Settings, path: str) -> str:
    """A path of an option."""
    return os.path.normpath(os.path.join(settings.project, path))


def launcher_of(starts: tuple[WorkerLaunch, ...], scripts: dict[str, str]) -> Launcher | None:
    """The console script of the project that starts the worker, where it is not the host's own."""
    for start in starts:
        if start.program is not None:
            path, module, entry, argv, command = start.program
            package = module.rpartition(".")[0]
            return Launcher(argv, entry, command, "" if entry or command else path, package)
        program = os.path.basename(start.argv[0]) if start.argv else ""
        if program in scripts and program not in host_programs():
            argv = (f"{SCRIPTS}{program}", *start.argv[1:])
            command = next((word for word in start.argv[1:] if not word.startswith("-")), "")
            return Launcher(argv, scripts[program], command)
    return None


def included(starts: tuple[WorkerLaunch, ...], project: str) -> Iterator[tuple[str, bool, str]]:
    """The modules that launches name with ``--include``, whether all of them do, and where it is written first."""
    places: dict[str, Place] = {}
    for start in starts:
        for module in start.include:
            places.setdefault(module, start.include_place)
    for module, place in places.items():
        shown = f"{os.path.relpath(place.path, project)}:{place.line}" if place.path else ""
        yield module, all(module in start.include for start in starts), shown


def with_arguments(start: WorkerLaunch, arguments: tuple[str, ...]) -> WorkerLaunch:
    """A launch by a Python program, with the options that the program gives to Celery."""
    if start.program is None or not arguments:
        return start
    from flake8_forksafe.deployment.celery_command import worker_commands

    commands = worker_commands([Word(text, Place(start.program.path, 1)) for text in arguments])
    options = {name: word.text for name, word in commands[0].options.items()} if commands else {}
    return start._replace(
        pool=options.get("pool", options.get("pool_cls")),
        start_method=options.get("pool_start_method"),
        concurrency=options.get("concurrency"),
        autoscale=options.get("autoscale"),
        concurrency_path=start.program.path if "concurrency" in options else "",
        concurrency_line=1 if "concurrency" in options else 0,
    )


def process_environ(around: Surroundings, layout: Layout, starts: tuple[WorkerLaunch, ...]) -> dict[str, str]:
    """The environment variables that are known: what all launches agree on, and the options."""
    environments = [dict(start.environ) for start in starts]
    first = environments[0] if environments else {}
    known = {name: value for name, value in first.items() if all(e.get(name) == value for e in environments)}
    chosen = around.settings.django_settings
    if chosen is not None:
        known["DJANGO_SETTINGS_MODULE"] = chosen
        if layout.find(chosen) is None:
            around.problems.append(Problem("django-settings", chosen))
    return known


def add_environment(around: Surroundings, layout: Layout, requirements: Requirements) -> Environment:
    """Find the target environment, and let the walk read what can lead to a hazard in it."""
    chosen = around.settings.environment
    environment = find_environment(around.disk, around.settings.project, chosen, requirements.required)
    if chosen is not None and not environment.directories:
        around.problems.append(Problem("environment", chosen))
    hazards = frozenset(normalise(h.distribution) for h in around.catalogue.hazards.values() if h.reported)
    modelled = {name.partition(".")[0] for name in (*LIBRARY.functions, *around.catalogue.hazards)}
    layout.environment = environment.directories
    layout.walked = walked_modules(around.disk, environment, hazards, modelled)
    return environment


def third_parties_of(
    around: Surroundings,
    layout: Layout,
    versions: Versions,
    presence: Presence,
    is_locked: Callable[[str], bool],
) -> Callable[[str], Effects]:
    """What imports of packages are known to do that are not walked.

    An environment tells what the packages load that it holds, and which version they have: those of them that can load
    a hazard are walked.
    """
    required, extras = presence.requirements.required, presence.requirements.extras
    own_packages = {one.module: one.entry() for one in around.settings.third_parties}

    @cache
    def brought_along() -> frozenset[str]:
        """Catalogued packages that are installed with what the project requires."""
        from flake8_forksafe.hazards.third_parties import load_third_parties

        table, hazards = load_third_parties()._replace(admits=admits), around.catalogue.hazards
        found = {name for name, hazard in hazards.items() if normalise(hazard.distribution) in required}
        for name in required:
            found |= table.installs(name, versions.meant, extras.get(name, ()))
        return frozenset(found.union(*(hazards[name].pulls for name in found if name in hazards)))

    def beside(module: str) -> bool | str | None:
        installed = presence.beside(module)
        if installed is None and module in brought_along():
            return True
        return LIKELY if installed is None and is_locked(module) else installed

    @cache
    def effects(module: str) -> Effects:
        top = module.partition(":")[0]
        own = around.catalogue.find(top)
        if own is not None and own.reported:
            return NO_EFFECTS
        from flake8_forksafe.hazards.third_parties import load_third_parties

        is_installed = bool(layout.environment) and presence(top.partition(".")[0])
        table = load_third_parties()._replace(own=own_packages, required=required, admits=admits)
        found = table.effects(module, versions.meant, beside)
        walked = layout.find(top) if is_installed else None
        if not is_installed or found.source == OWN or (walked is not None and walked.is_compiled):
            return found
        # Not walked, so nothing that it requires leads to a hazard; it may find one that something else brought.
        return found._replace(brought=tuple(brought for brought in found.brought if brought.optional))

    return effects


def warm_up_of(
    entries: Callable[[str], tuple[WarmUp, ...]],
    is_at_least: Callable[[str, str], bool | None],
    call: str,
    arguments: Arguments,
) -> WarmUp | None:
    """The warm-up that a call is, if it is one.

    :param entries: what the catalogue has for the name of a call.
    :param is_at_least: whether a distribution is of a version or newer, if that is known.
    """
    known = entries(call)
    if not known:
        return None
    named = (*((str(index), value) for index, value in enumerate(arguments.positional)), *arguments.keywords.items())
    given = {name: value.value if isinstance(value, Literal) else ... for name, value in named}
    if not arguments.complete:
        given["*"] = ...
    entry = next((entry for entry in known if entry.is_meant(given)), None)
    if entry is None or not entry.rule or entry.is_harmless(given):
        return None
    newer = is_at_least(entry.distribution, entry.before) if entry.before else False
    if newer:
        return None
    if newer is None:
        return entry._replace(why=f"{entry.why} in releases before {entry.before}, and no version is declared")
    return entry
