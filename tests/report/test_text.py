"""The report for a terminal."""

from __future__ import annotations

import os

import pytest

from flake8_forksafe.report.text import render, summary
from flake8_forksafe.rules import Finding
from flake8_forksafe.trace.trace import Hop

CELERY, TASKS, AI = "/work/proj/celery.py", "/work/proj/tasks.py", "/work/proj/ai.py"
FOUND = (
    Finding(
        AI, 3, 0, "FS101", "'torch' is imported before the worker forks (hang after use: it keeps threads)", "torch",
        (
            Hop("proj.celery", None, 1, "boot", "find_app"),
            Hop("proj.tasks", CELERY, 4, "boot", "include"),
            Hop("proj.ai", TASKS, 2, "import"),
            Hop("torch", AI, 3, "import"),
        ),
        "import it late",
    ),
    Finding(AI, 9, 4, "FS192", "a value cannot be resolved"),
    Finding(TASKS, 2, 0, "FS102", "importing 'proj.ai' brings 'torch'", "", (Hop("torch", AI, 3, "import"),), "do not"),
)  # fmt: skip


def test_findings_are_grouped_by_file_with_their_chains() -> None:
    assert list(render(FOUND, "/work")) == [
        os.path.join("proj", "ai.py"),
        "  3:1  FS101  'torch' is imported before the worker forks (hang after use: it keeps threads)",
        "         celery worker  →  proj.celery",
        f"         {os.path.join('proj', 'celery.py')}:4  →  proj.tasks  (include)",
        f"         {os.path.join('proj', 'tasks.py')}:2  →  proj.ai",
        f"         {os.path.join('proj', 'ai.py')}:3  →  torch",
        "         instead: import it late",
        "  9:5  FS192  a value cannot be resolved",
        "",
        os.path.join("proj", "tasks.py"),
        "  2:1  FS102  importing 'proj.ai' brings 'torch'",
        f"         {os.path.join('proj', 'ai.py')}:3  →  torch",
        "         instead: do not",
        "",
    ]


def test_paths_are_relative_to_where_one_stands() -> None:
    assert next(render(FOUND, "/work/other")) == os.path.join("..", "proj", "ai.py")


def test_no_findings_no_lines() -> None:
    assert list(render((), "/work")) == []


@pytest.mark.parametrize(
    ("count", "launches", "expected"),
    [
        (0, 1, "no findings; 1 Celery app, 7 files on the boot path"),
        (1, 2, "1 finding; 2 Celery apps, 7 files on the boot path"),
        (5, 0, "5 findings; no Celery app found, 7 files on the boot path"),
    ],
)
def test_summary(count: int, launches: int, expected: str) -> None:
    assert summary(count, launches, 7) == expected
