"""What the functions of modules import when they are called, found without executing anything.

The walk knows what a worker's parent executes.  What its children import later is known from the text only: which
modules lead to a package, by imports that stand in functions, and by those of modules that these load.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.layout import FIRST_PARTY, FoundModule, Layout, absolute, parents
from flake8_forksafe.project.questions import as_words
from flake8_forksafe.source.written_imports import WrittenImport


class DeferredImport(NamedTuple):
    """An import that is executed when something is called.

    :ivar package: what it loads; ``path`` and ``line``: where it stands.
    """

    package: str
    path: str
    line: int


GUESSED, WRITTEN = "guessed imports", "written imports"
"""The two readings of a file, as questions (:mod:`flake8_forksafe.project.questions`)."""

Loads = Mapping[str, Iterable[str]]
"""For each module that the parent has loaded, those of the project that it imports."""
Ways = Mapping[str, list[tuple[str, int]]]
"""For each module what it may lead to, with the lines."""


class DeferredImports:
    """Searches for imports that wait in functions.

    :param loads: what is loaded already, of which only what stands in functions is still to come.
    :param packages_of: the packages of interest that an import of a name loads.
    """

    def __init__(self, disk: Disk, layout: Layout, loads: Loads, packages_of: Callable[[str], tuple[str, ...]]) -> None:
        self.disk = disk
        self.layout = layout
        self.loads = loads
        self.packages_of = packages_of

    def reached_from(self, starts: Iterable[str], counts: Callable[[str], bool]) -> Iterator[DeferredImport]:
        """The import of each package of interest that is nearest to some modules.

        All is guessed first.  Of the files that may import a package each is then read with care, of the others only
        those on the way to one that does.

        :param counts: whether an import in the file at a path is to be told.
        """
        layer = list(dict.fromkeys(starts))
        ways = self._guessed(layer)
        ends = {module: list(self._ends(module, counts)) for module in self._guessed_ends(ways)}
        missing = {found.package for ended in ends.values() for found in ended}
        seen = set(layer)
        while missing and layer:
            for found in (found for module in layer for found in ends.get(module, ())):
                if found.package in missing:
                    missing.remove(found.package)
                    yield found
            leading = self._leading(ways, {module for module, ended in ends.items()
                                           if any(found.package in missing for found in ended)})  # fmt: skip
            names = (name for module in layer if module in leading for name, _ in self._next(module, WRITTEN))
            layer = [name for name in dict.fromkeys(names) if name in leading and name not in seen]
            seen.update(layer)

    def _guessed(self, starts: Iterable[str]) -> dict[str, list[tuple[str, int]]]:
        """What each module of the project that some modules may lead to may lead to."""
        ways = {name: self._next(name, GUESSED) for name in starts}
        queue = deque(ways)
        while queue:
            for name, _ in ways[queue.popleft()]:
                if name not in ways and self._own(name) is not None:
                    ways[name] = self._next(name, GUESSED)
                    queue.append(name)
        return ways

    def _guessed_ends(self, ways: Ways) -> list[str]:
        """The modules that may import a package of interest themselves."""
        return [module for module, names in ways.items()
                if any(name not in ways and self.packages_of(name) for name, _ in names)]  # fmt: skip

    def _ends(self, module: str, counts: Callable[[str], bool]) -> Iterator[DeferredImport]:
        """The imports of interest that stand in a module."""
        path = self._path(module)
        if counts(path):
            for name, line in self._next(module, WRITTEN):
                if self._own(name) is None:
                    yield from (DeferredImport(package, path, line) for package in self.packages_of(name))

    def _leading(self, ways: Ways, ends: set[str]) -> set[str]:
        """The modules from which one of some others may be reached, and these."""
        importers: dict[str, list[str]] = {}
        for module, names in ways.items():
            for name, _ in names:
                importers.setdefault(name, []).append(module)
        found, pending = set(ends), list(ends)
        while pending:
            for module in importers.get(pending.pop(), ()):
                if module not in found:
                    found.add(module)
                    pending.append(module)
        return found

    def _own(self, name: str) -> FoundModule | None:
        """A module of the project."""
        found = self.layout.find(name)
        return found if found is not None and found.origin == FIRST_PARTY else None

    def _path(self, module: str) -> str:
        found = self._own(module)
        return found.path if found is not None and found.path is not None and found.is_source else ""

    def _next(self, module: str, question: str) -> list[tuple[str, int]]:
        """What a module leads to, with the line of the import: what it has loaded has none."""
        names = dict.fromkeys(self.loads.get(module, ()), 0)
        path = self._path(module)
        try:
            written = as_words(self.disk.ask(path, question)) if path else []
        except OSError:
            written = []
        for one in map(WrittenImport.unpacked, written):
            if one.in_function or module not in self.loads:
                for name in self._names(module, one):
                    names.setdefault(name, one.line)
        return list(names.items())

    def _names(self, module: str, one: WrittenImport) -> Iterator[str]:
        """The modules that an import may load, packages first."""
        own = self._own(module)
        package = module if own is not None and own.is_package else module.rpartition(".")[0]
        source = one.source.lstrip(".")
        base = absolute(package, len(one.source) - len(source), source) if one.source else ""
        for name in (base, *(f"{base}.{name}" for name in one.names if name != "*")) if base else one.names:
            yield from parents(name)
            yield name
