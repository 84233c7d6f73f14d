"""Workflow commands of GitHub Actions."""

from __future__ import annotations

from pathlib import Path

from findings import AI, FOUND

from flake8_forksafe.report.github import command, escape, render, workspace
from flake8_forksafe.rules import Finding


def test_one_command_a_finding_with_the_chain_in_the_message() -> None:
    first, second, third = render(FOUND, "/work")
    assert first == (
        "::error file=proj/ai.py,line=3,col=1,title=FS101::"
        "'torch' is imported before the worker forks (100 %25)%0A"
        "celery worker  →  proj.celery%0A"
        "proj/celery.py:4  →  proj.tasks  (include)%0A"
        "proj/tasks.py:2  →  proj.ai%0A"
        "proj/ai.py:3  →  torch%0A"
        "instead: import it late"
    )
    assert second == "::warning file=proj/ai.py,line=9,col=5,title=FS192::a value such as {name} cannot be resolved"
    assert third.startswith("::error file=proj/tasks.py,line=2,col=1,title=FS102::")


def test_a_command_is_one_line_whatever_the_finding_holds() -> None:
    nasty = Finding("/work/a,b:c%\n.py", 1, 0, "FS101", "first\r\nsecond ::error::third")
    (line,) = render([nasty], "/work")
    assert line == (
        "::error file=a%2Cb%3Ac%25\\n.py,line=1,col=1,title=FS101::first\\r\\nsecond ::error::third"
    )  # fmt: skip


def test_percent_signs_are_escaped_once() -> None:
    assert escape("50 %\n", {"%": "%25", "\n": "%0A"}) == "50 %25%0A"
    assert command("error", {"title": "50 %"}, "%0A") == "::error title=50 %25::%250A"


def test_paths_are_relative_to_the_checkout(tmp_path: Path) -> None:
    assert workspace({"GITHUB_WORKSPACE": "/work"}, "/elsewhere") == "/work"
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    (tmp_path / "repo" / "services" / "shop").mkdir(parents=True)
    assert workspace({}, str(tmp_path / "repo" / "services" / "shop")) == str(tmp_path / "repo")
    (line,) = render([FOUND[1]], "/elsewhere")
    assert f"file={AI}," in line
