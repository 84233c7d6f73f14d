"""Models of ``functools``, ``itertools``, ``collections``, ``copy`` and ``typing``."""

from __future__ import annotations

from flake8_forksafe.interpreter import identity, iterating
from flake8_forksafe.interpreter.bounds import is_small
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    Class,
    Descriptor,
    External,
    Item,
    Items,
    Partial,
    Table,
    Value,
    text,
)
from flake8_forksafe.library import builtin_iteration


def partial(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    if not arguments.positional:
        return UNKNOWN
    inner = Arguments(arguments.positional[1:], arguments.keywords, arguments.complete)
    return Partial(arguments.positional[0], inner)


def cached_property(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    inner = arguments.get(0, "func")
    return UNKNOWN if inner is None else Descriptor("property", inner)


def class_property(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return Descriptor("property", arguments.positional[0]) if arguments.positional else UNKNOWN


def wrapper(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``functools.wraps(f)`` applied: the function it decorates."""
    return arguments.positional[0] if arguments.positional else UNKNOWN


def copied(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``copy.copy`` and ``copy.deepcopy`` of containers."""
    if not is_small(arguments.get(0, "x") or UNKNOWN):
        return UNKNOWN
    return _copy(machine, arguments.get(0, "x") or UNKNOWN, function.path.endswith("deepcopy"))


def _copy(machine: Machine, value: Value, deep: bool, depth: int = 0) -> Value:
    if isinstance(value, Items):
        items = [Item(_copy(machine, item.value, deep, depth + 1), item.sure) if deep and depth < 20 else item
                 for item in value.items]  # fmt: skip
        return Items(value.kind, items, machine.journal.doubt, value.complete)
    if isinstance(value, Table):
        entries = {key: Item(_copy(machine, item.value, deep, depth + 1), item.sure) if deep and depth < 20 else item
                   for key, item in value.entries.items()}  # fmt: skip
        return Table(entries, machine.journal.doubt, value.complete)
    return value


def chain(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    sources = list(arguments.positional)
    if function.path.endswith("from_iterable"):
        sources = [item.value for item in iterating.iterate(machine, sources[0], frame).items] if sources else []
    found = [iterating.iterate(machine, source, frame) for source in sources]
    items = (item for source in found for item in source.items)
    return Items("iterator", items, machine.journal.doubt, all(source.complete for source in found))


def reduce(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``functools.reduce(function, iterable, initial)``."""
    step, source = arguments.get(0, "function"), arguments.get(1, "iterable")
    if step is None or source is None:
        return UNKNOWN
    found = iterating.iterate(machine, source, frame)
    initial = arguments.get(2, "initial")
    items = list(found.items) if initial is None else [Item(initial), *found.items]
    if not items:
        return UNKNOWN
    value = items[0].value
    for item in items[1:]:
        with machine.doubted(not item.sure):
            value = machine.call(step, Arguments((value, item.value)), frame)
    return value if identity.is_known(found) else UNKNOWN


def default_dictionary(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return Table({}, machine.journal.doubt, complete=False)


def named_tuple(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return Class(text(arguments.get(0, "typename")) or "?", frame.module, (), {}, frame.line)


def cast(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return arguments.get(1, "val") or UNKNOWN


MODELS = Library(
    functions={
        "functools.partial": partial,
        "functools.reduce": reduce,
        "functools.partialmethod": partial,
        "functools.cached_property": cached_property,
        "functools.wraps()": wrapper,
        "functools.lru_cache()": wrapper,
        "functools.lru_cache": wrapper,
        "functools.cache": wrapper,
        "contextlib.contextmanager": wrapper,
        "abc.abstractproperty": class_property,
        "copy.copy": copied,
        "copy.deepcopy": copied,
        "itertools.chain": chain,
        "itertools.chain.from_iterable": chain,
        "collections.defaultdict": default_dictionary,
        "collections.OrderedDict": builtin_iteration.dictionary,
        "collections.deque": builtin_iteration.sequence("list"),
        "collections.namedtuple": named_tuple,
        "typing.cast": cast,
    },
    suppressors=frozenset({"contextlib.suppress()"}),
)
