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


Loads = Mapping[str, Iterable[str]]
"""For each module that the parent has loaded, those of the project that it imports."""


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

    def reached_from(self, starts: Iterable[str]) -> Iterator[DeferredImport]:
        """The imports of interest that some modules lead to, those nearest first.

        All is guessed first, and only what may lead to a package is then read with care.
        """
        starts = list(starts)
        ways = {name: self._next(name, "guessed imports") for name in starts}
        queue = deque(ways)
        while queue:
            for name, _ in ways[queue.popleft()]:
                if name not in ways and self._own(name) is not None:
                    ways[name] = self._next(name, "guessed imports")
                    queue.append(name)
        promising = self._leading(ways)
        seen = dict.fromkeys(name for name in starts if name in promising)
        queue = deque(seen)
        while queue:
            module = queue.popleft()
            for name, line in self._next(module, "written imports"):
                own = self._own(name)
                if own is None:
                    path = self._path(module)
                    yield from (DeferredImport(package, path, line) for package in self.packages_of(name))
                elif name in promising and name not in seen:
                    seen[name] = None
                    queue.append(name)

    def _leading(self, ways: Mapping[str, list[tuple[str, int]]]) -> set[str]:
        """The modules from which a package of interest may be reached."""
        importers: dict[str, list[str]] = {}
        pending = []
        for module, names in ways.items():
            for name, _ in names:
                importers.setdefault(name, []).append(module)
                if name not in ways and self.packages_of(name):
                    pending.append(module)
        found = set(pending)
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
