"""A directory may have any name: what it holds is found, whatever its characters mean in a text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import check, found_codes, write

from flake8_forksafe.hosts.celery import ROOT
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.report import html
from flake8_forksafe.report.graph import dot, hazard_graph, mermaid
from flake8_forksafe.report.json import findings_document, trace_document
from flake8_forksafe.report.remarks import remarks
from flake8_forksafe.report.why import render

NAMES = ["a,b:c::d", "celery worker", ":", "a=b#c", 'q"q', "x->y", "[1]", "a|b", "shop:tasks", "a b", "é", "a;b"]


def project(root: Path, name: str) -> Path:
    """A project whose tasks lie in a package of that name."""
    return write(root, {
        "pyproject.toml": "",
        "shop/__init__.py": "",
        "shop/celery.py": "from celery import Celery\n"
                          f"app = Celery('shop', include=[{f'{name}.tasks'!r}])\n",
        f"{name}/__init__.py": "",
        f"{name}/tasks.py": """\
            import threading
            from . import deep

            def start():
                threading.Thread(target=print).start()
                import pandas

            start()
            """,
        f"{name}/deep.py": "import torch\nimport numpy\n",
    })  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_family_of_findings_survives(tmp_path: Path, name: str) -> None:
    report = check(project(tmp_path, name))
    assert found_codes(report, tmp_path) == {
        (f"{name}/deep.py", 1, "FS101"),
        (f"{name}/deep.py", 2, "FS101"),
        (f"{name}/tasks.py", 2, "FS102"),
        (f"{name}/tasks.py", 8, "FS112"),
        (f"{name}/tasks.py", 6, "FS105"),
        ("shop/celery.py", 2, "FS131"),
    }
    (remark,) = [remark for remark in remarks(report.context) if remark.text.startswith("where to cut")]
    assert remark.path == str(tmp_path / name / "tasks.py") and remark.line == 2


@pytest.mark.parametrize("name", NAMES)
def test_every_output_names_it(tmp_path: Path, name: str) -> None:
    report = check(project(tmp_path, name))
    (trace,) = report.traces
    document = json.loads(trace_document(report.traces, report.catalogue, str(tmp_path)))
    modules = {module["name"]: module for module in document["modules"]}
    assert modules[f"{name}.deep"]["importer"] == f"{name}.tasks"
    (hazard,) = [hazard for hazard in document["hazards"] if hazard["package"] == "pandas"]
    assert hazard["chain"] == ["shop.celery", f"{name}.tasks", f"{name}.tasks:start"]
    assert hazard["path"] == f"{name}/tasks.py"
    chains = [entry["chain"] for entry in json.loads(findings_document(report.findings, str(tmp_path)))["findings"]]
    assert any(hop["node"] == f"{name}.deep" and hop["path"] == f"{name}/tasks.py" for chain in chains for hop in chain)
    assert f"  {name}.deep is loaded before the fork" in list(render(trace, f"{name}.deep", str(tmp_path), Disk().read))
    graph = hazard_graph(report, str(tmp_path))
    assert len({line.partition("[")[0] for line in mermaid(graph) if line.startswith("  n")}) == len(graph.nodes) + len(
        graph.arrows
    )
    assert len(list(dot(graph))) == 5 + len(graph.nodes) + len(graph.arrows)
    assert f"{name}.deep" in html.launch_data(trace, report.catalogue, {}, str(tmp_path))["nodes"]


def test_an_app_in_such_a_directory_is_found(tmp_path: Path) -> None:
    write(tmp_path, {
        "pyproject.toml": "",
        "a,b:c::d/__init__.py": "",
        "a,b:c::d/celery.py": "from celery import Celery\napp = Celery('x', include=['a,b:c::d.tasks'])\n",
        "a,b:c::d/tasks.py": "import torch\n",
    })  # fmt: skip
    found = found_codes(check(tmp_path), tmp_path)
    assert found == {("a,b:c::d/tasks.py", 1, "FS101"), ("a,b:c::d/celery.py", 2, "FS131")}


def test_no_module_is_the_worker_itself() -> None:
    assert Node("celery worker") != ROOT
    assert str(Node("celery worker")) == str(ROOT) == "celery worker"
    assert Node("a:b", "c") != Node("a", "b:c")
