"""The names of a scope, with versions that are joined where branches meet.

A version stores what changed, not a copy of all names.
Alternatives are executed one after the other from the same names, and joined; a ``try`` needs the names at each place
where its body may be left.  Copies of all names would take time and memory by the square of a module's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from heapq import heapify, heappop, heappush
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")


class Names(dict[str, T]):
    """Names of a scope or an object with their values.

    :ivar maybe: names that only may be bound; their values are what they are then.
    :ivar born: the doubt in which they were made; None for the outermost.
    """

    __slots__ = ("born", "maybe")

    def __init__(self, born: Any = None) -> None:
        super().__init__()
        self.born = born
        self.maybe: dict[str, Unsure[T]] = {}

    def __setitem__(self, name: str, value: T) -> None:
        super().__setitem__(name, value)
        self.maybe.pop(name, None)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self.maybe.pop(name, None)

    def may_lack(self, name: str) -> None:
        """Note that a name only may be bound."""
        if name in self:
            self.maybe[name] = Unsure(self[name])

    def change(self, name: str, value: T) -> None:
        """Give a name another value; whether it surely is bound stays what it was."""
        is_sure = name not in self.maybe
        self[name] = value
        if not is_sure:
            self.may_lack(name)


def lacks(names: dict[str, T], name: str) -> bool:
    """Whether a name that has a value in ``names`` only may be bound."""
    return isinstance(names, Names) and name in names.maybe


def change(names: dict[str, T], name: str, value: T) -> None:
    """Give a name another value; whether it surely is bound stays what it was."""
    if isinstance(names, Names):
        names.change(name, value)
    else:
        names[name] = value


class Unsure(Generic[T]):
    """In a version: the value of a name that only may be bound."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value


State: TypeAlias = T | Unsure[T] | None


class NamesVersion(Generic[T]):
    """The names at one point of the execution.

    :ivar parent: the version that ``changes`` were made to; None for the first.
    :ivar changes: names with the value before and the value then; None where a name is not bound, :class:`Unsure`
        where it only may be.
    :ivar number: how many versions of the same names were made before; the parent's is lower.
    """

    __slots__ = ("changes", "number", "parent")

    def __init__(
        self, parent: NamesVersion[T] | None, changes: dict[str, tuple[State[T], State[T]]], number: int
    ) -> None:
        self.parent = parent
        self.changes = changes
        self.number = number


class Namespace(Names[T]):
    """Names with their values, of which versions can be kept.

    :ivar current: the version that was made, or gone to, last; ``made`` is how many were made.
    :ivar pending: the names written since, with their values in it.
    """

    __slots__ = ("current", "made", "pending")

    def __init__(self, born: Any = None) -> None:
        super().__init__(born)
        self.forget_versions()

    def __setitem__(self, name: str, value: T) -> None:
        if name not in self.pending:
            self.pending[name] = self.maybe.get(name) or self.get(name)
        dict.__setitem__(self, name, value)
        self.maybe.pop(name, None)

    def __delitem__(self, name: str) -> None:
        if name not in self.pending:
            self.pending[name] = self.maybe.get(name) or self.get(name)
        super().__delitem__(name)

    def may_lack(self, name: str) -> None:
        """Note that a name only may be bound."""
        if name not in self.pending:
            self.pending[name] = self.maybe.get(name) or self.get(name)
        super().may_lack(name)

    def unbind(self, name: str) -> None:
        """Forget a name, if it is bound."""
        if name in self:
            del self[name]

    def forget_versions(self) -> None:
        """Drop all versions.  No earlier version may be used afterwards."""
        self.current: NamesVersion[T] = NamesVersion(None, {}, 0)
        self.made = 0
        self.pending: dict[str, State[T]] = {}

    def version(self) -> NamesVersion[T]:
        """The names as they are now; takes time by what was written since the last version."""
        if not self.pending:
            return self.current
        changes = {
            name: (old, new)
            for name, old in self.pending.items()
            if (new := self.maybe.get(name) or self.get(name)) is not old
        }
        self.pending = {}
        if changes:
            self.made += 1
            self.current = NamesVersion(self.current, changes, self.made)
        return self.current

    def since(self, version: NamesVersion[T]) -> dict[str, T | None]:
        """The names written since a version that lies before the current one, with their values in it."""
        found = dict(self.pending)
        node: NamesVersion[T] | None = self.current
        while node is not version and node is not None:
            found.update((name, old) for name, (old, _) in node.changes.items())
            node = node.parent
        return {name: old.value if isinstance(old, Unsure) else old for name, old in found.items()}

    def go_to(self, version: NamesVersion[T]) -> None:
        """Make the names what they were in a version."""
        if version is self.current and not self.pending:
            return
        node: NamesVersion[T] | None = self.version()
        target: NamesVersion[T] | None = version
        down = []
        while node is not target:
            assert node is not None and target is not None, "the versions are those of other names"
            if node.number > target.number:
                for name, (old, _) in node.changes.items():
                    self._put(name, old)
                node = node.parent
            else:
                down.append(target)
                target = target.parent
        for step in reversed(down):
            for name, (_, new) in step.changes.items():
                self._put(name, new)
        self.current = version

    def join(self, endings: Iterable[NamesVersion[T]], joined: Callable[..., T]) -> None:
        """Make each name what it is in any of several versions: bound, if it is bound in one; maybe, if not in all.

        :param joined: makes one of several values.
        """
        ends = list(dict.fromkeys(endings))
        if len(ends) == 1:
            self.go_to(ends[0])
            return
        top, below = _tree(ends)
        self.go_to(top)
        for name, states in _different(top, below, ends).items():
            self._bind_any(name, states, joined)

    def _bind_any(self, name: str, states: Iterable[State[T]], joined: Callable[..., T]) -> None:
        """Bind a name that is in any of several states."""
        values: list[T] = []
        is_sure = True
        for state in states:
            if state is None:
                is_sure = False
            elif isinstance(state, Unsure):
                is_sure = False
                values.append(state.value)
            else:
                values.append(state)
        if not values:
            self.unbind(name)
            return
        self[name] = joined(*values)
        if not is_sure:
            self.may_lack(name)

    def _put(self, name: str, state: State[T]) -> None:
        if state is None:
            self.pop(name, None)
            self.maybe.pop(name, None)
        elif isinstance(state, Unsure):
            dict.__setitem__(self, name, state.value)
            self.maybe[name] = state
        else:
            dict.__setitem__(self, name, state)
            self.maybe.pop(name, None)


def _tree(ends: list[NamesVersion[T]]) -> tuple[NamesVersion[T], dict[NamesVersion[T], list[NamesVersion[T]]]]:
    """The last version that lies before several, and the branches that lead from it to them."""
    below: dict[NamesVersion[T], list[NamesVersion[T]]] = {}
    waiting = [(-end.number, end) for end in ends]
    heapify(waiting)
    seen = set(ends)
    while len(waiting) > 1:
        _, node = heappop(waiting)
        parent = node.parent
        assert parent is not None, "the versions are those of other names"
        below.setdefault(parent, []).append(node)
        if parent not in seen:
            seen.add(parent)
            heappush(waiting, (-parent.number, parent))
    return waiting[0][1], below


def _different(
    top: NamesVersion[T], below: Mapping[NamesVersion[T], list[NamesVersion[T]]], ends: list[NamesVersion[T]]
) -> dict[str, list[State[T]]]:
    """The values, in the order of execution, that each name which changed below ``top`` has at one of ``ends``."""
    found: dict[str, list[State[T]]] = {}
    if not below:
        return found
    now: dict[str, State[T]] = {}
    unmet: set[str] = set()
    """Names whose value changed since the last end."""
    met = False

    def meet(version: NamesVersion[T]) -> None:
        nonlocal met
        if version in among:
            for name in unmet:
                found[name].append(now[name])
            unmet.clear()
            met = True

    among = set(ends)
    if ends[0] is top:
        meet(top)
    waiting = [(child, False) for child in below.get(top, ())]
    while waiting:
        version, is_left = waiting.pop()
        for name, (old, new) in version.changes.items():
            if name not in found:
                found[name] = [old] if met else []
            now[name] = old if is_left else new
            unmet.add(name)
        if not is_left:
            meet(version)
            waiting.append((version, True))
            waiting += [(child, False) for child in below.get(version, ())]  # the highest number first, so taken last
    meet(top)
    return found
