"""Attribute lookup for each kind of value: modules, classes, objects, ``super()``, what a library has."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flake8_forksafe.interpreter import import_statements, iteration
from flake8_forksafe.interpreter.blocks import or_else
from flake8_forksafe.interpreter.bounds import is_long, share
from flake8_forksafe.interpreter.containers import Items, Lazy, NamedItems, NamesTable, Table
from flake8_forksafe.interpreter.errors import ATTRIBUTE_ERROR, NOT_BOUND
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.namespace import lacks
from flake8_forksafe.interpreter.special_methods import class_attribute
from flake8_forksafe.interpreter.truth_testing import BARE, is_builtin
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    Coroutine,
    Descriptor,
    External,
    FilePath,
    Function,
    Instance,
    Item,
    LazyImport,
    Literal,
    Method,
    ModuleValue,
    Partial,
    Super,
    Unknown,
    Value,
    join,
)

PATH = "pathlib.Path()"


def module_attribute(machine: Machine, module: str, identifier: str) -> Value | None:
    """``__name__``, ``__file__`` and their kin."""
    found = machine.imports.modules[module].found
    if identifier == "__name__":
        return Literal(module)
    if identifier == "__file__":
        return Literal(found.path) if found.path is not None else NONE
    if identifier == "__package__":
        return Literal(machine.imports.modules[module].package)
    if identifier == "__path__" and found.is_package:
        return machine.items("list", [Literal(location) for location in found.locations])
    if identifier == "__doc__":
        return UNKNOWN
    if identifier == "__dict__":
        return machine.table(machine.imports.modules[module].names, not machine.imports.modules[module].open)
    return None


def attribute(machine: Machine, value: Value, name: str, frame: Frame) -> Value:
    """``value.name``."""
    handler = ATTRIBUTES.get(type(value))
    if handler is not None:
        return handler(machine, value, name, frame)
    if isinstance(value, Literal) and not hasattr(value.value, name):
        return _lacking(machine, value, name)
    return builtin_method(value, name)


def _lacking(machine: Machine, value: Literal, name: str) -> Value:
    """An attribute that a plain value does not have, unless it is a member of an enumeration."""
    if value.value is None or isinstance(value.value, bool):
        return machine.fail("AttributeError")
    if name == "value":
        return value
    machine.may_fail(NOT_BOUND)
    return UNKNOWN


def builtin_method(value: Value, name: str) -> Value:
    """A method of a builtin type, such as ``list.append``."""
    if isinstance(value, Literal):
        kind = type(value.value).__name__
    elif isinstance(value, NamedItems) and name in value.fields:
        return value.items[value.fields.index(name)].value
    elif isinstance(value, Items):
        kind = value.kind
    elif isinstance(value, Lazy):
        kind = "generator"
    else:
        kind = "dict"
    return External(f"builtins.{kind}.{name}", value)


def path_value(machine: Machine, value: FilePath, name: str, frame: Frame) -> Value:
    provider = machine.library.attributes.get(PATH)
    found = provider(machine, value, name, frame) if provider is not None else None
    return External(f"{PATH}.{name}", value) if found is None else found


def module_value(machine: Machine, value: ModuleValue, name: str, frame: Frame) -> Value:
    module = value.module
    found = module.names.get(name)
    if found is not None:
        machine.recorder.takes(frame, module, name, found)
        found = import_statements.reified(machine, found, frame, value)
        if name not in module.names.maybe:
            return found
        return or_else(machine, found, lambda: _unbound_in_module(machine, value, name, frame))
    other = _unbound_in_module(machine, value, name, frame)
    if other is not None:
        return other
    if module.open or module.found.path is None:
        machine.may_fail(ATTRIBUTE_ERROR)
        return UNKNOWN
    return machine.fail("AttributeError")


def _unbound_in_module(machine: Machine, value: ModuleValue, name: str, frame: Frame) -> Value | None:
    """An attribute of a module that is none of its names; None if there is none."""
    module = value.module
    special = module_attribute(machine, module.name, name) if name.startswith("__") else None
    if special is not None:
        return special
    hook = module.names.get("__getattr__")
    if hook is not None:
        answer = machine.call(hook, Arguments((Literal(name),)), frame)
        machine.recorder.takes(frame, module, name, answer)
        return answer
    return None


def external_value(machine: Machine, value: External, name: str, frame: Frame) -> Value:
    if name in value.names:
        return value.names[name]
    if name in ("__name__", "__qualname__") and (is_builtin(value) or value.path == "types.NoneType"):
        return Literal(value.path.partition(".")[2])
    provider = machine.library.attributes.get(value.path)
    if provider is not None:
        found = provider(machine, value, name, frame)
        if found is not None:
            return found
    if is_long(value.path):
        return UNKNOWN
    path = f"{value.path}.{name}"
    receiver = value if value.path.endswith("()") else value.receiver
    if path in machine.imports.hazards and receiver is None:
        machine.import_name(path, frame)
    return machine.external(path, receiver)


def instance_value(machine: Machine, value: Instance, name: str, frame: Frame) -> Value:
    hook = class_attribute(value.cls, "__getattribute__")
    if hook is not None and not name.startswith("__"):
        found = machine.call(hook, Arguments((value, Literal(name))), frame)
        if found is not UNKNOWN:
            return found
    return own_or_inherited(machine, value, name, frame)


def own_or_inherited(machine: Machine, value: Instance, name: str, frame: Frame) -> Value:
    """``object.__getattribute__(value, name)``."""
    if name in value.names and not _comes_first(class_attribute(value.cls, name)):
        found = value.names[name]
        if name not in value.names.maybe:
            return found
        order = list(value.cls.mro())
        return or_else(machine, found, lambda: _from_classes(machine, order, name, value, value.cls, frame))
    if name == "__class__":
        return value.cls
    if name == "__dict__":
        return NamesTable(value.names.born or machine.journal.certain, value.names, machine.write)
    return from_classes(machine, list(value.cls.mro()), name, value, value.cls, frame)


def _comes_first(found: Value | None) -> bool:
    """Whether an attribute of a class is looked at before those of its objects: it is a data descriptor."""
    if isinstance(found, Instance):
        return class_attribute(found.cls, "__set__") is not None
    return isinstance(found, Descriptor) and found.kind == "property"


def class_value(machine: Machine, value: Class, name: str, frame: Frame) -> Value:
    if name in ("__name__", "__qualname__"):
        return Literal(value.name if name == "__name__" else value.qualname)
    if name == "__module__":
        return Literal(value.module.name)
    if name == "__subclasses__":
        return External("builtins.type.__subclasses__", value)
    if name in ("__mro__", "__bases__"):
        classes: list[Value] = list(value.mro()) if name == "__mro__" else list(value.bases)
        whole = all(isinstance(base, Class) for base in value.mro())
        if whole and (name == "__mro__" or not classes):
            classes.append(External("builtins.object"))
        return machine.items("tuple", classes, whole)
    if name == "__dict__":
        return class_namespace(machine, value)
    if isinstance(value.metaclass, Class) and class_attribute(value, name) is None:
        found = class_attribute(value.metaclass, name)
        if found is not None:
            return bound(machine, found, value, value.metaclass, frame)
        hook = class_attribute(value.metaclass, "__getattr__")
        if hook is not None and all(isinstance(base, Class) or base.path in BARE for base in value.mro()):
            return machine.call(hook, Arguments((value, Literal(name))), frame)
    return from_classes(machine, list(value.mro()), name, None, value, frame)


MADE_BY_TYPE = ("__dict__", "__weakref__", "__annotations__", "__firstlineno__", "__static_attributes__")
"""What a class may have besides what its body binds, by its bases and the version of Python."""


def class_namespace(machine: Machine, value: Class) -> Table:
    """``vars(cls)``: a class of a library, as a base or a metaclass, may put more in it."""
    order = list(value.mro())
    whole = all(isinstance(base, Class) or base.path in BARE for base in order)
    whole = whole and not any(isinstance(base, Class) and base.metaclass is not None for base in order)
    machine.step(share(len(value.names)))
    table = machine.table({"__module__": Literal(value.module.name), **value.names}, whole)
    for name, found in value.names.items():
        if lacks(value.names, name):
            table.entries[name] = Item(found, sure=False)
    for name in MADE_BY_TYPE:
        table.entries.setdefault(name, Item(UNKNOWN, sure=False))
    table.entries.setdefault("__doc__", Item(UNKNOWN))
    return table


def super_value(machine: Machine, value: Super, name: str, frame: Frame) -> Value:
    receiver = value.receiver
    cls = receiver.cls if isinstance(receiver, Instance) else receiver
    order = list(cls.mro()) if isinstance(cls, Class) else list(value.owner.mro())
    machine.step(share(len(order)))
    instance = receiver if not isinstance(receiver, Class) else None
    if isinstance(receiver, Class) and value.owner not in order and isinstance(receiver.metaclass, Class):
        order, instance, cls = list(receiver.metaclass.mro()), receiver, receiver.metaclass  # a method of the metaclass
    if value.owner in order:
        order = order[order.index(value.owner) + 1 :]
    return from_classes(machine, order, name, instance, cls, frame, hooked=False)


def from_classes(
    machine: Machine,
    order: list[Class | External],
    name: str,
    instance: Value | None,
    cls: Value,
    frame: Frame,
    hooked: bool = True,
) -> Value:
    """Look an attribute up along the MRO and bind it.  ``hooked``: fall back to ``__getattr__``."""
    found = _from_classes(machine, order, name, instance, cls, frame, hooked)
    if found is None:
        machine.may_fail(ATTRIBUTE_ERROR)
    return found or UNKNOWN


def _from_classes(
    machine: Machine,
    order: list[Class | External],
    name: str,
    instance: Value | None,
    cls: Value,
    frame: Frame,
    hooked: bool = True,
) -> Value | None:
    """The same; None if there is no such attribute."""
    for place, base in enumerate(order):
        if isinstance(base, External):
            if base.path in BARE:
                continue
            owner = f"{base.path}()" if instance is not None else base.path
            if is_long(owner):
                return UNKNOWN
            provider = machine.library.attributes.get(owner)
            if provider is not None and isinstance(instance, Instance):
                found = provider(machine, instance, name, frame)
                if found is not None:
                    return found
            hook = _hook(order) if hooked and instance is not None and not name.startswith("__") else None
            if hook is not None:
                with machine.doubted():  # where the library's class has no such attribute
                    machine.call(hook, Arguments((instance or UNKNOWN, Literal(name))), frame)
            return machine.external(f"{owner}.{name}", instance if instance is not None else cls)
        found = base.names.get(name)
        if found is None:
            continue
        if lacks(base.names, name):
            inherited = partial(_from_classes, machine, order[place + 1 :], name, instance, cls, frame, hooked)
            with machine.doubted():
                found = bound(machine, found, instance, cls, frame)
            return or_else(machine, found, inherited)
        return bound(machine, found, instance, cls, frame)
    hook = _hook(order) if hooked else None
    if hook is not None and instance is not None:
        return machine.call(hook, Arguments((instance, Literal(name))), frame)
    if name in OBJECT_METHODS and isinstance(instance, Instance):
        return External(f"builtins.object.{name}", instance)
    return None


def _hook(order: list[Class | External]) -> Value | None:
    """The first ``__getattr__`` of first-party classes."""
    return next(
        (base.names["__getattr__"] for base in order if isinstance(base, Class) and "__getattr__" in base.names), None
    )


OBJECT_METHODS = ("__getattribute__", "__setattr__", "__delattr__")
"""Methods of ``object`` that a class which overrides them calls."""


def bound(machine: Machine, found: Value, instance: Value | None, cls: Value, frame: Frame) -> Value:
    """The descriptor protocol."""
    if isinstance(found, Descriptor):
        if found.kind == "classmethod":
            return Method(found.function, cls)
        if found.kind == "staticmethod":
            return found.function
        return machine.call(found.function, Arguments((instance,)), frame) if instance is not None else found
    if isinstance(found, Function):
        return Method(found, instance) if instance is not None else found
    if isinstance(found, Partial) and any(isinstance(part, Lazy) for part in found.arguments.positional[:1]):
        return Method(found, instance) if instance is not None else found  # it stands for a function in a context
    if isinstance(found, Choice):
        return join(*(bound(machine, option, instance, cls, frame) for option in found.options))
    if isinstance(found, Instance):
        getter = class_attribute(found.cls, "__get__")
        if getter is not None:
            return machine.call(getter, Arguments((found, NONE if instance is None else instance, cls)), frame)
    return found


def function_value(machine: Machine, value: Function, name: str, frame: Frame) -> Value:
    if name in value.names:
        if name in value.names.maybe and not name.startswith("__"):
            machine.may_fail(NOT_BOUND)
        return value.names[name]
    if name in ("__name__", "__qualname__"):
        return Literal(value.qualname.rpartition(".")[2] if name == "__name__" else value.qualname)
    if name == "__module__":
        return Literal(value.module.name)
    if name == "__wrapped__":
        return value
    if not (value.handed_out or name.startswith("__")):
        return machine.fail("AttributeError")
    machine.may_fail(ATTRIBUTE_ERROR)
    return UNKNOWN


def method_value(machine: Machine, value: Method, name: str, frame: Frame) -> Value:
    if name == "__self__":
        return value.receiver
    if name == "__func__":
        return value.function
    return attribute(machine, value.function, name, frame)


def descriptor_value(machine: Machine, value: Descriptor, name: str, frame: Frame) -> Value:
    if name in ("setter", "deleter", "getter"):
        return Partial(External(f"<forksafe>.property.{name}"), Arguments((value,)))
    return attribute(machine, value.function, name, frame)


def choice_value(machine: Machine, value: Choice, name: str, frame: Frame) -> Value:
    return iteration.each(machine, value, lambda option: attribute(machine, option, name, frame))


def unknown_value(machine: Machine, value: Value, name: str, frame: Frame) -> Value:
    machine.may_fail(ATTRIBUTE_ERROR)
    return UNKNOWN


ATTRIBUTES: dict[type, Callable[[Machine, Any, str, Frame], Value]] = {
    ModuleValue: module_value,
    FilePath: path_value,
    External: external_value,
    Instance: instance_value,
    Class: class_value,
    Super: super_value,
    Function: function_value,
    Method: method_value,
    Descriptor: descriptor_value,
    Choice: choice_value,
    Unknown: unknown_value,
    Partial: unknown_value,
    Coroutine: unknown_value,
    LazyImport: unknown_value,
}
