"""The options of ``forksafe measure``, without starting a worker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.cli import main
from flake8_forksafe.command_line import make_parser
from flake8_forksafe.measure.boot import hung_at, redirect, worker_arguments
from flake8_forksafe.measure.command import find_interpreter, parse_memory
from flake8_forksafe.options import UsageError


def interpreter(directory: Path) -> str:
    """Something that can be executed at the place of an interpreter."""
    path = directory / "bin" / "python"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_the_interpreter_given_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, active = interpreter(tmp_path / "given"), interpreter(tmp_path / "active")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    assert find_interpreter(given, str(tmp_path)).path == given
    assert find_interpreter(str(tmp_path / "given"), str(tmp_path)).path == given
    assert find_interpreter(None, str(tmp_path)).path == active


def test_the_environment_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert find_interpreter(None, str(tmp_path)).path == sys.executable
    later = interpreter(tmp_path / "venv")
    assert find_interpreter(None, str(tmp_path)).path == later
    found = find_interpreter(None, str(tmp_path))
    assert "venv" in found.reason
    first = interpreter(tmp_path / ".venv")
    assert find_interpreter(None, str(tmp_path)).path == first


def test_an_environment_without_an_interpreter_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "gone"))
    (tmp_path / ".venv").mkdir()
    assert find_interpreter(None, str(tmp_path)).path == sys.executable


def test_an_interpreter_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no Python interpreter"):
        find_interpreter(str(tmp_path / "gone"), str(tmp_path))


def test_memory() -> None:
    assert parse_memory("2g") == 2**31
    assert parse_memory("512m") == 2**29
    assert parse_memory(None) is None


@pytest.mark.parametrize("text", ["", "much", "0", "-1g", "2 dozens"])
def test_memory_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="--memory"):
        parse_memory(text)


def test_worker_arguments() -> None:
    assert worker_arguments(["worker", "-l", "info"]) == ("-l", "info")
    assert worker_arguments(["-l", "info"]) == ("-l", "info")


@pytest.mark.parametrize("argument", ["-D", "--detach", "--purge"])
def test_arguments_that_do_more_than_boot_are_refused(argument: str) -> None:
    with pytest.raises(UsageError, match=argument):
        worker_arguments(["-l", "info", argument])


def test_files_that_a_worker_writes_go_elsewhere() -> None:
    assert redirect(["-l", "info", "--pidfile", "/run/x.pid", "--statedb=/var/x", "-f", "x.log", "-E"], "/tmp/d") == [
        "-l", "info", "--pidfile", "/tmp/d/pid", "--statedb=/tmp/d/state", "-f", "/tmp/d/log", "-E",
    ]  # fmt: skip


DUMP = """\
Timeout (0:00:05)!
Thread 0x00007f01 (most recent call first):
  File "/usr/lib/python3.13/threading.py", line 300 in wait

Thread 0x00007f00 (most recent call first):
  File "/usr/lib/python3.13/socket.py", line 720 in readinto
  File "/srv/project/shop/models.py", line 7 in load
  File "/srv/project/shop/tasks.py", line 3 in <module>
"""


def test_where_a_worker_hangs() -> None:
    assert hung_at(DUMP, "/srv/project") == (
        "it is at /usr/lib/python3.13/socket.py:720 in readinto, called from shop/models.py:7 in load"
    )
    assert hung_at(DUMP, "/srv/project/shop") == (
        "it is at /usr/lib/python3.13/socket.py:720 in readinto, called from models.py:7 in load"
    )
    assert hung_at(DUMP, "/srv/other") == "it is at /usr/lib/python3.13/socket.py:720 in readinto"
    assert hung_at("", "/srv/project") is None


def test_what_follows_two_dashes_is_the_workers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from flake8_forksafe.measure import command

    seen = []
    monkeypatch.setattr(command, "run", lambda options: seen.append(options) or 0)
    assert main(["measure", "-A", "proj", str(tmp_path), "--", "-A", "-l", "info", "--", "x"]) == 0
    assert seen[0].worker_arguments == ["-A", "-l", "info", "--", "x"]
    assert (seen[0].app, seen[0].project) == ("proj", str(tmp_path))
    assert main(["measure"]) == 0
    assert (seen[1].worker_arguments, seen[1].project) == ([], ".")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fork", "-1"], "--fork"),
        (["--timeout", "0"], "--timeout"),
        (["--timeout", "nan"], "--timeout"),
        (["--memory", "lots"], "--memory"),
        (["--format", "markdown"], "--diff"),
        (["--python", "nowhere/at/all"], "nowhere/at/all"),
        (["--diff", "before.json", "after.json"], "--diff compares two files and runs nothing"),
        (["--", "--purge"], "--purge"),
        (["elsewhere"], "elsewhere"),
    ],
)
def test_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str],
    message: str,
) -> None:  # fmt: skip
    write(tmp_path, {"proj.py": "from celery import Celery\napp = Celery('proj')\n"})
    monkeypatch.chdir(tmp_path)
    assert main(["measure", "-A", "proj", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "running the project's own code" not in error


def test_windows_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(["measure", "-A", "proj"]) == 2
    assert "no fork on Windows" in capsys.readouterr().err


def test_no_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["measure"]) == 2
    assert "name it with -A" in capsys.readouterr().err


def test_several_apps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    source = "from celery import Celery\napp = Celery('x')\n"
    write(tmp_path, {"one/__init__.py": "", "one/celery.py": source, "two/__init__.py": "", "two/celery.py": source})
    monkeypatch.chdir(tmp_path)
    assert main(["measure"]) == 2
    assert "several Celery apps" in capsys.readouterr().err


def test_other_commands_import_nothing_of_it(tmp_path: Path) -> None:
    code = (
        "import sys; from flake8_forksafe.cli import main; status = main(['check', '.', '--no-cache'])\n"
        "assert not [name for name in sys.modules if name.startswith('flake8_forksafe.measure')], status"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_help_says_that_it_runs_the_project() -> None:
    (commands,) = (action for action in make_parser("measure")._actions if action.choices and not action.option_strings)
    assert "runs the project's code" in " ".join(commands.choices["measure"].format_help().split())  # type: ignore[index]


def test_the_recorder_depends_on_nothing() -> None:
    import ast

    from flake8_forksafe.measure import recorder

    tree = ast.parse(Path(recorder.__file__).read_text(encoding="utf-8"), feature_version=(3, 9))
    names = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }  # fmt: skip
    assert {name.partition(".")[0] for name in names} <= set(sys.stdlib_module_names)
    assert os.path.basename(recorder.__file__) == "recorder.py"
