"""The traced position of the prelude is the real one: FS133 is decided by order, so the order must be CPython's.

Each project is booted twice: traced, and imported by a real interpreter, as Celery's worker does it
(``find_app``, then ``import_default_modules``), with a recorder of imports and of variables that are set.  Heavy
packages are tiny modules on a path of the test's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.rules.prelude import THREADS

pytestmark = pytest.mark.slow

HEAVY = ("numpy", "scipy", "torch")
APP = "from celery import Celery\napp = Celery('proj', include=['proj.tasks'])\n"
PRELUDE = f"import os\nfor variable in {THREADS}:\n    os.environ[variable] = '1'\n"

RECORDER = """
import json, os, sys

events, wanted = [], set(json.loads(sys.argv[1]))
sys.path[:0] = json.loads(sys.argv[2])


class Recorder:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in wanted:
            events.append(name)


def hook(event, arguments):
    if event == "os.putenv":
        name = os.fsdecode(arguments[0])
        if name.endswith("_THREADS"):
            events.append(name)


sys.meta_path.insert(0, Recorder())
sys.addaudithook(hook)
from celery.app.utils import find_app

find_app("proj").loader.import_default_modules()
json.dump(events, sys.stdout)
"""

PROJECTS = {
    "in time, in the module of the app": (False, {
        "proj/celery.py": PRELUDE + APP,
        "proj/tasks.py": "import numpy\n",
    }),
    "too late: the package imports something heavy": (True, {
        "proj/__init__.py": "from proj import early\n",
        "proj/early.py": "import scipy\n",
        "proj/celery.py": PRELUDE + APP,
        "proj/tasks.py": "import numpy\n",
    }),
    "in time: a helper that the package calls before it imports anything": (False, {
        "proj/__init__.py": "from proj.single import limit\nlimit()\nfrom proj import early\n",
        "proj/single.py": f"import os\ndef limit(value='1'):\n    os.environ.update(dict.fromkeys({THREADS}, value))\n",
        "proj/early.py": "import scipy\nfrom torch import nn\n",
        "proj/celery.py": APP,
        "proj/tasks.py": "def work():\n    import numpy\n",
    }),
    "too late: a cycle runs the tasks first": (True, {
        "proj/__init__.py": "",
        "proj/celery.py": "from proj import tasks\n" + PRELUDE + APP,
        "proj/tasks.py": "from proj.models import Book\nfrom proj import celery\n",
        "proj/models.py": "try:\n    import missing_accelerator\nexcept ImportError:\n    import torch.nn\n"
                          "class Book: ...\n",
    }),
    "too late for one of two: the first tasks are heavy, the prelude stands in the second": (True, {
        "proj/celery.py": "from celery import Celery\napp = Celery('proj', include=['proj.first', 'proj.second'])\n",
        "proj/first.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import scipy\nimport numpy\n",
        "proj/second.py": PRELUDE + "import torch\n",
    }),
}  # fmt: skip
"""Whether the prelude comes too late, and the project's files."""


def install(root: Path) -> Path:
    """Heavy packages that weigh nothing."""
    return write(root / "packages", {f"{name}/__init__.py": "" for name in HEAVY} | {"torch/nn.py": ""})


def shown(name: str) -> str:
    """The trace knows heavy packages as a whole: it does not look into them."""
    top = name.partition(".")[0]
    return top if top in HEAVY else name


def recorded(project: Path, packages: Path) -> list[str]:
    """Modules and variables in the order in which a real interpreter loads and sets them."""
    paths = json.dumps([str(project), str(packages)])
    kept = {name: value for name, value in os.environ.items() if name not in THREADS}
    done = subprocess.run(
        [sys.executable, "-c", RECORDER, json.dumps(["proj", *HEAVY]), paths],
        cwd=project, capture_output=True, text=True, env=kept,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    events: list[str] = json.loads(done.stdout)
    return list(dict.fromkeys(map(shown, events)))


def traced(project: Path) -> tuple[list[str], bool]:
    """The same by the trace, and whether FS133 is reported."""
    report = check(project, platform="linux")
    (trace,) = report.traces
    wanted = {"proj", *HEAVY}
    events = [(index, 1, name) for index, name in enumerate(trace.loaded) if name.partition(".")[0] in wanted]
    events += [(setting.position, 0, setting.name) for setting in trace.settings_made if setting.name in THREADS]
    ordered = [name for _, _, name in sorted(events, key=lambda event: event[:2])]
    return list(dict.fromkeys(map(shown, ordered))), any(finding.code == "FS133" for finding in report.findings)


@pytest.mark.parametrize("name", PROJECTS)
def test_the_prelude_stands_where_a_real_interpreter_meets_it(tmp_path: Path, name: str) -> None:
    late, files = PROJECTS[name]
    packages = install(tmp_path)
    project = write(tmp_path / "project", {"pyproject.toml": "", "proj/__init__.py": "", **files})
    real = recorded(project, packages)
    ours, reported = traced(project)
    assert ours == real

    first_heavy = next(index for index, event in enumerate(real) if event in HEAVY)
    first_set = next(index for index, event in enumerate(real) if event in THREADS)
    assert (first_set > first_heavy) is late
    assert reported is late
