"""The one way in which a file is opened: regular files only, no larger than can be meant, without ever waiting.

A checkout may hold a named pipe, or a link to a device, under the name of any file that is looked for.
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
"""What says that there is no such file; any other error hides one."""
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""What is no property of the file: the next one could not be read either."""


class OutOfResources(Exception):
    """This process, or the machine, has no more of what reading takes; whatever follows would be blind."""


class CannotAnalyse(Exception):
    """Nothing can be said of a project, since what could not be read may hold all that there is to find."""


def read_file(
    path: str, limit: int = SOURCE_LIMIT, whole: bool = True, follow: bool = True
) -> tuple[bytes, os.stat_result]:
    """What a regular file holds, and its state just before.

    :param limit: bytes.
    :param whole: whether a larger file is refused; otherwise its beginning is read.
    :param follow: whether it may be a link, where the system has any.
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
    """Tell an error that is about this process from one that is about a file.

    :raises OutOfResources: if it is the former.
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
    """The bytes of an open file, whose size need not be the expected one: some file systems say 0 of every file."""
    content = os.read(descriptor, min(expected, limit) + 1)
    if 0 < len(content) == expected <= limit:
        return content
    while len(content) <= limit and (more := os.read(descriptor, min(1 << 20, limit + 1 - len(content)))):
        content += more
    if len(content) > limit and whole:
        raise OSError(errno.EFBIG, f"it is larger than {size_text(limit)}")
    return content[:limit]


def size_text(size: int) -> str:
    """A size as people read it."""
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
