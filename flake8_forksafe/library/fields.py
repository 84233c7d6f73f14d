"""Libraries that generate ``__init__`` from the fields of a class: dataclasses, attrs, pydantic."""

from __future__ import annotations

from flake8_forksafe.interpreter.errors import NOT_BOUND, SOME_ERROR
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.instances import FIELDS
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import FALSE, NONE, TRUTHY, Arguments, Class, External, Value


def data_class(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``dataclasses.dataclass``, as a decorator or as what makes one: objects of a frozen class cannot be changed."""
    machine.may_fail(SOME_ERROR)
    cls, given = arguments.get(0, "cls"), function.arguments or arguments
    if not isinstance(cls, Class):
        return External("dataclasses.dataclass()", None, arguments)
    cls.names[FIELDS] = TRUTHY
    if truth(given.keywords.get("frozen", FALSE)):
        cls.names["__setattr__"] = cls.names["__delattr__"] = External(REFUSES)
    return cls


def refuse(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Setting or deleting an attribute of an object that is frozen; one of another class may derive from its class."""
    machine.may_fail(External("dataclasses.FrozenInstanceError()"))
    machine.may_fail(NOT_BOUND)
    return NONE


REFUSES = "<forksafe>.frozen"

MODELS = Library(
    functions={"dataclasses.dataclass": data_class, "dataclasses.dataclass()": data_class, REFUSES: refuse},
    field_bases=frozenset({"typing.NamedTuple", "pydantic.BaseModel"}),
    fields=frozenset({"dataclasses.field()", "attr.ib()", "attr.field()", "attrs.field()", "pydantic.Field()"}),
)
