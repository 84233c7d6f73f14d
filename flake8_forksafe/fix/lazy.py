"""Imports that become lazy where they stand: PEP 810, for projects that require Python 3.15.

https://peps.python.org/pep-0810/: at the top level of a module, outside of functions, classes, ``try`` and ``with``,
and not for ``*`` or ``__future__``.  The name stays where other files and mocks look for it; the module is loaded when
the name is first used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flake8_forksafe.fix.defer import Deferral, ImportStatement, qualified_name
from flake8_forksafe.fix.text import Refused, Source
from flake8_forksafe.fix.uses import Habits, is_hint, outermost_function, refuse_compiled

if TYPE_CHECKING:
    from libcst import metadata

SINCE = (3, 15)
"""The first version of Python that has lazy imports."""


def plan_lazy(
    source: Source,
    what: ImportStatement,
    habits: Habits,
    runs: Callable[[str], bool],
    is_relied_on: Callable[[str], bool],
) -> Deferral:
    """An import that becomes lazy.

    :param runs: tells whether a function, by its qualified name, runs before the fork.
    :param is_relied_on: tells whether other files take a name from here.
    :raises Refused: if it would be loaded all the same, or would no longer be what it is.
    """
    doubts: set[str] = set()
    for bound in what.bound:
        if habits.namespace is not None:
            raise Refused(f"{habits.namespace[0]}() in line {habits.namespace[1]} would find {bound!r} not loaded yet")
        accesses = _accesses(source, bound, what)
        if not accesses and not is_relied_on(bound) and not (habits.exports and bound in habits.strings):
            raise Refused(f"{bound!r} is not used in the file: it is imported for its effects")
        for access in accesses:
            if access.is_annotation or access.is_type_hint:
                doubts |= _annotated(source, bound, access, habits)
            else:
                _refuse_use(source, bound, access, runs)
    return Deferral(what, {}, (), tuple(doubts), is_lazy=True)


def _accesses(source: Source, bound: str, what: ImportStatement) -> list[metadata.Access]:
    """Where a name is used.

    :raises Refused: if another statement binds it as well.
    """
    found: set[metadata.Access] = set()
    for assignment in source.global_scope.assignments:
        if assignment.name.partition(".")[0] == bound:
            node = getattr(assignment, "node", None)
            if node is not what.node:
                where = f" in line {source.place(node).start.line}" if node is not None else ""
                raise Refused(f"{bound!r} is also bound{where}")
            found |= set(assignment.references)
    return sorted(
        found, key=lambda access: (source.place(access.node).start.line, source.place(access.node).start.column)
    )


def _annotated(source: Source, bound: str, access: metadata.Access, habits: Habits) -> set[str]:
    """What speaks against a lazy import whose name stands in an annotation.

    Since Python 3.14 an annotation is evaluated when something asks for it (PEP 649), and that loads the module:
    ``dataclass`` and ``NamedTuple`` do, and ``inspect.signature``, by which Celery reads the arguments of a task.

    :raises Refused: if it is evaluated when the module is imported.
    """
    import libcst as cst

    line = source.place(access.node).start.line
    if habits.resolver is not None:
        raise Refused(f"{bound!r} is used in the annotation in line {line}, which {habits.resolver} evaluates")
    if is_hint(source, access, outermost_function(source, access.node)):
        return set()
    owner = source.parent(access.node)
    while owner is not None and not isinstance(owner, cst.FunctionDef | cst.ClassDef):
        owner = source.parent(owner)
    if owner is not None and (owner.decorators or getattr(owner, "bases", ())):
        by = "decorator" if owner.decorators else "base class"
        raise Refused(f"{bound!r} is used in an annotation in line {line}, which a {by} may evaluate")
    return {"annotations name it, which something may evaluate"}


def _refuse_use(source: Source, bound: str, access: metadata.Access, runs: Callable[[str], bool]) -> None:
    """Refuse an import whose name is used before the fork, or by what does not know lazy imports.

    :raises Refused: if this use is such.
    """
    function = outermost_function(source, access.node)
    if function is None:
        line = source.place(access.node).start.line
        raise Refused(f"{bound!r} is used when the module is imported, in line {line}")
    name = qualified_name(source, function)
    if runs(name):
        raise Refused(f"{name}(), which uses {bound!r}, runs before the fork too")
    refuse_compiled(function, bound)
