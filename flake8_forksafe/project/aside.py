"""Directories whose apps and launches are those of tests and examples, not the project's own."""

from __future__ import annotations

import os

ASIDE = frozenset(
    {"tests", "test", "testing", "docs", "doc", "examples", "example", "samples", "conftest", "benchmarks"}
)
"""Directories and modules whose apps count only if there are no others."""


def is_aside(path: str, project: str) -> bool:
    """Whether a file or a directory lies in tests, examples or the like."""
    parts = os.path.splitext(os.path.relpath(path, project))[0].split(os.sep)
    return any(part in ASIDE or part.startswith("test_") for part in parts)
