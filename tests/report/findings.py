"""Findings that the tests of all formats share."""

from __future__ import annotations

from flake8_forksafe.rules import Finding
from flake8_forksafe.trace.trace import Hop

CELERY, TASKS, AI = "/work/proj/celery.py", "/work/proj/tasks.py", "/work/proj/ai.py"
CHAIN = (
    Hop("proj.celery", None, 1, "boot", "find_app"),
    Hop("proj.tasks", CELERY, 4, "boot", "include"),
    Hop("proj.ai", TASKS, 2, "import"),
    Hop("torch", AI, 3, "import"),
)
FOUND = (
    Finding(AI, 3, 0, "FS101", "'torch' is imported before the worker forks (100 %)", "torch", CHAIN, "import it late"),
    Finding(AI, 9, 4, "FS192", "a value such as {name} cannot be resolved"),
    Finding(TASKS, 2, 0, "FS102", "importing 'proj.ai' brings 'torch'", "proj.ai", CHAIN[3:], "do not"),
)  # fmt: skip
