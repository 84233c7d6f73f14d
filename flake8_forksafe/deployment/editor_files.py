"""What an editor starts by name: ``tasks.json`` and ``launch.json`` in ``.vscode``.

Read in https://code.visualstudio.com/docs/debugtest/tasks, .../debugging-configuration and
.../python/debugging.  Variables other than the workspace's directory are not known.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

from flake8_forksafe.deployment.commented_json import parse_commented
from flake8_forksafe.deployment.files import Files, read_variables
from flake8_forksafe.deployment.model import Place, Start, Word
from flake8_forksafe.deployment.process_managers import shell_command

WORKSPACE = re.compile(r"\$\{(?:workspaceFolder|workspaceRoot|fileWorkspaceFolder)(?::[^}]*)?\}")
VARIABLE = re.compile(r"\$\{([^}]*)\}")
MOST = 1000
"""Tasks or configurations of one file."""


def editor_starts(text: str, path: str, files: Files) -> Iterator[Start]:
    """The tasks of ``tasks.json`` and the Python configurations of ``launch.json``."""
    try:
        document = parse_commented(text)
    except ValueError:
        return  # the editor says so
    for task in _list(_dict(document).get("tasks")):
        yield from _task(_dict(task), text, path, files)
    for configuration in _list(_dict(document).get("configurations")):
        yield from _configuration(_dict(configuration), text, path, files)


def _task(task: dict[str, Any], text: str, path: str, files: Files) -> Iterator[Start]:
    """A task of the type ``shell``, whose words a shell reads, or ``process``."""
    command, arguments = _text(task.get("command")), [_text(one) for one in _list(task.get("args"))]
    if not command:
        return
    options = _dict(task.get("options"))
    place = Place(path, _line_of(text, _text(task.get("label")), command))
    if task.get("type") == "process":
        argv = tuple(_word(one, place, files) for one in (command, *arguments))
    else:
        argv = shell_command(_in_workspace(" ".join([command, *arguments]), files), place)
    yield _start(_text(task.get("label")), argv, options, place, files)


def _configuration(one: dict[str, Any], text: str, path: str, files: Files) -> Iterator[Start]:
    """What the Python debugger launches: a module or a program, with arguments."""
    module, program, given = _text(one.get("module")), _text(one.get("program")), one.get("args")
    arguments = given.split() if isinstance(given, str) else [_text(word) for word in _list(given)]
    if one.get("request") != "launch" or not (module or program):
        return
    words = ["python", *(("-m", module) if module else (program,)), *arguments]
    place = Place(path, _line_of(text, _text(one.get("name")), module or program))
    yield _start(_text(one.get("name")), tuple(_word(word, place, files) for word in words), one, place, files)


def _start(name: str, argv: tuple[Word, ...], given: dict[str, Any], place: Place, files: Files) -> Start:
    """What is started, in the directory and the environment that ``cwd``, ``envFile`` and ``env`` name."""
    environ: dict[str, Word] = {}
    named = _in_workspace(_text(given.get("envFile")), files)
    if named and files.disk.is_file(os.path.join(files.project, named)):
        environ |= read_variables(files.text(os.path.join(files.project, named)) or "", named)
    environ |= {key: _word(_text(value), place, files) for key, value in list(_dict(given.get("env")).items())[:MOST]}
    directory = _in_workspace(_text(given.get("cwd")), files)
    directory = os.path.normpath(os.path.join(files.project, "" if "$" in directory else directory))
    return Start("editor", name, argv, environ, directory, place)


def _word(text: str, place: Place, files: Files) -> Word:
    text = _in_workspace(text, files)
    return Word(text, place, tuple(match[1] for match in VARIABLE.finditer(text)))


def _in_workspace(text: str, files: Files) -> str:
    return WORKSPACE.sub(lambda _: files.project, text)


def _line_of(text: str, name: str, word: str) -> int:
    """The line where a word stands behind a name; that of the name, else the first, if it is written otherwise."""
    named = max(text.find(json.dumps(name)), 0)
    return text.count("\n", 0, max(text.find(json.dumps(word), named), named)) + 1


def _text(value: object) -> str:
    """A text, or the text that is to be quoted in a certain way; a number as a text."""
    value = value.get("value") if isinstance(value, dict) else value
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value[:MOST] if isinstance(value, list) else []
