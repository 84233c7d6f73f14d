"""Paths of files, as strings or as ``pathlib.Path``."""

from __future__ import annotations

from flake8_forksafe.interpreter.values import FilePath, Value, text


def path_text(value: Value | None) -> str | None:
    """The path that a string or ``Path`` names."""
    return value.path if isinstance(value, FilePath) else text(value)


def join_path(left: str, right: str) -> FilePath:
    """``Path(left) / right``."""
    import os

    return FilePath(os.path.normpath(os.path.join(left, right)) if right else left)
