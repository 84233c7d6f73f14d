"""Models of Flask and its extensions."""

from __future__ import annotations

from flake8_forksafe.interpreter import mutation, subscripts
from flake8_forksafe.interpreter.containers import Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    External,
    Instance,
    Literal,
    ModuleValue,
    Value,
    options,
    text,
)
from flake8_forksafe.library.builtin_methods import mapping_method
from flake8_forksafe.library.configuration import variable
from flake8_forksafe.library.standard_import import import_all, import_path


def flask_config(machine: Machine, holder: Value) -> Table:
    """``app.config`` of one Flask app."""
    names = holder.names if isinstance(holder, (External, Instance)) else {}
    table = names.get("forksafe config")
    if not isinstance(table, Table):
        table = Table({}, machine.journal.doubt, complete=False)
        names["forksafe config"] = table
    return table


def flask_attribute(machine: Machine, value: Value, name: str, frame: Frame) -> Value | None:
    if name == "debug" and isinstance(value, (External, Instance)) and name not in value.names:
        item = flask_config(machine, value).entries.get("DEBUG")
        return item.value if item is not None else variable(machine, "FLASK_DEBUG", Literal(value=False), "bool")
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
                names = found.module.names
            elif isinstance(found, (Class, Instance)):
                order = (found.cls if isinstance(found, Instance) else found).mro()
                for base in reversed([base for base in order if isinstance(base, Class)]):
                    names = {**names, **base.names}
            for key, value in names.items():
                if key.isupper():
                    mutation.set_item(machine, table, Literal(key), value)
    return NONE


def config_method(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``app.config.get`` and the other methods of a mapping."""
    name = function.path.rpartition(".")[2].replace("from_mapping", "update")
    table = flask_config(machine, function.receiver or UNKNOWN)
    return mapping_method(machine, External(f"builtins.dict.{name}", table), arguments, frame)


def config_item(machine: Machine, value: External, index: Value, frame: Frame) -> Value:
    return subscripts.get_item(machine, flask_config(machine, value.receiver or UNKNOWN), index)


def set_config_item(machine: Machine, holder: External, index: Value, value: Value) -> None:
    mutation.set_item(machine, flask_config(machine, holder.receiver or UNKNOWN), index, value)


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


MODELS = Library(
    aliases={
        "flask.app.Flask": "flask.Flask",
        "flask_appbuilder.base.AppBuilder": "flask_appbuilder.AppBuilder",
    },
    attributes={"flask.Flask()": flask_attribute},
    items={"flask.Flask().config": config_item},
    item_setters={"flask.Flask().config": set_config_item},
    functions={
        "flask.Flask().config.from_object": config_from_object,
        **{
            f"flask.Flask().config.{name}": config_method
            for name in ("get", "update", "from_mapping", "setdefault", "items", "keys")
        },
        "flask_caching.Cache().init_app": caching_init,
        "flask_appbuilder.AppBuilder().init_app": appbuilder_init,
    },
)
