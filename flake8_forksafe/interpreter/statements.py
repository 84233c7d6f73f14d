"""Executing statements in order; how each kind is executed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flake8_forksafe.interpreter import assignments, control, definitions, exceptions, imports
from flake8_forksafe.interpreter.blocks import LEAVING, NOWHERE, raised_in
from flake8_forksafe.interpreter.frames import Flow, Frame, Raised
from flake8_forksafe.interpreter.values import NONE
from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Block

if TYPE_CHECKING:
    from flake8_forksafe.interpreter.walk import Walk


def execute(walk: Walk, block: Block, frame: Frame) -> Flow:
    """Execute statements in order; what follows a possible ``return`` or ``raise`` is only possible."""
    outer, mark = walk.doubt, len(walk.journal)
    leaving = NOWHERE
    try:
        for statement in block:
            walk.step()
            frame.line, frame.column = statement.line, statement.column
            raised, possible = walk.raised, len(walk.possible_errors)
            flow = TABLE[type(statement)](walk, statement, frame)
            if walk.raised != raised or len(walk.possible_errors) > possible:
                frame.left.append((Flow.ABORT, dict(frame.names)))
            elif flow is Flow.NEXT:
                continue
            if flow is not Flow.NEXT:
                leaving |= flow & ~Flow.NEXT
                if not flow & Flow.NEXT:
                    return leaving
            if (flow & LEAVING or walk.raised != raised) and walk.doubt is outer:
                walk.doubt, mark = type(outer)(outer), len(walk.journal)
        return leaving | Flow.NEXT
    except Raised as error:
        if walk.doubt is outer:
            raise
        raised_in(walk, frame, error)
        return leaving | Flow.ABORT
    finally:
        if walk.doubt is not outer:
            walk.doubt = outer
            walk.weaken(mark)


def run_evaluate(walk: Walk, node: facts.Evaluate, frame: Frame) -> Flow:
    walk.evaluate(node.value, frame)
    return Flow.NEXT


def run_return(walk: Walk, node: facts.Return, frame: Frame) -> Flow:
    frame.results.append(NONE if node.value is None else walk.evaluate(node.value, frame))
    return Flow.RETURN


def run_leave(walk: Walk, node: facts.Break | facts.Continue, frame: Frame) -> Flow:
    flow = Flow.BREAK if isinstance(node, facts.Break) else Flow.CONTINUE
    frame.left.append((flow, dict(frame.names)))
    return flow


def run_scope(walk: Walk, node: facts.Scope, frame: Frame) -> Flow:
    for name in node.names:
        frame.outer_names[name] = node.keyword
    return Flow.NEXT


TABLE: dict[type, Callable[[Walk, Any, Frame], Flow]] = {
    facts.Import: imports.run_import,
    facts.ImportFrom: imports.run_import_from,
    facts.Evaluate: run_evaluate,
    facts.Assign: assignments.run_assign,
    facts.Augment: assignments.run_augment,
    facts.Delete: assignments.run_delete,
    facts.If: control.run_if,
    facts.While: control.run_while,
    facts.For: control.run_for,
    facts.Try: exceptions.run_try,
    facts.With: exceptions.run_with,
    facts.Match: control.run_match,
    facts.Define: definitions.run_define,
    facts.ClassDefinition: definitions.run_class,
    facts.Return: run_return,
    facts.Raise: exceptions.run_raise,
    facts.Assert: exceptions.run_assert,
    facts.Break: run_leave,
    facts.Continue: run_leave,
    facts.Scope: run_scope,
}
