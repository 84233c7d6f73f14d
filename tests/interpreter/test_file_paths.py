"""Paths of files."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from flake8_forksafe.interpreter.file_paths import join_path, path_text
from flake8_forksafe.interpreter.values import UNKNOWN, FilePath, Literal


@pytest.mark.parametrize(("left", "right"), [("/srv/app", "data"), ("/srv/app", "a/b"), ("/srv", "/etc"), ("a", "")])
def test_joined_as_pathlib_does(left: str, right: str) -> None:
    assert join_path(left, right).path == str(PurePosixPath(left) / right)


def test_a_joined_path_is_normal() -> None:
    assert join_path("/srv/app", "../data").path == "/srv/data"


def test_the_text_of_a_path() -> None:
    assert path_text(FilePath("/srv")) == path_text(Literal("/srv")) == "/srv"
    assert path_text(UNKNOWN) is path_text(Literal(3)) is path_text(None) is None
