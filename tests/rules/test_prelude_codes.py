"""FS131 to FS134: the prelude is recognised by what it does, and by when."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from helpers import check, found_codes, write

NAMES = (
    "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
OBJC = "OBJC_DISABLE_INITIALIZE_FORK_SAFETY"
APP = "from celery import Celery\napp = Celery('proj', include=['proj.tasks'])\n"


def codes(root: Path, prelude: str, tasks: str = "import numpy\n", **options: object) -> list[tuple[str, int, str]]:
    """Findings about the prelude."""
    write(root, {"proj/__init__.py": "", "proj/tasks.py": tasks})
    (root / "proj/celery.py").write_text(textwrap.dedent(prelude) + APP)
    return sorted(place for place in found_codes(check(root, **options), root) if place[2].startswith("FS13"))


GOOD = {
    "loop over a tuple": f"import os\nfor n in {NAMES}:\n    os.environ[n] = '1'\nos.environ['{OBJC}'] = 'YES'\n",
    "dict and update": f"import os\nos.environ.update({ {**dict.fromkeys(NAMES, '1'), OBJC: 'YES'} })\n",
    "loop over a dict": f"""\
        from os import environ
        for name, value in { {**dict.fromkeys(NAMES, "1"), OBJC: "YES"} }.items():
            environ.setdefault(name, value)
        """,
    "update from keys": f"import os\nos.environ.update(dict.fromkeys({NAMES}, '1'))\nos.environ['{OBJC}'] = 'YES'\n",
    "union": f"import os\nos.environ |= { {**dict.fromkeys(NAMES, '1'), OBJC: 'YES'} }\n",
    "putenv": f"import os\nfor n in {NAMES}:\n    os.putenv(n, '1')\nos.putenv('{OBJC}', 'YES')\n",
    "threadpoolctl": "import threadpoolctl\nthreadpoolctl.threadpool_limits(limits=1)\n",
}


@pytest.mark.parametrize("name", GOOD)
def test_recognised(tmp_path: Path, name: str) -> None:
    assert codes(tmp_path, GOOD[name]) == []


def test_helper_in_another_module(tmp_path: Path) -> None:
    write(tmp_path, {"proj/prelude.py": f"import os\ndef apply(names=({', '.join(map(repr, NAMES))})):\n"
                     "    for name in names:\n        os.environ[name] = '1'\n"})  # fmt: skip
    assert codes(tmp_path, "from proj.prelude import apply\napply()\n", platform="linux") == []


def test_module_whose_job_it_is(tmp_path: Path) -> None:
    write(tmp_path, {"proj/single.py": f"import os\nfor n in {NAMES}:\n    os.environ[n] = '1'\n"})
    assert codes(tmp_path, "import proj.single\n", platform="linux") == []


def test_missing(tmp_path: Path) -> None:
    assert codes(tmp_path, "") == [("proj/celery.py", 2, "FS131")]


def test_nothing_heavy_needs_no_prelude(tmp_path: Path) -> None:
    assert codes(tmp_path, "", tasks="import litellm\n") == []
    assert codes(tmp_path, "", tasks="def task():\n    import litellm\n") == []


LATER = {
    "in a task": {"proj/tasks.py": "def task():\n    import torch\n"},
    "from": {"proj/tasks.py": "def task():\n    from torch.nn import (\n        Linear,\n    )\n"},
    "on one line": {"proj/tasks.py": "def task(): import torch\n"},
    "in a method": {"proj/tasks.py": "class Task:\n    def run(self):\n        if self.x:\n            import torch\n"},
    "by name": {"proj/tasks.py": "import importlib\ndef task():\n    importlib.import_module('torch')\n"},
    "what a task imports": {
        "proj/tasks.py": "def task():\n    from proj.ai import embed\n", "proj/ai.py": "import torch\n",
    },
    "what that imports": {
        "proj/tasks.py": "from proj import search\n",
        "proj/search.py": "def find():\n    from . import ai\n",
        "proj/ai/__init__.py": "from proj.ai.models import load\n",
        "proj/ai/models.py": "def load():\n    import torch\n",
    },
    "a handler of the children": {
        "proj/tasks.py": "from celery.signals import worker_process_init\n"
        "@worker_process_init.connect\ndef start(**kwargs):\n    import torch\n",
    },
    "what brings it": {"proj/tasks.py": "def task():\n    import sentence_transformers\n"},
}  # fmt: skip
"""Where only the children load a package."""


@pytest.mark.parametrize("name", LATER)
def test_missing_for_the_children(tmp_path: Path, name: str) -> None:
    write(tmp_path, LATER[name])
    tasks = LATER[name]["proj/tasks.py"]
    assert codes(tmp_path, "", tasks) == [("proj/celery.py", 2, "FS131")]
    (finding,) = [one for one in check(tmp_path).findings if one.code == "FS131"]
    assert ": each child that imports '" in finding.what and "parent can hang them all" in finding.what
    assert OBJC not in finding.text
    prelude = "".join(f"os.environ['{variable}'] = '1'\n" for variable in NAMES)
    assert codes(tmp_path, f"import os\n{prelude}", tasks) == []
    part = "os.environ['OMP_NUM_THREADS'] = '1'\n"
    assert codes(tmp_path, f"import os\n{part}", tasks) == [("proj/celery.py", 2, "FS132")]
    for chosen in ("parent", "off"):
        assert not [one for one in check(tmp_path, prelude=chosen).findings if one.code.startswith("FS13")]


def test_off_is_for_the_parent_too(tmp_path: Path) -> None:
    codes(tmp_path, "")
    found = {chosen: [one.code for one in check(tmp_path, prelude=chosen).findings] for chosen in ("parent", "off")}
    assert found == {"parent": ["FS131", "FS101"], "off": ["FS101"]}


NOT_LATER = {
    "docstring": "def task():\n    '''\n    import torch\n    '''\n",
    "annotations": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\ndef task(): pass\n",
    "limited there": "def task():\n    import torch\n    torch.set_num_threads(1)\n",
    "set there": "def task():\n    import os\n    os.environ['OMP_NUM_THREADS'] = '1'\n    import torch\n",
    "as a program": "def task():\n    from proj import ai\n",
    "never": "import sys\nif 'runserver' in sys.argv:\n    import torch\n",
}


@pytest.mark.parametrize("name", NOT_LATER)
def test_nothing_missing_for_the_children(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"proj/ai.py": "if __name__ == '__main__':\n    import torch\n", "proj/other.py": "import torch\n"})
    assert codes(tmp_path, "", NOT_LATER[name]) == []


def test_children_that_are_told_by_a_handler_of_theirs(tmp_path: Path) -> None:
    prelude = (
        "import os\nfrom celery.signals import worker_process_init\n@worker_process_init.connect\n"
        f"def limit(**kwargs):\n    for name in {NAMES}:\n        os.environ[name] = '1'\n"
    )
    assert codes(tmp_path, prelude, "def task():\n    import torch\n") == []


def test_views_are_not_what_tasks_call(tmp_path: Path) -> None:
    write(tmp_path, {
        "proj/settings.py": "INSTALLED_APPS = []\nROOT_URLCONF = 'proj.urls'\n",
        "proj/urls.py": "from proj import views\nurlpatterns = []\n",
        "proj/views.py": "def export(request):\n    import pandas\n",
    })  # fmt: skip
    prelude = "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'proj.settings'\n"
    assert codes(tmp_path, prelude, "def task(): pass\n") == []
    assert codes(tmp_path, prelude, "def task():\n    from proj.views import export\n")[0][2] == "FS131"


def test_the_number_of_children(tmp_path: Path) -> None:
    write(tmp_path, {"Procfile": "worker: celery -A proj worker -c 6\n"})
    codes(tmp_path, "", "def task():\n    import torch\n")
    (finding,) = [one for one in check(tmp_path).findings if one.code == "FS131"]
    assert "each of the 6 children that imports 'torch', as tasks.py:2 may, starts" in finding.what


def test_incomplete_names_what_is_missing(tmp_path: Path) -> None:
    prelude = "import os\nos.environ['OMP_NUM_THREADS'] = '1'\nos.environ['MKL_NUM_THREADS'] = '1'\n"
    assert codes(tmp_path, prelude) == [("proj/celery.py", 2, "FS132")]
    (finding,) = [f for f in check(tmp_path).findings if f.code == "FS132"]
    assert f"OPENBLAS_NUM_THREADS, NUMEXPR_NUM_THREADS, VECLIB_MAXIMUM_THREADS, {OBJC}" in finding.text
    assert finding.instead == (
        'set OPENBLAS_NUM_THREADS, NUMEXPR_NUM_THREADS, VECLIB_MAXIMUM_THREADS to "1" beside the others; '
        f"on macOS, set {OBJC}=YES in the environment that starts the worker"
    )


def test_advice_for_macos_names_the_environment_not_the_module(tmp_path: Path) -> None:
    codes(tmp_path, "")
    (finding,) = [f for f in check(tmp_path).findings if f.code == "FS131"]
    at_the_top, _, elsewhere = finding.instead.partition("; on macOS, ")
    assert OBJC not in at_the_top and elsewhere == f"set {OBJC}=YES in the environment that starts the worker"
    (finding,) = [f for f in check(tmp_path, platform="linux").findings if f.code == "FS131"]
    assert OBJC not in finding.text


def test_platform_decides_about_objective_c(tmp_path: Path) -> None:
    prelude = f"import os\nfor n in {NAMES}:\n    os.environ[n] = '1'\n"
    assert codes(tmp_path, prelude) == [("proj/celery.py", 3, "FS132")]
    assert codes(tmp_path, prelude, platform="linux") == []


def test_late_names_what_came_before(tmp_path: Path) -> None:
    prelude = f"import numpy\nimport os\nfor n in {NAMES}:\n    os.environ[n] = '1'\n"
    assert codes(tmp_path, prelude, platform="linux") == [("proj/celery.py", 4, "FS133")]
    (finding,) = [f for f in check(tmp_path, platform="linux").findings if f.code == "FS133"]
    assert "'numpy' was imported before it" in finding.text


def test_package_init_runs_before(tmp_path: Path) -> None:
    prelude = f"import os\nfor n in {NAMES}:\n    os.environ[n] = '1'\n"
    codes(tmp_path, prelude)
    write(tmp_path, {"proj/__init__.py": "from proj import early\n", "proj/early.py": "import scipy\n"})
    (finding,) = [f for f in check(tmp_path, platform="linux").findings if f.code == "FS133"]
    assert "'scipy'" in finding.text and "proj.early" in finding.text


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("os.environ['OMP_NUM_THREADS'] = '0'", "FS134"),
        ("os.environ['OMP_NUM_THREADS'] = '4'", "FS134"),
        ("os.environ['OMP_NUM_THREADS'] = 1", "FS134"),
        (f"os.environ['{OBJC}'] = '1'", "FS134"),
        ("os.environ['GRPC_ENABLE_FORK_SUPPORT'] = '0'", "FS134"),
        ("os.environ['OMP_NUM_THREADS'] = '1'", ""),
        (f"os.environ['{OBJC}'] = 'YES'", ""),
        ("os.environ['GRPC_ENABLE_FORK_SUPPORT'] = '1'", ""),
        ("os.environ['OMP_NUM_THREADS'] = compute()", ""),
        ("os.environ['SOMETHING_ELSE'] = '0'", ""),
    ],
)
def test_values(tmp_path: Path, line: str, code: str) -> None:
    found = [c for _, number, c in codes(tmp_path, f"import os\n{line}\n") if c == "FS134" and number == 2]
    assert found == ([code] if code else [])


def test_set_num_threads_is_a_prelude_for_torch(tmp_path: Path) -> None:
    assert codes(tmp_path, "", tasks="import torch\ntorch.set_num_threads(1)\n") == []
    assert codes(tmp_path, "", tasks="import torch\ntorch.set_num_threads(4)\n") != []


COMPOSE = """\
services:
  worker:
    command: celery -A proj worker
    environment:
"""


def test_launch_environment_counts(tmp_path: Path) -> None:
    lines = "".join(f"      {name}: '1'\n" for name in NAMES) + f"      {OBJC}: 'YES'\n"
    write(tmp_path, {"compose.yaml": COMPOSE + lines})
    assert codes(tmp_path, "") == []
    assert codes(tmp_path, "", require_prelude=True) == [("proj/celery.py", 2, "FS131")]


def test_trust_prelude(tmp_path: Path) -> None:
    prelude = f"import os\nfor n in {NAMES}:\n    os.environ[n] = '1'\n"
    codes(tmp_path, prelude, tasks="import numpy\nimport polars\n")
    options: dict[str, object] = {"platform": "linux", "trust_prelude": True}
    assert found_codes(check(tmp_path, **options), tmp_path) == {("proj/tasks.py", 2, "FS101")}
    codes(tmp_path, "import numpy\n" + prelude)
    assert ("proj/celery.py", 1, "FS101") in found_codes(check(tmp_path, **options), tmp_path)
