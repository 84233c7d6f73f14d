"""What the project calls of Celery, against the Celery that is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import (
    imported_modules,
    names_of,
    plain,
    value_in,
    walk_program,
)

from flake8_forksafe.interpreter.values import options
from flake8_forksafe.library.celery import SIGNALS
from flake8_forksafe.library.celery_app import CeleryState
from flake8_forksafe.library.celery_tasks import TaskState


def test_the_signals_are_celerys() -> None:
    signals = pytest.importorskip("celery.signals")
    assert set(SIGNALS) >= set(signals.__all__)
    assert {name for name in SIGNALS if not hasattr(signals, name)} <= {"subtask_sent"}


def test_an_app_is_known_wherever_it_came_from(tmp_path: Path) -> None:
    program = (
        "from celery import Celery\nfrom celery.app.base import Celery as Other\n"
        "first = Celery('a')\nclass Own(Celery):\n    pass\nsecond = Own('b')\n"
        "third = Other()\n"
    )
    walk = walk_program(tmp_path, program)
    state = walk.state(CeleryState)
    assert [app.line for app in state.apps] == [3, 6, 7]
    assert state.app_of(names_of(walk)["second"]) is state.apps[1]


def test_settings_by_assignment_update_and_item(tmp_path: Path) -> None:
    program = """\
        from celery import Celery
        app = Celery()
        app.conf.worker_concurrency = 3
        app.conf.update(imports=["one"], CELERY_INCLUDE=["two"])
        app.conf["worker_pool"] = "solo"
        app.add_defaults({"task_always_eager": True})
        A = app.conf.worker_concurrency, app.conf.worker_pool, app.conf.task_always_eager
        """
    assert value_in(tmp_path, program) == (3, "solo", True)


def test_reading_a_setting_loads_the_configuration(tmp_path: Path) -> None:
    files = {
        "main.py": (
            "from celery import Celery\napp = Celery()\napp.config_from_object('conf')\n"
            "import early\nA = app.conf.worker_pool\n"
        ),
        "early.py": "",
        "conf.py": "worker_pool = 'threads'\n",
    }
    walk = walk_program(tmp_path, files)
    assert plain(names_of(walk)["A"]) == "threads"
    assert imported_modules(walk) == ["main", "celery", "early", "conf"]
    assert walk.recorder.steps_of["conf"] == "load_config"


def test_autodiscovery_is_lazy_unless_forced(tmp_path: Path) -> None:
    files = {
        "main.py": "from celery import Celery\napp = Celery()\napp.autodiscover_tasks(['shop'])\nimport late\n",
        "late.py": "",
        "shop/__init__.py": "",
        "shop/tasks.py": "",
    }
    assert "shop.tasks" not in imported_modules(walk_program(tmp_path, files))
    files["main.py"] = files["main.py"].replace("['shop']", "['shop'], force=True")
    assert imported_modules(walk_program(tmp_path, files)) == ["main", "celery", "shop", "shop.tasks", "late"]


def test_handlers_of_signals_are_connected(tmp_path: Path) -> None:
    program = """\
        from celery import Celery, signals
        app = Celery()
        @signals.worker_init.connect
        def one(**kwargs): pass
        @signals.worker_process_init.connect(weak=False)
        def two(**kwargs): pass
        signals.celeryd_init.connect(one)
        @app.on_after_configure.connect
        def three(sender, **kwargs): pass
        """
    walk = walk_program(tmp_path, program)
    state = walk.state(CeleryState)
    assert {name: len(found) for name, found in state.receivers.items()} == {
        "worker_init": 1,
        "worker_process_init": 1,
        "celeryd_init": 1,
    }
    assert list(state.apps[0].receivers) == ["on_after_configure"]


def test_tasks_are_noted_and_called_as_functions(tmp_path: Path) -> None:
    program = (
        "from celery import Celery, shared_task\napp = Celery()\n@app.task\ndef f():\n"
        "    return 1\n@shared_task(bind=True)\ndef g(self):\n    return 2\nA = f()\n"
    )
    walk = walk_program(tmp_path, program)
    assert walk.state(TaskState).modules == {"main"}
    assert plain(names_of(walk)["A"]) == 1


def test_the_current_app_is_the_last_one(tmp_path: Path) -> None:
    walk = walk_program(
        tmp_path, ("from celery import Celery, current_app as before\napp = Celery()\nfrom celery import current_app\n")
    )
    names = names_of(walk)
    assert names["current_app"] is names["app"]
    assert names["before"] is not names["app"]
    assert options(names["app"])
