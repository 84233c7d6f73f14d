"""Reads files of the repository, and resolves the paths by which deployment files and processes name them."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from flake8_forksafe.deployment.model import Bystander, CleanStart, Place, Starters, Trouble, Unusable, Word
from flake8_forksafe.deployment.shell_syntax import parse_script
from flake8_forksafe.deployment.shell_tree import Script
from flake8_forksafe.file_reading import ABSENT, CONFIGURATION_LIMIT
from flake8_forksafe.project.disk import Disk

LARGEST = CONFIGURATION_LIMIT
"""Bytes of a deployment file that are read.  Files that people write are smaller."""

SEARCHED = 64 * 2**20
"""Bytes of a larger file that are searched for a mention of Celery."""

PROGRAM_PATHS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

SHEBANG = re.compile(rb"#!\s*\S*?(?:/env\s+(?:-S\s+)?)?(?:/|\b)(?:ba|da|a|z|k)?sh\b|#!\s*\S*/with-contenv\b")


class Text(NamedTuple):
    """A file's text, or one that a Dockerfile writes into its image.

    :ivar place: its first line.
    """

    content: str
    place: Place


class Files:
    """Reads files up to a size limit, and finds files by name.

    :ivar troubles: what could not be read, by file and kind.
    :ivar bystanders: processes of Celery that are not workers.
    :ivar starters: Python programs that may start workers.
    :ivar templates: services that exist for those of other files to extend: the file and the name.
    """

    def __init__(self, disk: Disk, project: str) -> None:
        self.disk = disk
        self.project = project
        self.troubles: dict[tuple[str, str], Trouble] = {}
        self.bystanders: dict[Bystander, None] = {}
        self.clean: dict[CleanStart, None] = {}
        """Commands whose processes inherit nothing of the project."""
        self.templates: set[tuple[str, str]] = set()
        self.starters = Starters()
        self.started: set[str] = set()
        """The programs among them, and the configurations, that something is seen to use."""
        self.unread: dict[str, str] = {}
        """Files that are there and cannot be read, with the reason."""
        self._named: dict[str, list[str]] | None = None
        self._texts: dict[str, str | None] = {}
        self._scripts: dict[tuple[str, int], Script] = {}

    def report(self, path: str, line: int, text: str) -> None:
        """Record a trouble, once for each file and kind."""
        self.troubles.setdefault((path, text.partition(":")[0]), Trouble(path, line, text))

    def read(self, path: str, size: int = LARGEST) -> bytes | None:
        """The first ``size`` bytes of a regular file; None if it cannot be read."""
        try:
            content, whole_size = self.disk.head(path, size)
        except OSError as error:
            if error.errno not in ABSENT:
                self.unread[path] = error.strerror or "it cannot be read"
            return None
        if whole_size <= LARGEST:
            self.disk.depends_on(path)
        return content

    def mentions(self, path: str, word: re.Pattern[bytes]) -> bool:
        """Whether the beginning of a file that is too large to be a deployment file holds a word."""
        return word.search(self.read(path, SEARCHED) or b"") is not None

    def text(self, path: str) -> str | None:
        """A deployment file's text; None, and a trouble, if it cannot be read."""
        if path not in self._texts:
            self._texts[path] = self._text(path)
        return self._texts[path]

    def _text(self, path: str) -> str | None:
        content = self.read(path, LARGEST + 1)
        if content is None:
            self.report(path, 1, self.unread.get(path) or "it cannot be read")
            return None
        if len(content) > LARGEST:
            self.report(path, 1, f"it is larger than {LARGEST // 1024} KiB and was not read")
            return None
        try:
            return decode(content)
        except Unusable as error:
            self.report(path, error.line, error.reason)
            return None

    def script(self, text: str, line: int) -> Script:
        """A shell script's statements, parsed once.

        :raises Unusable: if it is none.
        """
        if (text, line) not in self._scripts:
            self._scripts[text, line] = parse_script(text, line)
        return self._scripts[text, line]

    def is_shell_script(self, path: str) -> bool:
        """Whether it is a file that a shell would run."""
        if path.endswith((".sh", ".bash")):
            return self.disk.is_file(path)
        return SHEBANG.match(self.read(path, 128) or b"") is not None

    def similar(self, path: str) -> str | None:
        """The only file of the project whose path ends like this one, comparing as many parts as needed.

        For ``/etc/conf.d/celery`` that is ``deploy/conf.d/celery``, or else the only file named ``celery``.
        """
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if not parts:
            return None
        candidates = self._by_name().get(parts[-1], [])
        for count in range(1, len(parts) + 1):
            ending = os.sep + os.sep.join(parts[-count:])
            remaining = [candidate for candidate in candidates if candidate.endswith(ending)]
            if not remaining:
                return None
            if len(remaining) == 1:
                return remaining[0]
            candidates = remaining
        return None

    def _by_name(self) -> Mapping[str, list[str]]:
        if self._named is None:
            self._named = {}
            for directory, _, names in self.disk.tree(self.project):
                for name in names:
                    self._named.setdefault(name, []).append(os.path.join(directory, name))
        return self._named


def decode(content: bytes) -> str:
    """The text of a deployment file, which is UTF-8; newlines become ``\\n``.

    :raises Unusable: if it is not.
    """
    if b"\0" in content:
        raise Unusable("it contains null bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable("it is not UTF-8", content.count(b"\n", 0, error.start) + 1) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


class FileSystemView(NamedTuple):
    """The file system that a process sees.

    :ivar mounts: paths in a container, each with the path in the repository that it holds; later ones hide earlier
        ones of the same name.  Without any, the process sees the repository itself.
    :ivar written: files that the image's recipe spells out.
    :ivar contained: whether it is a container's, where a path never means the same path of this machine.
    :ivar home: the directory of the repository that the container is built from; empty if that is not known.
    """

    files: Files
    mounts: tuple[tuple[str, str], ...] = ()
    written: Mapping[str, Text] = MappingProxyType({})
    contained: bool = False
    home: str = ""

    def paths(self, path: str) -> list[str]:
        """Where in the repository an absolute path may lie, best first."""
        found = []
        ordered = sorted(enumerate(self.mounts), key=lambda item: (-len(item[1][0]), -item[0]))
        for _, (inside, outside) in ordered:
            if path == inside:
                found.append(outside)
            elif path.startswith(inside.rstrip("/") + "/"):
                found.append(os.path.normpath(os.path.join(outside, path[len(inside) :].lstrip("/"))))
        if not self.contained and (path == self.files.project or path.startswith(self.files.project + os.sep)):
            found.append(path)
        return found

    def script(self, path: str, directory: str) -> Text | None:
        """The shell script that a process in ``directory`` runs as ``path``; None if it is none of the repository."""
        if not path or "$" in path or "\0" in path:
            return None
        options = [posixpath.normpath(posixpath.join(directory, path))]
        if "/" not in path:
            options += [posixpath.join(program_path, path) for program_path in PROGRAM_PATHS]
        for option in options:
            if option in self.written:
                return self.written[option]
        for candidate in [found for option in options for found in self.paths(option)]:
            if self.files.disk.is_file(candidate):
                return self._shell_script(candidate)
        other = self.files.similar(options[0]) if "/" in path or path.endswith(".sh") else None
        return self._shell_script(other) if other is not None else None

    def _shell_script(self, path: str) -> Text | None:
        if not self.files.is_shell_script(path):
            return None
        content = self.files.text(path)
        return Text(content, Place(path, 1)) if content is not None else None

    def file(self, path: str, directory: str) -> str | None:
        """A file of the repository that a process names; None if there is none."""
        absolute = posixpath.normpath(posixpath.join(directory, path))
        for candidate in self.paths(absolute):
            if self.files.disk.is_file(candidate):
                return candidate
        return self.files.similar(absolute)

    def existing(self, path: str, directory: str) -> str | None:
        """A file of the repository that a process finds exactly where it looks, or at the same place of its directory;
        None if there is none.
        """
        absolute = posixpath.normpath(posixpath.join(directory, path))
        beside = os.path.join(self.directory(directory), path)
        return next((found for found in (*self.paths(absolute), beside) if self.files.disk.is_file(found)), None)

    def directory(self, path: str) -> str:
        """The directory of the repository that a process is in; what its image is built from, else the project, if that
        cannot be told.
        """
        for candidate in self.paths(posixpath.normpath(path)):
            if self.files.disk.is_directory(candidate):
                return candidate
        parts = [part for part in path.split("/") if part not in ("", ".", "..")]
        for base in filter(None, (self.home, self.files.project)):
            for start in range(1, len(parts)):
                candidate = os.path.join(base, *parts[start:])
                if self.files.disk.is_directory(candidate):
                    return candidate
        return self.home or self.files.project

    def search_path(self, value: str, directory: str) -> tuple[str, ...]:
        """The directories of the repository that ``PYTHONPATH`` names."""
        named = [posixpath.normpath(posixpath.join(directory, part)) for part in value.split(":") if part]
        found = [path for part in named for path in self.paths(part) if self.files.disk.is_directory(path)]
        return tuple(dict.fromkeys(found))


ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=(.*)")


def read_variables(text: str, path: str) -> dict[str, Word]:
    """The assignments of an environment file: ``NAME=value``, ``export NAME="value"``, ``# comment``.

    The common part of what Compose, systemd, honcho and a shell take; variables in values are left as they are.
    """
    variables = {}
    for number, line in enumerate(text.split("\n"), 1):
        match = ASSIGNMENT.fullmatch(line)
        if match is not None:
            variables[match[1]] = Word(unquote(match[2].strip()), Place(path, number))
    return variables


def unquote(value: str) -> str:
    """A value without the quotes around it, or without the comment behind it."""
    if value[:1] in ("'", '"'):
        end = value.find(value[0], 1)
        while end > 0 and value[end - 1] == "\\" and value[0] == '"':
            end = value.find(value[0], end + 1)
        if end > 0:
            inner = value[1:end]
            return inner.replace('\\"', '"').replace("\\\\", "\\") if value[0] == '"' else inner
    return re.split(r"\s+#", value, maxsplit=1)[0].rstrip() if not value.startswith("#") else ""
