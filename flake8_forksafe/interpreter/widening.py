"""Widening: one execution of a loop or function stands for any number.  Values that it computes become unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flake8_forksafe.interpreter.budget import ROUND_LIMIT, Place
from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.namespace import NamesVersion, change
from flake8_forksafe.interpreter.values import UNKNOWN, Literal, Value, join, options, same

Written = tuple[dict[str, Value], str, Value]
"""Names, one of them, and its value before."""


def place_of(frame: Frame) -> Place:
    """The loop that the rounds of the current statement of ``frame`` count for: the outermost it stands in."""
    return frame.place or (frame.node, frame.line)


def has_rounds(machine: Machine, frame: Frame) -> bool:
    """Count a round of a loop in ``frame``; returns whether its place had one left, and says it if not."""
    exceeded = machine.budget.round(place_of(frame))
    if exceeded == 1:
        machine.note("FS192", frame, f"more than {ROUND_LIMIT:,} rounds of this loop are not followed one by one")
    return not exceeded


def forget(machine: Machine, mark: int) -> bool:
    """Forget what was computed anew outside since ``mark`` of the journal; returns whether there was any."""
    return _forget((names, name, old) for names, name, old, _ in machine.journal.entries[mark:] if old is not None)


def repeat(machine: Machine, run: Callable[[], object]) -> None:
    """Execute what may happen any number of times, and once more with what that changed outside.

    What is repeated inside of another repetition is executed again with that one.
    """
    journal = machine.journal
    is_outermost, mark, changes = not journal.may_repeat(journal.certain), len(journal.entries), journal.changes
    with journal.repeated():
        run()
        if (forget(machine, mark) or journal.changes != changes) and is_outermost:
            run()


def forget_names(machine: Machine, written: Iterable[tuple[dict[str, Value], str]]) -> None:
    """Forget the computed values of names that may have been written again."""
    for names, name in written:
        value = names.get(name, UNKNOWN)
        if _is_computed(value, ()) and UNKNOWN not in options(value):
            with machine.doubted():
                machine.write(names, name, join(value, UNKNOWN))


def rebound_in(frame: Frame, before: NamesVersion[Value]) -> list[Written]:
    """The names of ``frame`` that were bound in a version of them, and were bound again since."""
    return [(frame.names, name, old) for name, old in frame.names.since(before).items() if old is not None]


def forget_all(machine: Machine, frame: Frame, before: NamesVersion[Value], mark: int) -> bool:
    """Forget what was computed anew in ``frame`` since a version of its names too."""
    rebound = rebound_in(frame, before)
    changed = _forget(rebound)
    return forget(machine, mark) or changed


def _forget(written: Iterable[Written]) -> bool:
    changed = [
        (names, name, value)
        for names, name, old in written
        if (value := names.get(name, old)) is not old and _is_computed(value, options(old))
    ]
    for names, name, value in changed:
        change(names, name, join(value, UNKNOWN))
    return bool(changed)


def _is_computed(value: Value, before: tuple[Value, ...]) -> bool:
    """Whether a value is new and of a kind that is computed from others: a number, a string, a container."""
    return any(
        (isinstance(option, (Items, Table)) or (isinstance(option, Literal) and not isinstance(option.value, bool)))
        and not any(same(option, other) for other in before)
        for option in options(value)
    )
