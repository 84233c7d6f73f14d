"""Errors of creating a class, and of setting attributes that its ``__slots__`` do not have.

Source: https://docs.python.org/3/reference/datamodel.html#metaclasses, ``mro_implementation`` and ``type_new_slots`` in
CPython's ``Objects/typeobject.c``.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.containers import Items
from flake8_forksafe.interpreter.errors import ATTRIBUTE_ERROR, TYPE_ERROR, VALUE_ERROR
from flake8_forksafe.interpreter.identity import is_known
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.special_methods import class_attribute
from flake8_forksafe.interpreter.values import (
    ANCESTOR_LIMIT,
    Class,
    External,
    Instance,
    Literal,
    ModuleValue,
    Value,
    text,
)


def check(machine: Machine, cls: Class, metaclass: Value | None) -> None:
    """Raise the error that creating a class raises; an error that nothing catches is taken not to happen."""
    errors = machine.errors
    if errors.catches(TYPE_ERROR):
        if any(isinstance(base, (Literal, Items, ModuleValue)) for base in cls.bases) or not _has_order(cls):
            machine.fail("TypeError")
        if not _has_metaclass(cls, metaclass):
            machine.fail("TypeError")
    if errors.catches(VALUE_ERROR) and any(name in cls.names for name in slots_of(cls) or ()):
        machine.fail("ValueError")


def _has_order(cls: Class) -> bool:
    """Whether the bases of a class can be put in an order, by the C3 linearisation."""
    if len({id(base) for base in cls.bases}) != len(cls.bases):
        return False
    orders: list[list[Value]] = [
        list(base.mro()) if isinstance(base, Class) else [base]
        for base in cls.bases
        if isinstance(base, (Class, External))
    ]
    if len(orders) < 2 or sum(map(len, orders)) > ANCESTOR_LIMIT:
        return True
    orders.append([order[0] for order in orders])
    while orders:
        later = {id(other) for order in orders for other in order[1:]}
        head = next((order[0] for order in orders if id(order[0]) not in later), None)
        if head is None:
            return False
        orders = [rest for order in orders if (rest := order[1:] if order[0] is head else order)]
    return True


def _has_metaclass(cls: Class, given: Value | None) -> bool:
    """Whether one of the metaclasses derives from all others; those of libraries are taken to."""
    found = [base.metaclass for base in cls.bases if isinstance(base, Class) and isinstance(base.metaclass, Class)]
    found += [given] if isinstance(given, Class) else []
    return not found or any(all(other in list(kind.mro()) for other in found) for kind in found)


def slots_of(cls: Class) -> tuple[str, ...] | None:
    """The names in ``__slots__`` of a class itself; None if it has none, or not all are known."""
    given = cls.names.get("__slots__")
    if (one := text(given)) is not None:
        return (one,)
    if not isinstance(given, Items) or not is_known(given):
        return None
    names = [text(item.value) for item in given.items]
    return None if None in names else tuple(name for name in names if name is not None)


def refuses(instance: Instance, name: str) -> bool:
    """Whether an object surely has no place for an attribute."""
    slots: list[str] = []
    for base in instance.cls.mro():
        own = slots_of(base) if isinstance(base, Class) else None
        if own is None and not (isinstance(base, External) and base.path == "builtins.object"):
            return False
        slots += own or ()
    return not {name, "__dict__"} & set(slots) and class_attribute(instance.cls, name) is None


def check_attribute(machine: Machine, instance: Instance, name: str) -> None:
    """Raise the error of ``instance.name = value`` where ``__slots__`` have no such name."""
    if machine.errors.catches(ATTRIBUTE_ERROR) and refuses(instance, name):
        machine.fail("AttributeError")
