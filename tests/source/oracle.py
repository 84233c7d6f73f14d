"""Facts of a file, made in three ways that must agree: with bodies cut out, of the whole tree, and by libcst."""

from __future__ import annotations

import ast
import warnings

from flake8_forksafe.source.collector import collect, collect_body
from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.facts import Block, Fact, If, Opaque
from flake8_forksafe.source.text import Unreadable, decode
from flake8_forksafe.source.tree import TreeReader
from flake8_forksafe.source.visitor import visit

LIBCST_LIMIT = 12_000
"""Characters beyond which libcst takes too long for a test."""


def tree_of(text: str) -> ast.Module | None:
    """What ``ast`` makes of a text; None if it cannot be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def whole(text: str, offset: int = 0) -> Block:
    """The facts of a text that is parsed whole."""
    tree = tree_of(text)
    assert tree is not None
    return TreeReader(text, offset).block(tree.body)


def whole_body(text: str, cut: Cut) -> Block:
    """The facts of a function body that is parsed whole."""
    wrapped = (
        "if body:\n" + "\n".join(text.split("\n")[cut.first - 1 : cut.last]) + "\n\n"
    )  # its last line may end with "\\"
    (wrapper,) = whole(wrapped, cut.first - 2)
    assert isinstance(wrapper, If)
    return wrapper.body


def disagreement(found: object, expected: object, text: str, path: str = "") -> str | None:
    """Where two facts differ, once all function bodies are collected; ``expected`` has no body that was cut out."""
    if isinstance(found, Cut):
        found = collect_body(text, found)
    if isinstance(expected, Cut):
        expected = whole_body(text, expected)
    if isinstance(found, Opaque) and path.endswith("Assign3"):
        return None  # a huge table, which libcst's visitor does not leave out
    if isinstance(found, Fact) and type(found) is type(expected):
        for index, name in enumerate(found.__struct_fields__):
            one, other = getattr(found, name), getattr(expected, name)
            inside = disagreement(one, other, text, f"{path}/{type(found).__name__}{index}")
            if inside is not None:
                return inside
        return None
    if type(found) is not type(expected) or (not isinstance(found, tuple) and repr(found) != repr(expected)):
        return f"{path}: {found!r:.200} is not {expected!r:.200}"
    if not isinstance(found, tuple) or not isinstance(expected, tuple):
        return None
    if len(found) != len(expected):
        return f"{path}: {len(found)} and not {len(expected)}"
    for index, (one, other) in enumerate(zip(found, expected, strict=True)):
        inside = disagreement(one, other, text, f"{path}/{type(found).__name__}{index}")
        if inside is not None:
            return inside
    return None


def difference(path: str) -> tuple[str, str] | None:
    """How the ways disagree on a file: its path and a description; None where they agree."""
    with open(path, "rb") as stream:
        data = stream.read()
    try:
        text = decode(data)
    except Unreadable:
        try:
            ast.parse(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        return path, "CPython decodes it"
    if tree_of(text) is None:
        try:
            collect(text)  # in its own way, or not at all
        except Unreadable:
            pass
        return None
    try:
        found = disagreement(collect(text), whole(text), text)
        if found is None and len(text) < LIBCST_LIMIT:
            found = disagreement(collect(text), visit(text, 0), text)
    except Unreadable as error:
        return path, error.reason
    except SyntaxError:
        return None  # libcst 1.9 does not know all that CPython does
    return (path, found) if found is not None else None
