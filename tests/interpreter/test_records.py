"""Nodes, edges and gates as data."""

from __future__ import annotations

import pytest

from flake8_forksafe.interpreter.records import Edge, Gate, Node


@pytest.mark.parametrize(
    ("node", "text", "dotted"),
    [
        (Node("pkg.mod"), "pkg.mod", "pkg.mod"),
        (Node("pkg.mod", "Class.method"), "pkg.mod:Class.method", "pkg.mod.Class.method"),
        (Node("", "celery worker"), "celery worker", "celery worker"),
    ],
)
def test_a_node_as_text(node: Node, text: str, dotted: str) -> None:
    assert str(node) == text
    assert node.dotted.lstrip(".") == dotted


def test_an_edge_loads_a_module_or_nothing() -> None:
    source = Node("main")
    assert Edge(source, Node("one"), 1, 0, "import", True).loads == "one"
    assert Edge(source, Node("one", "f"), 1, 0, "call", True).loads == ""


def test_a_gate_is_told_from_others_by_where_it_stands_and_not_by_how_it_came_out() -> None:
    one, other = Gate(Node("main"), 3, 4, "if", True), Gate(Node("main"), 3, 4, "if", None)
    assert one.key == other.key
    assert one.key != Gate(Node("main"), 3, 4, "and", True).key
