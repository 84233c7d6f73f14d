"""Facts of a file as CPython's ``ast`` has them, held against what the reader makes of it."""

from __future__ import annotations

import ast
import warnings

from syntax_tree import TreeReader

from flake8_forksafe.source.collector import collect, collect_body
from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.facts import Binary, Block, Boolean, Compare, Fact, If, Opaque
from flake8_forksafe.source.limits import BRACKET_LIMIT, CHAIN_LIMIT, DEPTH_LIMIT, LITERAL_LIMIT
from flake8_forksafe.source.text import Lines, Unreadable, decode


def tree_of(text: str) -> ast.Module | None:
    """What ``ast`` makes of a text; None if it cannot be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def whole(text: str, offset: int = 0) -> Block:
    """The facts of a text by ``ast``."""
    tree = tree_of(text)
    assert tree is not None
    return TreeReader(text, offset).block(tree.body)


def whole_body(text: str, cut: CutBody) -> Block:
    """The facts of a function body by ``ast``."""
    body = "\n".join(text.split("\n")[cut.first - 1 : cut.last])
    wrapped = f"if body:\n{body}\n\n"  # the last line may end with a backslash
    (wrapper,) = whole(wrapped, cut.first - 2)
    assert isinstance(wrapper, If)
    return wrapper.body


def disagreement(found: object, expected: object, text: str, path: str = "") -> str | None:
    """Where two facts of a text differ, once all function bodies are collected."""
    if isinstance(found, CutBody) and isinstance(expected, CutBody):
        found, expected = collect_body(Lines(text), found), whole_body(text, expected)
    if isinstance(found, Opaque) and (exceeds(expected) or path.count("/") > BRACKET_LIMIT):
        return None
    if isinstance(found, Fact) and type(found) is type(expected):
        for name in found.__struct_fields__:
            where = f"{path}/{type(found).__name__}.{name}"
            inside = disagreement(getattr(found, name), getattr(expected, name), text, where)
            if inside is not None:
                return inside
        return None
    if type(found) is not type(expected) or (not isinstance(found, tuple) and repr(found) != repr(expected)):
        return f"{path}: {found!r:.200} is not {expected!r:.200}"
    if not isinstance(found, tuple) or not isinstance(expected, tuple):
        return None
    if len(found) != len(expected):
        return f"{path}: {len(found)} and not {len(expected)}: {found!r:.300} is not {expected!r:.300}"
    for index, (one, other) in enumerate(zip(found, expected, strict=True)):
        inside = disagreement(one, other, text, f"{path}/{index}")
        if inside is not None:
            return inside
    return None


def exceeds(fact: object) -> bool:
    """Whether an expression is one that the limits leave out."""
    is_chain = isinstance(fact, (Binary, Boolean, Compare)) and size(fact) > CHAIN_LIMIT // 2
    return is_chain or len(ascii(fact)) > LITERAL_LIMIT or depth(fact) > DEPTH_LIMIT


def size(fact: object) -> int:
    """How many facts there are in one."""
    count, waiting = 0, [fact]
    while waiting:
        found = waiting.pop()
        count += isinstance(found, Fact)
        waiting += _parts(found)
    return count


def depth(fact: object) -> int:
    """How deeply facts are nested."""
    deepest, level = 0, [fact]
    while level:
        level = [part for inner in level for part in _parts(inner)]
        deepest += 1
    return deepest


def _parts(fact: object) -> tuple[object, ...]:
    if isinstance(fact, Fact):
        return tuple(getattr(fact, name) for name in fact.__struct_fields__)
    return fact if isinstance(fact, tuple) else ()


def difference(path: str) -> tuple[str, str] | None:
    """How the reader and CPython disagree on a file: its path and a description; None where they agree."""
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
    except Unreadable as error:
        return path, f"{error.reason} ({error.line})"
    return (path, found) if found is not None else None
