"""Makes text of a project safe to print: control characters are escaped, and long text is shortened."""

from __future__ import annotations

import re

LONGEST = 2_000
"""Characters of one message; only a long name in it exceeds this."""
HIDDEN_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\[)")
"""Workflow commands, which GitHub's runner executes from any output line (actions/runner, ActionCommand.cs)."""


def printable(text: str) -> str:
    """Escape control characters, direction marks, and bytes of a file name that are not UTF-8.

    They are written as in Python source: ``\\x1b``, ``\\u202e``, ``\\udcff``.  Workflow commands are escaped in the
    same way.
    """
    if not text.isprintable():
        text = "".join(part if part.isprintable() else part.encode("unicode_escape").decode() for part in text)
    return HIDDEN_COMMAND.sub(lambda match: match[0][:-1] + f"\\x{ord(match[0][-1]):02x}", text)


def shortened(text: str, limit: int = LONGEST) -> str:
    """Shorten a long text to its beginning and its end."""
    if len(text) <= limit:
        return text
    return f"{text[: limit * 2 // 3]} … {text[-limit // 4 :]}"
