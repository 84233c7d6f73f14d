"""Executing imports."""

from __future__ import annotations

from flake8_forksafe.interpreter.blocks import bind_name
from flake8_forksafe.interpreter.errors import matches
from flake8_forksafe.interpreter.frames import Flow, Frame, Raised
from flake8_forksafe.interpreter.importing import outside_member
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    External,
    Function,
    Items,
    LazyImport,
    Literal,
    ModuleValue,
    Value,
    text,
)
from flake8_forksafe.project.layout import absolute
from flake8_forksafe.source import facts


def run_import(machine: Machine, node: facts.Import, frame: Frame) -> Flow:
    for name, alias in node.names:
        if frame.kind == "module" and (node.lazy or _declared_lazy(frame, name)):
            frame.names[alias or name.partition(".")[0]] = LazyImport(name, None, node.line)
            continue
        value = machine.import_name(name, frame, "import")
        if value is None:
            value = machine.fail("ModuleNotFoundError")
        top, dotted, _ = name.partition(".")
        if alias is None and dotted:
            module = machine.imports.modules.get(top)
            value = ModuleValue(module) if module is not None else machine.external(top)
        bind_name(machine, frame, alias or top, value)
    return Flow.NEXT


def _declared_lazy(frame: Frame, name: str) -> bool:
    """Whether ``__lazy_modules__`` of the module names it (PEP 810)."""
    declared = frame.names.get("__lazy_modules__")
    return isinstance(declared, Items) and any(text(item.value) == name for item in declared.items)


def run_import_from(machine: Machine, node: facts.ImportFrom, frame: Frame) -> Flow:
    source = absolute(frame.module.package, node.level, node.module)
    if frame.kind == "module" and (node.lazy or _declared_lazy(frame, source)):
        for name, alias in node.names:
            frame.names[alias or name] = LazyImport(source, name, node.line)
        return Flow.NEXT
    value = machine.import_name(source, frame, "import") if source else None
    if value is None:
        value = machine.fail("ModuleNotFoundError")
    for name, alias in node.names:
        if name == "*":
            import_star(machine, value, frame)
        else:
            bind_name(machine, frame, alias or name, import_member(machine, value, name, frame, node.level > 0))
    return Flow.NEXT


def import_member(machine: Machine, module: Value, name: str, frame: Frame, local: bool = False) -> Value:
    """``from module import name``: an attribute, else a submodule (CPython's ``_handle_fromlist``).

    :param local: whether the import is relative, so that the module cannot be a library's.
    """
    if isinstance(module, External):
        path = f"{module.path}.{name}"
        outside_member(machine, module.path, name, frame)
        if path in machine.imports.hazards:
            machine.import_name(path, frame, "import")
        return machine.external(path)
    if not isinstance(module, ModuleValue):
        return UNKNOWN
    names = module.module.names
    if name in names:
        found = names[name]
        if isinstance(found, ModuleValue):
            machine.record(frame, Node(found.module.name), "import")
        return reified(machine, found, frame, module)
    module.module.inspected = True
    child = f"{module.module.name}.{name}"
    if module.module.found.is_package and machine.imports.layout.find(child) is not None:
        submodule = machine.import_name(child, frame, "import")
        return machine.fail("ImportError") if submodule is None else submodule
    hook = names.get("__getattr__")
    if hook is not None:
        if isinstance(hook, Function):  # what it loads is loaded by this statement
            machine.record(frame, hook.node, "import")
        return machine.call(hook, Arguments((Literal(name),)), frame)
    if module.module.found.path is None and not local:  # a folder of the project that has a library's name
        return machine.import_name(child, frame, "import") or UNKNOWN
    if module.module.open or name.startswith("__"):
        return UNKNOWN
    return machine.fail("ImportError")


def reified(machine: Machine, value: Value, frame: Frame, holder: Value) -> Value:
    """The value behind a name of another module, which may be a lazy import there."""
    if not isinstance(value, LazyImport) or not isinstance(holder, ModuleValue):
        return value
    return reify(machine, value, frame, holder.module.names)


def reify(machine: Machine, lazy: LazyImport, frame: Frame, names: dict[str, Value]) -> Value:
    """Do a lazy import because its name is used, and rebind what it bound."""
    value = machine.import_name(lazy.module, frame, "lazy")
    if value is None:
        value = machine.fail("ImportError")
    elif lazy.attribute is not None:
        value = import_member(machine, value, lazy.attribute, frame)
    else:
        top = machine.imports.modules.get(lazy.module.partition(".")[0])
        value = value if lazy.module in names else (ModuleValue(top) if top is not None else value)
    for name, bound in list(names.items()):
        if bound is lazy:
            names[name] = value
    return value


def import_star(machine: Machine, module: Value, frame: Frame) -> None:
    """``from module import *``."""
    frame.module.inspected = True  # another name may hide one of those
    if not isinstance(module, ModuleValue):
        frame.module.open = True
        return
    names = module.module.contents
    exported = names.get("__all__")
    if isinstance(exported, Items):
        for item in exported.items:
            name = text(item.value)
            if name is not None:
                frame.names[name] = import_member(machine, module, name, frame)
    else:
        hook = names.get("__getattr__")
        if exported is None and hook is not None:
            _ask_for_all(machine, hook, frame)
        frame.names.bind_all({name: value for name, value in names.items() if not name.startswith("_")})
    frame.module.open |= module.module.open


def _ask_for_all(machine: Machine, hook: Value, frame: Frame) -> None:
    """Ask ``__getattr__`` of a module for ``__all__``, as a star import does; what it returns is not followed."""
    doubt, mark = machine.journal.doubt, len(machine.errors.catchers)
    machine.errors.catchers.append([External("builtins.AttributeError")])
    try:
        machine.call(hook, Arguments((Literal("__all__"),)), frame)
    except Raised as error:
        machine.journal.doubt = doubt
        if not matches(error.value, External("builtins.AttributeError")):
            raise
    finally:
        del machine.errors.catchers[mark:]
