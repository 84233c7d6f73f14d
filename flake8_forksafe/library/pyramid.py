"""Models of Pyramid: what ``Configurator`` imports by name.  Read in Pyramid 2.0 (pyramid/config/__init__.py)."""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    External,
    Function,
    ModuleValue,
    Value,
    options,
    text,
)
from flake8_forksafe.library.standard_import import import_below, import_path


def _named(machine: Machine, value: Value, frame: Frame) -> Value:
    """What a dotted name, relative to the caller's package if it begins with a dot, or a value stands for."""
    name = text(value)
    if name is None:
        return value
    return import_path(machine, frame.module.package + name if name.startswith(".") else name, frame)


def include(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``config.include(name)``: import it and call its ``includeme``."""
    for option in options(arguments.get(0, "callable") or UNKNOWN):
        found = _named(machine, option, frame)
        if isinstance(found, ModuleValue):
            found = found.module.names.get("includeme", UNKNOWN)
        if isinstance(found, Function):
            machine.call(found, Arguments((function.receiver or UNKNOWN,)), frame)
    return NONE


def scan(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``config.scan(package)``: import every module below it (Venusian)."""
    package = arguments.get(0, "package")
    for option in options(package) if package is not None else ():
        found = _named(machine, option, frame)
        if isinstance(found, ModuleValue):
            import_below(machine, found.module.name, frame)
    if package is None:
        import_below(machine, frame.module.package, frame)
    return NONE


MODELS = Library(
    functions={"pyramid.config.Configurator().include": include, "pyramid.config.Configurator().scan": scan}
)
