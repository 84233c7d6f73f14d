"""Commands that people and services run by name: tables of scripts, tox, Taskfiles, workflows, containers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from flake8_forksafe.deployment.commented_json import parse_commented
from flake8_forksafe.deployment.files import Files
from flake8_forksafe.deployment.model import Place, Start, Unusable, Word
from flake8_forksafe.deployment.process_managers import NOTHING, shell_command
from flake8_forksafe.deployment.yaml_tree import Node, YamlMapping, YamlScalar, YamlSequence, read_documents
from flake8_forksafe.file_reading import parse_toml

SCRIPT_TABLES = (
    ("scripts",),
    ("tool", "poe", "tasks"),
    ("tool", "pdm", "scripts"),
    ("tool", "taskipy", "tasks"),
    ("tool", "rye", "scripts"),
    ("tool", "hatch", "scripts"),
)
"""Where commands stand by name: package.json and Pipfile, and tools' tables of pyproject.toml."""
COMMAND_KEYS = ("cmd", "shell", "command", "sequence", "chain")
LIFECYCLE = ("initializeCommand", "onCreateCommand", "postCreateCommand", "postStartCommand", "postAttachCommand")
"""What a development container runs (https://containers.dev/implementors/json_reference/)."""
MOST = 1000
DEEPEST = 12


def script_starts(text: str, path: str, files: Files) -> Iterator[Start]:
    """The scripts of ``pyproject.toml``, ``Pipfile`` and ``package.json``, and what a development container runs."""
    try:
        document = parse_commented(text) if path.endswith(".json") else parse_toml(text)
    except ValueError:
        return  # whoever reads it for what it is says so
    tables = [_at(document, keys) for keys in SCRIPT_TABLES]
    environments = _at(document, ("tool", "hatch", "envs"))
    for environment in list(environments.values())[:MOST]:
        tables.append(_at(environment, ("scripts",)))
    tables.append({key: value for key, value in _at(document, ()).items() if key in LIFECYCLE})
    commands = ((str(name), command) for table in tables for name, value in table.items()
                for command in _commands(value, 0))  # fmt: skip
    for name, command in islice(commands, MOST):
        yield _start("script", name, command, Place(path, _line_of(text, command)))


def _at(document: object, keys: tuple[str, ...]) -> Mapping[str, Any]:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def _commands(value: object, depth: int) -> Iterator[str]:
    """The texts of a script: one, several, or with what surrounds them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth < DEEPEST:
        for item in value[:MOST]:
            yield from _commands(item, depth + 1)
    elif isinstance(value, dict) and depth < DEEPEST:
        for key, item in list(value.items())[:MOST]:
            if key in COMMAND_KEYS or depth == 0:
                yield from _commands(item, depth + 1)


def _line_of(text: str, command: str) -> int:
    """The line of a command; the first if it is written otherwise."""
    first = command.strip().split("\n", 1)[0]
    index = max(text.find(first), text.find(json.dumps(first)[1:-1]))
    return text.count("\n", 0, index) + 1 if index >= 0 else 1


def tox_starts(text: str, path: str, files: Files) -> Iterator[Start]:
    """The commands of tox's environments, in the environment of ``setenv``.

    Read in https://tox.wiki/en/latest/config.html: one command each line, a backslash continues it.
    """
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for section in parser.sections():
        values = parser[section]
        environ = {}
        for line in values.get("setenv", values.get("set_env", "")).split("\n"):
            name, equals, value = line.partition("=")
            if equals:
                environ[name.strip()] = Word(value.strip(), Place(path, _line_of(text, line)))
        for key in ("commands_pre", "commands", "commands_post"):
            for line in values.get(key, "").replace("\\\n", " ").split("\n"):
                command = line.strip().removeprefix("-").strip()
                if command:
                    place = Place(path, _line_of(text, command.split("  ")[0]))
                    yield _start("tox", section.removeprefix("testenv:"), command, place, environ)


def taskfile_starts(text: str, path: str, files: Files) -> Iterator[Start]:
    """The commands of a Taskfile's tasks (https://taskfile.dev/reference/schema)."""
    for document in _documents(text, path, files):
        tasks = document.get("tasks")
        for name, task in tasks.entries.items() if isinstance(tasks, YamlMapping) else ():
            environ = _environ(document.get("env")) | _environ(
                task.get("env") if isinstance(task, YamlMapping) else None
            )
            for node in _scalars(task, ("cmds", "cmd")):
                yield _start("task", name, node.text or "", node.place, environ)


def workflow_starts(text: str, path: str, files: Files) -> Iterator[Start]:
    """The steps of a workflow of GitHub Actions that run a command."""
    for document in _documents(text, path, files):
        jobs = document.get("jobs")
        for name, job in jobs.entries.items() if isinstance(jobs, YamlMapping) else ():
            steps = job.get("steps") if isinstance(job, YamlMapping) else None
            for step in steps.items[:MOST] if isinstance(steps, YamlSequence) else ():
                command = step.get("run") if isinstance(step, YamlMapping) else None
                if isinstance(step, YamlMapping) and isinstance(command, YamlScalar) and command.text:
                    environ: dict[str, Word] = {}
                    for owner in (document, job, step):
                        environ |= _environ(owner.get("env") if isinstance(owner, YamlMapping) else None)
                    start = _start("workflow", name, command.text, command.place, environ)
                    yield start._replace(directory=files.project)


def _documents(text: str, path: str, files: Files) -> Iterator[YamlMapping]:
    try:
        documents = read_documents(text, path)
    except Unusable as error:
        files.report(path, error.line, error.reason)
        return
    yield from (document for document in documents if isinstance(document, YamlMapping))


def _scalars(node: Node | None, keys: tuple[str, ...]) -> Iterator[YamlScalar]:
    """The commands of a task: a text, a list, or a mapping with one of some keys."""
    if isinstance(node, YamlScalar) and node.text:
        yield node
    elif isinstance(node, YamlSequence):
        for item in node.items[:MOST]:
            yield from _scalars(item, keys)
    elif isinstance(node, YamlMapping):
        for key in keys:
            yield from _scalars(node.get(key), keys)


def _environ(node: Node | None) -> dict[str, Word]:
    entries = node.entries.items() if isinstance(node, YamlMapping) else ()
    return {key: Word(value.text, value.place) for key, value in entries
            if isinstance(value, YamlScalar) and value.text is not None}  # fmt: skip


def _start(kind: str, name: str, command: str, place: Place, environ: Mapping[str, Word] = NOTHING) -> Start:
    return Start(kind, name, shell_command(command, place), environ, os.path.dirname(place.path), place)
