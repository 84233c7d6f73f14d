"""Cache files: signed, written atomically, and removed only if this program wrote them."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

from flake8_forksafe import __version__
from flake8_forksafe.digest import checksum
from flake8_forksafe.file_reading import CONFIGURATION_LIMIT, read_file
from flake8_forksafe.incremental.signing_key import is_own, secret, temporary_name

MAGIC = b"forksafe kept "
SIGNATURE_SIZE = 32
SIZE_LIMIT = 512_000_000
"""Bytes; a larger file is not read."""
TEMPORARY = re.compile(r"\.[\w.-]+\.\d+\.\d+\.tmp")
LEFTOVER_S = 3600
"""Age in seconds from which a temporary file is taken for abandoned."""


class CacheFiles:
    """The cache files in one directory.

    A problem with the directory or a file is not an error: then nothing is read or written.  A directory
    that is another user's, or that everybody may write to, is not used.

    :param directory: created if it does not exist; None for no cache.
    :raises UsageError: see :func:`~flake8_forksafe.incremental.signing_key.secret`.
    """

    def __init__(self, directory: str | None) -> None:
        self.directory = directory if directory is not None and _prepare(directory) else None
        self._key = secret() if self.directory is not None else None

    def read(self, name: str) -> memoryview | None:
        """The content of a file, if this version of the program wrote it, for this user and this Python."""
        if self.directory is None or self._key is None:
            return None
        try:
            content, _ = read_file(os.path.join(self.directory, name), SIZE_LIMIT, follow=False)
        except OSError:
            return None
        start = header(name)
        payload = memoryview(content)[len(start) + SIGNATURE_SIZE :]
        signature = content[len(start) : len(start) + SIGNATURE_SIZE]
        signed = content.startswith(start) and hmac.compare_digest(signature, self._sign(start, payload))
        return payload if signed else None

    def write(self, name: str, payload: bytes) -> bool:
        """Write a file atomically, and remove files that killed processes left.  Returns whether it was written."""
        if self.directory is None or self._key is None:
            return False
        start = header(name)
        temporary = os.path.join(self.directory, temporary_name(name))
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            with open(os.open(temporary, flags, 0o600), "wb") as stream:
                stream.writelines((start, self._sign(start, payload), payload))
            os.replace(temporary, os.path.join(self.directory, name))
        except OSError:
            with suppress(OSError):
                os.unlink(temporary)
            return False
        self._collect_leftovers()
        return True

    def _sign(self, start: bytes, payload: bytes | memoryview) -> bytes:
        signature = hashlib.blake2b(start, key=self._key or b"", digest_size=SIGNATURE_SIZE)
        signature.update(payload)
        return signature.digest()

    def evict(self, pattern: re.Pattern[str], kept: int) -> None:
        """Remove the oldest files of a kind.

        :param pattern: of their whole names.
        :param kept: how many stay.
        """
        found = sorted(self._own(pattern), reverse=True)
        for _, path in found[kept:]:
            with suppress(OSError):
                os.unlink(path)

    def _collect_leftovers(self) -> None:
        before_ns = time.time_ns() - LEFTOVER_S * 1_000_000_000
        for modified_ns, path in self._own(TEMPORARY):
            if modified_ns < before_ns:
                with suppress(OSError):
                    os.unlink(path)

    def _own(self, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
        """Times and paths of matching files that this program wrote or began to write."""
        assert self.directory is not None
        with suppress(OSError), os.scandir(self.directory) as entries:
            for entry in entries:
                if not pattern.fullmatch(entry.name) or not entry.is_file(follow_symlinks=False):
                    continue
                with suppress(OSError):
                    start, _ = read_file(entry.path, len(MAGIC), whole=False, follow=False)
                    if start == MAGIC or (pattern is TEMPORARY and MAGIC.startswith(start)):
                        yield entry.stat(follow_symlinks=False).st_mtime_ns, entry.path


def header(name: str) -> bytes:
    """The first line of a file: its kind, and the versions that wrote it."""
    python = ".".join(map(str, sys.version_info[:3]))
    return MAGIC + f"{name} {__version__} {build(PACKAGE)} python {python}\n".encode("utf-8", "surrogateescape")


PACKAGE = os.path.dirname(os.path.dirname(__file__))


@cache
def build(package: str) -> str:
    """What tells apart two builds of one version, which a checkout or a requirement on a branch makes.

    An installed wheel lists its files with their hashes in ``RECORD``
    (https://packaging.python.org/en/latest/specifications/recording-installed-packages/).  A checkout has time stamps.

    :param package: the directory of this package.
    """
    metadata = f"{os.path.basename(package)}-{__version__}.dist-info"
    try:
        content, _ = read_file(os.path.join(os.path.dirname(package), metadata, "RECORD"), CONFIGURATION_LIMIT)
        return checksum(content.decode("utf-8", "replace"))
    except OSError:
        return f"{max(_changed_ns(package), default=0):x}"


def _changed_ns(package: str) -> Iterator[int]:
    for directory, directories, files in os.walk(package):
        directories[:] = [name for name in directories if name != "__pycache__"]
        for name in files:
            with suppress(OSError):
                yield os.stat(os.path.join(directory, name)).st_mtime_ns


def _prepare(directory: str) -> bool:
    """Create a directory that version control ignores.  Returns whether it can be used."""
    try:
        with suppress(FileExistsError):
            os.makedirs(os.path.dirname(directory), exist_ok=True)
            os.mkdir(directory, 0o700)
            with open(os.path.join(directory, ".gitignore"), "x", encoding="utf-8") as stream:
                stream.write("# made by forksafe\n*\n")
        status = os.lstat(directory)
    except OSError:
        return False
    return os.path.isdir(directory) and not os.path.islink(directory) and _is_trusted(status)


def _is_trusted(status: os.stat_result) -> bool:
    return is_own(status) and (os.name == "nt" or not status.st_mode & 0o002)
