"""Maps module names to files and back, as CPython's path finder does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from typing import NamedTuple

from flake8_forksafe.project.disk import Disk

FIRST_PARTY, THIRD_PARTY, STDLIB = "first-party", "third-party", "stdlib"

EXTENSIONS = (*EXTENSION_SUFFIXES, ".pyd")
COMPILED = (".so", ".pyd")
"""Endings of extension modules, whatever Python they are made for."""

PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
"""A directory that holds one of these is a project of its own, whose packages its neighbours may import."""


class FoundModule(NamedTuple):
    """A module that exists.

    :ivar path: absolute path of its source, of its extension module, or None for a namespace package.
    :ivar locations: for a package, the directories its submodules are looked for in.
    :ivar package: what a file that is executed as ``__main__`` belongs to, with ``python -m``.
    :ivar unread: why the directory ``path`` that may hold it could not be read; ``""`` for any other module.
    """

    name: str
    path: str | None
    is_package: bool
    locations: tuple[str, ...]
    origin: str
    unread: str = ""
    package: str = ""

    @property
    def is_source(self) -> bool:
        """Whether there is Python source to read."""
        return self.path is not None and (self.path.endswith(".py") or self.name == "__main__")

    @property
    def is_compiled(self) -> bool:
        """Whether it is an extension module."""
        return self.path is not None and self.path.endswith(COMPILED)


def _nothing(name: str) -> bool:
    return False


class Layout:
    """Where modules are found.

    :param roots: directories of first-party source, in the order of the worker's ``sys.path``.
    :param environment: site-packages directories.
    :param walked: top-level modules in them whose source is walked too.
    """

    def __init__(
        self,
        disk: Disk,
        roots: tuple[str, ...],
        environment: tuple[str, ...] = (),
        walked: frozenset[str] = frozenset(),
    ) -> None:
        self.disk = disk
        self.roots = list(roots)
        self.environment = environment
        self.walked = walked
        self.installed: Callable[[str], bool] = _nothing
        """Whether a regular package of that name is installed, or required: it goes over a folder of that name."""
        self.lent: Callable[[str, str], bool] | None = None
        """Whether a root, in front of a module's name, is no place that the worker would import that from if something
        of the name is installed: the root of another project that is not required."""
        self._added: set[str] = set()
        self._found: dict[str, FoundModule | None] = {}

    def add_root(self, path: str, first: bool) -> None:
        """What ``sys.path.insert`` and ``append`` do."""
        if path in self.roots and self.lent is not None and path not in self._added and self.lent(path, ""):
            self.roots.remove(path)
        if path in self.roots or not self.disk.is_directory(path):
            return
        self._added.add(path)
        self.roots.insert(0 if first else len(self.roots), path)
        self._found = {name: found for name, found in self._found.items() if found is not None}

    def find(self, name: str) -> FoundModule | None:
        """The module of that name, or None if it is not in the source roots (nor in the environment)."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def _find(self, name: str) -> FoundModule | None:
        parent, _, last = name.rpartition(".")
        if not last or any(character in last for character in "/\\\0"):
            return None  # importlib.import_module takes any other name, such as migrations' "0001_initial"
        if parent:
            package = self.find(parent)
            if package is None or not package.is_package:
                return None
            return self._search(name, last, package.locations, package.origin)
        if name in sys.stdlib_module_names and not self._shadows(name):
            return None
        found = self._search(name, last, tuple(self.roots), FIRST_PARTY)
        if name in self.walked and (found is None or self._gives_way(found)):
            return self._search(name, last, self.environment, THIRD_PARTY) or found
        return None if found is not None and self._gives_way(found) and self.installed(name) else found

    def _gives_way(self, found: FoundModule) -> bool:
        """Whether a module of a source root is no match for an installed one of the same name."""
        if found.path is None or self.lent is None:
            return found.path is None
        root = os.path.dirname(os.path.dirname(found.path) if found.is_package else found.path)
        return root not in self._added and self.lent(root, found.name)

    def _shadows(self, name: str) -> bool:
        """Whether a file in the first root hides a standard module: the worker's own directory comes first."""
        return bool(self.roots) and self._in_directory(name, name, self.roots[0], FIRST_PARTY) is not None

    def _search(self, name: str, last: str, locations: tuple[str, ...], origin: str) -> FoundModule | None:
        portions = []
        for location in locations:
            found = self._in_directory(name, last, location, origin)
            if found is not None:
                return found
            if self.disk.listing(location).get(last) == "d":
                portions.append(os.path.join(location, last))
        if portions and self._holds_source(portions):
            return FoundModule(name, None, True, tuple(portions), origin)
        candidates = (*portions, *(locations if "." in name else ()))
        return next((self._unread(name, path, origin) for path in candidates if self.disk.why_unread(path)), None)

    def _unread(self, name: str, directory: str, origin: str) -> FoundModule:
        """What stands for a module that a directory may hold: a package, so that its own modules are found as well."""
        return FoundModule(name, directory, True, (directory,), origin, self.disk.why_unread(directory))

    def _in_directory(self, name: str, last: str, location: str, origin: str) -> FoundModule | None:
        """FileFinder.find_spec for one directory (CPython Lib/importlib/_bootstrap_external.py)."""
        listing = self.disk.listing(location)
        if listing.get(last) == "d":
            directory = os.path.join(location, last)
            inside = self.disk.listing(directory)
            if inside.get("__init__.py") == "f":
                return FoundModule(name, os.path.join(directory, "__init__.py"), True, (directory,), origin)
            for suffix in EXTENSIONS:
                if inside.get("__init__" + suffix) == "f":
                    return FoundModule(name, os.path.join(directory, "__init__" + suffix), True, (directory,), origin)
        for suffix in EXTENSIONS:
            if listing.get(last + suffix) == "f":
                return FoundModule(name, os.path.join(location, last + suffix), False, (), origin)
        if listing.get(last + ".py") == "f":
            return FoundModule(name, os.path.join(location, last + ".py"), False, (), origin)
        other = self.disk.extension_modules(location).get(last) if origin == THIRD_PARTY else None
        if other is not None:  # made for another Python than this one, as the environment may be
            return FoundModule(name, os.path.join(location, other), False, (), origin)
        return None

    def _holds_source(self, portions: list[str]) -> bool:
        """Whether a namespace package has anything to import; a folder of templates is none worth the name."""
        for portion in portions:
            for directory, _, files in self.disk.tree(portion):
                if any(name.endswith((".py", *EXTENSIONS)) for name in files):
                    return True
                if directory.count(os.sep) - portion.count(os.sep) >= 4:
                    break
        return False

    def names_in(self, locations: tuple[str, ...]) -> list[tuple[str, bool]]:
        """What ``pkgutil.iter_modules`` yields for these directories: names, and whether each is a package."""
        found: dict[str, bool] = {}
        for location in locations:
            listing = self.disk.listing(location)
            for entry in sorted(listing):
                base, extension = os.path.splitext(entry)
                if listing[entry] == "f" and extension == ".py" and base != "__init__":
                    found.setdefault(base, False)
                elif "." not in entry and self.disk.is_file(os.path.join(location, entry, "__init__.py")):
                    found.setdefault(entry, True)
        return sorted(found.items())


def outside_origin(name: str) -> str:
    """Where a module comes from that is not walked."""
    return STDLIB if name.partition(".")[0] in sys.stdlib_module_names else THIRD_PARTY


def absolute(package: str, level: int, module: str) -> str:
    """The absolute name of what a ``from`` import names; ``level`` counts its leading dots."""
    if not level:
        return module
    for _ in range(level - 1):
        package = package.rpartition(".")[0]
    return f"{package}.{module}".strip(".") if module else package


def module_name(disk: Disk, path: str) -> tuple[str, str]:
    """The source root and dotted module name of a file, found by its ``__init__.py`` files.

    ``/repo/src/shop/tasks.py`` is ``("/repo/src", "shop.tasks")``.
    """
    directory, file_name = os.path.split(path)
    parts = [] if file_name == "__init__.py" else [os.path.splitext(file_name)[0]]
    while disk.is_file(os.path.join(directory, "__init__.py")):
        directory, last = os.path.split(directory)
        parts.insert(0, last)
        if not last:
            break
    return directory, ".".join(parts)


def source_roots(disk: Disk, project: str, first: str | None) -> tuple[str, ...]:
    """Source roots of a project: ``first`` (where its Celery app lies), the project itself, ``src``, and those of the
    other projects in a monorepo.
    """
    roots = [first] if first else []
    roots += [project, os.path.join(project, "src")]
    for directory, directories, files in disk.tree(project):
        depth = directory.count(os.sep) - project.count(os.sep)
        if depth >= 4:
            break
        if depth and "__init__.py" not in files and any(name in files for name in PROJECT_FILES):
            roots += [directory] + ([os.path.join(directory, "src")] if "src" in directories else [])
    return tuple(dict.fromkeys(root for root in roots if disk.is_directory(root)))


def parents(name: str) -> Iterator[str]:
    """The packages around a module, outermost first."""
    for index, character in enumerate(name):
        if character == ".":
            yield name[:index]
