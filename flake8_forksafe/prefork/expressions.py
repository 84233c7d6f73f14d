"""Evaluating expressions, and looking attributes up."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flake8_forksafe.prefork import operators, sequences, statements
from flake8_forksafe.prefork.frames import Frame
from flake8_forksafe.prefork.library.standard import path_attribute, run_coroutine
from flake8_forksafe.prefork.values import (
    BARE,
    FALSE,
    FALSY,
    NAMED_FIELDS,
    NONE,
    TRUE,
    TRUTHY,
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    Coroutine,
    Descriptor,
    External,
    FilePath,
    Function,
    Instance,
    Item,
    Items,
    LazyImport,
    Literal,
    Method,
    ModuleValue,
    Partial,
    Super,
    Table,
    Unknown,
    Value,
    join,
    options,
    text,
    texts,
    truth,
)
from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Expression

if TYPE_CHECKING:
    from flake8_forksafe.prefork.walk import Walk

PATH_LIMIT = 12
"""Attributes and calls in one external path; deeper, nothing is known about a library's object."""
COMPREHENSION_LIMIT = 20_000

ATTRIBUTE_ERROR = External("builtins.AttributeError()")


def constant(walk: Walk, node: facts.Constant, frame: Frame) -> Value:
    return Literal(node.value)


def opaque(walk: Walk, node: facts.Opaque, frame: Frame) -> Value:
    return UNKNOWN


def name(walk: Walk, node: facts.Name, frame: Frame) -> Value:
    value = frame.find(node.id)
    if value is None:
        return global_name(walk, node.id, frame)
    if isinstance(value, LazyImport):
        return statements.reify(walk, value, frame, frame.module.names)
    return value


def global_name(walk: Walk, identifier: str, frame: Frame) -> Value:
    """A name that no scope binds: a module attribute such as ``__name__``, or a builtin."""
    special = module_attribute(walk, frame.module.name, identifier) if identifier.startswith("__") else None
    if special is not None:
        return special
    if hasattr(builtins, identifier):
        return walk.external(f"builtins.{identifier}")
    return UNKNOWN


def module_attribute(walk: Walk, module: str, identifier: str) -> Value | None:
    """``__name__``, ``__file__`` and their kin."""
    found = walk.modules[module].found
    if identifier == "__name__":
        return Literal(module)
    if identifier == "__file__":
        return Literal(found.path) if found.path is not None else NONE
    if identifier == "__package__":
        return Literal(walk.modules[module].package)
    if identifier == "__path__" and found.is_package:
        return walk.items("list", [Literal(location) for location in found.locations])
    if identifier == "__doc__":
        return UNKNOWN
    if identifier == "__dict__":
        return walk.table(walk.modules[module].names, not walk.modules[module].open)
    return None


def attribute_node(walk: Walk, node: facts.Attribute, frame: Frame) -> Value:
    return attribute(walk, walk.evaluate(node.value, frame), node.name, frame)


def attribute(walk: Walk, value: Value, name: str, frame: Frame) -> Value:
    """``value.name``."""
    handler = ATTRIBUTES.get(type(value))
    if handler is not None:
        return handler(walk, value, name, frame)
    return builtin_method(value, name)


def builtin_method(value: Value, name: str) -> Value:
    """A method of a builtin type, such as ``list.append``."""
    if isinstance(value, Literal):
        kind = type(value.value).__name__
        if not hasattr(value.value, name):
            return value if name in ("value", "name") else UNKNOWN  # a member of an Enum
    elif isinstance(value, Items) and name in NAMED_FIELDS.get(value.kind, ()):
        return value.items[NAMED_FIELDS[value.kind].index(name)].value
    elif isinstance(value, Items):
        kind = value.kind
    elif isinstance(value, FilePath):
        return path_attribute(value, name)
    else:
        kind = "dict"
    return External(f"builtins.{kind}.{name}", value)


def module_value(walk: Walk, value: ModuleValue, name: str, frame: Frame) -> Value:
    module = value.module
    found = module.names.get(name)
    if found is not None:
        return statements.reified(walk, found, frame, value)
    special = module_attribute(walk, module.name, name) if name.startswith("__") else None
    if special is not None:
        return special
    module.inspected = True
    hook = module.names.get("__getattr__")
    if hook is not None:
        return walk.call(hook, Arguments((Literal(name),)), frame)
    if module.open or module.found.path is None:
        walk.may_fail(ATTRIBUTE_ERROR)
        return UNKNOWN
    return walk.fail("AttributeError")


def external_value(walk: Walk, value: External, name: str, frame: Frame) -> Value:
    if name in value.names:
        return value.names[name]
    provider = walk.library.attributes.get(value.path)
    if provider is not None:
        found = provider(walk, value, name, frame)
        if found is not None:
            return found
    if value.path.count(".") + value.path.count("(") > PATH_LIMIT:
        return UNKNOWN
    path = f"{value.path}.{name}"
    receiver = value if value.path.endswith("()") else value.receiver
    if path in walk.hazards and receiver is None:
        walk.import_name(path, frame)
    return walk.external(path, receiver)


def instance_value(walk: Walk, value: Instance, name: str, frame: Frame) -> Value:
    if name in value.names:
        return value.names[name]
    if name == "__class__":
        return value.cls
    if name == "__dict__":
        return walk.table(value.names, False)
    return from_classes(walk, list(value.cls.mro()), name, value, value.cls, frame)


def class_value(walk: Walk, value: Class, name: str, frame: Frame) -> Value:
    if name in ("__name__", "__qualname__"):
        return Literal(value.name if name == "__name__" else value.qualname)
    if name == "__module__":
        return Literal(value.module.name)
    if name == "__subclasses__":
        return External("builtins.type.__subclasses__", value)
    if name in ("__mro__", "__bases__"):
        return walk.items("tuple", list(value.mro()) if name == "__mro__" else list(value.bases))
    if name == "__dict__":
        return walk.table(value.names, False)
    if isinstance(value.metaclass, Class):
        found = next((base.names[name] for base in value.metaclass.mro()
                      if isinstance(base, Class) and name in base.names), None)  # fmt: skip
        if found is not None and not any(isinstance(base, Class) and name in base.names for base in value.mro()):
            return bind(walk, found, value, value.metaclass, frame)
    return from_classes(walk, list(value.mro()), name, None, value, frame)


def super_value(walk: Walk, value: Super, name: str, frame: Frame) -> Value:
    receiver = value.receiver
    cls = receiver.cls if isinstance(receiver, Instance) else receiver
    order = list(cls.mro()) if isinstance(cls, Class) else list(value.owner.mro())
    if value.owner in order:
        order = order[order.index(value.owner) + 1 :]
    instance = receiver if not isinstance(receiver, Class) else None
    return from_classes(walk, order, name, instance, cls, frame, hooked=False)


def from_classes(
    walk: Walk,
    order: list[Class | External],
    name: str,
    instance: Value | None,
    cls: Value,
    frame: Frame,
    hooked: bool = True,
) -> Value:
    """Look an attribute up along classes and bind it; ``hooked`` says whether ``__getattr__`` is asked for the rest."""
    for base in order:
        if isinstance(base, External):
            if base.path in BARE:
                continue
            owner = f"{base.path}()" if instance is not None else base.path
            if owner.count(".") + owner.count("(") > PATH_LIMIT:
                return UNKNOWN
            provider = walk.library.attributes.get(owner)
            if provider is not None and isinstance(instance, Instance):
                found = provider(walk, instance, name, frame)
                if found is not None:
                    return found
            return walk.external(f"{owner}.{name}", instance if instance is not None else cls)
        found = base.names.get(name)
        if found is not None:
            return bind(walk, found, instance, cls, frame)
    for base in order if hooked else ():
        hook = base.names.get("__getattr__") if isinstance(base, Class) else None
        if hook is not None and instance is not None:
            return walk.call(hook, Arguments((instance, Literal(name))), frame)
    if isinstance(instance, Instance):
        walk.may_fail(ATTRIBUTE_ERROR)
    return UNKNOWN


def bind(walk: Walk, found: Value, instance: Value | None, cls: Value, frame: Frame) -> Value:
    """The descriptor protocol."""
    if isinstance(found, Descriptor):
        if found.kind == "classmethod":
            return Method(found.function, cls)
        if found.kind == "staticmethod":
            return found.function
        return walk.call(found.function, Arguments((instance,)), frame) if instance is not None else found
    if isinstance(found, Function):
        return Method(found, instance) if instance is not None else found
    if isinstance(found, Choice):
        return join(*(bind(walk, option, instance, cls, frame) for option in found.options))
    if isinstance(found, Instance) and instance is not None:
        getter = next((base.names["__get__"] for base in found.cls.mro()
                       if isinstance(base, Class) and "__get__" in base.names), None)  # fmt: skip
        if getter is not None:
            return walk.call(getter, Arguments((found, instance, cls)), frame)
    return found


def function_value(walk: Walk, value: Function, name: str, frame: Frame) -> Value:
    if name in value.names:
        return value.names[name]
    if name in ("__name__", "__qualname__"):
        return Literal(value.qualname.rpartition(".")[2] if name == "__name__" else value.qualname)
    if name == "__module__":
        return Literal(value.module.name)
    if name == "__wrapped__":
        return value
    walk.may_fail(ATTRIBUTE_ERROR)
    return UNKNOWN


def method_value(walk: Walk, value: Method, name: str, frame: Frame) -> Value:
    if name == "__self__":
        return value.receiver
    if name == "__func__":
        return value.function
    return attribute(walk, value.function, name, frame)


def descriptor_value(walk: Walk, value: Descriptor, name: str, frame: Frame) -> Value:
    if name in ("setter", "deleter", "getter"):
        return Partial(External(f"forksafe.property.{name}"), Arguments((value,)))
    return attribute(walk, value.function, name, frame)


def choice_value(walk: Walk, value: Choice, name: str, frame: Frame) -> Value:
    return sequences.each(walk, value, lambda option: attribute(walk, option, name, frame))


def unknown_value(walk: Walk, value: Value, name: str, frame: Frame) -> Value:
    walk.may_fail(ATTRIBUTE_ERROR)
    return UNKNOWN


ATTRIBUTES: dict[type, Callable[[Walk, Any, str, Frame], Value]] = {
    ModuleValue: module_value,
    External: external_value,
    Instance: instance_value,
    Class: class_value,
    Super: super_value,
    Function: function_value,
    Method: method_value,
    Descriptor: descriptor_value,
    Choice: choice_value,
    Unknown: unknown_value,
    Partial: unknown_value,
    Coroutine: unknown_value,
    LazyImport: unknown_value,
}


# --- calls ------------------------------------------------------------------------------------------------------


def call_node(walk: Walk, node: facts.Call, frame: Frame) -> Value:
    function = walk.evaluate(node.function, frame)
    if isinstance(function, External) and function.path == "builtins.super":
        return super_call(walk, node, frame)
    stops = STOPS.get(function.path) if isinstance(function, External) else None
    first = node.arguments[0].value if node.arguments else None
    if stops is not None and isinstance(first, facts.Comprehension) and first.kind == "generator":
        passed = arguments(walk, node.arguments[1:], frame)
        rounds = comprehension(walk, first, frame, stops)
        return walk.call(function, passed._replace(positional=(rounds, *passed.positional)), frame)
    return walk.call(function, arguments(walk, node.arguments, frame), frame)


STOPS: dict[str, Callable[[Value], bool | None]] = {
    "builtins.any": truth,
    "builtins.all": lambda value: None if (holds := truth(value)) is None else not holds,
    "builtins.next": lambda value: True,
}
"""Functions that take no more from a generator than they need: whether an element is the last that is taken."""


class _Enough(Exception):
    """No further element is taken from a generator."""


def super_call(walk: Walk, node: facts.Call, frame: Frame) -> Value:
    values = [walk.evaluate(argument.value, frame) for argument in node.arguments]
    inner = frame
    while inner.owner is None and inner.closure is not None:
        inner = inner.closure
    owner = values[0] if values else inner.owner
    receiver = values[1] if len(values) > 1 else inner.receiver
    if isinstance(owner, Class) and receiver is not None:
        return Super(owner, receiver)
    return UNKNOWN


def arguments(walk: Walk, nodes: tuple[facts.Argument, ...], frame: Frame) -> Arguments:
    """Evaluate what a call passes."""
    positional: list[Value] = []
    keywords: dict[str, Value] = {}
    complete = True
    for argument in nodes:
        value = walk.evaluate(argument.value, frame)
        if argument.keyword is not None:
            keywords[argument.keyword] = value
        elif argument.star == "*":
            items = sequences.iterate(walk, value, frame)
            complete &= items.complete and all(item.sure for item in items.items)
            positional.extend(item.value for item in items.items)
        elif argument.star == "**":
            complete &= isinstance(value, Table) and value.complete
            if isinstance(value, Table):
                keywords.update({key: item.value for key, item in value.entries.items() if isinstance(key, str)})
        else:
            positional.append(value)
    return Arguments(tuple(positional), keywords, complete)


# --- containers -------------------------------------------------------------------------------------------------


def display(walk: Walk, node: facts.Display, frame: Frame) -> Value:
    found: list[Item] = []
    complete = True
    for item in node.items:
        if isinstance(item, facts.Starred):
            inner = sequences.iterate(walk, walk.evaluate(item.value, frame), frame)
            found.extend(inner.items)
            complete &= inner.complete
        else:
            found.append(Item(walk.evaluate(item, frame)))
    if node.kind == "set":
        found = sequences.distinct(found)
    return Items(node.kind, found, walk.doubt, complete)


def dictionary(walk: Walk, node: facts.Dictionary, frame: Frame) -> Value:
    table = Table({}, walk.doubt)
    for key, value in node.items:
        if key is None:
            sequences.update(walk, table, walk.evaluate(value, frame))
        else:
            evaluated = walk.evaluate(key, frame)
            sequences.set_item(walk, table, evaluated, walk.evaluate(value, frame))
    return table


def starred(walk: Walk, node: facts.Starred, frame: Frame) -> Value:
    return walk.evaluate(node.value, frame)


def subscript(walk: Walk, node: facts.Subscript, frame: Frame) -> Value:
    container = walk.evaluate(node.value, frame)
    if isinstance(node.key, facts.Slice):
        bounds = tuple(
            None if bound is None else walk.evaluate(bound, frame)
            for bound in (node.key.lower, node.key.upper, node.key.step)
        )
        return sequences.get_slice(walk, container, bounds)
    index = walk.evaluate(node.key, frame)
    if container is walk.environ:
        walk.variables_read.update(texts(index))
    for option in options(container):
        if isinstance(option, Instance):
            method = attribute(walk, option, "__getitem__", frame)
            return walk.call(method, Arguments((index,)), frame)
        if isinstance(option, External):
            getter = walk.library.items.get(option.path)
            if getter is not None:
                return getter(walk, option, index, frame)
    return sequences.get_item(walk, container, index)


def slice_node(walk: Walk, node: facts.Slice, frame: Frame) -> Value:
    return UNKNOWN


def comprehension(
    walk: Walk, node: facts.Comprehension, frame: Frame, stops: Callable[[Value], bool | None] = lambda value: False
) -> Value:
    inner = Frame(frame.module, frame.node, "comprehension", frame.base, frame)
    inner.line, inner.column = frame.line, frame.column
    inner.qualname, inner.owner, inner.receiver = frame.qualname, frame.owner, frame.receiver
    table = Table({}, walk.doubt)
    found = Items("iterator" if node.kind == "generator" else node.kind, (), walk.doubt)
    stopped = False

    def emit(sure: bool) -> None:
        nonlocal stopped
        with walk.doubted(stopped):
            element = walk.evaluate(node.element, inner)
            value = walk.evaluate(node.value, inner) if node.value is not None else None
        sure &= not stopped
        if value is not None:
            _enter(table, sequences.key_of(element), value, sure)
        elif (element is UNKNOWN and not sure) or len(found.items) >= COMPREHENSION_LIMIT:
            found.complete = False
        else:
            found.items.append(Item(element, sure))
        last = stops(element)
        if last and sure:
            raise _Enough
        stopped |= last is not False

    try:
        complete = _rounds(walk, node.clauses, inner, True, emit)
    except _Enough:
        complete = True
    if node.kind == "dict":
        table.complete &= complete
        return table
    found.complete &= complete
    if node.kind == "set":
        found.items = sequences.distinct(found.items)
    return found


def _enter(table: Table, key: object | None, value: Value, sure: bool) -> None:
    """``key: value`` in a dict comprehension."""
    known = table.entries.get(key)
    if key is None:
        table.complete = False
    elif known is None or sure:
        table.entries[key] = Item(value, sure)
    else:
        table.entries[key] = Item(join(known.value, value), known.sure)


def _rounds(
    walk: Walk, clauses: tuple[facts.Clause, ...], frame: Frame, sure: bool, emit: Callable[[bool], None]
) -> bool:
    """Run the rounds of a comprehension: ``emit`` is told whether each happens for sure.

    Returns whether all rounds are known.
    """
    clause = clauses[0]
    iterable = sequences.iterate(walk, walk.evaluate(clause.iterable, frame), frame)
    complete = iterable.complete
    rounds = [*iterable.items, *(() if complete else (Item(UNKNOWN, False),))]
    for item in rounds:
        walk.step()
        with walk.doubted(not item.sure):
            statements.assign(walk, clause.target, item.value, frame)
            holds = _all_hold(walk, clause.conditions, frame)
            if holds is False:
                continue
            certain = sure and item.sure and holds is True
            with walk.doubted(holds is None):
                if len(clauses) > 1:
                    complete &= _rounds(walk, clauses[1:], frame, certain, emit)
                else:
                    emit(certain)
    return complete


def _all_hold(walk: Walk, conditions: tuple[Expression, ...], frame: Frame) -> bool | None:
    """Whether the conditions of a comprehension hold; those behind one that does not are not evaluated."""
    result: bool | None = True
    for condition in conditions:
        with walk.doubted(result is None):
            holds = operators.holds(walk, walk.evaluate(condition, frame), frame)
        if holds is False:
            return False
        if holds is None:
            result = None
    return result


# --- operators --------------------------------------------------------------------------------------------------


def unary(walk: Walk, node: facts.Unary, frame: Frame) -> Value:
    operand = walk.evaluate(node.operand, frame)
    if node.operator == "not":
        holds = operators.holds(walk, operand, frame)
        return UNKNOWN if holds is None else (FALSE if holds else TRUE)
    return join(*(_signed(node.operator, option) for option in options(operand)))


def _signed(operator: str, operand: Value) -> Value:
    if isinstance(operand, Literal) and isinstance(operand.value, (int, float)):
        number = operand.value
        if operator != "~":
            return Literal(-number if operator == "-" else +number)
        return Literal(~number) if isinstance(number, int) else UNKNOWN
    return UNKNOWN


def binary(walk: Walk, node: facts.Binary, frame: Frame) -> Value:
    left = walk.evaluate(node.left, frame)
    return operators.binary(walk, node.operator, left, walk.evaluate(node.right, frame), frame)


def compare(walk: Walk, node: facts.Compare, frame: Frame) -> Value:
    left = walk.evaluate(node.left, frame)
    result: Value = TRUE
    for symbol, operand in node.rest:
        right = walk.evaluate(operand, frame)
        answer = operators.compare(walk, symbol, left, right, frame)
        if truth(answer) is False:
            return FALSE
        if truth(answer) is None:
            result = UNKNOWN
        left = right
    return result


@contextmanager
def _behind_gate(walk: Walk, frame: Frame, kind: str, holds: bool | None, sensed: bool) -> Iterator[None]:
    """Evaluate something that stands behind a condition, which is a gate if it ``sensed`` the process."""
    outside = frame.gates
    if sensed:
        frame.gates = (*outside, walk.gate(frame, kind, holds))
    try:
        yield
    finally:
        frame.gates = outside


def boolean(walk: Walk, node: facts.Boolean, frame: Frame) -> Value:
    sensed = walk.sensed
    left = walk.evaluate(node.left, frame)
    holds = operators.holds(walk, left, frame)
    stops = node.operator == "or"
    with _behind_gate(walk, frame, "and", holds, walk.sensed != sensed):
        if holds is stops:
            return left
        with walk.doubted(holds is None):
            right = walk.evaluate(node.right, frame)
    if holds is not None:
        return right
    decides = isinstance(right, Literal) and isinstance(right.value, bool)
    kept = [option for option in options(left) if truth(option) is not (not stops)]
    if decides and truth(right) is stops:  # whatever the left side is, the truth of the whole is known
        kept = [option if truth(option) is stops else TRUTHY if stops else FALSY for option in kept]
    return join(*kept, right)


def conditional(walk: Walk, node: facts.Conditional, frame: Frame) -> Value:
    sensed = walk.sensed
    holds = operators.holds(walk, walk.evaluate(node.test, frame), frame)
    found = []
    with _behind_gate(walk, frame, "if", holds, walk.sensed != sensed):
        for branch in (node.body, node.orelse) if holds is None else (node.body if holds else node.orelse,):
            with walk.doubted(holds is None):
                found.append(walk.evaluate(branch, frame))
    return join(*found)


def format_node(walk: Walk, node: facts.Format, frame: Frame) -> Value:
    result: Value = Literal("")
    for part in node.parts:
        value = walk.evaluate(part, frame)
        value = operators.converted(walk, value, "str", frame) or value
        pieces = [_as_text(option) for option in options(value)]
        if None in pieces:
            result = UNKNOWN  # keep evaluating: parts may call functions
            continue
        if result is not UNKNOWN:
            result = sequences.binary(walk, "+", result, join(*(Literal(piece) for piece in pieces)))
    return result


def _as_text(value: Value) -> str | None:
    if isinstance(value, FilePath):
        return value.path
    if isinstance(value, Literal) and isinstance(value.value, (str, int, bool, type(None))):
        return str(value.value) if not isinstance(value.value, int) or abs(value.value) < 1 << 64 else None
    return None


def lambda_node(walk: Walk, node: facts.Lambda, frame: Frame) -> Value:
    qualname = f"{frame.qualname}.<lambda>" if frame.qualname else "<lambda>"
    defaults = statements.default_values(walk, node.parameters, frame)
    closure = frame if frame.kind in ("function", "comprehension") else None
    return Function(node, frame.module, closure, qualname, defaults, frame.line)


def walrus(walk: Walk, node: facts.Walrus, frame: Frame) -> Value:
    value = walk.evaluate(node.value, frame)
    target = frame
    while target.kind == "comprehension" and target.closure is not None:
        target = target.closure
    walk.write(target.scope_of(node.target), node.target, value)
    return value


def await_node(walk: Walk, node: facts.Await, frame: Frame) -> Value:
    return run_coroutine(walk, walk.evaluate(node.value, frame), frame)


def yield_node(walk: Walk, node: facts.Yield, frame: Frame) -> Value:
    value = NONE if node.value is None else walk.evaluate(node.value, frame)
    holder = frame
    while holder.kind == "comprehension" and holder.closure is not None:
        holder = holder.closure
    if node.delegated:
        inner = sequences.iterate(walk, value, frame)
        holder.yields.extend(Item(item.value, item.sure and walk.is_sure(holder)) for item in inner.items)
        if not inner.complete:
            holder.yields.append(Item(UNKNOWN, False))
    else:
        holder.yields.append(Item(value, walk.is_sure(holder)))
    return UNKNOWN


TABLE: dict[type, Callable[[Walk, Any, Frame], Value]] = {
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
    facts.Comprehension: comprehension,
    facts.Walrus: walrus,
    facts.Await: await_node,
    facts.Yield: yield_node,
}

__all__ = ["TABLE", "attribute", "text"]
