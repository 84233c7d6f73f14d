"""Reads the distributions that a project requires, and those that are optional."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.documents import list_of, table_of, text_of, toml_of
from flake8_forksafe.project.markers import ANYWHERE, Target, applies
from flake8_forksafe.project.requirement_lines import NAME, Declared, declared, normalise, requirement_file

__all__ = ["Requirements", "console_scripts", "metadata_names", "normalise", "read_requirements"]


class Requirements(NamedTuple):
    """Normalised distribution names.

    :ivar required: installed wherever the project is.
    :ivar optional: installed only where an extra or a group is asked for, or where a marker holds that does not in the
        worker; and not required otherwise. A name whose marker depends on what is not known is in neither.
    :ivar python: lowest Python version, if declared.
    :ivar versions: of distributions that are pinned (``==``).
    :ivar lowest: the lowest versions that the declared bounds allow.
    :ivar bounds: the versions of distributions that are meant, as specifiers (PEP 440), where they are limited.
    :ivar extras: normalised names of the extras that are asked for of what is required.
    """

    required: frozenset[str]
    optional: frozenset[str]
    python: tuple[int, int] | None
    versions: Mapping[str, str] = MappingProxyType({})
    lowest: Mapping[str, str] = MappingProxyType({})
    extras: Mapping[str, frozenset[str]] = MappingProxyType({})
    bounds: Mapping[str, str] = MappingProxyType({})


class DeclaredNames(NamedTuple):
    """What one file declares.

    :ivar needed: what an installation has, where its marker holds.
    :ivar extra: what only some installations ask for.
    """

    needed: list[Declared]
    extra: list[Declared]


def read_requirements(disk: Disk, project: str, roots: Iterable[str], target: Target = ANYWHERE) -> Requirements:
    """Everything the project declares, in whatever file.

    A broken file is another tool's business, and a broken line loses nothing but itself.

    :param target: the worker's interpreter; a lowest version that it does not know is taken from what is declared.
    """
    directories = dict.fromkeys((project, *roots))
    python = _declared_python(disk, directories)
    target = target._replace(python=target.python or python)
    found = [entry for directory in directories for entry in _in_directory(disk, directory, project, target)]
    declared_names = [entry for file in found for entry in file.needed]
    needed = [entry for entry in declared_names if not entry.constrains]
    required = {entry.name for entry in needed if entry.applies}
    unknown = {entry.name for entry in needed if entry.applies is None}
    optional = {entry.name for file in found for entry in file.extra} | {
        entry.name for entry in needed if entry.applies is False
    }
    limiting = [*needed, *(entry for entry in declared_names if entry.constrains and entry.applies is not False)]
    versions = {entry.name: entry.version for entry in reversed(limiting) if entry.version}
    bounds = {entry.name: entry.bounds for entry in reversed(limiting) if entry.bounds}
    lowest = {entry.name: entry.lowest for entry in reversed(needed) if entry.lowest}
    extras: dict[str, frozenset[str]] = {}
    for entry in needed:
        if entry.applies and entry.extras:
            extras[entry.name] = extras.get(entry.name, frozenset()) | set(entry.extras)
    optional = optional - required - unknown
    return Requirements(frozenset(required), frozenset(optional), python, versions, lowest, extras, bounds)


def _in_directory(disk: Disk, directory: str, project: str, target: Target) -> Iterator[DeclaredNames]:
    """What the files of a directory declare."""
    names = disk.listing(directory)
    for name in sorted(names):
        path = os.path.join(directory, name)
        if name == "pyproject.toml":
            yield _pyproject(toml_of(disk, path), target)
        elif name == "Pipfile":
            yield _pipfile(toml_of(disk, path), target)
        elif re.fullmatch(r"pylock(\.[^.]+)?\.toml", name):
            yield _pylock(toml_of(disk, path), target)
        elif name == "setup.cfg":
            yield _setup_cfg(disk, path, target)
        elif name.startswith("requirements") and names[name] == "d":
            files = (os.path.join(path, file) for file in sorted(disk.listing(path)) if file.endswith((".txt", ".in")))
            yield DeclaredNames(
                [entry for file in files for entry in requirement_file(disk, file, project, target)], []
            )
        elif re.fullmatch(r"requirements.*\.(txt|in)", name):
            yield DeclaredNames(requirement_file(disk, path, project, target), [])
        elif name.endswith(".dist-info") or name == "PKG-INFO":
            metadata = text_of(disk, os.path.join(path, "METADATA") if names[name] == "d" else path)
            yield _metadata(metadata, target)


def _pyproject(document: dict[str, Any], target: Target) -> DeclaredNames:
    """``[project]`` (PEP 621), dependency groups (PEP 735), and the tables of poetry, PDM and uv."""
    groups = [
        *table_of(document, "project", "optional-dependencies").values(),
        *table_of(document, "dependency-groups").values(),
        *table_of(document, "tool", "pdm", "dev-dependencies").values(),
        table_of(document, "tool", "uv").get("dev-dependencies"),
    ]
    needed = list(declared(list_of(table_of(document, "project").get("dependencies")), target))
    extra = [entry for group in groups for entry in declared(list_of(group), target)]
    poetry = table_of(document, "tool", "poetry")
    for name, wanted in table_of(poetry, "dependencies").items():
        if name != "python":
            is_optional = isinstance(wanted, dict) and bool(wanted.get("optional"))
            (extra if is_optional else needed).append(_wanted(name, wanted, target))
    for group in (table_of(poetry, "dev-dependencies"), *_poetry_groups(poetry)):
        extra += [_wanted(name, wanted, target) for name, wanted in group.items()]
    return DeclaredNames(needed, extra)


def _poetry_groups(poetry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group in table_of(poetry, "group").values():
        yield table_of(group, "dependencies")


def _pipfile(document: dict[str, Any], target: Target) -> DeclaredNames:
    """Pipenv's file (https://pipenv.pypa.io/en/latest/pipfile.html)."""
    packages, development = table_of(document, "packages"), table_of(document, "dev-packages")
    return DeclaredNames(
        [_wanted(name, wanted, target) for name, wanted in packages.items()],
        [_wanted(name, wanted, target) for name, wanted in development.items()],
    )


LONGEST_VERSION = 200
"""Characters of a version in poetry's or Pipenv's syntax."""
MARKER_KEYS = ("markers", "sys_platform", "platform", "python", "python_version", "platform_machine", "os_name")
"""What in a table of poetry or Pipenv restricts where a distribution is installed."""


def _wanted(name: str, wanted: object, target: Target) -> Declared:
    """An entry of poetry's or Pipenv's tables: a version, a table, or several for different environments."""
    choices = wanted if isinstance(wanted, list) else [wanted]
    verdicts = {_applies(choice, target) for choice in choices}
    verdict = True if True in verdicts else None if None in verdicts or not verdicts else False
    bounds = [_lowest_of(choice) for choice in choices]
    extras = {normalise(extra) for choice in choices if isinstance(choice, dict)
              for extra in list_of(choice.get("extras")) if isinstance(extra, str)}  # fmt: skip
    lowest = bounds[0] if len(bounds) == 1 else None
    meant = _bounds_of(choices[0]) if len(choices) == 1 else ""
    pin = re.fullmatch(r"={2,3}([^,*]+)", meant)
    return Declared(normalise(name), verdict, pin[1] if pin else None, lowest, tuple(sorted(extras)), meant)


def _lowest_of(wanted: object) -> str | None:
    """The lower bound of a version in poetry's or Pipenv's syntax: ``^1.2``, ``~1.2``, ``>=1.2,<2``, ``1.2.3``."""
    version = wanted.get("version") if isinstance(wanted, dict) else wanted
    match = re.match(r"\s*(?:\^|~=?|>=?|===?)?\s*(\d[\w.]{0,40})", version) if isinstance(version, str) else None
    return match[1] if match is not None and "||" not in str(version) else None


def _bounds_of(wanted: object) -> str:
    """A version in poetry's or Pipenv's syntax as a specifier (PEP 440); empty if it limits nothing or is not known."""
    version = wanted.get("version") if isinstance(wanted, dict) else wanted
    if not isinstance(version, str) or "|" in version or len(version) > LONGEST_VERSION:
        return ""
    parts = [_bound(part.strip()) for part in version.split(",")]
    return "" if None in parts else ",".join(filter(None, parts))


def _bound(text: str) -> str | None:
    """One part of such a version (https://python-poetry.org/docs/dependency-specification/); None if not understood."""
    match = re.fullmatch(r"(\^|~(?!=)|~=|[<>=!]=?=?|)\s*(\d[\w.+!-]*(?:\.\*)?)", text)
    if match is None:
        return "" if text == "*" else None
    operator, version = match.groups()
    if operator in ("^", "~"):
        numbers = re.match(r"\d+(?:\.\d+)*", version)
        kept = [int(part) for part in numbers[0].split(".")] if numbers else [0]
        first = next((index for index, part in enumerate(kept) if part), len(kept) - 1)
        last = first if operator == "^" else min(1, len(kept) - 1)
        return f">={version},<{'.'.join(map(str, [*kept[:last], kept[last] + 1]))}"
    return f"{operator or '=='}{version}" if operator != "=" else f"=={version}"


def _applies(wanted: object, target: Target) -> bool | None:
    """Whether the restrictions of a table hold; a version range of poetry's own syntax is not known."""
    verdicts: set[bool | None] = {True}
    for key in MARKER_KEYS if isinstance(wanted, dict) else ():
        value = wanted.get(key) if isinstance(wanted, dict) else None
        if isinstance(value, str):
            verdicts.add(applies(_marker(key, value), target))
    return False if False in verdicts else None if None in verdicts else True


def _marker(key: str, value: str) -> str:
    """A restriction as a marker: ``sys_platform = "== 'win32'"`` (Pipenv), ``platform = "win32"`` (poetry)."""
    if key == "markers":
        return value
    variable = {"platform": "sys_platform", "python": "python_version"}.get(key, key)
    match = re.fullmatch(r"\s*(==|!=|<=|>=|<|>)?\s*['\"]?([\w.]+)['\"]?\s*", value)
    return f"{variable} {match[1] or '=='} '{match[2]}'" if match else value


def _pylock(document: dict[str, Any], target: Target) -> DeclaredNames:
    """A lock file (PEP 751); what it locks for an extra or a group has a marker that says so."""
    needed, extra = [], []
    for package in list_of(document.get("packages")):
        name, marker = table_of(package).get("name"), table_of(package).get("marker")
        if not isinstance(name, str):
            continue
        if isinstance(marker, str) and re.search(r"\b(extras|dependency_groups)\b", marker):
            extra.append(Declared(normalise(name)))
        else:
            verdict = applies(marker, target) if isinstance(marker, str) else True
            version = table_of(package).get("version")
            needed.append(Declared(normalise(name), verdict, version if isinstance(version, str) else None))
    return DeclaredNames(needed, extra)


def _setup_cfg(disk: Disk, path: str, target: Target) -> DeclaredNames:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text_of(disk, path))
    except configparser.Error:
        return DeclaredNames([], [])
    needed = declared(parser.get("options", "install_requires", fallback="").splitlines(), target)
    extras = parser["options.extras_require"] if parser.has_section("options.extras_require") else {}
    return DeclaredNames(
        list(needed), [entry for lines in extras.values() for entry in declared(lines.splitlines(), target)]
    )


def _metadata(text: str, target: Target) -> DeclaredNames:
    """``Requires-Dist`` of the project's own metadata."""
    lines = list(_requires_dist(text))
    is_extra = [re.search(r"\bextra\s*==", line) is not None for line in lines]
    needed = (line for line, optional in zip(lines, is_extra, strict=True) if not optional)
    extra = (line for line, optional in zip(lines, is_extra, strict=True) if optional)
    return DeclaredNames(list(declared(needed, target)), list(declared(extra, target)))


def metadata_names(text: str) -> Iterator[str]:
    """Names of what core metadata requires, on whatever condition; for the many distributions of an environment."""
    for line in _requires_dist(text):
        match = NAME.match(line)
        if match:
            yield normalise(match[1])


def _requires_dist(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line:
            return  # the description follows
        if line.startswith("Requires-Dist:"):
            yield line.partition(":")[2].strip()


def _declared_python(disk: Disk, directories: Iterable[str]) -> tuple[int, int] | None:
    """The lowest version of Python that the first file with one declares."""
    for directory in directories:
        names = disk.listing(directory)
        for name in ("pyproject.toml", "Pipfile"):
            document = toml_of(disk, os.path.join(directory, name)) if name in names else {}
            found = (
                _lowest(table_of(document, "project").get("requires-python"))
                or _lowest(table_of(document, "tool", "poetry", "dependencies").get("python"))
                or _lowest(f"=={table_of(document, 'requires').get('python_version')}")
            )
            if found is not None:
                return found
    return None


def _lowest(specifier: object) -> tuple[int, int] | None:
    """The lower bound of ``requires-python``."""
    match = (
        re.search(r"(?:>=|~=|==|\^|~)\s*([0-9]{1,4})\.([0-9]{1,4})", specifier) if isinstance(specifier, str) else None
    )
    return (int(match[1]), int(match[2])) if match else None


def console_scripts(disk: Disk, project: str, roots: Iterable[str]) -> dict[str, str]:
    """The commands that installing the project makes, each with the ``module:function`` it calls."""
    found: dict[str, str] = {}
    for directory in dict.fromkeys((project, *roots)):
        names = disk.listing(directory)
        for name in sorted(names):
            path = os.path.join(directory, name)
            if name == "pyproject.toml":
                table = toml_of(disk, path)
                for scripts in (table_of(table, "project"), table_of(table, "tool", "poetry")):
                    entries = table_of(scripts, "scripts")
                    found.update({key: value for key, value in entries.items() if isinstance(value, str)})
            elif name == "setup.cfg":
                found.update(_entry_points(text_of(disk, path), "options.entry_points", "console_scripts"))
            elif name.endswith(".dist-info"):
                found.update(
                    _entry_points(text_of(disk, os.path.join(path, "entry_points.txt")), "console_scripts", "")
                )
    return {name: entry.replace(" ", "") for name, entry in found.items()}


def distribution_name(disk: Disk, directory: str) -> str | None:
    """The normalised name of what building a project makes; empty if it is not written out, None if it is no project
    that can be built.
    """
    names = disk.listing(directory)
    document = toml_of(disk, os.path.join(directory, "pyproject.toml")) if "pyproject.toml" in names else {}
    written = [table_of(document, *keys).get("name") for keys in (("project",), ("tool", "poetry"))]
    if "setup.cfg" in names:
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(text_of(disk, os.path.join(directory, "setup.cfg")))
        except configparser.Error:
            return ""
        written.append(parser.get("metadata", "name", fallback=None))
    name = next((one for one in written if isinstance(one, str)), None)
    if name is None:
        return "" if "setup.py" in names or "build-system" in document else None
    return normalise(name)


def packages_named(disk: Disk, directory: str) -> frozenset[str]:
    """The top-level packages that the build metadata of a directory names."""
    listing = disk.listing(directory)
    names: set[str] = set()
    if "pyproject.toml" in listing:
        document = toml_of(disk, os.path.join(directory, "pyproject.toml"))
        wheel = table_of(document, "tool", "hatch", "build", "targets", "wheel")
        for holder in (table_of(document, "tool", "setuptools"), table_of(document, "tool", "poetry"), wheel):
            for package in list_of(holder.get("packages")):
                name = package.get("include", "") if isinstance(package, dict) else package
                names.add(str(name).rpartition("/")[2].partition(".")[0])
    if "setup.cfg" in listing:
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(text_of(disk, os.path.join(directory, "setup.cfg")))
        except configparser.Error:
            return frozenset(names)
        names.update(name.partition(".")[0] for name in parser.get("options", "packages", fallback="").split())
    return frozenset(names)


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
