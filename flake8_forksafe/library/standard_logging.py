"""Models of ``logging.config``: what a configuration names is imported and created.  Read in CPython 3.11 to 3.14."""

from __future__ import annotations

from flake8_forksafe.interpreter.containers import Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Class,
    External,
    Function,
    Item,
    Value,
    options,
    text,
)
from flake8_forksafe.library.standard_import import import_dotted

SECTIONS = ("formatters", "filters", "handlers")
"""What is created, in this order (``DictConfigurator.configure``)."""
FACTORIES = ("()", "class")
OWN_KEYS = frozenset({*FACTORIES, ".", "formatter", "filters", "level"})
"""Keys of an entry that are no arguments of what it names."""
REFERENCES = ("ext://", "cfg://")


def configure(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``dictConfig(config)``: formatters, filters and handlers are created."""
    for config in options(arguments.get(0, "config") or UNKNOWN):
        for section in SECTIONS:
            for entry in _entries(config, section):
                with machine.doubted(not entry.sure):
                    _create(machine, entry.value, frame)
    return NONE


def _entries(config: Value, section: str) -> list[Item]:
    """The entries of one section."""
    part = config.entries.get(section) if isinstance(config, Table) else None
    return list(part.value.entries.values()) if part is not None and isinstance(part.value, Table) else []


def _create(machine: Machine, entry: Value, frame: Frame) -> None:
    """Resolve what an entry names, and call it."""
    if not isinstance(entry, Table):
        return
    named = next((entry.entries[key] for key in FACTORIES if key in entry.entries), None)
    given = {
        name: _argument(item.value) for name, item in entry.entries.items()
        if isinstance(name, str) and name not in OWN_KEYS
    }  # fmt: skip
    for option in options(named.value) if named is not None else ():
        path = text(option)
        value = import_dotted(machine, path, frame) if path else option
        if isinstance(value, (Class, Function, External)):
            machine.call(value, Arguments((), given, complete=entry.complete), frame)


def _argument(value: Value) -> Value:
    """What an argument is; a reference to something else is resolved by the configurator."""
    return UNKNOWN if (text(value) or "").startswith(REFERENCES) else value


MODELS = Library(functions={"logging.config.dictConfig": configure})
