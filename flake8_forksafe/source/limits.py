"""Removes generated data and very long expressions from a statement before it is parsed.

libcst's time grows with the square of a chain of operators and of the depth of brackets, and its native stack overflows
beyond some thousands of them, which ends the process; nested patterns double its time with each level.  What is left
out is an unknown value.
"""

from __future__ import annotations

import re

LITERAL_LIMIT = 50_000
"""Characters in one pair of brackets beyond which it is left out: generated data, never a setting."""
DEPTH_LIMIT = 150
"""Levels of one expression that are kept."""
CHAIN_LIMIT = 300
"""Words, operators and brackets in a row, without a comma, beyond which an expression is left out; a pair of brackets
counts twice, since calls of calls take the longest."""
BRACKET_LIMIT = 12
"""Brackets in each other; an item that holds deeper ones is left out.  Of 630,000 statements of public projects and of
the standard library few have more than 10, all in tests."""
PATTERN_LIMIT = 8
"""Levels of brackets in the pattern of a ``case``."""
SHORT = 300
"""Characters below which no text can exceed a limit, but for those of brackets."""
STATEMENT_LIMIT = 50_000
"""Statements of one file outside of function bodies; beyond, it is generated, and takes gigabytes."""
TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""'
    r"|'''(?:[^\\]|\\.)*?'''"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'"
    r"|\w+|[()\[\]{}]|[^\w\s]",
    re.DOTALL,
)
TEMPLATE = re.compile(r"(?i)[ft]r?$")
"""The prefix of an f-string or t-string, whose text is code."""
STARS = re.compile(r"\s*\*\*?")
"""What unpacks; without it an item or argument may stand where only what is unpacked can."""
LEAD = re.compile(
    r"(?:async\s+)?(?:for\b[^()\[\]{}\"']*?\bin|if|while|with|match|case|except\*?|return|raise|assert|del|def|class)\b"
)
"""Words at the beginning of a statement that are no part of an expression."""


def bounded(text: str, keyword: str) -> str:
    """A statement or header without what exceeds a limit; ``...`` is in its place."""
    if keyword == "case" and _depth(text) > PATTERN_LIMIT:
        return "case [*_]"
    if len(text) <= SHORT and sum(map(text.count, "([{")) <= BRACKET_LIMIT:
        return text
    return _without_long_items(text)


def _depth(text: str) -> int:
    """How deeply brackets are nested, counted without regard to strings."""
    depth = deepest = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest


class _Level:
    """What stands in one pair of brackets.

    :ivar opened: where they open; ``removed``: the characters that are left out of them.
    :ivar start: where the expression begins that stands between two commas; ``count``: the tokens of it.
    :ivar item: where the item begins that it is the value of; ``whole``: whether that is a comprehension.
    """

    def __init__(self, opened: int, start: int) -> None:
        self.opened = opened
        self.start = self.item = start
        self.count = self.removed = 0
        self.whole = False


def _without_long_items(text: str) -> str:
    """A text without the expressions, innermost first, that are too long."""
    lead = LEAD.match(text)
    levels = [_Level(0, lead.end() if lead is not None else 0)]
    cuts: list[tuple[int, int]] = []

    def cut(start: int, position: int) -> None:
        while cuts and cuts[-1][0] >= start:
            cuts.pop()
        cuts.append((start, position))

    def end(level: _Level, position: int) -> None:
        if level.count > CHAIN_LIMIT:
            stars = STARS.match(text, level.start)
            start = stars.end() if stars is not None else level.start
            cut(start, position)
            level.removed += position - start

    for token in TOKEN.finditer(text, levels[0].start):
        kind, level = token[0], levels[-1]
        if kind in "([{":
            levels.append(_Level(token.start(), token.end()))
        elif kind in ")]}" and len(levels) > 1:
            end(level, token.start())
            levels.pop()
            is_deep = len(levels) == BRACKET_LIMIT + 1
            is_long = is_deep or token.end() - level.opened - level.removed > LITERAL_LIMIT
            levels[-1].count += CHAIN_LIMIT + 1 if is_long else 2
            levels[-1].removed += level.removed
        elif kind == "for" and len(levels) > 1:  # what stands before and behind is of no use without the other
            level.start, level.whole = level.item, True
            level.count += 1
        elif level.whole and kind in ",:=":
            level.count += 1
        elif kind == "," or (kind == "=" and _is_assignment(text, token.start())):
            end(level, token.start())
            level.start = level.item = token.end()
            level.count = 0
        elif kind == ":" and text[level.opened] == "{" and not text.startswith("=", token.end()):
            end(level, token.start())
            level.start, level.count = token.end(), 0
        elif kind[0] not in "\"'":
            level.count += 1
        elif TEMPLATE.search(text, max(0, token.start() - 2), token.start()):
            is_long = len(kind) > LITERAL_LIMIT or _depth(kind) > BRACKET_LIMIT
            level.count += CHAIN_LIMIT + 1 if is_long else 0
    end(levels[0], len(text))
    for first, last in reversed(cuts):
        text = f"{text[:first]} ...{text[last:]}"
    return text


def _is_assignment(text: str, position: int) -> bool:
    """Whether an equals sign stands between a target or keyword and a value."""
    return not text.startswith("=", position + 1) and text[position - 1] not in "=!<>:"
