"""``enum.Enum``: what creating a class makes of its members (``EnumType.__new__`` in CPython's enum.py)."""

from __future__ import annotations

from flake8_forksafe.interpreter.bounds import share
from flake8_forksafe.interpreter.comparison import equal
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.identity import key_of
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.truth_testing import MEMBERS
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    Class,
    Descriptor,
    External,
    Function,
    Instance,
    Literal,
    Partial,
    Value,
)


def make_members(machine: Machine, cls: Class, frame: Frame) -> None:
    """Make objects of the class of its plain attributes; two of the same value are one object."""
    order = list(cls.mro())
    if any(isinstance(base, External) and base.path != ENUM for base in order) or _defines(order, "__new__"):
        return  # its members are numbers or strings besides
    members: dict[str, Value] = {}
    by_key: dict[object, Instance] = {}
    without_key: list[Instance] = []
    last = 0
    for name, given in list(cls.names.items()):
        if name.startswith("_") or isinstance(given, (Function, Descriptor, Class, Partial)):
            continue
        value = given
        if isinstance(given, External) and given.path == "enum.auto()":
            value = Literal(last + 1)
        last = value.value if isinstance(value, Literal) and isinstance(value.value, int) else last
        same = _of_value(machine, by_key, without_key, value)
        member = same or Instance(cls)
        if same is None:
            key = key_of(value)
            if key is None:
                without_key.append(member)
            else:
                by_key[key] = member
            member.names.update({"value": value, "_value_": value, "name": Literal(name), "_name_": Literal(name)})
            if _defines(order, "__init__"):
                machine.call(machine.attribute(member, "__init__", frame), Arguments((value,)), frame)
        members[name] = cls.names[name] = member
    if members:
        cls.names[MEMBERS] = machine.table(members)


def _of_value(
    machine: Machine, by_key: dict[object, Instance], without_key: list[Instance], value: Value
) -> Instance | None:
    """The member that has a value already."""
    key = key_of(value)
    if key is not None:
        return by_key.get(key)
    machine.step(share(len(without_key)))
    return next((member for member in without_key if equal(member.names["value"], value)), None)


def _defines(order: list[Class | External], name: str) -> bool:
    return any(isinstance(base, Class) and name in base.names for base in order)


def automatic(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``enum.auto()``: a number where the class says nothing else."""
    return External("enum.auto()") if not arguments.positional else UNKNOWN


ENUM = "enum.Enum"
MODELS = Library(class_hooks={ENUM: make_members}, functions={"enum.auto": automatic})
