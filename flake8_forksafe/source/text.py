"""Bytes to text, the way CPython's import system does it."""

from __future__ import annotations

import codecs
import io
import re
import tokenize

from flake8_forksafe.printable import shortened

NOT_FOR_SOURCE = frozenset({"idna", "punycode", "undefined"})
"""Encodings of names and of nothing; two of them take quadratic time."""
LONGEST_REASON = 120


class Unreadable(Exception):
    """A source file that cannot become facts.

    :param reason: one clause for a message, such as ``invalid syntax``.
    :param line: 1-based line, 1 where the whole file is meant.
    """

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason, line)
        self.reason = reason
        self.line = max(1, line)


class Lines:
    """A text of which lines are taken out again and again."""

    __slots__ = ("_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: list[int] = []

    def between(self, first: int, last: int) -> str:
        """The lines from one number to another, both inclusive, without the line end behind the last."""
        if not self._starts:
            self._starts = [0, *(match.end() for match in re.finditer("\n", self.text)), len(self.text) + 1]
        return self.text[self._starts[first - 1] : self._starts[last] - 1]


def decode(data: bytes) -> str:
    """Decode source as CPython does: PEP 263 cookie or byte order mark, else UTF-8; newlines become ``\\n``.

    :raises Unreadable: for what CPython refuses as well (UTF-16, undeclared latin-1, null bytes).
    """
    if b"\0" in data:
        kind = " (is it UTF-16?)" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise Unreadable(f"it contains null bytes{kind}")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        if codecs.lookup(encoding).name in NOT_FOR_SOURCE:
            raise LookupError(f"source cannot be written in the encoding {encoding}")
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"it is not {error.encoding} and declares no other encoding", line) from None
    except (SyntaxError, LookupError) as error:
        reason = shortened(str(error).partition(" for ")[0], LONGEST_REASON)
        if reason == "invalid or missing encoding declaration":  # tokenize's words for its first two lines
            reason = "it is not utf-8 and declares no other encoding"
        raise Unreadable(reason) from None
    except Exception as error:  # a codec may raise anything
        raise Unreadable(f"its encoding {encoding} cannot read it ({type(error).__name__})") from None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text
