"""What hosting platforms read: Fly.io's ``fly.toml``, Render's ``render.yaml``, task definitions of Amazon ECS."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from flake8_forksafe.deployment.files import Files
from flake8_forksafe.deployment.model import Limit, Place, Start, Unusable, Word
from flake8_forksafe.deployment.process_managers import shell_command
from flake8_forksafe.deployment.sizes import docker_mebibytes
from flake8_forksafe.deployment.yaml_tree import Node, YamlMapping, YamlScalar, YamlSequence, read_documents
from flake8_forksafe.file_reading import parse_toml

MOST = 1000
"""Processes of one file."""


def fly_starts(text: str, path: str, files: Files) -> Iterator[Start]:
    """``[processes]`` of ``fly.toml``, with ``[env]`` and the memory of ``[[vm]]``.

    Read in https://fly.io/docs/reference/configuration/.
    """
    try:
        document = parse_toml(text)
    except ValueError as error:
        files.report(path, 1, f"it is not valid TOML: {str(error).splitlines()[0]}")
        return
    variables = _dict(document.get("env"))
    for name, command in _dict(document.get("processes")).items():
        if not isinstance(command, str):
            continue
        place = Place(path, _line_of(text, command))
        environ = {key: Word(str(value), place) for key, value in variables.items() if isinstance(value, (str, int))}
        memory = _fly_memory(document, name, place)
        yield Start("fly", name, shell_command(command, place), environ, os.path.dirname(path), place, memory)


def _fly_memory(document: dict[str, Any], process: str, place: Place) -> Limit | None:
    """The memory of the machines that run a process."""
    machines = document.get("vm")
    for machine in machines[:MOST] if isinstance(machines, list) else ():
        names = _dict(machine).get("processes")
        amount = _dict(machine).get("memory", _dict(machine).get("memory_mb"))
        if amount is not None and (not isinstance(names, list) or process in names):
            text = str(amount)
            return Limit(int(text) if text.isdecimal() and len(text) < 9 else docker_mebibytes(text), place)
    return None


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _line_of(text: str, part: str) -> int:
    """The first line that holds a text; 1 if none does."""
    index = text.find(part.split("\n", 1)[0])
    return text.count("\n", 0, index) + 1 if index >= 0 else 1


def render_starts(text: str, path: str, files: Files) -> Iterator[Start]:
    """The services of a Render blueprint that have a ``startCommand`` or ``dockerCommand``.

    Read in https://render.com/docs/blueprint-spec.
    """
    try:
        documents = read_documents(text, path)
    except Unusable as error:
        files.report(path, error.line, error.reason)
        return
    for document in documents:
        services = document.get("services") if isinstance(document, YamlMapping) else None
        for service in services.items[:MOST] if isinstance(services, YamlSequence) else ():
            if isinstance(service, YamlMapping):
                yield from _render_service(service, path)


def _render_service(service: YamlMapping, path: str) -> Iterator[Start]:
    for key in ("startCommand", "dockerCommand"):
        command = service.get(key)
        if isinstance(command, YamlScalar) and command.text:
            name, root = service.get("name"), service.get("rootDir")
            directory = os.path.join(os.path.dirname(path), _text(root))
            environ = _render_environ(service.get("envVars"))
            argv = shell_command(command.text, command.place)
            yield Start("render", _text(name), argv, environ, os.path.normpath(directory), command.place)


def _render_environ(node: Node | None) -> dict[str, Word]:
    environ = {}
    for entry in node.items[:MOST] if isinstance(node, YamlSequence) else ():
        key, value = (entry.get("key"), entry.get("value")) if isinstance(entry, YamlMapping) else (None, None)
        if isinstance(key, YamlScalar) and key.text and isinstance(value, YamlScalar) and value.text is not None:
            environ[key.text] = Word(value.text, value.place)
    return environ


def _text(node: Node | None) -> str:
    return node.text or "" if isinstance(node, YamlScalar) else ""


def ecs_starts(text: str, path: str, files: Files) -> Iterator[Start]:
    """The containers of a task definition of Amazon ECS, with their environment and their hard limit of memory.

    Read in https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        files.report(path, 1, "it is not valid JSON")
        return
    containers = _dict(document).get("containerDefinitions")
    for container in containers[:MOST] if isinstance(containers, list) else ():
        words = [word for key in ("entryPoint", "command") for word in _list(_dict(container).get(key))]
        if not words or not all(isinstance(word, str) for word in words):
            continue
        place = Place(path, _line_of(text, json.dumps(words[-1])))
        environ = {
            str(one["name"]): Word(str(one["value"]), place)
            for one in map(_dict, _list(container.get("environment"))) if "name" in one and "value" in one
        }  # fmt: skip
        amount = container.get("memory", _dict(document).get("memory"))
        known = isinstance(amount, int | str) and str(amount).isdecimal() and len(str(amount)) < 9
        memory = Limit(int(amount), place) if known else None
        directory = str(container.get("workingDirectory") or os.path.dirname(path))
        argv = tuple(Word(word, place) for word in words)
        yield Start("ecs", str(container.get("name", "")), argv, environ, directory, place, memory)


def _list(value: object) -> list[Any]:
    return value[:MOST] if isinstance(value, list) else []
