"""Converts source text to facts: the scanner splits it into logical lines, the visitor converts each, and the reader
nests them by indentation.

Each different text is parsed once.  libcst is imported when there is one to parse.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from msgspec.structs import replace

from flake8_forksafe.source import facts
from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.facts import Block, Expression, Statement
from flake8_forksafe.source.limits import STATEMENT_LIMIT
from flake8_forksafe.source.scanner import DEFINITION, PLAIN_STRING, Line, Piece, Scanner
from flake8_forksafe.source.shortening import Key, shortened
from flake8_forksafe.source.template import Template
from flake8_forksafe.source.text import Lines, Unreadable

INDENTATION_LIMIT = 100
"""CPython's own limit of nested blocks (``MAXINDENT`` in Parser/lexer/state.h)."""
ELIF_LIMIT = 3_000
"""As many as CPython's parser takes, roughly (``MAXSTACK`` in Parser/parser.c)."""
ALONE = {"else", "try", "finally"}
"""Headers that are no more than a word."""
KNOWN_LIMIT = 200_000
"""Texts in the memo; when it is full, it is cleared."""
IMPORT = re.compile(r"(?:lazy[ \t\f]+)?(?:import|from)\b")


class Known:
    """What texts say that were parsed before, or why they cannot be parsed."""

    def __init__(self) -> None:
        self.templates: dict[Key, Template | SyntaxError] = {}

    def learn(self, keys: Iterable[Key]) -> None:
        """Parse what is not known."""
        templates, every = self.templates, dict.fromkeys(keys)
        missing = [key for key in every if key not in templates]
        if not missing:
            return
        if len(templates) > KNOWN_LIMIT:
            templates.clear()
            missing = list(every)
        import warnings

        from flake8_forksafe.source.visitor import lean_nodes, needs_every_node

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes are the project's business
            with lean_nodes():
                short = {key: shortened(*key) for key in missing}
                unread = dict.fromkeys(key for key in short.values() if key not in templates)
                self._read(key for key in unread if not needs_every_node(*key))
            self._read(key for key in unread if key not in templates)
        templates.update((key, templates[other]) for key, other in short.items())

    def _read(self, keys: Iterable[Key]) -> None:
        from flake8_forksafe.source.visitor import parse

        for key in keys:
            try:
                self.templates[key] = parse(*key)
            except SyntaxError as error:
                self.templates[key] = error


@cache
def known_here() -> Known:
    """What this process has parsed: files have many statements and headers in common."""
    return Known()


def collect(text: str) -> Block:
    """Turn source text into facts.

    :raises Unreadable: if it is no Python, or more than libcst can do.
    """
    return _collect(text, 1)


def collect_body(lines: Lines, cut: CutBody) -> Block:
    """Turn one function body in the text of a file into facts.

    :raises Unreadable: as :func:`collect`.
    """
    return _collect(lines.between(cut.first, cut.last), cut.first)


def imports(text: str) -> Iterator[tuple[facts.Import | facts.ImportFrom, str]]:
    """Every import statement of a text, with the dotted name of the function or class around it.

    :raises Unreadable: as :func:`collect`.
    """
    found: list[tuple[Piece, str]] = []
    scopes: list[tuple[int, str]] = []
    for line in Scanner(text, with_bodies=True).lines():
        while scopes and scopes[-1][0] >= line.indent:
            scopes.pop()
        if line.keyword in ("def", "class"):
            scopes.append((line.indent, name_of(line.pieces[0].text)))
        scope = ".".join(name for _, name in scopes)
        found += [(piece, scope) for piece in line.pieces if IMPORT.match(piece.text) is not None]
    known = known_here()
    known.learn(("", piece.text) for piece, _ in found)
    for piece, scope in found:
        template = known.templates["", piece.text]
        if isinstance(template, (facts.Import, facts.ImportFrom)):
            yield replace(template, line=piece.line, column=piece.column), scope


def imports_at_import(text: str) -> Iterator[facts.Import | facts.ImportFrom]:
    """The import statements of a text that stand in nothing else.

    :raises Unreadable: as :func:`collect`.
    """
    known = known_here()
    lines = [line for line in Scanner(text).lines() if not (line.indent or line.keyword)]
    texts = [piece.text for line in lines for piece in line.pieces if IMPORT.match(piece.text) is not None]
    known.learn(("", text) for text in texts)
    for statement in texts:
        template = known.templates["", statement]
        if isinstance(template, (facts.Import, facts.ImportFrom)):
            yield template


def _collect(text: str, first: int) -> Block:
    try:
        return Reader(text, first, False).read()
    except Unreadable:  # perhaps only since brackets and quotes in function bodies were counted, not followed
        return Reader(text, first, True).read()


class Reader:
    """Puts the facts of one text together.

    :param first: the number of its first line.
    :param careful: as for :class:`Scanner`.
    """

    def __init__(self, text: str, first: int, careful: bool) -> None:
        self.lines = list(Scanner(text, first, careful).lines())
        self.known = known_here()
        self.next = 0
        self.depth = 0

    def read(self) -> Block:
        """The facts of the whole text."""
        lines = self.lines
        if not lines:
            return ()
        if sum(map(_height, lines)) > STATEMENT_LIMIT:
            raise Unreadable(f"it has more than {STATEMENT_LIMIT:,} statements that run at import")
        self.known.learn([key for line in lines for key in _keys(line)])
        block = self.block(lines[0].indent)
        if self.next < len(lines):
            raise Unreadable("unindent does not match any outer indentation level", lines[self.next].pieces[0].line)
        return block

    def block(self, indent: int) -> Block:
        """The statements that are indented that far, up to the first that is less so."""
        lines, count = self.lines, len(self.lines)
        found: list[Statement] = []
        decorators: list[facts.Decorator] = []
        self.depth += 1
        if self.depth > INDENTATION_LIMIT:
            raise Unreadable("it is nested too deeply", lines[self.next].pieces[0].line)
        while self.next < count:
            line = lines[self.next]
            if line.indent != indent:
                if line.indent > indent:
                    is_less = lines[self.next - 1].indent > line.indent
                    reason = "unindent does not match any outer indentation level" if is_less else "unexpected indent"
                    raise Unreadable(reason, line.pieces[0].line)
                break
            self.next += 1
            keyword = line.keyword
            if decorators and keyword not in DECORATED:
                raise _invalid(line)
            if not keyword:
                self.simple(line.pieces, found)
            elif keyword == "@":
                if len(line.pieces) != 1:
                    raise _invalid(line)
                decorators.append(facts.Decorator(line.pieces[0].line, self.template("@", line.pieces[0])))
            else:
                read = COMPOUND.get(keyword)
                if read is None:
                    raise _invalid(line)
                found.append(read(self, line, tuple(decorators)))
                decorators.clear()
        self.depth -= 1
        if decorators:
            raise _invalid(lines[self.next - 1])
        return tuple(found)

    def simple(self, pieces: Iterable[Piece], found: list[Statement]) -> None:
        """Simple statements on one line."""
        for piece in pieces:
            if _is_idle(piece.text):
                continue
            template = self.template("", piece)
            if template is not None:
                found.append(replace(template, line=piece.line, column=piece.column))

    def template(self, keyword: str, piece: Piece) -> Any:
        """What a text says."""
        template = self.known.templates[keyword, piece.text]
        if isinstance(template, SyntaxError):
            raise Unreadable(template.msg, piece.line)
        return template

    def suite(self, line: Line) -> Block:
        """The block that belongs to a header, in either of its two forms."""
        if not line.has_block:
            found: list[Statement] = []
            if len(line.pieces) == 1:
                raise _invalid(line)
            self.simple(line.pieces[1:], found)
            return tuple(found)
        following = self.lines[self.next] if self.next < len(self.lines) else None
        if following is None or following.indent <= line.indent:
            at = following.pieces[0].line if following is not None else line.pieces[0].line
            raise Unreadable(f"expected an indented block after '{line.keyword}'", at)
        return self.block(following.indent)

    def following(self, line: Line, *keywords: str) -> Line | None:
        """The next line, if it continues the statement of another with one of some words."""
        if self.next < len(self.lines):
            following = self.lines[self.next]
            if following.keyword in keywords and following.indent == line.indent:
                self.next += 1
                if following.keyword in ALONE and following.pieces[0].text != following.keyword:
                    raise _invalid(following)
                return following
        return None

    def rest(self, line: Line, *keywords: str) -> Block:
        """The block of the next line, if it begins with one of some words."""
        following = self.following(line, *keywords)
        return self.suite(following) if following is not None else ()

    # --- compound statements ------------------------------------------------------------------------------------

    def if_(self, line: Line, decorators: tuple[facts.Decorator, ...]) -> Statement:
        tests: list[tuple[Piece, Expression, Block]] = []
        branch: Line | None = line
        while branch is not None:
            piece = branch.pieces[0]
            tests.append((piece, self.template(branch.keyword, piece).test, self.suite(branch)))
            if len(tests) > ELIF_LIMIT:
                raise Unreadable("it is nested too deeply", piece.line)
            branch = self.following(line, "elif")
        orelse = self.rest(line, "else")
        for piece, test, body in reversed(tests):
            orelse = (facts.If(piece.line, piece.column, test, body, orelse),)
        return orelse[0]

    def while_(self, line: Line, decorators: tuple[facts.Decorator, ...]) -> Statement:
        piece = line.pieces[0]
        test = self.template("while", piece).test
        return facts.While(piece.line, piece.column, test, self.suite(line), self.rest(line, "else"))

    def for_(self, line: Line, decorators: tuple[facts.Decorator, ...]) -> Statement:
        piece = line.pieces[0]
        header = self.template("for", piece)
        body = self.suite(line)
        return facts.For(piece.line, piece.column, header.target, header.iterable, body, self.rest(line, "else"))

    def try_(self, line: Line, decorators: tuple[facts.Decorator, ...]) -> Statement:
        piece = line.pieces[0]
        if piece.text != "try":
            raise _invalid(line)
        body = self.suite(line)
        handlers = []
        while (clause := self.following(line, "except")) is not None:
            header = self.template("except", clause.pieces[0])
            handlers.append(facts.Handler(piece.line, header.type, header.name, self.suite(clause)))
        orelse = self.rest(line, "else") if handlers else ()
        last = self.next
        final = self.rest(line, "finally")
        if not handlers and self.next == last:
            raise Unreadable("expected 'except' or 'finally' block", piece.line)
        return facts.Try(piece.line, piece.column, body, tuple(handlers), orelse, final)

    def with_(self, line: Line, decorators: tuple[facts.Decorator, ...]) -> Statement:
        piece = line.pieces[0]
        items = self.template("with", piece).items
        return facts.With(piece.line, piece.column, items, self.suite(line))

    def match(self, line: Line, decorators: tuple[facts.Decorator, ...]) -> Statement:
        piece = line.pieces[0]
        subject = self.template("match", piece).subject
        cases: list[facts.Case] = []
        inner = self.lines[self.next] if self.next < len(self.lines) else line
        while inner.indent > line.indent and (case := self.following(inner, "case")) is not None:
            header = self.template("case", case.pieces[0])
            cases.append(replace(header, body=self.suite(case)))
        if not cases:
            raise Unreadable("expected an indented block after 'match'", piece.line)
        return facts.Match(piece.line, piece.column, subject, tuple(cases))

    def function(self, line: Line, decorators: tuple[facts.Decorator, ...]) -> Statement:
        piece = line.pieces[0]
        header = self.template("def", piece)
        body = self.suite(line) if line.cut is None else line.cut
        name = name_of(piece.text)
        return facts.Define(piece.line, piece.column, name, header.parameters, decorators, body, header.asynchronous)

    def class_(self, line: Line, decorators: tuple[facts.Decorator, ...]) -> Statement:
        piece = line.pieces[0]
        arguments = self.template("class", piece).arguments
        body = self.suite(line)
        return facts.ClassDefinition(piece.line, piece.column, name_of(piece.text), arguments, decorators, body)


DECORATED = {"@", "def", "class"}
COMPOUND: dict[str, Callable[[Reader, Line, tuple[facts.Decorator, ...]], Statement]] = {
    "if": Reader.if_,
    "while": Reader.while_,
    "for": Reader.for_,
    "try": Reader.try_,
    "with": Reader.with_,
    "match": Reader.match,
    "def": Reader.function,
    "class": Reader.class_,
}
"""How each kind of compound statement is put together, by its keyword."""


def _invalid(line: Line) -> Unreadable:
    return Unreadable("invalid syntax", line.pieces[0].line)


def _height(line: Line) -> int:
    """How many statements a line has; each name of an import is one."""
    names = sum(piece.text.count(",") for piece in line.pieces if piece.text.startswith(("import", "from")))
    return len(line.pieces) - (line.keyword not in ("", "@") and not line.has_block) + names


def _is_idle(text: str) -> bool:
    """Whether a simple statement does nothing: ``pass``, or a docstring whose text needs no look."""
    return text == "pass" or (text[0] in "\"'" and "\\" not in text and PLAIN_STRING.fullmatch(text) is not None)


def _keys(line: Line) -> Iterable[Key]:
    """What has to be known of a line."""
    keyword = line.keyword
    for piece in line.pieces:
        if keyword not in ALONE and (keyword or not _is_idle(piece.text)):
            yield keyword, piece.text
        keyword = ""


def name_of(header: str) -> str:
    """The name of what a header defines."""
    match = DEFINITION.match(header)
    assert match is not None
    return match[2] if match[2].isascii() else unicodedata.normalize("NFKC", match[2])
