"""Reads YAML documents with the line of each value, in bounded time and memory.

PyYAML only parses: no object is constructed, an alias is the value that its anchor names, and so neither a tag nor a
document whose aliases stand for millions of values can do anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from flake8_forksafe.deployment.model import TEMPLATE, Place, Unusable, Word

MOST_VALUES = 100_000
MOST_EXPANDED = 1_000_000
DEEPEST = 200

TEMPLATE_MARK = re.compile(r"\{\{|\{%")

TOO_DEEP = "it is nested too deeply"


class YamlScalar(NamedTuple):
    """Text; None for ``null``, ``~`` and nothing at all.

    :ivar last: its last line.
    """

    text: str | None
    place: Place
    last: int
    tag: str = ""


class YamlSequence(NamedTuple):
    """A sequence."""

    items: tuple[Node, ...]
    place: Place
    tag: str = ""


class YamlMapping(NamedTuple):
    """A mapping.

    :ivar entries: values by key, merged ones (``<<``) included.
    :ivar keys: the line of each key.
    """

    entries: Mapping[str, Node]
    keys: Mapping[str, Place]
    place: Place
    tag: str = ""

    def get(self, *path: str) -> Node | None:
        """The value that keys lead to."""
        node: Node | None = self
        for key in path:
            node = node.entries.get(key) if isinstance(node, YamlMapping) else None
        return node


Node: TypeAlias = YamlScalar | YamlSequence | YamlMapping


class _Open:
    """A collection that is being read; ``size`` is what it would hold if aliases were copies."""

    def __init__(self, is_table: bool, line: int, anchor: str | None, tag: str) -> None:
        self.is_table = is_table
        self.line = line
        self.anchor = anchor
        self.tag = tag
        self.nodes: list[Node] = []
        self.size = 1


def read_documents(text: str, path: str, lines: Sequence[int] = ()) -> list[Node]:
    """The documents of a YAML stream.

    :param lines: for each line of the text the line of the file that it comes from, if these differ.

    PyYAML has a limit of its own in some versions; it reads ahead, and so it may refuse a depth before the reader does.
    What it calls that differs, so the brackets up to the place of its error decide.

    :raises Unusable: if it is no YAML, or more than a deployment file can be.
    """
    try:
        import yaml
    except Exception as error:  # whatever a broken installation raises
        raise Unusable(f"PyYAML cannot be imported ({type(error).__name__}); reinstall flake8-forksafe") from None

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return list(_Reader(path, lines).documents(yaml.parse(text, Loader=loader)))
    except yaml.MarkedYAMLError as error:
        template = TEMPLATE_MARK.search(text)
        mark = error.problem_mark or error.context_mark
        if mark is not None and _open_brackets(text[: mark.index]) > DEEPEST:
            raise Unusable(TOO_DEEP, mark.line + 1) from None
        if template is not None:
            line = text.count("\n", 0, template.start()) + 1
            raise Unusable(TEMPLATE, line) from None
        raise Unusable(
            f"it is not valid YAML: {error.problem or error.context}", mark.line + 1 if mark else 1
        ) from None
    except yaml.YAMLError as error:
        raise Unusable(f"it is not valid YAML: {str(error).splitlines()[0]}") from None


def _open_brackets(text: str) -> int:
    """How many flow collections are open at the end of a text, those in its quotes and comments counted too."""
    return text.count("[") + text.count("{") - text.count("]") - text.count("}")


class _Reader:
    def __init__(self, path: str, lines: Sequence[int]) -> None:
        self.path = path
        self.lines = lines
        self.count = 0
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.stack: list[_Open] = []

    def documents(self, events: Iterator[Any]) -> Iterator[Node]:
        import yaml

        for event in events:
            self.count += 1
            line = self._line(event.start_mark.line + 1)
            if len(self.stack) > DEEPEST:
                raise Unusable(TOO_DEEP, line)
            if self.count > MOST_VALUES:
                raise Unusable("it holds more than a deployment file can hold", line)
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors, self.stack = {}, []
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                is_table = isinstance(event, yaml.MappingStartEvent)
                self.stack.append(_Open(is_table, line, event.anchor, event.tag or ""))
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                done = self.stack.pop()
                yield from self._add(self._close(done), done.size, done.anchor, line)
            elif isinstance(event, yaml.ScalarEvent):
                yield from self._add(self._scalar(event), 1, event.anchor, line)
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in self.anchors:
                    raise Unusable(f"it refers to {event.anchor!r}, which is not complete or does not exist", line)
                yield from self._add(*self.anchors[event.anchor], None, line)

    def _add(self, node: Node, size: int, anchor: str | None, line: int) -> Iterator[Node]:
        """Put a value where it belongs; yields it if it is a document."""
        if anchor is not None:
            self.anchors[anchor] = node, size
        if not self.stack:
            yield node
            return
        self.stack[-1].nodes.append(node)
        self.stack[-1].size += size
        if self.stack[-1].size > MOST_EXPANDED:
            raise Unusable("its aliases stand for more than a million values", line)

    def _scalar(self, event: Any) -> YamlScalar:
        text = event.value
        if event.implicit[0] and text in ("", "~", "null", "Null", "NULL"):
            text = None
        last = event.end_mark.line + (event.end_mark.column > 0 or event.end_mark.line == event.start_mark.line)
        place = Place(self.path, self._line(event.start_mark.line + 1))
        return YamlScalar(text, place, self._line(last), event.tag or "")

    def _line(self, line: int) -> int:
        """The line of the file."""
        return self.lines[line - 1] if 0 < line <= len(self.lines) else line

    def _close(self, done: _Open) -> Node:
        place = Place(self.path, done.line)
        if not done.is_table:
            return YamlSequence(tuple(done.nodes), place, done.tag)
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        merged: list[Node] = []
        for key, value in zip(done.nodes[::2], done.nodes[1::2], strict=True):
            if not isinstance(key, YamlScalar):
                continue
            if key.text == "<<":
                merged += value.items if isinstance(value, YamlSequence) else (value,)
            else:
                entries[key.text or ""] = value
                keys[key.text or ""] = key.place
        for table in merged:
            if isinstance(table, YamlMapping):
                entries = {**table.entries, **entries}
                keys = {**table.keys, **keys}
                self.count += len(table.entries)
        return YamlMapping(entries, keys, place, done.tag)


def text_of(node: Node | None) -> str | None:
    """The text of a scalar; None for anything else."""
    return node.text if isinstance(node, YamlScalar) else None


def word_of(node: Node | None) -> Word | None:
    """A scalar as a word."""
    return Word(node.text, node.place) if isinstance(node, YamlScalar) and node.text is not None else None


def place_words(words: list[Word], node: Node, lines: list[str]) -> list[Word]:
    """Give the words of one scalar their own lines: each is looked for behind the one before it.

    :param lines: the lines of the file.
    """
    if not isinstance(node, YamlScalar) or node.last <= node.place.line:
        return words
    line, column, placed = node.place.line, 0, []
    for word in words:
        first = word.text.split()[0] if word.text.split() else word.text
        for number in range(line, node.last + 1):
            found = lines[number - 1].find(first, column if number == line else 0)
            if found >= 0:
                line, column = number, found + len(first)
                break
        placed.append(word._replace(place=Place(word.place.path, line)))
    return placed
