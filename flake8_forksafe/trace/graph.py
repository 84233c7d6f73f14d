"""The execution graph: what executes what, and the questions asked of it.

networkx is imported when a graph is explored; a graph that is kept answers without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from flake8_forksafe.interpreter.records import Edge, Node


class Statement(NamedTuple):
    """Everything that one node executes in one line, by one kind of edge."""

    node: Node
    line: int
    kind: str


class ExecutionGraph:
    """Modules and functions; an edge means that the source executes the target.

    :param edges: in the order of first execution, which decides between chains of the same length.
    :param root: the node that everything is reached from.
    """

    def __init__(self, edges: Iterable[Edge], root: Node) -> None:
        self.root = root
        self.edges: dict[tuple[Node, Node], Edge] = {}
        for edge in edges:
            known = self.edges.get((edge.source, edge.target))
            if known is None or (edge.sure and not known.sure):
                self.edges[edge.source, edge.target] = edge
        self.before_sure = self._predecessors([pair for pair, edge in self.edges.items() if edge.sure])
        self.before = self._predecessors(self.edges)

    def _predecessors(self, pairs: Iterable[tuple[Node, Node]]) -> dict[Node, Node]:
        """For each node that the root reaches, the node before it on a shortest chain; the nearest first."""
        import networkx as nx

        graph: Any = nx.DiGraph()
        graph.add_node(self.root)
        graph.add_edges_from(pairs)
        return {target: source for source, target in nx.bfs_edges(graph, self.root)}

    def statements_before(self, targets: Iterable[Node]) -> dict[Node, list[tuple[Node, int]]]:
        """For each target, the statements that every way from the root to it passes, outermost first.

        A statement is given as the node that executes it and its line.  These are dominators in the graph whose edges
        are split by statement, so that two ways through one import count as one.
        """
        import networkx as nx

        targets = tuple(targets)
        split: Any = nx.DiGraph()
        split.add_node(self.root)
        for edge in self._leading_to(targets):
            statement = Statement(edge.source, edge.line, edge.kind)
            split.add_edge(edge.source, statement)
            split.add_edge(statement, edge.target)
        before = nx.immediate_dominators(split, self.root)
        found: dict[Node, list[tuple[Node, int]]] = {}
        for target in targets:
            node: Node | Statement = target
            passed = []
            while node in before and before[node] not in (node, None):
                node = before[node]
                if isinstance(node, Statement) and node.kind in ("import", "lazy", "dynamic", "call"):
                    passed.append((node.node, node.line))
            found[target] = passed[::-1]
        return found

    def _leading_to(self, targets: tuple[Node, ...]) -> list[Edge]:
        """The edges that lie on some way to a target."""
        sources: dict[Node, list[Edge]] = {}
        for edge in self.edges.values():
            sources.setdefault(edge.target, []).append(edge)
        found: list[Edge] = []
        pending, seen = list(targets), set(targets)
        while pending:
            edges = sources.get(pending.pop(), [])
            found += edges
            new = {edge.source for edge in edges} - seen
            seen |= new
            pending += new
        return found

    def is_certain(self, node: Node) -> bool:
        """Whether a node executes in every boot: the root reaches it through sure edges."""
        return node == self.root or node in self.before_sure

    def is_reached(self, node: Node) -> bool:
        """Whether a node may execute."""
        return node == self.root or node in self.before

    def chain(self, node: Node) -> list[Edge]:
        """A shortest chain of edges from the root to a node, through sure edges if there is one."""
        before = self.before_sure if node in self.before_sure else self.before
        chain: list[Edge] = []
        while node != self.root and node in before:
            source = before[node]
            chain.append(self.edges[source, node])
            node = source
        chain.reverse()
        return chain


def import_networkx() -> None:
    """Import it now, while another process parses ahead: it takes as long as some fifty files."""
    import networkx  # noqa: F401
