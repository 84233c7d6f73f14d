"""Collects the facts of files and function bodies on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.facts import Block
from flake8_forksafe.source.text import Lines, Unreadable, decode

AT_HAND = 2_000_000
"""Characters of the texts that are kept for the next function body."""

VisitFiles = Callable[[Callable[[str], "str | None"]], None]
"""Names one file after the other to the function it is given, which returns the text, or None if there is none."""


class FileFacts:
    """The facts of one content, and of those function bodies in it that were asked for."""

    __slots__ = ("bodies", "body")

    def __init__(self, body: Block, bodies: dict[CutBody, Block] | None = None) -> None:
        self.body = body
        self.bodies = {} if bodies is None else bodies


class Collected:
    """Facts by path; implements :class:`flake8_forksafe.interpreter.walk.Sources`.

    :param read: reads a file's current content (an unsaved buffer, if there is one).
    :ivar used: files that facts were asked of.
    :ivar parsed: files that were parsed in this run.
    :ivar bodies_collected: how many function bodies were.
    """

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self.read = read
        self.used: list[str] = []
        self.parsed: list[str] = []
        self.bodies_collected = 0
        self.entries: dict[str, FileFacts] = {}
        self.failures: dict[str, Exception] = {}
        self._texts: dict[str, Lines] = {}
        self._at_hand = 0

    def module(self, path: str) -> Block:
        """Facts of a file.

        :raises Unreadable: if it cannot be parsed.
        :raises OSError: if it cannot be read.
        """
        return self.entry(path).body

    def body(self, path: str, cut: CutBody) -> Block:
        """Facts of a function body in a file."""
        entry = self.entry(path)
        block = entry.bodies.get(cut)
        if block is None:
            from flake8_forksafe.source.collector import collect_body

            block = entry.bodies[cut] = collect_body(self._lines(path), cut)
            self.bodies_collected += 1
        return block

    @contextmanager
    def parsing_ahead(self, visit_files: VisitFiles) -> Iterator[None]:
        """Meanwhile files may be parsed before they are asked for; here they are not."""
        yield

    def finish(self) -> None:
        """Nothing more will be asked: give the memory of all facts back."""
        self.entries.clear()
        self._texts.clear()
        self._at_hand = 0

    def entry(self, path: str) -> FileFacts:
        """What is known of a file.

        :raises Unreadable: if it cannot be parsed.
        :raises OSError: if it cannot be read.
        """
        entry = self.entries.get(path)
        if entry is None:
            if path in self.failures:
                raise self.failures[path]
            self.used.append(path)
            try:
                entry = self.entries[path] = self._found(path)
            except (Unreadable, OSError) as error:
                self.failures[path] = error
                raise
        return entry

    def _found(self, path: str) -> FileFacts:
        from flake8_forksafe.source.collector import collect

        self.parsed.append(path)
        return FileFacts(collect(self._lines(path).text))

    def _lines(self, path: str) -> Lines:
        """What a file holds; those that were asked for last are at hand, since their bodies often are next."""
        found = self._texts.pop(path, None)
        if found is None:
            found = Lines(decode(self.read(path)))
            self._at_hand += len(found.text)
        self._texts[path] = found
        while self._at_hand > AT_HAND and len(self._texts) > 1:
            self._at_hand -= len(self._texts.pop(next(iter(self._texts))).text)
        return found
