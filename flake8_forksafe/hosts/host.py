"""Hosts: programs that fork processes, which inherit everything that the parent has loaded and started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from flake8_forksafe.deployment.model import WorkerLaunch
from flake8_forksafe.deployment.pool import Pool
from flake8_forksafe.hosts.facts import Argv, ChildTimeout, HostFacts, Omission, UnreadSetting, Words
from flake8_forksafe.interpreter.budget import BudgetExceeded
from flake8_forksafe.interpreter.frames import Frame, Raised
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.process import Process
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Module
from flake8_forksafe.library.host_programs import StartedHost
from flake8_forksafe.project.layout import FIRST_PARTY, FoundModule

Versions = tuple[tuple[int, int], ...]
"""The lowest and the highest Python version."""


class Launcher(NamedTuple):
    """A program of the project that starts the host: a console script, a file, a management command.

    :ivar argv: ``sys.argv`` of its process.
    :ivar entry: what it calls, as ``module:function``; empty if there is no such thing.
    :ivar command: its first argument, which may be the name of a Django management command.
    :ivar path: the file that is executed as ``__main__``, if one is.
    :ivar package: what the file belongs to, with ``python -m``.
    """

    argv: tuple[str, ...]
    entry: str
    command: str
    path: str = ""
    package: str = ""


class HostStart(NamedTuple):
    """How a process of a host is started.

    :ivar app: what it is told to run, as its command line names it.
    :ivar launcher: the project's own script that starts it, if there is one.
    :ivar by_option: whether the user named the app, and is to hear of it if there is none.
    :ivar django_settings: Django's settings module where the environment does not name it.
    :ivar options: what its command line says that only this host knows, by name; files are absolute paths.
    :ivar included: modules that its command line has imported, whether every launch does, and where that is written.
    """

    app: str
    launcher: Launcher | None = None
    django_settings: str | None = None
    by_option: bool = False
    options: tuple[tuple[str, str], ...] = ()
    included: tuple[tuple[str, bool, str], ...] = ()


class ProjectFacts(NamedTuple):
    """What the project has for a host besides what it executes.

    :ivar conf: settings of the pool with a literal value, by name.
    :ivar unread: settings that look like the host's but are not read.
    :ivar task_modules: modules that define tasks.
    :ivar settings: the settings modules of Django that were loaded.
    :ivar app_names: where the app is bound: files and names.
    :ivar clean: why the parent does not execute the app; empty if it does.
    :ivar arguments: of the host's command, where the program itself gives them; None if it gives none.
    """

    conf: dict[str, object] = {}
    unread: tuple[UnreadSetting, ...] = ()
    task_modules: frozenset[str] = frozenset()
    app_names: frozenset[tuple[str, str]] = frozenset()
    settings: tuple[str, ...] = ()
    clean: str = ""
    arguments: tuple[str, ...] | None = None


@dataclass
class HostBoot:
    """A boot that is being followed.

    :ivar frame: stands for the host itself, which executes whatever nothing in the project causes.
    :ivar app_place: module and line where the app is created, once it is found.
    """

    machine: Machine
    start: HostStart
    frame: Frame
    app_place: tuple[str, int] | None = None


class Step(NamedTuple):
    """One step of a boot.

    :ivar name: what it is called in traces and messages.
    :ivar run: executes it; does nothing where a boot has no such step.
    """

    name: str
    run: Callable[[HostBoot], None]


@dataclass(frozen=True, kw_only=True)
class Host:
    """A program that forks, as data and a plan.

    :ivar name: what people call it.
    :ivar words: how messages name it and its processes.
    :ivar root: the node of the graph that stands for it, from which everything is reached.
    :ivar programs: its own console scripts.
    :ivar launch_forms: ``sys.argv`` of the parent by how it is launched, given the app.
    :ivar other_processes: ``sys.argv`` of other processes of the project (:data:`.ELSEWHERE`
        and ``AS_TYPED``).
    :ivar before_fork: what the parent does until its first fork, in order.
    :ivar after_fork: what it does after the first children exist, and their replacements inherit.
    :ivar in_children: what each child does when it starts.
    :ivar project_facts: asked at the end of a boot.
    :ivar handlers: steps in which handlers of the project run in the parent.
    :ivar omissions: steps of the parent that a launch can leave out; ``services``: :class:`.facts.HostFacts`.
    :ivar unset: environment variables that its processes surely do not have.
    :ivar absent: top-level modules that it surely does not load.
    :ivar loaded: modules that it loads itself, each with the step in which it has not yet.
    :ivar provided: top-level modules that come with its processes, installed or not.
    :ivar argv_of: ``sys.argv`` of the parent by the words of its command; None if the launch forms say enough.
    :ivar assumed: what its command line is taken to say where the user names an app that no launch does, by the app and
        a search for files beside it; None if its command line names no app.
    :ivar forked_by: modules in whose calls its first fork happens; empty if Python does not see it.
    :ivar binds: whether it opens a port before it forks, which ``-b`` chooses.
    :ivar has_tasks: whether it runs tasks, so that one without any is not understood.
    :ivar child_timeout: how long a child may take to start; None if nothing kills it.
    :ivar pool: the processes that a launch makes, by what the project sets.
    """

    name: str
    words: Words
    root: Node
    programs: frozenset[str]
    launch_forms: Callable[[str], dict[str, tuple[str, ...]]]
    other_processes: Callable[[str], dict[str, Argv]]
    before_fork: tuple[Step, ...]
    after_fork: tuple[Step, ...]
    in_children: tuple[Step, ...]
    project_facts: Callable[[HostBoot], ProjectFacts]
    handlers: tuple[str, ...]
    pool: Callable[[WorkerLaunch | None, Mapping[str, object]], Pool]
    argv_of: Callable[[tuple[str, ...]], tuple[str, ...]] | None = None
    assumed: Callable[[str, Callable[[str], str | None]], tuple[tuple[str, str], ...]] | None = None
    forked_by: tuple[str, ...] = ()
    binds: bool = False
    has_tasks: bool = False
    child_timeout: ChildTimeout | None = None
    omissions: tuple[Omission, ...] = ()
    services: tuple[str, ...] = ()
    unset: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    loaded: tuple[tuple[str, str], ...] = ()
    provided: frozenset[str] = frozenset()

    def process(
        self, argv: Argv, environ: tuple[tuple[str, str], ...], platform: str | None, versions: Versions
    ) -> Process:
        """The model of its parent process."""
        in_children = frozenset(step.name for step in self.in_children)
        return Process(argv, environ, platform, versions, self.unset, self.absent, self.loaded, in_children)

    def launched_argv(self, starts: tuple[WorkerLaunch, ...]) -> Argv:
        """``sys.argv`` of the parent as launches have it, where that says more than the launch forms."""
        return tuple(dict.fromkeys(self.argv_of(start.argv) for start in starts)) if self.argv_of is not None else ()

    def default_argv(self, app: str) -> Argv:
        """``sys.argv`` of the parent in every launch form."""
        return tuple(self.launch_forms(app).values())

    def facts(self, app: str) -> HostFacts:
        """What a trace of the boot of an app keeps."""
        return HostFacts(
            self.name, self.words, self.root, self.launch_forms(app), self.handlers,
            tuple(step.name for step in self.after_fork), tuple(step.name for step in self.in_children),
            self.has_tasks, self.child_timeout, self.pool, self.omissions, self.services,
        )  # fmt: skip


class Booted(NamedTuple):
    """How far a boot was followed.

    :ivar forked_at: how many modules were loaded before the fork; ``edges_at_fork``: how many edges there were.
    :ivar does_other: whether the program that was followed surely does something else than start a host.
    """

    host: HostFacts
    app_place: tuple[str, int] | None
    forked_at: int
    edges_at_fork: int
    project: ProjectFacts
    does_other: bool = False


def boot(machine: Machine, host: Host, start: HostStart) -> Booted:
    """Follow the boot of a host until its first fork, and what runs behind it."""
    frame = Frame(Module(FoundModule("", None, False, (), FIRST_PARTY)), host.root, "function", machine.journal.certain)
    frame.boot = True
    booting, recorder = HostBoot(machine, start, frame), machine.recorder
    at_fork: tuple[int, int] | None = None
    try:
        _run(booting, host.before_fork)
        at_fork = (len(recorder.order), len(recorder.edges))
        _run(booting, (*host.after_fork, *host.in_children))
    except BudgetExceeded as exceeded:
        what = "the analysis was stopped here: the boot takes more steps than it is given; make what loops here simpler"
        machine.note("FS192", exceeded.frame or frame, f"{what}, or import it after the fork")
    at_fork = at_fork or (len(recorder.order), len(recorder.edges))
    does_other = machine.state(StartedHost).does_other
    return Booted(host.facts(start.app), booting.app_place, *at_fork, host.project_facts(booting), does_other)


def _run(booting: HostBoot, steps: tuple[Step, ...]) -> None:
    for step in steps:
        with booting.machine.recorder.boot_step(step.name), suppress(Raised):  # what is raised ends this step only
            step.run(booting)
