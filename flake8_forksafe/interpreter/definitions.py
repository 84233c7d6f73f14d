"""Executes definitions of functions and classes."""

from __future__ import annotations

from flake8_forksafe.interpreter import class_errors, iteration
from flake8_forksafe.interpreter.blocks import bind_maybe, bind_name
from flake8_forksafe.interpreter.bounds import share
from flake8_forksafe.interpreter.containers import Table
from flake8_forksafe.interpreter.frames import Flow, Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.special_methods import class_attribute
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Class,
    Descriptor,
    EnclosingScope,
    External,
    Function,
    Instance,
    Literal,
    Value,
)
from flake8_forksafe.source import facts


def run_define(machine: Machine, node: facts.Define, frame: Frame) -> Flow:
    decorators = evaluate_decorators(machine, node, frame)
    defaults = default_values(machine, node.parameters, frame)
    qualname = f"{frame.qualname}.{node.name}" if frame.qualname else node.name
    function = Function(node, frame.module, closure_of(frame), qualname, defaults, node.line)
    bind_name(machine, frame, node.name, decorated(machine, function, decorators, frame))
    return Flow.NEXT


def closure_of(frame: Frame) -> EnclosingScope | None:
    """The frame a function defined here sees: class bodies are not seen from inside."""
    scope: EnclosingScope = frame
    while scope.kind == "class" and scope.closure is not None:
        scope = scope.closure
    if scope.kind not in ("function", "comprehension"):
        return None
    scope.captured = True
    return scope


def default_values(machine: Machine, parameters: tuple[facts.Parameter, ...], frame: Frame) -> dict[str, Value]:
    """Evaluate the defaults of a function, which happens when it is defined."""
    return {
        parameter.name: machine.evaluate(parameter.default, frame)
        for parameter in parameters
        if parameter.default is not None
    }


def evaluate_decorators(
    machine: Machine, node: facts.Define | facts.ClassDefinition, frame: Frame
) -> list[tuple[int, Value]]:
    """The decorators of a definition with their lines.  They are evaluated in front of it, in order."""
    found = []
    for step in node.decorators:
        frame.line = step.line
        found.append((step.line, machine.evaluate(step.expression, frame)))
    frame.line = node.line
    return found


def decorated(machine: Machine, value: Value, decorators: list[tuple[int, Value]], frame: Frame) -> Value:
    """What the decorators make of a function or class; the last one is applied first."""
    line = frame.line
    for frame.line, decorator in reversed(decorators):
        value = decorate(machine, decorator, value, frame)
    frame.line = line
    return value


def decorate(machine: Machine, decorator: Value, target: Value, frame: Frame) -> Value:
    """Apply a decorator; one of a library that is not known is taken to return what it decorates."""
    if isinstance(decorator, (External, type(UNKNOWN))):
        result = machine.call(decorator, Arguments((target,)), frame)
        opaque = isinstance(result, type(UNKNOWN)) or (isinstance(result, External) and result.path.endswith("()"))
        return target if opaque else result
    result = machine.call(decorator, Arguments((target,)), frame)
    return target if isinstance(result, type(UNKNOWN)) or result is NONE else result


CLASS_STEPS = 4
"""Steps that making a class takes besides those of its statements."""


def run_class(machine: Machine, node: facts.ClassDefinition, frame: Frame) -> Flow:
    machine.step(CLASS_STEPS)
    decorators = evaluate_decorators(machine, node, frame)
    bases: list[Value] = []
    keywords: dict[str, Value] = {}
    for argument in node.arguments:
        value = machine.evaluate(argument.value, frame)
        if argument.keyword is not None:
            keywords[argument.keyword] = value
        elif argument.star == "*":
            bases.extend(item.value for item in iteration.iterate(machine, value, frame).items)
        elif not argument.star:
            bases.append(value)
    qualname = f"{frame.qualname}.{node.name}" if frame.qualname else node.name
    inner = Frame(frame.module, frame.node, "class", frame.base, frame)
    inner.names.born = machine.journal.doubt
    inner.qualname = qualname
    inner.names["__module__"] = Literal(frame.module.name)
    inner.names["__qualname__"] = Literal(qualname)
    _prepare(machine, node.name, bases, keywords, inner)
    machine.execute(node.body, inner)
    frame.line = node.line
    cls = Class(qualname, frame.module, tuple(bases), inner.names)
    if machine.errors.catchers:
        class_errors.check(machine, cls, keywords.get("metaclass"))
    for name, member in inner.names.items():
        _own(member, cls)
        if name in ("__init_subclass__", "__class_getitem__") and isinstance(member, Function):
            inner.names[name] = Descriptor("classmethod", member)  # as CPython's type_new does
    bind_name(machine, frame, node.name, cls)
    value = _finish_class(machine, cls, keywords, frame)
    bind_name(machine, frame, node.name, decorated(machine, value, decorators, frame))
    return Flow.NEXT


def _prepare(machine: Machine, name: str, bases: list[Value], keywords: dict[str, Value], inner: Frame) -> None:
    """What ``__prepare__`` of the metaclass puts into the names of a class."""
    metaclass = keywords.get("metaclass") or next(
        (base.metaclass for base in bases if isinstance(base, Class) and base.metaclass is not None), None
    )
    method = _method_of(metaclass, "__prepare__")
    if method is None or metaclass is None:
        return
    passed = {key: value for key, value in keywords.items() if key != "metaclass"}
    arguments = Arguments((metaclass, Literal(name), machine.items("tuple", bases)), passed)
    made = machine.call(method, arguments, inner)
    for key, item in made.entries.items() if isinstance(made, Table) else ():
        if isinstance(key, str):
            bind_maybe(inner.names, key, item.value, item.sure)


def _own(member: Value, cls: Class) -> None:
    """Tell functions of a class body whose they are, for ``super()``."""
    if isinstance(member, Descriptor):
        member = member.function
    if isinstance(member, Function) and member.owner is None:
        member.owner = cls


def _finish_class(machine: Machine, cls: Class, keywords: dict[str, Value], frame: Frame) -> Value:
    """What creating a class calls: the metaclass's ``__new__`` and ``__init__``, and :func:`complete_class`."""
    ancestors = list(cls.mro())[1:]
    machine.step(share(len(ancestors)))
    for ancestor in ancestors:
        if isinstance(ancestor, Class):
            ancestor.subclasses.append(iteration.new_item(machine, cls, frame))
        else:
            hook = machine.library.class_hooks.get(ancestor.path)
            if hook is not None:
                hook(machine, cls, frame)
    metaclass = keywords.pop("metaclass", None)
    if metaclass is None:
        inherited = [base.metaclass for base in ancestors if isinstance(base, Class) and base.metaclass is not None]
        metaclass = inherited[0] if inherited else None
    cls.metaclass = metaclass
    maker = _method_of(metaclass, "__new__")
    if maker is None:
        complete_class(machine, cls, keywords, frame)
    arguments = (Literal(cls.name), machine.items("tuple", cls.bases), machine.table(cls.names))
    value: Value = cls
    if maker is not None and metaclass is not None:
        outer, machine.created = machine.created, cls
        made = machine.call(maker, Arguments((metaclass, *arguments), keywords), frame)
        machine.created = outer
        value = cls if made is UNKNOWN else made
    initialiser = _method_of(metaclass, "__init__")
    if initialiser is not None and value is cls:
        machine.call(initialiser, Arguments((cls, *arguments), keywords), frame)
    return value


def _method_of(metaclass: Value | None, name: str) -> Value | None:
    """A method of a first-party metaclass."""
    found = class_attribute(metaclass, name)
    found = found.function if isinstance(found, Descriptor) else found
    return found if isinstance(found, Function) else None


def complete_class(machine: Machine, cls: Class, keywords: dict[str, Value], frame: Frame) -> None:
    """What ``type.__new__`` calls: ``__set_name__`` of the class's attributes, then ``__init_subclass__``."""
    for name, member in list(cls.names.items()):
        if isinstance(member, Instance) and class_attribute(member.cls, "__set_name__") is not None:
            machine.call(machine.attribute(member, "__set_name__", frame), Arguments((cls, Literal(name))), frame)
    for ancestor in list(cls.mro())[1:]:
        if isinstance(ancestor, Class) and "__init_subclass__" in ancestor.names:
            method = ancestor.names["__init_subclass__"]
            method = method.function if isinstance(method, Descriptor) else method
            machine.call(method, Arguments((cls,), keywords), frame)
            break
