"""Doubt: whether the current statement certainly executes, and which names were written where it does not."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.namespace import Names, change, lacks
from flake8_forksafe.interpreter.values import Doubt, EnclosingScope, Value, join


class Journal:
    """The doubt in which the program executes, and the names of outer scopes that were written in it.

    :ivar certain: the outermost stretch of execution, which happens in every boot.
    :ivar doubt: the current one.
    :ivar changes: how often something was changed that a function may depend on besides its arguments.
    :ivar grown: containers that were given an element in a repeated stretch, and are older than it.
    :ivar entries: what was written in doubt: names, name, the value before, and whether that was sure.
    :ivar left_by_switch: whether the current statement may have left its block as a switch decides.
    """

    __slots__ = ("certain", "changes", "doubt", "entries", "grown", "left_by_switch")

    def __init__(self) -> None:
        self.certain = Doubt()
        self.changes = 0
        self.grown: list[Items | Table] = []
        self.doubt = self.certain
        self.entries: list[tuple[dict[str, Value], str, Value | None, bool]] = []
        self.left_by_switch = False

    def doubted(self, really: bool = True, switch: bool = False) -> AbstractContextManager[None]:
        """Execute something in doubt.

        :param switch: whether it is a switch of the project's own that decides.
        """
        return Doubted(self, switch=switch) if really else CERTAINLY

    def repeated(self) -> AbstractContextManager[None]:
        """Execute something that may happen any number of times."""
        return Doubted(self, repeats=True)

    def may_repeat(self, born: Doubt) -> bool:
        """Whether a change made now to something born in ``born`` stands for any number of changes."""
        doubt: Doubt | None = self.doubt
        while doubt is not None and doubt is not born:
            if doubt.repeats:
                return True
            doubt = doubt.outer
        return False

    def write(self, names: dict[str, Value], name: str, value: Value) -> None:
        """Bind a name of another scope than that which executes: a global, or an attribute."""
        self.changes += 1
        if self.doubt is not self.certain:
            before = names.get(name)
            self.entries.append((names, name, before, before is not None and not lacks(names, name)))
        names[name] = value

    def weaken(self, mark: int) -> None:
        """Make everything written since ``mark`` only possible: join it with the old values, if there were any."""
        if len(self.entries) == mark:
            return
        oldest: dict[tuple[int, str], tuple[dict[str, Value], Value | None, bool]] = {}
        for names, name, old, was_sure in self.entries[mark:]:
            oldest.setdefault((id(names), name), (names, old, was_sure))
        for (_, name), (names, old, was_sure) in oldest.items():
            if name not in names:
                continue
            is_sure = was_sure and not lacks(names, name)
            if old is not None:
                change(names, name, join(old, names[name]))
            if isinstance(names, Names) and not is_sure and (names.born is None or self.doubt.within(names.born)):
                names.may_lack(name)
        if self.doubt is self.certain:
            self.entries.clear()

    def is_sure(self, frame: EnclosingScope) -> bool:
        """Whether the current statement runs whenever its frame does."""
        return frame.base.within(self.doubt)

    def is_switched(self, frame: EnclosingScope) -> bool:
        """Whether the current statement runs only if a switch in its frame is set."""
        doubt: Doubt | None = self.doubt
        while doubt is not None and not frame.base.within(doubt):
            if doubt.switch:
                return True
            doubt = doubt.outer
        return False

    def touches_surely(self, born: Doubt) -> bool:
        """Whether a change made now to something born in ``born`` happens for sure if that exists."""
        return born.within(self.doubt)


class Doubted:
    """What is executed in it only may happen."""

    __slots__ = ("journal", "mark", "outer", "repeats", "switch")

    def __init__(self, journal: Journal, repeats: bool = False, switch: bool = False) -> None:
        self.journal = journal
        self.repeats = repeats
        self.switch = switch

    def __enter__(self) -> None:
        journal = self.journal
        self.outer, self.mark = journal.doubt, len(journal.entries)
        journal.doubt = Doubt(self.outer, self.repeats, self.switch)

    def __exit__(self, *error: object) -> None:
        self.journal.doubt = self.outer
        self.journal.weaken(self.mark)


CERTAINLY = nullcontext()
