"""Executes assignments and deletions."""

from __future__ import annotations

from flake8_forksafe.interpreter import hashing, iteration, lifetime, mutation, operators, special_methods
from flake8_forksafe.interpreter.blocks import bind_name, unbind_name
from flake8_forksafe.interpreter.containers import Items, NamesTable, Table
from flake8_forksafe.interpreter.frames import Flow, Frame
from flake8_forksafe.interpreter.identity import key_of
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.namespace import Names, lacks
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    Class,
    Descriptor,
    External,
    Function,
    Instance,
    Literal,
    Method,
    ModuleValue,
    Value,
    join,
    options,
)
from flake8_forksafe.project.layout import FIRST_PARTY
from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Expression

WHOLE = facts.Slice(None, None, None)
"""``[:]``."""


def run_assign(machine: Machine, node: facts.Assign, frame: Frame) -> Flow:
    reads_before, switches_before = machine.argv_dependence.count, machine.switches.count
    value = machine.evaluate(node.value, frame)
    if machine.argv_dependence.count != reads_before:
        value = machine.argv_dependence.mark(value)
    elif machine.switches.count != switches_before:
        value = machine.switches.mark_unknown(value)
    for target in node.targets:
        assign(machine, target, value, frame)
    return Flow.NEXT


def assign(machine: Machine, target: Expression, value: Value, frame: Frame) -> None:
    """Bind a value to a target."""
    if isinstance(target, facts.Name):
        bind_name(machine, frame, target.id, value)
    elif isinstance(target, facts.Attribute):
        set_attribute(machine, machine.evaluate(target.value, frame), target.name, value, frame)
    elif isinstance(target, facts.Subscript):
        container = machine.evaluate(target.value, frame)
        with mutation.watched(container, frame):
            key = machine.evaluate(target.key, frame)
            if special_methods.call(machine, container, "__setitem__", (key, value), frame) is not None:
                return
            if hashing.looks_up(container):
                hashing.ask_key(machine, container, key, frame)
            if target.key == WHOLE and isinstance(container, Items):
                mutation.replace_all(machine, container, value)
            else:
                mutation.set_item(machine, container, key, value)
                if isinstance(container, NamesTable) and any(key_of(option) is None for option in options(key)):
                    note_unknown_names(machine, container.names, frame)
    elif isinstance(target, facts.Display):
        for inner, part in zip(target.items, iteration.unpack(machine, value, target.items), strict=True):
            assign(machine, inner.value if isinstance(inner, facts.Starred) else inner, part, frame)


def note_unknown_names(machine: Machine, names: dict[str, Value], frame: Frame) -> None:
    """Say so if names that are not known are put into a module of the project: they may be settings, or decide what
    else is imported.
    """
    module = frame.module
    if names is not module.names:
        module = next((one for one in machine.imports.modules.values() if one.names is names), module)
    if names is module.names and module.found.origin == FIRST_PARTY:
        machine.note("FS192", frame, f"the names that are put into the module {module.name!r} here cannot be resolved")


def set_attribute(machine: Machine, holder: Value, name: str, value: Value, frame: Frame) -> None:
    """``holder.name = value``."""
    for option in options(holder):
        names = names_of(option)
        if names is None:
            continue
        stored: Value | None = value
        if isinstance(option, Instance):
            stored = operators.assign_attribute(machine, option, name, value, frame)
        if stored is None:
            continue
        if isinstance(option, External):
            setter = machine.library.setters.get(option.path)
            if setter is not None:
                setter(machine, option, name, value, frame)
        if isinstance(option, ModuleValue) and name == "__class__":
            answer_for(machine, option, value, option)
        store(machine, names, name, stored, option is holder)


def answer_for(machine: Machine, module: ModuleValue, cls: Value, holder: Value) -> None:
    """Let ``__getattr__`` of a class answer for the attributes that a module lacks, as a method of ``holder``."""
    hook = special_methods.class_attribute(cls, "__getattr__")
    if hook is not None:
        machine.write(module.module.names, "__getattr__", Method(hook, holder))


def names_of(holder: Value) -> dict[str, Value] | None:
    """The attributes that something has itself, and that may be set and deleted; None if it has none."""
    if isinstance(holder, ModuleValue):
        return holder.module.names
    return holder.names if isinstance(holder, (Instance, Class, External, Function)) else None


def store(machine: Machine, names: dict[str, Value], name: str, value: Value, sure: bool) -> None:
    """Bind an attribute; in one of several objects it only may be bound."""
    known = names.get(name)
    is_sure = sure or (known is not None and not lacks(names, name))
    machine.write(names, name, value if known is None or sure else join(known, value))
    if not is_sure and isinstance(names, Names):
        names.may_lack(name)


def delete_attribute(machine: Machine, holder: Value, name: str, frame: Frame) -> None:
    """``del holder.name``."""
    for option in options(holder):
        names = names_of(option)
        if names is None:
            continue
        if special_methods.call(machine, option, "__delattr__", (Literal(name),), frame) is not None:
            continue
        if isinstance(option, Instance) and name not in names:
            descriptor = special_methods.class_attribute(option.cls, name)
            if isinstance(descriptor, Descriptor) and descriptor.deleter is not None:
                machine.call(descriptor.deleter, Arguments((option,)), frame)
                continue
            if special_methods.call(machine, descriptor or UNKNOWN, "__delete__", (option,), frame) is not None:
                continue
        remove(machine, names, name, option is holder)


def remove(machine: Machine, names: dict[str, Value], name: str, sure: bool) -> None:
    """Unbind an attribute; one that only may be gone may be anything that is found behind it."""
    if name not in names:
        return
    if sure and machine.journal.doubt is machine.journal.certain:
        machine.journal.changes += 1
        del names[name]
    else:
        machine.write(names, name, join(names[name], UNKNOWN))
        if isinstance(names, Names):
            names.may_lack(name)


def run_augment(machine: Machine, node: facts.Augment, frame: Frame) -> Flow:
    left = machine.evaluate(node.target, frame)
    right = machine.evaluate(node.value, frame)
    if _changed_in_place(machine, node, left, right, frame):
        return Flow.NEXT
    results = []
    for option in options(left):
        with machine.doubted(option is not left):
            is_changed = _changed_in_place(machine, node, option, right, frame)
            results.append(option if is_changed else operators.augmented(machine, node.operator, option, right, frame))
    assign(machine, node.target, join(*results), frame)
    return Flow.NEXT


def _changed_in_place(machine: Machine, node: facts.Augment, left: Value, right: Value, frame: Frame) -> bool:
    """Whether ``left`` is a container that the operator changes; then it is changed."""
    if node.operator == "+" and isinstance(left, Items) and left.kind == "list":
        mutation.extend(machine, left, right)
        return True
    if node.operator in ("-", "&", "^") and isinstance(left, Items) and left.kind == "set":
        mutation.become(machine, left, operators.binary(machine, node.operator, left, right, frame))
        return True
    if node.operator == "*" and isinstance(left, Items) and left.kind == "list":
        mutation.become(machine, left, operators.binary(machine, node.operator, left, right, frame))
        return True
    if node.operator == "|" and (isinstance(left, Table) or (isinstance(left, Items) and left.kind == "set")):
        with mutation.watched(left, frame):
            mutation.update(machine, left, right)
        return True
    return False


def run_delete(machine: Machine, node: facts.Delete, frame: Frame) -> Flow:
    for target in node.targets:
        if isinstance(target, facts.Name):
            value = frame.names.get(target.id) if frame.kind == "module" else None
            unbind_name(machine, frame, target.id)
            if value is not None:
                lifetime.delete(machine, value)
        elif isinstance(target, facts.Attribute):
            delete_attribute(machine, machine.evaluate(target.value, frame), target.name, frame)
        elif isinstance(target, facts.Subscript):
            container = machine.evaluate(target.value, frame)
            key = machine.evaluate(target.key, frame)
            if special_methods.call(machine, container, "__delitem__", (key,), frame) is None:
                if hashing.looks_up(container):
                    hashing.ask_key(machine, container, key, frame)
                mutation.delete_item(machine, container, key)
    return Flow.NEXT
