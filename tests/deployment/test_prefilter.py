"""The first look: nothing that the readers of deployment files would read is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.deployment.prefilter import may_deploy, may_start_host
from flake8_forksafe.deployment.process_formats import PROCESS_FORMATS, ProcessFormat
from flake8_forksafe.deployment.repository import _kind
from flake8_forksafe.project.disk import Disk

NAMES = (
    "compose.yml", "x.YAML", "Dockerfile", "Dockerfile.web", "web.Dockerfile", "Containerfile", "Procfile",
    "Procfile.dev", "supervisord.conf", "uwsgi.ini", "web.service", "Makefile", "GNUmakefile",
    "a.mk", "justfile", ".justfile",
    "x.just", "fly.toml", "fly.web.toml", "render.yaml", "task-definition.json", "MyTaskDef.json", "ecs.json", "run",
    "entry.sh", "entry.bash", "tox.ini", "Taskfile.yml", "pyproject.toml", "Pipfile", "package.json",
    "devcontainer.json", "tasks.json", "launch.json",
    "supervisord.conf.jnj", "compose.yaml.tmpl", "a.txt", "b.html", "c.md", "d.toml", "e.json",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_what_is_read_is_looked_at(name: str) -> None:
    assert may_deploy(name) or _kind(name) is None


@pytest.mark.parametrize("form", PROCESS_FORMATS, ids=lambda form: form.kind)
def test_every_format_is_looked_at(form: ProcessFormat) -> None:
    named = [name for name in NAMES if form.is_named(name)]
    assert named and all(map(may_deploy, named))


@pytest.mark.parametrize(
    ("files", "worth"),
    [
        ({"a.py": "import celery\n"}, True),
        ({"a.py": "", "Procfile": "web: gunicorn a\n"}, False),
        ({"a.py": "", "Procfile": "web: gunicorn --preload a\n"}, True),
        ({"a.py": "", "Procfile": "web: gunicorn a\n", "gunicorn.conf.py": ""}, True),
        ({"a.py": "", "run": "#!/bin/sh\n./manage.py qcluster\n"}, True),
        ({"a.py": "", "README.md": "gunicorn --preload a\n"}, False),
    ],
)
def test_what_is_worth_an_analysis(tmp_path: Path, files: dict[str, str], worth: bool) -> None:
    root = str(write(tmp_path, files))
    assert may_start_host(Disk(), root, root) is worth


def test_files_of_the_repository_around_count(tmp_path: Path) -> None:
    write(tmp_path, {"a/app.py": "", "Procfile": "web: gunicorn --preload --chdir a app\n"})
    assert [may_start_host(Disk(), str(tmp_path / "a"), str(around)) for around in (tmp_path / "a", tmp_path)] == [
        False, True,
    ]  # fmt: skip
