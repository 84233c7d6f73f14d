"""File stamps: inode, size and times.  An unchanged stamp saves reading a file again."""

from __future__ import annotations

import os
from typing import NamedTuple

RACY_NS = 2_000_000_000
"""What changed this shortly before it was looked at may change again with the same times (FAT counts in 2 s)."""

LARGEST = (1 << 63) - 1


class Stamp(NamedTuple):
    """What the system notes of a file or directory.

    :ivar changed_ns: when anything about it changed, which no program can set back; POSIX only.
    """

    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp in a status."""
    return Stamp(status.st_ino & LARGEST, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def stamp_at(path: str) -> Stamp | None:
    """The stamp of what is at a path, links followed; None if nothing is."""
    try:
        return stamp_of(os.stat(path))
    except (OSError, ValueError):
        return None


def is_settled(stamp: Stamp, looked_ns: int) -> bool:
    """Whether the same stamp means the same content, if that was read at some time or later.

    Never on Windows, which does not tell when a file was changed.
    """
    return os.name != "nt" and max(stamp.modified_ns, stamp.changed_ns) < looked_ns - RACY_NS
