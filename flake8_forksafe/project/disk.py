"""Cached access to the disk for one analysis: each directory is listed once, each file is read once, and unsaved
buffers replace files."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from flake8_forksafe.file_reading import ABSENT, SOURCE_LIMIT, CannotAnalyse, raise_if_exhausted, read_file
from flake8_forksafe.project.questions import (
    CONTENT,
    UNREAD,
    Answer,
    Argument,
    Question,
    Recall,
    answer_of,
    as_numbers,
    head_of,
    recall_nothing,
)
from flake8_forksafe.project.stamps import Stamp, stamp_at, stamp_of
from flake8_forksafe.settings import REPOSITORY_MARKERS, Settings, checkout, is_marked, is_outside

IGNORED_DIRECTORIES = frozenset(
    {"node_modules", "__pycache__", "site-packages", "bower_components", "__pypackages__", "lib64"}
)
"""Directories that never hold source of the project, besides hidden ones and virtual environments."""

SEARCH_LIMIT = 200_000
"""Directory entries a search of the tree looks at; beyond, it stops and says so."""

LOOSE_SEARCH_LIMIT = 20_000
"""The same in a directory that no marker says to be a project, such as a user's home directory."""

OWN_REPOSITORY = "it is a repository of its own: give its path"

LONGEST_PATH = 4096
"""Characters; no longer path exists (``PATH_MAX`` of Linux), though a dotted name may stand for one."""

NOTHING: Mapping[str, str] = MappingProxyType({})

OUTSIDE = "it is a link that leads out of the repository"


class Unread(NamedTuple):
    """A file or directory that is there and could not be read.

    :ivar reason: a clause for a message.
    :ivar searched: whether it was only come across in a search of the tree.
    """

    path: str
    reason: str
    searched: bool


class Disk:
    """Cached access to files.

    What is there and cannot be read is remembered: it is no reason to take it for absent.

    :param overlay: contents that replace those of files, by real absolute path (an editor's unsaved buffers).
    :param within: directories that links must not lead out of; none for no such limit.
    :ivar answers: what was asked about the content of each file, by question; whoever makes facts of a file tells
        himself what he asks.
    :ivar recall: what an earlier analysis knows of a file with some stamp: answers by question.
    :ivar stamps: of files and directories, from before they were looked at.
    :ivar exhausted: whether a search stopped at :data:`SEARCH_LIMIT`.
    :ivar is_loose: whether nothing says that the directory is a project: its search is shorter, and repositories in it
        are passed over.
    """

    def __init__(self, overlay: Mapping[str, bytes] = MappingProxyType({}), within: Iterable[str] = ()) -> None:
        self.overlay = overlay
        self._named = [os.path.normpath(directory) for directory in within]
        self._within = [os.path.realpath(directory) for directory in self._named]
        self._inside: set[str] = set()
        """Directories that lie, links followed, where links may lead to."""
        self._opened: set[str] = set()
        """Directories outside that were looked into all the same."""
        self._unread: dict[str, Unread] = {}
        self.exhausted = False
        self.is_loose = False
        self.answers: dict[str, dict[Question, Answer]] = {}
        self.recall: Recall = recall_nothing
        self._last: tuple[str, bytes] = ("", b"")
        """What was read last: several questions about a file are asked one after the other."""
        self._recalled: dict[str, Mapping[Question, Answer]] = {}
        self.stamps: dict[str, Stamp] = {}
        self._listings: dict[str, Mapping[str, str]] = {}
        self._extensions: dict[str, dict[str, str]] = {}
        self._links: dict[str, frozenset[str]] = {}
        self._names_asked: dict[str, set[str] | None] = {}

    def allow(self, directory: str) -> None:
        """Let links lead into a directory as well."""
        if self._within:
            self._within.append(os.path.realpath(directory))
            self._opened.add(directory)

    def opened(self) -> list[str]:
        """The directories outside that were allowed, or listed all the same: who asks again has to allow them."""
        return sorted(self._opened)

    def is_inside(self, path: str) -> bool:
        """Whether a path, links followed, lies where links may lead to."""
        if not self._within:
            return True
        if len(path) > LONGEST_PATH:
            return False
        directory, name = os.path.split(path)
        if name and directory in self._inside and not self._is_link(directory, name):
            return True
        try:
            real = os.path.realpath(directory)
            full = os.path.join(real, name)
            full = os.path.realpath(full) if self._is_link(directory, name) else full
        except ValueError:  # a null character or a surrogate: nothing has such a name
            return False
        if self._lies_within(real):
            self._inside.add(directory)
        return self._lies_within(full)

    def _lies_within(self, full: str) -> bool:
        return any(full == root or full.startswith(root.rstrip(os.sep) + os.sep) for root in self._within)

    def _is_link(self, directory: str, name: str) -> bool:
        links = self._links.get(directory)
        return name in links if links is not None else os.path.islink(os.path.join(directory, name))

    def unread(self) -> tuple[Unread, ...]:
        """What could not be read so far, though it is there."""
        return tuple(self._unread[path] for path in sorted(self._unread))

    def why_unread(self, path: str) -> str:
        """Why something could not be read; ``""`` if it could, is absent, or was not asked for."""
        unread = self._unread.get(path)
        return unread.reason if unread is not None else ""

    def _note(self, path: str, error: OSError, searched: bool = False) -> None:
        """Remember what could not be read."""
        if error.errno not in ABSENT:
            known = self._unread.get(path)
            searched = searched and (known is None or known.searched)
            self._unread[path] = Unread(path, error.strerror or str(error), searched)

    def listing(self, directory: str, searched: bool = False, anywhere: bool = False) -> Mapping[str, str]:
        """Names in a directory, each with ``"f"`` or ``"d"`` (links followed); empty if there is no such directory.

        :param searched: whether it is only come across.
        :param anywhere: whether links may lead to it from anywhere.
        :raises OutOfResources: if no directory can be read any more.
        """
        self._names_asked[directory] = None
        if anywhere:
            self._opened.add(directory)
        return self._listing(directory, searched, anywhere)

    def extension_modules(self, directory: str) -> Mapping[str, str]:
        """The modules in a directory that are compiled, with their files: ``name.cpython-312-x86_64-linux-gnu.so``."""
        found = self._extensions.get(directory)
        if found is None:
            listing = self.listing(directory)
            found = {entry.partition(".")[0]: entry for entry in listing if entry.endswith((".so", ".pyd"))}
            self._extensions[directory] = found
        return found

    def _listing(self, directory: str, searched: bool, anywhere: bool = False) -> Mapping[str, str]:
        listing = self._listings.get(directory)
        if listing is None:
            stamp = stamp_at(directory or ".")
            if stamp is not None:
                self.stamps[directory] = stamp
            try:
                way_in = None if anywhere or self.is_inside(directory) else self._way_in(directory)
                if not anywhere and way_in is None:
                    self._check(directory)
                if way_in is None and not anywhere:
                    self._inside.add(directory)
                if way_in is None:
                    listing, self._links[directory] = list_directory(directory)
                else:
                    listing = {way_in: "d"}
            except OSError as error:
                self._note(directory, error, searched)
                listing = NOTHING
            self._listings[directory] = listing
        elif not searched and directory in self._unread:
            self._unread[directory] = self._unread[directory]._replace(searched=False)
        return listing

    def _way_in(self, directory: str) -> str | None:
        """Of a directory around one that may be listed, the only entry that is anybody's business."""
        start = directory.rstrip(os.sep) + os.sep
        inner = next((named for named in self._named if named.startswith(start)), None)
        return inner[len(start) :].partition(os.sep)[0] if inner is not None else None

    def require_inside(self, path: str) -> None:
        """Refuse, and remember, a file that a link outside leads to.

        :raises OSError: if it is such.
        """
        try:
            self._check(path)
        except OSError as error:
            self._note(path, error)
            self.answers[path] = {CONTENT: UNREAD}
            raise

    def _check(self, path: str) -> None:
        """Refuse what a link outside leads to: nothing of it may come into a message.

        :raises OSError: if it is such.
        """
        if not self.is_inside(path):
            raise OSError(errno.EXDEV, OUTSIDE)

    def directories(self) -> Iterable[str]:
        """Every directory that was listed, or asked for a name."""
        return self._names_asked

    def names_asked(self, directory: str) -> list[str] | None:
        """The names that a directory was asked for; None if all were."""
        names = self._names_asked[directory]
        return sorted(names) if names is not None else None

    def links(self, directory: str) -> frozenset[str]:
        """The names in a directory that are links."""
        return self._links.get(directory, frozenset())

    def is_file(self, path: str) -> bool:
        """Whether there is a file (or something that can be opened like one)."""
        return path in self.overlay or self.kind(path) == "f"

    def is_directory(self, path: str) -> bool:
        """Whether there is a directory."""
        return not os.path.basename(path) or self.kind(path) == "d"

    def kind(self, path: str) -> str | None:
        """What a directory's listing says of a path, or the path itself where the directory may not be listed."""
        if len(path) > LONGEST_PATH:
            return None
        directory, name = os.path.split(path)
        asked = self._names_asked.setdefault(directory, set())
        if asked is not None:
            asked.add(name)
        if directory not in self._listings and self.is_inside(directory):
            self._listing(directory, searched=True)
        if directory in self._listings and directory not in self._unread:
            return self._listings[directory].get(name)
        try:
            return "d" if stat.S_ISDIR(os.stat(path).st_mode) else "f"
        except (OSError, ValueError):
            return None

    def read(self, path: str, limit: int = SOURCE_LIMIT) -> bytes:
        """A file's content.

        :param limit: bytes; a larger file cannot be read.
        :raises OSError: if it cannot be read.
        :raises OutOfResources: if no file can be read any more.
        """
        content = self.content(path, limit)
        asked = self.answers.setdefault(path, {})
        if CONTENT not in asked:
            asked[CONTENT] = answer_of(content, CONTENT)
        return content

    def content(self, path: str, limit: int = SOURCE_LIMIT, searched: bool = False) -> bytes:
        """A file's content, for who tells himself what he asks about it.

        :param searched: whether it is only come across.
        :raises OSError: as :meth:`read`.
        """
        content = self.overlay.get(path)
        if content is not None:
            return content
        if self._last[0] == path and len(self._last[1]) <= limit:
            return self._last[1]
        try:
            self._check(path)
            content, status = read_file(path, limit)
        except OSError as error:
            self._note(path, error, searched)
            self.answers[path] = {CONTENT: UNREAD}
            raise
        self.stamps.setdefault(path, stamp_of(status))
        self._last = (path, content)
        return content

    def head(self, path: str, size: int) -> tuple[bytes, int]:
        """The beginning of a file of any size, and that size; whether it can be read at all is for the caller to say.

        :raises OSError: if it cannot be read.
        :raises OutOfResources: if no file can be read any more.
        """
        content = self.overlay.get(path)
        if content is not None:
            return content[:size], len(content)
        try:
            self._check(path)
            content, status = read_file(path, size, whole=False)
        except OSError:
            self.answers[path] = {CONTENT: UNREAD}
            raise
        self.stamps.setdefault(path, stamp_of(status))
        if status.st_size > size:
            self.answers.setdefault(path, {})["head", size] = head_of(content, size, status.st_size)
        return content, status.st_size

    def ask(self, path: str, name: str, *arguments: Argument) -> Answer:
        """The answer to one of :data:`~flake8_forksafe.project.questions.QUESTIONS` about a file.

        :raises OSError: as :meth:`read`.
        """
        question = (name, *arguments)
        answer = self.answers.get(path, {}).get(question)
        if answer is None:
            answer = self._recalled_of(path).get(question)
            if answer is None:
                answer = answer_of(self.content(path, searched=True), question)
            self.answers.setdefault(path, {})[question] = answer
        return answer

    def _recalled_of(self, path: str) -> Mapping[Question, Answer]:
        """What is known of a file that need not be read again."""
        known = self._recalled.get(path)
        if known is None:
            may_be = self.recall is not recall_nothing and path not in self.overlay and self.is_inside(path)
            stamp = stamp_at(path) if may_be else None
            known = self._recalled[path] = self.recall(path, stamp) if stamp is not None else {}
            if known and stamp is not None:
                self.stamps.setdefault(path, stamp)
        return known

    def holds(self, path: str, *words: str) -> bool:
        """Whether a file holds one of some words; one that cannot be read does not."""
        try:
            return bool(self.ask(path, "holds", *words))
        except OSError:
            return False

    def starts(self, path: str, marks: Mapping[str, str]) -> tuple[tuple[str, ...], bool]:
        """The hosts that a Python file may start itself, by their marks, and whether it may start a worker by a
        command; nothing if it cannot be read.
        """
        try:
            by_command, *itself = as_numbers(self.ask(path, "starts", *marks.values()))
        except OSError:
            return (), False
        return tuple(host for host, found in zip(marks, itself, strict=True) if found), bool(by_command)

    def depends_on(self, path: str) -> None:
        """Note a file that something else reads."""
        try:
            self.read(path)
        except OSError:
            pass

    def _is_built(self, directory: str, name: str, listing: Mapping[str, str]) -> bool:
        """Whether a directory holds the copy of the source that ``pip install`` of a directory leaves behind."""
        if name != "build" or not {"pyproject.toml", "setup.py", "setup.cfg"} & listing.keys():
            return False
        inside = self.listing(os.path.join(directory, name), searched=True)
        return inside.get("lib") == "d" and any(entry.startswith("bdist.") for entry in inside)

    def tree(self, root: str) -> Iterator[tuple[str, list[str], list[str]]]:
        """Directories below ``root`` that may hold source, breadth first: path, sub-directories, file names.

        Hidden directories, virtual environments, what setuptools has built and :data:`IGNORED_DIRECTORIES` are passed
        over, and so are links to directories, as flake8 passes over them.
        """
        queue, seen = [root], 0
        limit = LOOSE_SEARCH_LIMIT if self.is_loose else SEARCH_LIMIT
        while queue:
            directory = queue.pop(0)
            listing = self.listing(directory, searched=True)
            if directory != root and "pyvenv.cfg" in listing:
                continue
            if self.is_loose and directory != root and any(marker in listing for marker in REPOSITORY_MARKERS):
                self._unread[directory] = Unread(directory, OWN_REPOSITORY, True)
                continue
            seen += len(listing)
            if seen > limit:
                self.exhausted = True
                self._unread[root] = Unread(root, f"only its first {limit:,} entries were looked at", True)
                return
            names = sorted(listing)
            directories = [
                name for name in names
                if listing[name] == "d" and not name.startswith(".") and name not in IGNORED_DIRECTORIES
                and not self._is_link(directory, name) and not self._is_built(directory, name, listing)
            ]  # fmt: skip
            yield directory, directories, [name for name in names if listing[name] == "f"]
            queue.extend(os.path.join(directory, name) for name in directories)


def disk_of(settings: Settings, overlay: Mapping[str, bytes] = MappingProxyType({})) -> Disk:
    """The disk as an analysis sees it: links may lead within the repository, and to what the user named outside.

    :raises CannotAnalyse: if the project's top directory cannot be read.
    """
    named = (*settings.source_roots, *filter(None, [settings.measurement]))
    outside = [os.path.join(settings.project, path) for path in named if is_outside(path, settings.project)]
    disk = Disk(overlay, (checkout(settings.project), *outside))
    disk.is_loose = not is_marked(settings.project)
    disk.listing(settings.project)
    reason = disk.why_unread(settings.project)
    if reason:
        raise CannotAnalyse(f"{settings.project} cannot be read: {reason}")
    return disk


def raise_if_unread(disk: Disk) -> None:
    """Say that no Celery app was found only if everything was looked at.

    :raises CannotAnalyse: if something could not be read.
    """
    unread = [one for one in disk.unread() if one.reason != OWN_REPOSITORY]
    if unread:
        more = f" (and {len(unread) - 1} more)" if len(unread) > 1 else ""
        raise CannotAnalyse(
            f"no Celery app was found, but {unread[0].path} could not be read{more}: {unread[0].reason}"
        )


def list_directory(directory: str) -> tuple[Mapping[str, str], frozenset[str]]:
    """Names in a directory, each with ``"f"`` or ``"d"`` (links followed); and those that are links.

    :raises OSError: if it cannot be listed.
    :raises OutOfResources: if no directory can be read any more.
    """
    try:
        with os.scandir(directory or ".") as entries:
            found = list(entries)
    except OSError as error:
        raise_if_exhausted(error)
        raise
    except ValueError:  # a null character or a surrogate, in a path that the program computes
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), directory) from None
    listing = {entry.name: "d" if _is_directory(entry) else "f" for entry in found}
    return listing, frozenset(entry.name for entry in found if entry.is_symlink())


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
