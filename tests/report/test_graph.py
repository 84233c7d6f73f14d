"""The graph of hazards for Graphviz and for Mermaid."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import FIXTURES, check, write

from flake8_forksafe.hosts.celery import ROOT
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.report.graph import Arrow, HazardGraph, dot, hazard_graph, mermaid
from flake8_forksafe.report.result import Report

SHOP = FIXTURES / "bookshop"


@pytest.fixture(scope="module")
def shop() -> Report:
    """The sample project."""
    return check(SHOP)


def test_every_chain_to_a_hazard_is_in_it(shop: Report) -> None:
    graph = hazard_graph(shop, str(SHOP))
    pairs = {(str(arrow.source), str(arrow.target)): arrow.label for arrow in graph.arrows}
    found = [finding for finding in shop.findings if finding.code == "FS101"]
    assert len(found) == len(graph.hazards) == 3
    for finding in found:
        nodes = ["celery worker", *(hop.node for hop in finding.chain)]
        assert set(itertools.pairwise(nodes)) <= set(pairs)
        assert Node(finding.subject) in graph.hazards
    assert pairs["celery worker", "bookshop.celery"] == "find_app"
    assert pairs["shop.views", "shop.services.recommendations"] == "shop/views.py:10"


def test_accepted_and_uncertain(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proj/__init__.py": "",
            "proj/celery.py": """
                import os
                from celery import Celery
                import torch
                if os.environ.get("FRAMES"):
                    import pandas
                app = Celery('proj')
            """,
        },
    )
    graph = hazard_graph(check(tmp_path, app="proj", accept=["torch"]), str(tmp_path))
    assert list(graph.hazards) == [Node("pandas")]
    assert graph.arrows[-1] == Arrow(Node("proj.celery"), Node("pandas"), "proj/celery.py:6", False)
    assert '"proj.celery" -> "pandas" [label="proj/celery.py:6", style=dashed];' in "\n".join(dot(graph))
    assert '-.->|"proj/celery.py:6"|' in "\n".join(mermaid(graph))


def test_no_hazard_is_a_graph_of_the_worker_alone(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "from celery import Celery\napp = Celery('app')\n"})
    graph = hazard_graph(check(tmp_path, app="app"), str(tmp_path))
    assert graph == HazardGraph((ROOT,), (), {})
    assert list(dot(graph))[-2:] == ['  "celery worker";', "}"]
    assert list(mermaid(graph))[:2] == ["flowchart LR", '  n0["celery worker"]']


NODE = Node('a"b\\c<d>#&`e`[1]|;')
NASTY = HazardGraph((ROOT,), (Arrow(ROOT, NODE, 'p "q".py:3', True),), {NODE: '"why"'})


def test_dot_quotes() -> None:
    text = "\n".join(dot(NASTY))
    assert r'"a\"b\\c<d>#&`e`[1]|;" [tooltip="\"why\"", color=' in text
    assert r'[label="p \"q\".py:3"]' in text
    for line in text.splitlines():  # every string ends where it should
        assert re.sub(r'"(?:[^"\\]|\\.)*"', "", line).count('"') == 0


def test_mermaid_writes_entities() -> None:
    lines = list(mermaid(NASTY))
    assert '  n1["a#34;b#92;c#60;d#62;#35;#38;#96;e#96;#91;1#93;#124;#59;"]' in lines
    assert '  n0 -->|"p #34;q#34;.py:3"| n1' in lines
    assert lines[-1] == "  class n1 hazard"


@pytest.mark.parametrize(
    ("form", "first", "last"), [("dot", "digraph forksafe {", "}"), ("mermaid", "flowchart LR", None)]
)
def test_the_command(form: str, first: str, last: str | None) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flake8_forksafe", "trace", "--format", form, "--no-cache"],
        cwd=SHOP, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0] == first and (last is None or lines[-1] == last)
    assert any("torch" in line for line in lines)
