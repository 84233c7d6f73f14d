"""What an edit did to the text that facts come from: moved its lines, added imports, or anything else.

An outline is the text that the parser was given, with the line of each of its lines.  While the syntax trees of two
outlines are equal, their facts differ in lines only, and those follow from the nodes.
"""

from __future__ import annotations

import ast
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.slices import Sliced, cut_body

UTF_8 = ("utf-8", "surrogatepass")


class Outline(NamedTuple):
    """Text that facts come from.

    :ivar text: what the parser was given; ``numbers`` are the lines in the file of its lines.
    :ivar cuts: the function bodies left out, in source order.
    """

    text: str
    numbers: tuple[int, ...]
    cuts: tuple[Cut, ...]


class Added(NamedTuple):
    """An import statement of the module level that was added, and its line."""

    line: int
    node: ast.Import | ast.ImportFrom


class Edit(NamedTuple):
    """What became of a file: where its lines went, and what was added.

    :ivar lines: from a line of the old content to that of the new.
    :ivar words: if something was added, every word of the old content whose facts matter.
    """

    lines: Mapping[int, int]
    added: tuple[Added, ...] = ()
    words: frozenset[str] = frozenset()

    def moved(self, line: int) -> int:
        """The new number of a line; one that no fact stands on keeps its distance from the fact before it."""
        known = self.lines.get(line)
        if known is not None:
            return known
        before = max((old for old in self.lines if old < line), default=None)
        return line if before is None else self.lines[before] + line - before


def outline(sliced: Sliced) -> Outline | None:
    """The outline of a text that is cut already, or None if it has none."""
    if sliced.places is None:
        return None
    cuts = tuple(place.cut for place in sliced.places if place.cut is not None)
    return Outline(sliced.text, sliced.numbers, cuts)


def pack(found: Outline | None) -> bytes:
    """An outline, as it is kept."""
    return zlib.compress(repr(found and (found.text, found.numbers, tuple(map(tuple, found.cuts)))).encode(*UTF_8), 1)


def unpack(data: bytes) -> Outline | None:
    """The outline that was kept; None if there is none.

    :raises Exception: whatever damaged data raises.
    """
    known = ast.literal_eval(zlib.decompress(data).decode(*UTF_8))
    return known and Outline(known[0], known[1], tuple(Cut(*cut) for cut in known[2]))


def edit_between(
    outlines: Mapping[Cut | None, Outline], sliced: Sliced, bodies: Sequence[Cut], text: str
) -> Edit | None:
    """What an edit did, or None if it did more than to move lines and to add imports.

    :param outlines: those of the old content, of function bodies by their place and of the module at None.
    :param sliced: what the parser would be given of ``text``, the new content.
    :param bodies: the function bodies whose facts matter.
    :raises Unreadable: as :func:`flake8_forksafe.source.slices.cut_source`.
    """
    new = outline(sliced)
    edit = _compare(outlines[None], new) if None in outlines and new is not None else None
    if edit is None or new is None:
        return None
    places = dict(zip(outlines[None].cuts, new.cuts, strict=True))
    lines: dict[int, int] = {}
    for cut in sorted(bodies):  # a body begins before those in it
        inner = outline(cut_body(text, places[cut])[1]) if cut in places and cut in outlines else None
        moved = _compare(outlines[cut], inner) if inner is not None else None
        if inner is None or moved is None or moved.added:
            return None
        lines.update(moved.lines)
        places.update(zip(outlines[cut].cuts, inner.cuts, strict=True))
    texts = [outlines[cut].text for cut in (None, *bodies)] if edit.added else []
    words = frozenset(word for text in texts for word in re.findall(r"[^\W\d]\w*", text))
    return Edit({**lines, **edit.lines}, edit.added, words)


def _compare(old: Outline, new: Outline) -> Edit | None:
    """What an edit did to one outline."""
    if len(old.cuts) != len(new.cuts):
        return None
    if old.text == new.text:
        return Edit(dict(zip(old.numbers, new.numbers, strict=True)))
    try:
        before, after = ast.parse(old.text).body, iter(ast.parse(new.text).body)
    except (SyntaxError, RecursionError, MemoryError):
        return None
    lines: dict[int, int] = {}
    added: list[Added] = []
    for node in before:
        for other in after:
            if _is_same(node, other, old.numbers, new.numbers, lines):
                break
            if not _is_plain(other):
                return None
            added.append(Added(new.numbers[other.lineno - 1], other))
        else:
            return None
    for other in after:
        if not _is_plain(other):
            return None
        added.append(Added(new.numbers[other.lineno - 1], other))
    return Edit(lines, tuple(added))


def _is_same(old: ast.AST, new: ast.AST, before: Sequence[int], after: Sequence[int], lines: dict[int, int]) -> bool:
    """Whether two nodes differ in their lines only; those are added to ``lines``."""
    pairs: list[tuple[Any, Any]] = [(old, new)]
    while pairs:
        one, other = pairs.pop()
        if type(one) is not type(other):
            return False
        if isinstance(one, ast.AST):
            if hasattr(one, "lineno"):
                if one.col_offset != other.col_offset:  # type: ignore[attr-defined]
                    return False
                lines[before[one.lineno - 1]] = after[other.lineno - 1]
            pairs += [(getattr(one, name, None), getattr(other, name, None)) for name in one._fields]
        elif isinstance(one, list):
            if len(one) != len(other):
                return False
            pairs += zip(one, other, strict=True)
        elif repr(one) != repr(other):
            return False
    return True


def _is_plain(node: ast.stmt) -> TypeGuard[ast.Import | ast.ImportFrom]:
    """Whether a statement imports names that one can read, and means no more than that."""
    if isinstance(node, ast.ImportFrom):
        return node.module != "__future__" and node.names[0].name != "*"
    return isinstance(node, ast.Import)
