"""Django's settings: where they come from, and what they are.

Read in Django 4.2, 5.2 and 6.0: django/conf/__init__.py, django/conf/global_settings.py.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.containers import Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import LibraryState, Machine
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    External,
    Literal,
    Module,
    ModuleValue,
    Value,
    join,
    texts,
)
from flake8_forksafe.library.configuration import class_setting
from flake8_forksafe.library.standard_process import ProcessEnvironment
from flake8_forksafe.project import django as facts
from flake8_forksafe.project.layout import absolute
from flake8_forksafe.source.facts import Assign, Augment, ImportFrom, Name


class DjangoSettings(LibraryState):
    """The settings of the project.

    :ivar settings: the settings module, several if the environment decides; None before it is imported.
    :ivar fallback: the module that ``manage.py`` names, for a worker whose environment is to provide it.
    :ivar extra: settings that libraries add, where the project does not set them.
    """

    def __init__(self, machine: Machine) -> None:
        self.settings: list[Value] | None = None
        self.fallback: str | None = None
        self.extra: dict[str, Value] = {}


def is_configured(machine: Machine) -> bool:
    """Whether ``DJANGO_SETTINGS_MODULE`` is set, as far as is known."""
    django = machine.state(DjangoSettings)
    item = machine.state(ProcessEnvironment).get(facts.SETTINGS_VARIABLE)
    if item is None:
        return django.settings is not None or django.fallback is not None
    return truth(item.value) is not False


def load_settings(machine: Machine, frame: Frame) -> list[Value]:
    """Import the settings module, once; several if the environment decides."""
    django = machine.state(DjangoSettings)
    if django.settings is not None:
        return django.settings
    django.settings = []
    item = machine.state(ProcessEnvironment).get(facts.SETTINGS_VARIABLE)
    names = texts(item.value) if item is not None else [django.fallback] if django.fallback else []
    if not names:
        machine.note("FS192", frame, "the name of the Django settings module cannot be resolved")
    with machine.recorder.boot_step("settings"):
        for name in names:
            with machine.doubted(len(names) > 1):
                value = machine.import_name(name, frame)
            if value is None:
                hint = "name the one that the worker uses with the option django-settings"
                machine.note("FS192", frame, f"the Django settings module {name!r} is not in the project: {hint}")
            else:
                django.settings.append(value)
    return django.settings


def setting(machine: Machine, name: str, frame: Frame) -> Value:
    """``settings.NAME``: the project's value, else Django's default."""
    django = machine.state(DjangoSettings)
    found = []
    for holder in load_settings(machine, frame):
        if isinstance(holder, ModuleValue):
            value = _module_setting(machine, holder.module, name, frame)
            found.append(value)
        else:
            found.append(UNKNOWN)
    known = [value for value in found if value is not None]
    if not known and name in django.extra:
        return django.extra[name]
    if not known and name in facts.DEFAULTS:
        return _default(machine, name)
    if not known:
        closed = all(isinstance(holder, ModuleValue) and not holder.module.open for holder in django.settings or [])
        if closed and django.settings:
            return machine.fail("AttributeError")
        machine.may_fail(External("builtins.AttributeError()"))
        machine.switches.count += 1
        return UNKNOWN
    return join(*known)


def note_without_apps(machine: Machine, frame: Frame) -> None:
    """Say so if no INSTALLED_APPS is seen: none of the project's apps would be loaded."""
    known = machine.state(DjangoSettings).settings or ()
    modules = [holder.module for holder in known if isinstance(holder, ModuleValue)]
    if not modules or any(_module_setting(machine, module, "INSTALLED_APPS", frame) for module in modules):
        return
    place = Frame(modules[0], Node(modules[0].name), "function", machine.journal.doubt)
    place.line = 1
    hint = "name the settings module that the worker uses with the option django-settings"
    if any(module.open for module in modules):
        hint = "it is given names that are computed, and those are not known"
    machine.note("FS192", place, f"the Django settings module {modules[0].name!r} sets no INSTALLED_APPS: {hint}")


def _module_setting(machine: Machine, module: Module, name: str, frame: Frame) -> Value | None:
    value = module.names.get(name)
    if value is not None:
        return value
    hook = module.names.get("__getattr__")
    if hook is not None:
        return machine.call(hook, Arguments((Literal(name),)), frame)
    return class_setting(machine, module, name, frame)


def _default(machine: Machine, name: str) -> Value:
    """A setting of django/conf/global_settings.py."""
    default = facts.DEFAULTS[name]
    if isinstance(default, list):
        return machine.items("list", [Literal(part) for part in default])
    if isinstance(default, dict):
        return Table({}, machine.journal.doubt, complete=not default)
    return UNKNOWN if default is Ellipsis else Literal(default)  # type: ignore[arg-type]


def setting_cause(machine: Machine, setting: str, frame: Frame) -> Frame:
    """A frame for the line of the settings module that last changes a setting; else ``frame``."""
    for holder in machine.state(DjangoSettings).settings or ():
        module = holder.module if isinstance(holder, ModuleValue) else None
        place = assigned_at(machine, module, setting) if module is not None else None
        if place is not None:
            cause = Frame(place[0], Node(place[0].name), "function", machine.journal.doubt)
            cause.line, cause.boot = place[1], True
            return cause
    inner = Frame(frame.module, frame.node, "function", machine.journal.doubt)
    inner.line, inner.boot = frame.line, True
    return inner


def assigned_at(machine: Machine, module: Module, setting: str) -> tuple[Module, int] | None:
    """The last top-level statement that assigns a setting, in the settings module or one it star-imports."""
    if module.found.path is None:
        return None
    place: tuple[Module, int] | None = None
    for statement in machine.imports.sources.module(module.found.path):
        targets: tuple[object, ...] = ()
        if isinstance(statement, Assign):
            targets = statement.targets
        elif isinstance(statement, Augment):
            targets = (statement.target,)
        elif isinstance(statement, ImportFrom) and statement.names == (("*", None),):
            source = machine.imports.modules.get(absolute(module.package, statement.level, statement.module))
            inherited = assigned_at(machine, source, setting) if source is not None and source is not module else None
            place = inherited or place
        if any(isinstance(target, Name) and target.id == setting for target in targets):
            place = (module, statement.line)
    return place
