"""Gates around warm-ups: what a really started worker did, in both launch forms, is what the evaluator said."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

import pytest
from helpers import check, write
from running import happens, running

from flake8_forksafe.hosts.celery import launch_forms
from flake8_forksafe.rules.warm_ups import warm_up_runs

GATES = {
    "plain": "warm(N)",
    "copied": 'is_worker = "celery" in sys.argv and "worker" in sys.argv\nif not is_worker:\n    warm(N)',
    "worker": 'if "worker" not in sys.argv:\n    warm(N)',
    "path": 'if "celery" not in sys.argv[0]:\n    warm(N)',
    "basename": 'if os.path.basename(sys.argv[0]) != "celery":\n    warm(N)',
    "any": 'if not any("celery" in argument for argument in sys.argv):\n    warm(N)',
    "endswith": 'if not sys.argv[0].endswith("celery"):\n    warm(N)',
    "exact": 'if sys.argv[0] != "celery":\n    warm(N)',
    "slice": 'if sys.argv[1:2] == ["worker"]:\n    return\nwarm(N)',
    "index": (
        'try:\n    found = sys.argv[1] == "worker"\nexcept IndexError:\n    found = False\nif not found:\n    warm(N)'
    ),
    "early return": 'if "celery" in sys.argv:\n    return\nwarm(N)',
    "early return that holds": 'if "worker" in sys.argv:\n    return\nwarm(N)',
    "helper": "if not is_celery_worker():\n    warm(N)",
    "inverted": 'if "worker" in sys.argv:\n    warm(N)',
    "cached property": "if self.in_server:\n    warm(N)",
    "runserver": 'if "runserver" in sys.argv:\n    warm(N)',
    "argument": 'if len(sys.argv) > 1 and sys.argv[1] == "runserver":\n    warm(N)',
    "manage": 'if sys.argv[0].endswith("manage.py"):\n    warm(N)',
    "environment": 'if os.environ.get("PRELOAD"):\n    warm(N)',
    "main": 'if os.environ.get("RUN_MAIN") == "true":\n    warm(N)',
    "debug": "if settings.DEBUG:\n    warm(N)",
    "not debug": "if not settings.DEBUG:\n    warm(N)",
    "conditional": 'warm(N) if "celery" not in sys.argv else None',
    "short circuit": '"worker" in sys.argv or warm(N)',
    "joined": 'if "celery worker" not in " ".join(sys.argv):\n    warm(N)',
    "end": "warm(N)",
}
APPS = """\
import os
import sys
from functools import cached_property
from django.apps import AppConfig
from django.conf import settings
from proj.helpers import is_celery_worker, warm

N = {name!r}


class Config(AppConfig):
    name = {module!r}

    @cached_property
    def in_server(self):
        return "celery" not in sys.argv[0]

    def ready(self):
"""
HELPERS = """\
import os
import sys


def is_celery_worker():
    def named(argument):
        return argument.endswith("celery") or argument.endswith("celery/__main__.py")
    return any(named(argument) for argument in sys.argv)


def warm(name):
    with open(os.environ["WARMED"], "a") as stream:
        stream.write(name + "\\n")
"""


def make_project(root: Path) -> Path:
    """A project with one app for each gate."""
    modules = {name: f"gate{index}" for index, name in enumerate(GATES)}
    files = {
        "pyproject.toml": "",
        "proj/__init__.py": "",
        "proj/helpers.py": HELPERS,
        "proj/settings.py": f"SECRET_KEY = 'x'\nDEBUG = False\nINSTALLED_APPS = {list(modules.values())!r}\n"
        "CELERY_BROKER_URL = 'memory://'\n",
        "proj/celery.py": "import os\nfrom celery import Celery\n"
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\napp = Celery('proj')\n"
        "app.config_from_object('django.conf:settings', namespace='CELERY')\napp.autodiscover_tasks()\n",
    }
    for name, module in modules.items():
        body = textwrap.indent(GATES[name], " " * 8)
        files[f"{module}/__init__.py"] = ""
        files[f"{module}/apps.py"] = APPS.format(name=name, module=module) + body + "\n"
    return write(root, files)


def warmed_for_real(root: Path, command: list[str]) -> set[str]:
    """What a worker warms up before its pool is there."""
    log = root / "warmed"
    log.write_text("")
    environ = {**os.environ, "WARMED": str(log), "PYTHONPATH": str(root)}
    for name in ("PRELOAD", "RUN_MAIN", "DJANGO_SETTINGS_MODULE"):
        environ.pop(name, None)
    with running([*command, "-A", "proj", "worker", "-c", "1"], root, environ) as worker:
        happens(lambda: "end" in log.read_text().split("\n"), worker)
    return {line for line in log.read_text().split("\n") if line}


@pytest.mark.slow
def test_the_evaluator_says_what_real_workers_do(tmp_path: Path) -> None:
    root = make_project(tmp_path)
    celery = os.path.join(os.path.dirname(sys.executable), "celery")
    (trace,) = check(root, warm_ups=["proj.helpers.warm"]).traces
    names = {f"gate{index}": name for index, name in enumerate(GATES)}
    commands = ([celery], [sys.executable, "-m", "celery"])
    for form, command in zip(launch_forms(trace.launch.app), commands, strict=True):
        runs = list(warm_up_runs(trace.variants[form]))
        sure = {names[run.entry.module.partition(".")[0]] for run in runs if run.sure}
        possible = {names[run.entry.module.partition(".")[0]] for run in runs}
        real = warmed_for_real(root, command)
        assert "end" in real, "the worker did not get that far"
        assert sure <= real <= possible, form
        assert possible - sure == {"environment"}, "nothing else is unknown"


def test_the_verdicts(tmp_path: Path) -> None:
    (trace,) = check(make_project(tmp_path), warm_ups=["proj.helpers.warm"]).traces
    names = {f"gate{index}": name for index, name in enumerate(GATES)}
    console, module = (
        {names[run.entry.module.partition(".")[0]] for run in warm_up_runs(trace.variants[form]) if run.sure}
        for form in launch_forms(trace.launch.app)
    )
    everywhere = {"plain", "copied", "exact", "slice", "index", "early return", "inverted", "not debug", "conditional"}
    assert console == everywhere | {"joined", "end"}
    assert module == console | {"basename", "endswith"}
