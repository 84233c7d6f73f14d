"""Make a value on first use, in a function, that a module makes when it is imported; and rewrite what uses it.

The function takes a lock around :func:`functools.cache`, which alone lets threads that ask at the same time make
several values (https://docs.python.org/3/library/functools.html#functools.cache).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.fix.defer import head_length, is_import, refuse_by_habits
from flake8_forksafe.fix.importers import Renamed, rename_in_importers
from flake8_forksafe.fix.plan import Workshop
from flake8_forksafe.fix.text import Edit, Refused, Source
from flake8_forksafe.fix.uses import first_name, is_changed, outermost_function, refuse_compiled, refuse_position

if TYPE_CHECKING:
    import libcst as cst

MODULES = ("functools", "threading")
"""What an accessor imports."""


class Constant(NamedTuple):
    """A name that is bound once, by a statement of its own at the top level of a module.

    :ivar text: the value, with the parentheses around it; it begins at the offset ``start``.
    :ivar imports: statements that the value needs besides.
    :ivar set_later: names that bind it anew, and go away.
    """

    name: str
    statement: cst.SimpleStatementLine
    target: cst.BaseExpression
    annotation: cst.BaseExpression | None
    value: cst.BaseExpression
    start: int
    text: str
    imports: tuple[str, ...] = ()
    set_later: tuple[cst.Name, ...] = ()

    @property
    def end(self) -> int:
        """The offset behind the value."""
        return self.start + len(self.text)


class Accessor(NamedTuple):
    """Values that are made on first use.

    :ivar names: what they were called, and the functions that return them now.
    :ivar makers: the functions that make them, by qualified name.
    :ivar uses: how many uses are rewritten.
    """

    path: str
    names: dict[str, str]
    makers: tuple[str, ...]
    uses: int
    edits: dict[str, list[Edit]]

    @property
    def what(self) -> str:
        """The change, as people read it."""
        functions = ", ".join(f"{function}()" for function in self.names.values())
        calls = f"; {self.uses} use{'' if self.uses == 1 else 's'} in {len(self.edits)} file" if self.uses else ""
        plural = "s" if self.uses and len(self.edits) > 1 else ""
        return f"make {', '.join(self.names)} on first use, in {functions}{calls}{plural}"


def constant_at(source: Source, line: int) -> Constant:
    """The constant that the statement at a line binds.

    :raises Refused: if it binds none.
    """
    import libcst as cst

    for statement in source.module.body:
        place = source.place(statement)
        if place.start.line <= line <= place.end.line:
            if not isinstance(statement, cst.SimpleStatementLine):
                raise Refused("it does not stand at the top level of the module")
            if len(statement.body) != 1:
                raise Refused("other statements stand in its line")
            return _constant(source, statement)
    raise Refused("it is not in the module's own code")


def _constant(source: Source, statement: cst.SimpleStatementLine) -> Constant:
    import libcst as cst

    node = statement.body[0]
    if isinstance(node, cst.Expr):
        raise Refused("its value is not kept: only what it does is wanted")
    if isinstance(node, cst.Assign) and len(node.targets) == 1:
        target: cst.BaseExpression = node.targets[0].target
        value, annotation = node.value, None
    elif isinstance(node, cst.AnnAssign) and node.value is not None:
        target, value, annotation = node.target, node.value, node.annotation.annotation
    else:
        raise Refused("it is no assignment to one name")
    if not isinstance(target, cst.Name):
        raise Refused("it is no assignment to one name")
    return Constant(target.value, statement, target, annotation, value, *value_of(source, node, value))


def value_of(source: Source, node: cst.CSTNode, value: cst.BaseExpression) -> tuple[int, str]:
    """Where a value begins at the end of a statement, and its text, with the parentheses around it.

    :raises Refused: if that cannot be told.
    """
    end = source.place(node).end
    text = source.module.code_for_node(value)
    start = source.offset(end.line, end.column) - len(text)
    if source.text[start : start + len(text)] != text:
        raise Refused("its value cannot be told from what stands around it")
    return start, text


def plan_accessor(workshop: Workshop, path: str, constants: Sequence[Constant]) -> Accessor:
    """Functions in place of constants of one module, and of those that are made from them.

    :raises Refused: if something needs the value when a module is imported, or cannot be rewritten.
    """
    source = workshop.source(path)
    found: dict[str, Constant] = {}
    uses: dict[str, list[cst.Name]] = {}
    pending = [*constants]
    while pending:
        constant = pending.pop(0)
        if constant.name in found:
            continue
        habits = workshop.habits(path)
        if constant.set_later:
            habits = habits._replace(globals=habits.globals - {constant.name})
        refuse_by_habits(constant.name, habits)
        _refuse_unstable(source, constant)
        found[constant.name] = constant
        uses[constant.name], following = _uses(source, constant)
        pending += following
    names = {name: _free_name(source, name) for name in found}
    edits = {path: _edits(source, found, uses, names)}
    count = sum(map(len, uses.values()))
    for name, function in names.items():
        renamed = Renamed(path, workshop.module_names(path), name, function)
        for other, changes in rename_in_importers(workshop, renamed).items():
            edits.setdefault(other, []).extend(changes.edits)
            count += changes.uses
    return Accessor(path, names, tuple(_maker(name) for name in names), count, edits)


def _uses(source: Source, constant: Constant) -> tuple[list[cst.Name], list[Constant]]:
    """The uses of a constant in its module, and the constants that are made from it.

    :raises Refused: if something else needs it when the module is imported.
    """
    import libcst as cst

    assignments = source.bindings(constant.name)
    binders = [getattr(one, "node", None) for one in assignments]
    if len(binders) != 1 + len(constant.set_later) or any(
        not any(binder is known for known in (constant.target, *constant.set_later)) for binder in binders
    ):
        raise Refused(f"{constant.name!r} is bound more than once")
    uses: list[cst.Name] = []
    following: dict[str, Constant] = {}
    for access in {access.node: access for one in assignments for access in one.references}.values():
        line = source.place(access.node).start.line
        node = first_name(access.node)
        if node is None or access.is_annotation or access.is_type_hint:
            raise Refused(f"{constant.name!r} is used in an annotation, in line {line}")
        refuse_position(source, node)
        uses.append(node)
        function = outermost_function(source, node)
        if function is not None:
            refuse_compiled(function, constant.name)
            continue
        try:
            other = constant_at(source, line)
        except Refused as error:
            raise Refused(f"{constant.name!r} is used when the module is imported, in line {line}") from error
        if not other.start <= source.start(node) < other.end or not isinstance(node, cst.Name):
            raise Refused(f"{constant.name!r} is used when the module is imported, in line {line}")
        following[other.name] = other
    return uses, list(following.values())


def _refuse_unstable(source: Source, constant: Constant) -> None:
    """Refuse a value that would be another one if it were made later.

    :raises Refused: if what it is made from is bound more than once, changed or deleted, or bound by the value itself.
    """
    import libcst as cst

    inside: set[str] = set()
    pending: list[cst.CSTNode] = [constant.value]
    while pending:
        node = pending.pop()
        pending += node.children
        if isinstance(node, cst.NamedExpr | cst.Await | cst.Yield):
            raise Refused("its value binds names or waits")
        if isinstance(node, cst.Name):
            inside.add(node.value)
    for name in sorted(inside):
        if len(source.bindings(name)) > 1 and not _is_package(source, name):
            raise Refused(f"{name!r}, which it is made from, is bound more than once")
        line = _changed_later(source, name, constant)
        if line is not None:
            raise Refused(f"{name!r}, which it is made from, is changed in line {line}")
    for statement in source.module.body:
        for node in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            if isinstance(node, cst.Del) and any(name in source.text_of(node).split() for name in inside):
                raise Refused("what it is made from is deleted below")


def _changed_later(source: Source, name: str, constant: Constant) -> int | None:
    """The first line in which a name's object is changed in a function, or below a constant."""
    lines = []
    for assignment in source.bindings(name):
        for access in assignment.references:
            node = first_name(access.node)
            if node is None or not is_changed(source, node):
                continue
            if source.start(node) > constant.end or outermost_function(source, node) is not None:
                lines.append(source.place(node).start.line)
    return min(lines, default=None)


def _is_package(source: Source, name: str) -> bool:
    """Whether all that binds a name are statements such as ``import a.b`` and ``import a.c``."""
    import libcst as cst

    return all(isinstance(getattr(one, "node", None), cst.Import) for one in source.bindings(name))


def _free_name(source: Source, name: str) -> str:
    """What the function is called.

    :raises Refused: if its name, or one that it needs, is in use.
    """
    bare = name.strip("_").lower()
    function = f"{'_' if name.startswith('_') else ''}get_{bare}"
    for word in (function, _maker(name), _lock(name)):
        if re.search(rf"\b{re.escape(word)}\b", source.text):
            raise Refused(f"{word!r} is another thing in the file")
    return function


def _maker(name: str) -> str:
    return f"_make_{name.strip('_').lower()}"


def _lock(name: str) -> str:
    return f"_{name.strip('_').lower()}_lock"


def _edits(
    source: Source, constants: Mapping[str, Constant], uses: Mapping[str, list[cst.Name]], names: Mapping[str, str]
) -> list[Edit]:
    """The edits in the module itself."""
    calls = []
    for name, nodes in uses.items():
        for node in nodes:
            start = source.start(node)
            calls.append(Edit(start, start + len(name), f"{names[name]}()"))
    edits = [*_imports(source)]
    for constant in constants.values():
        inner = [edit for edit in calls if constant.start <= edit.start < constant.end]
        edits += _definition(source, constant, names[constant.name], inner)
    values = [(constant.start, constant.end) for constant in constants.values()]
    edits += [edit for edit in calls if not any(start <= edit.start < end for start, end in values)]
    return edits


def _definition(source: Source, constant: Constant, function: str, inner: list[Edit]) -> Iterator[Edit]:
    """The lock, what makes the value, and the accessor, in place of the assignment."""
    newline, indent = source.newline, source.module.default_indent
    value = constant.text
    for edit in sorted(inner, reverse=True):
        value = value[: edit.start - constant.start] + edit.text + value[edit.end - constant.start :]
    if newline in value and not _holds_text_lines(source, constant.value):
        value = value.replace(newline, newline + indent)
    place = source.place(constant.statement)
    start = source.line_start(place.start.line)
    stop = source.line_start(place.end.line + 1)
    comment = source.text[constant.end : stop].rstrip("\r\n") if not constant.set_later else ""
    hint = ""
    if constant.annotation is not None:
        written = source.module.code_for_node(constant.annotation)
        hint = f" -> {written}" if "Final" not in written and "TypeAlias" not in written else ""
    lock, maker = _lock(constant.name), _maker(constant.name)
    lines = [
        f"{lock} = threading.RLock()", "", "",
        "@functools.cache",
        f"def {maker}(){hint}:",
        *(f"{indent}{statement}" for statement in constant.imports),
        *([""] if constant.imports else []),
        f"{indent}return {value}{comment}", "", "",
        f"def {function}(){hint}:",
        f'{indent}"""Return what {constant.name} was: it is made on first use, which must not be before a fork."""',
        f"{indent}with {lock}:",
        f"{indent}{indent}return {maker}()",
    ]  # fmt: skip
    yield Edit(start, stop, newline.join(lines) + newline + newline * _missing_below(source, place.end.line + 1))


def _missing_below(source: Source, line: int) -> int:
    """How many blank lines are missing below a function that ends above a line."""
    if not source.text[source.line_start(line) :].strip():
        return 0
    blank = 0
    while blank < 2 and not source.line(line + blank).strip():
        blank += 1
    return 2 - blank


def _holds_text_lines(source: Source, value: cst.CSTNode) -> bool:
    """Whether a string in a value goes over several lines, so that an indent would become part of it."""
    import libcst as cst

    pending = [value]
    while pending:
        node = pending.pop()
        pending += node.children
        is_string = isinstance(node, cst.SimpleString | cst.FormattedString)
        if is_string and source.newline in source.module.code_for_node(node):
            return True
    return False


def _imports(source: Source) -> Iterator[Edit]:
    """The imports of what an accessor needs, where isort puts them.

    :raises Refused: if one of the names is another thing.
    """
    import libcst as cst

    missing = []
    for name in MODULES:
        bound = [getattr(one, "node", None) for one in source.bindings(name)]
        if not bound:
            missing.append(name)
        elif not all(isinstance(node, cst.Import) for node in bound):
            raise Refused(f"{name!r} is another thing in the file")
    body = list(source.module.body)
    block = _standard_block(source, body)
    if not block:
        head = head_length(body)
        line = source.first_line(body[head]) - len(getattr(body[head], "leading_lines", ())) if head < len(body) else 0
        if head and not source.line(line).strip():
            line += 1
        text = "".join(f"import {name}{source.newline}" for name in missing)
        if missing:
            at = source.line_start(line)
            parted = not source.line(line).strip()
            yield Edit(at, at, text if parted else text + source.newline)
        return
    for name in missing:
        later = (one for one in block if not _is_before(source, one, name))
        following = next(later, None)
        line = source.place(following).start.line if following else source.place(block[-1]).end.line + 1
        at = source.line_start(line)
        yield Edit(at, at, f"import {name}{source.newline}")


def _is_before(source: Source, statement: cst.SimpleStatementLine, name: str) -> bool:
    """Whether isort puts an import before ``import name``."""
    words = source.text_of(statement).split()
    return words[0] == "import" and words[1].rstrip(",").partition(".")[0] < name


def _standard_block(source: Source, body: Sequence[cst.CSTNode]) -> list[cst.SimpleStatementLine]:
    """The first imports of a module that stand together, if they are of the standard library."""
    import libcst as cst

    found: list[cst.SimpleStatementLine] = []
    for statement in body[head_length(body) :]:
        if not is_import(statement) or not isinstance(statement, cst.SimpleStatementLine):
            break
        if found and statement.leading_lines:
            break
        words = source.text_of(statement).split()
        if words[1].rstrip(",").partition(".")[0] not in sys.stdlib_module_names:
            return []
        found.append(statement)
    return found


def constants_from(source: Source, bound: Sequence[str]) -> list[Constant]:
    """The constants in whose values names are used when the module is imported.

    :raises Refused: if one is used elsewhere then, or nowhere.
    """
    found: dict[str, Constant] = {}
    for assignment in [one for name in dict.fromkeys(bound) for one in source.bindings(name)]:
        for access in assignment.references:
            if outermost_function(source, access.node) is None and not access.is_annotation:
                constant = constant_at(source, source.place(access.node).start.line)
                found.setdefault(constant.name, constant)
    if not found:
        raise Refused("no constant is made from it")
    return list(found.values())
