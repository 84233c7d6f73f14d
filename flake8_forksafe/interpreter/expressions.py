"""Evaluates expressions: names, calls (``super()`` too), displays, comprehensions, operators, ``yield``."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from flake8_forksafe.interpreter import (
    arithmetic,
    attributes,
    comprehensions,
    definitions,
    hashing,
    identity,
    import_statements,
    iteration,
    mutation,
    operators,
    special_methods,
    subscripts,
)
from flake8_forksafe.interpreter.bounds import share
from flake8_forksafe.interpreter.calls import run_coroutine
from flake8_forksafe.interpreter.containers import ANYTHING, Items, Table
from flake8_forksafe.interpreter.errors import NAME_ERROR, UNBOUND_LOCAL
from flake8_forksafe.interpreter.frames import Frame, Raised
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.namespace import Names
from flake8_forksafe.interpreter.strings import TEXT_LIMIT
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import (
    FALSE,
    FALSY,
    NONE,
    TRUE,
    TRUTHY,
    UNKNOWN,
    Arguments,
    Class,
    EnclosingScope,
    External,
    FilePath,
    Function,
    Instance,
    Item,
    LazyImport,
    Literal,
    Super,
    Value,
    join,
    options,
    texts,
)
from flake8_forksafe.source import facts

NOTHING = Arguments()
"""What a call without arguments passes."""


def constant(machine: Machine, node: facts.Constant, frame: Frame) -> Value:
    return Literal(node.value)


def opaque(machine: Machine, node: facts.Opaque, frame: Frame) -> Value:
    return UNKNOWN


def name(machine: Machine, node: facts.Name, frame: Frame) -> Value:
    value = frame.names.get(node.id)
    if value is None or node.id in frame.names.maybe or node.id in frame.outer_names:
        value = _looked_up(machine, node.id, frame)
    if isinstance(value, LazyImport):
        return import_statements.reify(machine, value, frame, frame.module.names)
    return value


def _looked_up(machine: Machine, identifier: str, frame: Frame) -> Value:
    """A name that is looked up in several scopes, or that only may be bound."""
    found: list[Value] = []
    names: Names[Value] = frame.names
    for names in frame.scopes(identifier):
        if identifier in names:
            found.append(names[identifier])
            if identifier not in names.maybe:
                return join(*found)
    if names is frame.module.names:
        return global_name(machine, identifier, frame, found)
    error = UNBOUND_LOCAL if names is frame.names else NAME_ERROR
    if not found:
        return machine.fail(error.path.removeprefix("builtins.").removesuffix("()"))
    machine.may_fail(error)
    return join(*found)


def global_name(machine: Machine, identifier: str, frame: Frame, found: list[Value]) -> Value:
    """A name that no scope surely binds: a module attribute such as ``__name__``, or a builtin.

    :param found: what it is where it is bound.
    """
    special = (
        attributes.module_attribute(machine, frame.module.name, identifier) if identifier.startswith("__") else None
    )
    if special is not None:
        return join(*found, special)
    if hasattr(builtins, identifier):
        return join(*found, machine.external(f"builtins.{identifier}"))
    if not frame.module.open and not found:
        return machine.fail("NameError")
    machine.may_fail(NAME_ERROR)
    return join(*found) if found else UNKNOWN


def attribute_node(machine: Machine, node: facts.Attribute, frame: Frame) -> Value:
    return attributes.attribute(machine, machine.evaluate(node.value, frame), node.name, frame)


# --- calls ------------------------------------------------------------------------------------------------------


def call_node(machine: Machine, node: facts.Call, frame: Frame) -> Value:
    raised = machine.errors.raised
    function = machine.evaluate(node.function, frame)
    if isinstance(function, External) and function.path == "builtins.super":
        return super_call(machine, node, frame)
    passed = arguments(machine, node.arguments, frame)
    if machine.errors.raised == raised:
        return machine.call(function, passed, frame)
    return in_doubt(machine, lambda: machine.call(function, passed, frame))


def in_doubt(machine: Machine, compute: Callable[[], Value]) -> Value:
    """Compute what comes after other parts of an expression that may have raised an exception."""
    try:
        with machine.doubted():
            return compute()
    except Raised as error:
        machine.may_fail(error.value)
        return UNKNOWN


def super_call(machine: Machine, node: facts.Call, frame: Frame) -> Value:
    values = [machine.evaluate(argument.value, frame) for argument in node.arguments]
    inner: EnclosingScope = frame
    while inner.owner is None and inner.closure is not None:
        inner = inner.closure
    owner = values[0] if values else inner.owner
    receiver = values[1] if len(values) > 1 else inner.receiver
    if isinstance(owner, Class) and receiver is not None:
        return Super(owner, receiver)
    return UNKNOWN


def arguments(machine: Machine, nodes: tuple[facts.Argument, ...], frame: Frame) -> Arguments:
    """Evaluate what a call passes."""
    if not nodes:
        return NOTHING
    positional: list[Value] = []
    keywords: dict[str, Value] = {}
    maybe: set[int | str] = set()
    first_maybe: int | None = None  # the first position that is not known
    complete = True
    raised = machine.errors.raised
    for argument in nodes:
        if machine.errors.raised == raised:
            value = machine.evaluate(argument.value, frame)
        else:
            value = in_doubt(machine, partial(machine.evaluate, argument.value, frame))
        if argument.keyword is not None:
            keywords[argument.keyword] = value
            maybe.discard(argument.keyword)
        elif argument.star == "*":
            items = iteration.iterate(machine, value, frame)
            complete &= items.complete and all(item.sure for item in items.items)
            machine.step(share(len(positional) + len(items.items)))
            sure = next((place for place, item in enumerate(items.items) if not item.sure), len(items.items))
            if first_maybe is None and (sure < len(items.items) or not items.complete):
                first_maybe = len(positional) + sure
            positional.extend(item.value for item in items.items)
        elif argument.star == "**":
            complete &= isinstance(value, Table) and value.complete
            if isinstance(value, Table):
                machine.step(len(value.entries))  # they are kept, with the result of the call
                for key, item in value.entries.items():
                    if isinstance(key, str):
                        keywords[key] = item.value
                        maybe.update(() if item.sure else (key,))
                    else:
                        complete = False  # an object of a library that may be a string; any other is a TypeError
        else:
            positional.append(value)
    if first_maybe is not None:
        maybe.update(range(first_maybe, len(positional)))
        following: Value = UNKNOWN
        for place in range(len(positional) - 1, first_maybe - 1, -1):  # each may stand at the place of one before it
            positional[place] = following = join(positional[place], following)
    return Arguments(tuple(positional), keywords, complete, frozenset(maybe))


# --- containers -------------------------------------------------------------------------------------------------


def display(machine: Machine, node: facts.Display, frame: Frame) -> Value:
    found: list[Item] = []
    complete = True
    raised = machine.errors.raised
    for item in node.items:
        if isinstance(item, facts.Starred):
            inner = iteration.iterate(machine, machine.evaluate(item.value, frame), frame)
            found.extend(inner.items)
            complete &= inner.complete
            if not inner.complete and item is not node.items[-1]:
                found.append(ANYTHING)
        else:
            if machine.errors.raised == raised:
                found.append(Item(machine.evaluate(item, frame)))
            else:
                found.append(Item(in_doubt(machine, partial(machine.evaluate, item, frame))))
    if node.kind == "set":
        hashing.ask_keys(machine, UNKNOWN, found, frame)
        found = identity.distinct(found)
    return Items(node.kind, found, machine.journal.doubt, complete)


def dictionary(machine: Machine, node: facts.Dictionary, frame: Frame) -> Value:
    table = Table({}, machine.journal.doubt)
    for key, value in node.items:
        if key is None:
            mutation.update(machine, table, machine.evaluate(value, frame))
        else:
            evaluated = machine.evaluate(key, frame)
            held = machine.evaluate(value, frame)
            hashing.ask_key(machine, table, evaluated, frame)
            mutation.set_item(machine, table, evaluated, held)
    return table


def starred(machine: Machine, node: facts.Starred, frame: Frame) -> Value:
    return machine.evaluate(node.value, frame)


def subscript(machine: Machine, node: facts.Subscript, frame: Frame) -> Value:
    container = machine.evaluate(node.value, frame)
    if isinstance(node.key, facts.Slice):
        bounds = tuple(
            None if bound is None else machine.evaluate(bound, frame)
            for bound in (node.key.lower, node.key.upper, node.key.step)
        )
        return subscripts.get_slice(machine, container, bounds)
    index = machine.evaluate(node.key, frame)
    if isinstance(container, Table) and container.observer is not None:
        for key in texts(index):
            container.observer.reads(key)
    if hashing.looks_up(container):
        hashing.ask_key(machine, container, index, frame)
    if not any(isinstance(option, (Instance, Class, External)) for option in options(container)):
        return subscripts.get_item(machine, container, index)
    return iteration.each(machine, container, lambda option: _item(machine, option, index, frame))


def _item(machine: Machine, container: Value, index: Value, frame: Frame) -> Value:
    """``container[index]``, where the container is one value."""
    if isinstance(container, Instance):
        method = attributes.attribute(machine, container, "__getitem__", frame)
        found = machine.call(method, Arguments((index,)), frame)
        if not isinstance(method, External):
            return found
        with machine.doubted():  # a mapping of a library's kind, which may lack the key
            missing = special_methods.call(machine, container, "__missing__", (index,), frame)
        return found if missing is None else join(found, missing)
    if isinstance(container, Class):
        own = special_methods.call(machine, container, "__getitem__", (index,), frame)
        if own is not None:
            return own
        if special_methods.class_attribute(container, "__class_getitem__") is not None:
            method = attributes.attribute(machine, container, "__class_getitem__", frame)
            return machine.call(method, Arguments((index,)), frame)
    if isinstance(container, External) and container.path in machine.library.items:
        return machine.library.items[container.path](machine, container, index, frame)
    return subscripts.get_item(machine, container, index)


def slice_node(machine: Machine, node: facts.Slice, frame: Frame) -> Value:
    return UNKNOWN


# --- operators --------------------------------------------------------------------------------------------------


def unary(machine: Machine, node: facts.Unary, frame: Frame) -> Value:
    operand = machine.evaluate(node.operand, frame)
    if node.operator == "not":
        holds = special_methods.holds(machine, operand, frame)
        return UNKNOWN if holds is None else (FALSE if holds else TRUE)
    return join(*(_signed(node.operator, option) for option in options(operand)))


def _signed(operator: str, operand: Value) -> Value:
    if isinstance(operand, Literal) and isinstance(operand.value, (int, float)):
        number = operand.value
        if operator != "~":
            return Literal(-number if operator == "-" else +number)
        return Literal(~number) if isinstance(number, int) else UNKNOWN
    return UNKNOWN


def binary(machine: Machine, node: facts.Binary, frame: Frame) -> Value:
    raised = machine.errors.raised
    left = machine.evaluate(node.left, frame)
    if machine.errors.raised == raised:
        return operators.binary(machine, node.operator, left, machine.evaluate(node.right, frame), frame)
    return in_doubt(
        machine, lambda: operators.binary(machine, node.operator, left, machine.evaluate(node.right, frame), frame)
    )


def compare(machine: Machine, node: facts.Compare, frame: Frame) -> Value:
    left = machine.evaluate(node.left, frame)
    result: Value = TRUE
    for symbol, operand in node.rest:
        with machine.doubted(result is UNKNOWN):
            right = machine.evaluate(operand, frame)
            answer = operators.compare(machine, symbol, left, right, frame)
        if truth(answer) is False:
            return FALSE
        if truth(answer) is None:
            result = UNKNOWN
        left = right
    return result


@contextmanager
def _behind_gate(machine: Machine, frame: Frame, kind: str, holds: bool | None, reads_argv: bool) -> Iterator[None]:
    """Evaluate an operand that runs only under a condition; the condition is a gate if it ``reads_argv``."""
    outside = frame.gates
    if reads_argv:
        frame.gates = (*outside, machine.recorder.gate(frame, kind, holds))
    try:
        yield
    finally:
        frame.gates = outside


def boolean(machine: Machine, node: facts.Boolean, frame: Frame) -> Value:
    reads_before, switches_before = machine.argv_dependence.count, machine.switches.count
    left = machine.evaluate(node.left, frame)
    holds = special_methods.holds(machine, left, frame)
    stops = node.operator == "or"
    with _behind_gate(machine, frame, "and", holds, machine.argv_dependence.count != reads_before):
        if holds is stops:
            return left
        with machine.doubted(holds is None, machine.switches.count != switches_before):
            right = machine.evaluate(node.right, frame)
    if holds is not None:
        return right
    decides = isinstance(right, Literal) and isinstance(right.value, bool)
    kept = [option for option in options(left) if truth(option) is not (not stops)]
    if decides and truth(right) is stops:  # whatever the left side is, the truth of the whole is known
        kept = [option if truth(option) is stops else TRUTHY if stops else FALSY for option in kept]
    return join(*kept, right)


def conditional(machine: Machine, node: facts.Conditional, frame: Frame) -> Value:
    reads_before, switches_before = machine.argv_dependence.count, machine.switches.count
    holds = special_methods.holds(machine, machine.evaluate(node.test, frame), frame)
    switch = machine.switches.count != switches_before
    found = []
    with _behind_gate(machine, frame, "if", holds, machine.argv_dependence.count != reads_before):
        for branch in (node.body, node.orelse) if holds is None else (node.body if holds else node.orelse,):
            with machine.doubted(holds is None, switch):
                found.append(machine.evaluate(branch, frame))
    return join(*found)


def format_node(machine: Machine, node: facts.Format, frame: Frame) -> Value:
    result: Value = Literal("")
    written: list[str] = []  # what follows the result, and is known
    length = 0
    for part in node.parts:
        value = machine.evaluate(part, frame)
        value = operators.converted(machine, value, "format", frame) or value
        pieces = [_as_text(option) for option in options(value)]
        if None in pieces:
            result = UNKNOWN  # keep evaluating: parts may call functions
            continue
        known = [piece for piece in pieces if piece is not None]
        if len(known) == 1:
            written += known
            length += len(known[0])
            if length > TEXT_LIMIT:
                result, written, length = UNKNOWN, [], 0
        elif result is not UNKNOWN:
            before = arithmetic.binary(machine, "+", result, Literal("".join(written)))
            result, written = arithmetic.binary(machine, "+", before, join(*map(Literal, known))), []
            length = 0
    return result if result is UNKNOWN else arithmetic.binary(machine, "+", result, Literal("".join(written)))


def _as_text(value: Value) -> str | None:
    if isinstance(value, FilePath):
        return value.path
    if isinstance(value, Literal) and isinstance(value.value, (str, int, bool, type(None))):
        return str(value.value) if not isinstance(value.value, int) or abs(value.value) < 1 << 64 else None
    return None


def lambda_node(machine: Machine, node: facts.Lambda, frame: Frame) -> Value:
    qualname = f"{frame.qualname}.<lambda>" if frame.qualname else "<lambda>"
    defaults = definitions.default_values(machine, node.parameters, frame)
    closure = definitions.closure_of(frame)
    return Function(node, frame.module, closure, qualname, defaults, frame.line)


def walrus(machine: Machine, node: facts.Walrus, frame: Frame) -> Value:
    value = machine.evaluate(node.value, frame)
    target: EnclosingScope = frame
    while target.kind == "comprehension" and target.closure is not None:
        target = target.closure
    machine.write(target.scope_of(node.target), node.target, value)
    return value


def await_node(machine: Machine, node: facts.Await, frame: Frame) -> Value:
    return run_coroutine(machine, machine.evaluate(node.value, frame), frame)


def yield_node(machine: Machine, node: facts.Yield, frame: Frame) -> Value:
    value = NONE if node.value is None else machine.evaluate(node.value, frame)
    take = frame.take
    if take is None:
        return UNKNOWN

    def hand_on(item: Item) -> bool:
        machine.step()
        last = take(Item(item.value, item.sure and machine.is_sure(frame)))
        frame.paused |= last
        return last

    if not node.delegated:
        hand_on(Item(value))
    elif not iteration.consume(machine, value, frame, hand_on):
        frame.complete = False
        with machine.doubted():
            take(Item(UNKNOWN, False))
    return UNKNOWN


TABLE: dict[type, Callable[[Machine, Any, Frame], Value]] = {
    facts.Constant: constant,
    facts.Opaque: opaque,
    facts.Name: name,
    facts.Attribute: attribute_node,
    facts.Call: call_node,
    facts.Starred: starred,
    facts.Display: display,
    facts.Dictionary: dictionary,
    facts.Subscript: subscript,
    facts.Slice: slice_node,
    facts.Unary: unary,
    facts.Binary: binary,
    facts.Compare: compare,
    facts.Boolean: boolean,
    facts.Conditional: conditional,
    facts.Format: format_node,
    facts.Lambda: lambda_node,
    facts.Comprehension: comprehensions.comprehension,
    facts.Walrus: walrus,
    facts.Await: await_node,
    facts.Yield: yield_node,
}
