"""Imports modules as ``importlib`` does: parents first, each once.  Records modules that are not walked."""

from __future__ import annotations

import sys

from flake8_forksafe.interpreter.bringing import bring, bring_compiled, load_outside
from flake8_forksafe.interpreter.budget import DEPTH_LIMIT, BudgetExceeded
from flake8_forksafe.interpreter.errors import HALTED, MODULE_NOT_FOUND
from flake8_forksafe.interpreter.frames import Frame, Raised
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.records import Node, Note
from flake8_forksafe.interpreter.values import UNKNOWN, External, Function, Module, ModuleValue, Value
from flake8_forksafe.project.layout import THIRD_PARTY, FoundModule, parents
from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.facts import Block, last_line
from flake8_forksafe.source.text import Unreadable

ATTEMPT_LIMIT = 3
"""Executions of a module that raises each time it is imported."""


def import_name(machine: Machine, name: str, frame: Frame, kind: str) -> Value | None:
    """Import a module and its parents, as ``importlib.import_module`` does; None if it does not exist."""
    if machine.imports.halted and not machine.imports.halted.isdisjoint((name, *parents(name))):
        machine.may_fail(HALTED)
        with machine.doubted():
            return _import_name(machine, name, frame, kind)
    return _import_name(machine, name, frame, kind)


def _import_name(machine: Machine, name: str, frame: Frame, kind: str) -> Value | None:
    known = machine.imports.modules.get(name)
    if known is not None and known.state in ("loading", "loaded"):  # in sys.modules: its parents are not looked at
        for parent in parents(name):
            machine.record(frame, Node(parent), kind)
        machine.record(frame, Node(name), kind)
        return ModuleValue(known)
    value: Value | None = None
    parent = ""
    for part in name.split("."):
        child = f"{parent}.{part}" if parent else part
        value = _import_one(machine, child, parent, frame, kind)
        if value is None or isinstance(value, External):
            break
        parent = child
    if isinstance(value, External):
        _outside(machine, name, frame, kind)
        return machine.external(name)
    return value


def _import_one(machine: Machine, name: str, parent: str, frame: Frame, kind: str) -> Value | None:
    """Import one module whose parents are imported."""
    modules = machine.imports.modules
    found = machine.imports.layout.find(name)
    if found is None:
        if not parent:
            return _import_outside(machine, name, frame, kind)
        holder = modules[parent]
        known = holder.names.get(name.rpartition(".")[2])
        if isinstance(known, ModuleValue):  # sys.modules knows it by another name (six.moves and the like)
            return known
        return External(name) if holder.found.path is None else None
    machine.record(frame, Node(name), kind)
    module = modules.get(name)
    if module is None or (module.state == "failed" and module.attempts < ATTEMPT_LIMIT):
        module = _load(machine, found, frame)
    if module.state == "failed":
        return None
    return ModuleValue(module)


def _import_outside(machine: Machine, name: str, frame: Frame, kind: str) -> Value | None:
    """Import a top-level module that is not walked; None if it is surely not installed."""
    if not name.isidentifier():  # no program can name what models make: its path begins with "<forksafe>"
        machine.may_fail(MODULE_NOT_FOUND)
        return UNKNOWN
    installed = True if name in sys.stdlib_module_names else machine.imports.presence(name)
    if installed is None:
        machine.may_fail(MODULE_NOT_FOUND)
    elif not installed and machine.errors.catches(MODULE_NOT_FOUND):
        if frame.module.found.origin != THIRD_PARTY:  # whose source is read only where the environment is known
            with machine.doubted():
                _outside(machine, name, frame, kind)
        return None
    return External(name)


def _load(machine: Machine, found: FoundModule, frame: Frame) -> Module:
    """Execute a module for the first time."""
    modules = machine.imports.modules
    known = modules.get(found.name)
    module = modules[found.name] = Module(found)
    if known is None:
        machine.recorder.loads(found.name)
    else:
        module.attempts = known.attempts + 1
    module.state = "loading"
    body = _module_facts(machine, module)
    if found.is_compiled and found.origin == THIRD_PARTY:
        bring_compiled(machine, module)
    module.lines = last_line(body or ())
    if body is not None and machine.budget.depth >= DEPTH_LIMIT:
        machine.note("FS192", frame, f"{found.name!r} is imported through too many nested imports to be followed")
    elif body is not None:
        module.names.born = machine.journal.doubt
        inner = Frame(module, Node(found.name), "module", machine.journal.doubt)
        machine.budget.module(len(body))
        machine.budget.depth += 1
        try:
            machine.execute(body, inner)
        except Raised:
            module.state = "failed"
            raise
        except BudgetExceeded:
            module.state, module.open = "loaded", True
            raise
        finally:
            machine.budget.depth -= 1
    module.state = "loaded"
    parent, _, last = found.name.rpartition(".")
    if parent in modules:  # CPython binds a submodule in its package when it is loaded, not before
        machine.write(modules[parent].names, last, ModuleValue(module))
    return module


def load_file(machine: Machine, found: FoundModule, frame: Frame) -> Value:
    """Execute a file under a name of the program's choice."""
    machine.record(frame, Node(found.name), "dynamic")
    module = machine.imports.modules.get(found.name) or _load(machine, found, frame)
    return ModuleValue(module)


def _module_facts(machine: Machine, module: Module) -> Block | None:
    """The facts of a module, or None if there are none to be had."""
    path = module.found.path
    if module.found.unread:
        machine.recorder.notes.append(Note("FS191", module.name, 1, 0, module.found.unread))
    if path is None or not module.found.is_source or module.found.unread:
        module.open = path is not None
        return None
    try:
        return machine.imports.sources.module(path)
    except Unreadable as error:
        machine.recorder.notes.append(Note("FS191", module.name, error.line, 0, error.reason))
    except OSError as error:
        machine.recorder.notes.append(Note("FS191", module.name, 1, 0, error.strerror or "it cannot be read"))
    module.open = True
    return None


def _outside(machine: Machine, name: str, frame: Frame, kind: str) -> None:
    """Record the import of a module that is not walked."""
    load_outside(machine, name, frame, kind)
    hook = machine.library.imports.get(name)
    if hook is not None:
        hook(machine, name, frame)


def outside_member(machine: Machine, package: str, name: str, frame: Frame) -> None:
    """Do what ``from package import name`` does besides importing the package: the name may be a module of its own."""
    path = f"{package}.{name}"
    if path not in machine.recorder.externals:
        bring(machine, package, f"{package}:{name}", frame)
        bring(machine, package, path, frame)
    hook = machine.library.imports.get(path)
    if hook is not None:
        hook(machine, path, frame)


def function_body(machine: Machine, function: Function, body: CutBody | Block) -> Block:
    """The statements of a function, collected when it is first called."""
    if not isinstance(body, CutBody):
        return body
    path = function.module.found.path or ""
    key, bodies = (path, body), machine.imports.bodies
    if key not in bodies:
        try:
            bodies[key] = machine.imports.sources.body(path, body)
        except (Unreadable, OSError) as error:
            reason = error.reason if isinstance(error, Unreadable) else "it cannot be read"
            machine.recorder.notes.append(Note("FS191", function.module.name, body.first, 0, reason))
            bodies[key] = ()
    return bodies[key]
