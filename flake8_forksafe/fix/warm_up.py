"""Take a warm-up out of a function that runs before the fork: ``AppConfig.ready()``, or a handler of a signal.

What is only called there is called on first use anyway, and goes.  What is kept in a global variable is made on first
use, in a function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.fix.accessor import Accessor, Constant, plan_accessor, value_of
from flake8_forksafe.fix.defer import qualified_name
from flake8_forksafe.fix.plan import Workshop
from flake8_forksafe.fix.text import Edit, Refused, Source

if TYPE_CHECKING:
    import libcst as cst


class Removal(NamedTuple):
    """A warm-up that is taken out of a function.

    :ivar what: the change, as people read it.
    :ivar accessor: the function that makes the value from now on, if it was kept.
    :ivar is_moved: whether it is called in each child from now on.
    """

    path: str
    what: str
    edits: dict[str, list[Edit]]
    accessor: Accessor | None = None
    is_moved: bool = False


def plan_move(workshop: Workshop, path: str, line: int, signal: str) -> Removal:
    """How the handler of a signal that a line is in becomes one of a signal that is sent in each child.

    :param signal: the name of that signal in ``celery.signals``.
    :raises Refused: if the function is no such handler.
    """
    import libcst as cst

    source = workshop.source(path)
    function = _place_of(source, line).function
    for decorator in function.decorators:
        node = decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator
        if not isinstance(node, cst.Attribute) or node.attr.value != "connect":
            continue
        name = node.value.attr if isinstance(node.value, cst.Attribute) else node.value
        if not isinstance(name, cst.Name):
            continue
        start = source.start(name)
        edits = [Edit(start, start + len(name.value), signal)]
        if name is node.value:
            edits += _imported_too(source, name, signal)
        what = f"call {qualified_name(source, function)}() in each child: {signal} instead of {name.value}"
        return Removal(path, what, {path: edits}, is_moved=True)
    raise Refused(f"{qualified_name(source, function)}() is no handler of a signal that {signal} can take the place of")


def _imported_too(source: Source, name: cst.Name, signal: str) -> list[Edit]:
    """The edit that imports another signal with, or instead of, the one that a name stands for.

    :raises Refused: if that is not imported by name.
    """
    import libcst as cst

    if source.bindings(signal):
        return []
    for binder in source.binders(name):
        if not isinstance(binder, cst.ImportFrom) or isinstance(binder.names, cst.ImportStar):
            break
        for alias in binder.names:
            if isinstance(alias.name, cst.Name) and alias.name.value == name.value and alias.asname is None:
                start = source.start(alias)
                others = [use for use in source.uses_of(binder) if isinstance(use, cst.Name) and use is not name]
                is_used = any(use.value == name.value for use in others)
                return [Edit(start, start + len(name.value), f"{name.value}, {signal}" if is_used else signal)]
    raise Refused(f"{name.value!r} is not imported by that name")


class Place(NamedTuple):
    """A statement in the body of a function."""

    function: cst.FunctionDef
    block: cst.IndentedBlock
    line: cst.SimpleStatementLine
    node: cst.BaseSmallStatement


def plan_removal(workshop: Workshop, path: str, line: int, calls: bool = True) -> Removal:
    """How the statement at a line is taken out of its function.

    :param calls: whether a call whose result is not kept may go as well.
    :raises Refused: if its value is kept where it cannot be made on first use, or it does more than warm up.
    """
    import libcst as cst

    source = workshop.source(path)
    place = _place_of(source, line)
    name = f"{qualified_name(source, place.function)}()"
    text = " ".join(source.text_of(place.node).split())
    if isinstance(place.node, cst.Expr) and isinstance(place.node.value, cst.Call):
        if not calls:
            raise Refused("it does more than warm up")
        edits = _removed(source, place, [place.line])
        return Removal(path, f"take '{text}' out of {name}: what it warms up is made on first use", {path: edits})
    if isinstance(place.node, cst.Assign) and len(place.node.targets) == 1:
        target = place.node.targets[0].target
        if isinstance(target, cst.Name) and target.value in _globals(place):
            return _kept(workshop, source, place, target, f"take '{text}' out of {name}")
    raise Refused("its value is kept in something else than a global variable")


def _place_of(source: Source, line: int) -> Place:
    import libcst as cst

    found = None
    for node in source.nodes:
        if isinstance(node, cst.SimpleStatementLine):
            where = source.place(node)
            if where.start.line <= line <= where.end.line:
                found = node
    if found is None or len(found.body) != 1:
        raise Refused("it is no statement of its own")
    block = source.parent(found)
    function = source.parent(block) if block is not None else None
    if not isinstance(block, cst.IndentedBlock) or not isinstance(function, cst.FunctionDef):
        kinds: dict[object, str] = {
            cst.If: "if", cst.Try: "try", cst.With: "with", cst.For: "for", cst.While: "while", cst.Else: "else",
        }  # fmt: skip
        kind = kinds.get(type(function))
        raise Refused(f"it stands inside {kind!r}" if kind else "it stands outside of the body of a function")
    return Place(function, block, found, found.body[0])


def _globals(place: Place) -> set[str]:
    """The names that a function declares global, in statements of their own."""
    import libcst as cst

    return {item.name.value for line in place.block.body if isinstance(line, cst.SimpleStatementLine)
            for node in line.body if isinstance(node, cst.Global) for item in node.names}  # fmt: skip


def _kept(workshop: Workshop, source: Source, place: Place, target: cst.Name, what: str) -> Removal:
    """A value that is kept in a global variable.

    :raises Refused: if that is used in a way that a function cannot take the place of.
    """
    import libcst as cst

    empty = _empty_constant(source, target.value)
    assert isinstance(place.node, cst.Assign)
    value, (start, text) = place.node.value, value_of(source, place.node, place.node.value)
    imports = _imports_of(source, place, value)
    gone = [place.line]
    for line in place.block.body:
        node = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
        if isinstance(line, cst.SimpleStatementLine) and isinstance(node, cst.Global) and len(line.body) == 1:
            if [item.name.value for item in node.names] != [target.value]:
                raise Refused("other names are declared global in one statement with it")
            gone.append(line)
    edits = _removed(source, place, gone)
    constant = Constant(
        target.value, empty.statement, empty.target, None, value, start, text, imports, (target,)
    )  # fmt: skip
    accessor = plan_accessor(workshop, source.path, [constant])
    own = [edit for edit in accessor.edits[source.path] if not _inside(edit, edits)]
    changed = {**accessor.edits, source.path: [*own, *edits]}
    return Removal(source.path, f"{what}: {accessor.what}", changed, accessor)


def _inside(edit: Edit, others: list[Edit]) -> bool:
    return any(other.start <= edit.start and edit.end <= other.end for other in others)


def _empty_constant(source: Source, name: str) -> Constant:
    """The statement that binds a global variable to None until it has its value.

    :raises Refused: if there is none.
    """
    import libcst as cst

    for statement in source.module.body:
        if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
            node = statement.body[0]
            if isinstance(node, cst.Assign) and len(node.targets) == 1:
                target: cst.BaseExpression = node.targets[0].target
            elif isinstance(node, cst.AnnAssign) and node.value is not None:
                target = node.target
            else:
                continue
            if isinstance(target, cst.Name) and target.value == name:
                if not isinstance(node.value, cst.Name) or node.value.value != "None":
                    raise Refused(f"{name!r} has another value before")
                return Constant(name, statement, target, None, node.value, source.start(node.value), "None")
    raise Refused(f"no statement binds {name!r} to None before")


def _imports_of(source: Source, place: Place, value: cst.BaseExpression) -> tuple[str, ...]:
    """The imports of the function that a value needs, as text.

    :raises Refused: if it needs other names of the function.
    """
    import libcst as cst

    texts: dict[str, None] = {}
    for node in _within(value):
        parent = source.parent(node)
        if not isinstance(node, cst.Name) or (isinstance(parent, cst.Attribute) and parent.attr is node):
            continue
        if isinstance(parent, cst.Arg) and parent.keyword is node:
            continue
        for one in source.assignments(node):
            if one.scope is source.global_scope or not source.is_in(one, place.function):
                continue
            binder = getattr(one, "node", None)
            if not isinstance(binder, cst.Import | cst.ImportFrom):
                if binder is not None and any(binder is inner for inner in _within(value)):
                    continue  # a name of a comprehension or lambda in it
                raise Refused(f"its value is made from {node.value!r}, which is a name of the function")
            texts.setdefault(source.text_of(binder))
    return tuple(texts)


def _within(node: cst.CSTNode) -> list[cst.CSTNode]:
    found = [node]
    for one in found:
        found += one.children
    return found


def _removed(source: Source, place: Place, gone: list[cst.SimpleStatementLine]) -> list[Edit]:
    """The edits that take statements away, and the imports of the function that only they need."""
    import libcst as cst

    inside = {id(inner) for line in gone for inner in _within(line)}
    for line in place.block.body:
        if not isinstance(line, cst.SimpleStatementLine) or line in gone or len(line.body) != 1:
            continue
        node = line.body[0]
        if not isinstance(node, cst.Import | cst.ImportFrom) or isinstance(node.names, cst.ImportStar):
            continue
        accesses = source.uses_of(node)
        if accesses and all(id(access) in inside for access in accesses):
            gone = [*gone, line]
    edits = []
    for line in place.block.body:
        if line not in gone or not isinstance(line, cst.SimpleStatementLine):
            continue
        where = source.place(line)
        first = where.start.line - len(line.leading_lines)
        edits.append(Edit(source.line_start(first), source.line_start(where.end.line + 1), ""))
    left = [line for line in place.block.body if line not in gone]
    if not left:
        start = source.place(place.block.body[0]).start
        indent = source.line(start.line)[: start.column]
        edits[0] = edits[0]._replace(text=f"{indent}pass{source.newline}")
    return edits
