"""Creates objects: what calling a class does."""

from __future__ import annotations

from flake8_forksafe.interpreter.comparison import equal
from flake8_forksafe.interpreter.containers import Table
from flake8_forksafe.interpreter.errors import SOME_ERROR, VALUE_ERROR
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.truth_testing import BARE, MEMBERS
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    Descriptor,
    External,
    Function,
    Instance,
    Partial,
    Value,
    join,
)


def call_class(machine: Machine, cls: Class, arguments: Arguments, frame: Frame) -> Value:
    """Create an object: metaclass ``__call__``, ``__new__``, ``__init__``; or look a member of an enumeration up."""
    members = cls.names.get(MEMBERS)
    if isinstance(members, Table) and len(arguments.positional) == 1:
        return _member(machine, members, arguments.positional[0])
    for base in cls.metaclass.mro() if isinstance(cls.metaclass, Class) else ():
        creator = base.names.get("__call__") if isinstance(base, Class) else None
        if isinstance(creator, Function):
            return machine.call(creator, arguments.behind(cls), frame)
    return create(machine, cls, arguments, frame)


def _member(machine: Machine, members: Table, value: Value) -> Value:
    """The member of an enumeration that has a value."""
    maybe: list[Value] = []
    for item in members.entries.values():
        answer = equal(item.value.names["value"], value) if isinstance(item.value, Instance) else None
        if answer and not maybe:
            return item.value
        if answer is not False:
            maybe.append(item.value)
    if not maybe:
        return machine.fail("ValueError")
    machine.may_fail(VALUE_ERROR)
    return join(*maybe)


def create(machine: Machine, cls: Class, arguments: Arguments, frame: Frame) -> Value:
    """What ``type.__call__`` does."""
    order = list(cls.mro())
    instance: Value = Instance(cls, arguments, machine.journal.doubt)
    for base in order:
        if isinstance(base, External):
            continue
        maker = base.names.get("__new__")
        maker = maker.function if isinstance(maker, Descriptor) else maker
        if isinstance(maker, Function):
            made = machine.call(maker, arguments.behind(cls), frame)
            if isinstance(made, Instance):
                instance = made
            break
    initialise(machine, order, instance, arguments, frame)
    return instance


def initialise(
    machine: Machine, order: list[Class | External], instance: Value, arguments: Arguments, frame: Frame
) -> None:
    """Call the first ``__init__`` along the classes."""
    bound = arguments.behind(instance)
    for base in order:
        if isinstance(base, External):
            machine.use(frame, base.path, arguments)
            initialiser = machine.library.functions.get(f"{base.path}().__init__")
            if initialiser is not None:
                initialiser(machine, External(f"{base.path}().__init__", instance), arguments, frame)
                return
        elif "__init__" in base.names:
            method = base.names["__init__"]
            if isinstance(method, (Function, Choice, Partial)):
                machine.call(method, bound, frame)
            return
    bare = BARE | machine.library.field_bases
    if isinstance(instance, Instance) and all(isinstance(base, Class) or base.path in bare for base in order):
        _set_fields(machine, instance, arguments, frame)
    for base in order:
        if isinstance(base, Class) and "__post_init__" in base.names:
            machine.call(base.names["__post_init__"], Arguments((instance,)), frame)
            return


FIELDS = "__dataclass_fields__"
"""The name of a class that tells that its ``__init__`` is made from its fields."""


def _set_fields(machine: Machine, instance: Instance, arguments: Arguments, frame: Frame) -> None:
    """What an ``__init__`` made from fields (PEP 681) does with keywords, defaults and factories."""
    if any(isinstance(base, Class) and FIELDS in base.names for base in instance.cls.mro()):
        machine.may_fail(SOME_ERROR)  # its fields are not all known, so neither is whether the arguments are theirs
    unclear = bool(arguments.positional) or not arguments.complete  # which field is given by position is not known
    for name, value in arguments.keywords.items():
        machine.write(instance.names, name, join(value, UNKNOWN) if name in arguments.maybe else value)
    for base in instance.cls.mro():
        for name, field in base.names.items() if isinstance(base, Class) else ():
            if name in instance.names or name.startswith("__") or isinstance(field, (Function, Descriptor, Class)):
                continue
            if isinstance(field, External) and field.path in machine.library.fields:
                given = field.arguments or Arguments()
                factory = given.keywords.get("default_factory") or given.keywords.get("factory")
                with machine.doubted(unclear):
                    made = UNKNOWN if factory is None else machine.call(factory, Arguments(), frame)
                default = given.keywords.get("default", made)
                machine.write(instance.names, name, join(default, UNKNOWN) if unclear else default)
            elif unclear:
                machine.write(instance.names, name, join(field, UNKNOWN))
