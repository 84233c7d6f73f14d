"""Options of a project's own on Celery's command line: ``app.user_options["worker"].add(click.Option(...))``.

click calls what they name when it parses the line of ``celery worker``: in MainProcess, behind the app's import and
before its modules are loaded.  Read in Celery 5.7.0 (celery/bin/celery.py) and click 8.5 (click/core.py,
``Parameter.process_value``), and run.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    Class,
    External,
    Function,
    Instance,
    Method,
    Partial,
    Value,
    options,
    text,
)
from flake8_forksafe.library.celery_app import CeleryApp
from flake8_forksafe.library.celery_boot import cause
from flake8_forksafe.library.host_programs import known_words


def parse_options(machine: Machine, app: CeleryApp) -> None:
    """Call the defaults and the callbacks of the options that an app adds to the worker's command."""
    for added in app.options:
        frame = cause(machine, added)
        for option in options(added.function) if isinstance(added.function, Value) else ():
            if isinstance(option, External) and option.arguments is not None:
                _parse(machine, option.arguments, frame)


def _parse(machine: Machine, given: Arguments, frame: Frame) -> None:
    """The default is asked for where the line does not have the option; the callback is called in any case."""
    default, callback = given.get(-1, "default"), given.get(-1, "callback")
    if is_callable(default) and not _is_on_line(machine, given, frame):
        machine.call(default or UNKNOWN, Arguments(), frame)
    if is_callable(callback):
        machine.call(callback or UNKNOWN, Arguments((UNKNOWN, UNKNOWN, UNKNOWN)), frame)


def _is_on_line(machine: Machine, given: Arguments, frame: Frame) -> bool:
    declared = given.get(0, "param_decls")
    names = {name for value in machine.items("list", [declared or UNKNOWN]).items for name in _names(value.value)}
    return any(word.partition("=")[0] in names for word in known_words(machine, frame))


def _names(value: Value) -> list[str]:
    return [name for option in options(value) if (name := text(option)) is not None]


def is_callable(value: Value | None) -> bool:
    """Whether code of the project's own is run when that is called."""
    return isinstance(value, (Function, Method, Partial, Class, Instance))
