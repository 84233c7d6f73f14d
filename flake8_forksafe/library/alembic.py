"""Models of Alembic."""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.importing import load_file
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import NONE, UNKNOWN, Arguments, External, Value, text
from flake8_forksafe.project.layout import FIRST_PARTY, FoundModule


def alembic_option(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Config().set_main_option(name, value)``."""
    name, value = text(arguments.get(0, "name")), arguments.get(1, "value")
    if isinstance(function.receiver, External) and name is not None and value is not None:
        function.receiver.names[f"forksafe {name}"] = value
    return NONE


def alembic_scripts(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``ScriptDirectory.from_config(config)``."""
    return External("alembic.script.ScriptDirectory()", None, arguments)


def load_revisions(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Asking for a revision executes every migration file (alembic/script/base.py ``_load_revisions``)."""
    created = function.receiver.arguments if isinstance(function.receiver, External) else None
    config = created.get(0, "config") if created is not None else None
    location = text(config.names.get("forksafe script_location", UNKNOWN)) if isinstance(config, External) else None
    directory = _resource(machine, location) if location else None
    if directory is None:
        return UNKNOWN
    for folder in (f"{directory}/versions",):
        for name in sorted(machine.imports.layout.disk.listing(folder)):
            if name.endswith(".py"):
                base = name.removesuffix(".py")
                load_file(machine, FoundModule(base, f"{folder}/{name}", False, (), FIRST_PARTY), frame)
    return UNKNOWN


def _resource(machine: Machine, location: str) -> str | None:
    """The directory of ``package:path`` or of a plain absolute path."""
    package, separator, path = location.partition(":")
    if not separator:
        return location if machine.imports.layout.disk.is_directory(location) else None
    found = machine.imports.layout.find(package)
    return f"{found.locations[0]}/{path}" if found is not None and found.locations else None


MODELS = Library(
    aliases={"alembic.script.base.ScriptDirectory": "alembic.script.ScriptDirectory"},
    functions={
        "alembic.config.Config().set_main_option": alembic_option,
        "alembic.script.ScriptDirectory.from_config": alembic_scripts,
        **{
            f"alembic.script.ScriptDirectory().{name}": load_revisions
            for name in (
                "get_current_head",
                "get_heads",
                "get_bases",
                "get_revision",
                "get_revisions",
                "walk_revisions",
            )
        },
    },
)
