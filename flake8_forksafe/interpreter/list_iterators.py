"""Iterators of lists, which see what happens to the list after they were made."""

from __future__ import annotations

from collections.abc import Callable

from flake8_forksafe.interpreter.containers import Items, Lazy
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import UNKNOWN, Item, Value, join

GROWTH_LIMIT = 50
"""Elements that a list may be given while it is iterated."""


class ListIterator(Lazy):
    """``iter(a_list)``.

    :ivar source: the list; an empty one once the iterator has come to its end.
    :ivar place: how many elements it surely gave; ``unclear``: whether it may have given more.
    """

    __slots__ = ("place", "source", "unclear")

    def __init__(self, machine: Machine, source: Items, frame: Frame) -> None:
        super().__init__(lambda take, asking: hand_over(machine, self, take), frame, machine.journal.doubt)
        self.source = source
        self.place = 0
        self.unclear = False

    def at(self, place: int) -> Item:
        """The element at a place."""
        item = self.source.items[place]
        return Item(item.value, item.sure and not self.unclear)


def hand_over(machine: Machine, iterator: ListIterator, take: Callable[[Item], bool]) -> bool:
    """Hand over what an iterator has left; returns whether no others can follow."""
    source, place = iterator.source, iterator.place
    limit = len(source.items) + GROWTH_LIMIT
    stopped = False
    while place < len(source.items):
        item = iterator.at(place)
        place += 1
        if place > limit:
            iterator.unclear = True
            return False
        _advance(machine, iterator, place, stopped)
        with machine.doubted(stopped):
            stopped |= take(Item(item.value, item.sure and not stopped))
    if machine.touches_surely(iterator.born) and not stopped and source.complete:
        iterator.source = Items("list", (), machine.journal.doubt)
        iterator.place = 0
    else:
        iterator.unclear = True
    return source.complete


def _advance(machine: Machine, iterator: ListIterator, place: int, stopped: bool = False) -> None:
    """An element was asked for, which only may be so."""
    if machine.touches_surely(iterator.born) and not stopped and not iterator.unclear:
        iterator.place = place
    else:
        iterator.unclear = True


def next_of(machine: Machine, iterator: ListIterator) -> tuple[Value | None, bool]:
    """The next element, and whether there surely is one; None if there surely is none."""
    source, place = iterator.source, iterator.place
    if source.complete and place < len(source.items) and iterator.at(place).sure:
        _advance(machine, iterator, place + 1)
        return source.items[place].value, True
    rest = source.items[place:]
    machine.step(len(rest))
    iterator.unclear = True
    if not source.complete:
        return join(*(item.value for item in rest), UNKNOWN), False
    if not rest:
        return None, False
    sure = next((index for index in range(len(rest)) if iterator.at(place + index).sure), None)
    maybe = rest if sure is None else rest[: sure + 1]
    return join(*(item.value for item in maybe)), sure is not None
