"""The entries of mappings whose keys may equal one another: a library's constant or object may be any value."""

from __future__ import annotations

from flake8_forksafe.interpreter.containers import ITEM_LIMIT, Table
from flake8_forksafe.interpreter.values import UNKNOWN, Class, Function, Item, Value, join


def is_told_apart(key: object) -> bool:
    """Whether a key of a mapping equals itself and no other key."""
    if isinstance(key, Value):
        return isinstance(key, (Class, Function))
    if isinstance(key, tuple):
        if len(key) == 2 and key[0] == "external":
            return str(key[1]).startswith("builtins.")
        return all(map(is_told_apart, key))
    return True


def may_equal(table: Table, key: object) -> list[object]:
    """The other keys of a mapping that may equal ``key``, which is None if it is not known."""
    if key is not None and is_told_apart(key):
        return [other for other in table.untold if other != key] if table.untold else []
    return [other for other in table.entries if other != key]


def enter(table: Table, key: object | None, value: Value, certain: bool) -> int:
    """``table[key] = value``; returns how many other entries it may have changed.

    :param key: None if it is not known, which may be any of those that are there; but what the program does to the
        environment under names that are not known is taken to change nothing that it names elsewhere.
    """
    others = may_equal(table, key) if table.observer is None else []
    if key is None or (len(table.entries) >= ITEM_LIMIT and key not in table.entries):
        table.complete = False
        table.maybe_resized += 1
        table.lacks = table.lacks if table.observer is not None else frozenset()
    else:
        known = table.entries.get(key)
        if known is not None and not known.sure:
            table.maybe_resized += 1
            if next(reversed(table.entries)) != key:
                table.complete = False  # where it stands is not known
        if known is None or certain:
            table.entries[key] = Item(value, certain)
        else:
            table.entries[key] = Item(join(known.value, value), known.sure)
        if not is_told_apart(key):
            table.untold.add(key)
    for other in others:
        known = table.entries[other]
        table.entries[other] = Item(join(known.value, value), known.sure)
    return len(others)


def find(table: Table, key: object | None) -> tuple[Value | None, bool | None]:
    """What ``table[key]`` may be, and whether it is there; None as the value if it surely is not."""
    if key is None:
        return join(*(item.value for item in table.entries.values()), UNKNOWN), None
    item = table.entries.get(key)
    if item is not None and item.sure:
        return item.value, True
    maybe = [] if item is None else [item.value]
    maybe += [table.entries[other].value for other in may_equal(table, key)]
    if item is None and not table.tells(key):
        maybe.append(UNKNOWN)
    return (join(*maybe), None) if maybe else (None, False)


def remove(table: Table, key: object | None, certain: bool) -> None:
    """``del table[key]``; what only may be gone is not sure any more."""
    known = [] if key is None or key not in table.entries else [key]
    table.maybe_resized += 1
    for other in list(table.entries) if key is None else [*known, *may_equal(table, key)]:
        table.entries[other] = Item(table.entries[other].value, False)
    if known and certain:
        del table.entries[key]
        table.untold.discard(key)


def entries_of(table: Table) -> list[tuple[object, Item]]:
    """The entries one after the other; of keys that may equal one another only one is sure to be there."""
    found = list(table.entries.items())
    if not table.untold or len(found) < 2:
        return found
    some_told = len(table.untold) < len(found)
    return [
        (key, Item(item.value, False) if key in table.untold and (some_told or place) else item)
        for place, (key, item) in enumerate(found)
    ]


def is_known(table: Table) -> bool:
    """Whether all entries of a mapping are there for sure, and no others."""
    return table.complete and all(item.sure for _, item in entries_of(table))
