"""Makefiles, justfiles, and what hosting platforms read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import check, found_codes, write

from flake8_forksafe.deployment.model import WorkerLaunch
from flake8_forksafe.deployment.repository import find_launches
from flake8_forksafe.project.disk import Disk

MAKE = """\
CELERY = uv run celery
APP ?= proj   # the app
export LEVEL := info

.PHONY: worker
worker: migrate
\t@echo "celery -A no worker"
\t$(CELERY) -A ${APP} worker \\
\t\t-l $(LEVEL) -c 3 -P solo

migrate:
\tpython manage.py migrate
other: ; true
"""
JUST = """\
app := "proj"

# runs it
@worker level="info": build
    celery -A {{app}} worker -l {{ level }} -c 3 -P solo

build:
    true
"""
FLY = """\
app = "x"
[env]
CELERY_WORKER_CONCURRENCY = 5
[processes]
web = "gunicorn proj.wsgi"
worker = "celery -A proj worker -c 3 -P solo"
[[vm]]
memory = "1gb"
processes = ["web"]
[[vm]]
memory = "512mb"
processes = ["worker"]
"""
RENDER = """\
services:
  - type: worker
    name: jobs
    rootDir: back
    startCommand: "celery -A proj worker -c 3 -P solo"
    envVars:
      - key: DJANGO_SETTINGS_MODULE
        value: proj.production
      - key: SECRET
        sync: false
  - type: web
    startCommand: gunicorn proj.wsgi
"""
ECS = json.dumps({
    "family": "x", "memory": "2048",
    "containerDefinitions": [
        {"name": "web", "command": ["gunicorn", "proj.wsgi"]},
        {"name": "worker", "command": ["celery", "-A", "proj", "worker", "-c", "3", "-P", "solo"], "memory": 512,
         "environment": [{"name": "A", "value": "b"}]},
    ],
}, indent=1)  # fmt: skip
FORMATS = {
    "Makefile": (MAKE, "make", "worker", 8, None),
    "tools.mk": (MAKE, "make", "worker", 8, None),
    "justfile": (JUST, "just", "worker", 5, None),
    "fly.toml": (FLY, "fly", "worker", 6, 512),
    "fly.production.toml": (FLY, "fly", "worker", 6, 512),
    "render.yaml": (RENDER, "render", "jobs", 5, None),
    "ecs-task.json": (ECS, "ecs", "worker", 22, 512),
}


def launches(root: Path) -> tuple[WorkerLaunch, ...]:
    return find_launches(Disk(), str(root)).launches


@pytest.mark.parametrize("name", FORMATS)
def test_a_worker(tmp_path: Path, name: str) -> None:
    text, kind, process, line, memory = FORMATS[name]
    write(tmp_path, {name: text})
    (launch,) = launches(tmp_path)
    assert (launch.app, launch.kind, launch.name, launch.line) == ("proj", kind, process, line)
    assert (launch.concurrency, launch.pool, launch.memory_mb) == ("3", "solo", memory)


def test_environments(tmp_path: Path) -> None:
    write(tmp_path, {"fly.toml": FLY})
    assert dict(launches(tmp_path)[0].environ) == {"CELERY_WORKER_CONCURRENCY": "5"}
    write(tmp_path / "r", {"render.yaml": RENDER, "back/x.txt": ""})
    (launch,) = launches(tmp_path / "r")
    assert dict(launch.environ) == {"DJANGO_SETTINGS_MODULE": "proj.production"}
    assert launch.directory == str(tmp_path / "r" / "back")


@pytest.mark.parametrize("name", FORMATS)
def test_a_worker_that_does_not_fork(tmp_path: Path, name: str) -> None:
    app = 'from celery import Celery\napp = Celery("proj")\nimport torch\n'
    text = FORMATS[name][0]
    write(tmp_path, {name: text, "proj/__init__.py": "", "proj/celery.py": app, "back/x.txt": ""})
    assert "FS101" not in {code for _, _, code in found_codes(check(tmp_path), tmp_path)}
    write(tmp_path, {name: text.replace("-P solo", "-P prefork").replace('"solo"', '"prefork"')})
    assert "FS101" in {code for _, _, code in found_codes(check(tmp_path), tmp_path)}


BROKEN = {
    "fly.toml": "[processes\nworker = celery",
    "render.yaml": "services: [celery\n",
    "ecs-task.json": '{"containerDefinitions": [celery',
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_told(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: BROKEN[name]})
    found = find_launches(Disk(), str(tmp_path))
    assert not found.launches and [Path(trouble.path).name for trouble in found.troubles] == [name]


ODD = {
    "Makefile": "\tcelery -A early worker\nX = $(Y)\nY = $(X)\nw:\n\tcelery -A $(X) worker $$N\n\\",
    "justfile": "    celery\nw:\n    celery -A {{nothing}} worker",
    "fly.toml": 'processes = "celery"\nenv = 1\nvm = {}\n',
    "render.yaml": "services:\n  - celery\n  - startCommand: [a]\n",
    "ecs-task.json": '{"containerDefinitions": [1, {"command": [1]}, {"command": "celery"}]}',
}


@pytest.mark.parametrize("name", ODD)
def test_odd_files_do_no_harm(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: ODD[name]})
    assert all(launch.app in (None, "$X", "${X}", "{{nothing}}") for launch in launches(tmp_path))
