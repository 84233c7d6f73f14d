"""Determines the source root of a file.

A chain of ``__init__.py`` files tells less than it seems: a namespace package has none, and a repository's top
directory may have one.  What decides is what the imports of the project's own files name, then where ``manage.py``
lies, then the packages that build metadata names.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from flake8_forksafe.project.disk import LONGEST_PATH, Disk
from flake8_forksafe.project.requirements import packages_named


class Roots:
    """The source roots of files, by all that is known.

    :param named: the modules that files of the project import by an absolute name.
    """

    def __init__(self, disk: Disk, project: str, named: Iterable[str] = ()) -> None:
        self.disk = disk
        self.project = project
        self.named = frozenset(named)

    def locate(self, path: str, imports: Iterable[str] = ()) -> tuple[str, str]:
        """The root and the dotted name of a file.

        :param imports: the modules that it imports by an absolute name.
        """
        ways = dict(self._ways(path))
        usual = self._usual(path)
        if not ways:
            return usual
        scores = {root: self._score(root, name, path, imports) for root, name in ways.items()}
        best = max(scores.values())
        if best == 0:
            return self._by_files(ways, usual) or usual
        likely = [root for root, score in scores.items() if score == best]
        root = usual[0] if usual[0] in likely else likely[0]
        return root, ways[root]

    def holds(self, top: str) -> bool:
        """Whether any directory of the project holds a module or a folder of that name."""
        return any(f"{top}.py" in files or top in folders for _, folders, files in self.disk.tree(self.project))

    def _ways(self, path: str) -> Iterator[tuple[str, str]]:
        """Each directory of the project that a file may be imported from, the nearest last, with its name there."""
        below = os.path.splitext(os.path.relpath(path, self.project))[0].split(os.sep)
        parts = below[:-1] if below[-1] == "__init__" else below
        for index in range(len(parts)):
            if not any("." in part for part in parts):
                yield os.path.join(self.project, *parts[:index]), ".".join(parts[index:])

    def _usual(self, path: str) -> tuple[str, str]:
        """By the chain of ``__init__.py`` files, which ends at the project's top directory."""
        directory, file_name = os.path.split(path)
        parts = [] if file_name == "__init__.py" else [os.path.splitext(file_name)[0]]
        while directory != self.project and self.disk.is_file(os.path.join(directory, "__init__.py")):
            directory, last = os.path.split(directory)
            parts.insert(0, last)
            if not last:
                break
        if parts == ["celery"] and directory != self.project:  # as a top-level module it would hide the library
            directory, last = os.path.split(directory)
            parts.insert(0, last)
        return directory, ".".join(parts)

    def _score(self, root: str, name: str, path: str, imports: Iterable[str]) -> int:
        """How many imports a root explains: those that name the file, and those of the file that it makes exist."""
        explained = sum(self._exists(root, module, path) for module in imports)
        return explained + (name in self.named and "." in name)

    def _exists(self, root: str, module: str, own: str) -> bool:
        """Whether a module exists below a root, and is not the file itself."""
        if len(module) > LONGEST_PATH:
            return False
        *packages, last = module.split(".")
        directory = os.path.join(root, *packages)
        is_file = self.disk.is_file(os.path.join(directory, f"{last}.py"))
        if is_file:
            return os.path.join(directory, f"{last}.py") != own
        inner = self.disk.listing(os.path.join(directory, last)) if self.disk.is_directory(directory) else {}
        return "__init__.py" in inner or (bool(packages) and any(entry.endswith(".py") for entry in inner))

    def _by_files(self, ways: dict[str, str], usual: tuple[str, str]) -> tuple[str, str] | None:
        """Where ``manage.py`` lies, or build metadata names the package."""
        for root, name in reversed(ways.items()):
            if len(root) > len(usual[0]):
                continue
            if self.disk.is_file(os.path.join(root, "manage.py")):
                return root, name
            top = name.partition(".")[0]
            holders = (root, os.path.dirname(root)) if os.path.basename(root) == "src" else (root,)
            if any(top in packages_named(self.disk, holder) for holder in holders):
                return root, name
        return None
