"""Names and literals as libcst spells them, to their values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import libcst

from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Expression

OPAQUE = facts.Opaque()
QUOTE = re.compile(r'(\\.)|"', re.DOTALL)
MOST_DIGITS = 4_300
"""What CPython converts (``sys.int_info.default_max_str_digits``)."""
Read = Callable[[Any], Expression]
"""Makes a fact of an expression inside a string."""


def identifier(node: libcst.Name) -> str:
    """A name as Python looks it up (PEP 3131)."""
    return node.value if node.value.isascii() else unicodedata.normalize("NFKC", node.value)


def dotted(node: Any) -> str:
    """The dotted name that an import statement spells."""
    parts: list[str] = []
    while isinstance(node, libcst.Attribute):
        parts.append(identifier(node.attr))
        node = node.value
    parts.append(identifier(node))
    return ".".join(reversed(parts))


def alias(node: Any) -> str | None:
    """The name behind ``as``, if there is one."""
    return identifier(node.asname.name) if node.asname is not None else None


def string(node: Any) -> str | bytes:
    """The value of a string or bytes literal.

    :raises SyntaxError: for an escape sequence that stands for no character.
    :raises ValueError: likewise.
    """
    text = node.value
    if "\\" not in text and text[0] in "\"'" and text[:3] not in ('"""', "'''"):
        return str(text[1:-1])
    value: str | bytes = node.evaluated_value
    return value


def number(node: Any) -> Expression:
    """The value of a number; unknown if it has more digits than CPython converts."""
    try:
        return facts.Constant(node.evaluated_value)
    except (SyntaxError, ValueError):
        if len(node.value) > MOST_DIGITS:
            return OPAQUE
        raise


def concatenated(node: Any, read: Read) -> Expression:
    """Strings that stand one after the other."""
    parts = list(_parts(node))
    values = [string(part) for part in parts if isinstance(part, libcst.SimpleString)]
    if len(values) < len(parts):
        return formatted(node, read)
    if all(isinstance(value, bytes) for value in values):
        return facts.Constant(b"".join(value for value in values if isinstance(value, bytes)))
    if not all(isinstance(value, str) for value in values):
        raise SyntaxError("cannot mix bytes and nonbytes literals")
    return facts.Constant("".join(map(str, values)))


def formatted(node: Any, read: Read) -> Expression:
    """An f-string or t-string, alone or between other strings: its texts and its expressions."""
    parts: list[Expression] = []
    text = ""
    for piece in _pieces(node, read):
        if isinstance(piece, str):
            text += piece
            continue
        parts += [facts.Constant(text), piece] if text else [piece]
        text = ""
    return facts.Format((*parts, facts.Constant(text)) if text else tuple(parts))


def _parts(node: Any) -> Iterator[Any]:
    """The single strings of a concatenation."""
    while isinstance(node, libcst.ConcatenatedString):
        yield node.left
        node = node.right
    yield node


def _pieces(node: Any, read: Read) -> Iterator[Expression | str]:
    """The literal texts and the expressions that strings are put together from."""
    for string_node in _parts(node):
        if isinstance(string_node, libcst.SimpleString):
            yield str(string(string_node))
            continue
        for part in string_node.parts:
            if hasattr(part, "expression"):
                yield from _replaced(part, read)
            else:
                yield _literal_part(part.value, string_node.start)


class _WithoutComments(libcst.CSTTransformer):
    """Takes comments out: CPython has none in the text of ``{x = }``."""

    def leave_TrailingWhitespace(
        self, original_node: libcst.TrailingWhitespace, updated_node: libcst.TrailingWhitespace
    ) -> libcst.TrailingWhitespace:
        return updated_node.with_changes(comment=None)

    def leave_EmptyLine(self, original_node: libcst.EmptyLine, updated_node: libcst.EmptyLine) -> libcst.EmptyLine:
        return updated_node.with_changes(comment=None)


def _replaced(part: Any, read: Read) -> Iterator[Expression | str]:
    """The pieces of a replacement field; ``{x = }`` is its text and the representation of its value."""
    conversion = part.conversion
    if part.equal is not None:
        code = libcst.Module(()).code_for_node
        part = part.visit(_WithoutComments())
        yield "".join(map(code, (part.whitespace_before_expression, part.expression, part.equal)))
        conversion = conversion or ("r" if part.format_spec is None else None)
    value = read(part.expression)
    yield value if part.format_spec is None and conversion in (None, "s") else facts.Format((OPAQUE, value))


def _literal_part(text: str, start: str) -> str:
    """The value of the literal part of an f-string that starts with a prefix and quotes."""
    text = text.replace("{{", "{").replace("}}", "}")
    if "r" in start.lower() or "\\" not in text:
        return text
    quoted = QUOTE.sub(lambda found: found[1] or '\\"', text)
    return str(libcst.SimpleString(f'"""{quoted}"""').evaluated_value)
