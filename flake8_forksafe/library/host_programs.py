"""What all hosts have in common that a Python program starts itself: the call does not return before they end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from flake8_forksafe.interpreter import iteration
from flake8_forksafe.interpreter.frames import Frame, Raised
from flake8_forksafe.interpreter.machine import LibraryState, Machine
from flake8_forksafe.interpreter.values import Arguments, External, Instance, Literal, Module, Value, text

STOPPED = External("builtins.SystemExit()")
"""What the program is left with where a host begins."""


class StartedHost(LibraryState):
    """The host that the program starts.

    :ivar name: of the host; empty as long as none was started.
    :ivar place: module and line of the call that starts it.
    :ivar given: what the program says of it, by the names that its plan has for it.
    :ivar running: the modules that are being executed when it starts, which have not failed.
    :ivar does_other: whether the program surely does something else than start a host.
    """

    def __init__(self, machine: Machine) -> None:
        self.name = ""
        self.place: tuple[str, int] | None = None
        self.given: dict[str, Value] = {}
        self.running: list[Module] = []
        self.does_other = False


def leave(machine: Machine, name: str, frame: Frame, given: Mapping[str, Value]) -> NoReturn:
    """Remember the first host that is started, and leave the program."""
    started = machine.state(StartedHost)
    if not started.name:
        started.name, started.place, started.given = name, (frame.module.name, frame.line), dict(given)
        started.running = [module for module in machine.imports.modules.values() if module.state == "loading"]
        machine.memory.waiting = frozenset(node for node, times in machine.memory.active.items() if times)
    raise Raised(STOPPED)


def words_of(machine: Machine, value: Value | None, frame: Frame) -> tuple[str, ...]:
    """The texts of a sequence, as far as they are known."""
    return tuple(word for word in _texts(machine, value, frame) if word is not None)


def command_line(machine: Machine, frame: Frame) -> tuple[str | None, ...]:
    """``sys.argv`` without the program; None for a word that is not known."""
    return _texts(machine, machine.attribute(machine.external("sys"), "argv", frame), frame)[1:]


def known_words(machine: Machine, frame: Frame) -> tuple[str, ...]:
    """The words of :func:`command_line` that are known."""
    return tuple(word for word in command_line(machine, frame) if word is not None)


def _texts(machine: Machine, value: Value | None, frame: Frame) -> tuple[str | None, ...]:
    items = iteration.iterate(machine, value, frame).items if value is not None else []
    return tuple(text(item.value) for item in items)


def class_of(value: Value | None) -> Value | None:
    """The class of an object: of the project, or of a library."""
    if isinstance(value, Instance):
        return value.cls
    return External(value.path.removesuffix("()")) if isinstance(value, External) else None


def made_with(function: External) -> Arguments:
    """What the object was created with whose method is called."""
    holder = function.receiver
    return holder.arguments if isinstance(holder, External) and holder.arguments is not None else Arguments()


def known(value: Value | None) -> object:
    """A value that is written out; None for any other."""
    return value.value if isinstance(value, Literal) else None
