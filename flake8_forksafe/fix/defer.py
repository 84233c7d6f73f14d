"""Move imports from the top of a module into the functions that use what they bind, behind their docstrings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from flake8_forksafe.fix.text import Edit, Refused, Source
from flake8_forksafe.fix.uses import Habits, Uses, dotted_parts, find_uses, imported_packages

if TYPE_CHECKING:
    import libcst as cst


class ImportStatement(NamedTuple):
    """One import statement at the top level of a module, or some of its names.

    :ivar statement: the line it stands in.
    :ivar node: the statement.
    :ivar every: the names that it imports; ``aliases``: those of them that are meant.
    """

    statement: cst.SimpleStatementLine
    node: cst.Import | cst.ImportFrom
    every: tuple[cst.ImportAlias, ...]
    aliases: tuple[cst.ImportAlias, ...]

    @property
    def bound(self) -> tuple[str, ...]:
        """The names it binds, one for each alias."""
        return tuple(bound_name(alias) for alias in self.aliases)

    @property
    def is_whole(self) -> bool:
        """Whether all names of the statement are meant."""
        return len(self.aliases) == len(self.every)


class Deferral(NamedTuple):
    """An import that can be moved.

    :ivar functions: those that it moves into, each with the aliases that it uses.
    :ivar hints: the aliases that annotations need.
    :ivar doubts: why the move is not safe; none if it is.
    :ivar is_lazy: whether it stays where it is and becomes a lazy import instead.
    """

    what: ImportStatement
    functions: dict[cst.FunctionDef, tuple[cst.ImportAlias, ...]]
    hints: tuple[cst.ImportAlias, ...]
    doubts: tuple[str, ...]
    is_lazy: bool = False

    @property
    def cost(self) -> int:
        """How many places it edits."""
        return len(self.functions) + len(self.hints)


def bound_name(alias: cst.ImportAlias) -> str:
    """What an alias binds: ``a`` for ``import a.b``, ``c`` for ``import a.b as c``."""
    import libcst as cst

    if alias.asname is not None:
        name = alias.asname.name
        assert isinstance(name, cst.Name)
        return name.value
    return next(dotted_parts(alias.name))


def dotted(node: cst.CSTNode | None) -> str:
    """The text of a dotted name."""
    return ".".join(dotted_parts(node)) if node is not None else ""


def import_at(source: Source, line: int, is_meant: Callable[[str], bool]) -> ImportStatement:
    """The import statement at a line.

    :param is_meant: tells whether a module, dotted and absolute as far as the statement tells, is to be deferred.
    :raises Refused: if there is none that could be moved.
    """
    import libcst as cst

    for statement in source.module.body:
        place = source.place(statement)
        if not place.start.line <= line <= place.end.line:
            continue
        if not isinstance(statement, cst.SimpleStatementLine):
            kinds = {cst.Try: "try", cst.If: "if", cst.With: "with", cst.For: "for", cst.While: "while"}
            kind = kinds.get(type(statement))
            raise Refused(f"it stands inside {kind!r}" if kind else "it does not stand at the top of the module")
        if len(statement.body) != 1:
            raise Refused("other statements stand in its line")
        node = statement.body[0]
        if not isinstance(node, cst.Import | cst.ImportFrom):
            break
        if isinstance(node.names, cst.ImportStar):
            raise Refused("it is a star import")
        every = tuple(node.names)
        return ImportStatement(statement, node, every, _meant(node, every, is_meant))
    raise Refused("it is not an import statement")


def _meant(
    node: cst.Import | cst.ImportFrom, aliases: tuple[cst.ImportAlias, ...], is_meant: Callable[[str], bool]
) -> tuple[cst.ImportAlias, ...]:
    """The aliases to defer: all of ``from a import b, c`` unless only the sub-modules are meant."""
    import libcst as cst

    if isinstance(node, cst.Import):
        chosen = tuple(alias for alias in aliases if is_meant(dotted(alias.name)))
    else:
        chosen = tuple(alias for alias in aliases if is_meant(f"{dotted(node.module)}.{dotted(alias.name)}"))
    return chosen or aliases


def plan(source: Source, what: ImportStatement, habits: Habits, runs: Callable[[str], bool]) -> Deferral:
    """Where an import can be moved to.

    :param runs: tells whether a function, by its qualified name, runs before the fork.
    :raises Refused: if it must stay where it is.
    """
    functions: dict[cst.FunctionDef, tuple[cst.ImportAlias, ...]] = {}
    hints: list[cst.ImportAlias] = []
    for alias, bound in zip(what.aliases, what.bound, strict=True):
        refuse_by_habits(bound, habits)
        uses = find_uses(source, bound, what.node)
        for function in uses.functions:
            if runs(qualified_name(source, function)):
                raise Refused(f"{qualified_name(source, function)}(), which uses {bound!r}, runs before the fork too")
            functions[function] = (*functions.get(function, ()), alias)
        if uses.hints:
            _refuse_resolved(bound, uses, habits)
            hints.append(alias)
    for function in functions:
        _refuse_layout(source, function)
    return Deferral(what, functions, tuple(hints), tuple(_doubts(source, what, hints)))


def refuse_by_habits(bound: str, habits: Habits) -> None:
    """Refuse a name that the module reaches in other ways.

    :raises Refused: if it does.
    """
    if bound in habits.globals:
        raise Refused(f"a function declares {bound!r} global")
    if habits.exports and bound in habits.strings:
        raise Refused(f"{bound!r} is in __all__")
    if habits.namespace is not None:
        raise Refused(f"{habits.namespace[0]}() in line {habits.namespace[1]} may ask for {bound!r}")


def _refuse_resolved(bound: str, uses: Uses, habits: Habits) -> None:
    """Refuse an annotation that a library evaluates.

    :raises Refused: if that may be.
    """
    if habits.resolver is not None:
        raise Refused(f"{bound!r} is used in the annotation in line {uses.hints[0]}, which {habits.resolver} evaluates")


def _refuse_layout(source: Source, function: cst.FunctionDef) -> None:
    """Refuse a function that has no line to put an import into.

    :raises Refused: if it is one.
    """
    import libcst as cst

    first = function.body.body[0] if isinstance(function.body, cst.IndentedBlock) else function.body
    if is_docstring(first) and len(first.body) > 1:
        raise Refused(f"a statement stands beside the docstring of {function.name.value}()")


def _doubts(source: Source, what: ImportStatement, hints: list[cst.ImportAlias]) -> Iterator[str]:
    """Why a move is not safe."""
    if hints:
        yield "annotations name it, which something may evaluate"
    if "#" in source.text_of(what.node):
        yield "a comment inside the statement is lost"


def qualified_name(source: Source, function: cst.FunctionDef) -> str:
    """The qualified name of a function, without ``<locals>``."""
    import libcst as cst

    parts = [function.name.value]
    node: cst.CSTNode | None = function
    while node is not None and (node := source.parent(node)) is not None:
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            parts.append(node.name.value)
    return ".".join(reversed(parts))


def is_docstring(line: cst.CSTNode) -> TypeGuard[cst.SimpleStatementLine | cst.SimpleStatementSuite]:
    """Whether a line begins with a string that Python takes for a docstring if nothing stands above it."""
    import libcst as cst

    if not isinstance(line, cst.SimpleStatementLine | cst.SimpleStatementSuite):
        return False
    first = line.body[0]
    if not isinstance(first, cst.Expr) or not isinstance(first.value, cst.SimpleString | cst.ConcatenatedString):
        return False
    return isinstance(first.value.evaluated_value, str)


def edits_of(source: Source, deferrals: Sequence[Deferral]) -> list[Edit]:
    """The edits that move imports into functions.

    :raises Refused: if the module's layout leaves no place for them.
    """
    lazy = [edit for deferral in deferrals if deferral.is_lazy for edit in _lazy(source, deferral.what)]
    deferrals = [deferral for deferral in deferrals if not deferral.is_lazy]
    edits = [*lazy, *(edit for deferral in deferrals for edit in _removal(source, deferral))]
    edits += _vacated(source, deferrals)
    added: dict[cst.FunctionDef, list[str]] = {}
    for deferral in sorted(deferrals, key=lambda deferral: source.place(deferral.what.node).start.line):
        for function, aliases in deferral.functions.items():
            added.setdefault(function, []).extend(_lines(source, deferral.what, aliases, with_comments=True))
    edits += [_insertion(source, function, lines) for function, lines in added.items()]
    if any(deferral.hints for deferral in deferrals):
        edits += _type_checking(source, deferrals)
    return edits


def _lazy(source: Source, what: ImportStatement) -> Iterator[Edit]:
    """Make an import lazy, and leave those of its names as they are that are not meant (PEP 810)."""
    start = source.start(what.node)
    if what.is_whole:
        yield Edit(start, start, "lazy ")
        return
    kept = tuple(alias for alias in what.every if alias not in what.aliases)
    texts = [_lines(source, what, aliases, with_comments=False)[0] for aliases in (kept, what.aliases)]
    yield Edit(start, start + len(source.text_of(what.node)), f"{texts[0]}{source.newline}lazy {texts[1]}")


def lazy_text(source: Source, what: ImportStatement) -> str:
    """A lazy import in one line."""
    (edit,) = _lazy(source, what)
    text = source.text_of(what.node) if what.is_whole else edit.text.partition(f"{source.newline}lazy ")[2]
    return f"lazy {' '.join(text.split())}"


def _lines(
    source: Source, what: ImportStatement, aliases: tuple[cst.ImportAlias, ...], with_comments: bool
) -> list[str]:
    """The lines of an import of some aliases, not indented."""
    import libcst as cst

    above: list[str] = []
    comment = ""
    if with_comments:
        above = [line.comment.value for line in own_comments(source, what.statement) if line.comment is not None]
        trailing = what.statement.trailing_whitespace.comment
        comment = f"  {trailing.value}" if trailing is not None else ""
    if len(aliases) == len(what.every) and "#" not in source.text_of(what.node):
        lines = source.text_of(what.node).split(source.newline)
        return [*above, *lines[:-1], lines[-1] + comment]
    names = ", ".join(source.text_of(alias).rstrip(", \r\n\t") for alias in aliases)
    if isinstance(what.node, cst.Import):
        return [*above, f"import {names}{comment}"]
    module = "." * len(what.node.relative) + dotted(what.node.module)
    return [*above, f"from {module} import {names}{comment}"]


def own_comments(source: Source, statement: cst.SimpleStatementLine) -> list[cst.EmptyLine]:
    """The comment lines directly above a statement that are about it, not about the imports that follow."""
    import libcst as cst

    index = source.module.body.index(statement)
    following = source.module.body[index + 1] if index + 1 < len(source.module.body) else None
    if isinstance(following, cst.SimpleStatementLine) and not following.leading_lines and is_import(following):
        return []
    lines: list[cst.EmptyLine] = []
    for line in reversed(statement.leading_lines):
        if line.comment is None:
            break
        lines.insert(0, line)
    return lines


def is_import(statement: cst.CSTNode) -> bool:
    """Whether a line is an import statement."""
    import libcst as cst

    return isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[0], cst.Import | cst.ImportFrom)


def head_length(body: Sequence[cst.CSTNode]) -> int:
    """How many statements have to stay in front: the docstring, and imports from ``__future__``."""
    import libcst as cst

    count = int(bool(body) and is_docstring(body[0]))
    while count < len(body):
        statement = body[count]
        if not is_import(statement) or not isinstance(statement, cst.SimpleStatementLine):
            break
        node = statement.body[0]
        if not isinstance(node, cst.ImportFrom) or [*imported_packages(node)] != ["__future__"]:
            break
        count += 1
    return count


def _removal(source: Source, deferral: Deferral) -> Iterator[Edit]:
    """What is left of an import at the top, where something is."""
    what = deferral.what
    place = source.place(what.statement)
    if not what.is_whole:
        kept = tuple(alias for alias in what.every if alias not in what.aliases)
        text = _lines(source, what, kept, with_comments=False)[0]
        start = source.offset(place.start.line, place.start.column)
        yield Edit(start, source.offset(place.end.line, place.end.column), text)
    elif deferral.hints:
        first, last = _extent(source, what)
        yield Edit(source.line_start(first), source.line_start(last), "")
    if deferral.hints:
        first, last = _extent(source, what)
        yield Edit(source.line_start(last), source.line_start(last), _guarded(source, deferral))


def _extent(source: Source, what: ImportStatement) -> tuple[int, int]:
    """The first line of a statement, with the comments about it, and the line behind it."""
    place = source.place(what.statement)
    return place.start.line - len(own_comments(source, what.statement)), place.end.line + 1


def _vacated(source: Source, deferrals: Sequence[Deferral]) -> Iterator[Edit]:
    """Take whole imports away, and of the blank lines around them all but the most that stood on one side."""
    ranges: list[tuple[int, int]] = []
    for deferral in deferrals:
        if deferral.what.is_whole and not deferral.hints:
            ranges.append(_extent(source, deferral.what))
    merged: list[list[int]] = []
    for first, last in sorted(ranges):
        if merged and not any(source.line(line).strip() for line in range(merged[-1][1], first)):
            merged[-1][1] = last
        else:
            merged.append([first, last])
    for first, last in merged:
        above, below = first, last
        while above > 1 and not source.line(above - 1).strip():
            above -= 1
        while source.line_start(below) < len(source.text) and not source.line(below).strip():
            below += 1
        at_edge = above == 1 or source.line_start(below) >= len(source.text)
        blank = 0 if at_edge else max(first - above, below - last)
        yield Edit(source.line_start(above), source.line_start(below), source.newline * blank)


def _guarded(source: Source, deferral: Deferral) -> str:
    """The import as it stands for type checkers."""
    lines = ["if TYPE_CHECKING:", *("    " + line for line in _lines(source, deferral.what, deferral.hints, True))]
    return "".join(line + source.newline for line in lines)


def _insertion(source: Source, function: cst.FunctionDef, lines: list[str]) -> Edit:
    """Put imports at the top of a function, below its docstring."""
    import libcst as cst

    body = function.body
    newline = source.newline
    if not isinstance(body, cst.IndentedBlock):
        start = source.place(function).start
        margin = source.line(start.line)[: start.column]
        indent = margin + source.module.default_indent
        first = source.place(body.body[0]).start
        at = source.offset(first.line, first.column)
        before = len(source.text[:at]) - len(source.text[:at].rstrip(" \t"))
        text = "".join(newline + indent + line for line in lines)
        return Edit(at - before, at, text + newline + newline + indent)
    statements = list(body.body)
    if is_docstring(statements[0]):
        line = source.place(statements[0]).end.line + 1
        statements.pop(0)
    else:
        line = source.first_line(statements[0]) - len(getattr(statements[0], "leading_lines", ()))
    following = statements[0]
    at_line = source.first_line(following)
    indent = source.line(at_line)[: len(source.line(at_line)) - len(source.line(at_line).lstrip())]
    parted = not source.line(line).strip() or (is_import(following) and line == at_line)
    text = "".join(indent + part + newline for part in lines)
    return Edit(source.line_start(line), source.line_start(line), text if parted else text + newline)


def _type_checking(source: Source, deferrals: Sequence[Deferral]) -> Iterator[Edit]:
    """``from typing import TYPE_CHECKING``, unless it is there."""
    if source.bindings("TYPE_CHECKING"):
        return
    first = min(
        source.place(one.what.statement).start.line - len(own_comments(source, one.what.statement))
        for one in deferrals if one.hints
    )  # fmt: skip
    at = source.line_start(first)
    yield Edit(at, at, f"from typing import TYPE_CHECKING{source.newline}")
