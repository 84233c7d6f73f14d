"""The disk as one analysis sees it: each directory listed once, each file read once, unsaved buffers on top."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from flake8_forksafe.digest import UNMENTIONED, checksum, digest

IGNORED_DIRECTORIES = frozenset(
    {"node_modules", "__pycache__", "site-packages", "bower_components", "__pypackages__", "lib64"}
)
"""Directories that never hold source of the project, besides hidden ones and virtual environments."""

SEARCH_LIMIT = 200_000
"""Directory entries a search of the tree looks at; beyond, it stops and says so."""

NOTHING: Mapping[str, str] = MappingProxyType({})


NEVER = (0, 0, UNMENTIONED)


class Disk:
    """Cached access to files.

    :param overlay: contents that replace those of files, by real absolute path (an editor's unsaved buffers).
    :ivar exhausted: whether a search stopped at :data:`SEARCH_LIMIT`.
    """

    def __init__(self, overlay: Mapping[str, bytes] = MappingProxyType({})) -> None:
        self.overlay = overlay
        self.exhausted = False
        self.unmentioned: set[str] = set()
        """Files of which a search found that they are none of its business."""
        self._listings: dict[str, Mapping[str, str]] = {}
        self._listed_ns: dict[str, int] = {}
        self._files: dict[str, tuple[int, int, str]] = {}

    def __reduce__(self) -> tuple[type[Disk], tuple[()]]:
        return Disk, ()  # one that is kept looks anew

    def listing(self, directory: str) -> Mapping[str, str]:
        """Names in a directory, each with ``"f"`` or ``"d"`` (links followed); empty if there is no such directory."""
        listing = self._listings.get(directory)
        if listing is None:
            self._listed_ns[directory] = _modified_ns(directory)
            listing = self._listings[directory] = self._list(directory)
        return listing

    def directories(self) -> dict[str, tuple[int, Mapping[str, str]]]:
        """Every directory that was listed: its time stamp (0 if there is none) before that, and what it held."""
        return {path: (self._listed_ns[path], listing) for path, listing in self._listings.items()}

    def files(self) -> dict[str, tuple[int, int, str]]:
        """Every file that was read: its time stamp, size and SHA-256 digest; without digest if it could not be."""
        return self._files

    def _list(self, directory: str) -> Mapping[str, str]:
        try:
            with os.scandir(directory or ".") as entries:
                return {entry.name: "d" if _is_directory(entry) else "f" for entry in entries}
        except OSError:
            return NOTHING

    def is_file(self, path: str) -> bool:
        """Whether there is a file (or something that can be opened like one)."""
        directory, name = os.path.split(path)
        return path in self.overlay or self.listing(directory).get(name) == "f"

    def is_directory(self, path: str) -> bool:
        """Whether there is a directory."""
        directory, name = os.path.split(path)
        return not name or self.listing(directory).get(name) == "d"

    def read(self, path: str) -> bytes:
        """A file's content.

        :raises OSError: if it cannot be read.
        """
        content = self.overlay.get(path)
        if content is not None:
            return content
        try:
            content, status = _contents(path)
        except OSError:
            self._files[path] = (0, 0, "")
            raise
        if self._files.get(path, NEVER)[2] == UNMENTIONED:
            self._files[path] = (status.st_mtime_ns, status.st_size, digest(content))
        return content

    def holds(self, path: str, word: bytes) -> bool:
        """Whether a file holds a word; one that does not never matters while it still does not."""
        content = self.overlay.get(path)
        try:
            if content is None:
                content, status = _contents(path)
                self._files.setdefault(path, (status.st_mtime_ns, status.st_size, UNMENTIONED))
        except OSError:
            self._files[path] = (0, 0, "")
            return False
        if word in content:
            self._files.pop(path, None)
            return True
        self.unmentioned.add(path)
        return False

    def depends_on(self, path: str) -> None:
        """Note a file that something else reads."""
        try:
            self.read(path)
        except OSError:
            pass

    def tree(self, root: str) -> Iterator[tuple[str, list[str], list[str]]]:
        """Directories below ``root`` that may hold source, breadth first: path, sub-directories, file names.

        Hidden directories, virtual environments and :data:`IGNORED_DIRECTORIES` are passed over, and so are links to
        directories, as flake8 passes over them.
        """
        queue, seen = [root], 0
        while queue:
            directory = queue.pop(0)
            listing = self.listing(directory)
            if directory != root and "pyvenv.cfg" in listing:
                continue
            seen += len(listing)
            if seen > SEARCH_LIMIT:
                self.exhausted = True
                return
            names = sorted(listing)
            directories = [
                name for name in names
                if listing[name] == "d" and not name.startswith(".") and name not in IGNORED_DIRECTORIES
                and not os.path.islink(os.path.join(directory, name))
            ]  # fmt: skip
            yield directory, directories, [name for name in names if listing[name] == "f"]
            queue.extend(os.path.join(directory, name) for name in directories)


def _contents(path: str) -> tuple[bytes, os.stat_result]:
    """What a file holds, and its state just before."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        status = os.fstat(descriptor)
        content = os.read(descriptor, status.st_size + 1)
        while len(content) > status.st_size and (more := os.read(descriptor, 1 << 20)):
            content += more
        return content, status
    finally:
        os.close(descriptor)


def _modified_ns(directory: str) -> int:
    try:
        return os.stat(directory or ".").st_mtime_ns
    except OSError:
        return 0


def mentions(disk: Disk, root: str, word: bytes) -> bool:
    """Whether any Python file below ``root`` holds a word."""
    for directory, _, files in disk.tree(root):
        for name in files:
            if name.endswith(".py") and disk.holds(os.path.join(directory, name), word):
                return True
    return False


def listing_digest(listing: Mapping[str, str], ignored: str = "") -> str:
    """A hash of a directory's entries but one, and but Python's own byte code."""
    entries = sorted((name, kind) for name, kind in listing.items() if name not in (ignored, "__pycache__"))
    return checksum(repr(entries))


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
