"""Models of ``inspect``."""

from __future__ import annotations

from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import (
    FALSE,
    TRUE,
    UNKNOWN,
    Arguments,
    Class,
    External,
    FilePath,
    Function,
    Instance,
    Item,
    Literal,
    ModuleValue,
    Value,
)


def members(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``inspect.getmembers(holder, predicate)`` of a module, a class or an object."""
    holder, predicate = arguments.get(0, "object"), arguments.get(1, "predicate")
    if isinstance(holder, (Instance, Class)):
        values, complete = _attributes(machine, holder, frame), holder_is_closed(holder)
    elif isinstance(holder, ModuleValue):
        values, complete = dict(holder.module.names), not holder.module.open
    else:
        return Items("list", (), machine.journal.doubt, complete=False)
    found = []
    for name, value in sorted(values.items()):
        answer: bool | None = True
        if predicate is not None:
            answer = truth(machine.call(predicate, Arguments((value,)), frame))
        if answer is not False:
            found.append(Item(machine.items("tuple", [Literal(name), value]), answer is True))
    return Items("list", found, machine.journal.doubt, complete)


def _attributes(machine: Machine, holder: Instance | Class, frame: Frame) -> dict[str, Value]:
    """The attributes of an object or a class, those of its bases included; properties are evaluated."""
    order = (holder.cls if isinstance(holder, Instance) else holder).mro()
    names = dict.fromkeys(name for base in order if isinstance(base, Class) for name in base.names)
    names.update(dict.fromkeys(holder.names))
    return {name: machine.attribute(holder, name, frame) for name in names}


def holder_is_closed(holder: Instance | Class) -> bool:
    """Whether all bases of a class are of the project."""
    order = (holder.cls if isinstance(holder, Instance) else holder).mro()
    return all(isinstance(base, Class) or base.path == "builtins.object" for base in order)


def is_class(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    value = arguments.get(0, "object")
    if isinstance(value, Class):
        return TRUE
    return FALSE if isinstance(value, (Function, Literal, Items, Table, ModuleValue, Instance, FilePath)) else UNKNOWN


def is_function(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    value = arguments.get(0, "object")
    if isinstance(value, Function):
        return TRUE
    return FALSE if isinstance(value, (Class, Literal, Items, Table, ModuleValue, Instance, FilePath)) else UNKNOWN


MODELS = Library(
    functions={"inspect.getmembers": members, "inspect.isclass": is_class, "inspect.isfunction": is_function}
)
