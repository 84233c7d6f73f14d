"""Splits commands into words, in bounded time."""

from __future__ import annotations

LONGEST_COMMAND = 131_072
"""Characters of a command that is split: Linux starts no program with a longer argument (``MAX_ARG_STRLEN``)."""


def split_like_shlex(text: str) -> list[str]:
    """Words as ``shlex`` separates them, whose time grows with the square of a word's length.

    :raises ValueError: if a quote is not closed, or the text is too long.
    """
    import shlex

    if len(text) > LONGEST_COMMAND:
        raise ValueError(f"longer than {LONGEST_COMMAND} characters")
    return shlex.split(text)
