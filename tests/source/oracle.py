"""Import facts of a file, by the collector and by a plain ``ast`` walk, to be compared."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from flake8_forksafe.source import facts
from flake8_forksafe.source.collector import collect, collect_body
from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.text import Unreadable, decode

ImportFact = tuple[int, str, int, tuple[tuple[str, str | None], ...]]
"""Line, module ("" for a plain import), level, names with their ``as`` names."""


def by_ast(text: str) -> list[ImportFact] | None:
    """What an ``ast`` walk finds; None if the running interpreter cannot parse the text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: list[ImportFact] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.append((node.lineno, "", 0, tuple((alias.name, alias.asname) for alias in node.names)))
        elif isinstance(node, ast.ImportFrom):
            names = tuple((alias.name, alias.asname) for alias in node.names)
            found.append((node.lineno, node.module or "", node.level, names))
    return sorted(found, key=repr)


def by_collector(text: str) -> list[ImportFact]:
    """What the collector finds, function bodies collected on demand."""
    return sorted(_imports(collect(text), text.split("\n")), key=repr)


def _imports(node: object, lines: list[str]) -> Iterator[ImportFact]:
    if isinstance(node, facts.Import):
        yield node.line, "", 0, node.names
    elif isinstance(node, facts.ImportFrom):
        yield node.line, node.module, node.level, node.names
    elif isinstance(node, Cut):
        yield from _imports(collect_body("\n".join(lines), node), lines)
    elif isinstance(node, tuple):
        for part in node:
            yield from _imports(part, lines)


def difference(path: str) -> tuple[str, str] | None:
    """How the two disagree on a file: its path and a description; None where they agree.

    A file that ``ast`` cannot parse has no oracle; the collector must then refuse it in its own way, or parse it.
    """
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
    expected = by_ast(text)
    try:
        found = by_collector(text)
    except Unreadable as error:
        return (path, error.reason) if expected is not None else None
    if expected is None or found == expected:
        return None
    missing = [fact for fact in expected if fact not in found]
    return path, f"missing {missing[:3]}, {len(found)} found for {len(expected)}"
