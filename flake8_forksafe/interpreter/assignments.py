"""Executing assignments and deletions."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from flake8_forksafe.interpreter import operators, sequences
from flake8_forksafe.interpreter.blocks import bind
from flake8_forksafe.interpreter.frames import Flow, Frame
from flake8_forksafe.interpreter.values import (
    Class,
    External,
    Function,
    Instance,
    Items,
    Literal,
    ModuleValue,
    Table,
    Value,
    join,
    options,
)
from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Expression

if TYPE_CHECKING:
    from flake8_forksafe.interpreter.walk import Walk


def run_assign(walk: Walk, node: facts.Assign, frame: Frame) -> Flow:
    sensed = walk.sensed
    value = walk.evaluate(node.value, frame)
    if walk.sensed != sensed:
        value = walk.sense(value)
    for target in node.targets:
        assign(walk, target, value, frame)
    return Flow.NEXT


def assign(walk: Walk, target: Expression, value: Value, frame: Frame) -> None:
    """Bind a value to a target."""
    if isinstance(target, facts.Name):
        bind(walk, frame, target.id, value)
    elif isinstance(target, facts.Attribute):
        set_attribute(walk, walk.evaluate(target.value, frame), target.name, value, frame)
    elif isinstance(target, facts.Subscript):
        container = walk.evaluate(target.value, frame)
        with walk.watching_environment(frame) if container is walk.environ else nullcontext():
            key = walk.evaluate(target.key, frame)
            if operators.special(walk, container, "__setitem__", (key, value), frame) is None:
                sequences.set_item(walk, container, key, value)
    elif isinstance(target, facts.Display):
        for inner, part in zip(target.items, sequences.unpack(walk, value, target.items), strict=True):
            assign(walk, inner.value if isinstance(inner, facts.Starred) else inner, part, frame)


def set_attribute(walk: Walk, holder: Value, name: str, value: Value, frame: Frame) -> None:
    """``holder.name = value``."""
    for option in options(holder):
        if isinstance(option, ModuleValue):
            names = option.module.contents
        elif isinstance(option, (Instance, Class, External, Function)):
            names = option.names
        else:
            continue
        stored: Value | None = value
        if isinstance(option, Instance):
            stored = operators.assign_attribute(walk, option, name, value, frame)
        if stored is None:
            continue
        if isinstance(option, External):
            setter = walk.library.setters.get(option.path)
            if setter is not None:
                setter(walk, option, name, value, frame)
        known = names.get(name)
        walk.write(names, name, stored if known is None or option is holder else join(known, stored))


def run_augment(walk: Walk, node: facts.Augment, frame: Frame) -> Flow:
    left = walk.evaluate(node.target, frame)
    right = walk.evaluate(node.value, frame)
    for option in options(left):
        if node.operator == "+" and isinstance(option, Items) and option.kind == "list":
            sequences.extend(walk, option, right)
            return Flow.NEXT
        if node.operator == "|" and isinstance(option, (Items, Table)) and not isinstance(left, Literal):
            with walk.watching_environment(frame) if option is walk.environ else nullcontext():
                sequences.update(walk, option, right)
            return Flow.NEXT
    assign(walk, node.target, operators.augmented(walk, node.operator, left, right, frame), frame)
    return Flow.NEXT


def run_delete(walk: Walk, node: facts.Delete, frame: Frame) -> Flow:
    for target in node.targets:
        if isinstance(target, facts.Name):
            names = frame.scope_of(target.id)
            if names is frame.names or walk.is_sure(frame):
                names.pop(target.id, None)
        elif isinstance(target, facts.Subscript):
            container = walk.evaluate(target.value, frame)
            key = walk.evaluate(target.key, frame)
            if operators.special(walk, container, "__delitem__", (key,), frame) is None:
                sequences.delete_item(walk, container, key)
    return Flow.NEXT
