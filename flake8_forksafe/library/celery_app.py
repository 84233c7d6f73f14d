"""What is known of Celery apps and their settings.  Read in Celery 5.7.0 (celery/app/base.py and defaults.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flake8_forksafe.interpreter.containers import Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import LibraryState, Machine
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    Class,
    External,
    Instance,
    Literal,
    ModuleValue,
    Value,
    join,
    options,
    text,
)
from flake8_forksafe.library.builtin_reflection import has
from flake8_forksafe.library.receivers import Receiver


class Discovery(NamedTuple):
    """One ``app.autodiscover_tasks(packages, related_name)``."""

    packages: Value | None
    related_name: Value


class CeleryApp:
    """What is known of one Celery app.

    :ivar value: the app itself.
    :ivar frame: where it was created; ``line`` in it.
    """

    def __init__(self, value: Value, arguments: Arguments, frame: Frame) -> None:
        self.value = value
        self.arguments = arguments
        self.frame = frame
        self.line = frame.line
        self.source = arguments.get(-1, "config_source")
        self.namespace = arguments.get(-1, "namespace")
        self.overrides: dict[str, Value] = {}
        self.config: Value | None = None
        self.state = "new"
        self.receivers: dict[str, list[Receiver]] = {}
        self.steps: list[Receiver] = []
        self.consumer_steps: list[Receiver] = []
        self.options: list[Receiver] = []

    def setting(self, name: str, frame: Frame, machine: Machine) -> Value | None:
        """A setting by its modern lower-case name; None where the app does not set it."""
        if name in self.overrides:
            return self.overrides[name]
        if (given := self._argument(name)) is not None:
            return given
        if self.config is None:
            return None
        prefix = text(self.namespace)
        names = [f"{prefix}_{name}".upper(), f"{prefix}_{name}".lower()] if prefix else [name, *_old_names(name)]
        for candidate in names:
            value = config_value(machine, self.config, candidate, frame)
            if value is not None:
                return value
        return None

    def _argument(self, name: str) -> Value | None:
        """A setting given to the constructor, as a keyword or in ``changes``: it goes over the configuration."""
        names = (name, *(old for old in _old_names(name)))
        changes = self.arguments.get(-1, "changes")
        for candidate in names:
            given = self.arguments.get(-1, candidate)
            item = changes.entries.get(candidate) if isinstance(changes, Table) else None
            if given is not None and not (isinstance(given, Literal) and given.value is None):
                return given
            if item is not None:
                return item.value
        return None


def _old_names(name: str) -> Iterator[str]:
    """What Celery 3 called a setting (celery/app/defaults.py)."""
    yield f"CELERY_{name.upper()}"
    if name.startswith("worker_"):
        yield f"CELERYD_{name.removeprefix('worker_').upper()}"


def config_value(machine: Machine, config: Value, name: str, frame: Frame) -> Value | None:
    """An attribute or item of a configuration object; None if it surely has none."""
    found = []
    for option in options(config):
        if isinstance(option, Table):
            item = option.entries.get(name)
            if item is not None:
                found.append(item.value)
        elif isinstance(option, ModuleValue):
            if name in option.module.names:
                found.append(machine.attribute(option, name, frame))
        elif isinstance(option, (Class, Instance)):
            if any(isinstance(base, Class) and name in base.names for base in
                   (option.cls if isinstance(option, Instance) else option).mro()):  # fmt: skip
                found.append(machine.attribute(option, name, frame))
        elif isinstance(option, External) and has(machine, option, name, frame) is not False:
            value = machine.attribute(option, name, frame)
            if not isinstance(value, External) and value is not UNKNOWN:
                found.append(value)
    return join(*found) if found else None


class CeleryState(LibraryState):
    """The apps that were created, and what was connected to Celery's signals."""

    def __init__(self, machine: Machine) -> None:
        self.apps: list[CeleryApp] = []
        self.receivers: dict[str, list[Receiver]] = {}

    def app_of(self, value: Value | None) -> CeleryApp | None:
        """The record of an app."""
        for option in options(value) if value is not None else ():
            for app in self.apps:
                if app.value is option:
                    return app
        return None
