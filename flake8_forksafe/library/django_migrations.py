"""The modules of migrations, all of which Django imports to look at any of them.

Read in Django 4.2, 5.2 and 6.1 (django/db/migrations/loader.py, ``MigrationLoader.load_disk``; executor.py).
"""

from __future__ import annotations

from flake8_forksafe.interpreter.containers import Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, Value, text
from flake8_forksafe.library.django_settings import setting, setting_cause
from flake8_forksafe.library.django_setup import app_names


def load(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``MigrationLoader(connection)`` and ``MigrationExecutor(connection)``; modules of apps with no source are not
    followed.
    """
    chosen = setting(machine, "MIGRATION_MODULES", frame)
    named = chosen.entries if isinstance(chosen, Table) else {}
    cause = setting_cause(machine, "INSTALLED_APPS", frame)
    for app, sure in app_names(machine):
        entry = named.get((app or "").rpartition(".")[2])
        package = text(entry.value) if entry is not None else f"{app}.migrations"
        found = machine.imports.layout.find(package) if app and package else None
        if found is None or not found.path:
            continue
        with machine.doubted(not sure):
            machine.import_name(found.name, cause)
            for name, is_package in machine.imports.layout.names_in(found.locations):
                if not is_package and not name.startswith(("_", "~")):
                    machine.import_name(f"{found.name}.{name}", cause)
    return UNKNOWN


MODELS = Library(
    functions={
        "django.db.migrations.loader.MigrationLoader": load,
        "django.db.migrations.executor.MigrationExecutor": load,
        "dockerflow.django.checks.check_migrations_applied": load,
    },
)
