"""The trace: everything that one launch executes before its first fork, in order, with chains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.deployment.model import WorkerLaunch
from flake8_forksafe.finding import WORKER, Hop
from flake8_forksafe.interpreter.records import Dropped, Edge, Node, Note, Use
from flake8_forksafe.project.deferred_imports import DeferredImport
from flake8_forksafe.project.environment import NO_ENVIRONMENT, Environment
from flake8_forksafe.project.layout import COMPILED, FIRST_PARTY, THIRD_PARTY
from flake8_forksafe.project.search_result import split_spec
from flake8_forksafe.project.settings_modules import SettingsChoice
from flake8_forksafe.trace.graph import ExecutionGraph

if TYPE_CHECKING:
    from flake8_forksafe.hosts.facts import Omission
    from flake8_forksafe.hosts.host import Booted
    from flake8_forksafe.interpreter.walk import Walk


class Launch(NamedTuple):
    """One way a worker is started.

    :ivar app: as given to ``celery -A``.
    :ivar source: where this is known from: ``option``, or ``file:line``.
    :ivar root: absolute path of the directory that its module is imported from.
    """

    app: str
    pool: str = "prefork"
    start_method: str = "fork"
    source: str = ""
    root: str = ""


class TracedModule(NamedTuple):
    """A module loaded before the fork.

    :ivar lines: how long its source is; 0 where that was not read.
    """

    name: str
    path: str | None
    origin: str
    certain: bool
    step: str
    importer: str | None
    line: int
    lines: int


class Trace:
    """What one launch executes before its first fork."""

    def __init__(self, launch: Launch, walk: Walk, booted: Booted, environment: Environment = NO_ENVIRONMENT) -> None:
        self.launch = launch
        self.host = booted.host
        self.environment = environment.source
        """How the environment was found whose source the walk read as well."""
        self.has_environment = bool(environment.directories)
        self.presence = walk.imports.presence
        self.effects = walk.imports.effects
        """What imports of packages are known to do that are not walked, and how large they are."""
        recorder, modules = walk.recorder, walk.imports.modules
        edges = tuple(recorder.executed(walk.memory.executions))
        self.edges = edges[: booted.edges_at_fork]
        self.late_edges = edges[booted.edges_at_fork :]
        self.settings_made = tuple(recorder.settings)
        self.uses: tuple[Use, ...] = tuple(recorder.uses.values())
        self.gated = dict(recorder.gated)
        self.gates = dict(recorder.gates)
        self.starts: tuple[WorkerLaunch, ...] = ()
        """How the repository's deployment files start this worker."""
        self.program = ""
        """The command line of the program that starts the worker, where that is not the host's own."""
        self.arguments = booted.project.arguments
        """Arguments of the host's command that the program gives itself; None if it gives none."""
        self.forks = True
        """Whether a pool of this worker forks."""
        self.deferred: tuple[DeferredImport, ...] = ()
        """What the children may load later that needs a prelude, each package once."""
        self.requires_python: tuple[int, int] | None = None
        """The lowest Python version that the project declares to run on."""
        self.variants: dict[str, Trace] = {}
        """Traces of the same boot as other processes (:attr:`~flake8_forksafe.hosts.host.Host.other_processes`)."""
        self.notes: tuple[Note, ...] = tuple(recorder.notes)
        self.dropped: tuple[Dropped, ...] = tuple(recorder.dropped)
        self.unresolved = recorder.unresolved
        self.app_place = booted.app_place
        self.does_other = booted.does_other
        """Whether the program that was followed surely does something else than start a host."""
        self.paths = {name: module.found.path for name, module in modules.items()}
        self._lines = {name: module.lines for name, module in modules.items()}
        self._order = [name for name in recorder.order if name not in modules or modules[name].state != "failed"]
        self._positions = {name: index for index, name in enumerate(recorder.order)}
        self._after = frozenset(recorder.order[booted.forked_at :])
        self._origins = {name: module.found.origin for name, module in modules.items()} | recorder.externals
        self.measured = dict(recorder.measured)
        """Modules of which it is only known by measurement what they load, with what was measured."""
        self._steps = recorder.steps_of
        self.conf = booted.project.conf
        self.unread_settings = booted.project.unread
        self.task_modules = booted.project.task_modules
        """Modules that define tasks."""
        self.settings = booted.project.settings
        """The settings modules of Django that the worker loads."""
        self.settings_choice: SettingsChoice | None = None
        """The settings module that is taken where nothing that the worker has names one."""
        self.app_names = booted.project.app_names
        """Where the app is bound: files and names."""
        self.clean = booted.project.clean
        """Why the parent does not execute the app; empty if it does."""
        self.variables_read = frozenset(recorder.variables_read)

    @property
    def app_location(self) -> tuple[str, int] | None:
        """File and line of the Celery app, or of the module that was to hold it."""
        module, line = self.app_place or (split_spec(self.launch.app)[0], 1)
        path = self.paths.get(module)
        return (path, line) if path is not None else None

    def has_name(self, path: str) -> bool:
        """Whether the app is made in a file, or has a name there."""
        made = self.app_location
        return (made is not None and made[0] == path) or any(known == path for known, _ in self.app_names)

    @property
    def reaches_tasks(self) -> bool:
        """Whether anything that defines tasks is loaded, or may: more than the app's own module and the settings."""
        steps = {module.step for module in self.modules if module.origin == FIRST_PARTY}
        return bool(self.task_modules) or bool(steps - {"find_app", "load_config", "settings"})

    @property
    def has_gated_uses(self) -> bool:
        """Whether a warm-up, or a call on a way to one, stands behind a condition that reads ``sys.argv``."""
        callers: dict[Node, list[Edge]] = {}
        for edge in (*self.edges, *self.late_edges):
            if edge.kind in ("call", "thread", "boot"):
                callers.setdefault(edge.target, []).append(edge)
        pending = [use.node for use in self.uses]
        seen = set(pending)
        while pending:
            for edge in callers.get(pending.pop(), ()):
                if (edge.source, edge.target, edge.line, edge.kind) in self.gated:
                    return True
                if edge.source not in seen:
                    seen.add(edge.source)
                    pending.append(edge.source)
        return any(use.gates for use in self.uses)

    @cached_property
    def graph(self) -> ExecutionGraph:
        """The execution graph (networkx is imported when it is first asked for)."""
        return ExecutionGraph(self.edges, self.host.root)

    @cached_property
    def unswitched(self) -> ExecutionGraph:
        """The same graph without what happens only if a switch of the project's own is set."""
        edges = [edge for edge in self.edges if not edge.switched]
        return self.graph if len(edges) == len(self.edges) else ExecutionGraph(edges, self.host.root)

    def is_switched(self, node: Node) -> bool:
        """Whether a node is executed only if a switch of the project's own is set."""
        return self.graph.is_reached(node) and not self.unswitched.is_reached(node)

    def way(self, node: Node) -> list[Edge]:
        """The shortest chain to a node, past switches if there is one."""
        graph = self.unswitched if self.unswitched.is_reached(node) else self.graph
        return graph.chain(node)

    @cached_property
    def modules(self) -> tuple[TracedModule, ...]:
        """Every module loaded before the fork, in order."""
        first: dict[str, Edge] = {}
        for edge in (*self.edges, *self.late_edges):
            first.setdefault(edge.loads, edge)
        traced = []
        for name in self._order:
            if name in self._after or name not in first:
                continue
            edge = first[name]
            importer = edge.source.module or None
            traced.append(
                TracedModule(
                    name, self.paths.get(name), self._origins[name], self.graph.is_certain(Node(name)),
                    self._steps[name], importer, edge.line if importer else 0, self._lines.get(name, 0),
                )
            )  # fmt: skip
        return tuple(traced)

    def load(self, name: str, position: int, origin: str, importer: str) -> None:
        """Have a module that is not walked loaded at a position, earlier than it was if it was."""
        every = [known for known in self._positions if known != name]
        every.insert(position, name)
        failed = self._positions.keys() - set(self._order)
        self._positions = {known: index for index, known in enumerate(every)}
        self._order = [known for known in every if known not in failed]
        self._after -= {name}
        self._origins = {**self._origins, name: origin}
        self._steps = {**self._steps, name: self._steps[importer]}

    @cached_property
    def outward(self) -> tuple[Edge, ...]:
        """Edges before the fork, but for calls, from first-party code to anything else."""
        return tuple(edge for edge in self._between(FIRST_PARTY) if edge.kind != "call")

    @cached_property
    def outside(self) -> tuple[Edge, ...]:
        """Edges before the fork from third-party code that is walked."""
        return tuple(self._between(THIRD_PARTY))

    def _between(self, origin: str) -> Iterator[Edge]:
        """Edges from modules of an origin, except those of the project's own code to itself."""
        sources = {source: self.origin(source.module) == origin for source in {edge.source for edge in self.edges}}
        for edge in self.edges:
            if sources[edge.source] and (origin != FIRST_PARTY or self._origins.get(edge.loads) != FIRST_PARTY):
                yield edge

    @cached_property
    def optional(self) -> frozenset[str]:
        """Modules that are loaded only where the code of a third party finds something that it can do without."""
        sure = [edge for edge in self.edges if edge.sure or self.origin(edge.source.module) != THIRD_PARTY]
        if len(sure) == len(self.edges):
            return frozenset()
        graph = ExecutionGraph(sure, self.host.root)
        targets = {edge.target for edge in self.edges if edge.loads}
        return frozenset(target.module for target in targets if not graph.is_reached(target))

    @cached_property
    def omissible(self) -> Mapping[Node, Omission]:
        """What the parent executes only in a step that a launch can leave out, with that step."""
        return {node: omission for omission in self.host.omissions for node in self._only_in(omission.step)}

    def _only_in(self, step: str) -> set[Node]:
        """The nodes that are reached in one step of the boot and in no other way."""
        if all(edge.step != step for edge in self.edges):
            return set()
        other = ExecutionGraph([edge for edge in self.edges if edge.step != step], self.host.root)
        return {edge.target for edge in self.edges if self.graph.is_reached(edge.target)} - {*other.before, other.root}

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

    def chain(self, node: Node) -> tuple[Hop, ...]:
        """The shortest chain from the worker to a node."""
        return tuple(self.hop(edge) for edge in self.way(node))

    def hop(self, edge: Edge) -> Hop:
        """An edge with the file it stands in."""
        path = self.paths.get(edge.source.module)
        path = None if path is not None and path.endswith(COMPILED) else path
        source = (edge.source.module or str(edge.source).replace(WORKER, "")) if path is None else ""
        return Hop(str(edge.target), path, edge.line, edge.kind, edge.step, source)
