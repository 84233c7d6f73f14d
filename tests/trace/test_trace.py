"""The trace of one launch: order, positions, origins, and what lies behind the fork."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.trace.trace import Trace

FILES = {
    "pyproject.toml": "",
    "proj/__init__.py": "",
    "proj/celery.py": """\
        from celery import Celery, signals
        app = Celery("proj")
        app.conf.imports = ("tasks",)
        @signals.worker_ready.connect
        def ready(**kwargs):
            import late
        """,
    "tasks.py": (
        "import json\nimport torch\ntry:\n    import broken\nexcept KeyError:\n    pass\n"
        "import os\nif os.environ.get('X'):\n    import maybe\n"
    ),
    "broken.py": "{}['x']\n",
    "late.py": "",
    "maybe.py": "",
}


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    (found,) = check(write(tmp_path_factory.mktemp("project"), FILES)).traces
    return found


def test_modules_in_the_order_in_which_they_are_loaded(trace: Trace) -> None:
    found = {module.name: module for module in trace.modules}
    names = [name for name in found if name not in ("celery", "celery.signals")]
    assert names == ["proj", "proj.celery", "tasks", "json", "torch", "os", "maybe"]
    assert [found[name].origin for name in ("tasks", "json", "torch")] == ["first-party", "stdlib", "third-party"]
    assert (found["torch"].importer, found["torch"].line, found["torch"].step) == ("tasks", 2, "imports")
    assert (found["proj"].importer, found["proj"].certain, found["maybe"].certain) == (None, True, False)


def test_what_failed_or_comes_behind_the_fork_is_not_among_them(trace: Trace) -> None:
    assert "broken" not in trace.loaded
    assert "late" in trace.loaded
    assert trace.after_fork("late")
    assert not trace.after_fork("torch")
    assert trace.step("late") == "worker_ready"
    assert [str(edge.target) for edge in trace.late_edges][-1] == "late"


def test_positions(trace: Trace) -> None:
    before, after = trace.position("tasks"), trace.position("torch")
    assert before is not None
    assert after is not None
    assert before < after
    assert trace.position("nothing") is None


def test_edges_that_lead_outwards(trace: Trace) -> None:
    outward = {(str(edge.source), str(edge.target)) for edge in trace.outward}
    assert {("tasks", "torch"), ("tasks", "json")} <= outward
    assert ("tasks", "maybe") not in outward


def test_the_place_of_the_app_and_a_chain(trace: Trace) -> None:
    location = trace.app_location
    assert location is not None
    assert (Path(location[0]).name, location[1]) == ("celery.py", 2)
    assert [(hop.node, hop.line, hop.kind) for hop in trace.chain(Node("torch"))][-2:] == [
        ("tasks", 2, "boot"), ("torch", 2, "import")
    ]  # fmt: skip


def test_a_module_that_is_loaded_in_addition(trace: Trace) -> None:
    position = trace.position("torch")
    assert position is not None
    trace.load("pandas", position, "third-party", "tasks")
    assert trace.position("pandas") == position
    assert trace.position("torch") == position + 1
    assert (trace.origin("pandas"), trace.step("pandas")) == ("third-party", "imports")


@pytest.mark.parametrize(
    ("tasks", "is_gated"),
    [
        ("import sys, torch\nif 'worker' in sys.argv:\n    torch.load('m')\n", True),
        ("import sys, torch\ndef f():\n    torch.load('m')\nif 'worker' in sys.argv:\n    f()\n", True),
        ("import sys, torch\nif 'worker' in sys.argv:\n    print()\ntorch.load('m')\n", False),
    ],
)
def test_other_processes_are_followed_only_for_what_stands_behind_a_gate(
    tmp_path: Path, tasks: str, is_gated: bool
) -> None:
    files = {
        "pyproject.toml": "",
        "p.py": "from celery import Celery\napp = Celery('p', include=['t'])\n",
        "t.py": tasks,
    }
    (trace,) = check(write(tmp_path, files)).traces
    assert (trace.has_gated_uses, bool(trace.variants)) == (is_gated, is_gated)
