"""Parses requirement specifiers (PEP 508), and the files that ``pip install -r`` reads."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.documents import text_of
from flake8_forksafe.project.markers import Target, applies

LONGEST = 10_000
"""Characters of one requirement, hashes left out."""

MOST_LINES = 5_000
"""Requirements in a file or list; the rest of a longer one is not read."""

MOST_FILES = 200
"""Files that requirements files may lead to."""

NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?=$|[\[(<>=!~;@,])")
OPTION = re.compile(r"\s--?[a-z][a-z-]*(?:[ =]|$)")
COMMENT = re.compile(r"(^|\s)#.*$")
INCLUDE = re.compile(r"(-[rc]\s*|--(?:requirement|constraint)(?:\s+|=))(\S.*)")
EDITABLE = re.compile(r"(?:-e\s*|--editable(?:\s+|=))(\S.*)")
EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")


LOWER_BOUNDS = frozenset({"==", "===", ">=", ">", "~="})
"""Operators of a specifier that leave no lower version (PEP 440)."""


class Declared(NamedTuple):
    """A distribution that a project names.

    :ivar name: normalised.
    :ivar applies: whether it is installed wherever the project is; None if that depends on what is not known.
    :ivar version: the only one that is meant, if there is one.
    :ivar lowest: the lowest one that is meant, if a bound is declared.
    :ivar extras: normalised names of its extras that are asked for.
    :ivar bounds: the versions that are meant, as a specifier (PEP 440).
    :ivar constrains: whether it only limits the version of what something else installs (pip's ``-c``).
    """

    name: str
    applies: bool | None = True
    version: str | None = None
    lowest: str | None = None
    extras: tuple[str, ...] = ()
    bounds: str = ""
    constrains: bool = False


def normalise(name: str) -> str:
    """A distribution name as the index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: Iterable[object], target: Target) -> Iterator[Declared]:
    """The distributions that requirement specifiers name; what is no specifier is left out."""
    for requirement in itertools.islice(requirements, MOST_LINES):
        found = _declared(requirement, target) if isinstance(requirement, str) else None
        if found is not None:
            yield found


def _declared(text: str, target: Target) -> Declared | None:
    """A specifier's name and marker.

    One that ``packaging`` refuses still has a name: old files have versions that no standard knows (``>=1.0.*``), and
    pip installed them for years.
    """
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    if len(text) > LONGEST:
        return None
    try:
        requirement = Requirement(text.strip())
    except (InvalidRequirement, ValueError, RecursionError):
        match = NAME.match(text)
        return Declared(normalise(match[1]), None if ";" in text else True) if match else None
    marker = requirement.marker
    verdict = True if marker is None else applies(str(marker), target)
    pins = [one.version for one in requirement.specifier if one.operator in ("==", "===") and "*" not in one.version]
    bounds = [one.version.removesuffix(".*") for one in requirement.specifier if one.operator in LOWER_BOUNDS]
    return Declared(
        canonicalize_name(requirement.name),
        verdict,
        pins[0] if pins else None,
        bounds[0] if bounds else None,
        tuple(sorted(map(normalise, requirement.extras))),
        str(requirement.specifier),
    )


def requirement_file(disk: Disk, path: str, inside: str, target: Target) -> list[Declared]:
    """What ``pip install -r`` installs, files that it includes (``-r``) among it.

    Constraints (``-c``) install nothing, but limit versions. What lies outside the project is not read.

    :param inside: the directory that all files lie in.
    """
    found: list[Declared] = []
    seen: set[tuple[str, bool]] = set()
    waiting = [(path, False)]
    while waiting and len(seen) < MOST_FILES:
        name, constrains = waiting.pop()
        current = os.path.normpath(name)
        if (current, constrains) in seen or not current.startswith(inside.rstrip(os.sep) + os.sep):
            continue
        seen.add((current, constrains))
        for line in itertools.islice(_lines(text_of(disk, current)), MOST_LINES):
            included = INCLUDE.fullmatch(line)
            if included is not None:
                beside = os.path.join(os.path.dirname(current), included[2].strip("'\""))
                waiting.append((beside, constrains or included[1].lstrip("-").startswith("c")))
            else:
                found += (entry._replace(constrains=constrains) for entry in _line(line, target))
    return found


def _lines(text: str) -> Iterator[str]:
    """Logical lines, without comments: a backslash at the end continues a line (pip's ``req_file.py``)."""
    joined = re.sub(r"\\\r?\n", " ", text)
    for line in joined.splitlines():
        stripped = COMMENT.sub("", line).strip()
        if stripped:
            yield stripped


def _line(line: str, target: Target) -> Iterator[Declared]:
    """What a line installs that includes no file."""
    editable = EDITABLE.fullmatch(line)
    if line.startswith("-") and editable is None:
        return
    line = editable[1] if editable is not None else line
    option = OPTION.search(line)
    text = line[: option.start()] if option is not None else line
    egg = EGG.search(text)
    if "@" in text.partition("://")[0] and NAME.match(text):
        yield from declared([text], target)
    elif egg is not None:
        yield Declared(normalise(egg[1]), applies_after_url(text, target))
    elif "/" in text.partition(";")[0] or text.partition(";")[0].strip().endswith((".whl", ".tar.gz", ".zip")):
        name = archive_name(text.partition(";")[0].strip())
        if name is not None:
            yield Declared(name, applies_after_url(text, target))
    else:
        yield from declared([text], target)


def applies_after_url(text: str, target: Target) -> bool | None:
    """The marker behind a URL or path, from which a blank separates it (PEP 508)."""
    marker = re.search(r"\s;\s*(.+)$", text)
    return applies(marker[1], target) if marker is not None and len(text) <= LONGEST else True


def archive_name(url: str) -> str | None:
    """The distribution in a wheel or source archive, by the name of the file; None for a directory or repository."""
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    file = re.split(r"[#?]", url)[0].rpartition("/")[2]
    try:
        return parse_wheel_filename(file)[0] if file.endswith(".whl") else parse_sdist_filename(file)[0]
    except (InvalidWheelFilename, InvalidSdistFilename, ValueError):
        return None
