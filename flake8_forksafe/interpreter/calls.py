"""Calls of values: binds arguments, executes bodies, creates objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

from flake8_forksafe.interpreter import generators, instances, iteration, lifetime
from flake8_forksafe.interpreter.bounds import is_long, share
from flake8_forksafe.interpreter.budget import DEPTH_LIMIT
from flake8_forksafe.interpreter.call_memo import Remembered, Widened
from flake8_forksafe.interpreter.comparison import equal
from flake8_forksafe.interpreter.containers import Items, Lazy, Table
from flake8_forksafe.interpreter.errors import SOME_ERROR, TYPE_ERROR
from flake8_forksafe.interpreter.frames import Flow, Frame
from flake8_forksafe.interpreter.importing import function_body
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.scopes import local_names
from flake8_forksafe.interpreter.special_methods import class_attribute
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    Coroutine,
    Descriptor,
    External,
    FilePath,
    Function,
    Instance,
    Item,
    Literal,
    Method,
    ModuleValue,
    Partial,
    Unknown,
    Value,
    join,
)
from flake8_forksafe.interpreter.widening import forget, forget_names
from flake8_forksafe.source import facts

REPEAT_LIMIT = 12
"""Executions of one function with the same arguments, if something that it may read changed in between."""
NESTED_LIMIT = 12
"""Nested executions of one recursive function; one more stands for all others (:func:`_run_widened`)."""
KEPT_LIMIT = 50
"""Calls of one function that keeps its results which are compared with another."""
VARIANT_LIMIT = 2_000
"""Executions of one function with whatever arguments; one more stands for all others."""


def call(machine: Machine, function: Value, arguments: Arguments, frame: Frame) -> Value:
    """Call any value."""
    handler = TABLE.get(type(function))
    if handler is None:
        return machine.fail("TypeError") if isinstance(function, NOT_CALLABLE) else UNKNOWN
    return handler(machine, function, arguments, frame)


NOT_CALLABLE = (Literal, Items, Table, ModuleValue, FilePath)


def call_lazy(machine: Machine, function: Lazy, arguments: Arguments, frame: Frame) -> Value:
    """What a ``@contextmanager`` function made decorates another: that runs at the ``yield``."""
    return Partial(External("<forksafe>.in_context"), Arguments((function, *arguments.positional)))


def call_function(machine: Machine, function: Function, arguments: Arguments, frame: Frame) -> Value:
    definition = function.definition
    if isinstance(definition, facts.Define):
        body = function_body(machine, function, definition.body)
        if generators.is_generator(machine, body):
            return Lazy(partial(_produce, machine, function, arguments), frame, machine.journal.doubt)
        if definition.asynchronous:
            return Coroutine(function, arguments)
    return run_function(machine, function, arguments, frame)


def _produce(
    machine: Machine, function: Function, arguments: Arguments, take: Callable[[Item], bool], frame: Frame
) -> bool:
    """Run a generator; whether all that it yields is known."""
    machine.step()
    machine.record(frame, function.node, "call")
    if is_repeated := _is_repeated(machine, function, arguments, frame):
        arguments = _widened(arguments)
    if is_repeated and not _may_run_widened(machine, function, arguments, frame):
        return False
    stretch = machine.journal.repeated() if is_repeated else nullcontext()
    with stretch, _entered(machine, function, arguments) as inner:
        inner.take = take
        mark = len(machine.journal.entries)
        assert isinstance(function.definition, facts.Define)
        machine.execute(function_body(machine, function, function.definition.body), inner)
        if is_repeated:
            _remember_widened(machine, function, arguments, mark)
    return inner.complete and not is_repeated


@contextmanager
def _entered(machine: Machine, function: Function, arguments: Arguments) -> Iterator[Frame]:
    """The frame of one more execution of a function."""
    memory, node = machine.memory, function.node
    inner = _new_frame(machine, function, arguments)
    memory.active[node] = memory.active.get(node, 0) + 1
    machine.budget.depth += 1
    try:
        yield inner
    finally:
        memory.active[node] -= 1
        machine.budget.depth -= 1


def _new_frame(machine: Machine, function: Function, arguments: Arguments) -> Frame:
    execution = machine.memory.executions.get(function.node, 0) + 1
    machine.memory.executions[function.node] = execution
    inner = Frame(function.module, function.node, "function", machine.journal.doubt, function.closure)
    inner.execution = execution
    inner.function = function
    inner.qualname = function.qualname
    inner.owner = function.owner
    inner.line = function.line
    if isinstance(function.definition, facts.Define):
        body = function_body(machine, function, function.definition.body)
        inner.local = local_names(machine, function.definition, body)
    bind_arguments(machine, function, arguments, inner)
    if isinstance(function.definition, facts.Lambda):
        inner.owner = function.closure.owner if function.closure is not None else None
    return inner


def run_function(machine: Machine, function: Function, arguments: Arguments, frame: Frame) -> Value:
    """Execute a function's body."""
    machine.step()
    machine.record(frame, function.node, "call")
    use = machine.use(frame, function.node.dotted, arguments)
    result = _run_function(machine, function, arguments, frame)
    if use is not None:
        is_method = function.owner is not None and bool(arguments.positional)
        machine.recorder.opened(use, arguments.positional[0] if is_method else result)
    return result


def _run_function(machine: Machine, function: Function, arguments: Arguments, frame: Frame) -> Value:
    """Execute a function's body, or take the result of an earlier execution; of a call that may be kept, in doubt."""
    key = _call_key(function, arguments)
    known = machine.memory.results.get(key)
    if function.cached and (known is None or not known.certain) and _may_be_kept(machine, function, arguments):
        with machine.doubted():
            return join(_executed(machine, function, arguments, frame, key), UNKNOWN)
    return _executed(machine, function, arguments, frame, key)


def _may_be_kept(machine: Machine, function: Function, arguments: Arguments) -> bool:
    """Whether a function that keeps its results may have been called with equal arguments before."""
    earlier = machine.memory.kept.setdefault((function.node, function.line, id(function.closure)), [])
    found = len(earlier) >= KEPT_LIMIT or any(_may_equal(arguments, other) for other in earlier)
    if len(earlier) < KEPT_LIMIT:
        earlier.append(arguments)
    return found


def _may_equal(arguments: Arguments, other: Arguments) -> bool:
    """Whether two calls may pass the same."""
    if not (arguments.complete and other.complete):
        return True
    if len(arguments.positional) != len(other.positional) or arguments.keywords.keys() != other.keywords.keys():
        return False
    pairs = [*zip(arguments.positional, other.positional, strict=True)]
    pairs += [(value, other.keywords[name]) for name, value in arguments.keywords.items()]
    return not any(
        equal(left, right) is False
        or (isinstance(left, Instance) and isinstance(right, Instance) and left is not right and not _compares(left))
        for left, right in pairs
    )


def _compares(instance: Instance) -> bool:
    """Whether the class of an object says which are equal."""
    return class_attribute(instance.cls, "__eq__") is not None


def _executed(
    machine: Machine, function: Function, arguments: Arguments, frame: Frame, key: tuple[object, ...]
) -> Value:
    """Execute a function's body, or take the result of an earlier execution of the same call."""
    known = machine.memory.results.get(key)
    certain = machine.journal.doubt is machine.journal.certain
    if known is not None:
        if (known.changes == machine.journal.changes or function.cached) and (known.certain or not certain):
            return known.result
        if known.times >= REPEAT_LIMIT:
            _run_widened(machine, function, arguments, frame)
            return UNKNOWN
    if _is_repeated(machine, function, arguments, frame):
        _run_widened(machine, function, _widened(arguments), frame)
        return UNKNOWN
    reads_before, before = machine.argv_dependence.count, machine.journal.changes
    switches_before = machine.switches.count
    raised = machine.errors.raised
    made = len(machine.recorder.made)
    with _entered(machine, function, arguments) as inner, machine.doubted(machine.errors.raised != raised):
        result = _run_body(machine, function, inner)
    if len(machine.recorder.made) > made:
        lifetime.leave(machine, function, arguments, result, made)
    if machine.argv_dependence.count != reads_before:
        result = machine.argv_dependence.mark(result)
    elif machine.switches.count != switches_before:
        result = machine.switches.mark_unknown(result)
    changes = machine.journal.changes if machine.journal.changes == before else -1
    machine.memory.results[key] = Remembered(
        known.times + 1 if known else 1, changes, certain, result, (arguments, function)
    )
    return result


def _is_repeated(machine: Machine, function: Function, arguments: Arguments, frame: Frame) -> bool:
    """Whether one execution stands for this and all further ones of a function."""
    active = machine.memory.active.get(function.node, 0)
    if active >= NESTED_LIMIT or machine.memory.executions.get(function.node, 0) >= VARIANT_LIMIT:
        return True
    if machine.budget.depth >= DEPTH_LIMIT:
        return True
    values = (*arguments.positional, *arguments.keywords.values())
    return (
        active > 0
        and not machine.is_sure(frame)
        and any(map(_is_opaque, values))
        and all(_is_opaque(value) or isinstance(value, CODE) for value in values)
    )


def _run_widened(machine: Machine, function: Function, arguments: Arguments, frame: Frame) -> None:
    """Execute a function for all its further calls, in doubt, and forget what it computed for others.

    One that was executed so for many different arguments is executed for any.
    """
    if machine.budget.is_widened_often(function.node):
        arguments = _widened(arguments)
    if not _may_run_widened(machine, function, arguments, frame):
        return
    with machine.journal.repeated():
        mark = len(machine.journal.entries)
        with _entered(machine, function, arguments) as inner:
            _run_body(machine, function, inner)
        _remember_widened(machine, function, arguments, mark)
        forget(machine, mark)


def _may_run_widened(machine: Machine, function: Function, arguments: Arguments, frame: Frame) -> bool:
    """Whether a function was not executed with such arguments yet, and may be; that it may not is said.

    What an earlier execution computed for others may be something else by now.
    """
    known = machine.memory.widened.get(_call_key(function, arguments))
    if known is not None:
        forget_names(machine, known.written)
        return False
    if machine.budget.depth >= DEPTH_LIMIT + 1 or not machine.budget.may_widen(function.node):
        machine.note("FS192", frame, f"not all calls of {function.qualname}() can be followed")
        return False
    machine.memory.widened[_call_key(function, arguments)] = Widened((), (arguments, function))
    return True


def _remember_widened(machine: Machine, function: Function, arguments: Arguments, mark: int) -> None:
    """Remember which names of others an execution that stands for all further ones bound since ``mark``."""
    written = {(id(names), name): (names, name) for names, name, _, _ in machine.journal.entries[mark:]}
    known = Widened(tuple(written.values()), (arguments, function))
    machine.memory.widened[_call_key(function, arguments)] = known


CODE = (Function, Method, Partial, Descriptor, Class, Instance, ModuleValue)
"""Values that stand for walked code.  Widening keeps them: without them, a call might import nothing."""


def _widened(arguments: Arguments) -> Arguments:
    """Arguments of which only code is known."""

    def widened(value: Value) -> Value:
        return value if isinstance(value, CODE) else UNKNOWN

    keywords = {name: widened(value) for name, value in arguments.keywords.items()}
    return arguments._replace(positional=tuple(map(widened, arguments.positional)), keywords=keywords)


def _is_opaque(value: Value) -> bool:
    """Whether nothing is known of a value but maybe where it came from."""
    return isinstance(value, Unknown) or (isinstance(value, External) and value.path.endswith("()"))


def _call_key(function: Function, arguments: Arguments) -> tuple[object, ...]:
    """What makes two calls the same."""
    named = ((name, _identity(value)) for name, value in arguments.keywords.items())
    closure = id(function.closure) if function.closure is not None else 0
    return (
        function.node,
        function.line,
        id(function.definition),
        closure,
        arguments.maybe,
        *map(_identity, function.defaults.values()),
        *map(_identity, arguments.positional),
        *named,
    )


def _identity(value: Value) -> object:
    if isinstance(value, Literal):
        return (type(value.value), value.value)
    if isinstance(value, External) and not value.path.endswith("()"):
        return value.path
    if isinstance(value, Method):
        return (id(value.function), id(value.receiver))
    return id(value)


def _run_body(machine: Machine, function: Function, inner: Frame) -> Value:
    definition = function.definition
    if isinstance(definition, facts.Lambda):
        return machine.evaluate(definition.body, inner)
    flow = machine.execute(function_body(machine, function, definition.body), inner)
    if flow & Flow.NEXT or not (inner.results or flow & Flow.ABORT):
        inner.results.append(NONE)
    return join(*inner.results) if inner.results else UNKNOWN


def bind_arguments(machine: Machine, function: Function, arguments: Arguments, frame: Frame) -> None:
    """Bind arguments to parameters; what is missing is unknown, and an error only where something catches it."""
    positional = list(enumerate(arguments.positional))
    keywords = dict(arguments.keywords)
    parameters = function.definition.parameters
    names = frame.names

    def taken(value: Value, place: int | str, parameter: facts.Parameter) -> Value:
        """What a parameter is, if its argument is passed at a place."""
        if place not in arguments.maybe:
            return value
        return join(value, _default(machine, function, parameter, arguments))

    for parameter in parameters:
        if parameter.kind in ("", "/") and positional:
            place, value = positional.pop(0)
            names[parameter.name] = taken(value, place, parameter)
        elif parameter.kind in ("", "=") and parameter.name in keywords:
            names[parameter.name] = taken(keywords.pop(parameter.name), parameter.name, parameter)
        elif parameter.kind in ("", "/", "="):
            names[parameter.name] = _default(machine, function, parameter, arguments)
        elif parameter.kind == "*":
            items = [Item(value, place not in arguments.maybe) for place, value in positional]
            names[parameter.name] = Items("tuple", items, machine.journal.doubt, arguments.complete)
            positional = []
    for parameter in parameters:
        if parameter.kind == "**":
            entries: dict[object, Item] = {
                name: Item(value, name not in arguments.maybe) for name, value in keywords.items()
            }
            names[parameter.name] = Table(entries, machine.journal.doubt, arguments.complete)
            keywords = {}
    given = arguments.positional[: sum(parameter.kind in ("", "/") for parameter in parameters)]
    twice = any(parameter.name in arguments.keywords for parameter in parameters[: len(given)] if parameter.kind == "")
    if positional or keywords or twice:
        machine.may_fail(TYPE_ERROR)
    if parameters and parameters[0].kind in ("", "/"):
        frame.receiver = names[parameters[0].name]


def _default(machine: Machine, function: Function, parameter: facts.Parameter, arguments: Arguments) -> Value:
    default = function.defaults.get(parameter.name)
    if default is None:
        if arguments.complete:
            machine.may_fail(TYPE_ERROR)
        return UNKNOWN
    return default if arguments.complete else join(default, UNKNOWN)


def run_coroutine(machine: Machine, value: Value, frame: Frame) -> Value:
    """``await value``."""
    if isinstance(value, Coroutine):
        return run_function(machine, value.function, value.arguments, frame)
    return UNKNOWN


def call_method(machine: Machine, method: Method, arguments: Arguments, frame: Frame) -> Value:
    bound = arguments.behind(method.receiver)
    if isinstance(method.function, Function):
        machine.ended(method.receiver, method.function.qualname.rpartition(".")[2], arguments)
    return call(machine, method.function, bound, frame)


def call_partial(machine: Machine, partial: Partial, arguments: Arguments, frame: Frame) -> Value:
    first = partial.arguments
    machine.step(share(len(first.positional) + len(arguments.positional)))
    machine.step(share(len(first.keywords) + len(arguments.keywords)))
    count = len(first.positional)
    merged = Arguments(
        (*first.positional, *arguments.positional),
        {**first.keywords, **arguments.keywords},
        first.complete and arguments.complete,
        frozenset(place for place in first.maybe if place not in arguments.keywords).union(
            place + count if isinstance(place, int) else place for place in arguments.maybe
        ),
    )
    return call(machine, partial.function, merged, frame)


def call_descriptor(machine: Machine, descriptor: Descriptor, arguments: Arguments, frame: Frame) -> Value:
    return call(machine, descriptor.function, arguments, frame)


def call_choice(machine: Machine, choice: Choice, arguments: Arguments, frame: Frame) -> Value:
    return iteration.each(machine, choice, lambda option: call(machine, option, arguments, frame))


def call_instance(machine: Machine, instance: Instance, arguments: Arguments, frame: Frame) -> Value:
    method = machine.attribute(instance, "__call__", frame)
    if isinstance(method, (Method, Function, External)):
        return call(machine, method, arguments, frame)
    return UNKNOWN


def call_external(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Call something of a library: by its model, or opaquely; what a call returned is called by its ``__call__``."""
    key = machine.use(frame, f"{function.path}.__call__" if function.path.endswith("()") else function.path, arguments)
    if function.receiver is not None:
        machine.ended(function.receiver, function.path.rpartition(".")[2], arguments)
    result = _call_external(machine, function, arguments, frame)
    if key is not None:
        machine.recorder.opened(key, function.receiver or result)
    return result


def _call_external(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    if not function.path.startswith("builtins."):
        _hand_out(machine, arguments)
    model = machine.library.functions.get(function.path)
    if model is not None:
        return model(machine, function, arguments, frame)
    result, library = f"{function.path}()", machine.library
    if result not in library.suppressors and result not in library.exits:  # making a context manager does not raise
        machine.may_fail(SOME_ERROR)
    for value in (*arguments.positional, *arguments.keywords.values()):
        if isinstance(value, Lazy):
            with machine.doubted():
                iteration.iterate(machine, value, frame)
    if is_long(function.path):
        return UNKNOWN
    if function.path.partition(".")[0] in library.switchboards:
        machine.switches.count += 1
    return External(result, function.receiver, arguments)


def _hand_out(machine: Machine, arguments: Arguments) -> None:
    """Mark the arguments of a call as known to code that is not walked."""
    lifetime.keep(machine, arguments)
    for value in (*arguments.positional, *arguments.keywords.values()):
        if isinstance(value, Function):
            value.handed_out = True


def call_unknown(machine: Machine, function: Value, arguments: Arguments, frame: Frame) -> Value:
    machine.recorder.unresolved += 1
    _hand_out(machine, arguments)
    machine.may_fail(SOME_ERROR)
    return UNKNOWN


TABLE: dict[type, Callable[[Machine, Any, Arguments, Frame], Value]] = {
    Function: call_function,
    Method: call_method,
    Partial: call_partial,
    Descriptor: call_descriptor,
    Choice: call_choice,
    Instance: call_instance,
    Class: instances.call_class,
    External: call_external,
    Lazy: call_lazy,
    Unknown: call_unknown,
}
