"""The package whose import the tests defer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import importable

HEAVY = """
import typing

class T:
    size = 3

class Err(Exception):
    pass

def load():
    return 7

def fail():
    raise Err
"""


@pytest.fixture
def heavy(tmp_path: Path) -> Iterator[None]:
    package = tmp_path / "heavy"
    package.mkdir()
    (package / "__init__.py").write_text(HEAVY)
    (package / "sub.py").write_text("def load():\n    return 8\n")
    with importable(tmp_path, "heavy", "ai"):
        yield
