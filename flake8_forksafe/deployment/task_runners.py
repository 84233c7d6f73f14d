"""Files of tasks that people run by name: Makefiles and justfiles."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from flake8_forksafe.deployment.files import Files
from flake8_forksafe.deployment.model import Place, Start
from flake8_forksafe.deployment.process_managers import shell_command

ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_][\w.-]*)\s*(?:\?|::?:?|\+)?=\s*(.*)")
TARGET = re.compile(r"([^\s#:=][^:=#]*?)\s*::?(?!=)")
REFERENCE = re.compile(r"\$\(([\w.-]+)\)|\$\{([\w.-]+)\}")
RECIPE = re.compile(r"@?([A-Za-z_][\w-]*)(?:\s[^:]*)?:(?!=)")
JUST_ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_][\w-]*)\s*:=\s*(?:\"([^\"\\]*)\"|'([^']*)')\s*(?:#.*)?")
JUST_REFERENCE = re.compile(r"\{\{\s*([A-Za-z_][\w-]*)\s*\}\}")
MOST_REFERENCES = 20
"""Depth to which variables are replaced."""


def makefile_starts(text: str, path: str, files: Files) -> Iterator[Start]:
    """The lines of a Makefile's recipes, each of which a shell runs (GNU make, "Recipe Execution").

    Variables with one plain value are replaced; what the shell expands (``$$NAME``) and what is not known stays.
    """
    variables: dict[str, str] = {}
    target = ""
    for number, line in _logical_lines(text):
        if line.startswith("\t"):
            command = _expanded(line.strip().lstrip("@-+").strip(), variables)
            if command and target:
                yield _start("make", target, command, Place(path, number))
            continue
        assignment = ASSIGNMENT.fullmatch(line.strip())
        if assignment is not None:
            variables[assignment[1]] = assignment[2].partition(" #")[0].strip()
            continue
        match = TARGET.match(line)
        target = match[1].split()[0] if match is not None else target


def _expanded(command: str, variables: dict[str, str]) -> str:
    """A recipe's line as the shell gets it."""
    for _ in range(MOST_REFERENCES):
        replaced = REFERENCE.sub(lambda match: variables.get(match[1] or match[2], match[0]), command)
        if replaced == command or len(replaced) > LONGEST:
            break
        command = replaced
    unknown = REFERENCE.sub(lambda match: f"${{{match[1] or match[2]}}}".replace(".", "_").replace("-", "_"), command)
    return unknown.replace("$$", "$")


LONGEST = 10_000
"""Characters of a command."""


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines, those that a backslash continues joined, with the number of the first."""
    pending, first = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        first = first if pending else number
        if line.endswith("\\"):
            pending += line[:-1].rstrip() + " "
            continue
        yield first, pending + (line.lstrip() if pending else line)
        pending = ""
    if pending:
        yield first, pending


def justfile_starts(text: str, path: str, files: Files) -> Iterator[Start]:
    """The lines of a justfile's recipes, each of which a shell runs (https://just.systems/man/en)."""
    variables: dict[str, str] = {}
    name = ""
    for number, line in _logical_lines(text):
        if line[:1] in (" ", "\t") and line.strip():
            command = JUST_REFERENCE.sub(lambda match: variables.get(match[1], match[0]), line.strip().lstrip("@-"))
            if name:
                yield _start("just", name, command, Place(path, number))
            continue
        assignment = JUST_ASSIGNMENT.fullmatch(line.strip())
        if assignment is not None:
            variables[assignment[1]] = assignment[2] if assignment[2] is not None else assignment[3]
            continue
        match = RECIPE.match(line)
        name = match[1] if match is not None else name


def _start(kind: str, name: str, command: str, place: Place) -> Start:
    return Start(kind, name, shell_command(command, place), {}, os.path.dirname(place.path), place)
