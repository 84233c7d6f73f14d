"""Models of other libraries through which first-party modules are imported by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flake8_forksafe.interpreter import changing, reading
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    External,
    Instance,
    Item,
    Items,
    Literal,
    ModuleValue,
    Table,
    Value,
    join,
    options,
    text,
)
from flake8_forksafe.library.reflection import attribute_or
from flake8_forksafe.library.setting_imports import SETTING_IMPORTS
from flake8_forksafe.library.standard import cached_property, import_path, import_string
from flake8_forksafe.project.layout import FIRST_PARTY, Found

if TYPE_CHECKING:
    from flake8_forksafe.interpreter.frames import Frame
    from flake8_forksafe.interpreter.machine import Machine


# --- Flask ------------------------------------------------------------------------------------------------------


def flask_config(machine: Machine, holder: Value) -> Table:
    """``app.config`` of one Flask app."""
    names = holder.names if isinstance(holder, (External, Instance)) else {}
    table = names.get("forksafe config")
    if not isinstance(table, Table):
        table = Table({}, machine.journal.doubt, complete=False)
        names["forksafe config"] = table
    return table


def flask_attribute(machine: Machine, value: Value, name: str, frame: Frame) -> Value | None:
    if name not in ("config", "extensions") or (isinstance(value, Instance) and name in value.names):
        return None
    if name == "extensions" and isinstance(value, (External, Instance)):
        return value.names.setdefault(name, Table({}, machine.journal.doubt, complete=False))
    return External("flask.Flask().config", value)


def config_from_object(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``app.config.from_object(obj or "dotted.path")``: its upper-case attributes (flask/config.py)."""
    table = flask_config(machine, function.receiver or UNKNOWN)
    source = arguments.get(0, "obj") or UNKNOWN
    for option in options(source):
        with machine.doubted(isinstance(source, Choice)):
            name = text(option)
            found = import_path(machine, name, frame) if name else option
            names: dict[str, Value] = {}
            if isinstance(found, ModuleValue):
                names = found.module.contents
            elif isinstance(found, (Class, Instance)):
                order = (found.cls if isinstance(found, Instance) else found).mro()
                for base in reversed([base for base in order if isinstance(base, Class)]):
                    names = {**names, **base.names}
            for key, value in names.items():
                if key.isupper():
                    changing.set_item(machine, table, Literal(key), value)
    return NONE


def config_method(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``app.config.get`` and the other methods of a mapping."""
    from flake8_forksafe.library.methods import mapping_method

    name = function.path.rpartition(".")[2].replace("from_mapping", "update")
    table = flask_config(machine, function.receiver or UNKNOWN)
    return mapping_method(machine, External(f"builtins.dict.{name}", table), arguments, frame)


def config_item(machine: Machine, value: External, index: Value, frame: Frame) -> Value:
    return reading.get_item(machine, flask_config(machine, value.receiver or UNKNOWN), index)


def set_config_item(machine: Machine, holder: External, index: Value, value: Value) -> None:
    changing.set_item(machine, flask_config(machine, holder.receiver or UNKNOWN), index, value)


# --- Django REST framework and others that read class paths from Django's settings -------------------------------


def on_outside_import(machine: Machine, name: str, frame: Frame) -> None:
    """What a library does with the project's settings when it is imported."""
    for entry in SETTING_IMPORTS:
        if name in entry.triggers and entry not in machine.settings_imported and machine.django.is_configured(machine):
            machine.settings_imported.add(entry)
            value = machine.django.setting(machine, entry.setting, frame)
            for option in options(value) if value is not None else ():
                if not entry.keys:
                    import_all(machine, option, frame)
                elif isinstance(option, Table):
                    for key in entry.keys:
                        item = option.entries.get(key)
                        if item is not None:
                            import_all(machine, item.value, frame)


def import_all(machine: Machine, value: Value, frame: Frame) -> None:
    """Import a dotted path, or every one of a list."""
    for option in options(value):
        items = option.items if isinstance(option, Items) else [Item(option)]
        for item in items:
            path = text(item.value)
            if path and "." in path:
                with machine.doubted(not item.sure or isinstance(value, Choice)):
                    import_path(machine, path, frame)


# --- classes ----------------------------------------------------------------------------------------------------


def app_conf(machine: Machine, cls: Class, frame: Frame) -> None:
    """django-appconf: the attributes of the class become settings that are not set yet (appconf/base.py)."""
    meta = cls.names.get("Meta")
    prefix = text(meta.names.get("prefix", UNKNOWN)) if isinstance(meta, Class) else None
    if prefix is None:
        prefix = cls.module.name.rpartition(".")[0].rpartition(".")[2]
    for name, value in cls.names.items():
        if name.isupper():
            machine.django.extra.setdefault(f"{prefix.upper()}_{name}" if prefix else name, value)


CLASS_HOOKS: dict[str, Callable[[Machine, Class, Frame], None]] = {
    "appconf.AppConf": app_conf,
    "appconf.base.AppConf": app_conf,
}


# --- Flask's extensions -----------------------------------------------------------------------------------------


def caching_init(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Flask-Caching: ``CACHE_TYPE`` may be a dotted path (flask_caching/__init__.py ``_set_cache``)."""
    app, config = arguments.get(0, "app"), arguments.get(1, "config")
    tables = [option for option in options(config) if isinstance(option, Table)] if config is not None else []
    if not tables and app is not None:
        tables = [flask_config(machine, app)]
    for table in tables:
        item = table.entries.get("CACHE_TYPE")
        if item is not None:
            import_all(machine, item.value, frame)
    return NONE


def appbuilder_init(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Flask-AppBuilder creates the security manager and calls its ``register_views`` (flask_appbuilder/base.py)."""
    holder, app = function.receiver, arguments.get(0, "app")
    names = holder.names if isinstance(holder, (External, Instance)) else {}
    chosen = names.get("security_manager_class")
    if app is not None:
        item = flask_config(machine, app).entries.get("FAB_SECURITY_MANAGER_CLASS")
        path = text(item.value) if item is not None else None
        chosen = import_path(machine, path, frame) if path else chosen
    for option in options(chosen) if chosen is not None else ():
        if isinstance(option, Class):
            manager = machine.call(option, Arguments((holder or UNKNOWN,)), frame)
            machine.call(machine.attribute(manager, "register_views", frame), Arguments(), frame)
    return NONE


# --- Alembic ----------------------------------------------------------------------------------------------------


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
                machine.load_file(Found(base, f"{folder}/{name}", False, (), FIRST_PARTY), frame)
    return UNKNOWN


def _resource(machine: Machine, location: str) -> str | None:
    """The directory of ``package:path`` or of a plain absolute path."""
    package, separator, path = location.partition(":")
    if not separator:
        return location if machine.imports.layout.disk.is_directory(location) else None
    found = machine.imports.layout.find(package)
    return f"{found.locations[0]}/{path}" if found is not None and found.locations else None


# --- the table --------------------------------------------------------------------------------------------------


def symbol_by_name(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``kombu.utils.imports.symbol_by_name``: what is no string is returned as it is."""
    name = arguments.get(0, "name")
    return join(
        *(
            import_path(machine, found, frame) if (found := text(option)) else option
            for option in options(name or UNKNOWN)
        )
    )


ATTRIBUTES: dict[str, Callable[..., Value | None]] = {"flask.Flask()": flask_attribute}
ITEMS = {"flask.Flask().config": config_item}
ITEM_SETTERS = {"flask.Flask().config": set_config_item}
ALIASES = {
    "flask.app.Flask": "flask.Flask",
    "flask_appbuilder.base.AppBuilder": "flask_appbuilder.AppBuilder",
    "alembic.script.base.ScriptDirectory": "alembic.script.ScriptDirectory",
    "kombu.utils.symbol_by_name": "kombu.utils.imports.symbol_by_name",
    "celery.utils.imports.symbol_by_name": "kombu.utils.imports.symbol_by_name",
    "celery.utils.symbol_by_name": "kombu.utils.imports.symbol_by_name",
}

FUNCTIONS: dict[str, Callable[[Machine, External, Arguments, Frame], Value]] = {
    "flask.Flask().config.from_object": config_from_object,
    **{
        f"flask.Flask().config.{name}": config_method
        for name in ("get", "update", "from_mapping", "setdefault", "items", "keys")
    },
    "flask_caching.Cache().init_app": caching_init,
    "flask_appbuilder.AppBuilder().init_app": appbuilder_init,
    "alembic.config.Config().set_main_option": alembic_option,
    "alembic.script.ScriptDirectory.from_config": alembic_scripts,
    **{
        f"alembic.script.ScriptDirectory().{name}": load_revisions
        for name in ("get_current_head", "get_heads", "get_bases", "get_revision", "get_revisions", "walk_revisions")
    },
    "werkzeug.utils.import_string": import_string,
    "werkzeug.utils.cached_property": cached_property,
    "kombu.utils.imports.symbol_by_name": symbol_by_name,
    "kombu.utils.objects.cached_property": cached_property,
    "celery.utils.imports.instantiate": import_string,
    "pydantic.utils.import_string": import_string,
}

__all__ = ["attribute_or"]
