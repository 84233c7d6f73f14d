"""Source text to facts: by CPython's own parser, and by libcst where the text is newer than the running interpreter."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from flake8_forksafe.source import facts
from flake8_forksafe.source.bodies import without_bodies
from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.facts import Block
from flake8_forksafe.source.text import Unreadable
from flake8_forksafe.source.tree import TreeReader

CPYTHON_RECURSION_LIMIT = 1000
"""What CPython starts with; until 3.11 it also bounds how deeply ``ast.parse`` may nest."""
Way = tuple[str, dict[int, Cut]]
"""A text, and the function bodies that were cut out of it."""


def collect(text: str, offset: int = 0) -> Block:
    """Turn source text into facts.

    :param offset: what to add to a line of ``text`` to get the line in the file.
    :raises Unreadable: if neither CPython nor libcst can parse it.
    """
    short = without_bodies(text)
    ways: list[Way] = [(text, {})] if short is None else [short, (text, {})]
    try:
        for way in ways:
            tree = _parse(way[0])
            if isinstance(tree, ast.Module):
                return TreeReader(way[0], offset, way[1]).block(tree.body)
            refusal = tree
        return _collect_newer(ways, offset, refusal)
    except (RecursionError, MemoryError):
        raise Unreadable("it is nested too deeply") from None


def collect_body(text: str, cut: Cut) -> Block:
    """Turn one function body in the text of a file into facts.

    :raises Unreadable: as :func:`collect`.
    """
    lines = text.split("\n", cut.last)[cut.first - 1 : cut.last]
    wrapped = "if body:\n" + "\n".join(lines) + "\n"  # gives the body its indentation; "return" needs no function
    wrapper = collect(wrapped, cut.first - 2)[0]
    assert isinstance(wrapper, facts.If)
    return wrapper.body


def _collect_newer(ways: Sequence[Way], offset: int, refusal: SyntaxError) -> Block:
    """Facts of text that the running interpreter refuses."""
    try:
        from flake8_forksafe.source.visitor import visit
    except Exception as error:  # whatever a broken installation raises
        reason = f"it takes libcst, which cannot be imported ({type(error).__name__}); install flake8-forksafe anew"
        raise Unreadable(reason) from None

    for text, cuts in ways:
        with suppress(SyntaxError):
            return visit(text, offset, cuts)
    raise Unreadable(refusal.msg, (refusal.lineno or 1) + offset)


def _parse(text: str) -> ast.Module | SyntaxError:
    """The tree, or why the running interpreter refuses the text."""
    try:
        with warnings.catch_warnings(), _recursion_limit():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        if "too many nested" in error.msg or "too many levels" in error.msg:
            raise Unreadable("it is nested too deeply", error.lineno or 1) from None
        return error


@contextmanager
def _recursion_limit() -> Iterator[None]:
    """As much room for ``ast.parse`` as it has at the start of a program, where CPython's limit is its own."""
    if sys.version_info >= (3, 12):
        yield
        return
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(_depth() + CPYTHON_RECURSION_LIMIT)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _depth() -> int:
    """How many Python frames are in use."""
    count, frame = 0, sys._getframe()
    while frame.f_back is not None:
        count, frame = count + 1, frame.f_back
    return count
