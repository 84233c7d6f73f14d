"""Source files to edit: the text, positions of nodes, and the bytes after an edit."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    import libcst as cst
    from libcst import metadata

NEWLINE = re.compile(r"\r\n?|\n")
LARGEST = 2**20
"""Bytes of a file that is repaired: libcst's metadata takes some 10 µs and 1 KB for each."""


class Refused(Exception):
    """Something that is not repaired.

    :param reason: a clause for a message.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Edit(NamedTuple):
    """Text that replaces the characters from ``start`` to ``end``."""

    start: int
    end: int
    text: str


FIELDS: dict[type, tuple[str, ...]] = {}
"""The fields of each kind of node."""


def children_of(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes directly in a node: as its attribute ``children``, which takes four times as long, in another order."""
    import libcst as cst

    kind = type(node)
    names = FIELDS.get(kind)
    if names is None:
        names = FIELDS[kind] = tuple(field.name for field in fields(kind))
    for name in names:
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, list | tuple):
            yield from (item for item in value if isinstance(item, cst.CSTNode))


def _global_scope(scopes: Mapping[cst.CSTNode, metadata.Scope | None]) -> metadata.GlobalScope:
    from libcst import metadata

    return next(scope for scope in scopes.values() if isinstance(scope, metadata.GlobalScope))


class Source:
    """One file, parsed.

    :ivar text: its text, line ends as they are, without a byte order mark.
    :ivar newline: the line end that it uses.
    """

    def __init__(self, path: str, content: bytes) -> None:
        """Parse a file.

        :raises Refused: if libcst does not read it, or does not give back the same bytes.
        """
        import libcst as cst

        if len(content) > LARGEST:
            raise Refused("the file is too large to be edited")
        self.path = path
        self.content = content
        bare = content.removeprefix(codecs.BOM_UTF8)
        try:
            self.module = cst.parse_module(bare)
            same = self.module.bytes == bare
        except Exception as error:  # whatever a codec or the parser raises
            raise Refused(f"the file cannot be parsed for an edit ({type(error).__name__})") from None
        if not same:
            raise Refused("the file cannot be written back unchanged")
        self.text = self.module.code
        self.newline = self.module.default_newline
        self._places: dict[cst.CSTNode, metadata.CodeRange] = {}
        self._bindings: dict[str, list[metadata.BaseAssignment]] = {}
        self._starts = [0, *(match.end() for match in NEWLINE.finditer(self.text))]

    @cached_property
    def _parents(self) -> dict[cst.CSTNode, cst.CSTNode]:
        """The node around each node, in the order of :attr:`nodes`.

        ``ParentNodeProvider`` takes seven times as long: it visits each node as one that may be replaced.
        """
        found: dict[cst.CSTNode, cst.CSTNode] = {}
        pending: list[cst.CSTNode] = [self.module]
        for node in pending:
            for child in children_of(node):
                found[child] = node
                pending.append(child)
        return found

    @cached_property
    def _first_lines(self) -> dict[cst.CSTNode, int]:
        """The lines in which the statements of the module begin, with the comments above them."""
        found: dict[cst.CSTNode, int] = {}
        done = sum(len(self.module.code_for_node(line)) for line in self.module.header)
        for statement in self.module.body:
            found[statement] = bisect_right(self._starts, done)
            done += len(self.module.code_for_node(statement))
        return found

    def _text_with_comments(self, index: int) -> str:
        """The text of one statement of the module, from the comments above it to those above the next."""
        body = self.module.body
        start = self.line_start(self._first_lines[body[index]])
        return self.text[start : self.line_start(self._first_lines[body[index + 1]]) if index + 1 < len(body) else None]

    def place(self, node: cst.CSTNode) -> metadata.CodeRange:
        """Where a node stands: 1-based lines, 0-based columns in characters.

        Places are found for one statement of the module at a time: most questions are about a few of them.
        """
        known = self._places.get(node)
        if known is not None:
            return known
        from libcst import metadata

        top = node
        while (parent := self.parent(top)) is not None and parent is not self.module:
            top = parent
        alone = self.module.with_changes(header=(), body=(top,), footer=(), has_trailing_newline=True)
        found = metadata.MetadataWrapper(alone, unsafe_skip_copy=True).resolve(metadata.PositionProvider)
        above = self._first_lines[top] - 1
        for inner, place in found.items():
            start, end = place.start, place.end
            self._places[inner] = metadata.CodeRange(
                metadata.CodePosition(start.line + above, start.column),
                metadata.CodePosition(end.line + above, end.column),
            )
        return self._places[node]

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The node around a node."""
        return self._parents.get(node)

    @cached_property
    def _scopes(self) -> Mapping[cst.CSTNode, metadata.Scope | None]:
        from libcst import metadata

        wrapper = metadata.MetadataWrapper(self.module, unsafe_skip_copy=True)
        return wrapper.resolve(metadata.ScopeProvider)

    @cached_property
    def global_scope(self) -> metadata.GlobalScope:
        """The scope of the module's own names.  What binds one name is found faster by :meth:`bindings`."""
        return _global_scope(self._scopes)

    def bindings(self, name: str) -> list[metadata.BaseAssignment]:
        """What binds a name of the module, with its uses; ``a.b``, which ``import a.b`` binds, for ``a``.

        Only the statements that hold the word are looked into: what the others hold is not about it.
        """
        from libcst import metadata

        known = self._bindings.get(name)
        if known is None:
            word = re.compile(rf"\b{re.escape(name)}\b")
            body = [statement for index, statement in enumerate(self.module.body)
                    if word.search(self._text_with_comments(index))]  # fmt: skip
            part = self.module.with_changes(header=(), body=body, footer=())
            wrapper = metadata.MetadataWrapper(part, unsafe_skip_copy=True)
            scope = _global_scope(wrapper.resolve(metadata.ScopeProvider)) if body else None
            known = [one for one in scope.assignments if one.name.partition(".")[0] == name] if scope else []
            self._bindings[name] = known
        return known

    def start(self, node: cst.CSTNode) -> int:
        """The offset of a node."""
        start = self.place(node).start
        return self.offset(start.line, start.column)

    def imports_at(self, line: int) -> Iterator[tuple[cst.Import | cst.ImportFrom, metadata.Scope]]:
        """The import statements that begin in a line, wherever they stand, with the scope that they bind names in."""
        import libcst as cst

        for node in self.nodes:
            if isinstance(node, cst.Import | cst.ImportFrom) and self.place(node).start.line == line:
                scope = self._scopes[node]
                assert scope is not None
                yield node, scope

    def attributes_at(self, line: int) -> Iterator[cst.Attribute]:
        """The expressions ``a.b`` that begin in a line."""
        import libcst as cst

        for node in self.nodes:
            if isinstance(node, cst.Attribute) and self.place(node).start.line == line:
                yield node

    def assignments(self, name: cst.Name) -> list[metadata.BaseAssignment]:
        """What may bind the name that is used in a place."""
        scope = self._scopes.get(name)
        return list(scope[name.value]) if scope is not None else []

    def is_in(self, assignment: metadata.BaseAssignment, function: cst.FunctionDef) -> bool:
        """Whether a name is bound in a function, or deeper in it."""
        node: cst.CSTNode | None = getattr(assignment, "node", None)
        while node is not None and node is not function:
            node = self.parent(node)
        return node is function

    def uses_of(self, statement: cst.Import | cst.ImportFrom) -> list[cst.CSTNode]:
        """Where the names are used that an import statement binds."""
        scope = self._scopes[statement]
        return [access.node for one in (scope.assignments if scope is not None else ())
                if getattr(one, "node", None) is statement for access in one.references]  # fmt: skip

    def binders(self, name: cst.Name) -> list[cst.CSTNode | None]:
        """What binds the name that is used in a place."""
        return [getattr(one, "node", None) for one in self.assignments(name)]

    @property
    def nodes(self) -> Iterable[cst.CSTNode]:
        """All nodes in the module, those of one level after those of the level above."""
        return self._parents

    def first_line(self, statement: cst.CSTNode) -> int:
        """The line in which a statement begins, with its decorators and without the comments above it."""
        import libcst as cst

        if isinstance(statement, cst.FunctionDef | cst.ClassDef) and statement.decorators:
            return self.place(statement.decorators[0]).start.line
        return self.place(statement).start.line

    def line_start(self, line: int) -> int:
        """The offset of a line's first character; that of the end for a line behind the last."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.text)

    def line(self, line: int) -> str:
        """A line, without its end."""
        return self.text[self.line_start(line) : self.line_start(line + 1)].rstrip("\r\n")

    def offset(self, line: int, column: int) -> int:
        """The offset of a place."""
        return self.line_start(line) + column

    def text_of(self, node: cst.CSTNode) -> str:
        """The text of a node."""
        place = self.place(node)
        return self.text[
            self.offset(place.start.line, place.start.column) : self.offset(place.end.line, place.end.column)
        ]

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The bytes of the file after some edits, which must not overlap; those at one place keep their order.

        :raises Refused: if they overlap, or the file's encoding cannot hold the new text.
        """
        parts: list[str] = []
        done = 0
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
            if edit.start < done:
                raise Refused("two repairs edit the same lines")
            parts += [self.text[done : edit.start], edit.text]
            done = edit.end
        text = "".join([*parts, self.text[done:]])
        mark = codecs.BOM_UTF8 if self.content.startswith(codecs.BOM_UTF8) else b""
        try:
            return mark + text.encode(self.module.encoding)
        except UnicodeError:
            raise Refused("the file's encoding cannot hold the new text") from None
