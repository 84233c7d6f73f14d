"""Workers that stand in tables of scripts, in tox, Taskfiles, workflows and development containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from flake8_forksafe.analysis import analyse
from flake8_forksafe.settings import Settings

APP = 'from celery import Celery\napp = Celery("proj")\n@app.task\ndef f(): pass\n'
COMMAND = "celery -A proj worker --pool solo"

TABLES = {
    "poe": ("pyproject.toml", f'[tool.poe.tasks]\nworker = "{COMMAND}"\n', 2),
    "poe, a table": ("pyproject.toml", f'[tool.poe.tasks.worker]\ncmd = "{COMMAND}"\n', 2),
    "pdm": ("pyproject.toml", f'[tool.pdm.scripts]\nworker = {{cmd = "{COMMAND}"}}\n', 2),
    "taskipy": ("pyproject.toml", f'[tool.taskipy.tasks]\nworker = "{COMMAND}"\n', 2),
    "hatch": ("pyproject.toml", f'[tool.hatch.envs.default.scripts]\nworker = ["{COMMAND}"]\n', 2),
    "Pipfile": ("Pipfile", f'[scripts]\nworker = "{COMMAND}"\n', 2),
    "package.json": ("package.json", f'{{\n"scripts": {{\n"worker": "cd . && {COMMAND}"}}}}', 3),
    "tox": ("tox.ini", f"[testenv:worker]\ncommands =\n    {COMMAND}\n", 3),
    "Taskfile": ("Taskfile.yml", f"tasks:\n  worker:\n    cmds:\n      - {COMMAND}\n", 4),
    "Taskfile, with env": (
        "Taskfile.yaml", "tasks:\n  w:\n    env: {P: solo}\n    cmds:\n      - cmd: celery -A proj worker -P $P\n", 5),
    "workflow": (".github/workflows/ci.yml", f"on: push\njobs:\n  t:\n    steps:\n      - run: {COMMAND} &\n", 5),
    "development container": (".devcontainer/devcontainer.json", f'{{"postStartCommand": "{COMMAND}"}}', 1),
}  # fmt: skip


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize("name", TABLES)
def test_command(tmp_path: Path, name: str) -> None:
    path, text, line = TABLES[name]
    write(tmp_path, {"proj.py": APP, path: text})
    (trace,) = analyse(Settings(str(tmp_path))).traces
    assert [(Path(one.path).relative_to(tmp_path).as_posix(), one.line) for one in trace.starts] == [(path, line)]
    assert not trace.forks


def test_workflow_counts_only_where_nothing_else_starts(tmp_path: Path) -> None:
    """What tests start is no launch beside that of a deployment."""
    path, text, _ = TABLES["workflow"]
    write(tmp_path, {"proj.py": APP, path: text, "Procfile": "worker: celery -A proj worker\n"})
    (trace,) = analyse(Settings(str(tmp_path))).traces
    assert [Path(one.path).name for one in trace.starts] == ["Procfile"]
    assert trace.forks


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("pyproject.toml", "[tool.poe.tasks\ncelery worker", id="no TOML"),
        pytest.param("package.json", '{"scripts": ["celery worker"]', id="no JSON"),
        pytest.param("package.json", '{"scripts": ["celery -A proj worker"], "tool": 3}', id="another shape"),
        pytest.param("tox.ini", "celery worker\n[testenv", id="no sections"),
    ],
)
def test_broken_file(tmp_path: Path, path: str, text: str) -> None:
    """A file that is no table of scripts starts nothing; whoever reads it for what it is tells of it."""
    write(tmp_path, {"proj.py": APP, path: text})
    (trace,) = analyse(Settings(str(tmp_path))).traces
    assert not trace.starts
