"""Models of ``importlib``, ``pkgutil`` and what else of the standard library imports by name."""

from __future__ import annotations

import os
import os.path

from flake8_forksafe.interpreter import assignments, file_paths, iteration
from flake8_forksafe.interpreter.containers import Items, NamedItems
from flake8_forksafe.interpreter.errors import IMPORT_ERROR
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.importing import load_file
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Choice,
    External,
    Instance,
    Item,
    Literal,
    ModuleValue,
    Value,
    join,
    options,
    text,
    texts,
)
from flake8_forksafe.library.standard_paths import inside
from flake8_forksafe.project.layout import FIRST_PARTY, FoundModule
from flake8_forksafe.project.search_result import split_spec

MODULE_INFO = ("module_finder", "name", "ispkg")
"""Fields of ``pkgutil.ModuleInfo``."""


def import_module(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``importlib.import_module(name, package)``."""
    name, package = arguments.get(0, "name"), arguments.get(1, "package")
    if name is None:
        return UNKNOWN
    results = []
    for option in options(name):
        with machine.doubted(len(options(name)) > 1):
            results.append(_import_text(machine, text(option), text(package), frame))
    if not texts(name):
        note_unknown(machine, frame)
    return join(*results)


def note_unknown(machine: Machine, frame: Frame, what: str = "the name of the module that is imported here") -> None:
    """Say that a module of the project loads something that cannot be told."""
    if frame.module.found.origin == FIRST_PARTY:
        machine.note("FS192", frame, f"{what} cannot be resolved")


def _import_text(machine: Machine, name: str | None, package: str | None, frame: Frame) -> Value:
    if not name:
        machine.recorder.unresolved += 1
        machine.may_fail(IMPORT_ERROR)
        return UNKNOWN
    if name.startswith("."):
        level = len(name) - len(name.lstrip("."))
        base = package or ""
        for _ in range(level - 1):
            base = base.rpartition(".")[0]
        name = f"{base}.{name.lstrip('.')}".rstrip(".")
    value = machine.import_name(name, frame)
    return machine.fail("ModuleNotFoundError") if value is None else value


def import_string(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``import_string("package.module.attribute")`` in its many spellings (Django, werkzeug, kombu, pydoc, ...)."""
    name = arguments.get(0, "dotted_path")
    results: list[Value] = []
    for option in options(name) if name is not None else ():
        path = text(option)
        with machine.doubted(len(options(name or UNKNOWN)) > 1):
            results.append(import_path(machine, path, frame) if path else UNKNOWN)
    if not results or UNKNOWN in results:
        machine.recorder.unresolved += 1
        machine.may_fail(IMPORT_ERROR)
    if name is not None and not texts(name):
        note_unknown(machine, frame)
    return join(*results) if results else UNKNOWN


def import_path(machine: Machine, path: str, frame: Frame) -> Value:
    """Import what a dotted path (or ``module:attribute``) names: a module, or an attribute of one."""
    module, attribute = split_spec(path)
    if not attribute:
        whole, (module, _, attribute) = module, module.rpartition(".")
        if not module or machine.imports.layout.find(whole) is not None:
            value = machine.import_name(whole, frame)
            return machine.fail("ModuleNotFoundError") if value is None else value
    value = machine.import_name(module, frame)
    if value is None:
        return machine.fail("ImportError")
    for part in attribute.split(".") if attribute else ():
        value = machine.attribute(value, part, frame)
    return value


def import_dotted(machine: Machine, path: str, frame: Frame) -> Value | None:
    """Import what a dotted path names; None where it has no dot."""
    return import_path(machine, path, frame) if "." in path else None


def import_all(machine: Machine, value: Value, frame: Frame) -> None:
    """Import a dotted path, or every one of a list."""
    for option in options(value):
        items = option.items if isinstance(option, Items) else [Item(option)]
        for item in items:
            path = text(item.value)
            if path and "." in path:
                with machine.doubted(not item.sure or isinstance(value, Choice)):
                    import_path(machine, path, frame)


def find_spec(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``importlib.util.find_spec``: imports the parents only; None if there is no such module."""
    name = text(arguments.get(0, "name"))
    if not name or name.startswith("."):
        return UNKNOWN
    found = machine.imports.layout.find(name)
    if found is not None:
        return External("importlib.machinery.ModuleSpec()")
    parent = name.rpartition(".")[0]
    top = machine.imports.layout.find(name.partition(".")[0])
    if parent and top is not None and top.path is not None:
        return NONE
    installed = machine.imports.presence(name.partition(".")[0])
    return UNKNOWN if installed is not False else NONE


def import_below(machine: Machine, package: str, frame: Frame) -> None:
    """Import every module of a package, recursively, as ``pkgutil.walk_packages`` finds them."""
    found = machine.imports.layout.find(package)
    for name, is_package in machine.imports.layout.names_in(found.locations) if found is not None else ():
        machine.import_name(f"{package}.{name}", frame)
        if is_package:
            import_below(machine, f"{package}.{name}", frame)


def iter_modules(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``pkgutil.iter_modules`` and ``walk_packages`` over first-party directories."""
    path, prefix = arguments.get(0, "path"), text(arguments.get(1, "prefix")) or ""
    items = iteration.iterate(machine, path, frame) if path is not None else None
    if items is None or not items.complete:
        return Items("iterator", (), machine.journal.doubt, complete=False)
    locations = tuple(found for item in items.items if (found := file_paths.path_text(item.value)) is not None)
    if len(locations) != len(items.items) or not all(map(os.path.isabs, locations)):  # relative to where it starts
        return Items("iterator", (), machine.journal.doubt, complete=False)
    deep = function.path.endswith("walk_packages")
    return Items("iterator", _module_infos(machine, locations, prefix, deep, frame), machine.journal.doubt)


def _module_infos(machine: Machine, locations: tuple[str, ...], prefix: str, deep: bool, frame: Frame) -> list[Item]:
    infos = []
    for name, is_package in machine.imports.layout.names_in(locations):
        info = NamedItems(MODULE_INFO, (UNKNOWN, Literal(prefix + name), Literal(is_package)), machine.journal.doubt)
        infos.append(Item(info))
        if deep and is_package:
            machine.import_name(prefix + name, frame)
            inner = tuple(os.path.join(location, name) for location in locations)
            infos += _module_infos(machine, inner, f"{prefix}{name}.", deep, frame)
    return infos


def loaded_module(machine: Machine, value: External, index: Value, frame: Frame) -> Value:
    """``sys.modules[name]``."""
    module = machine.imports.modules.get(text(index) or "")
    return UNKNOWN if module is None else ModuleValue(module)


def replace_module(machine: Machine, modules: External, index: Value, value: Value) -> None:
    """``sys.modules[name] = an object``: its class answers for what the module lacks; with ``None``, imports fail."""
    if any(isinstance(option, Literal) and option.value is None for option in options(value)):
        machine.imports.halted.update(texts(index))
    module = machine.imports.modules.get(text(index) or "")
    if module is not None and isinstance(value, Instance):
        assignments.answer_for(machine, ModuleValue(module), value.cls, value)


def extend_path(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``sys.path.insert``, ``append``, ``extend``: from now on modules are found there too."""
    values = [*arguments.positional]
    if function.path.endswith("extend") and values:
        values = [item.value for item in iteration.iterate(machine, values[0], frame).items]
    for value in values:
        for option in options(value):
            path = file_paths.path_text(option)
            if path is not None and os.path.isabs(path):
                machine.imports.layout.add_root(os.path.normpath(path), function.path.endswith("insert"))
    return NONE


def load_from_file(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``importlib.util.spec_from_file_location(name, path)``."""
    return External("importlib.machinery.ModuleSpec()", None, arguments)


def module_from_spec(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``module_from_spec(spec)``: the module, which ``spec.loader.exec_module`` would fill."""
    spec = arguments.get(0, "spec")
    if not isinstance(spec, External) or spec.arguments is None:
        return UNKNOWN
    return _load_path(machine, spec.arguments.get(0, "name"), spec.arguments.get(1, "location"), frame)


def _load_path(machine: Machine, name: Value | None, location: Value | None, frame: Frame) -> Value:
    """Load a module from the file at a path."""
    paths = texts(location)
    path = file_paths.path_text(location) or (paths[0] if paths else None)
    if path is None:
        machine.recorder.unresolved += 1
        note_unknown(machine, frame, "the path of the module that is loaded here")
        return UNKNOWN
    named = text(name)
    if not named or not inside(machine, path) or not machine.imports.layout.disk.is_file(path):
        return UNKNOWN
    return load_file(machine, FoundModule(named, path, False, (), FIRST_PARTY), frame)


def load_source(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``SourceFileLoader(name, path)``, which will load it, and ``imp.load_source(name, path)``."""
    module = _load_path(machine, arguments.get(0, "fullname"), arguments.get(1, "path"), frame)
    return module if function.path == "imp.load_source" else External("importlib.machinery.SourceFileLoader()")


def run_path(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``runpy.run_path(path)``: what it returns are the module's names."""
    _load_path(machine, arguments.get(2, "run_name") or Literal("<run_path>"), arguments.get(0, "path_name"), frame)
    return UNKNOWN


def run_module(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``runpy.run_module(name)``."""
    import_module(machine, function, Arguments((arguments.get(0, "mod_name") or UNKNOWN,)), frame)
    return UNKNOWN


def execute(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``exec(code)``: a text is not read, whatever it holds."""
    note_unknown(machine, frame, "the text that is executed here")
    return NONE


MODELS = Library(
    items={"sys.modules": loaded_module},
    item_setters={"sys.modules": replace_module},
    functions={
        "importlib.import_module": import_module,
        "importlib.util.find_spec": find_spec,
        "importlib.find_loader": find_spec,
        "pkgutil.find_loader": find_spec,
        "importlib.util.spec_from_file_location": load_from_file,
        "importlib.util.module_from_spec": module_from_spec,
        "importlib.machinery.SourceFileLoader": load_source,
        "imp.load_source": load_source,
        "runpy.run_path": run_path,
        "runpy.run_module": run_module,
        "builtins.exec": execute,
        "pkgutil.iter_modules": iter_modules,
        "pkgutil.walk_packages": iter_modules,
        "pkgutil.resolve_name": import_string,
        "pydoc.locate": import_string,
        "sys.path.insert": extend_path,
        "sys.path.append": extend_path,
        "sys.path.extend": extend_path,
    },
)
