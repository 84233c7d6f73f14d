"""Function bodies, cut out of a text before it is parsed.

Most of a module is function bodies that no worker runs at import, and parsing takes most of the time that a file takes.
Where a body ends shows in its indentation, unless a line stands in brackets or in a string.  Outside of bodies each
string and bracket is followed; inside, they are counted, and followed only where the numbers do not tell.  Whatever is
odd is left to the parser, which is then given the whole text.  What is cut is not checked for its syntax either.
"""

from __future__ import annotations

import re
from functools import cache

from flake8_forksafe.source.cut import Cut

# Each alternative begins with a character of its own, which lets re skip what begins with no other.
STRING = (
    r'"""[^\\"]*(?:(?:\\.|"(?!""))[^\\"]*)*"""'
    r"|'''[^\\']*(?:(?:\\.|'(?!''))[^\\']*)*'''"
    r'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
    r"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'"
)
PLAIN = r"[^()\[\]{}\"'#]*"
NEUTRAL = rf"{STRING}|#[^\n]*|\({PLAIN}\)|\[{PLAIN}\]|\{{{PLAIN}\}}"
OTHER = r"\(|\[|\{|\)|\]|\}|\"|'"
TOKEN = re.compile(rf"{NEUTRAL}|{OTHER}|\n(?=[ \t\f]*(?:async[ \t]+)?def[ \t]+\w)", re.DOTALL)
HEADER = re.compile(rf"{NEUTRAL}|{OTHER}|:", re.DOTALL)
"""As :data:`TOKEN`, for the rest of a function's header."""
REST = re.compile(r"[ \t\f]*(?:#[^\n]*)?\n(?:[ \t\f]*(?:#[^\n]*)?\n)*([ \t\f]*)(?=\S)")
"""From a header's colon to the first statement of a block: comments, blank lines and the indentation."""
DEPTH = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


class Odd(Exception):
    """A text that is not what it seems to be."""


def without_bodies(text: str) -> tuple[str, dict[int, Cut]] | None:
    """A text of as many lines, whose function bodies are ``pass``, and the bodies by the lines of their ``def``.

    None if the text has to be parsed whole.
    """
    text = "\n" + text
    kept: list[str] = []
    cuts: dict[int, Cut] = {}
    taken = position = counted = line = 0
    try:
        while (start := _next_function(text, position)) is not None:
            line += text.count("\n", counted, start)
            position = counted = start
            body = _body(text, start)
            if body is None:
                continue
            first, last = body
            height = text.count("\n", first, last)
            kept += text[taken:first], "pass" + "\n" * height
            at = line + text.count("\n", start, first)
            cuts[line] = Cut(at, at + text.count("\n", first, _last_statement(text, first, last)))
            line = at + height
            taken = counted = last
            position = last - 1  # the next may follow at once
    except Odd:
        return None
    kept.append(text[taken:])
    return "".join(kept)[1:], cuts


def _next_function(text: str, position: int) -> int | None:
    """Where the next function begins, past the newline before it; None if there is none."""
    depth = 0
    for token in TOKEN.finditer(text, position):
        found = token[0]
        if found == "\n":
            if depth:
                raise Odd
            return token.end()
        if len(found) == 1:
            depth += _step(found)
            if depth < 0:
                raise Odd
    if depth:
        raise Odd
    return None


def _step(found: str) -> int:
    """What a single character does to the depth."""
    if found not in DEPTH and found != "#":  # a quote that nothing closes
        raise Odd
    return DEPTH.get(found, 0)


def _body(text: str, start: int) -> tuple[int, int] | None:
    """Where the body of a function begins and ends; None if it stands on the line of its header."""
    depth = 0
    for token in HEADER.finditer(text, start):
        found = token[0]
        if found == ":":
            if depth == 0:
                return _block(text, start, token.end())
        elif len(found) == 1:
            depth += _step(found)
    raise Odd


def _block(text: str, start: int, position: int) -> tuple[int, int] | None:
    """Where the block after a header begins, past its first indentation, and where it ends."""
    rest = REST.match(text, position)
    if rest is None:
        return None
    indent = len(text[start:position]) - len(text[start:position].lstrip(" \t\f"))
    if len(rest[1]) <= indent:
        raise Odd
    first, dedent = rest.end(), _dedent(indent)
    found = dedent.search(text, first)
    last = found.start() + 1 if found is not None else len(text)
    return first, last if _is_whole(text, first, last) else _end(text, first, dedent)


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
    )


def _end(text: str, start: int, dedent: re.Pattern[str]) -> int:
    """Where a block ends, by following every string and bracket."""
    depth = 0
    line = dedent.search(text, start)
    for token in TOKEN.finditer(text, start):
        while line is not None and line.start() < token.start():
            if depth == 0 and text[line.start() - 1] != "\\":
                return line.start() + 1
            line = dedent.search(text, line.end())
        if line is not None and line.start() < token.end() and token[0] != "\n":
            line = dedent.search(text, token.end())
        if len(token[0]) == 1 and token[0] != "\n":
            depth += _step(token[0])
    while line is not None:
        if depth == 0 and text[line.start() - 1] != "\\":
            return line.start() + 1
        line = dedent.search(text, line.end())
    if depth:
        raise Odd
    return len(text)
