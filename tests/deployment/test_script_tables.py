"""Workers that stand in tables of scripts, in tox, Taskfiles, workflows and development containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from flake8_forksafe.analysis import analyse
from flake8_forksafe.deployment.commented_json import parse_commented
from flake8_forksafe.settings import Settings

APP = 'from celery import Celery\napp = Celery("proj")\n@app.task\ndef f(): pass\n'
RUN = "import sys\nfrom proj import app\napp.worker_main(['worker', *sys.argv[1:]])\n"
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
    "development container, commented": (
        ".devcontainer/devcontainer.json",
        f'{{\n// "a": 1\n/* "b" */ "postStartCommand": "{COMMAND}",\n}}', 3),
    "editor's task": (
        ".vscode/tasks.json",
        '{\n// "x"\n"tasks": [{"label": "a", "command": "ls"},\n'
        f'{{"label": "w", "type": "shell", "command": "cd ${{workspaceFolder}} && {COMMAND}"}},],\n}}', 4),
    "editor's task, in words": (
        ".vscode/tasks.json",
        '{"tasks": [\n{"label": "w", "type": "process", "command": "celery",\n'
        '"args": ["-A", {"value": "proj", "quoting": "strong"}, "worker", "-P", "solo"]}]}', 2),
    "editor's task, with options": (
        ".vscode/tasks.json",
        '{"tasks": [{"label": "w", "command": "celery -A proj worker -P $P",\n'
        '"options": {"cwd": "${workspaceFolder}", "env": {"P": "solo"}}}]}', 1),
    "debugger, a module": (
        ".vscode/launch.json",
        '{"configurations": [{"name": "w", "request": "launch",\n'
        '"module": "celery", "args": ["-A", "proj", "worker", "--pool=solo"]}]}', 2),
    "debugger, a program": (
        ".vscode/launch.json",
        '{"configurations": [{"name": "a", "request": "launch", "program": "${file}"},\n'
        '{"name": "w", "request": "launch", "program": "${workspaceFolder}/run.py", "args": "-P solo"}]}', 2),
    "development container": (".devcontainer/devcontainer.json", f'{{"postStartCommand": "{COMMAND}"}}', 1),
}  # fmt: skip


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize("name", TABLES)
def test_command(tmp_path: Path, name: str) -> None:
    path, text, line = TABLES[name]
    files = {"run.py": RUN} if "run.py" in text else {}
    write(tmp_path, {"proj.py": APP, path: text, **files})
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
        pytest.param(
            ".devcontainer/devcontainer.json", '/* {"postStartCommand": "celery -A proj worker"}', id="a comment"
        ),
        pytest.param(".vscode/tasks.json", '{"tasks": [, "configurations": "celery worker"', id="no tasks"),
        pytest.param(
            ".vscode/launch.json", '{"configurations": ["celery -A proj worker", 3, {}]}', id="no configuration"
        ),
        pytest.param("tox.ini", "celery worker\n[testenv", id="no sections"),
    ],
)
def test_broken_file(tmp_path: Path, path: str, text: str) -> None:
    """A file that is no table of scripts starts nothing; whoever reads it for what it is tells of it."""
    write(tmp_path, {"proj.py": APP, path: text})
    (trace,) = analyse(Settings(str(tmp_path))).traces
    assert not trace.starts


def test_an_editor_s_file_counts_only_where_nothing_else_starts(tmp_path: Path) -> None:
    path, text, _ = TABLES["editor's task"]
    write(tmp_path, {"proj.py": APP, path: text, "Procfile": "worker: celery -A proj worker\n"})
    (trace,) = analyse(Settings(str(tmp_path))).traces
    assert [Path(one.path).name for one in trace.starts] == ["Procfile"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, // b\n}', {"a": 1}),
        ('{"a": "// no, }", /* , */ "b": [1, 2,],}', {"a": "// no, }", "b": [1, 2]}),
        ('\ufeff{"a": "\\" //"}', {"a": '" //'}),
        ('["a,]", "b"]', ["a,]", "b"]),
    ],
)
def test_commented_json(text: str, value: object) -> None:
    assert parse_commented(text) == value


@pytest.mark.parametrize("text", ["", "[1,,2]", "/* [1]", '["a', "[" * 100_000, '{"a": 1} // b\n 2'])
def test_what_is_no_commented_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"in line|too deeply"):
        parse_commented(text)
