"""Finds the import whose deferral keeps the most hazards out of the parent."""

from __future__ import annotations

from typing import NamedTuple

from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.project.layout import FIRST_PARTY
from flake8_forksafe.rules.rule import Context, is_accepted
from flake8_forksafe.trace.trace import Trace


class BestCut(NamedTuple):
    """One first-party statement.

    :ivar hazards: what is loaded through it and in no other way.
    :ivar total: how many hazards the parent loads in all.
    :ivar megabytes: what importing those hazards was measured to add.
    """

    path: str
    line: int
    hazards: tuple[str, ...]
    total: int
    megabytes: int


def best_cut(context: Context, trace: Trace) -> BestCut | None:
    """The statement that all ways to the most hazards pass; of several, the one nearest to the hazards."""
    accepted = {name for name, _ in context.settings.accept}
    nodes: dict[Node, str] = {}
    for edge in trace.edges:
        hazard = context.catalogue.find(edge.loads) if edge.loads not in trace.paths else None
        if hazard is not None and hazard.reported and not is_accepted(hazard.name, accepted):
            nodes.setdefault(edge.target, hazard.name)
    if not nodes:
        return None
    ways: dict[tuple[Node, int], dict[str, None]] = {}
    depths: dict[tuple[Node, int], int] = {}
    for node, statements in trace.graph.statements_before(nodes).items():
        for depth, statement in enumerate(statements):
            if trace.origin(statement[0].module) == FIRST_PARTY:
                ways.setdefault(statement, {})[nodes[node]] = None
                depths[statement] = max(depth, depths.get(statement, 0))
    if not ways:
        return None
    sizes = {name: context.catalogue.hazards[name].rss_import_mb or 0 for name in nodes.values()}
    best = max(ways, key=lambda statement: (len(ways[statement]), depths[statement], statement))
    path = trace.paths[best[0].module]
    assert path is not None
    return BestCut(path, best[1], tuple(ways[best]), len(set(nodes.values())), sum(sizes[name] for name in ways[best]))
