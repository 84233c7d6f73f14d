"""Evaluates subscripts and slices of sequences and mappings."""

from __future__ import annotations

from flake8_forksafe.interpreter import mappings
from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.errors import INDEX_ERROR, KEY_ERROR
from flake8_forksafe.interpreter.identity import is_known, key_of
from flake8_forksafe.interpreter.iteration import charged, each
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.truth_testing import MEMBERS
from flake8_forksafe.interpreter.values import UNKNOWN, Choice, Class, External, Item, Literal, Value, join


def get_item(machine: Machine, container: Value, index: Value) -> Value:
    """``container[index]``."""
    if isinstance(container, Choice):
        return each(machine, container, lambda option: get_item(machine, option, index))
    if isinstance(index, Choice):
        return each(machine, index, lambda option: get_item(machine, container, option))
    if isinstance(container, Table):
        return get_entry(machine, container, index)
    if isinstance(container, Items) and container.kind != "set":
        return _element(machine, container, index)
    if isinstance(container, Literal) and isinstance(container.value, (str, bytes)) and isinstance(index, Literal):
        try:
            return Literal(container.value[index.value])  # type: ignore[index]
        except IndexError:
            return machine.fail("IndexError")
        except TypeError:
            return machine.fail("TypeError")
    if isinstance(container, Class) and isinstance(members := container.names.get(MEMBERS), Table):
        return get_entry(machine, members, index)
    if isinstance(container, Class) or (isinstance(container, External) and not container.path.endswith("()")):
        return container  # a generic alias
    machine.may_fail(KEY_ERROR)
    machine.may_fail(INDEX_ERROR)
    return UNKNOWN


def get_entry(machine: Machine, table: Table, index: Value) -> Value:
    """The value of a key, which must be there."""
    value, present = mappings.find(table, key_of(index))
    if value is None:
        return machine.fail("KeyError")
    if not present:
        machine.may_fail(KEY_ERROR)
    return value


def _element(machine: Machine, container: Items, index: Value) -> Value:
    if not isinstance(index, Literal) or not isinstance(index.value, int):
        machine.may_fail(INDEX_ERROR)
        return join(*(item.value for item in container.items), UNKNOWN) if container.items else UNKNOWN
    position = index.value
    if not container.complete or not all(item.sure for item in container.items):
        machine.may_fail(INDEX_ERROR)
        front = container.items[: position + 1] if position >= 0 else []
        if len(front) <= position or not front or not all(item.sure for item in front):
            return UNKNOWN
        return front[-1].value if container.complete else join(front[-1].value, UNKNOWN)
    try:
        return container.items[position].value
    except IndexError:
        return machine.fail("IndexError")


def get_slice(machine: Machine, container: Value, bounds: tuple[Value | None, ...]) -> Value:
    """``container[lower:upper:step]``."""
    numbers: list[int | None] = []
    for bound in bounds:
        if bound is None or (isinstance(bound, Literal) and bound.value is None):
            numbers.append(None)
        elif isinstance(bound, Literal) and isinstance(bound.value, int):
            numbers.append(bound.value)
        else:
            return UNKNOWN
    if numbers[2] == 0:
        return UNKNOWN
    part = slice(*numbers)
    if isinstance(container, Choice):
        return each(machine, container, lambda option: get_slice(machine, option, bounds))
    if isinstance(container, Literal) and isinstance(container.value, (str, bytes)):
        return charged(machine, Literal(container.value[part]))
    if isinstance(container, Items):
        if is_known(container):
            return charged(machine, Items(container.kind, container.items[part], machine.journal.doubt))
        return _unsure_slice(machine, container, part)
    return UNKNOWN


def _unsure_slice(machine: Machine, container: Items, part: slice) -> Items:
    """A slice of a sequence not all of whose elements are known: which it holds is known at a sure front only."""
    doubtful = (index for index, item in enumerate(container.items) if not item.sure)
    front = next(doubtful, len(container.items)) if container.complete else 0
    start, stop, step = part.start or 0, part.stop, part.step or 1
    if start >= 0 and step > 0 and stop is not None and 0 <= stop <= front:
        return Items(container.kind, container.items[part], machine.journal.doubt)
    kept = container.items[start:] if start >= 0 and step > 0 else container.items
    if not (0 <= start <= front and step == 1 and stop is None):
        kept = [Item(item.value, False) for item in kept]
    return Items(container.kind, kept, machine.journal.doubt, container.complete)
