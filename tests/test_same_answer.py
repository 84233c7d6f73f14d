"""A file gets the same findings from wherever it is checked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.cli import main
from flake8_forksafe.settings import nearest_project, project_directory

CELERY = "from celery import Celery\napp = Celery('x', include=['jobs'])\n"
REPOSITORY = {
    ".git/HEAD": "",
    "pyproject.toml": "",
    "compose.yaml": "services: {a: {build: services/alerts, command: celery -A app worker -c 4}}\n",
    "services/alerts/pyproject.toml": "",
    "services/alerts/app.py": CELERY,
    "services/alerts/jobs.py": "import shared.heavy\nfrom celery import shared_task\n@shared_task\ndef f(): pass\n",
    "libs/shared/pyproject.toml": "",
    "libs/shared/shared/__init__.py": "",
    "libs/shared/shared/heavy.py": "import torch\n",
    "examples/demo/app.py": CELERY,
    "examples/demo/jobs.py": "import torch\nfrom celery import shared_task\n@shared_task\ndef f(): pass\n",
}
FILES = {"services/alerts/app.py": {"FS131"}, "services/alerts/jobs.py": {"FS102"},
         "libs/shared/shared/heavy.py": {"FS101"}}  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return write(tmp_path / "repository", REPOSITORY)


def flake8(directory: Path, *arguments: str, stdin: str | None = None) -> dict[str, set[str]]:
    """The codes of each file, by its real path below the repository, as flake8 reports them."""
    command = [sys.executable, "-m", "flake8", "--select=FS", "--format=%(path)s %(code)s", "--forksafe-no-cache"]
    done = subprocess.run([*command, *arguments], cwd=directory, input=stdin, capture_output=True, text=True)
    assert done.returncode in (0, 1) and not done.stderr, done
    found: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        path, code = line.split()
        found.setdefault(os.path.normpath(directory / path), set()).add(code)
    return found


WAYS = [
    (".", ["."]),
    (".", ["services/alerts", "libs"]),
    (".", list(FILES)),
    ("services/alerts", [".", "../../libs"]),
    ("libs", ["{root}/services/alerts", "{root}/libs"]),
    ("/", ["{root}/services/alerts/app.py", "{root}/services/alerts/jobs.py", "{root}/libs/shared/shared/heavy.py"]),
]


@pytest.mark.parametrize(("start", "arguments"), WAYS)
def test_flake8_from_everywhere(repository: Path, start: str, arguments: list[str]) -> None:
    found = flake8(repository / start, *(argument.format(root=repository) for argument in arguments))
    assert {path: codes & {"FS101", "FS102", "FS131"} for path, codes in found.items()} == {
        str(repository / name): codes for name, codes in FILES.items()
    }


@pytest.mark.parametrize("name", FILES)
def test_one_file_and_its_unsaved_text(repository: Path, name: str) -> None:
    text = (repository / name).read_text()
    for directory, shown in ((repository, name), (repository.parent, str(repository / name))):
        for found in (flake8(directory, shown), flake8(directory, "--stdin-display-name", shown, "-", stdin=text)):
            assert {path: codes & {"FS101", "FS102", "FS131"} for path, codes in found.items()} == {
                str(repository / name): FILES[name]
            }


@pytest.mark.parametrize("path", [".", "services/alerts", "services/alerts/jobs.py", "libs"])
def test_the_command_from_everywhere(
    repository: Path, path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for directory in (repository, repository.parent, Path("/")):
        monkeypatch.chdir(directory)
        assert main(["check", "--no-cache", "--format", "json", str(repository / path)]) == 1
        shown = capsys.readouterr().out
        for name, codes in FILES.items():
            for code in codes if (repository / name).is_relative_to(repository / path) else ():
                assert name in shown and code in shown


def test_what_lies_among_examples_is_asked_for(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--no-cache", str(repository)]) == 1
    shown = capsys.readouterr().out
    assert "left out: 'app:app' (" in shown and "lies among tests or examples: give that path" in " ".join(
        shown.split()
    )
    assert main(["check", "--no-cache", str(repository / "examples")]) == 1
    assert "FS101" in capsys.readouterr().out
    assert str(repository / "examples/demo/jobs.py") in flake8(repository, "examples/demo/jobs.py")


def test_which_directory_is_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path, {
        "home/.git/HEAD": "", "home/loose/a.py": "", "home/repo/.git/HEAD": "", "home/repo/a/pyproject.toml": "",
        "home/repo/own/pyproject.toml": "[tool.forksafe]\napp = 'x'\n", "home/repo/own/pkg/x.py": "",
        "home/repo/tests/shop/manage.py": "", "home/repo/tests/plain/x.py": "",
    })  # fmt: skip
    monkeypatch.setenv("HOME", str(root / "home"))
    expected = {
        "loose": "loose", "repo": "repo", "repo/a": "repo", "repo/own/pkg": "repo/own",
        "repo/tests/shop": "repo/tests/shop",
        "repo/tests/plain": "repo",
    }  # fmt: skip
    for start, project in expected.items():
        assert project_directory(str(root / "home" / start)) == str(root / "home" / project)
    assert nearest_project(str(root / "home/repo/a")) == str(root / "home/repo/a")
