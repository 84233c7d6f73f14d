"""In-place changes of sequences and mappings."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from flake8_forksafe.interpreter import mappings
from flake8_forksafe.interpreter.bounds import looking_at, share
from flake8_forksafe.interpreter.containers import ANYTHING, ITEM_LIMIT, Items, Table
from flake8_forksafe.interpreter.errors import INDEX_ERROR, KEY_ERROR
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.identity import distinct, is_known, key_of, unsure
from flake8_forksafe.interpreter.iteration import iterate
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import UNKNOWN, Choice, External, Item, Literal, Value, join, options, same


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
            certain = sure and machine.touches_surely(option.born)
            machine.step(looking_at(index))
            key = key_of(index)
            if option.complete and key not in option.entries and machine.journal.may_repeat(option.born):
                machine.journal.grown.append(option)
            machine.step(mappings.enter(option, key, value, certain))
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
    machine.step(share(len(container.items) + len(added.items)))
    container.items[:] = unsure((*container.items, *added.items))[:ITEM_LIMIT]


def _either(before: list[Item], after: list[Item]) -> list[Item]:
    """Elements of a list that may have been replaced; none is added again each time that may happen again."""
    last = before[max(0, len(before) - len(after)) :]
    is_known_already = len(last) == len(after) and all(
        same(old.value, new.value) for old, new in zip(last, after, strict=True)
    )
    return unsure(before if is_known_already else (*before, *after))


def replace_all(machine: Machine, container: Items, values: Value) -> None:
    """``container[:] = values`` of a list."""
    machine.journal.changes += 1
    added = iterate(machine, values)
    certain = machine.touches_surely(container.born)
    machine.step(share(len(container.items) + len(added.items)))
    found = list(added.items) if certain else _either(container.items, added.items)
    container.items[:] = found[:ITEM_LIMIT]
    container.complete = added.complete and (certain or container.complete) and len(found) <= ITEM_LIMIT


def become(machine: Machine, container: Items, value: Value) -> None:
    """What an operator made of a container takes its place, in the container itself."""
    machine.journal.changes += 1
    known = isinstance(value, Items)
    found = list(value.items) if isinstance(value, Items) else []
    certain = known and machine.touches_surely(container.born)
    complete = isinstance(value, Items) and value.complete and not machine.journal.may_repeat(container.born)
    machine.step(share(len(container.items) + len(found)))
    container.items[:] = found if certain else unsure((*container.items, *found))
    if container.kind == "set":
        container.items[:] = distinct(container.items)
    container.complete = complete and (certain or container.complete)


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
                machine.step(share(len(option.items)))
                option.items[:] = unsure(option.items)


def _delete_key(machine: Machine, table: Table, key: object | None, certain: bool) -> None:
    _, present = mappings.find(table, key)
    if present is False:
        machine.fail("KeyError")
    elif present is None:
        machine.may_fail(KEY_ERROR)
    mappings.remove(table, key, certain)


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
    if position is None and not container.complete and container.kind == "list" and container.items[-1:] != [ANYTHING]:
        container.items.append(ANYTHING)
    repeats = machine.journal.may_repeat(container.born)
    if repeats and container.complete:
        machine.journal.grown.append(container)
    container.complete &= not repeats
    item = Item(value, sure and machine.touches_surely(container.born))
    container.items.insert(len(container.items) if position is None else position, item)


def extend(machine: Machine, container: Items, values: Value) -> None:
    """``container.extend(values)``."""
    added = iterate(machine, values)
    machine.step(share(len(added.items)))
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
            machine.step(len(option.entries))
            for key, item in mappings.entries_of(option):
                certain = item.sure and machine.touches_surely(container.born) and not isinstance(values, Choice)
                machine.step(mappings.enter(container, key, item.value, certain))
        if not isinstance(option, Table) or not option.complete:
            mappings.enter(container, None, UNKNOWN, False)
