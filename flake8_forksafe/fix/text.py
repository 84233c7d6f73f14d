"""Source files to edit: the text, positions of nodes, and the bytes after an edit."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

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
        self._starts = [0, *(match.end() for match in NEWLINE.finditer(self.text))]

    @cached_property
    def _metadata(self) -> Mapping[Any, Any]:
        from libcst import metadata

        wrapper = metadata.MetadataWrapper(self.module, unsafe_skip_copy=True)
        providers = (metadata.PositionProvider, metadata.ScopeProvider, metadata.ParentNodeProvider)
        return wrapper.resolve_many(providers)

    def place(self, node: cst.CSTNode) -> metadata.CodeRange:
        """Where a node stands: 1-based lines, 0-based columns in characters."""
        from libcst import metadata

        place: metadata.CodeRange = self._metadata[metadata.PositionProvider][node]
        return place

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The node around a node."""
        from libcst import metadata

        parent: cst.CSTNode | None = self._metadata[metadata.ParentNodeProvider].get(node)
        return parent

    @cached_property
    def global_scope(self) -> metadata.GlobalScope:
        """The scope of the module's own names."""
        from libcst import metadata

        scopes = self._metadata[metadata.ScopeProvider].values()
        scope: metadata.GlobalScope = next(scope for scope in scopes if isinstance(scope, metadata.GlobalScope))
        return scope

    def start(self, node: cst.CSTNode) -> int:
        """The offset of a node."""
        start = self.place(node).start
        return self.offset(start.line, start.column)

    def imports_at(self, line: int) -> Iterator[tuple[cst.Import | cst.ImportFrom, metadata.Scope]]:
        """The import statements that begin in a line, wherever they stand, with the scope that they bind names in."""
        import libcst as cst
        from libcst import metadata

        scopes = self._metadata[metadata.ScopeProvider]
        for node in self.nodes:
            if isinstance(node, cst.Import | cst.ImportFrom) and self.place(node).start.line == line:
                yield node, scopes[node]

    def attributes_at(self, line: int) -> Iterator[cst.Attribute]:
        """The expressions ``a.b`` that begin in a line."""
        import libcst as cst

        for node in self.nodes:
            if isinstance(node, cst.Attribute) and self.place(node).start.line == line:
                yield node

    def assignments(self, name: cst.Name) -> list[metadata.BaseAssignment]:
        """What may bind the name that is used in a place."""
        from libcst import metadata

        scope = self._metadata[metadata.ScopeProvider].get(name)
        return list(scope[name.value]) if scope is not None else []

    def is_in(self, assignment: metadata.BaseAssignment, function: cst.FunctionDef) -> bool:
        """Whether a name is bound in a function, or deeper in it."""
        node: cst.CSTNode | None = getattr(assignment, "node", None)
        while node is not None and node is not function:
            node = self.parent(node)
        return node is function

    def uses_of(self, statement: cst.Import | cst.ImportFrom) -> list[cst.CSTNode]:
        """Where the names are used that an import statement binds."""
        from libcst import metadata

        scope = self._metadata[metadata.ScopeProvider][statement]
        return [access.node for one in scope.assignments if getattr(one, "node", None) is statement
                for access in one.references]  # fmt: skip

    def binders(self, name: cst.Name) -> list[cst.CSTNode | None]:
        """What binds the name that is used in a place."""
        return [getattr(one, "node", None) for one in self.assignments(name)]

    @cached_property
    def nodes(self) -> list[cst.CSTNode]:
        """All nodes, those of one level after those of the level above."""
        found: list[cst.CSTNode] = [self.module]
        for node in found:
            found += node.children
        return found

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
