"""Executes import statements, and resolves lazy imports."""

from __future__ import annotations

from functools import partial

from flake8_forksafe.interpreter.blocks import bind_maybe, bind_name, or_else
from flake8_forksafe.interpreter.containers import Items
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
    LazyImport,
    Literal,
    ModuleValue,
    Value,
    join,
    text,
)
from flake8_forksafe.project.layout import absolute
from flake8_forksafe.source import facts

LAZY_SINCE = (3, 15)
"""The first version of Python that has lazy imports."""


def run_import(machine: Machine, node: facts.Import, frame: Frame) -> Flow:
    for name, alias in node.names:
        if _is_lazy(machine, frame, name, node.lazy):
            bound = alias or name.partition(".")[0]
            before = frame.names.get(bound)
            also = (before.module, *before.also) if isinstance(before, LazyImport) and alias is None else ()
            frame.names[bound] = LazyImport(name, None, node.line, also)
            continue
        value = machine.import_name(name, frame, "import")
        if value is None:
            value = machine.fail("ModuleNotFoundError")
        top, dotted, rest = name.partition(".")
        if dotted:
            module = machine.imports.modules.get(top)
            outer: Value = ModuleValue(module) if module is not None else machine.external(top)
            value = outer if alias is None else _attribute_along(outer, rest, value)
        bind_name(machine, frame, alias or top, value)
    return Flow.NEXT


def _attribute_along(outer: Value, names: str, module: Value) -> Value:
    """What ``import a.b.c as d`` binds: the attributes along the path, which are the modules unless rebound."""
    found = outer
    for name in names.split("."):
        inner = found.module.names.get(name) if isinstance(found, ModuleValue) else None
        if inner is None:
            return module
        found = inner
    return found


def _is_lazy(machine: Machine, frame: Frame, name: str, has_keyword: bool) -> bool:
    """Whether an import of a module is lazy.  One that an older Python would do at once is done in doubt.

    ``__lazy_modules__`` means nothing before Python 3.15, nor inside of ``try``
    (https://docs.python.org/3.15/reference/datamodel.html#module.__lazy_modules__).
    """
    if frame.kind != "module" or has_keyword:
        return has_keyword
    if frame.tries or not _declared_lazy(frame, name):
        return False
    if min(machine.process.versions, default=(3,)) < LAZY_SINCE:
        with machine.doubted():
            try:
                machine.import_name(name, frame, "import")
            except Raised as raised:
                machine.may_fail(raised.value)
    return True


def _declared_lazy(frame: Frame, name: str) -> bool:
    """Whether ``__lazy_modules__`` of the module names it (PEP 810)."""
    declared = frame.names.get("__lazy_modules__")
    return isinstance(declared, Items) and any(text(item.value) == name for item in declared.items)


def run_import_from(machine: Machine, node: facts.ImportFrom, frame: Frame) -> Flow:
    source = absolute(frame.module.package, node.level, node.module)
    if _is_lazy(machine, frame, source, node.lazy):
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


def import_member(
    machine: Machine, module: Value, name: str, frame: Frame, local: bool = False, error: str = "ImportError"
) -> Value:
    """``from module import name``: an attribute, else a submodule (CPython's ``_handle_fromlist``).

    :param local: whether the import is relative, so that the module cannot be a library's.
    :param error: what is raised where there is neither.
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
    otherwise = partial(_unbound_member, machine, module, name, frame, local, error)
    if name not in names:
        other = otherwise()
        return machine.fail(error) if other is None else other
    found = names[name]
    child = f"{module.module.name}.{name}"
    is_sure = name not in names.maybe or (isinstance(found, ModuleValue) and found.module.name == child)
    with machine.doubted(not is_sure):
        if isinstance(found, ModuleValue):
            machine.record(frame, Node(found.module.name), "import")
        machine.recorder.takes(frame, module.module, name, found)
        found = reified(machine, found, frame, module)
    return found if is_sure else or_else(machine, found, otherwise, External(f"builtins.{error}()"))


def _unbound_member(
    machine: Machine, module: ModuleValue, name: str, frame: Frame, local: bool, error: str
) -> Value | None:
    """``from module import name`` where the module has no such attribute yet; None if there is nothing.

    A package is asked by its ``__getattr__`` before a submodule is looked for.
    """
    is_submodule = _is_submodule(machine, module, name)
    hook = module.module.names.get("__getattr__")
    answer, may_lack = None, True
    if hook is not None:
        if isinstance(hook, Function):  # what it loads is loaded by this statement
            machine.record(frame, hook.node, "import")
        answer, may_lack = _ask(machine, hook, name, frame, "" if is_submodule else error)
        if answer is not None:
            machine.recorder.takes(frame, module.module, name, answer)
    if is_submodule and may_lack:
        with machine.doubted(answer is not None):
            found = machine.import_name(f"{module.module.name}.{name}", frame, "import")
        return found if answer is None or found is None else join(answer, found)
    if hook is not None:
        return answer
    if module.module.found.path is None and not local:  # a folder of the project that has a library's name
        return machine.import_name(f"{module.module.name}.{name}", frame, "import") or UNKNOWN
    if module.module.open or name.startswith("__"):
        return UNKNOWN
    return None


def _is_submodule(machine: Machine, module: ModuleValue, name: str) -> bool:
    child = f"{module.module.name}.{name}"
    return module.module.found.is_package and machine.imports.layout.find(child) is not None


def import_submodule(machine: Machine, module: Value, name: str, frame: Frame) -> None:
    """Import what ``fromlist`` of ``__import__`` names, if it is a submodule that is not yet an attribute.

    Source: CPython's ``_handle_fromlist``, which asks ``hasattr(module, name)``, and so ``__getattr__`` of a package.
    """
    if isinstance(module, External):
        outside_member(machine, module.path, name, frame)
    if not isinstance(module, ModuleValue) or not module.module.found.is_package:
        return
    if name in module.module.names and name not in module.module.names.maybe:
        return
    hook = module.module.names.get("__getattr__")
    answer, may_lack = _ask(machine, hook, name, frame) if hook is not None else (None, True)
    if may_lack and _is_submodule(machine, module, name):
        with machine.doubted(answer is not None):
            machine.import_name(f"{module.module.name}.{name}", frame)


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
        for other in lazy.also:
            with machine.doubted():
                machine.import_name(other, frame, "lazy")
    for name, bound in list(names.items()):
        if bound is lazy:
            names[name] = value
    return value


def import_star(machine: Machine, module: Value, frame: Frame) -> None:
    """``from module import *``."""
    if not isinstance(module, ModuleValue):
        frame.module.open = True
        return
    names = module.module.names
    exported = names.get("__all__")
    if isinstance(exported, Items):
        for item in exported.items:
            name = text(item.value)
            if name is not None:
                with machine.doubted(not item.sure):
                    value = import_member(machine, module, name, frame, error="AttributeError")
                bind_maybe(frame.names, name, value, item.sure)
    else:
        hook = names.get("__getattr__")
        if exported is None and hook is not None:
            _ask(machine, hook, "__all__", frame)  # what it returns is not followed
        public = [(name, value) for name, value in names.items() if not name.startswith("_")]
        for name, value in public:
            bind_maybe(frame.names, name, reified(machine, value, frame, module), name not in names.maybe)
    frame.module.open |= module.module.open


def _ask(machine: Machine, hook: Value, name: str, frame: Frame, error: str = "") -> tuple[Value | None, bool]:
    """Ask ``__getattr__`` of a module for a name, as imports do; None if it surely raises ``AttributeError``.

    :param error: what the import raises then.
    :returns: the answer, and whether the error may have been raised instead.
    """
    doubt, mark, before = machine.journal.doubt, len(machine.errors.catchers), machine.errors.possible
    machine.errors.catchers.append([ATTRIBUTE_ERROR_TYPE])
    machine.errors.possible = []
    try:
        answer = machine.call(hook, Arguments((Literal(name),)), frame)
        return answer, any(matches(other, ATTRIBUTE_ERROR_TYPE) is not False for other in machine.errors.possible)
    except Raised as raised:
        machine.journal.doubt = doubt
        if not matches(raised.value, ATTRIBUTE_ERROR_TYPE):
            raise
        return None, True
    finally:
        del machine.errors.catchers[mark:]
        possible, machine.errors.possible = machine.errors.possible, before
        for other in possible:
            if not matches(other, ATTRIBUTE_ERROR_TYPE):
                machine.may_fail(other)
            elif error:
                machine.may_fail(External(f"builtins.{error}()"))


ATTRIBUTE_ERROR_TYPE = External("builtins.AttributeError")
