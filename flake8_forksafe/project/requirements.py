"""What distributions a project declares: those it needs, and those that are optional extras."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.reading import CONFIGURATION_LIMIT, SOURCE_LIMIT

NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


class Requirements(NamedTuple):
    """Normalised distribution names.

    :ivar required: installed wherever the project is.
    :ivar optional: installed only where an extra is asked for, and not required otherwise.
    :ivar python: lowest Python version, if declared.
    """

    required: frozenset[str]
    optional: frozenset[str]
    python: tuple[int, int] | None


def normalise(name: str) -> str:
    """A distribution name as the index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirements(disk: Disk, project: str, roots: Iterable[str]) -> Requirements:
    """Everything the project declares, in whatever file; broken files are passed over, they are others' business."""
    required: set[str] = set()
    optional: set[str] = set()
    python: tuple[int, int] | None = None
    for directory in dict.fromkeys((project, *roots)):
        names = disk.listing(directory)
        for name in sorted(names):
            path = os.path.join(directory, name)
            if name == "pyproject.toml":
                table = _toml(disk, path)
                needed, extra = _pyproject(table)
                python = python or _lowest(_value(table, "project", "requires-python"))
            elif name == "setup.cfg":
                needed, extra = _setup_cfg(disk, path)
            elif name.startswith("requirements") and names[name] == "d":
                needed, extra = _requirement_files(disk, path), []
            elif re.fullmatch(r"requirements.*\.(txt|in)", name):
                needed, extra = _requirement_lines(_text(disk, path)), []
            elif name.endswith(".dist-info") or name == "PKG-INFO":
                needed, extra = metadata_requirements(
                    _text(disk, os.path.join(path, "METADATA") if names[name] == "d" else path)
                )
            else:
                continue
            required.update(map(normalise, needed))
            optional.update(map(normalise, extra))
    return Requirements(frozenset(required), frozenset(optional - required), python)


def _text(disk: Disk, path: str, limit: int = SOURCE_LIMIT) -> str:
    try:
        return disk.read(path, limit).decode("utf-8", errors="replace")
    except OSError:
        return ""


def _toml(disk: Disk, path: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(_text(disk, path, CONFIGURATION_LIMIT))
    except (ValueError, RecursionError):  # of TOML, or of a number longer than Python reads
        return {}


def _pyproject(document: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Dependencies of ``[project]`` (PEP 621), dependency groups (PEP 735) and ``[tool.poetry]``."""
    needed = list(_names(_value(document, "project", "dependencies")))
    extra = [name for group in _table(document, "project", "optional-dependencies").values() for name in _names(group)]
    extra += [name for group in _table(document, "dependency-groups").values() for name in _names(group)]
    for name, wanted in _table(document, "tool", "poetry", "dependencies").items():
        (extra if isinstance(wanted, dict) and wanted.get("optional") else needed).append(name)
    for group in _table(document, "tool", "poetry", "group").values():
        extra += list(_table(group, "dependencies"))
    return needed, extra


def _value(document: object, *keys: str) -> object:
    """The value that keys lead to; None if something on the way is no table."""
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _table(document: object, *keys: str) -> dict[str, Any]:
    """The table that keys lead to; an empty one if it is something else."""
    found = _value(document, *keys)
    return found if isinstance(found, dict) else {}


def _setup_cfg(disk: Disk, path: str) -> tuple[list[str], list[str]]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(_text(disk, path))
    except configparser.Error:
        return [], []
    needed = list(_names(parser.get("options", "install_requires", fallback="").splitlines()))
    extras = parser["options.extras_require"] if parser.has_section("options.extras_require") else {}
    return needed, [name for lines in extras.values() for name in _names(lines.splitlines())]


def _requirement_files(disk: Disk, directory: str) -> list[str]:
    """The files of a ``requirements/`` directory."""
    listing = disk.listing(directory)
    texts = (_text(disk, os.path.join(directory, name)) for name in sorted(listing) if name.endswith((".txt", ".in")))
    return [name for text in texts for name in _requirement_lines(text)]


def _requirement_lines(text: str) -> list[str]:
    return list(_names(line for line in text.splitlines() if not line.lstrip().startswith(("#", "-"))))


def metadata_requirements(text: str) -> tuple[list[str], list[str]]:
    """``Requires-Dist`` of a distribution's core metadata."""
    needed: list[str] = []
    extra: list[str] = []
    for line in text.splitlines():
        if not line:
            break  # the description follows
        if line.startswith("Requires-Dist:"):
            requirement = line.partition(":")[2]
            target = extra if re.search(r"\bextra\s*==", requirement) else needed
            target.extend(_names([requirement]))
    return needed, extra


def _names(requirements: object) -> Iterator[str]:
    """Distribution names of requirement specifiers."""
    for requirement in requirements if isinstance(requirements, Iterable) else ():
        match = NAME.match(requirement) if isinstance(requirement, str) else None
        if match:
            yield match[1]


def _lowest(specifier: object) -> tuple[int, int] | None:
    """The lower bound of ``requires-python``."""
    match = re.search(r"(?:>=|~=|==)\s*([0-9]{1,4})\.([0-9]{1,4})", specifier) if isinstance(specifier, str) else None
    return (int(match[1]), int(match[2])) if match else None


def console_scripts(disk: Disk, project: str, roots: Iterable[str]) -> dict[str, str]:
    """The commands that installing the project makes, each with the ``module:function`` it calls."""
    found: dict[str, str] = {}
    for directory in dict.fromkeys((project, *roots)):
        names = disk.listing(directory)
        for name in sorted(names):
            path = os.path.join(directory, name)
            if name == "pyproject.toml":
                table = _toml(disk, path)
                for entries in (_table(table, "project", "scripts"), _table(table, "tool", "poetry", "scripts")):
                    found.update({key: value for key, value in entries.items() if isinstance(value, str)})
            elif name == "setup.cfg":
                found.update(_entry_points(_text(disk, path), "options.entry_points", "console_scripts"))
            elif name.endswith(".dist-info"):
                found.update(_entry_points(_text(disk, os.path.join(path, "entry_points.txt")), "console_scripts", ""))
    return {name: entry.replace(" ", "") for name, entry in found.items()}


def _entry_points(text: str, section: str, option: str) -> dict[str, str]:
    """``name = module:function`` lines of a section, or of one of its options."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    if not parser.has_section(section):
        return {}
    if not option:
        return dict(parser[section])
    lines = parser.get(section, option, fallback="").splitlines()
    return {name.strip(): entry.strip() for name, equals, entry in (line.partition("=") for line in lines) if equals}
