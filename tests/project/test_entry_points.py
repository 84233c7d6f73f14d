"""Entry points, in every place where projects declare them."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.entry_points import MOST, EntryPoint, entry_points

WHOLE = "[mine]\nB = own.b : make [fast]\na=own.a\n[empty]\n"
DECLARED = {
    "pyproject.toml": '[project.entry-points.mine]\nB = "own.b:make [fast]"\na = "own.a"\nbad = 3\n',
    "poetry": '[tool.poetry.plugins."mine"]\nB = "own.b:make"\na = "own.a"\n',
    "setup.cfg": "[options.entry_points]\nmine =\n    B = own.b : make [fast]\n    a=own.a\nempty =\n",
    "setup.py": "from setuptools import setup\nPLUGINS = ['B = own.b:make', 'a = own.a', 1]\n"
                "setup(name='x', entry_points={'mine': ['B = own.b:make', 'a = own.a', 1], NAME: ['c = d']})\n",
    "setup.py named": "import setuptools\nE = {'mine': 'B=own.b:make\\na=own.a'}\nsetuptools.setup(entry_points=E)\n",
    "setup.py text": f"from setuptools import setup\nsetup(entry_points={WHOLE!r})\n",
    "x-1.dist-info": WHOLE,
    "x.egg-info": WHOLE,
}  # fmt: skip


@pytest.mark.parametrize("place", DECLARED)
def test_where_they_are_declared(tmp_path: Path, place: str) -> None:
    name = {"poetry": "pyproject.toml"}.get(place, place.partition(" ")[0])
    path = f"{name}/entry_points.txt" if name.endswith("-info") else name
    write(tmp_path, {path: DECLARED[place]})
    assert entry_points(Disk(), [str(tmp_path), str(tmp_path)]) == (
        EntryPoint("mine", "B", "own.b:make"), EntryPoint("mine", "a", "own.a"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[project]\nentry-points = 1\n[tool.poetry]\nplugins = ['x']\n"},
        {"pyproject.toml": "[project.entry-points]\nmine = 'a'\n", "setup.cfg": "[options.entry_points\n"},
        {"setup.py": "setup(entry_points=1)\nx = (\n"},
        {"setup.py": "setup(entry_points={'mine': found()})\nother(entry_points={})\nsetup(**{})\n"},
        {"a.dist-info/entry_points.txt": "no section = here\n"},
        {"a.dist-info/METADATA": ""},
    ],
)
def test_what_declares_none(tmp_path: Path, files: dict[str, str]) -> None:
    assert entry_points(Disk(), [str(write(tmp_path, files))]) == ()


def test_there_is_a_limit(tmp_path: Path) -> None:
    lines = "\n".join(f"n{number} = own.m{number}" for number in range(MOST + 5))
    write(tmp_path, {"a.dist-info/entry_points.txt": f"[mine]\n{lines}\n"})
    assert len(entry_points(Disk(), [str(tmp_path)])) == MOST
