"""Facts by content: collected once, kept in a directory of the project.

The store is one file, read in one go.  Its key is the content's hash, so it is as good on another machine or under
another path; modification time and size only save reading a file to hash it.  It is written to a temporary file and
put in place, so a reader sees the old or the new store and never half of one.  A store that is damaged, foreign or of
another version is not an error: it is not used, and replaced.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from flake8_forksafe import __version__
from flake8_forksafe.source import facts
from flake8_forksafe.source.atomic import write_atomically
from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.facts import Block
from flake8_forksafe.source.text import Unreadable, decode

if TYPE_CHECKING:
    from flake8_forksafe.source.ahead import Ahead, Foresee

FILE_NAME = "facts.bin"
SIZE_LIMIT = 128_000_000
"""Bytes of facts kept; those not used for longest go first."""
RACY_NS = 2_000_000_000
"""A file changed this shortly before the store was written may have changed again with the same time stamp."""


class Entry(NamedTuple):
    """The facts of one content, and of those function bodies in it that were asked for."""

    body: Block
    bodies: dict[Cut, Block]


class Seen(NamedTuple):
    """What one path held when the store was written."""

    modified_ns: int
    size: int
    digest: str


class FactStore:
    """Facts of files and of function bodies; implements :class:`flake8_forksafe.interpreter.walk.Sources`.

    :param directory: where to keep them between runs, or None.
    :param read: reads a file's current content (an unsaved buffer, if there is one).
    :param overlaid: whether a path's content is a buffer, whose time stamp means nothing.
    :ivar parsed: files that were parsed in this run.
    :ivar used: paths whose facts were asked for, with the content's digest, in order.
    """

    def __init__(
        self, directory: str | None, read: Callable[[str], bytes], overlaid: Callable[[str], bool] = lambda path: False
    ) -> None:
        self.directory = directory
        self.read = read
        self.overlaid = overlaid
        self.parsed: list[str] = []
        self.used: dict[str, str] = {}
        self.bodies_collected = 0
        self._entries: dict[str, Entry] = {}
        self._asked: dict[str, list[Cut]] = {}
        self._failures: dict[str, Exception] = {}
        self._text_of: tuple[str, str] = ("", "")
        self._changed: set[str] = set()
        self._stored: dict[str, bytes] = {}
        self._seen: dict[str, Seen] = {}
        self._now_seen: dict[str, Seen] = {}
        self._saved_ns = 0
        self._ahead: Ahead | None = None
        if directory is not None:
            self._load(os.path.join(directory, FILE_NAME))

    # --- asking -------------------------------------------------------------------------------------------------

    def module(self, path: str) -> Block:
        """Facts of a file.

        :raises Unreadable: if it cannot be parsed.
        :raises OSError: if it cannot be read.
        """
        return self._entry(path).body

    def body(self, path: str, cut: Cut) -> Block:
        """Facts of a function body in a file."""
        entry = self._entry(path)
        block = entry.bodies.get(cut)
        if block is None:
            from flake8_forksafe.source.collector import collect_body

            block = entry.bodies[cut] = collect_body(self._text(path), cut)
            self._changed.add(self.used[path])
            self.bodies_collected += 1
        return block

    @contextmanager
    def parsing_ahead(self, foresee: Foresee) -> Iterator[None]:
        """Meanwhile, on a run that began without facts, let another process parse what is likely to be asked for."""
        if not self._seen:
            from flake8_forksafe.source.ahead import start

            self._ahead = start(_parse, foresee, self.used)
        try:
            yield
        finally:
            if self._ahead is not None:
                self._ahead.close()
                self._ahead = None

    def _entry(self, path: str) -> Entry:
        if path in self._failures:
            raise self._failures[path]
        try:
            digest = self.used.get(path) or self._digest(path)
            self.used[path] = digest
            entry = self.known(digest)
            if entry is None:
                from flake8_forksafe.source.collector import collect

                self.parsed.append(path)
                entry = Entry(collect(self._text(path)), {})
                self._changed.add(digest)
        except (Unreadable, OSError) as error:
            self._failures[path] = error
            raise
        self._entries[digest] = entry
        return entry

    def _digest(self, path: str) -> str:
        """The hash of a file's content, from its time stamp and size where those are trustworthy."""
        status = None if self.overlaid(path) else os.stat(path)
        seen = self._seen.get(path)
        if status is not None and seen is not None and self._is_current(seen, status):
            self._now_seen[path] = seen
            return seen.digest
        ahead = self._ahead.take(path) if self._ahead is not None and status is not None else None
        if ahead is not None and status is not None and ahead[:2] == (status.st_mtime_ns, status.st_size):
            self.parsed.append(path)
            self._stored[ahead.digest] = ahead.data
            self._now_seen[path] = Seen(*ahead[:3])
            return ahead.digest
        content = self.read(path)
        digest = hashlib.sha256(content).hexdigest()
        if status is not None:
            self._now_seen[path] = Seen(status.st_mtime_ns, status.st_size, digest)
        return digest

    def _is_current(self, seen: Seen, status: os.stat_result) -> bool:
        """Whether a file is still what the store saw."""
        same = seen[:2] == (status.st_mtime_ns, status.st_size)
        return same and seen.digest in self._stored and status.st_mtime_ns < self._saved_ns - RACY_NS

    def _text(self, path: str) -> str:
        """What a file holds; that of the last is at hand, since bodies are often asked for one after the other."""
        if self._text_of[0] != path:
            self._text_of = (path, decode(self.read(path)))
        return self._text_of[1]

    def states(self) -> dict[str, tuple[int, int, str]]:
        """Time stamp, size and digest of every file that facts were asked of."""
        return {path: (seen[0], seen[1], seen[2]) for path, seen in self._now_seen.items()}

    def bodies(self, path: str) -> list[Cut] | None:
        """The function bodies of a file that were asked for; None if nothing was asked of the file, or in vain."""
        digest = self.used.get(path, "")
        entry = self._entries.get(digest)
        return sorted(entry.bodies) if entry is not None else self._asked.get(digest)

    def known(self, digest: str) -> Entry | None:
        """What was kept of a content."""
        return self._entries.get(digest) or self._stored_entry(digest)

    def release(self) -> None:
        """Give the memory of all facts back; what was asked for is remembered."""
        self._asked.update((digest, sorted(entry.bodies)) for digest, entry in self._entries.items())
        self._entries.clear()
        self._stored.clear()

    # --- keeping ------------------------------------------------------------------------------------------------

    def _stored_entry(self, digest: str) -> Entry | None:
        data = self._stored.get(digest)
        if data is None:
            return None
        try:
            loaded = loads(data)
        except Exception:  # whatever a damaged entry raises
            return None
        return loaded if isinstance(loaded, Entry) else None

    def _load(self, path: str) -> None:
        try:
            with open(path, "rb") as stream:
                content = stream.read()
        except OSError:
            return
        header, _, rest = content.partition(b"\n")
        checksum, payload = rest[:4], memoryview(rest)[4:]
        if header != _header() or checksum != _checksum(payload):
            return
        try:
            saved_ns, seen, stored = loads(payload)
            self._seen = {path: Seen(*known) for path, known in seen.items()}
        except Exception:  # whatever a foreign file raises
            self._seen = {}
            return
        self._saved_ns, self._stored = saved_ns, stored

    def save(self) -> None:
        """Write the store, if anything changed; a directory that cannot be written to is left alone."""
        if self.directory is None or not (self._changed or self._now_seen.items() - self._seen.items()):
            return
        stored = {digest: data for digest, data in self._stored.items() if digest not in self._changed}
        for digest in self._changed:
            if digest in self._entries:
                with suppress(RecursionError):  # a very long elif chain: it is parsed anew each time
                    stored[digest] = dumps(self._entries[digest])
        recent = {digest: stored[digest] for digest in self.used.values() if digest in stored}
        size = sum(map(len, recent.values()))
        for digest, data in stored.items():
            if digest not in recent and size + len(data) <= SIZE_LIMIT:
                recent[digest] = data
                size += len(data)
        seen = {**self._seen, **self._now_seen}
        kept = {path: tuple(known) for path, known in seen.items() if known.digest in recent}
        payload = pickle.dumps((time.time_ns(), kept, recent), pickle.HIGHEST_PROTOCOL)
        write_atomically(self.directory, FILE_NAME, _header() + b"\n" + _checksum(payload), payload)


def _checksum(payload: bytes | memoryview) -> bytes:
    """What tells a damaged store (forged ones cannot harm: see :func:`loads`)."""
    return zlib.crc32(payload).to_bytes(4, "big")


def _header() -> bytes:
    return f"forksafe facts {facts.SCHEMA} {__version__} python {sys.version_info[0]}.{sys.version_info[1]}".encode()


NAMED_TUPLES = [
    kind for kind in (Entry, Cut, *vars(facts).values()) if isinstance(kind, type) and hasattr(kind, "_fields")
]
TAKEN_APART: dict[type, Callable[[Any], Any]] = dict.fromkeys(NAMED_TUPLES, lambda fact: (type(fact), tuple(fact)))
"""How named tuples are pickled: by being told, which is twice as fast as asking each."""


def _parse(text: str) -> bytes:
    """What is kept of a text of which nothing is known."""
    from flake8_forksafe.source.collector import collect

    return dumps(Entry(collect(text), {}))


def dumps(entry: Entry) -> bytes:
    """Pickle what is known of one content."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = TAKEN_APART
    pickler.dump(entry)
    return stream.getvalue()


def loads(data: bytes | memoryview) -> Any:
    """Unpickle facts; anything but facts and plain containers is refused, so that no store can run code."""
    return _FactsOnly(io.BytesIO(data)).load()


class _FactsOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module == facts.__name__ and name.isidentifier() and hasattr(facts, name):
            return getattr(facts, name)
        if (module, name) in ((__name__, "Entry"), (Cut.__module__, "Cut")):
            return {"Entry": Entry, "Cut": Cut}[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not a fact")
