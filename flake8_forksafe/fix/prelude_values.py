"""Correct the value of a variable of the prelude, in place: FS134."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.fix.text import Edit, Refused, Source
from flake8_forksafe.fix.uses import dotted_parts
from flake8_forksafe.rules.prelude import OBJECTIVE_C

if TYPE_CHECKING:
    import libcst as cst

    from flake8_forksafe.finding import Finding


class Correction(NamedTuple):
    """Another value.

    :ivar old: the text of the value that stands there.
    :ivar what: the change, as people read it.
    """

    old: str
    what: str
    edit: Edit


def correction(source: Source, finding: Finding) -> Correction:
    """Another value in place of the one that a finding is about.

    :raises Refused: if no value is written in its line, or more than one.
    """
    import libcst as cst

    values: list[cst.BaseExpression] = []
    for node in source.nodes:
        if isinstance(node, cst.Assign | cst.Call) and source.place(node).start.line == finding.line:
            value = _value(node, finding.subject)
            values += [value] if value is not None else []
    if len(values) != 1 or not isinstance(values[0], cst.SimpleString | cst.Integer):
        raise Refused("its value is not written in that line")
    place = source.place(values[0])
    start = source.offset(place.start.line, place.start.column)
    end = source.offset(place.end.line, place.end.column)
    old, good = source.text_of(values[0]), '"YES"' if finding.subject == OBJECTIVE_C else '"1"'
    return Correction(old, f"set {finding.subject} to {good} instead of {old}", Edit(start, end, good))


def _value(node: cst.Assign | cst.Call, name: str) -> cst.BaseExpression | None:
    """The value in ``os.environ["NAME"] = value``, ``os.environ.setdefault("NAME", value)``, ``os.putenv``."""
    import libcst as cst

    if isinstance(node, cst.Assign):
        target = node.targets[0].target
        if len(node.targets) != 1 or not isinstance(target, cst.Subscript) or len(target.slice) != 1:
            return None
        index = target.slice[0].slice
        return node.value if isinstance(index, cst.Index) and _is_string(index.value, name) else None
    if [*dotted_parts(node.func)][-1:] not in (["setdefault"], ["putenv"]) or len(node.args) != 2:
        return None
    return node.args[1].value if _is_string(node.args[0].value, name) else None


def _is_string(node: cst.BaseExpression, value: str) -> bool:
    import libcst as cst

    return isinstance(node, cst.SimpleString) and node.evaluated_value == value
