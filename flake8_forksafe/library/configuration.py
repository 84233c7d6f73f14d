"""Models of libraries that build Django settings: django-configurations, split-settings, environ, decouple.

Read in django-configurations 2.5 (configurations/importer.py, values.py), django-split-settings 1.3
(split_settings/tools.py), django-environ 0.12 (environ/environ.py) and python-decouple 3.8 (decouple.py).
"""

from __future__ import annotations

import fnmatch
import os

from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.special_methods import class_attribute
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Class,
    External,
    Instance,
    Item,
    Literal,
    Module,
    Value,
    join,
    options,
    text,
)
from flake8_forksafe.library.standard_process import ProcessEnvironment
from flake8_forksafe.project.layout import FIRST_PARTY, FoundModule

TRUE_WORDS = ("true", "on", "ok", "y", "yes", "1")


# --- variables with defaults ------------------------------------------------------------------------------------


def variable(machine: Machine, name: str | None, default: Value | None, cast: str) -> Value:
    """A variable of the environment, converted.

    One that no deployment file sets is taken to be unset, as with ``os.environ.setdefault``, except for switches, which
    exist to be set.
    """
    environment = machine.state(ProcessEnvironment)
    item = environment.get(name) if name is not None else None
    if name is not None:
        environment.reads(name)
    if item is not None:
        return converted(machine, item.value, cast)
    if default is None:
        return UNKNOWN
    known = converted(machine, default, cast)
    return join(known, UNKNOWN) if cast in ("bool", "int", "float") else known


def converted(machine: Machine, value: Value, cast: str) -> Value:
    """What a conversion makes of the text of a variable; other values are kept."""
    found = text(value)
    if found is None:
        return value
    if cast in ("list", "tuple", "csv"):
        parts = [part.strip() for part in found.split(",") if part.strip()]
        return machine.items("tuple" if cast == "tuple" else "list", [Literal(part) for part in parts])
    if cast == "bool":
        return Literal(found.lower() in TRUE_WORDS)
    if cast in ("int", "float"):
        return Literal(int(found)) if found.isdecimal() and len(found) < 19 else UNKNOWN
    return value if cast in ("", "str") else UNKNOWN


def environ_value(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``env("NAME")`` and ``env.list("NAME", default=[])`` of an ``environ.Env``."""
    cast = function.path.rpartition("().")[2] if "()." in function.path else ""
    name, default = text(arguments.get(0, "var")), arguments.get(-1, "default")
    if default is None:
        default = arguments.get(2 if not cast else 1, "default")
    holder = function.receiver if cast else function
    scheme = holder.arguments.keywords.get(name or "") if isinstance(holder, External) and holder.arguments else None
    kind = scheme.items[0].value if isinstance(scheme, Items) and len(scheme.items) == 2 else scheme
    if default is None and isinstance(scheme, Items) and len(scheme.items) == 2:
        default = scheme.items[1].value
    if not cast and isinstance(kind, External) and kind.path.startswith("builtins."):
        cast = kind.path.removeprefix("builtins.")
    return variable(machine, name, default, cast)


def decouple_value(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``config("NAME", default=..., cast=...)`` of python-decouple."""
    name, default, cast = text(arguments.get(0, "option")), arguments.get(1, "default"), arguments.get(2, "cast")
    kind = ""
    if isinstance(cast, External):
        kind = "csv" if cast.path.endswith("Csv()") else cast.path.removeprefix("builtins.")
    elif cast is not None:
        kind = "?"
    return variable(machine, name, default, kind)


# --- files of settings ------------------------------------------------------------------------------------------


def include(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``include("components/*.py", optional("local.py"))``: execute files in the namespace of the caller."""
    base = os.path.dirname(frame.module.found.path or "")
    for argument in arguments.positional:
        pattern = text(argument)
        if pattern is not None:
            for path in _matching(machine, base, pattern):
                _execute_here(machine, path, frame)
    return NONE


def optional(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return arguments.get(0, "filename") or UNKNOWN


def _matching(machine: Machine, base: str, pattern: str) -> list[str]:
    """Files that match a pattern relative to a directory, in order."""
    directory, name = os.path.split(os.path.normpath(os.path.join(base, pattern)))
    listing = machine.imports.layout.disk.listing(directory)
    return [os.path.join(directory, entry) for entry in sorted(listing)
            if listing[entry] == "f" and fnmatch.fnmatchcase(entry, name)]  # fmt: skip


def _execute_here(machine: Machine, path: str, frame: Frame) -> None:
    """Execute a file with the caller's namespace; it is no module of its own, but findings stand in it."""
    relative = os.path.relpath(path, os.path.dirname(frame.module.found.path or path))
    name = f"{frame.module.package}.{os.path.splitext(relative)[0].replace(os.sep, '.')}"
    part = Module(FoundModule(name, path, False, (), FIRST_PARTY))
    part.names = frame.module.names
    machine.imports.modules.setdefault(name, part)
    machine.record(frame, Node(name), "dynamic")
    try:
        body = machine.imports.sources.module(path)
    except Exception:  # said where the module itself is loaded; a settings fragment that is broken changes nothing
        return
    inner = Frame(part, Node(name), "module", machine.journal.doubt)
    machine.execute(body, inner)


# --- settings as classes ----------------------------------------------------------------------------------------


def class_setting(machine: Machine, module: Module, name: str, frame: Frame) -> Value | None:
    """A setting of the configuration class that ``DJANGO_CONFIGURATION`` names, else of the only one there is."""
    found = []
    for cls in _configurations(machine, module):
        if class_attribute(cls, name) is not None:
            value = machine.attribute(Instance(cls), name, frame)
            if isinstance(value, External) and value.path.endswith("Value()") and value.arguments is not None:
                value = value.arguments.get(0, "default") or UNKNOWN
            found.append(value)
    return join(*found) if found else None


def _configurations(machine: Machine, module: Module) -> list[Class]:
    item = machine.state(ProcessEnvironment).get("DJANGO_CONFIGURATION")
    chosen = [module.names.get(text(option) or "") for option in options(item.value)] if item is not None else []
    classes = [value for value in chosen if isinstance(value, Class)]
    if not classes:
        candidates = [value for value in module.names.values() if isinstance(value, Class) and _is_configuration(value)]
        parents = {id(base) for value in candidates for base in list(value.mro())[1:]}
        classes = [value for value in candidates if id(value) not in parents]
    return classes


def _is_configuration(cls: Class) -> bool:
    return any(isinstance(base, External) and base.path.startswith("configurations.") for base in cls.mro())


def email_url(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``env.email_url("EMAIL_URL")``: a mapping of settings; its keys are known, its values are not."""
    keys = {**dict.fromkeys(EMAIL_KEYS, True), **dict.fromkeys(MORE_EMAIL_KEYS, False)}
    return Table({key: Item(UNKNOWN, sure) for key, sure in keys.items()}, machine.journal.doubt)


EMAIL_KEYS = ("EMAIL_FILE_PATH", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_BACKEND")
MORE_EMAIL_KEYS = ("EMAIL_USE_TLS", "EMAIL_USE_SSL", "OPTIONS")
"""Those that only some URLs have."""
ENVIRON_CASTS = ("str", "bool", "int", "float", "list", "tuple", "dict", "json", "url", "path", "bytes", "get_value")

MODELS = Library(
    aliases={
        "environ.environ.Env": "environ.Env",
        "environ.FileAwareEnv": "environ.Env",
        "decouple.AutoConfig()": "decouple.config",
    },
    functions={
        "environ.Env()": environ_value,
        **{f"environ.Env().{cast}": environ_value for cast in ENVIRON_CASTS},
        "environ.Env().email_url": email_url,
        "environ.Env().email": email_url,
        "decouple.config": decouple_value,
        "decouple.AutoConfig()": decouple_value,
        "split_settings.tools.include": include,
        "split_settings.tools.optional": optional,
    },
)
