"""Calls special methods of first-party classes, and evaluates the truth of values."""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import Arguments, Class, Instance, Method, Value


def method_of(cls: Value | None, name: str) -> Value | None:
    """What a first-party class and its first-party bases have under a name; None if it is nothing."""
    for base in cls.mro() if isinstance(cls, Class) else ():
        if isinstance(base, Class) and name in base.names:
            return base.names[name]
    return None


def call(machine: Machine, value: Value, name: str, arguments: tuple[Value, ...], frame: Frame) -> Value | None:
    """Call a special method; None if ``value`` is no object of a first-party class that defines it, or such a class."""
    if isinstance(value, Class):
        method = method_of(value.metaclass, name)
        return None if method is None else machine.call(Method(method, value), Arguments(arguments), frame)
    if not isinstance(value, Instance):
        return None
    if method_of(value.cls, name) is None:
        return None
    return machine.call(machine.attribute(value, name, frame), Arguments(arguments), frame)


def holds(machine: Machine, value: Value, frame: Frame) -> bool | None:
    """Whether a value is true, as a condition asks."""
    for name in ("__bool__", "__len__") if isinstance(value, Instance) else ():
        result = call(machine, value, name, (), frame)
        if result is not None:
            return truth(result)
    return truth(value)
