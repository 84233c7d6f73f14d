"""The execution graph: what executes what, and the questions asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import networkx as nx

from flake8_forksafe.prefork.walk import Edge


class ExecutionGraph:
    """A ``DiGraph`` of modules and functions; an edge means that the source executes the target.

    :param edges: in the order of first execution, which decides between chains of the same length.
    :param root: the node that everything is reached from.
    """

    def __init__(self, edges: Iterable[Edge], root: str) -> None:
        self.root = root
        self.all: Any = nx.DiGraph()
        self.all.add_node(root)
        for edge in edges:
            known = self.all.get_edge_data(edge.source, edge.target)
            if known is None or (edge.sure and not known["edge"].sure):
                self.all.add_edge(edge.source, edge.target, edge=edge)
        sure = [(a, b) for a, b, data in self.all.edges(data=True) if data["edge"].sure]
        self.sure: Any = self.all.edge_subgraph(sure) if sure else nx.DiGraph()
        self._before_sure = self._predecessors(self.sure)
        self._before = self._predecessors(self.all)

    def statements_before(self, targets: Iterable[str]) -> dict[str, list[tuple[str, int]]]:
        """For each target, the statements that every way from the root to it passes, outermost first.

        A statement is given as the node that executes it and its line.  These are dominators in the graph whose edges
        are split by statement, so that two ways through one import count as one.
        """
        split: Any = nx.DiGraph()
        split.add_node(self.root)
        for source, target, data in self.all.edges(data=True):
            statement = (source, data["edge"].line, data["edge"].kind)
            split.add_edge(source, statement)
            split.add_edge(statement, target)
        before = nx.immediate_dominators(split, self.root)
        found: dict[str, list[tuple[str, int]]] = {}
        for target in targets:
            node, passed = target, []
            while node in before and before[node] not in (node, None):
                node = before[node]
                if isinstance(node, tuple) and node[2] in ("import", "lazy", "dynamic", "call"):
                    passed.append((node[0], node[1]))
            found[target] = passed[::-1]
        return found

    def _predecessors(self, graph: Any) -> dict[str, str]:
        """For each node that the root reaches, the node before it on a shortest chain."""
        if self.root not in graph:
            return {}
        return {target: source for source, target in nx.bfs_edges(graph, self.root)}

    def is_certain(self, node: str) -> bool:
        """Whether a node executes in every boot: the root reaches it through sure edges."""
        return node == self.root or node in self._before_sure

    def is_reached(self, node: str) -> bool:
        """Whether a node may execute."""
        return node == self.root or node in self._before

    def chain(self, node: str) -> list[Edge]:
        """A shortest chain of edges from the root to a node, through sure edges if there is one."""
        before = self._before_sure if node in self._before_sure else self._before
        chain: list[Edge] = []
        while node != self.root and node in before:
            source = before[node]
            chain.append(self.all.edges[source, node]["edge"])
            node = source
        chain.reverse()
        return chain
