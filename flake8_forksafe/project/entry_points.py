"""Entry points: what distributions offer by name for others to load.

https://packaging.python.org/en/latest/specifications/entry-points/
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.documents import table_of, text_of, toml_of
from flake8_forksafe.source import facts
from flake8_forksafe.source.collected import Collected
from flake8_forksafe.source.text import Unreadable

MOST = 2_000
"""Entry points of one project and its environment."""
METADATA = (".dist-info", ".egg-info")


class EntryPoint(NamedTuple):
    """A name in a group, and the ``module:attribute`` that it stands for."""

    group: str
    name: str
    value: str


def entry_points(disk: Disk, directories: Iterable[str]) -> tuple[EntryPoint, ...]:
    """Those that project files and the metadata of distributions in some directories declare, each once."""
    found: dict[EntryPoint, None] = {}
    for directory in dict.fromkeys(directories):
        for entry in _in_directory(disk, directory):
            found[entry] = None
            if len(found) >= MOST:
                return tuple(found)
    return tuple(found)


def _in_directory(disk: Disk, directory: str) -> Iterator[EntryPoint]:
    names = disk.listing(directory)
    for name in sorted(names):
        path = os.path.join(directory, name)
        if name == "pyproject.toml":
            yield from _pyproject(toml_of(disk, path))
        elif name == "setup.cfg":
            yield from _setup_cfg(text_of(disk, path))
        elif name == "setup.py":
            yield from _setup_py(disk, path)
        elif name.endswith(METADATA) and names[name] == "d":
            yield from _groups(text_of(disk, os.path.join(path, "entry_points.txt")))


def _pyproject(document: dict[str, Any]) -> Iterator[EntryPoint]:
    """``[project.entry-points]`` (PEP 621), and poetry's ``plugins``."""
    for groups in (
        table_of(document, "project", "entry-points"),
        table_of(document, "tool", "poetry", "plugins"),
    ):
        for group in groups:
            for name, value in table_of(groups, group).items():
                if isinstance(value, str):
                    yield EntryPoint(group, name, _plain(value))


def _setup_cfg(text: str) -> Iterator[EntryPoint]:
    """``[options.entry_points]``: a group for each option, with a line for each of its entries."""
    parser = _parsed(text)
    if parser is not None and parser.has_section("options.entry_points"):
        for group, lines in parser["options.entry_points"].items():
            yield from _lines(group, (lines or "").splitlines())


def _groups(text: str) -> Iterator[EntryPoint]:
    """``entry_points.txt``: a section for each group."""
    parser = _parsed(text)
    if parser is not None:
        for group in parser.sections():
            yield from (EntryPoint(group, name, _plain(value or "")) for name, value in parser[group].items())


def _setup_py(disk: Disk, path: str) -> Iterator[EntryPoint]:
    """``setup(entry_points=...)`` where it is written out."""
    try:
        block = Collected(disk.read).module(path)
    except (Unreadable, OSError, RecursionError):
        return
    names = {
        target.id: statement.value for statement in block if isinstance(statement, facts.Assign)
        for target in statement.targets if isinstance(target, facts.Name)
    }  # fmt: skip
    for statement in block:
        call = statement.value if isinstance(statement, facts.Evaluate) else None
        for argument in call.arguments if isinstance(call, facts.Call) else ():
            if argument.keyword == "entry_points":
                value = argument.value
                yield from _written(names.get(value.id) if isinstance(value, facts.Name) else value)


def _written(node: object) -> Iterator[EntryPoint]:
    """A dictionary of lists of lines, or the text of an ``entry_points.txt``."""
    if isinstance(node, facts.Constant) and isinstance(node.value, str):
        yield from _groups(node.value)
    for key, value in node.items if isinstance(node, facts.Dictionary) else ():
        if isinstance(key, facts.Constant) and isinstance(key.value, str):
            items = value.items if isinstance(value, facts.Display) else (value,)
            texts = (one.value for one in items if isinstance(one, facts.Constant))
            lines = [line for text in texts if isinstance(text, str) for line in text.splitlines()]
            yield from _lines(key.value, lines)


def _lines(group: str, lines: Iterable[str]) -> Iterator[EntryPoint]:
    for line in lines:
        name, equals, value = line.partition("=")
        if equals:
            yield EntryPoint(group, name.strip(), _plain(value))


def _plain(value: str) -> str:
    """``module:attribute`` without the extras behind it."""
    return value.partition("[")[0].replace(" ", "")


def _parsed(text: str) -> configparser.ConfigParser | None:
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), strict=False, default_section="")
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return parser
