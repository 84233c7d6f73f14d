"""What distributions a project declares."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.requirements import console_scripts, read_requirements

CASES = {
    "pep 621": ("pyproject.toml", '[project]\nrequires-python = ">=3.12"\ndependencies = ["celery>=5", "Torch[gpu]"]\n'
                '[project.optional-dependencies]\nml = ["fastmcp<4"]\n', {"celery", "torch"}, {"fastmcp"}),
    "groups": ("pyproject.toml", '[dependency-groups]\ndev = ["pytest", {include-group = "x"}]\n', set(), {"pytest"}),
    "poetry": ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.11"\ncelery = "*"\n'
               'torch = {version = "*", optional = true}\n', {"python", "celery"}, {"torch"}),
    "setup.cfg": ("setup.cfg", "[options]\ninstall_requires =\n  celery\n  my_pkg>=1\n"
                  "[options.extras_require]\nml =\n  torch\n", {"celery", "my-pkg"}, {"torch"}),
    "requirements": ("requirements.txt", "# comment\n-r other.txt\ncelery==5.3  # why\ntorch ; python_version>'3'\n",
                     {"celery", "torch"}, set()),
    "directory": ("requirements/base.in", "celery\n", {"celery"}, set()),
    "metadata": ("proj-1.dist-info/METADATA", "Name: proj\nRequires-Dist: celery (>=5)\n"
                 'Requires-Dist: torch; extra == "ml"\n\nRequires-Dist: not-this\n', {"celery"}, {"torch"}),
    "broken toml": ("pyproject.toml", "[project\n", set(), set()),
    "broken cfg": ("setup.cfg", "options]\n=\n", set(), set()),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_declarations(tmp_path: Path, case: str) -> None:
    name, content, required, optional = CASES[case]
    write(tmp_path, {name: content})
    found = read_requirements(Disk(), str(tmp_path), ())
    assert (found.required, found.optional) == (required, optional)


def test_lowest_python(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\nrequires-python = ">=3.12,<4"\n'})
    assert read_requirements(Disk(), str(tmp_path), ()).python == (3, 12)


def test_console_scripts(tmp_path: Path) -> None:
    write(tmp_path, {
        "pyproject.toml": "[project.scripts]\nshop = 'shop.cli:main'\n[tool.poetry.scripts]\nother = 'o:m'\n",
        "setup.cfg": "[options.entry_points]\nconsole_scripts =\n    legacy = old.cli : run\n",
        "shop-1.dist-info/entry_points.txt": "[console_scripts]\nServer = shop.server:main\n",
    })  # fmt: skip
    assert console_scripts(Disk(), str(tmp_path), ()) == {
        "shop": "shop.cli:main", "other": "o:m", "legacy": "old.cli:run", "Server": "shop.server:main",
    }  # fmt: skip
