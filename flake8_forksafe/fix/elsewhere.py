"""Who else in the project relies on a name of a module: importers, attributes, and strings such as those of mocks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.fix.text import Refused, Source
from flake8_forksafe.fix.uses import dotted_parts
from flake8_forksafe.project.disk import Disk

if TYPE_CHECKING:
    import libcst as cst


class Reference(NamedTuple):
    """A place in another file that relies on a name.

    :ivar how: a clause for a message: ``imports it``.
    """

    path: str
    line: int
    how: str


class Module(NamedTuple):
    """The module whose names are looked for.

    :ivar names: the dotted names that it is imported by.
    """

    path: str
    names: tuple[str, ...]

    @property
    def last(self) -> str:
        """The last part of its name."""
        return self.names[0].rpartition(".")[2]

    def is_called(self, name: str) -> bool:
        """Whether a dotted name may be the module's, from wherever modules are searched for."""
        return any(name == own or own.endswith(f".{name}") or name.endswith(f".{own}") for own in self.names)


def references(disk: Disk, project: str, module: Module, bound: Iterable[str]) -> Iterator[Reference]:
    """The places in other files of the project that rely on a name of a module.

    A file is parsed only if its text allows for one.  One that cannot be parsed counts if its text does.
    """
    names = tuple(bound)
    filters = [_possible(module, name) for name in names]
    for directory, _, files in disk.tree(project):
        for file in files:
            path = os.path.join(directory, file)
            if not file.endswith((".py", ".pyi")) or path == module.path:
                continue
            if not any(disk.holds(path, name) for name in names):
                continue
            try:
                content = disk.content(path, searched=True)
            except OSError:
                continue
            if not any(possible.search(content) for possible in filters):
                continue
            try:
                source = Source(path, content)
            except Refused:
                yield Reference(path, 1, "may rely on it, and cannot be parsed")
                continue
            for name in names:
                yield from _in_file(source, module, name)


def _possible(module: Module, name: str) -> re.Pattern[bytes]:
    """What the text of a file holds that relies on the name of a module."""
    last, word = re.escape(module.last).encode(), re.escape(name).encode()
    parts = [
        rb"\b%s\s+import\b" % last,
        rb"\b%s\s+as\b" % last,
        rb"\b%s\s*\.\s*%s\b" % (last, word),
        rb"[\"']%s[\"']" % word,
    ]
    if os.path.basename(module.path).startswith("__init__."):
        parts.append(rb"\bfrom\s+\.+\s*import\b")
    return re.compile(b"|".join(parts))


def _in_file(source: Source, module: Module, name: str) -> Iterator[Reference]:
    """The places in one file."""
    import libcst as cst

    nodes: list[cst.CSTNode] = []
    pending: list[cst.CSTNode] = [source.module]
    while pending:
        node = pending.pop()
        pending += node.children
        if isinstance(node, cst.Import | cst.ImportFrom | cst.Attribute | cst.SimpleString):
            nodes.append(node)
    aliases: set[str] = set()
    for node in nodes:
        if isinstance(node, cst.Import):
            aliases |= set(_bound_by_import(node, module))
        elif isinstance(node, cst.ImportFrom):
            aliases |= set(_bound_by_from(source.path, node, module))
    for node in nodes:
        how = ""
        if isinstance(node, cst.ImportFrom) and is_from(source.path, node, module):
            how = _taken(node, name)
        elif isinstance(node, cst.Attribute) and node.attr.value == name:
            how = "uses it" if ".".join(dotted_parts(node.value)) in aliases else ""
        elif isinstance(node, cst.SimpleString):
            how = _named(node.raw_value, module, name, bool(aliases))
        if how:
            yield Reference(source.path, source.place(node).start.line, how)


def _bound_by_import(node: cst.Import, module: Module) -> Iterator[str]:
    """What ``import a.b`` lets the module be called."""
    for alias in node.names:
        name = ".".join(dotted_parts(alias.name))
        if module.is_called(name):
            yield ".".join(dotted_parts(alias.asname.name)) if alias.asname is not None else name


def _bound_by_from(path: str, node: cst.ImportFrom, module: Module) -> Iterator[str]:
    """What ``from a import b`` lets the module be called."""
    import libcst as cst

    if isinstance(node.names, cst.ImportStar):
        return
    for alias in node.names:
        name = ".".join(dotted_parts(alias.name))
        if name == module.last and _leads_to(path, node, name, module):
            yield ".".join(dotted_parts(alias.asname.name)) if alias.asname is not None else name


def is_from(path: str, node: cst.ImportFrom, module: Module) -> bool:
    """Whether a statement imports from the module."""
    return _leads_to(path, node, "", module)


def _leads_to(path: str, node: cst.ImportFrom, name: str, module: Module) -> bool:
    """Whether ``from … import`` starts at the module, or at a name in its package."""
    base = [*dotted_parts(node.module)] if node.module is not None else []
    parts = [*base, name] if name else base
    if not node.relative:
        return module.is_called(".".join(parts))
    directory = os.path.dirname(path)
    for _ in node.relative[1:]:
        directory = os.path.dirname(directory)
    target = os.path.join(directory, *parts)
    return os.path.splitext(module.path)[0] in (target, os.path.join(target, "__init__"))


def _taken(node: cst.ImportFrom, name: str) -> str:
    """How a statement that imports from the module takes a name from it."""
    import libcst as cst

    if isinstance(node.names, cst.ImportStar):
        return "imports all of its names"
    return "imports it" if any(alias.name.value == name for alias in node.names) else ""


def _named(text: str, module: Module, name: str, is_imported: bool) -> str:
    """How a string names it: ``mock.patch("shop.ai.torch")``, ``monkeypatch.setattr(ai, "torch", …)``."""
    if is_imported and text == name:
        return f"names {name!r} in a string"
    for own in module.names:
        path = f"{own}.{name}"
        if text == path or text.startswith((f"{path}.", f"{path}:")) or text.endswith(f".{path}"):
            return "names it in a string"
    return ""
