"""Bytes to text, the way CPython's import system does it."""

from __future__ import annotations

import io
import tokenize


class Unreadable(Exception):
    """A source file that cannot become facts.

    :param reason: one clause for a message, such as ``invalid syntax``.
    :param line: 1-based line, 1 where the whole file is meant.
    """

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason, line)
        self.reason = reason
        self.line = max(1, line)


def decode(data: bytes) -> str:
    """Decode source as CPython does: PEP 263 cookie or byte order mark, else UTF-8; newlines become ``\\n``.

    :raises Unreadable: for what CPython refuses as well (UTF-16, undeclared latin-1, null bytes).
    """
    if b"\0" in data:
        kind = " (is it UTF-16?)" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise Unreadable(f"it contains null bytes{kind}")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"it is not {error.encoding} and declares no other encoding", line) from None
    except (SyntaxError, LookupError) as error:
        reason = str(error).partition(" for ")[0]
        if reason == "invalid or missing encoding declaration":  # tokenize's words for its first two lines
            reason = "it is not utf-8 and declares no other encoding"
        raise Unreadable(reason) from None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text
