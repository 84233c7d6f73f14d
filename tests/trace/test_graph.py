"""The execution graph: chains, certainty, and what every way passes."""

from __future__ import annotations

from flake8_forksafe.interpreter.records import Edge, Node
from flake8_forksafe.trace.graph import ExecutionGraph

ROOT = Node("", "worker")


def edge(source: str, target: str, line: int = 1, sure: bool = True, kind: str = "import") -> Edge:
    return Edge(ROOT if source == "root" else Node(source), Node(target), line, 0, kind, sure)


def graph(*edges: Edge) -> ExecutionGraph:
    return ExecutionGraph(edges, ROOT)


def lines(found: ExecutionGraph, target: str) -> list[tuple[str, int]]:
    return [(str(step.source), step.line) for step in found.chain(Node(target))]


def test_the_shortest_chain_and_the_first_of_several() -> None:
    found = graph(edge("root", "a"), edge("a", "b", 2), edge("b", "d", 3), edge("a", "c", 4), edge("c", "d", 5))
    assert lines(found, "d") == [("worker", 1), ("a", 2), ("b", 3)]
    assert lines(graph(edge("root", "a"), edge("a", "b"), edge("root", "b", 7)), "b") == [("worker", 7)]


def test_a_chain_of_sure_edges_is_preferred_to_a_shorter_one() -> None:
    found = graph(edge("root", "a"), edge("a", "c", 9, sure=False), edge("a", "b", 2), edge("b", "c", 3))
    assert lines(found, "c") == [("worker", 1), ("a", 2), ("b", 3)]
    assert found.is_certain(Node("c"))


def test_what_is_only_possible_is_reached_but_not_certain() -> None:
    found = graph(edge("root", "a", sure=False), edge("a", "b"), edge("x", "y"))
    assert found.is_reached(Node("b"))
    assert not found.is_certain(Node("b"))
    assert not found.is_reached(Node("y"))
    assert found.chain(Node("y")) == []
    assert found.is_certain(ROOT)


def test_an_edge_is_sure_if_one_of_its_places_is() -> None:
    found = graph(edge("root", "a", 3, sure=False), edge("root", "a", 5, sure=True))
    assert [(kept.line, kept.sure) for kept in found.edges.values()] == [(5, True)]


def test_the_statements_that_every_way_passes() -> None:
    found = graph(
        edge("root", "a", kind="boot"), edge("a", "b", 2), edge("b", "d", 3), edge("a", "c", 4), edge("c", "d", 5),
        edge("d", "e", 6),
    )  # fmt: skip
    passed = found.statements_before([Node("d"), Node("e"), Node("b")])
    assert {str(target): [(str(node), line) for node, line in steps] for target, steps in passed.items()} == {
        "d": [], "e": [("d", 6)], "b": [("a", 2)]
    }  # fmt: skip


def test_two_ways_through_one_statement_count_as_one() -> None:
    found = graph(
        edge("root", "a", kind="boot"), edge("a", "b", 2), edge("a", "c", 2), edge("b", "d", 3), edge("c", "d", 4)
    )
    (steps,) = found.statements_before([Node("d")]).values()
    assert [(str(node), line) for node, line in steps] == [("a", 2)]


TWO_WAYS = graph(
    edge("root", "a", 9, kind="boot"), edge("a", "b", 1), edge("a", "c", 2), edge("b", "hazard", 3),
    edge("c", "hazard", 4), edge("a", "other", 5),
)  # fmt: skip


def cut(costs: dict[int, int | None], *targets: str) -> tuple[set[int], list[str]]:
    """The lines of the cheapest cut, and the targets that stay; a line without a cost is no candidate."""
    found = TWO_WAYS.cheapest_cut([Node(name) for name in targets], lambda statement: costs.get(statement.line))
    return {statement.line for statement in found.statements}, [str(node) for node in found.kept]


def test_a_hazard_with_two_ways_in_needs_two_statements() -> None:
    """None of them is one that all ways pass."""
    assert TWO_WAYS.statements_before([Node("hazard")]) == {Node("hazard"): []}
    for costs, lines_cut in (
        ({1: 1, 2: 1, 3: 2, 4: 2}, {1, 2}),
        ({1: 3, 2: 1, 3: 2, 4: 2}, {3, 2}),
        ({1: None, 2: None, 3: 1000, 4: 500}, {3, 4}),
    ):
        assert cut(costs, "hazard") == (lines_cut, [])


def test_what_no_statement_keeps_out_stays_and_costs_nothing() -> None:
    assert cut({1: 1, 3: 1}, "hazard") == (set(), ["hazard"])
    assert cut({1: 1, 3: 1, 5: 1}, "hazard", "other") == ({5}, ["hazard"])
