"""Text of a project made fit for people's screens: whatever stands in a name, a path or a file only shows itself."""

from __future__ import annotations

import re

LONGEST = 2_000
"""Characters of one message; no sentence of ours comes near, unless a name in it does."""
HIDDEN_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\[)")
"""What GitHub's runner takes for a command in any line that a step writes (actions/runner, ActionCommand.cs)."""


def printable(text: str) -> str:
    """Text without control characters, direction marks, and what a file's name has that is not UTF-8.

    They are written as in Python source: ``\\x1b``, ``\\u202e``, ``\\udcff``.  A line that a CI service would obey is
    broken in the same way.
    """
    if not text.isprintable():
        text = "".join(part if part.isprintable() else part.encode("unicode_escape").decode() for part in text)
    return HIDDEN_COMMAND.sub(lambda match: match[0][:-1] + f"\\x{ord(match[0][-1]):02x}", text)


def shortened(text: str, limit: int = LONGEST) -> str:
    """Text of bounded length: of a longer one the beginning and the end."""
    if len(text) <= limit:
        return text
    return f"{text[: limit * 2 // 3]} … {text[-limit // 4 :]}"
