"""Directories of tests and examples.  Their apps and launches are not the project's own."""

from __future__ import annotations

import os

EXAMPLE_DIRECTORIES = frozenset(
    {"tests", "test", "testing", "docs", "doc", "examples", "example", "samples", "conftest", "benchmarks"}
)
"""Names of directories and modules that are analysed only on request."""


def is_example(path: str, project: str) -> bool:
    """Whether a file or a directory lies in tests, examples or the like."""
    inside = f"{project}{os.sep}"  # relpath asks for the current directory, and takes ten times as long
    relative = path[len(inside) :] if path.startswith(inside) else os.path.relpath(path, project)
    parts = os.path.splitext(relative)[0].split(os.sep)
    return any(part in EXAMPLE_DIRECTORIES or part.startswith("test_") for part in parts)


def is_in_scope(path: str, project: str, asked: tuple[str, ...]) -> bool:
    """Whether a file is in scope: the project's own, or in a path that the user gave.

    :param asked: absolute paths that the user gave.
    """
    return not is_example(path, project) or any(path == one or path.startswith(one + os.sep) for one in asked)


def example_of(path: str, project: str) -> str:
    """The test or example that a path lies in, relative to the project: ``examples/shop`` for what is in it."""
    parts = os.path.relpath(path, project).split(os.sep)
    first = next((index for index, part in enumerate(parts) if part in EXAMPLE_DIRECTORIES), 0)
    return os.path.join(*parts[: first + 2]) if len(parts) > first + 2 else os.path.join(*parts[: first + 1])
