"""A file gets the same findings from wherever it is checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.cli import main
from flake8_forksafe.incremental import projects
from flake8_forksafe.project import disk
from flake8_forksafe.settings import nearest_project, project_directory

pytestmark = pytest.mark.costly

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


OWN = {
    "services/own/pyproject.toml": "[tool.forksafe]\naccept = ['polars: wanted']\nhazards = ['mylib']\n",
    "services/own/app.py": CELERY,
    "services/own/jobs.py": "import polars\nimport mylib\nimport torch\nfrom celery import shared_task\n"
    "@shared_task\ndef f(): pass\n",
}


@pytest.mark.parametrize("path", [".", "services", "services/own", "services/own/jobs.py"])
def test_options_of_a_project_inside_count_from_everywhere(
    repository: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(repository, OWN)
    assert main(["check", "--no-cache", "--format", "json", str(repository / path)]) == 1
    shown = json.loads(capsys.readouterr().out)
    found = {
        (Path(one["path"]).as_posix().rpartition("services/own/")[2], one["line"], one["code"])
        for one in shown["findings"] if one["code"] == "FS101" and "jobs.py" in one["path"]
    }  # fmt: skip
    assert found == {("jobs.py", 2, "FS101"), ("jobs.py", 3, "FS101")}
    lines = subprocess.run(
        [sys.executable, "-m", "flake8", "--select=FS101", "--format=%(row)d", "--forksafe-no-cache", path],
        cwd=repository, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    assert {"2", "3"} <= set(lines) and len(lines) == (3 if path == "." else 2)


LAUNCHED = {
    "services/own/pyproject.toml": "[tool.forksafe]\naccept = ['polars: wanted']\n",
    "services/own/app.py": CELERY,
    "services/own/jobs.py": "import shared.heavy\nfrom celery import shared_task\n@shared_task\ndef f(): pass\n",
    "services/own/entry.py": "from app import app\nimport numpy\n",
}


@pytest.mark.parametrize("path", [".", "services/own", "services/own/jobs.py"])
@pytest.mark.parametrize(
    ("command", "forks"), [("celery -A entry.app worker", True), ("celery -A entry.app worker -P solo", False)]
)
def test_launches_of_the_repository_around_count_for_a_project_inside(
    repository: Path, path: str, command: str, forks: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """And so do packages that its services share."""
    compose = f"services: {{own: {{build: services/own, command: {command}}}}}\n"
    write(repository, {**LAUNCHED, "compose.yaml": compose})
    main(["check", "--no-cache", "--format", "json", str(repository / path)])
    found = {
        (Path(one["path"]).name, one["line"], one["code"]) for one in json.loads(capsys.readouterr().out)["findings"]
        if not one["path"].startswith(("services/alerts", "libs")) and one["code"] in ("FS101", "FS102")
    }  # fmt: skip
    every = {("entry.py", 2, "FS101"), ("jobs.py", 1, "FS102")} if forks else set()
    assert found == {one for one in every if one[0] == "jobs.py" or "jobs.py" not in path}


def test_options_of_a_project_inside_leave_others_alone(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(repository, {**OWN, "services/alerts/jobs.py": OWN["services/own/jobs.py"]})
    assert main(["check", "--no-cache", str(repository), "--ignore", "FS13"]) == 1
    shown = capsys.readouterr().out
    assert shown.count("'polars' is imported") == 1 and shown.count("'mylib' is imported") == 1
    assert "; 2 Celery apps, " in shown
    assert main(["check", "--no-cache", "--accept", "torch", str(repository), "--ignore", "FS13"]) == 1
    assert "'torch' is imported" not in capsys.readouterr().out
    (repository / "services/own/pyproject.toml").write_text("[tool.forksafe]\nno-such-option = 1\n")
    assert main(["check", "--no-cache", str(repository)]) == 2
    assert "has no option 'no-such-option'" in capsys.readouterr().err


def test_a_baseline_of_the_repository_holds_for_projects_inside(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(repository, OWN)
    monkeypatch.chdir(repository)
    assert main(["check", "--no-cache", "--write-baseline", "known.json"]) == 0
    assert main(["check", "--no-cache", "--baseline", "known.json"]) == 0
    assert "no findings; 2 Celery apps" in capsys.readouterr().out


def test_what_is_kept_tells_of_projects_inside(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second run analyses nothing, and has the same findings; options that come or go are seen."""
    command = ["check", "--cache-dir", str(tmp_path / "cache"), str(repository)]
    write(repository, {name: text for name, text in OWN.items() if name.endswith(".py")})
    assert main(command) == 1
    assert "'polars' is imported" in capsys.readouterr().out
    write(repository, OWN)
    for _ in range(2):
        assert main(command) == 1
        shown = capsys.readouterr().out
        assert "'polars' is imported" not in shown and "'mylib' is imported" in shown
    (repository / "services/own/pyproject.toml").write_text("")
    assert main(command) == 1
    assert "'polars' is imported" in capsys.readouterr().out


def test_more_projects_inside_than_are_checked(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have the findings of the project around them; that their own options are not used is said."""
    monkeypatch.setattr(projects, "MOST_PROJECTS", 2)
    for name in ("alerts", "bills", "carts"):
        options = "[tool.forksafe]\nsource-roots = ['.']\n"
        files = {"pyproject.toml": options, "app.py": CELERY, "jobs.py": "import torch\n"}
        write(repository / "services" / name, files)
    assert main(["check", "--no-cache", str(repository)]) == 1
    printed = capsys.readouterr().out
    assert "services/bills and of 1 other: give the path of a project to use its own" in printed
    assert [printed.count(f"services/{name}/jobs.py\n") for name in ("alerts", "bills", "carts")] == [1, 1, 1]


def test_files_of_several_projects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is checked as its own project is, wherever flake8 or the command is started."""
    for name in ("one", "two"):
        write(tmp_path / name, REPOSITORY)
    write(tmp_path / "loose", {"app.py": CELERY, "jobs.py": "import torch\n"})
    paths = [f"{name}/{path}" for name in ("one", "two") for path in FILES]
    found = flake8(tmp_path, *paths, "loose/app.py", "loose/jobs.py")
    expected = {str(tmp_path / name / path): codes for name in ("one", "two") for path, codes in FILES.items()}
    expected |= {str(tmp_path / "loose/app.py"): {"FS131"}, str(tmp_path / "loose/jobs.py"): {"FS101"}}
    assert {path: codes & {"FS101", "FS102", "FS131"} for path, codes in found.items()} == expected
    assert main(["check", "--no-cache", *(str(tmp_path / name) for name in ("one", "two", "loose"))]) == 1
    shown = capsys.readouterr().out
    assert shown.count("  FS101  ") == 3 and "; 3 Celery apps, " in shown


def test_a_directory_that_is_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Repositories in it are passed over, and its search ends early: an editor may be started in a home directory."""
    write(tmp_path, {"repo/.git/HEAD": "", "repo/w.py": CELERY, "repo/jobs.py": "import torch\n",
                     "notes/a.py": "import os\n",
                     **{f"many/{number}/{name}.txt": "" for number in range(30) for name in "abcdefghij"}})  # fmt: skip
    monkeypatch.setenv("HOME", str(tmp_path))
    assert flake8(tmp_path, str(tmp_path / "notes/a.py")) == {}
    assert main(["check", "--no-cache", str(tmp_path)]) == 0
    assert "\nno findings; no Celery app found" in capsys.readouterr().out
    write(tmp_path, {"w.py": CELERY, "jobs.py": "import torch\n"})
    assert main(["check", "--no-cache", str(tmp_path)]) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert f"not searched: {os.path.relpath(tmp_path / 'repo')}: it is a repository of its own: give its path" in shown
    assert "; 1 Celery app, " in shown
    monkeypatch.setattr(disk, "LOOSE_SEARCH_LIMIT", 100)
    assert main(["check", "--no-cache", str(tmp_path)]) == 1
    assert "only its first 100 entries were looked at" in " ".join(capsys.readouterr().out.split())
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setenv("HOME", "/nonexistent")
    assert main(["check", "--no-cache", str(tmp_path)]) == 1
    assert "not searched" not in capsys.readouterr().out


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
