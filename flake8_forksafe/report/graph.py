"""``forksafe trace --format dot`` and ``--format mermaid``: the ways from the worker to the hazards it loads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.interpreter.records import Edge, Node
from flake8_forksafe.printable import printable
from flake8_forksafe.project.layout import FIRST_PARTY
from flake8_forksafe.report.json import relative
from flake8_forksafe.rules.rule import is_accepted
from flake8_forksafe.trace.trace import Trace

if TYPE_CHECKING:
    from flake8_forksafe.report.result import Report


class Arrow(NamedTuple):
    """One edge as it is drawn.

    :ivar label: the place that executes the target, or the step of the boot that does.
    :ivar sure: whether it happens whenever its source executes.
    """

    source: Node
    target: Node
    label: str
    sure: bool


class HazardGraph(NamedTuple):
    """Everything on a shortest chain to a hazard, in the order of the boot.

    :ivar roots: the nodes that stand for the hosts.
    :ivar hazards: nodes that are hazards, each with why.
    """

    roots: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    hazards: dict[Node, str]

    @property
    def nodes(self) -> dict[Node, int]:
        """The nodes, numbered in order of appearance."""
        names = dict.fromkeys([*self.roots, *(name for arrow in self.arrows for name in (arrow.source, arrow.target))])
        return {name: number for number, name in enumerate(names)}


def hazard_graph(report: Report, base: str) -> HazardGraph:
    """The graph of all launches; hazards that are accepted are left out."""
    accepted = {name for name, _ in report.context.settings.accept}
    arrows: dict[tuple[Node, Node], Arrow] = {}
    hazards: dict[Node, str] = {}
    for trace in report.traces:
        for edge, why in _first_edges(report, trace, accepted):
            hazards[edge.target] = why
            for step in (*trace.graph.chain(edge.source), edge):
                arrow = Arrow(step.source, step.target, _label(trace, step, base), step.sure)
                arrows.setdefault((step.source, step.target), arrow)
    roots = tuple(dict.fromkeys(trace.host.root for trace in report.traces))
    return HazardGraph(roots, tuple(arrows.values()), hazards)


def _first_edges(report: Report, trace: Trace, accepted: set[str]) -> Iterator[tuple[Edge, str]]:
    """For each hazard the edge by which it is loaded first."""
    seen = set()
    for edge in trace.edges:
        hazard = report.catalogue.find(edge.loads) if trace.origin(edge.loads) != FIRST_PARTY else None
        if hazard is None or not hazard.reported or hazard.name in seen or is_accepted(hazard.name, accepted):
            continue
        if trace.position(edge.loads) is not None and trace.graph.is_reached(edge.source):
            seen.add(hazard.name)
            yield edge, hazard.why


def _label(trace: Trace, edge: Edge, base: str) -> str:
    path = relative(trace.paths.get(edge.source.module), base)
    return f"{path}:{edge.line}" if path is not None else edge.step


def dot(graph: HazardGraph) -> Iterator[str]:
    """The lines of a graph for Graphviz (https://graphviz.org/doc/info/lang.html)."""
    yield "digraph forksafe {"
    yield "  rankdir=LR;"
    yield '  node [shape=box, style=rounded, fontname="monospace", fontsize=11];'
    yield '  edge [fontname="monospace", fontsize=9, color="#666666"];'
    for name in graph.nodes:
        red = 'color="#bf2a25", fontcolor="#bf2a25", penwidth=2'
        look = f" [tooltip={_quoted(graph.hazards[name])}, {red}]" if name in graph.hazards else ""
        yield f"  {_quoted(str(name))}{look};"
    for arrow in graph.arrows:
        dashed = "" if arrow.sure else ", style=dashed"
        yield f"  {_quoted(str(arrow.source))} -> {_quoted(str(arrow.target))} [label={_quoted(arrow.label)}{dashed}];"
    yield "}"


def _quoted(text: str) -> str:
    """A string of Graphviz, in which only quotes and backslashes mean something."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def mermaid(graph: HazardGraph) -> Iterator[str]:
    """The lines of a flow chart for Mermaid (https://mermaid.js.org/syntax/flowchart.html)."""
    yield "flowchart LR"
    nodes = graph.nodes
    for name, number in nodes.items():
        yield f"  n{number}[{_entities(str(name))}]"
    for arrow in graph.arrows:
        line = "-->" if arrow.sure else "-.->"
        yield f"  n{nodes[arrow.source]} {line}|{_entities(arrow.label)}| n{nodes[arrow.target]}"
    yield "  classDef hazard stroke:#bf2a25,color:#bf2a25,stroke-width:2px"
    for name in graph.hazards:
        yield f"  class n{nodes[name]} hazard"


def _entities(text: str) -> str:
    """A string of Mermaid, in which everything but plain characters is written as an entity."""
    plain = "_.:/-, ()→"
    return '"' + "".join(c if c.isalnum() or c in plain else f"#{ord(c)};" for c in printable(text)) + '"'
