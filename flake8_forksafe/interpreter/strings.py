"""Methods and formatting of known strings, if the result is not too large.

The analysed program may contain ``"x".zfill(10**9)`` or ``"%1000000000d" % 1``.
"""

from __future__ import annotations

import re
import string

TEXT_LIMIT = 100_000
"""Characters of the longest string that is computed."""

METHODS = frozenset(
    [
        "split", "rsplit", "join", "format", "replace", "startswith", "endswith", "strip", "lstrip", "rstrip", "lower",
        "upper", "partition", "rpartition", "title", "capitalize", "removeprefix", "removesuffix", "splitlines",
        "isdigit", "isidentifier", "isalpha", "isalnum", "isupper", "islower", "isnumeric", "isspace", "istitle",
        "isascii", "isdecimal", "isprintable", "find", "rfind", "index", "rindex", "count", "encode", "decode", "zfill",
        "ljust", "rjust", "center", "casefold", "swapcase",
    ]
)  # fmt: skip
"""Methods of str and bytes that depend on nothing but their arguments."""
ENCODINGS = frozenset({"utf-8", "utf8", "ascii", "latin-1", "latin1", "iso-8859-1", "utf-16", "utf-32"})
"""Encodings that are computed; some others take more than linear time."""


class TooLarge(Exception):
    """A string that is not computed."""


def call_method(receiver: str | bytes, name: str, arguments: list[object], keywords: dict[str, object]) -> object:
    """The result of ``receiver.name(*arguments, **keywords)``.

    :raises TooLarge: if it would be too large, or takes too long.
    :raises Exception: whatever the method raises.
    """
    if result_size(receiver, name, arguments, keywords) > TEXT_LIMIT:
        raise TooLarge
    return getattr(receiver, name)(*arguments, **keywords)


def result_size(receiver: str | bytes, name: str, arguments: list[object], keywords: dict[str, object]) -> int:
    """How many characters the result of a method may have, at most; an estimate where it cannot be called at all."""
    size = len(receiver)
    if name == "join" and arguments:
        parts = arguments[0] if isinstance(arguments[0], (list, tuple, str)) else ()
        return sum(size + _length(part) for part in parts)
    if name == "replace" and len(arguments) >= 2 and type(arguments[0]) is type(receiver):
        return size + receiver.count(arguments[0]) * _length(arguments[1])  # type: ignore[arg-type]
    if name in ("zfill", "ljust", "rjust", "center"):
        return max([size, *(number for number in arguments if isinstance(number, int))])
    if name in ("encode", "decode"):
        encoding = str([*arguments, *keywords.values(), "utf-8"][0]).lower().replace("_", "-")
        return size if encoding in ENCODINGS else TEXT_LIMIT + 1
    if name == "format" and isinstance(receiver, str):
        fields, padding = format_fields(receiver)
        return size + padding + fields * max(map(_length, [*arguments, *keywords.values(), ""]))
    return size


def _length(value: object) -> int:
    """Characters of a value's text; of a container, enough to be refused where the text is long."""
    if isinstance(value, (str, bytes)):
        return len(value)
    if isinstance(value, (list, tuple)):
        return sum(4 + _length(part) for part in value)
    return 400 if isinstance(value, (int, float, complex)) else 10


def format_fields(template: str) -> tuple[int, int]:
    """How many fields a template of ``str.format`` has, and to how many characters they pad.

    :raises TooLarge: if a field looks into its value, or takes its width from another.
    :raises ValueError: if it is no template.
    """
    fields = padding = 0
    for _, name, specification, _ in string.Formatter().parse(template):
        if name is None:
            continue
        if "." in name or "[" in name or "{" in (specification or ""):
            raise TooLarge
        fields += 1
        padding += sum(int(number[:9]) for number in re.findall(r"\d+", specification or ""))
    return fields, padding


def percent(template: str, values: object) -> str:
    """``template % values``.

    :raises TooLarge: if it would be too large.
    """
    widths = re.findall(r"%[#0\- +]*([\d*]*)\.?([\d*]*)", template)
    if any("*" in number for pair in widths for number in pair):
        raise TooLarge
    padding = sum(int(number[:9]) for pair in widths for number in pair if number)
    longest = max(map(_length, values), default=0) if isinstance(values, tuple) else _length(values)
    if len(template) + padding + len(widths) * longest > TEXT_LIMIT:
        raise TooLarge
    return template % values
