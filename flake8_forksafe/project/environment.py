"""Finds the worker's environment by convention, and reads its metadata.  Nothing in it is executed.

Only what can lead to a hazard is looked at more closely: a distribution is walked if the requirements in its metadata
lead, directly or through others, to a distribution that the catalogue lists.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.requirements import metadata_names, normalise

VENV_NAMES = (".venv", "venv", "env", ".env")
"""Where virtual environments lie in a project: uv, poetry and pdm use ``.venv``."""
PACKAGES = ("site-packages", "dist-packages")
"""What a directory of installed packages is called: a link of that name may lead anywhere, and is not believed."""
DEVELOPMENT_EXTRAS = re.compile(r"extra\s*==\s*['\"](?:dev|develop|test|tests|testing|doc|docs|lint|typing|benchmark)")
FITTING_SHARE = 0.8
"""Share of the project's requirements that an environment must hold to be taken for the project's."""


class Environment(NamedTuple):
    """Installed distributions.

    :ivar directories: absolute paths of its site-packages; empty if no environment was found.
    :ivar source: how it was found, for people.
    :ivar certain: whether it is surely the project's, so that what is not in it is not installed.
    :ivar distributions: normalised names of what is installed, with the ``*.dist-info`` directory of each.
    """

    directories: tuple[str, ...]
    source: str
    distributions: Mapping[str, str]
    certain: bool = True

    def has_module(self, disk: Disk, name: str) -> bool | None:
        """Whether a top-level module of that name is installed; None if it is not there, but may be elsewhere."""
        for directory in self.directories:
            listing = disk.listing(directory)
            if listing.get(name) == "d" or f"{name}.py" in listing:
                return True
            if name in disk.extension_modules(directory):
                return True
        return False if self.certain else None


NO_ENVIRONMENT = Environment((), "none; the catalogue's measurements stand in", {})


def find_environment(disk: Disk, project: str, chosen: str | None, required: frozenset[str]) -> Environment:
    """The environment of a project.

    :param chosen: directory of an environment, or its interpreter, relative to the project; None to look for one.
    :param required: normalised names of what the project requires; one that is found must hold most of it.
    """
    if chosen is not None:
        path = os.path.normpath(os.path.join(project, os.path.expanduser(chosen)))
        prefix = path if disk.is_directory(path) else os.path.dirname(os.path.dirname(path))
        return _allowed(disk, _read(disk, prefix, "the option"))
    for path, source in _candidates(disk, project):
        environment = _read(disk, path, source)
        if "celery" in environment.distributions and _fits(environment, required):
            return _allowed(disk, environment)._replace(certain=bool(required) or os.path.dirname(path) == project)
    return NO_ENVIRONMENT


def _allowed(disk: Disk, environment: Environment) -> Environment:
    """An environment whose packages may be read, wherever it lies."""
    for directory in environment.directories:
        disk.allow(directory)
    return environment


def _candidates(disk: Disk, project: str) -> Iterator[tuple[str, str]]:
    """Directories of environments in the order of preference, with what each is called."""
    for name in VENV_NAMES:
        yield os.path.join(project, name), name
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if os.environ.get(variable):
            yield os.environ[variable], variable
    yield from ((path, "poetry") for path in _poetry_environments(disk, project))
    yield sys.prefix, "the running interpreter's"


def _poetry_environments(disk: Disk, project: str) -> Iterator[str]:
    """Where poetry keeps a project's environments (poetry/utils/env/env_manager.py, ``generate_env_name``)."""
    home = os.environ.get("POETRY_CACHE_DIR") or os.path.expanduser(
        "~/Library/Caches/pypoetry" if sys.platform == "darwin" else "~/.cache/pypoetry"
    )
    digest = base64.urlsafe_b64encode(
        hashlib.sha256(os.path.normcase(os.path.realpath(project)).encode("utf-8", "surrogateescape")).digest()
    )
    names = sorted(disk.listing(os.path.join(home, "virtualenvs"), anywhere=True))
    yield from (os.path.join(home, "virtualenvs", name) for name in names if f"-{digest.decode()[:8]}-py" in name)


def _read(disk: Disk, prefix: str, source: str) -> Environment:
    """The environment in a directory; without distributions if there is none."""
    directories = []
    if disk.is_directory(os.path.join(prefix, "Lib", "site-packages")):
        directories.append(os.path.join(prefix, "Lib", "site-packages"))
    for library in ("lib", "lib64"):
        base = os.path.join(prefix, library)
        for name in sorted(disk.listing(base, anywhere=True)):
            if re.fullmatch(r"(python|pypy)3\.\d+t?", name) and disk.is_directory(
                os.path.join(base, name, "site-packages")
            ):
                directories.append(os.path.realpath(os.path.join(base, name, "site-packages")))
    directories = [path for path in dict.fromkeys(directories) if os.path.basename(os.path.realpath(path)) in PACKAGES]
    distributions = {
        normalise(entry.partition("-")[0]): os.path.join(directory, entry)
        for directory in directories
        for entry, kind in disk.listing(directory, anywhere=True).items()
        if kind == "d" and entry.endswith((".dist-info", ".egg-info"))
    }
    return Environment(tuple(directories), source, distributions)


def _fits(environment: Environment, required: frozenset[str]) -> bool:
    """Whether an environment holds most of what a project requires."""
    held = sum(name in environment.distributions for name in required)
    return held >= FITTING_SHARE * len(required)


def walked_modules(
    disk: Disk, environment: Environment, hazards: frozenset[str], modelled: Iterable[str]
) -> frozenset[str]:
    """Top-level modules of the distributions that can reach a hazard and are none themselves.

    :param hazards: normalised names of hazardous distributions.
    :param modelled: top-level modules that the walk knows by models instead.
    """
    if not hazards & environment.distributions.keys():
        return frozenset()
    requires = {name: _requires(disk, path) for name, path in environment.distributions.items()}
    reaching = set(hazards & requires.keys())
    grown = True
    while grown:
        more = {name for name, needed in requires.items() if name not in reaching and not reaching.isdisjoint(needed)}
        grown = bool(more)
        reaching |= more
    tops = {top for name in reaching - hazards for top in _top_level(disk, environment.distributions[name])}
    return frozenset(tops) - frozenset(modelled)


def _requires(disk: Disk, path: str) -> frozenset[str]:
    """Normalised names of what a distribution requires, also optionally."""
    text = _text(disk, os.path.join(path, "METADATA")) or _text(disk, os.path.join(path, "PKG-INFO"))
    return frozenset(
        metadata_names("\n".join(line for line in text.splitlines() if not DEVELOPMENT_EXTRAS.search(line)))
    )


def _top_level(disk: Disk, path: str) -> set[str]:
    """The top-level modules of a distribution (``top_level.txt``, else its ``RECORD``)."""
    declared = _text(disk, os.path.join(path, "top_level.txt")).split()
    if declared:
        return set(declared)
    tops = set()
    for line in _text(disk, os.path.join(path, "RECORD")).splitlines():
        first, _, rest = line.partition("/")
        name = first if rest else first.partition(".py,")[0] if ".py," in first else ""
        if name.isidentifier():
            tops.add(name)
    return tops


def _text(disk: Disk, path: str) -> str:
    try:
        return disk.read(path).decode("utf-8", errors="replace")
    except OSError:
        return ""
