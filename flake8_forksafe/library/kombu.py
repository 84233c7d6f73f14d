"""Models of kombu, werkzeug and others that import what a string names."""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, Value, join, options, text
from flake8_forksafe.library.standard_functions import cached_property
from flake8_forksafe.library.standard_import import import_path, import_string


def symbol_by_name(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``kombu.utils.imports.symbol_by_name``: what is no string is returned as it is."""
    name = arguments.get(0, "name")
    return join(
        *(
            import_path(machine, found, frame) if (found := text(option)) else option
            for option in options(name or UNKNOWN)
        )
    )


MODELS = Library(
    aliases={
        "kombu.utils.symbol_by_name": "kombu.utils.imports.symbol_by_name",
        "celery.utils.imports.symbol_by_name": "kombu.utils.imports.symbol_by_name",
        "celery.utils.symbol_by_name": "kombu.utils.imports.symbol_by_name",
    },
    functions={
        "kombu.utils.imports.symbol_by_name": symbol_by_name,
        "kombu.utils.objects.cached_property": cached_property,
        "celery.utils.imports.instantiate": import_string,
        "werkzeug.utils.import_string": import_string,
        "werkzeug.utils.cached_property": cached_property,
        "pydantic.utils.import_string": import_string,
    },
)
