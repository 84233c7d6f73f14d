"""FS101 and FS102: what is imported before the fork, and through which imports."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.rules import Finding

PROJECT = {
    "pyproject.toml": "",
    "proj/__init__.py": "",
    "proj/celery.py": 'from celery import Celery\napp = Celery("proj", include=["proj.tasks"])\n',
    "proj/tasks.py": "",
}


def findings(root: Path, files: dict[str, str], **options: object) -> dict[tuple[str, int, str], Finding]:
    """FS101 and FS102 in a project, by file, line and code."""
    write(root, {**PROJECT, **files})
    return {
        (Path(finding.path).relative_to(root / "proj").as_posix(), finding.line, finding.code): finding
        for finding in check(root, **options).findings
        if finding.code in ("FS101", "FS102")
    }


# --- FS101 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "import torch",
        "import torch.nn as nn",
        "from torch import nn",
        "from torch.nn import functional",
        "import os, torch",
        "if True:\n    import torch",
        "class Model:\n    import torch",
        "try:\n    import torch\nexcept ImportError:\n    torch = None",
        "import importlib\nimportlib.import_module('torch')",
        "__import__('torch')",
        "with open('x'):\n    import torch",
        "for _ in range(2):\n    import torch",
    ],
)
def test_hazard_at_import_time(tmp_path: Path, statement: str) -> None:
    found = findings(tmp_path, {"tasks.py": "", "proj/tasks.py": statement + "\n"})
    (((name, line, code), finding),) = found.items()
    assert (name, code) == ("tasks.py", "FS101") and 1 <= line <= 2
    assert finding.subject == "torch" and "imported before the worker forks" in finding.text
    assert f"proj.tasks:{line}" in finding.text


@pytest.mark.parametrize(
    "statement",
    [
        "def task():\n    import torch",
        "async def task():\n    import torch",
        "load = lambda: __import__('torch')",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch",
        "import typing as t\nif t.TYPE_CHECKING:\n    import torch",
        "if False:\n    import torch",
        "if __name__ == '__main__':\n    import torch",
        "import sys\nif sys.version_info < (3, 0):\n    import torch",
        "import sys\nif 'worker' not in sys.argv:\n    import torch",
        "import torchlike",
        "from . import torch",
        "torch = 'import torch'",
    ],
)
def test_no_hazard_at_import_time(tmp_path: Path, statement: str) -> None:
    assert findings(tmp_path, {"proj/tasks.py": statement + "\n", "proj/torch.py": ""}) == {}


@pytest.mark.parametrize(
    ("condition", "verb"),
    [("True", "is"), ("os.path.exists('fast')", "may be"), ("sys.platform == 'linux'", "may be"), ("flag()", "may be")],
)
def test_a_doubtful_import_says_so(tmp_path: Path, condition: str, verb: str) -> None:
    (finding,) = findings(
        tmp_path, {"proj/tasks.py": f"import os, sys\nfrom lib import flag\nif {condition}:\n    import torch\n"}
    ).values()
    assert finding.text.startswith(f"'torch' {verb} imported before the worker forks")


def test_one_finding_for_each_statement_and_package(tmp_path: Path) -> None:
    tasks = "import torch\nimport torch.nn\nfrom torch import cuda, nn\nimport polars\n"
    found = findings(tmp_path, {"proj/tasks.py": tasks})
    assert [key[1] for key in found] == [1, 2, 3, 4]


def test_accepted_packages_are_silent(tmp_path: Path) -> None:
    tasks = "import torch\nimport torch.nn\nimport polars\n"
    found = findings(tmp_path, {"proj/tasks.py": tasks}, accept="torch: shared on purpose")
    assert [finding.subject for finding in found.values()] == ["polars"]


def test_the_users_own_hazards(tmp_path: Path) -> None:
    files = {"proj/tasks.py": "import our_models.big\n"}
    assert findings(tmp_path, files) == {}
    (finding,) = findings(tmp_path, files, hazards="our_models").values()
    assert finding.subject == "our_models" and "it is in the project's list of hazards" in finding.text


def test_what_the_worker_does_not_load_is_silent(tmp_path: Path) -> None:
    assert findings(tmp_path, {"proj/server.py": "import torch\n"}) == {}


def test_a_pool_module_loaded_after_the_fork_is_silent(tmp_path: Path) -> None:
    celery = """\
        from celery import Celery
        from celery.signals import worker_process_init
        app = Celery("proj", include=["proj.tasks"])
        @worker_process_init.connect
        def prepare(**kwargs):
            import torch
        """
    assert findings(tmp_path, {"proj/celery.py": celery}) == {}


# --- FS102 ------------------------------------------------------------------------------------------------------

CHAIN = {
    "proj/tasks.py": "import json\nfrom proj.services import reports\n",
    "proj/services/__init__.py": "",
    "proj/services/reports.py": "from proj import frames\n",
    "proj/frames.py": "\nimport polars\n",
}


def test_every_import_on_the_way(tmp_path: Path) -> None:
    found = findings(tmp_path, CHAIN)
    assert found.keys() == {
        ("frames.py", 2, "FS101"),
        ("services/reports.py", 1, "FS102"),
        ("tasks.py", 2, "FS102"),
    }
    text = found["tasks.py", 2, "FS102"].text
    assert text.startswith("importing 'proj.services.reports' brings 'polars' before the worker forks")
    assert "proj.tasks → proj.services.reports → proj.frames:2" in text


def test_an_import_in_front_of_what_discovers_is_not_on_the_way(tmp_path: Path) -> None:
    files = {
        "proj/celery.py": "from proj.application import app\n",
        "proj/application.py": "from celery import Celery\napp = Celery('proj')\napp.autodiscover_tasks(['proj'])\n",
        "proj/tasks.py": "import torch\n",
    }
    assert findings(tmp_path, files, app="proj.celery").keys() == {("tasks.py", 1, "FS101")}


def test_a_deferred_import_ends_the_way(tmp_path: Path) -> None:
    reports = "def build():\n    from proj import frames\n"
    assert findings(tmp_path, {**CHAIN, "proj/services/reports.py": reports}) == {}


def test_a_doubtful_way_says_so(tmp_path: Path) -> None:
    reports = "import os\nif os.path.exists('frames'):\n    from proj import frames\n"
    found = findings(tmp_path, {**CHAIN, "proj/services/reports.py": reports})
    assert found["tasks.py", 2, "FS102"].text.startswith("importing 'proj.services.reports' may bring 'polars'")
    assert found["frames.py", 2, "FS101"].text.startswith("'polars' may be imported")


def test_several_hazards_are_listed(tmp_path: Path) -> None:
    frames = "".join(f"import {name}\n" for name in ("torch", "polars", "tensorflow", "jax", "sklearn", "spacy"))
    text = findings(tmp_path, {**CHAIN, "proj/frames.py": frames})["tasks.py", 2, "FS102"].text
    assert "brings 'torch', 'polars', 'tensorflow', 'jax' and 2 more before" in text


def test_an_accepted_hazard_needs_no_way(tmp_path: Path) -> None:
    assert findings(tmp_path, CHAIN, accept="polars") == {}


MODULE_HOOKS = {
    "an import": "def __getattr__(name):\n    from proj import heavy\n    return heavy.Memory\n",
    "an import of a computed name": """\
import importlib
WHERE = {"Memory": "proj.heavy"}
def __getattr__(name):
    if name in WHERE:
        return getattr(importlib.import_module(WHERE[name]), name)
    raise AttributeError(name)
""",
}


@pytest.mark.parametrize("name", MODULE_HOOKS)
def test_what_getattr_of_a_module_loads_is_loaded_by_the_import(tmp_path: Path, name: str) -> None:
    """``from package import Name`` asks ``__getattr__`` (PEP 562): that statement is what can be deferred."""
    files = {"proj/heavy.py": "import torch\nclass Memory: ...\n", "proj/memories.py": MODULE_HOOKS[name]}
    found = findings(tmp_path, {**files, "proj/tasks.py": "import os\nfrom proj.memories import Memory\n"})
    finding = found["tasks.py", 2, "FS102"]
    assert finding.subject == "proj.memories" and "importing 'proj.memories' brings 'torch'" in finding.text


@pytest.mark.parametrize("name", MODULE_HOOKS)
def test_getattr_of_a_module_that_is_not_asked(tmp_path: Path, name: str) -> None:
    files = {"proj/heavy.py": "import torch\nclass Memory: ...\n", "proj/memories.py": MODULE_HOOKS[name]}
    assert not findings(tmp_path, {**files, "proj/tasks.py": "import proj.memories\n"})


def test_the_advice_fits_an_import_inside_a_function_that_runs_before_the_fork(tmp_path: Path) -> None:
    """It is inside a function already; followed, the advice leaves no finding."""
    files = {
        "celery.py": "from celery import Celery\nfrom celery.signals import worker_init\napp = Celery('proj')\n"
                     "@worker_init.connect\ndef warm(**kwargs):\n    import proj.model\n",
        "model.py": "import torch\ndef use():\n    return torch.ones(1)\n",
    }  # fmt: skip
    found = findings(tmp_path, {f"proj/{name}": text for name, text in files.items()})
    assert found["celery.py", 6, "FS102"].instead == "in 'proj.model', import 'torch' inside functions only"
    assert found["model.py", 1, "FS101"].instead == "import it inside the function that uses it"
    followed = "def use():\n    import torch\n    return torch.ones(1)\n"
    assert findings(tmp_path, {"proj/celery.py": files["celery.py"], "proj/model.py": followed}) == {}
