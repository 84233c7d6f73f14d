"""Reads configuration files up to a size limit.  A file that cannot be read or parsed is empty."""

from __future__ import annotations

import codecs
from typing import Any

from flake8_forksafe.file_reading import CONFIGURATION_LIMIT, SOURCE_LIMIT, parse_toml
from flake8_forksafe.project.disk import Disk

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Redirected output of Windows PowerShell is UTF-16, and pip reads it."""


def text_of(disk: Disk, path: str, limit: int = SOURCE_LIMIT) -> str:
    """The text of a file; a byte order mark decides its encoding, otherwise it is UTF-8.

    :param limit: bytes; a larger file is not read.
    """
    try:
        data = disk.read(path, limit)
    except OSError:
        return ""
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    return data.decode("utf-8", errors="replace")


def toml_of(disk: Disk, path: str) -> dict[str, Any]:
    """The document in a TOML file."""
    try:
        return parse_toml(text_of(disk, path, CONFIGURATION_LIMIT))
    except ValueError:
        return {}


def table_of(document: object, *keys: str) -> dict[str, Any]:
    """The table that keys lead to; an empty one where there is something else, or nothing."""
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def list_of(value: object) -> list[Any]:
    """A value that is to be a list; an empty one if it is something else."""
    return value if isinstance(value, list) else []
