"""The app that a server of WSGI or ASGI apps loads: ``module:attribute`` and ``module:factory()``."""

from __future__ import annotations

import re

from flake8_forksafe.hosts.host import HostBoot
from flake8_forksafe.interpreter.values import Arguments, Function, Method, ModuleValue

FACTORY = re.compile(r"(\w+)\s*(?:\((.*)\))?\s*", re.DOTALL)
"""What may stand behind the colon: a name, or a call of one."""


def import_app(boot: HostBoot, spec: str) -> None:
    """Import the module of an app, and call its factory if it is one."""
    name, _, attribute = spec.partition(":")
    module = boot.machine.import_name(name, boot.frame)
    if isinstance(module, ModuleValue):
        boot.app_place = (name, 1)
        call_factory(boot, module, attribute)
    elif module is None and name.partition(".")[0] in boot.machine.imports.modules:
        boot.app_place = boot.app_place or (name.rpartition(".")[0], 1)
        boot.machine.note("FS192", boot.frame, f"the module {name!r} of the app {spec!r} was not found")


def call_factory(boot: HostBoot, module: ModuleValue, attribute: str) -> None:
    """Call what makes the app, if it is made by a call."""
    factory = FACTORY.fullmatch(attribute or "application")
    if factory is None:
        return
    value = boot.machine.attribute(module, factory[1], boot.frame)
    if factory[2] is not None and isinstance(value, (Function, Method)):
        boot.machine.call(value, Arguments((), {}, complete=not factory[2].strip()), boot.frame)
