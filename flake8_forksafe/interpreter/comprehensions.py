"""Evaluates comprehensions and generator expressions: the rounds of their clauses."""

from __future__ import annotations

from collections.abc import Callable

from flake8_forksafe.interpreter import (
    assignments,
    hashing,
    identity,
    iteration,
    mappings,
    special_methods,
    widening,
)
from flake8_forksafe.interpreter.containers import Items, Lazy, Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import UNKNOWN, Item, Value
from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Expression

ELEMENT_LIMIT = 20_000
"""Elements of a comprehension that are kept; what lies behind them is not known."""


def comprehension(machine: Machine, node: facts.Comprehension, frame: Frame) -> Value:
    inner = Frame(frame.module, frame.node, "comprehension", frame.base, frame)
    inner.line, inner.column = frame.line, frame.column
    inner.qualname, inner.owner, inner.receiver = frame.qualname, frame.owner, frame.receiver
    inner.place = widening.place_of(frame)
    first = machine.evaluate(node.clauses[0].iterable, frame)
    if node.kind == "generator":

        def produce(take: Callable[[Item], bool], asking: Frame) -> bool:
            return _rounds(
                machine,
                node.clauses,
                first,
                inner,
                lambda sure: take(Item(machine.evaluate(node.element, inner), sure)),
            )

        return Lazy(produce, frame, machine.journal.doubt)
    table = Table({}, machine.journal.doubt)
    found = Items(node.kind, (), machine.journal.doubt)

    def emit(sure: bool) -> bool:
        element = machine.evaluate(node.element, inner)
        if node.value is not None:
            held = machine.evaluate(node.value, inner)
            hashing.ask_key(machine, table, element, inner)
            machine.step(mappings.enter(table, identity.key_of(element), held, sure))
        else:
            found.complete &= (element is not UNKNOWN or sure) and len(found.items) < ELEMENT_LIMIT
            if len(found.items) < ELEMENT_LIMIT:
                if node.kind == "set":
                    hashing.ask_key(machine, found, element, inner)
                found.items.append(Item(element, sure))
        return False

    complete = _rounds(machine, node.clauses, first, inner, emit)
    if node.kind == "dict":
        table.complete &= complete
        return table
    found.complete &= complete
    found.items = identity.distinct(found.items) if node.kind == "set" else iteration.leading(found.items)
    return found


def _rounds(
    machine: Machine, clauses: tuple[facts.Clause, ...], iterable: Value, frame: Frame, emit: Callable[[bool], bool]
) -> bool:
    """Run the rounds of a comprehension: ``emit`` is told whether each happens for sure.

    Returns whether all rounds are known.
    """
    clause = clauses[0]
    all_known = True
    spent = iteration.Enough()

    def take(item: Item) -> bool:
        if not widening.has_rounds(machine, frame):
            raise spent
        return one(item)

    def one(item: Item) -> bool:
        nonlocal all_known
        last = False
        with machine.doubted(not item.sure):
            assignments.assign(machine, clause.target, item.value, frame)
            holds = _all_hold(machine, clause.conditions, frame)
            if holds is False:
                return False
            with machine.doubted(holds is None):
                if len(clauses) > 1:
                    inner = machine.evaluate(clauses[1].iterable, frame)
                    raised = machine.errors.raised
                    all_known &= _rounds(machine, clauses[1:], inner, frame, emit)
                    last = machine.errors.raised != raised
                else:
                    last = emit(machine.is_sure(frame))
        return last

    try:
        complete = iteration.consume(machine, iterable, frame, take) or iteration.is_environment(iterable)
        repeats = not complete and widening.has_rounds(machine, frame)
    except iteration.Enough as enough:
        if enough is not spent:
            raise
        complete = repeats = False
    if repeats or (not complete and machine.budget.may_widen((frame.node, frame.line))):
        widening.repeat(machine, lambda: one(Item(UNKNOWN, False)))
    return all_known and complete


def _all_hold(machine: Machine, conditions: tuple[Expression, ...], frame: Frame) -> bool | None:
    """Whether the conditions of a comprehension hold; those behind one that does not are not evaluated."""
    result: bool | None = True
    for condition in conditions:
        with machine.doubted(result is None):
            holds = special_methods.holds(machine, machine.evaluate(condition, frame), frame)
        if holds is False:
            return False
        if holds is None:
            result = None
    return result
