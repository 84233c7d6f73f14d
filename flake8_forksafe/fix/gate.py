"""Replace a gate that does not recognise the worker by one that does: FS122."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.fix.text import Edit, Refused, Source
from flake8_forksafe.fix.uses import dotted_parts

if TYPE_CHECKING:
    import libcst as cst

WORDS = ("celery", "worker")
"""What a condition holds that is meant for the worker."""


class Replacement(NamedTuple):
    """Another condition; ``what`` is the change, as people read it."""

    what: str
    edit: Edit


def better_gate(source: Source, line: int, gate: str) -> Replacement:
    """A condition that recognises the worker, in place of the one in a line that does not.

    :param gate: such a condition: ``"worker" in sys.argv``.
    :raises Refused: if no condition on ``sys.argv`` stands there, or it is not about the worker.
    """
    import libcst as cst

    found: dict[int, cst.BaseExpression] = {}
    for node in source.nodes:
        is_argv = isinstance(node, cst.Attribute) and [*dotted_parts(node)] == ["sys", "argv"]
        if is_argv and _covers(source, node, line):
            assert isinstance(node, cst.Attribute)
            atom = _atom(source, node)
            found[id(atom)] = atom
    if not found:
        raise Refused("its condition on sys.argv stands elsewhere")
    meant = [atom for atom in found.values() if any(word in source.text_of(atom) for word in WORDS)]
    if len(meant) != 1:
        raise Refused("it is not one condition about the worker")
    atom = meant[0]
    operators = [target.operator for target in atom.comparisons] if isinstance(atom, cst.Comparison) else []
    is_negated = len(operators) == 1 and isinstance(operators[0], cst.NotIn | cst.NotEqual)
    text = gate.replace(" in ", " not in ") if is_negated else gate
    old = source.text_of(atom)
    start = source.start(atom)
    return Replacement(f"replace the gate '{' '.join(old.split())}' by '{text}'", Edit(start, start + len(old), text))


def _covers(source: Source, node: cst.CSTNode, line: int) -> bool:
    """Whether a node stands in a statement, or the condition of one, that begins in a line."""
    import libcst as cst

    while node is not None and not isinstance(node, cst.BaseStatement | cst.BaseSuite):
        parent = source.parent(node)
        if parent is None:
            return False
        if isinstance(parent, cst.If) and parent.test is not node:
            return False
        node = parent
    return source.place(node).start.line <= line <= source.place(node).end.line


def _atom(source: Source, node: cst.BaseExpression) -> cst.BaseExpression:
    """The largest expression around a node that is one condition."""
    import libcst as cst

    while True:
        parent = source.parent(node)
        while isinstance(parent, cst.Arg | cst.ComparisonTarget | cst.CompFor | cst.Index | cst.SubscriptElement):
            parent = source.parent(parent)
        ends = (cst.BooleanOperation, cst.UnaryOperation, cst.IfExp, cst.NamedExpr)
        if not isinstance(parent, cst.BaseExpression) or isinstance(parent, ends):
            return node
        node = parent
