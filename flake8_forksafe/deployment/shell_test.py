"""``test``, ``[ ]`` and ``[[ ]]``: true, false, or not known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase

from flake8_forksafe.deployment.model import Word

NUMBER = re.compile(r"-?[0-9]{1,18}")

NUMERIC: Mapping[str, Callable[[int, int], bool]] = {
    "-eq": int.__eq__,
    "-ne": int.__ne__,
    "-lt": int.__lt__,
    "-le": int.__le__,
    "-gt": int.__gt__,
    "-ge": int.__ge__,
}


def evaluate_test(words: Sequence[Word]) -> bool | None:
    """The status of a test command, its name and closing bracket included; None if it is not known.

    Tests of files and of what no repository tells are never known.
    """
    is_pattern = words[0].text == "[["
    inner = list(words[1:])
    if inner and inner[-1].text in ("]", "]]"):
        inner.pop()
    return _either(inner, is_pattern)


def _either(words: Sequence[Word], is_pattern: bool) -> bool | None:
    """``a || b``, ``a -o b``."""
    parts = [_both(part, is_pattern) for part in _split(words, ("||", "-o"))]
    return True if True in parts else None if None in parts else False


def _both(words: Sequence[Word], is_pattern: bool) -> bool | None:
    """``a && b``, ``a -a b``."""
    parts = [_single(part, is_pattern) for part in _split(words, ("&&", "-a"))]
    return False if False in parts else None if None in parts else True


def _split(words: Sequence[Word], operators: tuple[str, ...]) -> list[list[Word]]:
    parts: list[list[Word]] = [[]]
    for word in words:
        if word.text in operators:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _single(words: Sequence[Word], is_pattern: bool) -> bool | None:
    if words and words[0].text == "!":
        inner = _single(words[1:], is_pattern)
        return None if inner is None else not inner
    if any(word.unknown for word in words) or any(word.text in ("(", ")") for word in words):
        return None
    texts = [word.text for word in words]
    if len(texts) == 1:
        return bool(texts[0])
    if len(texts) == 2 and texts[0] in ("-n", "-z"):
        return bool(texts[1]) is (texts[0] == "-n")
    if len(texts) == 3 and texts[1] in ("=", "==", "!="):
        same = fnmatchcase(texts[0], texts[2]) if is_pattern else texts[0] == texts[2]
        return same is (texts[1] != "!=")
    if len(texts) == 3 and texts[1] in NUMERIC and all(NUMBER.fullmatch(text) for text in (texts[0], texts[2])):
        return NUMERIC[texts[1]](int(texts[0]), int(texts[2]))
    return None
