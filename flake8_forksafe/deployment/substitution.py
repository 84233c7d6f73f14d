"""``$NAME`` and ``${NAME:-default}`` in compose files, Dockerfiles, environment files and units."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from flake8_forksafe.deployment.model import Word

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DEEPEST = 20

LONGEST = 20_000
"""Characters of a text in which variables are replaced; a value that is longer is data."""

Lookup = Callable[[str], Word | None]


def substitute(word: Word, lookup: Lookup, escape: str = "$", bare: bool = True) -> Word:
    """Replace variables in a word.

    :param lookup: a variable's value; None if it is not known, whereupon the variable stays as it is written, unless
        it has a default: a variable that nothing in the repository sets is taken to be unset.
    :param escape: the character that takes a following ``$`` its meaning: ``$`` in compose files, ``\\`` in
        Dockerfiles.
    :param bare: whether ``$NAME`` is a variable, or ``${NAME}`` only.
    """
    if "$" not in word.text or len(word.text) > LONGEST:
        return word
    return _Substitution(lookup, escape, bare).run(word, 0)


class _Substitution:
    def __init__(self, lookup: Lookup, escape: str, bare: bool) -> None:
        self.lookup = lookup
        self.escape = escape
        self.bare = bare

    def run(self, word: Word, depth: int) -> Word:
        text, pieces, position = word.text, [], 0
        pairs = _pairs(text)
        unknown = list(word.unknown)
        whole: Word | None = None
        size = 0
        while position < len(text):
            if text[position] == self.escape and text[position + 1 : position + 2] == "$":
                pieces.append("$")
                position += 2
                continue
            end, value = self._variable(word, position, pairs, depth) if text[position] == "$" else (position, None)
            if value is None:
                pieces.append(text[position])
                position += 1
                continue
            if position == 0 and end == len(text):
                whole = value
            pieces.append(value.text)
            unknown += value.unknown
            size += len(value.text) + len(value.unknown)
            if size > LONGEST:  # variables that consist of each other several times grow with the power of their number
                return word
            position = end
        place = whole.place if whole is not None and whole.place.line else word.place
        return Word("".join(pieces), place, tuple(dict.fromkeys(unknown)))

    def _variable(self, word: Word, start: int, pairs: Mapping[int, int], depth: int) -> tuple[int, Word | None]:
        """The variable that begins at ``start``: where it ends, and its value, None if there is no variable."""
        text = word.text
        if text[start + 1 : start + 2] != "{":
            match = NAME.match(text, start + 1) if self.bare else None
            return (match.end(), self._value(match[0], match[0], word)) if match else (start, None)
        end = pairs.get(start + 1)
        match = NAME.match(text, start + 2)
        if match is None or end is None or depth > DEEPEST:
            return start, None
        operator = re.compile(r":?[-+?=]?").match(text, match.end(), end)
        assert operator is not None
        argument = Word(text[operator.end() : end], word.place)
        return end + 1, self._apply(match[0], operator[0], argument, text[start : end + 1], word, depth)

    def _value(self, name: str, written: str, word: Word) -> Word:
        value = self.lookup(name)
        if value is not None:
            return value
        return Word(written if written.startswith("$") else f"${written}", word.place, (name,))

    def _apply(self, name: str, operator: str, argument: Word, written: str, word: Word, depth: int) -> Word:
        value = self.lookup(name)
        is_set = value is not None and (bool(value.text) or not operator.startswith(":"))
        if operator.endswith(("-", "=")):
            return value if is_set and value is not None else self.run(argument, depth + 1)
        if operator.endswith("+"):
            return self.run(argument, depth + 1) if is_set else Word("", word.place)
        return self._value(name, written, word)


def _pairs(text: str) -> dict[int, int]:
    """The closing brace of each opening one."""
    pairs, opened = {}, []
    for index, character in enumerate(text):
        if character == "{":
            opened.append(index)
        elif character == "}" and opened:
            pairs[opened.pop()] = index
    return pairs


def closing_brace(text: str, start: int) -> int | None:
    """The index of the brace that closes one opened before ``start``."""
    depth = 1
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if not depth:
            return index
    return None
