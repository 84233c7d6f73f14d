"""The execution graph, with reachability, chains, dominators and cuts.

networkx is imported when a graph is explored; a graph that is kept answers without it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from flake8_forksafe.interpreter.records import Edge, Node


class Statement(NamedTuple):
    """Everything that one node executes in one line, by one kind of edge."""

    node: Node
    line: int
    kind: str


SINK = "every target"


class Cut(NamedTuple):
    """Statements to do without.

    :ivar kept: the targets that are reached whatever is cut.
    """

    statements: tuple[Statement, ...]
    kept: tuple[Node, ...]


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
        for edge in self.leading_to(targets):
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

    def leading_to(self, targets: tuple[Node, ...]) -> list[Edge]:
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

    def cheapest_cut(self, targets: Iterable[Node], cost: Callable[[Statement], int | None]) -> Cut:
        """The statements of the least total cost without which the root reaches none of the targets.

        :param cost: of doing without a statement; None if that is not possible.
        """
        import networkx as nx

        targets = tuple(targets)
        edges = self.leading_to(targets)
        statements = [Statement(edge.source, edge.line, edge.kind) for edge in edges]
        costs = {statement: cost(statement) for statement in dict.fromkeys(statements)}
        firm: Any = nx.DiGraph()
        firm.add_node(self.root)
        firm.add_edges_from(
            (edge.source, edge.target)
            for edge, statement in zip(edges, statements, strict=True) if costs[statement] is None
        )  # fmt: skip
        fixed = nx.descendants(firm, self.root)
        kept = tuple(target for target in targets if target in fixed)
        split: Any = nx.DiGraph()
        split.add_node(self.root)
        split.add_edges_from((target, SINK) for target in targets if target not in fixed)
        for edge, statement in zip(edges, statements, strict=True):
            known = costs[statement]
            split.add_edge(edge.source, (statement, "before"))
            capacity = {} if known is None else {"capacity": known}
            split.add_edge((statement, "before"), (statement, "after"), **capacity)
            split.add_edge((statement, "after"), edge.target)
        if SINK not in split:
            return Cut((), kept)
        _, (reached, _) = nx.minimum_cut(split, self.root, SINK)
        chosen = [one for one in costs if (one, "before") in reached and (one, "after") not in reached]
        return Cut(tuple(chosen), kept)

    def reached_from(self, starts: Iterable[Node], without: Collection[Statement] = ()) -> set[Node]:
        """The nodes that some nodes lead to, themselves among them.

        :param without: statements that are not executed.
        """
        following: dict[Node, list[Node]] = {}
        for edge in self.edges.values():
            if Statement(edge.source, edge.line, edge.kind) not in without:
                following.setdefault(edge.source, []).append(edge.target)
        pending = list(starts)
        reached = set(pending)
        while pending:
            new = [node for node in following.get(pending.pop(), ()) if node not in reached]
            reached.update(new)
            pending += new
        return reached

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
