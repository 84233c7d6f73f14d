"""A host is data and a plan: one that a test makes up is booted like any other."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import make_walk, write

from flake8_forksafe.deployment.pool import resolve
from flake8_forksafe.hosts.facts import Words
from flake8_forksafe.hosts.host import Host, HostBoot, HostStart, ProjectFacts, Step, boot
from flake8_forksafe.interpreter import budget
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.session import deep_recursion

FILES = {"early.py": "import torch\n", "late.py": "", "child.py": ""}


def importing(name: str) -> Step:
    """A step that imports a module."""

    def run(booting: HostBoot) -> None:
        booting.machine.import_name(name, booting.frame)
        booting.app_place = booting.app_place or (booting.start.app, 3)

    return Step(f"import {name}", run)


TOY = Host(
    name="Toy",
    words=Words("the toy", "the toy's master", "after_fork", "job", "toy app", '"toy" in sys.argv', "--count"),
    root=Node("", "toy"),
    programs=frozenset({"toy"}),
    launch_forms=lambda app: {"toy run": ("/venv/bin/toy", "run", app), "python -m toy": ("toy/__main__.py", app)},
    other_processes=lambda app: {},
    before_fork=(importing("early"),),
    after_fork=(importing("late"),),
    in_children=(importing("child"),),
    project_facts=lambda booting: ProjectFacts({"workers": 2}),
    handlers=(),
    pool=resolve,
)


def test_its_steps_are_followed_in_order(tmp_path: Path) -> None:
    walk = make_walk(write(tmp_path, FILES))
    with deep_recursion():
        booted = boot(walk, TOY, HostStart("early"))
    assert walk.recorder.order == ["early", "torch", "late", "child"]
    assert walk.recorder.order[: booted.forked_at] == ["early", "torch"]
    assert booted.app_place == ("early", 3)
    assert booted.project.conf == {"workers": 2}
    assert [(str(edge.source), str(edge.target), edge.kind, edge.step) for edge in walk.recorder.edges.values()] == [
        ("toy", "early", "boot", "import early"),
        ("early", "torch", "import", ""),
        ("toy", "late", "boot", "import late"),
        ("toy", "child", "boot", "import child"),
    ]
    assert len(list(walk.recorder.edges)[: booted.edges_at_fork]) == 2


def test_what_a_trace_keeps_of_it() -> None:
    facts = TOY.facts("early")
    assert facts.root == Node("", "toy")
    assert facts.launch_forms["toy run"] == ("/venv/bin/toy", "run", "early")
    assert (facts.after_fork, facts.in_children) == (("import late",), ("import child",))
    assert TOY.default_argv("early") == tuple(facts.launch_forms.values())


def test_a_boot_that_is_stopped_has_everything_before_the_fork(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("EXTENSIONS", 0), ("STEP_LIMIT", 3), ("STEPS_PER_MODULE", 0), ("STEPS_PER_STATEMENT", 0)):
        monkeypatch.setattr(budget, name, value)
    walk = make_walk(write(tmp_path, FILES | {"early.py": "x = 1\n" * 10}))
    booted = boot(walk, TOY, HostStart("early"))
    assert walk.recorder.order == ["early"]
    assert (booted.forked_at, booted.edges_at_fork) == (1, 1)
    assert ["stopped" in note.text for note in walk.recorder.notes] == [True]
