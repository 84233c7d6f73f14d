"""The plan of a Celery worker, against the Celery that is installed."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from programs import boot_program

from flake8_forksafe.hosts.celery import AFTER_FORK, BEFORE_FORK, CELERY, IN_CHILDREN, WORKER_SETTINGS
from flake8_forksafe.hosts.host import HostStart, Launcher, boot

APP = "from celery import Celery\napp = Celery('proj')\n"


def test_the_signals_and_settings_are_celerys() -> None:
    signals = pytest.importorskip("celery.signals")
    defaults = pytest.importorskip("celery.app.defaults")
    assert [name for name in (*BEFORE_FORK, *AFTER_FORK, *IN_CHILDREN) if not hasattr(signals, name)] == []
    known = dict(defaults.flatten(defaults.NAMESPACES))
    assert [name for name in WORKER_SETTINGS if name not in known] == []


def test_celeryd_init_is_sent_before_worker_init() -> None:
    worker = pytest.importorskip("celery.apps.worker")
    source = inspect.getsource(worker.Worker)
    assert source.index("celeryd_init") < source.index("celeryd_after_setup")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from celery import Celery\napp = Celery()\n", 2),
        ("from celery import Celery\ncelery = Celery()\n", 2),
        ("from celery import Celery\nother = Celery()\n", 2),
        ("from celery import Celery\ndef make():\n    return Celery()\napp = make()\n", 3),
        ("x = 1\n", None),
    ],
)
def test_the_app_of_a_module(tmp_path: Path, source: str, found: int | None) -> None:
    walk = boot_program(tmp_path, {"proj/celery.py": source})
    booted = boot(walk, CELERY, HostStart("proj"))
    assert booted.app_place == (None if found is None else ("proj.celery", found))


@pytest.mark.parametrize(
    ("spec", "written", "found"),
    [
        ("proj.celery:missing", "", False),
        ("proj.celery:missing.part", "", False),
        ("proj.celery:missing", "missing = 1\n", True),
        ("proj.celery:missing", "def __getattr__(name): return 1\n", True),
        ("proj.celery:missing", "from library import *\n", True),
        ("proj.celery", "", True),
        ("proj.celery:app", "", True),
    ],
)
@pytest.mark.parametrize("by_option", [True, False])
def test_an_app_that_the_user_names_and_its_module_lacks(
    tmp_path: Path, spec: str, written: str, found: bool, by_option: bool
) -> None:
    """Another app of the project is taken only where the name may be bound, or where a file gives it."""
    walk = boot_program(tmp_path, {"proj/celery.py": APP + written})
    booted = boot(walk, CELERY, HostStart(spec, by_option=by_option))
    assert (booted.app_place == ("proj.celery", 2)) == (found or not by_option)


def test_what_the_project_sets_of_the_pool(tmp_path: Path) -> None:
    source = APP + "app.conf.worker_pool = 'threads'\napp.conf.worker_concurrency = compute()\n"
    walk = boot_program(tmp_path, {"proj/celery.py": source})
    assert boot(walk, CELERY, HostStart("proj")).project.conf == {"worker_pool": "threads"}


def test_a_setting_that_celery_does_not_read(tmp_path: Path) -> None:
    files = {
        "proj/celery.py": APP + "app.config_from_object('conf', namespace='CELERY')\n",
        "conf.py": "CELERY_BROKER_URL = 'x'\nCELERY_POOL = 'solo'\n",
    }
    walk = boot_program(tmp_path, files)
    (unread,) = boot(walk, CELERY, HostStart("proj")).project.unread
    assert (unread.name, unread.instead, unread.module, unread.line) == ("CELERY_POOL", "CELERY_WORKER_POOL", "conf", 2)


@pytest.mark.parametrize(
    ("given", "namespace", "unread"),
    [
        ("CELERY_POOL = 'solo'\n", "CELERY", ["CELERY_POOL"]),
        ("WORK_POOL = 'solo'\nCELERY_POOL = 'solo'\n", "WORK", ["WORK_POOL"]),
        ("CELERY_WORKER_POOL = 'solo'\n", "CELERY", []),
        ("CELERY_POOL = 'solo'\n", "", []),
    ],
)
@pytest.mark.parametrize("source", ["django.conf:settings", "conf"])
def test_settings_that_celery_does_not_read(
    tmp_path: Path, source: str, given: str, namespace: str, unread: list[str]
) -> None:
    files = {"proj/celery.py": APP + f"app.config_from_object({source!r}, namespace={namespace!r})\n", "conf.py": given}
    walk = boot_program(tmp_path, files, {"DJANGO_SETTINGS_MODULE": "conf"})
    assert [one.name for one in boot(walk, CELERY, HostStart("proj")).project.unread] == unread


def test_a_console_script_of_the_project_runs_first(tmp_path: Path) -> None:
    files = {"proj/celery.py": APP, "tool/__init__.py": "", "tool/cli.py": "def main():\n    import configured\n"}
    walk = boot_program(tmp_path, files)
    launcher = Launcher(("/venv/bin/tool", "worker"), "tool.cli:main", "worker")
    order = walk.recorder.order
    before = len(order)
    boot(walk, CELERY, HostStart("proj", launcher))
    assert order[before:] == ["tool", "tool.cli", "configured"]
    assert walk.recorder.steps_of["configured"] == "console script"


def test_sys_argv_in_each_launch_form() -> None:
    forms = CELERY.launch_forms("proj")
    assert list(forms) == ["celery -A proj worker", "python -m celery -A proj worker"]
    assert all(argv[1:] == ("-A", "proj", "worker") and "celery" not in argv for argv in forms.values())
