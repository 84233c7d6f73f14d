"""What part of a source text the parser has to see, and where its statements stand.

libcst is precise and slow, and most of a module is function bodies that no worker runs at import.  So the standard
library's ``ast``, some twenty times faster, finds the bodies, which are cut out before libcst parses the rest, and
the position of every statement, which spares libcst's position pass.  Docstrings, comments and blank lines go as well.
Text that the running interpreter cannot parse (newer syntax) is passed on whole, without positions.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.text import Unreadable

LITERAL_LIMIT = 50_000
"""Characters beyond which a literal table is cut out: generated data, never a setting."""
TEXT_LIMIT = 2_000_000
"""Characters that libcst is given at most; beyond, it takes minutes and gigabytes."""
NESTING_LIMIT = 200
"""CPython's own limit for nested brackets (``MAXLEVEL`` in Parser/lexer/state.h); libcst's stack overflows on more."""
LOGICAL_LINE_LIMIT = 200_000
"""Characters in brackets that text unchecked by ``ast`` may hold in one go, for the same reason."""


DEPTH_LIMIT = 150
"""Levels of one expression that libcst is given: its time grows with their third power, and its stack overflows."""
CPYTHON_RECURSION_LIMIT = 1000
"""What CPython starts with; until 3.12 it also bounds how deeply ``ast.parse`` may nest."""

TABLES = (ast.List, ast.Tuple, ast.Set, ast.Dict)


class Place(NamedTuple):
    """Where a statement stands, and which body was cut from it."""

    line: int
    column: int
    cut: Cut | None = None
    decorators: tuple[int, ...] = ()


class Sliced(NamedTuple):
    """Text for the parser.

    :ivar places: those of its statements in source order, or None if unknown.
    :ivar numbers: for each line of ``text`` the line in the file that it comes from.
    """

    text: str
    places: tuple[Place, ...] | None
    numbers: tuple[int, ...] = ()


def cut_source(text: str, offset: int = 0) -> Sliced:
    """Cut function bodies and huge literals out of ``text``.

    :param offset: what to add to a line of ``text`` to get the line in the file.
    :raises Unreadable: if the text is nested too deeply or too large even when cut.
    """
    try:
        tree = _parse(text) or _parse(_older(text))
    except (RecursionError, MemoryError):
        raise Unreadable("it is nested too deeply") from None
    if tree is None:
        _refuse_dangerous(text)
        sliced = Sliced(text, None)
    else:
        cutter = _Cutter(text, offset)
        try:
            cutter.block(tree.body)
        except RecursionError:
            raise Unreadable("it is nested too deeply") from None
        kept = cutter.result()
        numbers = tuple(number + offset for number, _ in kept)
        sliced = Sliced("\n".join(line for _, line in kept) + "\n", tuple(cutter.places), numbers)
    if len(sliced.text) > TEXT_LIMIT:
        size = len(text) / 1e6
        raise Unreadable(f"it has {size:.1f} million characters of code that runs at import; the limit is 2")
    return sliced


def cut_body(text: str, cut: Cut) -> tuple[str, Sliced]:
    """The lines of a function body in the text of its file, wrapped so that they parse, and what remains of them.

    :raises Unreadable: as :func:`cut_source`.
    """
    lines = text.split("\n")[cut.first - 1 : cut.last]
    wrapped = "if body:\n" + "\n".join(lines) + "\n"  # gives the body its indentation; "return" needs no function
    return wrapped, cut_source(wrapped, cut.first - 2)


def signature_of(sliced: Sliced) -> str:
    """What two texts have in common if their facts are the same, places included; without function bodies."""
    digest = hashlib.sha256(sliced.text.encode("utf-8", "surrogatepass"))
    digest.update(repr(None if sliced.places is None else list(map(tuple, sliced.places))).encode())
    return digest.hexdigest()[:32]


def extended(base: str, text: str, bodies: Sequence[Sequence[int]]) -> str:
    """A signature that also covers some function bodies.

    :param bodies: first and last line of each.
    """
    if not bodies:
        return base
    digest = hashlib.sha256(base.encode())
    lines = text.split("\n")
    for first, last in bodies:
        digest.update("\n".join(lines[first - 1 : last]).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]


def cpython_error(text: str) -> tuple[str, int] | None:
    """CPython's own message and line for broken ``text``, or None if the running interpreter accepts it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        return error.msg, error.lineno or 1
    return None


def _parse(text: str) -> ast.Module | None:
    """The tree, or None if the running interpreter does not know this syntax."""
    try:
        with warnings.catch_warnings(), _recursion_limit(_depth() + CPYTHON_RECURSION_LIMIT):
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        if "too many nested" in error.msg or "too many levels" in error.msg:
            raise Unreadable("it is nested too deeply", error.lineno or 1) from None
        return None


@contextmanager
def _recursion_limit(limit: int) -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
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


REWRITES = (
    (r"^([ \t]*)lazy[ \t]+(import|from)\b", r"\1\2"),  # PEP 810, Python 3.15
    (r"^([ \t]*except\*?[ \t]+)([\w.]+(?:[ \t]*,[ \t]*[\w.]+)+)[ \t]*:", r"\1(\2):"),  # PEP 758, Python 3.14
    (r"^([ \t]*)type[ \t]+(\w+)[ \t]*(?:\[[^\n]*?\])?[ \t]*=", r"\1\2 ="),  # PEP 695, Python 3.12
    (r"^([ \t]*(?:async[ \t]+def|def|class)[ \t]+\w+)\[(?:[^\[\]\n]|\[[^\[\]\n]*\])*\]", r"\1"),  # PEP 695
)
"""Newer syntax as older interpreters read it.  Only lines and statements are taken from the result, and those agree."""


def _older(text: str) -> str:
    """``text`` in the syntax of an older Python, statement for statement and line for line."""
    import re

    for pattern, replacement in REWRITES:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text


def _refuse_dangerous(text: str) -> None:
    """Keep text from libcst's native parser that would overflow its stack."""
    depth = run = 0
    for character in text:
        if character in "([{":
            depth += 1
            if depth > NESTING_LIMIT:
                raise Unreadable("it is nested too deeply")
        elif character in ")]}":
            depth -= 1
        run = run + 1 if depth > 0 or character != "\n" else 0
        if run > LOGICAL_LINE_LIMIT:
            raise Unreadable("it has a statement too long to analyse")


class _Cutter:
    """One pass over the ``ast``: places in source order, and the regions to leave out."""

    def __init__(self, text: str, offset: int) -> None:
        self.lines = text.split("\n")
        self.offset = offset
        self.places: list[Place] = []
        self.kept: set[int] = set()
        self.regions: list[tuple[int, int, int, int, str]] = []
        """First line and column, last line and column, and what to put there; lines 1-based, columns in characters."""

    def column(self, line: int, utf8_column: int) -> int:
        text = self.lines[line - 1]
        return utf8_column if text.isascii() else len(text.encode()[:utf8_column].decode(errors="replace"))

    def place(self, node: ast.stmt, cut: Cut | None = None, decorators: tuple[int, ...] = ()) -> None:
        column = self.column(node.lineno, node.col_offset) if node.col_offset else 0
        self.places.append(Place(node.lineno + self.offset, column, cut, decorators))

    def block(self, statements: list[ast.stmt]) -> None:
        for node in statements:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.function(node)
                continue
            decorators: tuple[int, ...] = ()
            if isinstance(node, ast.ClassDef):
                decorators = tuple(item.lineno + self.offset for item in node.decorator_list)
            self.place(node, None, decorators)
            blocks = [nested for nested in _blocks(node) if nested]
            start = min([node.lineno, *(line - self.offset for line in decorators)])
            self.keep(start, blocks[0][0].lineno - 1 if blocks else node.end_lineno or node.lineno)
            for nested in blocks:
                self.block(nested)
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and not node.simple:
                self.unparenthesise(node, node.target)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, TABLES):
                self.replace(node.value, LITERAL_LIMIT)
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                self.replace(node.value, 0)
            if self.length(node, blocks) > 2 * DEPTH_LIMIT:
                self.cut_deep(node)

    def keep(self, first: int, last: int) -> None:
        """Mark lines that must not be taken for comments: they may be the inside of a string."""
        if last > first:
            self.kept.update(range(first, last + 1))

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        first = node.body[0].lineno
        if isinstance(node.body[0], (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min([first, *(item.lineno for item in node.body[0].decorator_list)])
        last = node.body[-1].end_lineno or first
        indent = self.lines[first - 1][: len(self.lines[first - 1]) - len(self.lines[first - 1].lstrip())]
        decorators = tuple(item.lineno + self.offset for item in node.decorator_list)
        self.keep(min([node.lineno, *(item.lineno for item in node.decorator_list)]), first - 1)
        before = self.lines[first - 1][: self.column(first, node.body[0].col_offset)]
        if before.strip() not in ("", "@"):  # the body stands on the line of its header: nothing to cut
            self.place(node, None, decorators)
            self.block(node.body)
            return
        self.place(node, Cut(first + self.offset, last + self.offset), decorators)
        self.regions.append((first, 0, last, len(self.lines[last - 1]), indent + "pass"))

    def replace(self, value: ast.expr, limit: int) -> None:
        """Leave out a literal of more than ``limit`` characters that spans lines of its own."""
        last = value.end_lineno or value.lineno
        if last == value.lineno or (self.regions and self.regions[-1][2] >= value.lineno):
            return
        if sum(map(len, self.lines[value.lineno - 1 : last])) > limit:
            start = self.column(value.lineno, value.col_offset)
            self.regions.append((value.lineno, start, last, self.column(last, value.end_col_offset or 0), "..."))

    def length(self, node: ast.stmt, blocks: list[list[ast.stmt]]) -> int:
        """Characters of a statement, without the blocks in it; roughly."""
        last = blocks[0][0].lineno - 1 if blocks else node.end_lineno or node.lineno
        return sum(map(len, self.lines[node.lineno - 1 : max(last, node.lineno)]))

    def cut_deep(self, statement: ast.stmt) -> None:
        """Leave out an expression of a statement that nests too deeply (generated data)."""
        for node in ast.iter_child_nodes(statement):
            if isinstance(node, ast.expr) and _is_deep(node):
                last = node.end_lineno or node.lineno
                if not self.regions or self.regions[-1][2] < node.lineno:
                    start, end = self.column(node.lineno, node.col_offset), self.column(last, node.end_col_offset or 0)
                    self.regions.append((node.lineno, start, last, end, "..."))
                return

    def unparenthesise(self, node: ast.AnnAssign, target: ast.Name) -> None:
        """Write ``(name): annotation`` as ``name: annotation``; libcst 1.9 refuses the former."""
        first, last = node.lineno, node.annotation.lineno
        start, end = self.column(first, node.col_offset), self.column(last, node.annotation.col_offset)
        self.regions.append((first, start, last, end, f"{target.id}: "))

    def result(self) -> list[tuple[int, str]]:
        """The lines that remain, each with the number of the one that it comes from."""
        remaining: list[tuple[int, str]] = []
        position = 0  # index into self.lines of the next line to look at
        for first, start, last, end, replacement in self.regions:
            remaining.extend(self.code(position, first - 1))
            remaining.append((first, self.lines[first - 1][:start] + replacement + self.lines[last - 1][end:]))
            position = last
        remaining.extend(self.code(position, len(self.lines)))
        return remaining

    def code(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        """The lines with index ``start`` to ``end`` that are neither blank nor comments."""
        for index in range(start, end):
            line = self.lines[index]
            stripped = line.lstrip()
            if (stripped and stripped[0] != "#") or index + 1 in self.kept:
                yield index + 1, line


def _is_deep(node: ast.expr) -> bool:
    """Whether an expression has more than :data:`DEPTH_LIMIT` levels."""
    level: list[ast.AST] = [node]
    for _ in range(DEPTH_LIMIT):
        level = [child for parent in level for child in ast.iter_child_nodes(parent)]
        if not level:
            return False
    return True


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The statement lists inside a compound statement, in source order."""
    if isinstance(node, (ast.Try, ast.TryStar)):
        yield node.body
        for handler in node.handlers:
            yield handler.body
        yield node.orelse
        yield node.finalbody
    elif isinstance(node, ast.Match):
        for case in node.cases:
            yield case.body
    else:
        for name in ("body", "orelse"):
            nested = getattr(node, name, None)
            if isinstance(nested, list):
                yield nested
