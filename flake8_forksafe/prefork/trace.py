"""The trace: what one launch executes before its first fork, in order, with reasons."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.finding import Hop
from flake8_forksafe.prefork.boot import ROOT, Booted
from flake8_forksafe.prefork.walk import Edge, Note, Use, Walk
from flake8_forksafe.project.environment import NO_ENVIRONMENT, Environment
from flake8_forksafe.project.launches.model import WorkerLaunch

if TYPE_CHECKING:
    from flake8_forksafe.prefork.graph import ExecutionGraph


class Launch(NamedTuple):
    """One way a worker is started.

    :ivar app: as given to ``celery -A``.
    :ivar source: where this is known from: ``option``, or ``file:line``.
    """

    app: str
    pool: str = "prefork"
    start_method: str = "fork"
    source: str = ""


class TracedModule(NamedTuple):
    """A module loaded before the fork."""

    name: str
    path: str | None
    origin: str
    certain: bool
    step: str
    importer: str | None
    line: int


class Trace:
    """What one launch executes before its first fork."""

    def __init__(self, launch: Launch, walk: Walk, booted: Booted, environment: Environment = NO_ENVIRONMENT) -> None:
        self.launch = launch
        self.environment = environment.source
        """How the environment was found whose source the walk read as well."""
        self.presence = walk.presence
        edges = tuple(walk.edges.values())
        self.edges = edges[: booted.edges_at_fork]
        self.late_edges = edges[booted.edges_at_fork :]
        self.settings_made = tuple(walk.settings_made)
        self.uses: tuple[Use, ...] = tuple(walk.uses.values())
        self.gated = dict(walk.gated)
        self.gates = dict(walk.gates)
        self.starts: tuple[WorkerLaunch, ...] = ()
        """How the repository's deployment files start this worker."""
        self.forks = True
        """Whether a pool of this worker forks."""
        self.variants: dict[str, Trace] = {}
        """Traces of the same boot as other processes: :data:`~flake8_forksafe.prefork.process.OTHERS`, and forms."""
        self.notes: tuple[Note, ...] = tuple(walk.notes)
        self.unresolved = walk.unresolved
        self.app_place: tuple[str, int] | None = None
        if booted.app is not None:
            self.app_place = (booted.app.frame.module.name, booted.app.line)
        self.paths = {name: module.found.path for name, module in walk.modules.items()}
        self._order = [name for name in walk.order if name not in walk.modules or walk.modules[name].state != "failed"]
        self._positions = {name: index for index, name in enumerate(walk.order)}
        self._after = frozenset(walk.order[booted.forked_at :])
        self._origins = {name: module.found.origin for name, module in walk.modules.items()} | walk.externals
        self._steps = walk.steps_of
        self.conf = booted.conf
        self.unread_settings = booted.unread_settings
        self.variables_read = frozenset(walk.variables_read)

    @property
    def app_location(self) -> tuple[str, int] | None:
        """File and line of the Celery app, or of the module that was to hold it."""
        module, line = self.app_place or (self.launch.app.partition(":")[0], 1)
        path = self.paths.get(module)
        return (path, line) if path is not None else None

    @cached_property
    def graph(self) -> ExecutionGraph:
        """The execution graph (networkx is imported when it is first asked for)."""
        from flake8_forksafe.prefork.graph import ExecutionGraph

        return ExecutionGraph(self.edges, ROOT)

    @cached_property
    def modules(self) -> tuple[TracedModule, ...]:
        """Every module loaded before the fork, in order."""
        first: dict[str, Edge] = {}
        for edge in (*self.edges, *self.late_edges):
            first.setdefault(edge.target, edge)
        traced = []
        for name in self._order:
            if name in self._after or name not in first:
                continue
            edge = first[name]
            importer = None if edge.source == ROOT else module_of(edge.source)
            traced.append(
                TracedModule(
                    name, self.paths.get(name), self._origins[name], self.graph.is_certain(name), self._steps[name],
                    importer, edge.line if importer else 0,
                )
            )  # fmt: skip
        return tuple(traced)

    @property
    def loaded(self) -> list[str]:
        """Every module that is loaded, before the fork or after it, in order."""
        return self._order

    def origin(self, module: str) -> str:
        """``first-party``, ``third-party`` or ``stdlib``."""
        return self._origins.get(module, "")

    def position(self, module: str) -> int | None:
        """How many modules were loaded before a module, if it is loaded."""
        return self._positions.get(module)

    def after_fork(self, name: str) -> bool:
        """Whether a module is first loaded after the first fork."""
        return name in self._after

    def step(self, name: str) -> str:
        """The boot step in which a module is loaded, ``""`` if it is not."""
        return self._steps.get(name, "")

    def chain(self, node: str) -> tuple[Hop, ...]:
        """The shortest chain from the worker to a node."""
        return tuple(self.hop(edge) for edge in self.graph.chain(node))

    def hop(self, edge: Edge) -> Hop:
        """An edge with the file it stands in."""
        return Hop(edge.target, self.paths.get(module_of(edge.source)), edge.line, edge.kind, edge.step)


def module_of(node: str) -> str:
    """The module of a node."""
    return node.partition(":")[0]
