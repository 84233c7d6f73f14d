"""Changing sequences and mappings in place."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from flake8_forksafe.interpreter.errors import INDEX_ERROR, KEY_ERROR
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.identity import distinct, is_known, key_of, unsure
from flake8_forksafe.interpreter.iterating import iterate
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import (
    ITEM_LIMIT,
    Choice,
    External,
    Item,
    Items,
    Literal,
    Table,
    Value,
    join,
    options,
)


def watched(container: Value, frame: Frame) -> AbstractContextManager[None]:
    """While the current statement of ``frame`` may change a container: tell its observer, if it has one."""
    observer = container.observer if isinstance(container, Table) else None
    return nullcontext() if observer is None else observer.changing(frame)


def set_item(machine: Machine, container: Value, index: Value, value: Value) -> None:
    """``container[index] = value``."""
    machine.journal.changes += 1
    machine.step()
    if isinstance(index, Choice):
        with machine.doubted():
            for option in index.options:
                set_item(machine, container, option, value)
        return
    for option in options(container):
        sure = not isinstance(container, Choice)
        if isinstance(option, Table):
            key = key_of(index)
            if key is None or len(option.entries) >= ITEM_LIMIT:
                option.complete = False
                continue
            certain = sure and machine.touches_surely(option.born)
            known = option.entries.get(key)
            if known is None or certain:
                option.entries[key] = Item(value, certain)
            else:
                option.entries[key] = Item(join(known.value, value), known.sure)
        elif isinstance(option, Items):
            _replace(machine, option, index, value, sure)
        elif isinstance(option, External):
            handler = machine.library.item_setters.get(option.path)
            if handler is not None:
                handler(machine, option, index, value)


def _replace(machine: Machine, container: Items, index: Value, value: Value, sure: bool) -> None:
    """``container[index] = value`` of a list; where the place is not known, every element may be gone."""
    place = _place(machine, container, index)
    if place is not None:
        certain = sure and machine.touches_surely(container.born)
        container.items[place] = Item(value if certain else join(container.items[place].value, value))
        return
    added = machine.items("tuple", [value]) if isinstance(index, Literal) else iterate(machine, value)
    container.complete &= added.complete
    container.items[:] = unsure((*container.items, *added.items))[:ITEM_LIMIT]


def delete_item(machine: Machine, container: Value, index: Value) -> None:
    """``del container[index]``; what may be gone is not sure any more."""
    machine.journal.changes += 1
    for option in options(container):
        certain = option is container and isinstance(option, (Items, Table)) and machine.touches_surely(option.born)
        if isinstance(option, Table):
            _delete_key(machine, option, key_of(index), certain)
        elif isinstance(option, Items):
            place = _place(machine, option, index)
            if certain and place is not None:
                del option.items[place]
            else:
                option.items[:] = unsure(option.items)


def _delete_key(machine: Machine, table: Table, key: object | None, certain: bool) -> None:
    item = table.entries.get(key)
    if item is None and table.complete and key is not None:
        machine.fail("KeyError")
    elif item is None or not item.sure:
        machine.may_fail(KEY_ERROR)
    for entry in list(table.entries) if key is None else [key]:
        if entry in table.entries:
            table.entries[entry] = Item(table.entries[entry].value, False)
    if certain and key is not None:
        table.entries.pop(key, None)


def _place(machine: Machine, container: Items, index: Value) -> int | None:
    """Which element an index names, if that is known."""
    if not (isinstance(index, Literal) and isinstance(index.value, int) and is_known(container)):
        machine.may_fail(INDEX_ERROR)
        return None
    if -len(container.items) <= index.value < len(container.items):
        return index.value
    machine.fail("IndexError")
    return None


def append(machine: Machine, container: Items, value: Value, position: int | None = None, sure: bool = True) -> None:
    """``container.append(value)`` or ``insert``."""
    machine.journal.changes += 1
    if len(container.items) >= ITEM_LIMIT:
        container.complete = False
        return
    item = Item(value, sure and machine.touches_surely(container.born))
    container.items.insert(len(container.items) if position is None else position, item)


def extend(machine: Machine, container: Items, values: Value) -> None:
    """``container.extend(values)``."""
    added = iterate(machine, values)
    for item in list(added.items):
        append(machine, container, item.value, None, item.sure)
    if container.kind == "set":
        container.items[:] = distinct(container.items)
    container.complete &= added.complete


def update(machine: Machine, container: Items | Table, values: Value) -> None:
    """``container.update(values)`` of a set or mapping."""
    machine.journal.changes += 1
    if isinstance(container, Items):
        extend(machine, container, values)
        return
    for option in options(values):
        if isinstance(option, Table):
            for key, item in list(option.entries.items()):
                certain = item.sure and machine.touches_surely(container.born) and not isinstance(values, Choice)
                known = container.entries.get(key)
                joined = item.value if known is None or certain else join(known.value, item.value)
                container.entries[key] = Item(joined, certain or (known is not None and known.sure))
            container.complete &= option.complete
        else:
            container.complete = False
