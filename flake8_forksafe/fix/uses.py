"""Finds the uses of an imported name in its module, and anything there that prevents a deferral."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.fix.text import Refused, Source

if TYPE_CHECKING:
    import libcst as cst
    from libcst import metadata

NAMESPACES = frozenset({"globals", "locals", "vars", "dir", "eval", "exec"})
"""Functions that reach a module's names by strings."""
COMPILERS = frozenset({"jit", "njit", "vectorize", "guvectorize", "stencil", "cfunc", "script", "compile"})
"""Last parts of decorators that compile a function from its source, and refuse imports in it (numba, torch)."""
RESOLVERS = frozenset({"get_type_hints", "signature", "singledispatch", "register", "validate_call", "typechecked"})
"""Last parts of what evaluates annotations at run time."""
EVALUATING_PACKAGES = frozenset(
    {"pydantic", "fastapi", "ninja", "msgspec", "typer", "strawberry", "sqlmodel", "litestar", "attrs", "cattrs",
     "sqlalchemy", "injector", "beartype"}
)  # fmt: skip
"""Packages that evaluate annotations of the classes and functions given to them."""

CHANGING = frozenset(
    {"append", "extend", "insert", "remove", "pop", "popitem", "clear", "update", "setdefault", "add", "discard",
     "sort", "reverse"}
)  # fmt: skip
"""Methods of the built-in types that change an object."""
BINDERS = ("AssignTarget", "AugAssign", "NamedExpr", "AnnAssign", "For", "CompFor", "AsName", "Del")
"""Nodes of libcst that bind or delete their ``target`` or ``name``."""


class Uses(NamedTuple):
    """The uses of one name.

    :ivar functions: outermost functions whose bodies use it when they run.
    :ivar hints: lines of annotations that nothing evaluates.
    """

    functions: tuple[cst.FunctionDef, ...]
    hints: tuple[int, ...]


def find_uses(source: Source, bound: str, statement: cst.Import | cst.ImportFrom) -> Uses:
    """The uses of a name that an import statement binds.

    :param bound: without a dot: what ``import a.b`` binds is ``a``.
    :raises Refused: if the name has to be there when the module has been imported.
    """
    references: set[metadata.Access] = set()
    for assignment in source.bindings(bound):
        node = getattr(assignment, "node", None)
        if node is not statement:
            where = f" in line {source.place(node).start.line}" if node is not None else ""
            raise Refused(f"{bound!r} is also bound{where}")
        references |= set(assignment.references)
    functions: dict[cst.FunctionDef, None] = {}
    hints: list[int] = []
    for access in sorted(references, key=lambda access: _key(source, access.node)):
        line = source.place(access.node).start.line
        function = outermost_function(source, access.node)
        if is_hint(source, access, function):
            hints.append(line)
        elif function is None:
            kind = "in an annotation that is evaluated" if access.is_annotation else "when the module is imported"
            raise Refused(f"{bound!r} is used {kind}, in line {line}")
        else:
            functions.setdefault(function)
    if not functions and not hints:
        raise Refused(f"{bound!r} is not used in the file: it is imported for its effects, or for other modules")
    for function in functions:
        refuse_compiled(function, bound)
    return Uses(tuple(functions), tuple(hints))


def _key(source: Source, node: cst.CSTNode) -> tuple[int, int]:
    start = source.place(node).start
    return start.line, start.column


def outermost_function(source: Source, node: cst.CSTNode) -> cst.FunctionDef | None:
    """The outermost function whose body holds a node; None for what runs when the module is imported."""
    import libcst as cst

    found = None
    child, parent = node, source.parent(node)
    while parent is not None:
        if isinstance(parent, cst.FunctionDef) and parent.body is child:
            found = parent
        child, parent = parent, source.parent(parent)
    return found


def is_hint(source: Source, access: metadata.Access, function: cst.FunctionDef | None) -> bool:
    """Whether an access is an annotation that Python does not evaluate.

    That is one in quotes, one below ``from __future__ import annotations`` (PEP 563), and one of a local variable
    (https://docs.python.org/3/reference/simple_stmts.html#annotated-assignment-statements).
    """
    import libcst as cst

    if _is_lazy(source, access.node):
        return True
    if not (access.is_annotation or access.is_type_hint):
        return False
    if isinstance(access.node, cst.SimpleString | cst.ConcatenatedString) or has_future_annotations(source):
        return True
    child: cst.CSTNode = access.node
    while (parent := source.parent(child)) is not None and not isinstance(parent, cst.BaseStatement):
        if isinstance(parent, cst.AnnAssign):
            return child is parent.annotation and function is not None and not _in_class_body(source, parent)
        child = parent
    return False


def _is_lazy(source: Source, node: cst.CSTNode) -> bool:
    """Whether a node stands in what is evaluated only if somebody asks for it.

    That is the value of ``type X = …``, and the bound or default of a type parameter (PEP 695, PEP 696).
    """
    import libcst as cst

    child = node
    while (parent := source.parent(child)) is not None:
        if isinstance(parent, cst.TypeParam) or (isinstance(parent, cst.TypeAlias) and parent.value is child):
            return True
        if isinstance(parent, cst.BaseCompoundStatement | cst.BaseSuite | cst.Module):
            return False
        child = parent
    return False


def _in_class_body(source: Source, node: cst.CSTNode) -> bool:
    """Whether the nearest scope around a node is that of a class."""
    import libcst as cst

    while (parent := source.parent(node)) is not None and not isinstance(parent, cst.FunctionDef | cst.Lambda):
        if isinstance(parent, cst.ClassDef):
            return True
        node = parent
    return False


def has_future_annotations(source: Source) -> bool:
    """Whether the module says ``from __future__ import annotations``."""
    import libcst as cst

    for statement in source.module.body:
        if isinstance(statement, cst.SimpleStatementLine):
            for node in statement.body:
                if isinstance(node, cst.ImportFrom) and [*imported_packages(node)] == ["__future__"]:
                    return "annotations" in source.text_of(node)
    return False


def refuse_compiled(function: cst.FunctionDef, bound: str) -> None:
    """Refuse a function whose source a decorator compiles.

    :raises Refused: if it is one.
    """
    for decorator in function.decorators:
        for part in dotted_parts(decorator.decorator):
            if part in COMPILERS:
                raise Refused(f"{bound!r} is used in {function.name.value}(), which @{part} compiles")


def first_name(node: cst.CSTNode) -> cst.Name | None:
    """The name that ``a``, ``a.b`` or ``a.b.c`` begins with; None for anything else."""
    import libcst as cst

    while isinstance(node, cst.Attribute):
        node = node.value
    return node if isinstance(node, cst.Name) else None


def refuse_position(source: Source, node: cst.CSTNode) -> None:
    """Refuse a use that cannot become a call.

    :raises Refused: if it is bound or deleted there, or stands in a pattern.
    """
    import libcst as cst

    line = source.place(node).start.line
    parent = source.parent(node)
    if isinstance(parent, cst.Del):
        raise Refused(f"it is deleted in line {line}")
    if _binds(parent, node):
        raise Refused(f"it is bound anew in line {line}")
    while parent is not None:
        if isinstance(parent, cst.MatchPattern):
            raise Refused(f"it stands in a pattern, in line {line}")
        if isinstance(parent, cst.BaseStatement):
            return
        parent = source.parent(parent)


def _binds(parent: cst.CSTNode | None, node: cst.CSTNode) -> bool:
    """Whether a node binds or deletes another one."""
    is_target = any(getattr(parent, part, None) is node for part in ("target", "name"))
    return is_target and type(parent).__name__ in BINDERS


def is_changed(source: Source, node: cst.CSTNode) -> bool:
    """Whether ``a`` is changed where it stands: in ``a.b = …``, ``del a[0]``, ``a.b.append(…)`` and their like."""
    import libcst as cst

    child, parent = node, source.parent(node)
    while isinstance(parent, cst.Attribute | cst.Subscript) and parent.value is child:
        child, parent = parent, source.parent(parent)
    if child is node:
        return False
    if isinstance(parent, cst.Call) and parent.func is child:
        return isinstance(child, cst.Attribute) and child.attr.value in CHANGING
    while isinstance(parent, cst.BaseElement | cst.Tuple | cst.List):
        child, parent = parent, source.parent(parent)
    return _binds(parent, child)


def dotted_parts(node: cst.CSTNode) -> Iterator[str]:
    """The names of ``a.b.c`` or ``a.b.c(...)``."""
    import libcst as cst

    if isinstance(node, cst.Call):
        yield from dotted_parts(node.func)
    elif isinstance(node, cst.Attribute):
        yield from dotted_parts(node.value)
        yield node.attr.value
    elif isinstance(node, cst.Name):
        yield node.value


class Habits(NamedTuple):
    """Properties of a module that concern all of its names.

    :ivar globals: names that a function declares global.
    :ivar strings: the values of its strings, as far as they may be names.
    :ivar exports: whether it has an ``__all__``.
    :ivar namespace: the function by which it reaches its names as strings, with the line; None if there is none.
    :ivar resolver: what in it may evaluate annotations; None if there is none.
    """

    globals: frozenset[str]
    strings: frozenset[str]
    exports: bool
    namespace: tuple[str, int] | None
    resolver: str | None


def find_habits(source: Source) -> Habits:
    """Properties of a module that concern all of its names."""
    import libcst as cst

    names: set[str] = set()
    strings: set[str] = set()
    exports = False
    namespace: tuple[str, int] | None = None
    resolver: str | None = None
    for node in source.nodes:
        if isinstance(node, cst.Global):
            names |= {item.name.value for item in node.names}
        elif isinstance(node, cst.SimpleString):
            value = node.raw_value
            if len(value) < 300 and value.replace(".", "").isidentifier():
                strings.add(value)
        elif isinstance(node, cst.Name) and node.value == "__all__":
            exports = True
        elif isinstance(node, cst.Decorator):
            last = [*dotted_parts(node.decorator)][-1:]
            if last and last[0] in RESOLVERS:
                resolver = resolver or last[0]
        elif isinstance(node, cst.Call):
            last = [*dotted_parts(node.func)][-1:]
            if last and last[0] in NAMESPACES and not (last[0] in ("vars", "dir") and node.args):
                namespace = namespace or (last[0], source.place(node).start.line)
            if last and last[0] in RESOLVERS:
                resolver = resolver or last[0]
            if any(arg.keyword is not None and arg.keyword.value == "pydantic" for arg in node.args):
                resolver = resolver or "pydantic=True"
        elif isinstance(node, cst.Import | cst.ImportFrom | cst.LazyImport | cst.LazyImportFrom):
            for package in imported_packages(node):
                if package in EVALUATING_PACKAGES:
                    resolver = resolver or package
    return Habits(frozenset(names), frozenset(strings), exports, namespace, resolver)


def imported_packages(node: cst.Import | cst.ImportFrom | cst.LazyImport | cst.LazyImportFrom) -> Iterator[str]:
    """The top-level packages that a statement imports; none for a relative import."""
    import libcst as cst

    if isinstance(node, cst.Import | cst.LazyImport):
        for alias in node.names:
            yield next(dotted_parts(alias.name))
    elif node.module is not None and not node.relative:
        yield next(dotted_parts(node.module))
