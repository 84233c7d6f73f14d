"""Classes whose ``__init__`` is made from their fields."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, imported_modules, value_in, walk_program


@pytest.mark.parametrize(
    "definition",
    [
        (
            "import dataclasses\n@dataclasses.dataclass\nclass Box:\n    size: int\n"
            "    parts: list = dataclasses.field(default_factory=list)\n"
        ),
        "import attr\n@attr.s\nclass Box:\n    size = attr.ib()\n    parts = attr.ib(factory=list)\n",
        "import attrs\n@attrs.define\nclass Box:\n    size: int\n    parts: list = attrs.field(factory=list)\n",
        (
            "from pydantic import BaseModel, Field\nclass Box(BaseModel):\n    size: int\n"
            "    parts: list = Field(default_factory=list)\n"
        ),
        "from typing import NamedTuple\nclass Box(NamedTuple):\n    size: int\n    parts: list = []\n",
    ],
)
def test_fields_are_attributes(tmp_path: Path, definition: str) -> None:
    assert value_in(tmp_path, definition + "box = Box(size=3)\nA = box.size, box.parts\n") == (3, [])


def test_a_factory_is_called(tmp_path: Path) -> None:
    program = "import attr\ndef make():\n    import one\n@attr.s\nclass Box:\n    part = attr.ib(factory=make)\nBox()\n"
    assert "one" in imported_modules(walk_program(tmp_path, program))


def test_a_class_with_another_base_has_an_unknown_init(tmp_path: Path) -> None:
    assert value_in(tmp_path, "import library\nclass Box(library.Base):\n    pass\nA = Box(size=3).size\n") is UNSURE
