"""What an analysis knew, after edits that moved lines and added imports: grafted on, not found out again.

An import that is added at the top level of a module does nothing but load what it names, as long as nobody looks at the
name that it binds.  Where what it names is loaded already, or is not walked anyway, the trace changes by an edge.  All
else is left to a new analysis.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from copy import copy
from typing import NamedTuple

from flake8_forksafe.interpreter.records import Edge, Gate, Node, Setting, Span
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.layout import STDLIB, Layout, absolute, outside_origin
from flake8_forksafe.rules.rule import Context
from flake8_forksafe.source.changes import Added, Edit
from flake8_forksafe.source.facts import Import
from flake8_forksafe.trace.graph import ExecutionGraph
from flake8_forksafe.trace.trace import Trace

APP_NAMES = frozenset({"app", "celery", "celery_app"})
"""Names that the search for apps looks at in any module."""


class Refused(Exception):
    """Only a new analysis can tell what the edits do."""


class Scion(NamedTuple):
    """What one added import does to a trace.

    :ivar at: how many edges were recorded before; ``loaded``: how many modules had been loaded.
    :ivar outside: modules that are loaded by it, or before it, and are not walked.
    """

    at: int
    loaded: int
    edges: tuple[Edge, ...]
    outside: tuple[str, ...]


def grafted(context: Context, edits: Mapping[str, Edit], disk: Disk) -> Context | None:
    """What would be known of the edited files; None if only a new analysis can tell."""
    try:
        traces = tuple(_regrown(trace, edits, disk, context) for trace in context.traces)
    except Refused:
        return None
    search = context.search
    if search is not None:
        mentions = tuple(m._replace(line=_moved(edits, m.path, m.line)) for m in search.mentions)
        apps = tuple(app._replace(line=_moved(edits, app.path, app.line)) for app in search.apps)
        search = search._replace(mentions=mentions, apps=apps)
    return context._replace(traces=traces, search=search)


def _moved(edits: Mapping[str, Edit], path: str, line: int) -> int:
    return edits[path].moved(line) if path in edits else line


def _regrown(trace: Trace, edits: Mapping[str, Edit], disk: Disk, context: Context) -> Trace:
    """A trace after the edits."""
    modules = {name: edits[path] for name, path in trace.paths.items() if path is not None and path in edits}
    growing = [path for path, edit in edits.items() if edit.added]
    owners = [name for path in growing for name in modules if trace.paths[name] == path]
    if len(owners) != len(growing) or trace.launch.source.rpartition(":")[0].endswith(tuple(map(_name, edits))):
        raise Refused
    new = _with_lines_moved(trace, modules)
    scions: list[Scion] = []
    for name in owners:
        grafter = _Grafter(new, name, modules[name], disk, frozenset(context.catalogue.hazards))
        scions += grafter.scions()
    _insert(new, sorted(scions, key=lambda scion: scion.at))
    new.variants = {name: _regrown(variant, edits, disk, context) for name, variant in trace.variants.items()}
    return new


def _name(path: str) -> str:
    return os.path.basename(path)


# --- lines ------------------------------------------------------------------------------------------------------


def _with_lines_moved(trace: Trace, edits: Mapping[str, Edit]) -> Trace:
    """A trace whose lines are those of the edited modules."""
    new = copy(trace)
    for computed in ("modules", "outward", "outside"):
        new.__dict__.pop(computed, None)

    def line_in(node: Node, line: int) -> int:
        edit = edits.get(node.module)
        return line if edit is None else edit.moved(line)

    def gates(known: tuple[Gate, ...]) -> tuple[Gate, ...]:
        return tuple(gate._replace(line=line_in(gate.node, gate.line)) for gate in known)

    def edge(known: Edge) -> Edge:
        return known._replace(line=line_in(known.source, known.line)) if known.source.module in edits else known

    new.edges = tuple(map(edge, trace.edges))
    new.late_edges = tuple(map(edge, trace.late_edges))
    new.uses = tuple(use._replace(line=line_in(use.node, use.line), gates=gates(use.gates)) for use in trace.uses)
    new.gated = {(source, target, line_in(source, line), kind): gates(known)
                 for (source, target, line, kind), known in trace.gated.items()}  # fmt: skip
    new.gates = {(node, line_in(node, line), column, kind): holds
                 for (node, line, column, kind), holds in trace.gates.items()}  # fmt: skip
    new.settings_made = tuple(made._replace(line=line_in(made.node, made.line)) for made in trace.settings_made)
    new.notes = tuple(note._replace(line=line_in(Node(note.module), note.line)) for note in trace.notes)
    new.unread_settings = tuple(
        made._replace(line=line_in(Node(made.module), made.line)) for made in trace.unread_settings
    )
    if trace.app_place is not None:
        new.app_place = (trace.app_place[0], line_in(Node(trace.app_place[0]), trace.app_place[1]))
    graph = copy(trace.graph)
    graph.edges = {pair: edge(known) for pair, known in trace.graph.edges.items()}
    graph.before, graph.before_sure = dict(graph.before), dict(graph.before_sure)
    new.__dict__["graph"] = graph
    return new


# --- imports ----------------------------------------------------------------------------------------------------


class _Grafter:
    """What the imports added to one module do."""

    def __init__(self, trace: Trace, module: str, edit: Edit, disk: Disk, hazards: frozenset[str]) -> None:
        self.trace = trace
        self.module = module
        self.edit = edit
        self.hazards = hazards
        growth = trace.growth
        self.layout = Layout(disk, growth.roots, growth.environment, growth.walked)
        span = growth.spans.get(module)
        if span is None or not span.sure or span.edges_after > len(trace.edges) or module in growth.inspected:
            raise Refused
        self.span: Span = span
        self.is_package = _name(trace.paths[module] or "") == "__init__.py"

    def scions(self) -> Iterator[Scion]:
        """One for each added statement."""
        for added in self.edit.added:
            for name, alias in added.names:
                self._require_unseen(alias or (name.partition(".")[0] if isinstance(added, Import) else name))
            at = self._place(added.line)
            loaded = self.trace.growth.loaded_at[at] if at < self.span.edges_after else self.span.order_after
            targets = list(dict.fromkeys(self._targets(added, at)))
            edges = tuple(Edge(Node(self.module), Node(target), added.line, added.column, "import", True)
                          for target in targets if target != self.module)  # fmt: skip
            yield Scion(at, loaded, edges, tuple(target for target in targets if target not in self.trace.paths))

    def _require_unseen(self, name: str) -> None:
        """Make sure that nothing looks at a name of the module."""
        hides = self.is_package and self.layout.find(f"{self.module}.{name}") is not None
        if (
            hides
            or name.startswith("__")
            or name in self.edit.words | APP_NAMES
            or "__lazy_modules__" in self.edit.words
        ):
            raise Refused

    def _place(self, line: int) -> int:
        """How many edges were recorded before a line of the module's top level was reached."""
        for index in range(self.span.edges, self.span.edges_after):
            edge = self.trace.edges[index]
            if edge.source == Node(self.module) and edge.line > line:
                return index
        return self.span.edges_after

    def _targets(self, added: Added, at: int) -> Iterator[str]:
        """The modules that a statement loads, as :func:`flake8_forksafe.interpreter.imports.run_import` has them."""
        if isinstance(added, Import):
            for name, _ in added.names:
                yield from self._module(name, at)
            return
        package = self.module if self.is_package else self.module.rpartition(".")[0]
        source = absolute(package, added.level, added.module)
        yield from self._module(source, at)
        for name, _ in added.names:
            yield from self._member(source, name, at)

    def _module(self, name: str, at: int) -> Iterator[str]:
        """A module with its parents, or one that is not walked."""
        top = name.partition(".")[0]
        if not top:
            raise Refused
        if self.layout.find(top) is None:
            installed = True if outside_origin(top) == STDLIB else self.trace.presence(top)
            caught = self.span.caught if installed is False else self.span.guarded and installed is None
            if name in self.trace.growth.hooked or caught:
                raise Refused
            yield name
            return
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            yield self._loaded(".".join(parts[:count]), at)

    def _loaded(self, name: str, at: int) -> str:
        """A walked module, which must have been executed to its end."""
        span = self.trace.growth.spans.get(name)
        if span is None or span.edges_after > at or self.layout.find(name) is None:
            raise Refused
        return name

    def _member(self, source: str, name: str, at: int) -> Iterator[str]:
        """What ``from source import name`` loads besides the source."""
        path = f"{source}.{name}"
        growth = self.trace.growth
        if source not in self.trace.paths:
            if path in growth.hooked:
                raise Refused
            if path in self.hazards:
                yield path
        elif source in growth.elusive or name.startswith("__"):
            raise Refused
        elif path in growth.submodules:
            yield self._loaded(growth.submodules[path], at)
        elif self.layout.find(path) is not None:
            raise Refused


# --- the trace --------------------------------------------------------------------------------------------------


def _insert(trace: Trace, scions: list[Scion]) -> None:
    """Put what was added where it belongs."""
    edges: list[Edge] = []
    taken = 0
    for scion in scions:
        edges += trace.edges[taken : scion.at]
        taken = scion.at
        for edge in scion.edges:
            _connect(trace.graph, edge, edge.loads in trace.paths)
            edges.append(edge)
    trace.edges = (*edges, *trace.edges[taken:])
    for scion in reversed(scions):
        for name in reversed(scion.outside):
            _load(trace, name, scion)


def _load(trace: Trace, name: str, scion: Scion) -> None:
    """Load a module that is not walked where an import was added, unless it was loaded before."""
    known = trace.position(name)
    if known is not None and known < scion.loaded:
        return
    (importer,) = {edge.source for edge in scion.edges}
    trace.load(name, scion.loaded, outside_origin(name), importer.module)
    trace.settings_made = tuple(
        made._replace(position=made.position + 1) if _is_later(made, importer, scion, known) else made
        for made in trace.settings_made
    )


def _is_later(made: Setting, importer: Node, scion: Scion, known: int | None) -> bool:
    """Whether a variable was set after an added import, and before what that imports was loaded until now."""
    if made.position == scion.loaded:
        if made.node != importer:
            raise Refused
        return made.line > min(edge.line for edge in scion.edges)
    return made.position > scion.loaded and (known is None or made.position <= known)


def _connect(graph: ExecutionGraph, edge: Edge, walked: bool) -> None:
    """Add an edge to a graph whose shortest chains are known."""
    source, target = edge.source, edge.target
    known = graph.edges.get((source, target))
    if known is not None and walked and (known.line > edge.line or not known.sure):
        raise Refused
    if known is None or not known.sure or known.line > edge.line:
        graph.edges[source, target] = edge
    maps = [graph.before, graph.before_sure] if graph.is_certain(source) else [graph.before]
    for before in maps:
        current = before.get(target)
        if current is None or current == source:
            if current is None and walked:
                raise Refused
            before[target] = source
        elif current != graph.root and _is_nearer(before, source, current):
            if walked:
                raise Refused
            before[target] = source


def _is_nearer(before: Mapping[Node, Node], one: Node, other: Node) -> bool:
    """Whether a node was met before another on the way from the root."""
    return next(node for node in before if node in (one, other)) == one
