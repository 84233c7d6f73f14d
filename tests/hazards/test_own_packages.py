"""``[tool.forksafe.third-parties]``: what private packages do, told by the project."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.options import UsageError
from flake8_forksafe.rules.pool import launches

TOLD = """\
[project]
name = "p"
version = "1"
dependencies = ["celery", "acme-ml", "pandas"]

[tool.forksafe.third-parties."acme_ml"]
loads = { torch = ["acme_ml.core", "acme_ml.nets"] }
optional = ["pandas", "scipy"]
mb = 300

[tool.forksafe.third-parties."acme_ml.client"]
loads = ["pyarrow"]
starts = ["acme-poller"]

[tool.forksafe.third-parties."acme_ml:Frame"]
loads = ["polars"]
"""
PROJECT = {
    "pyproject.toml": TOLD,
    "p/__init__.py": "",
    "p/celery.py": 'from celery import Celery\napp = Celery("p", include=["p.tasks"])\n',
}


def messages(root: Path, code: str) -> list[str]:
    return [finding.text for finding in check(root).findings if finding.code == code]


def test_what_is_told_is_found(tmp_path: Path) -> None:
    write(tmp_path, {**PROJECT, "p/tasks.py": "from acme_ml import client\n"})
    brings, starts = messages(tmp_path, "FS103"), messages(tmp_path, "FS112")
    assert len(brings) == len(starts) == 1
    assert "importing 'acme_ml' brings 'pandas', 'pyarrow' and 'torch' before the worker" in brings[0]
    assert "as the option third-parties tells" in brings[0] and "measured with" not in brings[0]
    assert "it starts the thread 'acme-poller'" in starts[0] and "as the option third-parties tells" in starts[0]
    trace = check(tmp_path).traces[0]
    assert {"acme_ml.core", "acme_ml.nets", "pandas"} <= {module.name for module in trace.modules}
    assert "scipy" not in {module.name for module in trace.modules}  # neither required nor installed
    assert "pandas" not in trace.optional  # which the project requires


def test_only_the_modules_that_are_imported_count(tmp_path: Path) -> None:
    write(tmp_path, {**PROJECT, "p/tasks.py": "import acme_ml.other\n"})
    names = {module.name for module in check(tmp_path).traces[0].modules}
    assert "torch" in names and "pyarrow" not in names and "polars" not in names
    write(tmp_path, {"p/tasks.py": "from acme_ml import Frame\n"})
    assert "polars" in {module.name for module in check(tmp_path).traces[0].modules}


def test_its_size_is_estimated(tmp_path: Path) -> None:
    told = '[tool.forksafe.third-parties."acme_ml"]\nmb = 300\n'
    write(tmp_path, {**PROJECT, "pyproject.toml": told, "p/tasks.py": "import acme_ml\n"})
    (sized,) = launches(check(tmp_path).context)
    assert dict(sized.estimate.packages) == {"acme_ml": 300}


def test_it_comes_before_the_table(tmp_path: Path) -> None:
    told = '[tool.forksafe.third-parties."shapely"]\nloads = ["torch"]\n'
    write(tmp_path, {**PROJECT, "pyproject.toml": told, "p/tasks.py": "import shapely\n"})
    (message,) = messages(tmp_path, "FS103")
    assert "brings 'torch'" in message and "numpy" not in message


def test_an_environment_whose_source_is_read_comes_before_it(tmp_path: Path) -> None:
    site = "venv/lib/python3.12/site-packages"
    write(tmp_path, {
        **PROJECT, "p/tasks.py": "import acme_ml\n", "venv/pyvenv.cfg": "",
        f"{site}/celery/__init__.py": "", f"{site}/celery-5.5.0.dist-info/METADATA": "Name: celery\nVersion: 5.5.0\n",
        f"{site}/numpy/__init__.py": "", f"{site}/numpy-2.0.dist-info/METADATA": "Name: numpy\nVersion: 2.0\n",
        f"{site}/acme_ml/__init__.py": "import numpy\n",
        f"{site}/acme_ml-1.0.dist-info/METADATA": "Name: acme_ml\nVersion: 1.0\nRequires-Dist: numpy\n",
        f"{site}/acme_ml-1.0.dist-info/top_level.txt": "acme_ml\n",
    })  # fmt: skip
    (message,) = (one.text for one in check(tmp_path, environment="venv").findings if one.code == "FS103")
    assert "brings 'numpy'" in message and "torch" not in message


def test_a_package_that_no_rule_reports_is_refused(tmp_path: Path) -> None:
    told = '[tool.forksafe.third-parties."acme_ml"]\nloads = ["nupmy"]\n'
    write(tmp_path, {**PROJECT, "pyproject.toml": told, "p/tasks.py": "import acme_ml\n"})
    with pytest.raises(UsageError, match=r"acme_ml loads nupmy, which is not in the catalogue \(is numpy meant\?\)"):
        check(tmp_path)
    named = f"[tool.forksafe]\nhazards = ['acme_nets']\n{told.replace('nupmy', 'acme_nets')}"
    write(tmp_path, {"pyproject.toml": named})
    assert "brings 'acme_nets'" in messages(tmp_path, "FS103")[0]
