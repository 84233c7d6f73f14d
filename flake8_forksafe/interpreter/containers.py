"""Values that hold others: sequences, mappings, and iterators."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, Protocol

from flake8_forksafe.interpreter.namespace import Names, lacks
from flake8_forksafe.interpreter.values import UNKNOWN, Doubt, EnclosingScope, Item, Value

ITEM_LIMIT = 20_000
"""Elements of a sequence that are kept; what lies behind them is not known."""


ANYTHING = Item(UNKNOWN, False)
"""Stands, in a sequence that is not complete, where elements that are not known may be in front of others."""


class Items(Value):
    """A list, tuple, set or iterator.

    :ivar complete: False when there may be elements that are not known, or the order is not.
    :ivar born: the doubt it was created in; what happens to it in deeper doubt only may happen.
    """

    __slots__ = ("born", "complete", "items", "kind")

    def __init__(self, kind: str, items: Iterable[Item], born: Doubt, complete: bool = True) -> None:
        self.kind = kind
        self.items = list(islice(items, ITEM_LIMIT + 1))
        self.born = born
        self.complete = complete
        if len(self.items) > ITEM_LIMIT:
            del self.items[ITEM_LIMIT:]
            self.complete = False

    def __repr__(self) -> str:
        inner = ", ".join(repr(item.value) + ("" if item.sure else "?") for item in self.items)
        return f"{self.kind}({inner}{'' if self.complete else ', ...'})"


class NamedItems(Items):
    """A tuple whose elements have names, such as ``sys.version_info``."""

    __slots__ = ("fields",)

    def __init__(self, fields: tuple[str, ...], values: Iterable[Value], born: Doubt) -> None:
        super().__init__("tuple", map(Item, values), born)
        self.fields = fields


class Observer(Protocol):
    """Is told what the program does to a mapping that stands for something outside, such as ``os.environ``."""

    def reads(self, key: str) -> None:
        """The value of a key is looked up."""

    def changing(self, frame: EnclosingScope) -> AbstractContextManager[None]:
        """The current statement of ``frame`` may change the mapping while this is entered."""


class Table(Value):
    """A mapping.  Keys are plain values, or other values by identity.

    :ivar untold: keys that may equal others (:mod:`.mappings`).
    :ivar observer: who is told when it is read or changed.
    :ivar lacks: keys that an incomplete mapping surely does not have, unless they are among its entries.
    :ivar maybe_resized: how often its number of keys may have changed where its entries do not show it.
    """

    __slots__ = ("born", "complete", "entries", "lacks", "maybe_resized", "observer", "untold")

    def __init__(self, entries: dict[object, Item], born: Doubt, complete: bool = True) -> None:
        self.entries = entries
        self.born = born
        self.complete = complete
        self.untold: set[object] = set()
        self.observer: Observer | None = None
        self.lacks: frozenset[object] = frozenset()
        self.maybe_resized = 0

    def tells(self, key: object) -> bool:
        """Whether it is known if it has a key that is not among its entries: it has not."""
        return self.complete or key in self.lacks

    def copied(self, born: Doubt) -> Table:
        """A mapping of its own with the same entries."""
        other = Table(dict(self.entries), born, self.complete)
        other.untold, other.lacks = set(self.untold), self.lacks
        return other

    def __repr__(self) -> str:
        inner = ", ".join(f"{key!r}: {item.value!r}" for key, item in self.entries.items())
        return "{" + inner + ("" if self.complete else ", ...") + "}"


Write = Callable[[dict[str, Value], str, Value], None]
"""Binds a name of a scope or an object."""


class NamesTable(Table):
    """``globals()``: a mapping whose entries are names of a scope or an object."""

    __slots__ = ("names",)

    def __init__(self, born: Doubt, names: dict[str, Value], write: Write) -> None:
        super().__init__(Bound(names, write), born, complete=False)
        self.names = names


class Bound(dict[object, Item]):
    """Entries that are stored in names.

    :ivar write: binds a name.
    """

    def __init__(self, names: dict[str, Value], write: Write) -> None:
        super().__init__({name: Item(value, not lacks(names, name)) for name, value in names.items()})
        self.names = names
        self.write = write

    def __setitem__(self, key: object, item: Item) -> None:
        is_newer = key not in self and key in self.names  # it was bound after these entries were made
        super().__setitem__(key, item)
        if isinstance(key, str):
            is_sure = item.sure or (is_newer and not lacks(self.names, key))
            self.write(self.names, key, item.value)
            if not is_sure and isinstance(self.names, Names):
                self.names.may_lack(key)

    def __delitem__(self, key: object) -> None:
        super().__delitem__(key)
        if isinstance(key, str) and key in self.names:
            del self.names[key]


class MappingView(Items):
    """What ``keys()``, ``values()`` or ``items()`` of a mapping gives: its elements are those that the mapping has now.

    :ivar entries: the keys that are there, and whether for sure.
    :ivar element: makes an element of a key and its value.
    """

    __slots__ = ("element", "entries", "table")

    def __init__(
        self,
        table: Table,
        entries: Callable[[Table], list[tuple[object, Item]]],
        element: Callable[[object, Value], Value],
    ) -> None:
        self.kind = "view"
        self.table = table
        self.entries = entries
        self.element = element

    @property
    def items(self) -> list[Item]:  # type: ignore[override]
        """The elements now."""
        return [Item(self.element(key, item.value), item.sure) for key, item in self.entries(self.table)]

    @property
    def complete(self) -> bool:  # type: ignore[override]
        """Whether there are no others."""
        return self.table.complete

    @property
    def born(self) -> Doubt:  # type: ignore[override]
        """The doubt in which the mapping was created."""
        return self.table.born


class Lazy(Value):
    """An iterator that computes its elements when they are asked for.

    :ivar produce: computes the elements and hands each over, for the frame that asks; returns whether there can be no
        others.
    :ivar frame: where it was created; ``born``: in which doubt.
    :ivar rest: what is left of it once it was asked; None before that.
    :ivar left: whether somebody who asked it may have left it before its end.
    :ivar seen: :attr:`.Journal.changes` when ``rest`` was computed.
    """

    __slots__ = ("born", "frame", "left", "produce", "rest", "seen")

    def __init__(self, produce: Callable[[Callable[[Item], bool], Any], bool], frame: Any, born: Doubt) -> None:
        self.produce = produce
        self.frame = frame
        self.born = born
        self.rest: Items | None = None
        self.left = False
        self.seen = 0
