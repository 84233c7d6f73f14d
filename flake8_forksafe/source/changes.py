"""What an edit did to the facts of a file: moved their lines, added imports, or anything else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeGuard

from flake8_forksafe.source import facts
from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.facts import Block, Statement

Added = facts.Import | facts.ImportFrom
"""An import statement of the module level that was added."""


class Edit(NamedTuple):
    """What became of a file: where its lines went, and what was added.

    :ivar lines: from a line of the old content to that of the new.
    :ivar words: if something was added, every word of the old facts that matter.
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


class Comparison:
    """A file's facts before and after an edit, as far as they were compared.

    :ivar lines: where lines went; ``cuts``: where function bodies went; ``added``: imports of the module level.
    """

    def __init__(self) -> None:
        self.lines: dict[int, int] = {}
        self.cuts: dict[Cut, Cut] = {}
        self.added: list[Added] = []

    def module(self, old: Block, new: Block) -> bool:
        """Whether a module is the same, but for its lines and for imports that were added."""
        after = iter(new)
        for statement in old:
            for other in after:
                if self.is_same(statement, other):
                    break
                if not self.adds(other):
                    return False
            else:
                return False
        return all(map(self.adds, after))

    def adds(self, statement: Statement) -> bool:
        """Note a statement that was added; False if it is more than an import."""
        if _is_plain(statement):
            self.added.append(statement)
            return True
        return False

    def is_same(self, old: object, new: object) -> bool:
        """Whether two facts differ in their lines only."""
        pairs: list[tuple[Any, Any]] = [(old, new)]
        while pairs:
            one, other = pairs.pop()
            if type(one) is not type(other):
                return False
            if isinstance(one, Cut):
                self.cuts[one] = other
            elif isinstance(one, tuple):
                if len(one) != len(other):
                    return False
                inside = zip(one, other, strict=True)
                if getattr(one, "_fields", ())[:1] == ("line",):
                    before, after = next(inside)
                    self.lines[before] = after
                pairs += inside
            elif repr(one) != repr(other):  # a NaN is itself, and -0.0 is not 0.0
                return False
        return True

    def edit(self, matters: Iterable[Block]) -> Edit:
        """What the edit did; ``matters`` are the old facts that matter."""
        words = frozenset(_words(matters)) if self.added else frozenset[str]()
        return Edit(self.lines, tuple(self.added), words)


def _words(node: object) -> Iterator[str]:
    """Every word in some facts."""
    if isinstance(node, str):
        yield from re.findall(r"[^\W\d]\w*", node)
    elif isinstance(node, Iterable) and not isinstance(node, bytes):
        for part in node:
            yield from _words(part)


def _is_plain(statement: Statement) -> TypeGuard[Added]:
    """Whether a statement imports names that one can read, and means no more than that."""
    if isinstance(statement, facts.ImportFrom):
        return statement.module != "__future__" and statement.names[0][0] != "*" and not statement.lazy
    return isinstance(statement, facts.Import) and not statement.lazy
