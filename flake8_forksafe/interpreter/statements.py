"""Executes statements in order, by a table of their kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flake8_forksafe.interpreter import assignments, control, definitions, exceptions, import_statements
from flake8_forksafe.interpreter.blocks import LEAVING, NOWHERE, raised_in
from flake8_forksafe.interpreter.budget import BudgetExceeded
from flake8_forksafe.interpreter.frames import Flow, Frame, Raised
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.scopes import bound_in
from flake8_forksafe.interpreter.values import NONE, UNKNOWN, join
from flake8_forksafe.project.layout import FIRST_PARTY
from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Block


def execute(machine: Machine, block: Block, frame: Frame) -> Flow:
    """Execute statements in order; what follows a possible ``return`` or ``raise`` is only possible."""
    outer, mark = machine.journal.doubt, len(machine.journal.entries)
    leaving = NOWHERE
    try:
        for statement in block:
            frame.line, frame.column = statement.line, statement.column
            raised, possible = machine.errors.raised, len(machine.errors.possible)
            try:
                machine.step()
                machine.journal.left_by_switch = False
                flow = TABLE[type(statement)](machine, statement, frame)
            except (BudgetExceeded, RecursionError) as error:
                exceeded = error if isinstance(error, BudgetExceeded) else BudgetExceeded()
                flow = _given_up(machine, statement, frame, exceeded)
                machine.errors.raised = raised
            if machine.errors.raised != raised or len(machine.errors.possible) > possible:
                frame.left.append((Flow.ABORT, frame.names.version()))
            elif flow is Flow.NEXT:
                continue
            if flow is not Flow.NEXT:
                leaving |= flow & ~Flow.NEXT
                if not flow & Flow.NEXT:
                    return leaving
            if (flow & LEAVING or machine.errors.raised != raised) and machine.journal.doubt is outer:
                rest = type(outer)(outer, switch=machine.journal.left_by_switch)
                machine.journal.doubt, mark = rest, len(machine.journal.entries)
        return leaving | Flow.NEXT
    except Raised as error:
        if machine.journal.doubt is outer:
            raise
        raised_in(machine, frame, error)
        return leaving | Flow.ABORT
    finally:
        if machine.journal.doubt is not outer:
            machine.journal.doubt = outer
            machine.journal.weaken(mark)


USED_UP = "the analysis has used up its steps: what this statement executes is followed only in part"


def _given_up(machine: Machine, statement: facts.Statement, frame: Frame, exceeded: BudgetExceeded) -> Flow:
    """Go on behind a statement that used up the budget: one that calls into a package, or is at the top of a module.

    What it would have bound is unknown.
    """
    exceeded.leaves(frame)
    is_own = frame.module.found.origin == FIRST_PARTY
    if not is_own or not (exceeded.in_package or frame.kind == "module") or not machine.budget.extend():
        raise exceeded
    frame.module.open = True
    for name in bound_in(statement):
        names = frame.scope_of(name)
        if name in names:
            names.change(name, join(names[name], UNKNOWN))
    machine.note("FS192", frame, USED_UP)
    return Flow.NEXT


def run_evaluate(machine: Machine, node: facts.Evaluate, frame: Frame) -> Flow:
    machine.evaluate(node.value, frame)
    return Flow.NEXT


def run_return(machine: Machine, node: facts.Return, frame: Frame) -> Flow:
    frame.results.append(NONE if node.value is None else machine.evaluate(node.value, frame))
    if frame.finals:
        frame.left.append((Flow.RETURN, frame.names.version()))
    return Flow.RETURN


def run_leave(machine: Machine, node: facts.Break | facts.Continue, frame: Frame) -> Flow:
    flow = Flow.BREAK if isinstance(node, facts.Break) else Flow.CONTINUE
    frame.left.append((flow, frame.names.version()))
    return flow


def run_scope(machine: Machine, node: facts.Scope, frame: Frame) -> Flow:
    for name in node.names:
        frame.outer_names[name] = node.keyword
    return Flow.NEXT


TABLE: dict[type, Callable[[Machine, Any, Frame], Flow]] = {
    facts.Import: import_statements.run_import,
    facts.ImportFrom: import_statements.run_import_from,
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
