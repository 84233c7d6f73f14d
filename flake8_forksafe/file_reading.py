"""Reads files: regular files only, up to a size limit, and without blocking.

The checkout is untrusted: any file in it may be a named pipe or a link to a device.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import Any

SOURCE_LIMIT = 16 * 2**20
"""Bytes of a file of Python source, of requirements, of an installed package's metadata, of a baseline or measurement;
the largest generated modules known have 5 MB.
"""
CONFIGURATION_LIMIT = 2**20
"""Bytes of a file that a slower parser reads: ``pyproject.toml``, ``setup.cfg``, deployment files."""
FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NONBLOCK"))
KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
DEEP_KEY = re.compile(r"(?:\.[ \t]*+(?:[\w-]++|\"[^\"\n]*+\"|'[^'\n]*+')[ \t]*+){100}")
"""A hundred parts of a dotted key."""
ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR})
"""Errors that mean that the file does not exist; after any other error it may exist."""
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Errors of the process or the machine: no other file could be read either."""


class OutOfResources(Exception):
    """The process cannot read any more files (descriptors or memory are used up), so the analysis stops."""


class CannotAnalyse(Exception):
    """The analysis cannot give an answer, because files that it needs could not be read."""


def read_file(
    path: str, limit: int = SOURCE_LIMIT, whole: bool = True, follow: bool = True
) -> tuple[bytes, os.stat_result]:
    """Read a regular file.  Returns its content, and its status from just before.

    :param limit: bytes.
    :param whole: refuse a larger file; if False, read its beginning.
    :param follow: whether it may be a symbolic link.
    :raises OSError: if it cannot be read, is no regular file, or is too large; ``strerror`` is a clause for a message.
    :raises OutOfResources: if no file can be read any more.
    """
    try:
        descriptor = os.open(path, FLAGS if follow else FLAGS | getattr(os, "O_NOFOLLOW", 0))
        try:
            status = os.fstat(descriptor)
            _check(status, limit, whole)
            return _read(descriptor, status.st_size, limit, whole), status
        finally:
            os.close(descriptor)
    except ValueError:
        raise OSError(errno.EINVAL, "its name cannot be that of a file") from None
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.EINVAL, "it is a socket or a device, not a regular file") from None
        raise_if_exhausted(error)
        raise


def raise_if_exhausted(error: OSError) -> None:
    """Raise :class:`OutOfResources` for an error of the process, rather than of a file.

    :raises OutOfResources: if ``error`` is one of :data:`EXHAUSTED`.
    """
    if error.errno in EXHAUSTED:
        raise OutOfResources(error.strerror or str(error)) from None


def _check(status: os.stat_result, limit: int, whole: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in KINDS if test(status.st_mode)), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file")
    if whole and status.st_size > limit:
        raise OSError(errno.EFBIG, f"it is larger than {size_text(limit)}")


def _read(descriptor: int, expected: int, limit: int, whole: bool) -> bytes:
    """Read an open file.  Its size may not be ``expected``: some file systems report 0 for every file."""
    content = os.read(descriptor, min(expected, limit) + 1)
    if 0 < len(content) == expected <= limit:
        return content
    while len(content) <= limit and (more := os.read(descriptor, min(1 << 20, limit + 1 - len(content)))):
        content += more
    if len(content) > limit and whole:
        raise OSError(errno.EFBIG, f"it is larger than {size_text(limit)}")
    return content[:limit]


def size_text(size: int) -> str:
    """A size for a message."""
    return f"{size >> 20} MiB" if size >= 2**20 else f"{size >> 10} KiB"


def parse_toml(text: str) -> dict[str, Any]:
    """A TOML document.

    :raises ValueError: if it is none, holds a number longer than Python reads, or is nested too deeply.
    """
    import tomllib

    if DEEP_KEY.search(text):  # tomllib takes time and memory by the square of a key's parts
        raise ValueError("it is nested too deeply")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
