"""Operators and statements that call special methods of first-party classes.

Everything here falls back to what is known of builtin values (:mod:`~flake8_forksafe.interpreter.arithmetic`,
:mod:`~flake8_forksafe.interpreter.comparison`).
"""

from __future__ import annotations

from flake8_forksafe.interpreter import arithmetic, class_errors, comparison, hashing, special_methods
from flake8_forksafe.interpreter.containers import Items
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.generators import taken_until
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    Class,
    Descriptor,
    External,
    Instance,
    Literal,
    Value,
    join,
    options,
)
from flake8_forksafe.interpreter.widening import repeat

ARITHMETIC = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "<<": "lshift", ">>": "rshift", "&": "and", "|": "or", "^": "xor",
}  # fmt: skip
COMPARISON = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
REFLECTED = {"==": "eq", "!=": "ne", "<": "gt", "<=": "ge", ">": "lt", ">=": "le"}


def binary(machine: Machine, symbol: str, left: Value, right: Value, frame: Frame) -> Value:
    """``left <symbol> right``."""
    name = ARITHMETIC[symbol]
    for value, method, other in ((left, f"__{name}__", right), (right, f"__r{name}__", left)):
        result = special_methods.call(machine, value, method, (other,), frame)
        if result is not None:
            return result
    if symbol == "@":
        _multiply_matrices(machine, left, right, frame)
    return arithmetic.binary(machine, symbol, left, right)


def _multiply_matrices(machine: Machine, left: Value, right: Value, frame: Frame) -> None:
    """``left @ right`` of a library's arrays is a call of ``__matmul__`` of the first one that is known."""
    known = next((value for value in (*options(left), *options(right)) if isinstance(value, External)), None)
    if known is not None:
        machine.use(frame, f"{known.path}.__matmul__", Arguments((right,)))


def augmented(machine: Machine, symbol: str, left: Value, right: Value, frame: Frame) -> Value:
    """What ``left <symbol>= right`` binds."""
    result = special_methods.call(machine, left, f"__i{ARITHMETIC[symbol]}__", (right,), frame)
    return binary(machine, symbol, left, right, frame) if result is None else result


def compare(machine: Machine, symbol: str, left: Value, right: Value, frame: Frame) -> Value:
    """``left <symbol> right`` for a comparison."""
    if symbol in ("in", "not in"):
        found = special_methods.call(machine, right, "__contains__", (left,), frame)
        answer = None if found is None else special_methods.holds(machine, found, frame)
        if found is not None:
            return UNKNOWN if answer is None else Literal(answer != (symbol == "not in"))
        if hashing.looks_up(right):
            hashing.ask_key(machine, right, left, frame)
        else:
            _ask_whether_equal(machine, left, right, frame)
        if isinstance(right, Instance):  # which has no __contains__, and is asked for its elements
            right = taken_until(machine, right, frame, lambda element: comparison.equal(element, left))
    if symbol in COMPARISON:
        sides = ((left, COMPARISON[symbol], right), (right, REFLECTED[symbol], left))
        for value, name, other in sides:
            result = special_methods.call(machine, value, f"__{name}__", (other,), frame)
            if result is None and symbol == "!=":
                found = special_methods.call(machine, value, "__eq__", (other,), frame)
                answer = None if found is None else special_methods.holds(machine, found, frame)
                result = None if found is None else UNKNOWN if answer is None else Literal(not answer)
            if result is not None:
                return result
        if symbol not in ("==", "!="):
            _compare_otherwise(machine, left, right, frame)
    return comparison.compare(machine, symbol, left, right)


def _ask_whether_equal(machine: Machine, element: Value, container: Value, frame: Frame) -> None:
    """Ask objects whether they equal one another, as ``element in container`` does until one is equal."""
    items = [item.value for item in container.items[:ASKED]] if isinstance(container, Items) else []

    def ask() -> None:
        for item in items:
            for value, other in ((item, element), (element, item)):
                special_methods.call(machine, value, "__eq__", (other,), frame)

    if any(isinstance(value, Instance) for value in (element, *items)):
        repeat(machine, ask)


ASKED = 20
"""Elements of a container that are asked."""


def _compare_otherwise(machine: Machine, left: Value, right: Value, frame: Frame) -> None:
    """Call how objects compare in other ways: ``functools.total_ordering`` makes the one of it."""

    def ask() -> None:
        for value, other in ((left, right), (right, left)):
            for name in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__") if isinstance(value, Instance) else ():
                special_methods.call(machine, value, name, (other,), frame)

    if isinstance(left, Instance) or isinstance(right, Instance):
        repeat(machine, ask)


CONVERSIONS = {"str": ("__str__", "__repr__"), "format": ("__format__", "__str__", "__repr__")}
"""The special methods that a conversion asks, the first that a class has; else it is the one of the same name."""


def converted(machine: Machine, value: Value, kind: str, frame: Frame) -> Value | None:
    """``str(value)``, ``int(value)`` and their kin, for objects that define how."""
    for name in {"str": ("__str__", "__repr__"), "format": ("__format__", "__str__", "__repr__")}.get(
        kind, (f"__{kind}__",)
    ):
        passed = (UNKNOWN,) if name == "__format__" else ()
        result = special_methods.call(machine, value, name, passed, frame)
        if result is not None:
            return result
    return None


def assign_attribute(machine: Machine, instance: Instance, name: str, value: Value, frame: Frame) -> Value | None:
    """What ``instance.name = value`` binds in the object: nothing where a property or a descriptor takes it."""
    for base in instance.cls.mro():
        found = base.names.get(name) if isinstance(base, Class) else None
        if isinstance(found, Descriptor) and found.setter is not None:
            machine.call(found.setter, Arguments((instance, value)), frame)
            return None
        if isinstance(found, Instance):
            taken = special_methods.call(machine, found, "__set__", (instance, value), frame)
            return None if taken is not None else value
        if found is not None:
            break
    changed = special_methods.call(machine, instance, "__setattr__", (Literal(name), value), frame)
    if changed is None:
        class_errors.check_attribute(machine, instance, name)
    return value if changed is None else join(value, UNKNOWN)
