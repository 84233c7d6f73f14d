"""Rewrite what other files do with a name of a module that becomes a function."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.fix.defer import bound_name, dotted, refuse_by_habits
from flake8_forksafe.fix.plan import Workshop
from flake8_forksafe.fix.references import NameReference
from flake8_forksafe.fix.text import Edit, Refused, Source
from flake8_forksafe.fix.uses import first_name, outermost_function, refuse_compiled, refuse_position

if TYPE_CHECKING:
    import libcst as cst
    from libcst import metadata

MOST_FILES = 60
"""Files that one repair rewrites."""


class Renamed(NamedTuple):
    """A name of a module, and the function that returns its value from now on.

    :ivar modules: the dotted names that the module is imported by.
    """

    path: str
    modules: tuple[str, ...]
    name: str
    function: str


class Changes(NamedTuple):
    """What is changed in one file."""

    edits: list[Edit]
    uses: int


def rename_in_importers(workshop: Workshop, renamed: Renamed) -> dict[str, Changes]:
    """What is changed in other files, those that import it from these among them.

    :raises Refused: if something cannot be rewritten.
    """
    found: dict[str, Changes] = {}
    pending, seen = [renamed], {renamed.path}
    while pending:
        one = pending.pop()
        references: dict[str, list[NameReference]] = {}
        for reference in workshop.references(one.path, one.modules, (one.name,)):
            references.setdefault(reference.path, []).append(reference)
        for path, places in references.items():
            if path in seen:
                raise Refused(f"{_place(workshop, places[0])} reaches it in two ways")
            seen.add(path)
            if len(seen) > MOST_FILES:
                raise Refused(f"more than {MOST_FILES} files use it")
            changes, bound = _in_file(workshop, path, places, one)
            found[path] = changes
            pending += [Renamed(path, workshop.module_names(path), name, one.function) for name in bound]
    return found


def _place(workshop: Workshop, reference: NameReference) -> str:
    return f"{os.path.relpath(reference.path, workshop.context.settings.project)}:{reference.line}"


def _in_file(
    workshop: Workshop, path: str, places: list[NameReference], renamed: Renamed
) -> tuple[Changes, tuple[str, ...]]:
    """The changes in one file, and the names of its own that they change."""
    for reference in places:
        if reference.how not in ("imports it", "uses it") or path.endswith(".pyi"):
            raise Refused(f"{_place(workshop, reference)} {reference.how}")
    where = os.path.relpath(path, workshop.context.settings.project)
    try:
        workshop.refuse_unnamed(path)
        source = workshop.source(path)
        if re.search(rf"\b{re.escape(renamed.function)}\b", source.text):
            raise Refused(f"has a {renamed.function!r} of its own")
        edits: list[Edit] = []
        names: list[str] = []
        count = 0
        statements = {reference.line for reference in places if reference.how == "imports it"}
        for line in sorted(statements):
            change, uses, bound, is_global = _import_changes(source, line, renamed)
            edits += change
            count += uses
            if is_global:
                refuse_by_habits(bound, workshop.habits(path))
                names.append(bound)
        for line, through in sorted({(one.line, one.through) for one in places if one.how == "uses it"}):
            change = [*_attribute_changes(source, line, through, renamed)]
            edits += change
            count += len(change)
    except Refused as error:
        raise Refused(f"{where}: {error.reason}") from None
    return Changes(edits, count), tuple(dict.fromkeys(names))


def _import_changes(source: Source, line: int, renamed: Renamed) -> tuple[list[Edit], int, str, bool]:
    """The edits for ``from module import NAME``, the number of uses, what it binds, and whether for the module."""
    import libcst as cst

    for node, scope in source.imports_at(line):
        if not isinstance(node, cst.ImportFrom) or isinstance(node.names, cst.ImportStar):
            continue
        for alias in node.names:
            if dotted(alias.name) != renamed.name:
                continue
            bound = bound_name(alias)
            assignments = [one for one in scope.assignments if one.name == bound]
            if len(assignments) != 1 or getattr(assignments[0], "node", None) is not node:
                raise Refused(f"{bound!r} is bound more than once, in line {line}")
            edits = [_alias_edit(source, node, alias, renamed.function)]
            for access in assignments[0].references:
                edits.append(_use_edit(source, access, bound, renamed.function))
            return edits, len(edits) - 1, bound, scope is source.global_scope
    raise Refused(f"the import in line {line} cannot be found")


def _use_edit(source: Source, access: metadata.Access, bound: str, function: str) -> Edit:
    """The edit that makes a use a call.

    :raises Refused: if the value is needed when the file is imported.
    """
    line = source.place(access.node).start.line
    node = first_name(access.node)
    if node is None or access.is_annotation or access.is_type_hint:
        raise Refused(f"{bound!r} is used in an annotation, in line {line}")
    _refuse_import_time(source, node, bound)
    start = source.start(node)
    return Edit(start, start + len(bound), f"{function}()")


def _refuse_import_time(source: Source, node: cst.CSTNode, bound: str) -> None:
    refuse_position(source, node)
    holder = outermost_function(source, node)
    if holder is None:
        raise Refused(f"{bound!r} is used when the file is imported, in line {source.place(node).start.line}")
    refuse_compiled(holder, bound)


def _alias_edit(source: Source, node: cst.ImportFrom, alias: cst.ImportAlias, function: str) -> Edit:
    """Another name in an import; where the names stand in isort's order, in one line, they do so afterwards."""
    import libcst as cst

    assert not isinstance(node.names, cst.ImportStar)
    aliases = list(node.names)
    texts = [source.text_of(one).rstrip(", \t\r\n") for one in aliases]
    first, last = source.place(aliases[0]).start, source.place(aliases[-1]).end
    start, end = source.offset(first.line, first.column), source.offset(last.line, last.column)
    text = source.text[start:end]
    if text.rstrip(", ") == ", ".join(texts) and texts == sorted(texts, key=_isort_key):
        index = next(number for number, one in enumerate(aliases) if one is alias)
        ordered = sorted([*texts[:index], function, *texts[index + 1 :]], key=_isort_key)
        return Edit(start, start + len(text.rstrip(", ")), ", ".join(ordered))
    own = source.start(alias)
    return Edit(own, own + len(texts[aliases.index(alias)]), function)


def _isort_key(text: str) -> tuple[int, str, str]:
    """isort's order of names: constants, classes, others."""
    name = text.split()[0]
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower(), name


def _attribute_changes(source: Source, line: int, through: str, renamed: Renamed) -> Iterator[Edit]:
    """The edits for ``module.NAME`` in a line.

    :raises Refused: if there is none, or it is needed when the file is imported.
    """
    import libcst as cst

    found = False
    for node in source.attributes_at(line):
        first = first_name(node)
        if node.attr.value != renamed.name or first is None or dotted(node.value) != through:
            continue
        if not all(isinstance(one, cst.Import | cst.ImportFrom) for one in source.binders(first)):
            raise Refused(f"{first.value!r} may be another thing in line {line}")
        found = True
        _refuse_import_time(source, node, renamed.name)
        start = source.start(node.attr)
        yield Edit(start, start + len(renamed.name), f"{renamed.function}()")
    if not found:
        raise Refused(f"its use in line {line} cannot be rewritten")
