"""Models of ``functools``, ``itertools``, ``collections``, ``copy`` and ``typing``."""

from __future__ import annotations

from flake8_forksafe.interpreter import identity, iteration, mutation, special_methods
from flake8_forksafe.interpreter.bounds import is_small, looking_at
from flake8_forksafe.interpreter.containers import ANYTHING, Items, Lazy, Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    Descriptor,
    External,
    Function,
    Item,
    Literal,
    Partial,
    Unknown,
    Value,
    join,
    text,
)
from flake8_forksafe.interpreter.widening import repeat
from flake8_forksafe.library import builtin_iteration
from flake8_forksafe.library.builtin_reflection import instance_of


def partial(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    if not arguments.positional:
        return UNKNOWN
    return Partial(arguments.positional[0], arguments.after_first())


def cached_property(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    inner = cached(machine, function, arguments, frame)
    return inner if isinstance(inner, Unknown) else Descriptor("property", inner)


def cached(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``functools.cache`` and its kin: the function, which runs once with the same arguments."""
    inner = arguments.get(0, "func") or UNKNOWN
    if isinstance(inner, Function):
        inner.cached = True
    return inner


def lru_cache(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``functools.lru_cache``: without parentheses a decorator, else what makes one."""
    if arguments.positional and isinstance(arguments.positional[0], (Function, Partial)):
        return cached(machine, function, arguments, frame)
    return External("functools.lru_cache()", None, arguments)


def class_property(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return Descriptor("property", arguments.positional[0]) if arguments.positional else UNKNOWN


def wrapper(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """A decorator that returns the function it decorates."""
    return arguments.positional[0] if arguments.positional else UNKNOWN


def wraps(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``functools.wraps(wrapped)`` applied to a function: that function, with the names of the wrapped one."""
    inner = wrapper(machine, function, arguments, frame)
    wrapped = function.arguments.get(0, "wrapped") if function.arguments is not None else None
    if isinstance(inner, Function) and isinstance(wrapped, (Function, Class)):
        for name in ("__name__", "__qualname__", "__module__"):
            inner.names[name] = machine.attribute(wrapped, name, frame)
        inner.names["__wrapped__"] = wrapped
    elif isinstance(inner, Function):
        inner.names["__name__"] = inner.names["__qualname__"] = inner.names["__wrapped__"] = UNKNOWN
    return inner


def method_caller(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``operator.methodcaller(name, ...)`` applied to something."""
    made, holder = function.arguments, arguments.get(0, "")
    name = text(made.get(0, "")) if made is not None else None
    if made is None or name is None or holder is None:
        return UNKNOWN
    method = machine.attribute(holder, name, frame)
    return machine.call(method, made._replace(positional=made.positional[1:]), frame)


def single_dispatch(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``functools.singledispatch``: a function that calls another by the class of its first argument."""
    return External(DISPATCHER, None, _functions(machine, arguments))


def _functions(machine: Machine, arguments: Arguments) -> Arguments:
    """What a dispatcher keeps: a function, and those that are registered."""
    default = arguments.get(0, "func") or UNKNOWN
    return Arguments((default, Items("list", (), machine.journal.doubt)))


def single_dispatch_method(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``functools.singledispatchmethod``: the same of the first argument behind the object."""
    return Descriptor("property", External(METHOD_DISPATCHER, None, _functions(machine, arguments)))


def bind_dispatcher(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """A method that ``singledispatchmethod`` made, of an object."""
    return Partial(External(BOUND_DISPATCHER, None, function.arguments), arguments)


def register(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``dispatcher.register(cls, function)``, and both its forms as a decorator."""
    dispatcher, (first, *others) = function.receiver, arguments.positional or (UNKNOWN,)
    if not isinstance(dispatcher, External) or dispatcher.arguments is None:
        return UNKNOWN
    if not others and not isinstance(first, Function):
        return Partial(function, Arguments((first,)))
    kind, called = (first, others[0]) if others else (UNKNOWN, first)  # else its annotation says which
    kept = dispatcher.arguments.positional[1]
    if isinstance(kept, Items):
        mutation.append(machine, kept, machine.items("tuple", [kind, called]))
    return called


def dispatch(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Calling a dispatcher: the function of the argument's class, or each that it may be."""
    default, kept = (*(function.arguments or Arguments()).positional, UNKNOWN, UNKNOWN)[:2]
    place = int(function.path == BOUND_DISPATCHER)
    first = arguments.positional[place] if len(arguments.positional) > place else UNKNOWN
    chosen: list[Value] = []
    sure = False
    for item in reversed(kept.items) if isinstance(kept, Items) else ():
        kind, called = (*iteration.parts(item.value), UNKNOWN, UNKNOWN)[:2]
        answer = None if isinstance(first, Choice) else instance_of(first, kind)
        if answer is not False:
            chosen.append(called)
            sure |= bool(answer) and item.sure
    if not sure:
        chosen.append(default)
    return machine.call(join(*chosen), arguments, frame)


def dispatcher_attribute(machine: Machine, value: External, name: str, frame: Frame) -> Value | None:
    """An attribute of a dispatcher: its own ``register``, or one of the function."""
    if name == "register":
        return External(f"{DISPATCHER}.register", value)
    default = value.arguments.positional[0] if value.arguments is not None else UNKNOWN
    return machine.attribute(default, name, frame)


DISPATCHER = "functools.dispatcher"
"""What ``singledispatch`` makes of a function; its arguments are the function and those that were registered."""
METHOD_DISPATCHER, BOUND_DISPATCHER = "<forksafe>.dispatching_method", "<forksafe>.bound_dispatching_method"
"""The same for ``singledispatchmethod``, in the class and as a method of an object."""


def lazily(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``itertools.takewhile``, ``dropwhile`` and ``starmap``."""
    kind = function.path.rpartition(".")[2]
    called, source = (*arguments.positional, UNKNOWN, UNKNOWN)[:2]

    def produce(take: iteration.Take, asking: Frame) -> bool:
        passing: bool | None = kind != "dropwhile"

        def one(item: Item) -> bool:
            nonlocal passing
            if kind == "starmap":
                inner = iteration.iterate(machine, item.value, asking)
                passed = Arguments(tuple(part.value for part in inner.items), {}, inner.complete)
                return take(Item(machine.call(called, passed, asking), item.sure))
            if kind == "dropwhile" and passing:
                return take(item)
            with machine.doubted(not item.sure):
                answer = special_methods.holds(machine, machine.call(called, Arguments((item.value,)), asking), asking)
            if kind == "dropwhile":
                passing = None if passing is None else None if answer is None else not answer
                if answer is True and passing is False:
                    return False
                with machine.doubted(passing is not True):
                    return take(Item(item.value, item.sure and passing is True))
            if answer is False and item.sure:
                raise _End
            with machine.doubted(answer is None):
                return take(Item(item.value, item.sure and answer is True)) or answer is not True

        try:
            complete = iteration.consume(machine, source, asking, one)
        except _End:
            return True
        if not complete:
            repeat(machine, lambda: one(Item(UNKNOWN, False)))
        return complete

    return Lazy(produce, frame, machine.journal.doubt)


class _End(iteration.Enough):
    """The iterator itself has come to its end."""


def first_elements(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``itertools.islice(iterable, stop)``."""
    source, *bounds = arguments.positional or (UNKNOWN,)
    stop = bounds[0].value if len(bounds) == 1 and isinstance(bounds[0], Literal) else None
    if not isinstance(stop, int):
        return UNKNOWN

    def produce(take: iteration.Take, asking: Frame) -> bool:
        count = 0

        def one(item: Item) -> bool:
            nonlocal count
            count += 1
            last = take(item)
            if count >= stop and item.sure:
                raise _End
            return last or count >= stop

        try:
            return stop == 0 or iteration.consume(machine, source, asking, one)
        except _End:
            return True

    return Lazy(produce, frame, machine.journal.doubt)


def deque(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``collections.deque(iterable, maxlen)``."""
    found = builtin_iteration.sequence("list")(machine, function, arguments, frame)
    if arguments.get(1, "maxlen") is not None and isinstance(found, Items):
        return Items("list", identity.unsure(found.items), machine.journal.doubt, complete=False)
    return found


def copied(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``copy.copy`` and ``copy.deepcopy`` of containers."""
    machine.step(looking_at(arguments.get(0, "x") or UNKNOWN))
    if not is_small(arguments.get(0, "x") or UNKNOWN):
        return UNKNOWN
    return _copy(machine, arguments.get(0, "x") or UNKNOWN, function.path.endswith("deepcopy"))


def _copy(machine: Machine, value: Value, deep: bool, depth: int = 0) -> Value:
    if isinstance(value, Items):
        items = [Item(_copy(machine, item.value, deep, depth + 1), item.sure) if deep and depth < 20 else item
                 for item in value.items]  # fmt: skip
        return Items(value.kind, items, machine.journal.doubt, value.complete)
    if isinstance(value, Table):
        table = value.copied(machine.journal.doubt)
        for key, item in value.entries.items() if deep and depth < 20 else ():
            table.entries[key] = Item(_copy(machine, item.value, deep, depth + 1), item.sure)
        return table
    return value


def chain(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    sources = list(arguments.positional)
    if function.path.endswith("from_iterable"):
        sources = [item.value for item in iteration.iterate(machine, sources[0], frame).items] if sources else []
    found = [iteration.iterate(machine, source, frame) for source in sources]
    items = [part for source in found for part in ([*source.items] if source.complete else [*source.items, ANYTHING])]
    return Items("iterator", iteration.leading(items), machine.journal.doubt, all(source.complete for source in found))


def reduce(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``functools.reduce(function, iterable, initial)``."""
    step, source = arguments.get(0, "function"), arguments.get(1, "iterable")
    if step is None or source is None:
        return UNKNOWN
    found = iteration.iterate(machine, source, frame)
    initial = arguments.get(2, "initial")
    rest = found.items if found.complete else [*found.items, ANYTHING]
    value = initial
    for item in rest:
        if value is None:
            value = item.value if item.sure else UNKNOWN
            continue
        with machine.doubted(not item.sure):
            result = machine.call(step, Arguments((value, item.value)), frame)
        value = result if item.sure else join(value, result)
    return value if value is not None and identity.is_known(found) else UNKNOWN


def default_dictionary(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    factory = arguments.get(0, "default_factory")
    if factory is not None:
        with machine.doubted():  # for a key that is not there
            machine.call(factory, Arguments(), frame)
    return Table({}, machine.journal.doubt, complete=False)


def named_tuple(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return Class(text(arguments.get(0, "typename")) or "?", frame.module, (External("builtins.tuple"),), {})


def cast(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return arguments.get(1, "val") or UNKNOWN


MODELS = Library(
    functions={
        "functools.partial": partial,
        "functools.reduce": reduce,
        "functools.partialmethod": partial,
        "functools.cached_property": cached_property,
        "functools.wraps()": wraps,
        "functools.lru_cache()": cached,
        "functools.lru_cache": lru_cache,
        "functools.cache": cached,
        "functools.singledispatch": single_dispatch,
        "functools.singledispatchmethod": single_dispatch_method,
        DISPATCHER: dispatch,
        METHOD_DISPATCHER: bind_dispatcher,
        BOUND_DISPATCHER: dispatch,
        f"{DISPATCHER}.register": register,
        "operator.methodcaller()": method_caller,
        "abc.abstractproperty": class_property,
        "copy.copy": copied,
        "copy.deepcopy": copied,
        "itertools.chain": chain,
        "itertools.takewhile": lazily,
        "itertools.dropwhile": lazily,
        "itertools.starmap": lazily,
        "itertools.filterfalse": builtin_iteration.filter_,
        "itertools.islice": first_elements,
        "itertools.chain.from_iterable": chain,
        "collections.defaultdict": default_dictionary,
        "collections.OrderedDict": builtin_iteration.dictionary,
        "collections.deque": deque,
        "collections.namedtuple": named_tuple,
        "typing.cast": cast,
    },
    attributes={DISPATCHER: dispatcher_attribute, METHOD_DISPATCHER: dispatcher_attribute},
)
