"""Caches facts, in one file, under keys that are digests of file content.

The key is a hash of the content, so facts are valid under another path as well.  A file's stamp only saves reading it.
The cache file is read at once, and each entry is decoded on demand, with validation against the types in
:mod:`flake8_forksafe.source.facts`.  An entry that cannot be decoded is replaced; that is not an error.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from flake8_forksafe.digest import digest
from flake8_forksafe.incremental.cache_files import CacheFiles
from flake8_forksafe.project.questions import ABOUT_FACTS, CONTENT, UNREAD, Answer, Question
from flake8_forksafe.project.stamps import Stamp, is_settled, stamp_of
from flake8_forksafe.source.collected import Collected, FileFacts, VisitFiles
from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.facts import SCHEMA, Block
from flake8_forksafe.source.text import Lines, Unreadable, decode

if TYPE_CHECKING:
    from flake8_forksafe.incremental.parse_ahead import ParsingProcess

NOT_PLAIN = (msgspec.MsgspecError, OverflowError, RecursionError, TypeError, ValueError)
"""Errors for facts that msgpack cannot encode."""
FILE_NAME = f"facts-{SCHEMA}"
SIZE_LIMIT = 128_000_000
"""Bytes of facts in the cache.  The least recently used are removed first."""


class Stored(msgspec.Struct, array_like=True, gc=False):
    """The cached facts of one content."""

    body: Block
    bodies: tuple[tuple[CutBody, Block], ...]


class Seen(NamedTuple):
    """What one path held, and the digest of its content."""

    stamp: Stamp
    digest: str


class Document(msgspec.Struct, array_like=True):
    """The file."""

    looked_ns: int
    seen: dict[bytes, Seen]
    entries: dict[str, msgspec.Raw]


class FactStore(Collected):
    """Facts of files and function bodies, cached by content.

    :param files: the cache files.
    :param read: reads a file's current content (an unsaved buffer, if there is one).
    :param overlaid: whether a path's content is a buffer, whose stamp means nothing.
    :param require_allowed: raises OSError for a path that must not be read, whatever is known of it.
    :param with_answers: whether it will be asked for :attr:`answers`.
    :ivar answers: at the end, what was asked about each file, as evidence for an outcome.
    """

    def __init__(
        self,
        files: CacheFiles,
        read: Callable[[str], bytes],
        overlaid: Callable[[str], bool] = lambda path: False,
        require_allowed: Callable[[str], object] = lambda path: None,
        with_answers: bool = False,
    ) -> None:
        super().__init__(read)
        self.files = files
        self.overlaid = overlaid
        self.require_allowed = require_allowed
        self.with_answers = with_answers
        self.answers: dict[str, dict[Question, Answer]] = {}
        self.digests: dict[str, str] = {}
        self._looked_ns = time.time_ns()
        self._by_digest: dict[str, FileFacts] = {}
        self._bodies_known: dict[str, int] = {}
        self._stored: dict[str, bytes | memoryview | msgspec.Raw] = {}
        self._seen: dict[str, Seen] = {}
        self._seen_since_ns = 0
        self._now_seen: dict[str, Seen] = {}
        self._ahead: ParsingProcess | None = None
        self._load()

    # --- asking -------------------------------------------------------------------------------------------------

    @contextmanager
    def parsing_ahead(self, visit_files: VisitFiles) -> Iterator[None]:
        """In this context, a second process parses files ahead, if the run began without cached facts."""
        if not self._seen:
            from flake8_forksafe.incremental.parse_ahead import start

            self._ahead = start(_parse, visit_files, self.digests)
        try:
            yield
        finally:
            if self._ahead is not None:
                self._ahead.close()
                self._ahead = None

    def _found(self, path: str) -> FileFacts:
        key = self.digests[path] = self._digest(path)
        entry = self._by_digest.get(key) or self._kept(key)
        if entry is None:
            entry = super()._found(path)
        self._by_digest[key] = entry
        return entry

    def _digest(self, path: str) -> str:
        """The hash of a file's content; the known one if the file's stamp has not changed."""
        status = None
        if not self.overlaid(path):
            self.require_allowed(path)  # what was kept, or parsed ahead, may be what a link led to
            status = os.stat(path)
        seen = self._seen.get(path)
        if status is not None and seen is not None and self._is_current(seen, stamp_of(status)):
            self._now_seen[path] = seen
            return seen.digest
        ahead = self._ahead.take(path) if self._ahead is not None and status is not None else None
        if ahead is not None and status is not None and ahead.stamp == stamp_of(status):
            self.parsed.append(path)
            self._stored[ahead.digest] = ahead.data
            self._now_seen[path] = Seen(ahead.stamp, ahead.digest)
            return ahead.digest
        found = digest(self.read(path))
        if status is not None:
            self._now_seen[path] = Seen(stamp_of(status), found)
        return found

    def _is_current(self, seen: Seen, stamp: Stamp) -> bool:
        """Whether a file is still what the store saw."""
        return seen.stamp == stamp and seen.digest in self._stored and is_settled(stamp, self._seen_since_ns)

    def seen(self) -> dict[str, tuple[Stamp, str]]:
        """The stamps of the files that were asked for, from before they were read, and digests of their contents."""
        return {path: (seen.stamp, seen.digest) for path, seen in self._now_seen.items()}

    def finish(self) -> None:
        """Write new facts to the cache, collect the answers, and free the memory of all facts."""
        self._save()
        if self.with_answers:
            self.answers = {path: self._answers(path) for path in self.used}
        self._stored.clear()
        self._by_digest.clear()
        super().finish()

    def _answers(self, path: str) -> dict[Question, Answer]:
        """What was asked about a file; its content as a whole where it has no facts."""
        entry = self.entries.get(path)
        if entry is not None:
            try:
                answers: dict[Question, Answer] = {("facts",): _digest_of(entry.body)}
                for cut, block in entry.bodies.items():
                    answers["body", cut.first, cut.last] = _digest_of(block)
                return answers
            except NOT_PLAIN:
                pass
        return {CONTENT: self.digests.get(path, UNREAD)}

    # --- keeping ------------------------------------------------------------------------------------------------

    def _kept(self, digest: str) -> FileFacts | None:
        data = self._stored.get(digest)
        if data is None:
            return None
        try:
            stored = msgspec.msgpack.decode(data, type=Stored)
        except (msgspec.MsgspecError, RecursionError, ValueError):
            return None
        entry = FileFacts(stored.body, dict(stored.bodies))
        self._bodies_known[digest] = len(entry.bodies)
        return entry

    def _load(self) -> None:
        payload = self.files.read(FILE_NAME)
        if payload is None:
            return
        try:
            document = msgspec.msgpack.decode(payload, type=Document)
        except (msgspec.MsgspecError, RecursionError, ValueError):
            return
        self._seen_since_ns = document.looked_ns
        self._seen = {os.fsdecode(path): seen for path, seen in document.seen.items()}
        self._stored.update(document.entries)

    def _save(self) -> None:
        changed = {key: entry for key, entry in self._by_digest.items()
                   if self._bodies_known.get(key, -1) != len(entry.bodies)}  # fmt: skip
        if self.files.directory is None or not (changed or self._now_seen.items() - self._seen.items()):
            return
        stored = {key: data for key, data in self._stored.items() if key not in changed}
        for key, entry in changed.items():
            packed = pack(entry)
            if packed is not None:
                stored[key] = packed
        recent = {key: stored[key] for key in self.digests.values() if key in stored}
        size = sum(len(memoryview(data)) for data in recent.values())
        for key, data in stored.items():
            length = len(memoryview(data))
            if key not in recent and size + length <= SIZE_LIMIT:
                recent[key] = data
                size += length
        known = {path: seen for path, seen in self._seen.items() if is_settled(seen.stamp, self._seen_since_ns)}
        kept = {os.fsencode(path): seen for path, seen in {**known, **self._now_seen}.items() if seen.digest in recent}
        entries = {key: msgspec.Raw(data) for key, data in recent.items()}
        self.files.write(FILE_NAME, msgspec.msgpack.encode(Document(self._looked_ns, kept, entries)))


def pack(entry: FileFacts) -> bytes | None:
    """Encode the facts of one content; None if that is not possible, so that they are collected on each run.

    That is so for integers of more than 64 bits, complex numbers, text with half of a surrogate pair, and what is
    nested too deeply.
    """
    try:
        return msgspec.msgpack.encode(Stored(entry.body, tuple(entry.bodies.items())))
    except NOT_PLAIN:
        return None


def answers_about_facts(content: bytes, known: Sequence[Sequence[Any]]) -> list[list[Any]] | None:
    """The answers to questions about the facts of a content, in order; None if it has no facts.

    :param known: the questions, each with an answer at its end.
    """
    from flake8_forksafe.source.collector import collect, collect_body

    answers: list[list[Any]] = []
    try:
        lines = Lines(decode(content))
        for *question, answer in known:
            if question[0] in ABOUT_FACTS:
                block = collect(lines.text) if question[0] == "facts" else collect_body(lines, CutBody(*question[1:]))
                answers.append([*question, _digest_of(block)])
                if answers[-1] != [*question, answer]:
                    break  # the positions of bodies are unknown
    except (Unreadable, *NOT_PLAIN):
        return None
    return answers


def _digest_of(block: Block) -> str:
    """A digest of facts, lines and columns included."""
    return digest(msgspec.msgpack.encode(block))


def _parse(text: str) -> bytes | None:
    """Collect and encode the facts of a text."""
    from flake8_forksafe.source.collector import collect

    return pack(FileFacts(collect(text)))
