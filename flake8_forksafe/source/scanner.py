"""The scanner: source text to logical lines, each with its place, without function bodies.

It knows strings, brackets, comments and indentation, and which words begin a compound statement.  What a statement says
is left to the visitor.  The body of a function on lines of its own becomes a :class:`Cut`: most of a module is bodies
that no worker runs at import, and nothing in them is checked until something calls the function.

Texts of statements come without comments, and on one line where no string spans several.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.text import Unreadable

BRACKET_LIMIT = 200
"""CPython's own limit for nested brackets (``MAXLEVEL`` in Parser/lexer/state.h)."""
FORMATTED_LIMIT = 150
"""CPython's own limit for nested f-strings (``MAXFSTRINGLEVEL`` in Parser/lexer/state.h)."""
TAB_SIZE = 8

# Loops are unrolled and their characters possessive, so that nothing is tried twice.
STRING = (
    r'(?:"""[^\\"]*+(?:(?:\\.|"(?!""))[^\\"]*+)*"""'
    r"|'''[^\\']*+(?:(?:\\.|'(?!''))[^\\']*+)*'''"
    r'|"(?!"")[^"\\\n]*+(?:\\.[^"\\\n]*+)*"'
    r"|'(?!'')[^'\\\n]*+(?:\\.[^'\\\n]*+)*')"
)
TEXT = rf"(?<![fFtT])(?<![fFtT][rR]){STRING}"
"""A string that is no f-string."""
RUN = r"[^()\[\]{}\"'#\\\n]*+"
FLAT = rf"{RUN}(?:{TEXT}{RUN})*"
"""What stands in brackets that holds no others."""
NESTED = rf"{RUN}(?:(?:{TEXT}|[(\[{{]{FLAT}[)\]}}]){RUN})*"
WHOLE = rf"(?:{TEXT}|[(\[{{]{NESTED}[)\]}}])"
"""A string, or brackets; that each closes its own kind is left to the parser, since telling them apart makes patterns
four times as large, and they are compiled in each run."""
OUTER = r"[^()\[\]{}\"'#\\\n;]*+"
SIMPLE = re.compile(rf"({OUTER}(?:{WHOLE}{OUTER})*)(?:#[^\n]*+)?\n", re.DOTALL)
"""The rest of a logical line, unless it has several statements, or brackets over several lines."""
BEFORE = r"[^()\[\]{}\"'#\\\n;:]*+"
HEADER = re.compile(rf"({BEFORE}(?:{WHOLE}{BEFORE})*):(?!=)([ \t\f]*+(?:#[^\n]*+)?\n)?", re.DOTALL)
"""A header up to its colon, in the same sense, and the end of the line if nothing else stands on it."""
PLAIN = r"[^()\[\]{}\"'#\\]*+"
TOKEN = re.compile(rf"{STRING}|#[^\n]*+|\({PLAIN}\)|\[{PLAIN}\]|\{{{PLAIN}\}}|\\\n|[()\[\]{{}}\"'\\\n;:]", re.DOTALL)
LAMBDA = re.compile(r"\blambda\b")
BLANK = re.compile(r"(?:[ \t\f]*+(?:#[^\n]*+)?\n)*([ \t\f]*+)")
"""Blank lines and comments, then the indentation of a line."""
SPACE = re.compile(r"(?:[ \t\f]|\\\n)*")
WORDS = re.compile(r"(?:async[ \t\f]+)?(?:def|class|for|with|while|if|elif|else|try|except|finally|match|case)\b|@")
DEFINITION = re.compile(r"((?:async[ \t\f]+)?(?:def|class))[ \t\f]+([^\W\d]\w*)[ \t\f]*")
"""The beginning of a header, and the name that it defines."""
NOT_A_NAME = re.compile(r"(?<!\w)(?:[fFtT][rR]?|[rR][fFtT])\Z")
"""The prefix of an f-string or t-string, before its quotes."""
PART = re.compile(r"\{\{|[{\\\"'\n]")
"""What matters in the literal part of an f-string."""
NAMED = re.compile(r"N\{[^{}\n]*\}")
FIELD = re.compile(r"#[^\n]*+|[()\[\]{}\"':]")
SPECIFICATION = re.compile(r"[{}\"'\n]")
PLAIN_STRING = re.compile(STRING, re.DOTALL)
LINE_BREAK = re.compile(r"\s*\n\s*")
END = re.compile(r"[ \t\f]*+(?:#[^\n]*+)?\n")
TABBED = re.compile(r"^ *[\t\f]", re.MULTILINE)
SOFT = ("match", "case")
CLOSING = {"(": ")", "[": "]", "{": "}"}
DECEIVING = re.compile(r"""#[^\n]*(?:\"\"\"|''')|'\"{3}'|\"'{3}\"""")
"""Quotes that are none, and would deceive whoever counts them."""


class Piece(NamedTuple):
    """A simple statement, or what stands before the colon of a compound one, or a decorator without its ``@``."""

    line: int
    column: int
    text: str


class Line(NamedTuple):
    """A logical line.

    :ivar indent: the width of its indentation.
    :ivar keyword: the word of a compound statement, ``async`` left out; ``@`` for a decorator; else empty.
    :ivar pieces: what stands on it; of a compound statement, its header comes first.
    :ivar has_block: whether a block of other lines belongs to it.
    :ivar cut: the body of a function, if it was cut out.
    """

    indent: int
    keyword: str
    pieces: tuple[Piece, ...]
    has_block: bool = False
    cut: CutBody | None = None


def same_statements(text: str, other: str, bodies: Iterable[tuple[int, int]]) -> bool:
    """Whether two texts have the same statements at the same places, and so have some function bodies in them.

    :param bodies: their first and last lines.
    :raises Unreadable: where no tokens can be made of a text.
    """
    if not _same_lines(text, other, 1):
        return False
    lines, other_lines = text.split("\n"), other.split("\n")
    return all(
        _same_lines("\n".join(lines[first - 1 : last]), "\n".join(other_lines[first - 1 : last]), first)
        for first, last in bodies
    )


def _same_lines(text: str, other: str, first: int) -> bool:
    return text == other or all(
        list(Scanner(text, first, careful).lines()) == list(Scanner(other, first, careful).lines())
        for careful in (False, True)
    )


class Scanner:
    """Reads one text.

    :param text: a file, or the lines of a function body.
    :param first: the number of its first line.
    :param careful: whether to follow every string and bracket in function bodies too, instead of counting them.
    :param with_bodies: whether function bodies are read as well, and none is cut out.
    """

    def __init__(self, text: str, first: int = 1, careful: bool = False, with_bodies: bool = False) -> None:
        self.text = f"{text}\n\n"  # the last line may end with a backslash
        self.careful = careful or TABBED.search(text) is not None
        self.with_bodies = with_bodies
        self.line = first
        self.counted = 0

    def lines(self) -> Iterator[Line]:
        """The logical lines, in order.

        :raises Unreadable: where no tokens can be made of the text.
        """
        text, position = self.text, 0
        matches: list[tuple[int, int]] = []  # of each match statement around: its indentation, and that of its cases
        while True:
            blank = BLANK.match(text, position)
            assert blank is not None
            start = blank.end()
            if start == len(text):
                return
            indent = self.width(blank[1])
            while matches and matches[-1][0] >= indent:
                matches.pop()
            if matches and not matches[-1][1]:
                matches[-1] = (matches[-1][0], indent)
            word = WORDS.match(text, start)
            if word is not None:
                keyword = word[0][5:].strip() if word[0].startswith("async") else word[0]
                if keyword == "case" and not (matches and matches[-1][1] == indent):
                    word = None
            if word is None:
                pieces, position = self.simple(start)
                yield Line(indent, "", pieces)
            elif keyword == "@":
                space = SPACE.match(text, word.end())
                assert space is not None
                pieces, position = self.simple(space.end())
                yield Line(indent, "@", pieces)
            else:
                line = self.compound(start, indent, keyword)
                if line is None:
                    pieces, position = self.simple(start)
                    yield Line(indent, "", pieces)
                    continue
                found, position = line
                if keyword == "match":
                    matches.append((indent, 0))
                yield found

    def place(self, position: int) -> tuple[int, int]:
        """The line and the column of a position; asked for in order."""
        text = self.text
        self.line += text.count("\n", self.counted, position)
        self.counted = position
        return self.line, position - text.rfind("\n", 0, position) - 1

    def simple(self, start: int) -> tuple[tuple[Piece, ...], int]:
        """The simple statements from a position to the end of the logical line, and where the next one begins."""
        match = SIMPLE.match(self.text, start)
        if match is not None:
            return (Piece(*self.place(start), match[1].rstrip()),), match.end()
        parts, end, _ = self.follow(start, False)
        return tuple(Piece(*self.place(begin), text) for begin, text in parts), end

    def compound(self, start: int, indent: int, keyword: str) -> tuple[Line, int] | None:
        """A compound statement's line, and where the next one begins; None if it is a simple statement after all."""
        header = HEADER.match(self.text, start)
        if header is not None and LAMBDA.search(header[1]) is None:
            head, after, has_block = header[1].rstrip(), header.end(), header[2] is not None
        else:
            parts, after, at_colon = self.follow(start, True)
            if not at_colon:
                if keyword in SOFT:
                    return None
                raise Unreadable("expected ':'", self.line_of(start))
            head = parts[0][1]
            rest = END.match(self.text, after)
            has_block = rest is not None
            after = rest.end() if rest is not None else after
        if keyword == "match" and not has_block:
            return None
        first = Piece(*self.place(start), head)
        if not has_block:
            pieces, position = self.simple(_skip(self.text, after))
            return Line(indent, keyword, (first, *pieces)), position
        if keyword != "def" or self.with_bodies:
            return Line(indent, keyword, (first,), True), after
        cut, position = self.body(after, indent)
        return Line(indent, keyword, (first,), True, cut), position

    def follow(self, start: int, to_colon: bool) -> tuple[list[tuple[int, str]], int, bool]:
        """The statements from a position on, with where each begins, by following every string and bracket.

        :param to_colon: whether to stop at the colon of a header.
        :returns: the statements, where they end, and whether that is at such a colon.
        """
        text, position, begin, taken = self.text, start, start, start
        opened: list[str] = []
        found: list[tuple[int, str]] = []
        parts: list[str] = []
        lambdas = 0
        while (token := TOKEN.search(text, position)) is not None:
            if to_colon and not opened:
                lambdas += len(LAMBDA.findall(text[position : token.start()]))
            kind = token[0][0]
            position = token.end()
            if kind in "\"'":
                position = self.string(token)
            elif kind == "#" or token[0] == "\\\n" or (kind == "\n" and opened):
                parts += text[taken : token.start()], "" if kind == "#" else " "
                position = taken = _skip(text, position)
            elif kind in ";\n" and not opened:
                statement = "".join([*parts, text[taken : token.start()]]).strip(" \t\f")
                if not statement and kind == ";":
                    raise Unreadable("invalid syntax", self.line_of(token.start()))
                if statement:
                    found.append((begin, statement))
                if kind == "\n":
                    return found, position, False
                position = taken = begin = _skip(text, position)
                parts = []
            elif kind == ":":
                if to_colon and not opened and text[position] != "=":
                    lambdas -= 1
                    if lambdas < 0:
                        statement = "".join([*parts, text[taken : token.start()]]).strip(" \t\f")
                        return [(begin, statement)], position, True
            elif len(token[0]) > 1:
                if "\n" in token[0]:
                    parts += text[taken : token.start()], LINE_BREAK.sub(" ", token[0])
                    taken = position
            elif kind in CLOSING:
                opened.append(CLOSING[kind])
                if len(opened) >= BRACKET_LIMIT:
                    raise Unreadable("it is nested too deeply", self.line_of(token.start()))
            elif kind in ")]}":
                if not opened or opened.pop() != kind:
                    raise Unreadable(f"unmatched '{kind}'", self.line_of(token.start()))
            elif kind == "\\":
                reason = "unexpected character after line continuation character"
                raise Unreadable(reason, self.line_of(token.start()))
        opening = next(bracket for bracket, closing in CLOSING.items() if closing == opened[-1])
        raise Unreadable(f"'{opening}' was never closed", self.line_of(start))

    def string(self, token: re.Match[str]) -> int:
        """Where a string ends."""
        text, start = self.text, token.start()
        prefix = NOT_A_NAME.search(text, max(0, start - 3), start)
        if prefix is not None:
            raw = "r" in prefix[0].lower()
            end = _formatted(text, start, raw, 0)
            if end is not None:
                return end
        elif len(token[0]) > 1:
            return token.end()
        raise Unreadable("unterminated string literal", self.line_of(start))

    def line_of(self, position: int) -> int:
        """The line of a position behind what was placed last."""
        return self.line + self.text.count("\n", self.counted, position)

    def body(self, start: int, indent: int) -> tuple[CutBody, int]:
        """A function body whose header ends before a position, and where it ends."""
        text = self.text
        blank = BLANK.match(text, start)
        assert blank is not None
        first = blank.end()
        if first == len(text) or self.width(blank[1]) <= indent:
            raise Unreadable(
                "expected an indented block after function definition",
                self.line_of(first if first < len(text) else start - 1),
            )
        end = None
        if not self.careful:
            dedent = _dedent(indent).search(text, first)
            end = dedent.start() + 1 if dedent is not None else len(text)
        if end is None or not _is_whole(text, first, end):
            end = self.end(blank.start(1), indent)
        line, _ = self.place(first)
        return CutBody(line, line + text.count("\n", first, _last_statement(text, first, end))), end

    def end(self, position: int, indent: int) -> int:
        """Where a block ends, by following every logical line of it."""
        text = self.text
        while True:
            blank = BLANK.match(text, position)
            assert blank is not None
            if blank.end() == len(text) or self.width(blank[1]) <= indent:
                return blank.start(1)
            line = SIMPLE.match(text, blank.end())
            position = line.end() if line is not None else self.follow(blank.end(), False)[1]

    def width(self, space: str) -> int:
        """How far an indentation goes (CPython's Parser/lexer/lexer.c: a tab to the next eighth, a form feed to 0)."""
        return len(space.rpartition("\f")[2].expandtabs(TAB_SIZE)) if self.careful else len(space)


def _skip(text: str, position: int) -> int:
    """A position behind blanks."""
    space = SPACE.match(text, position)
    return space.end() if space is not None else position


def _formatted(text: str, start: int, raw: bool, depth: int) -> int | None:
    """Where an f-string ends whose quotes begin at a position (PEP 701); None if it does not."""
    quotes = text[start : start + 3] if text.startswith(('"""', "'''"), start) else text[start]
    position = start + len(quotes)
    while (token := PART.search(text, position)) is not None and depth < FORMATTED_LIMIT:
        kind = token[0]
        position = token.end()
        if kind == "{":
            field = _field(text, position, quotes, depth + 1)
            if field is None:
                return None
            position = field
        elif kind == quotes[0] and text.startswith(quotes, token.start()):
            return token.start() + len(quotes)
        elif kind == "\n" and len(quotes) == 1:
            return None
        elif kind == "\\":
            named = None if raw else NAMED.match(text, position)
            position = named.end() if named is not None else position + (text[position : position + 1] != "{")
    return None


def _field(text: str, position: int, quotes: str, depth: int) -> int | None:
    """Where a replacement field ends, past its brace; None if it does not."""
    opened = 0
    while (token := FIELD.search(text, position)) is not None:
        kind = token[0]
        position = token.end()
        if kind in "\"'":
            prefix = NOT_A_NAME.search(text, max(0, token.start() - 3), token.start())
            if prefix is not None:
                end = _formatted(text, token.start(), "r" in prefix[0].lower(), depth)
            else:
                plain = PLAIN_STRING.match(text, token.start())
                end = plain.end() if plain is not None else None
            if end is None:
                return None
            position = end
        elif kind in "([{":
            opened += 1
        elif kind in ")]}":
            if not opened:
                return position if kind == "}" else None
            opened -= 1
        elif kind == ":" and not opened:
            return _specification(text, position, quotes, depth)
    return None


def _specification(text: str, position: int, quotes: str, depth: int) -> int | None:
    """Where a replacement field ends whose format specification begins at a position."""
    while (token := SPECIFICATION.search(text, position)) is not None and depth < FORMATTED_LIMIT:
        position = token.end()
        if token[0] == "}":
            return position
        if token[0] != "{":
            if text.startswith(quotes, token.start()):
                return None
            continue
        field = _field(text, position, quotes, depth + 1)
        if field is None:
            return None
        position = field
    return None


def _last_statement(text: str, first: int, last: int) -> int:
    """Where a block ends without the blank lines and comments at its end; a line with a quote may end a string."""
    end = first + len(text[first:last].rstrip())
    while (start := text.rfind("\n", first, end)) >= 0:
        line = text[start:end].lstrip()
        if line and (not line.startswith("#") or '"' in line or "'" in line):
            break
        end = start
    return end


@cache
def _dedent(indent: int) -> re.Pattern[str]:
    """A line that ends a block whose header is indented that far."""
    return re.compile(rf"\n[ \t\f]{{0,{indent}}}[^\s#]")


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether a piece of text surely ends outside of brackets and strings."""
    count = text.count
    double, single = count('"""', start, end), count("'''", start, end)
    return (
        double % 2 == 0
        and single % 2 == 0
        and not (double and single)
        and count("(", start, end) == count(")", start, end)
        and count("[", start, end) == count("]", start, end)
        and count("{", start, end) == count("}", start, end)
        and text[end - 2 : end] != "\\\n"
        and (not (double or single) or DECEIVING.search(text, start, end) is None)
    )
