"""Reads measurements of ``forksafe measure --save``: the memory of a real worker and its children."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from flake8_forksafe.file_reading import read_file
from flake8_forksafe.options import UsageError
from flake8_forksafe.printable import shortened

SCHEMA = 1


class ProcessMemory(NamedTuple):
    """Memory of one process, in bytes; None where the platform does not tell.

    :ivar rss: resident; a page that several processes share counts in each of them.
    :ivar pss: proportional: a page that n processes share counts as one n-th.
    :ivar uss: pages that no other process has.
    """

    rss: int | None
    pss: int | None
    uss: int | None


class Measurement(NamedTuple):
    """The memory of a worker at its first fork, and of the children that were forked for the measurement.

    :ivar parent: MainProcess just before the first fork.
    :ivar beside: MainProcess beside its children, None if none were forked.
    :ivar children: each after ``worker_process_init`` and one garbage collection, which un-shares what it visits.
    :ivar path: the file that it was read from.
    """

    app: str
    parent: ProcessMemory
    beside: ProcessMemory | None
    children: tuple[ProcessMemory, ...]
    path: str = ""

    @property
    def per_child(self) -> int | None:
        """Bytes that each further child adds: the pages that only it has; None if that was not measured."""
        own = [child.uss for child in self.children if child.uss]
        return sum(own) // len(own) if own else None

    @property
    def shared(self) -> int | None:
        """Bytes that are there whatever the number of children: all that is resident, less the children's own."""
        resident = [process.pss for process in (self.beside, *self.children) if process is not None]
        if self.per_child is None or any(pss is None for pss in resident):
            return None
        return max(sum(pss for pss in resident if pss is not None) - len(self.children) * self.per_child, 0)

    def concurrency(self, memory: int) -> int | None:
        """How many children fit into that many bytes beside MainProcess; None if children were not measured."""
        if self.per_child is None or self.shared is None:
            return None
        return max((memory - self.shared) // self.per_child, 0)


def load_measurement(path: str) -> Measurement:
    """Read a file that ``forksafe measure --save`` wrote.

    :raises UsageError: if it is not such a file.
    """
    return measurement_of(load_document(path), path)


def load_document(path: str) -> dict[str, Any]:
    """The JSON document of such a file, with everything that was recorded.

    :raises UsageError: if it is not such a file.
    """
    try:
        document = json.loads(read_file(path)[0].decode())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is not a measurement: it is not JSON") from None
    if not isinstance(document, dict) or "memory" not in document or "modules" not in document:
        raise UsageError(f"{path} is not a measurement: write one with forksafe measure --save")
    if document.get("schema") != SCHEMA:
        raise UsageError(
            f"{path} has schema {shortened(repr(document.get('schema')), 40)}; this version reads {SCHEMA}"
        )
    return document


def measurement_of(document: Mapping[str, Any], path: str = "") -> Measurement:
    """The figures of a document.

    :raises UsageError: if one is not what it should be.
    """
    beside = document.get("parent_beside_children")
    children = document.get("children", [])
    if not isinstance(children, list):
        raise UsageError(f"{path} is not a measurement: its children are not a list")
    return Measurement(
        str(document.get("app", "")),
        _memory(document["memory"], path),
        _memory(beside, path, "_collected") if beside else None,
        tuple(_memory(child, path, "_collected") for child in children),
        path,
    )


def _memory(figures: Any, path: str, suffix: str = "") -> ProcessMemory:
    """The figures of one process."""
    if not isinstance(figures, dict):
        raise UsageError(f"{path} is not a measurement: memory must be a table")
    values = [figures.get("rss"), *(figures.get(name + suffix, figures.get(name)) for name in ("pss", "uss"))]
    for value in values:
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise UsageError(f"{path} is not a measurement: memory must be a number of bytes")
    return ProcessMemory(*values)
