"""Warm-ups: which calls happen before the fork, from where, and behind which gates.

A warm-up is found by walking back from the call (:class:`~flake8_forksafe.interpreter.walk.Use`) through the calls that
lead to it, up to what Celery or CPython itself executes: a module that is imported, ``AppConfig.ready()``, or a
signal handler.  The finding is anchored there, at the statement that sets it off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flake8_forksafe.finding import Hop
from flake8_forksafe.interpreter.records import Edge, Gate, Node, Use
from flake8_forksafe.project.layout import FIRST_PARTY
from flake8_forksafe.trace.trace import Trace

READY = "django.setup: ready()"


class WarmUpRun(NamedTuple):
    """One way in which a warm-up comes to be executed.

    :ivar entry: the node that the worker itself executes: a module, or a function.
    :ivar cause: the boot edge that executes a function, or None for a module.
    :ivar path: the calls from the entry to the one that holds the use.
    :ivar sure: whether it happens in every boot.
    :ivar switched: whether it happens only if a switch of the project's own is set.
    :ivar gates: the conditions on ``sys.argv`` that it stands behind.
    :ivar led: the project's own statement that leads to a package's code, if the warm-up happens there.
    """

    trace: Trace
    use: Use
    entry: Node
    cause: Edge | None
    path: tuple[Edge, ...]
    sure: bool
    gates: tuple[Gate, ...]
    led: Edge | None = None
    switched: bool = False

    @property
    def step(self) -> str:
        """The boot step whose function it is, or ``""`` for an import."""
        return self.cause.step if self.cause is not None else ""

    def anchor(self) -> tuple[Node, int, int, str]:
        """Node, line and column of the statement to report, and what it calls.

        A ``ready()`` that calls ``super().ready()`` leads on to that one.
        """
        if self.led is not None:
            return self.led.source, self.led.line, self.led.column, str(self.led.target)
        _, dot, name = self.entry.function.rpartition(".")
        index = 0
        while index + 1 < len(self.path) and dot and self.path[index].target.function.endswith(f".{name}"):
            index += 1
        if index < len(self.path):
            edge = self.path[index]
            return edge.source, edge.line, edge.column, edge.target.function
        return self.use.node, self.use.line, self.use.column, self.use.call

    def chain(self) -> tuple[Hop, ...]:
        """Every hop from the worker to the call."""
        trace = self.trace
        if self.cause is None:
            start = trace.chain(self.entry)
        else:
            start = (*trace.chain(self.cause.source), trace.hop(self.cause))
        path = trace.paths.get(self.use.node.module)
        kind = "import" if self.use.verb == "imported" else "call"
        return (*start, *map(trace.hop, self.path), Hop(self.use.shown, path, self.use.line, kind))


def warm_up_runs(trace: Trace) -> Iterator[WarmUpRun]:
    """Every way in which every warm-up comes to be executed, certain and unguarded ways first."""
    incoming: dict[Node, list[Edge]] = {}
    causes: dict[Node, list[Edge]] = {}
    for edge in (*trace.edges, *trace.late_edges):
        if edge.kind in ("call", "thread"):
            incoming.setdefault(edge.target, []).append(edge)
        elif edge.kind == "boot" and edge.target.function:
            causes.setdefault(edge.target, []).append(edge)
    for use in trace.uses:
        seen: set[tuple[Node, str]] = set()
        for certainty in ("open", "gated", "possible", "switched"):
            for entry, path in _entries(trace, use, incoming, certainty):
                for cause in causes.get(entry, ()) if entry.function else (None,):
                    key = (entry, cause.step if cause is not None else "")
                    if key not in seen:
                        seen.add(key)
                        yield _run(trace, use, entry, cause, path)


def _entries(
    trace: Trace, use: Use, incoming: dict[Node, list[Edge]], certainty: str
) -> Iterator[tuple[Node, tuple[Edge, ...]]]:
    """Nodes from which calls lead to a use, with the shortest path; modules end a path, functions need not."""
    if (certainty in ("open", "gated") and not use.sure) or (certainty == "open" and use.gates):
        return
    if certainty == "possible" and use.switched:
        return
    paths: dict[Node, tuple[Edge, ...]] = {use.node: ()}
    queue = deque([use.node])
    while queue:
        node = queue.popleft()
        yield node, paths[node]
        for edge in incoming.get(node, ()):
            if edge.source in paths or not _is_passable(trace, edge, certainty):
                continue
            paths[edge.source] = (edge, *paths[node])
            queue.append(edge.source)


def _is_passable(trace: Trace, edge: Edge, certainty: str) -> bool:
    if certainty in ("possible", "switched"):
        return certainty == "switched" or not edge.switched
    return (edge.sure or edge.kind == "thread") and (certainty == "gated" or not _gates(trace, edge))


def _gates(trace: Trace, edge: Edge) -> tuple[Gate, ...]:
    return trace.gated.get((edge.source, edge.target, edge.line, edge.kind), ())


def _run(trace: Trace, use: Use, entry: Node, cause: Edge | None, path: tuple[Edge, ...]) -> WarmUpRun:
    holder = cause.source if cause is not None else entry
    sure = use.sure and all(edge.sure or edge.kind == "thread" for edge in path)
    sure = sure and trace.graph.is_certain(holder) and (cause is None or cause.sure)
    gates = [gate for edge in path for gate in _gates(trace, edge)] + list(use.gates)
    if cause is not None:
        gates = [*_gates(trace, cause), *gates]
    switched = use.switched or any(edge.switched for edge in path) or trace.is_switched(holder)
    switched = switched or (cause is not None and cause.switched)
    return WarmUpRun(trace, use, entry, cause, path, sure, tuple(gates), switched=switched)


def is_first_party(trace: Trace, run: WarmUpRun) -> bool:
    """Whether the statement to report stands in the project's own source."""
    return trace.origin(run.anchor()[0].module) == FIRST_PARTY


def led_from(run: WarmUpRun) -> WarmUpRun | None:
    """A run in a package's code, as the project's own statement leads there; None if nothing of the project does."""
    trace = run.trace
    chain = trace.graph.chain(run.entry if run.cause is None else run.cause.source)
    edges = chain if run.cause is None else [*chain, run.cause]
    led = next((edge for edge in reversed(edges) if trace.origin(edge.source.module) == FIRST_PARTY), None)
    return run._replace(led=led) if led is not None else None


def is_reported(run: WarmUpRun) -> bool:
    """Whether a warm-up is a finding: it is certain, or nothing of the project's own decides that only may happen.

    Behind a condition on ``sys.argv`` it has to be certain in some form of launch, and so has what packages do in
    their own code, which knows better than a reader whether it is needed.
    """
    return run.sure or not (run.switched or run.gates or run.trace.origin(run.use.node.module) != FIRST_PARTY)


def possible_runs(traces: Iterable[Trace]) -> Iterator[WarmUpRun]:
    """Warm-ups that stand behind a condition which only running the project could tell, and nowhere are reported."""
    for trace in traces:
        runs = [run for run in warm_up_runs(trace) if run.step not in trace.host.in_children]
        certain = {(run.use.node, run.use.line) for run in runs if is_reported(run)}
        seen: set[tuple[Node, int]] = set()
        for run in runs:
            place = (run.use.node, run.use.line)
            if not is_reported(run) and place not in certain and place not in seen:
                seen.add(place)
                yield run
