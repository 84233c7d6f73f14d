"""Facts of a host as plain data.  A trace holds them, so rules do not need the host itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from flake8_forksafe.deployment.model import WorkerLaunch
from flake8_forksafe.deployment.pool import Pool
from flake8_forksafe.interpreter.records import Node

Argv = tuple[tuple[str, ...], ...]
"""Possible values of ``sys.argv``."""

ELSEWHERE = "elsewhere"
"""Other processes of the project, such as a web server."""
AS_TYPED = "as typed"
"""``sys.argv`` as it was typed, with the bare program name first.  Many gates expect this, but no worker has it."""
TASK_CLASSES = "task classes"
"""The step of a boot in which task classes are instantiated."""


class Words(NamedTuple):
    """How messages name a host, its processes, and what is done in them.

    :ivar forker: what forks, as in "before the worker forks".
    :ivar main: its process that forks, by the name that the host has for it.
    :ivar hook: the name of the hook that runs in each child, where warm-ups belong.
    :ivar work: what a child does, as in "inside the task".
    :ivar app: what it runs, as in "no findings; 1 Celery app".
    :ivar gate: a condition that holds in its processes only.
    :ivar concurrency: how the number of children is set.
    """

    forker: str
    main: str
    hook: str
    work: str
    app: str
    gate: str
    concurrency: str

    def fill(self, text: str) -> str:
        """A text of the catalogue with ``{hook}`` and ``{work}`` in this host's words."""
        return text.replace("{hook}", self.hook).replace("{work}", self.work)


class ChildTimeout(NamedTuple):
    """How long a child may take to start before the host kills it.

    :ivar setting: its name; ``seconds`` what it is if nobody sets it.
    """

    setting: str
    seconds: float


class Omission(NamedTuple):
    """A step of the boot that a launch can leave out.

    :ivar step: its name.
    :ivar what: what people call it; ``without``: how it is left out; ``instead``: what becomes of its use.
    """

    step: str
    what: str
    without: str
    instead: str


class HostFacts(NamedTuple):
    """What a trace knows of the host whose boot it is.

    :ivar name: what people call it.
    :ivar words: how messages name it and its processes.
    :ivar root: the node of the graph that stands for it, from which everything is reached.
    :ivar launch_forms: ``sys.argv`` of the parent by how it is launched.
    :ivar handlers: steps in which handlers of the project run in the parent.
    :ivar after_fork: steps of the parent after the first children exist, which their replacements inherit.
    :ivar in_children: steps of each child.
    :ivar has_tasks: whether it runs tasks, so that one without any is not understood.
    :ivar child_timeout: how long a child may take to start; None if nothing kills it.
    :ivar pool: the processes that a launch makes, by what the project sets.
    :ivar omissions: steps of the parent that a launch can leave out.
    :ivar services: steps behind the fork that are there to start threads and connections of the parent's own.
    """

    name: str
    words: Words
    root: Node
    launch_forms: dict[str, tuple[str, ...]]
    handlers: tuple[str, ...]
    after_fork: tuple[str, ...]
    in_children: tuple[str, ...]
    has_tasks: bool
    child_timeout: ChildTimeout | None
    pool: Callable[[WorkerLaunch | None, Mapping[str, object]], Pool]
    omissions: tuple[Omission, ...] = ()
    services: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """How its parent is started."""
        return next(iter(self.launch_forms))

    def shown(self, app: str) -> str:
        """An app as people name it: as the option ``app`` does."""
        return app if self.has_tasks else f"{self.name}:{app}" if app else self.name


class UnreadSetting(NamedTuple):
    """A setting that the host does not read: where it is made, and what it reads instead."""

    name: str
    instead: str
    module: str
    line: int
