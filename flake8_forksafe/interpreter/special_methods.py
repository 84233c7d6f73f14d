"""Calls special methods of first-party classes, and evaluates the truth of values."""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import Arguments, Class, Instance, Method, Value


def class_attribute(cls: Value | None, name: str) -> Value | None:
    """An attribute of a first-party class, from it or its first-party bases; None if they have none."""
    for base in cls.mro() if isinstance(cls, Class) else ():
        if isinstance(base, Class) and name in base.names:
            return base.names[name]
    return None


def call(machine: Machine, value: Value, name: str, arguments: tuple[Value, ...], frame: Frame) -> Value | None:
    """Call a special method; None if ``value`` is no object of a first-party class that defines it, or such a class."""
    if isinstance(value, Class):
        method = class_attribute(value.metaclass, name)
        return None if method is None else machine.call(Method(method, value), Arguments(arguments), frame)
    if not isinstance(value, Instance):
        return None
    if class_attribute(value.cls, name) is None:
        return None
    return machine.call(machine.attribute(value, name, frame), Arguments(arguments), frame)


def holds(machine: Machine, value: Value, frame: Frame) -> bool | None:
    """Whether a value is true, as a condition asks."""
    for name in ("__bool__", "__len__") if isinstance(value, Instance) else ():
        result = call(machine, value, name, (), frame)
        if result is not None:
            return truth(result)
    return truth(value)
