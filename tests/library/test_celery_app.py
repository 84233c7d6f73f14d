"""Settings of Celery apps by their new and old names, against the Celery that is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import import_in, make_walk, write
from programs import plain, walk_program

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Module
from flake8_forksafe.library.celery_app import CeleryState, _old_names
from flake8_forksafe.library.celery_boot import load_config
from flake8_forksafe.project.layout import FoundModule


def setting(root: Path, name: str, config: str, call: str = "app.config_from_object('conf')") -> object:
    source = f"from celery import Celery\napp = Celery()\n{call}\n"
    walk = make_walk(write(root, {"main.py": source, "conf.py": config}))
    import_in(walk, "main")
    app = walk.state(CeleryState).apps[0]
    frame = Frame(
        Module(FoundModule("", None, False, (), "first-party")), Node("", "worker"), "function", walk.journal.certain
    )
    load_config(walk, app, frame)
    value = app.setting(name, frame, walk)
    return None if value is None else plain(value)


@pytest.mark.parametrize("name", ["worker_concurrency", "worker_pool", "worker_max_tasks_per_child"])
def test_the_old_names_are_celerys(name: str) -> None:
    defaults = pytest.importorskip("celery.app.defaults")
    assert defaults._TO_OLD_KEY[name] in set(_old_names(name))


@pytest.mark.parametrize(
    ("config", "call", "found"),
    [
        ("worker_pool = 'solo'\n", "app.config_from_object('conf')", "solo"),
        ("CELERYD_POOL = 'solo'\n", "app.config_from_object('conf')", "solo"),
        ("CELERY_WORKER_POOL = 'solo'\n", "app.config_from_object('conf', namespace='CELERY')", "solo"),
        ("CELERY_WORKER_POOL = 'solo'\n", "app.config_from_object('conf', namespace='SHOP')", None),
        ("class Config:\n    worker_pool = 'solo'\n", "app.config_from_object('conf:Config')", "solo"),
        ("", "app.config_from_object({'worker_pool': 'solo'})", "solo"),
        ("worker_pool = 'solo'\n", "app.config_from_object('conf'); app.conf.worker_pool = 'threads'", "threads"),
    ],
)
def test_where_a_setting_comes_from(tmp_path: Path, config: str, call: str, found: object) -> None:
    assert setting(tmp_path, "worker_pool", config, call) == found


def test_what_is_given_to_the_constructor_counts(tmp_path: Path) -> None:
    walk = walk_program(
        tmp_path, ("from celery import Celery\napp = Celery(include=['one'], changes={'worker_pool': 'solo'})\n")
    )
    app = walk.state(CeleryState).apps[0]
    assert plain(app.setting("include", app.frame, walk)) == ["one"]
    assert plain(app.setting("worker_pool", app.frame, walk)) == "solo"
    assert app.setting("imports", app.frame, walk) is None
