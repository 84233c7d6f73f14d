"""The imports that a text has anywhere, in functions too, without facts: what might be loaded when they are called.

Two readings: a fast one that takes docstrings and comments for code, to tell which files are worth the other, which
follows every logical line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from flake8_forksafe.source.scanner import Piece, Scanner
from flake8_forksafe.source.text import Unreadable, decode

BLANKS = r"(?:[ \t]|\\\n)+"
STATEMENT = (
    rf"from{BLANKS}(?P<source>\.*[ \t]*[\w.]*){BLANKS}import(?:[ \t]|\\\n)*(?P<taken>\([^()]*\)|[^\n#;]+)"
    rf"|import{BLANKS}(?P<names>[^\n#;]+)"
)
DYNAMIC = re.compile(r"\b(?:import_module|__import__)\([ \t]*[\"']([A-Za-z_][\w.]*)[\"'][ \t]*[,)]")
GUESSED = re.compile(rf"(?m)(?:^[ \t]*|[:;][ \t]*)(?:{STATEMENT})")
BEGINS = re.compile(r"[\n:;]")
"""What a statement may begin behind."""
EXACT = re.compile(STATEMENT)
NEVER_RUN = re.compile(r"if\s+(?:\(?\s*(?:\w+\.)*TYPE_CHECKING\b|\(?\s*__name__\s*==)")
"""A block that no importer executes."""
MOST_IMPORTS = 5_000
"""Import statements of one file; beyond, it is generated."""


class WrittenImport(NamedTuple):
    """An import as it is written.

    :ivar in_function: whether it is executed when a function is called, not when the module is imported.
    :ivar source: what a ``from`` import names, with its leading dots; empty for any other.
    :ivar names: what is taken from there, or the modules that are imported.
    """

    line: int
    in_function: bool
    source: str
    names: tuple[str, ...]

    def packed(self) -> str:
        """As text, for who keeps plain data."""
        return f"{self.line} {int(self.in_function)} {self.source or '-'} {','.join(self.names)}"

    @classmethod
    def unpacked(cls, text: str) -> WrittenImport:
        """What :meth:`packed` made."""
        line, in_function, source, names = text.split(" ", 3)
        return cls(int(line), in_function == "1", source.replace("-", ""), tuple(names.split(",")))


def guessed_imports(content: bytes) -> list[str]:
    """Every line that looks like an import, packed; one that is indented may stand in a function."""
    text = content.decode("utf-8", "replace")
    found: list[WrittenImport] = []
    for match in _guesses(text):
        found += _statement(match, 0, not match[0].startswith(("from", "import")))
    found += [WrittenImport(0, True, "", (match[1],)) for match in DYNAMIC.finditer(text)]
    return [one.packed() for one in found[:MOST_IMPORTS]]


def _guesses(text: str) -> Iterator[re.Match[str]]:
    """What :data:`GUESSED` finds, looked for only in front of the word ``import``: a fifth of the time."""
    position = 0
    while (at := text.find("import", position)) >= 0:
        start = text.rfind("\n", position, at) + 1 or position
        while start > position and text.endswith("\\\n", position, start):  # a line that goes on
            start = text.rfind("\n", position, start - 1) + 1 or position
        ends = (mark.end() if mark[0] == "\n" else mark.start() for mark in BEGINS.finditer(text, start, at))
        match = next(filter(None, (GUESSED.match(text, begin) for begin in (start, *ends))), None)
        position = match.end() if match is not None else at + len("import")
        if match is not None:
            yield match


def written_imports(content: bytes) -> list[str]:
    """Every import that is executed when the module or a function of it is, packed."""
    found: list[WrittenImport] = []
    try:
        for one in _imports(decode(content)):
            found.append(one)
            if len(found) == MOST_IMPORTS:
                break
    except Unreadable:
        pass
    return [one.packed() for one in found]


def _imports(text: str) -> Iterator[WrittenImport]:
    """Every import outside of blocks that nothing executes."""
    around: list[tuple[int, str]] = []
    for line in Scanner(text, with_bodies=True).lines():
        while around and around[-1][0] >= line.indent:
            around.pop()
        pieces = line.pieces
        kinds = [kind for _, kind in around]
        if line.keyword:
            header = pieces[0].text
            kind = "never" if NEVER_RUN.match(header) else line.keyword
            around.append((line.indent, kind))
            kinds.append(kind)
        if "never" not in kinds:
            for piece in pieces:
                yield from _of_piece(piece, "def" in kinds)


def _of_piece(piece: Piece, in_function: bool) -> Iterator[WrittenImport]:
    """The imports of one statement."""
    match = EXACT.match(piece.text)
    if match is not None:
        yield from _statement(match, piece.line, in_function)
    elif "import" in piece.text and piece.text[0] not in "\"'":
        for dynamic in DYNAMIC.finditer(piece.text):
            yield WrittenImport(piece.line, in_function, "", (dynamic[1],))


def _statement(match: re.Match[str], line: int, in_function: bool) -> Iterator[WrittenImport]:
    """What an import statement says; nothing where it is none."""
    listed = match["taken"] if match["names"] is None else match["names"]
    parts = (part.split() for part in listed.strip("() \t\\").split(","))
    names = tuple(part[0] for part in parts if part and (part[0] == "*" or part[0].replace(".", "").isidentifier()))
    source = (match["source"] or "").replace(" ", "").replace("\t", "")
    if source or names:
        yield WrittenImport(line, in_function, source, names or ("*",))
