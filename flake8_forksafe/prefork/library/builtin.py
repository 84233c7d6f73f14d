"""Models of Python's builtin functions and of the methods of its builtin types."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING

from flake8_forksafe.prefork import operators, sequences, statements, strings
from flake8_forksafe.prefork.frames import Raised
from flake8_forksafe.prefork.values import (
    FALSE,
    NONE,
    TRUE,
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    Descriptor,
    External,
    FilePath,
    Function,
    Instance,
    Item,
    Items,
    Literal,
    Method,
    ModuleValue,
    Partial,
    Table,
    Value,
    join,
    options,
    text,
    truth,
)

if TYPE_CHECKING:
    from flake8_forksafe.prefork.frames import Frame
    from flake8_forksafe.prefork.walk import Walk

Model = Callable[["Walk", External, Arguments, "Frame"], Value]
VALUE_ERROR = External("builtins.ValueError()")


# --- attributes and types ---------------------------------------------------------------------------------------


def get_attribute(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    holder, name, default = arguments.get(0, "object"), arguments.get(1, "name"), arguments.get(2, "default")
    names = [found for option in options(name or UNKNOWN) if (found := text(option)) is not None]
    if holder is None or not names:
        return UNKNOWN
    if default is None:
        return join(*(walk.attribute(holder, found, frame) for found in names))
    return join(*(attribute_or(walk, holder, found, default, frame) for found in names))


def attribute_or(walk: Walk, holder: Value, name: str, default: Value, frame: Frame) -> Value:
    """``getattr(holder, name, default)``."""
    known = has(walk, holder, name, frame)
    if known is False:
        return default
    value = walk.attribute(holder, name, frame)
    return value if known else join(value, default)


def has(walk: Walk, holder: Value, name: str, frame: Frame) -> bool | None:
    """Whether a value has an attribute; None if that is not known."""
    before, walk.possible_errors = walk.possible_errors, []
    doubt = walk.doubt
    walk.catchers.append([External("builtins.AttributeError")])
    try:
        value = walk.attribute(holder, name, frame)
        unsure = bool(walk.possible_errors)
    except Raised as error:
        walk.doubt = doubt
        if statements.matches(error.value, External("builtins.AttributeError")):
            return False
        raise
    finally:
        walk.catchers.pop()
        walk.possible_errors = before
    if isinstance(holder, (Instance, Class)) and value is UNKNOWN:
        outside = any(isinstance(base, External) and base.path != "builtins.object" for base in
                      (holder.cls if isinstance(holder, Instance) else holder).mro())  # fmt: skip
        return None if outside or not isinstance(holder, Class) else False
    if isinstance(value, External) and value.receiver is holder:
        return None
    return None if unsure or isinstance(holder, (External, Choice)) or value is UNKNOWN else True


def has_attribute(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    holder, name = arguments.get(0, "object"), text(arguments.get(1, "name"))
    if holder is None or name is None:
        return UNKNOWN
    answer = has(walk, holder, name, frame)
    return UNKNOWN if answer is None else Literal(answer)


def set_attribute(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    holder, name, value = arguments.get(0, ""), text(arguments.get(1, "")), arguments.get(2, "")
    if holder is not None and name is not None and value is not None:
        statements.set_attribute(walk, holder, name, value, frame)
    return NONE


TYPES: dict[str, tuple[type, ...]] = {
    "builtins.str": (str,), "builtins.bytes": (bytes,), "builtins.int": (int,), "builtins.float": (float,),
    "builtins.bool": (bool,), "builtins.complex": (complex,),
}  # fmt: skip


def is_instance(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    value, kind = arguments.get(0, ""), arguments.get(1, "")
    if value is None or kind is None:
        return UNKNOWN
    answers = {instance_of(option, kind) for option in options(value)}
    answer = answers.pop() if len(answers) == 1 else None
    return UNKNOWN if answer is None else Literal(answer)


def instance_of(value: Value, kind: Value) -> bool | None:
    """Whether a value is an instance of a class or of one of a tuple of classes."""
    if isinstance(kind, Items):
        answers = [instance_of(value, item.value) for item in kind.items]
        return True if True in answers else (None if None in answers or not kind.complete else False)
    if isinstance(kind, Class):
        if isinstance(value, Instance):
            return kind in list(value.cls.mro())
        return False if isinstance(value, (Literal, Items, Table, Function, ModuleValue)) else None
    if not isinstance(kind, External):
        return None
    if isinstance(value, Literal):
        return isinstance(value.value, TYPES[kind.path]) if kind.path in TYPES else _other_type(kind)
    if isinstance(value, Items):
        return kind.path == f"builtins.{value.kind}" or _abstract(kind)
    if isinstance(value, Table):
        return kind.path == "builtins.dict" or _abstract(kind)
    if isinstance(value, (Class, Function, ModuleValue)):
        own = {Class: "builtins.type", Function: "types.FunctionType", ModuleValue: "types.ModuleType"}[type(value)]
        return True if kind.path in (own, "builtins.object") else _other_type(kind)
    if isinstance(value, External) and value.path == f"{kind.path}()":
        return True
    return None


def _other_type(kind: External) -> bool | None:
    return False if kind.path.startswith("builtins.") and kind.path != "builtins.object" else None


def _abstract(kind: External) -> bool | None:
    """Whether a container is an instance of what may be an abstract class."""
    return None if kind.path.startswith(("collections.", "typing.")) else _other_type(kind)


def is_subclass(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    cls, kind = arguments.get(0, ""), arguments.get(1, "")
    if not isinstance(cls, Class) or kind is None:
        return FALSE if isinstance(cls, Function) else UNKNOWN
    kinds = [item.value for item in kind.items] if isinstance(kind, Items) else [kind]
    order = list(cls.mro())
    for wanted in kinds:
        if any(base is wanted or (isinstance(base, External) and isinstance(wanted, External)
                                  and base.path == wanted.path) for base in order):  # fmt: skip
            return TRUE
    outside = any(isinstance(base, External) for base in order)
    return UNKNOWN if outside and any(isinstance(wanted, External) for wanted in kinds) else FALSE


def type_of(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    if len(arguments.positional) == 3:
        name, bases, namespace = arguments.positional
        names = {key: item.value for key, item in namespace.entries.items() if isinstance(key, str)} if isinstance(
            namespace, Table) else {}  # fmt: skip
        inherited = sequences.iterate(walk, bases, frame)
        return Class(text(name) or "?", frame.module, tuple(item.value for item in inherited.items), names, frame.line)
    value = arguments.get(0, "")
    if isinstance(value, Instance):
        return value.cls
    if isinstance(value, Class):
        return value.metaclass or External("builtins.type")
    if isinstance(value, Literal):
        return External(f"builtins.{type(value.value).__name__}")
    return UNKNOWN


def new_type(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``super().__new__(...)`` in a metaclass: the class that is being created."""
    return walk.created if walk.created is not None else UNKNOWN


def subclasses(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    cls = function.receiver
    if not isinstance(cls, Class):
        return UNKNOWN
    direct = [item for item in cls.subclasses if isinstance(item.value, Class) and cls in item.value.bases]
    return sequences.from_items(walk, "list", direct)


def descriptor(kind: str) -> Callable[[Walk, External, Arguments, Frame], Value]:
    """A model of ``property``, ``classmethod``, ``staticmethod``."""

    def model(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
        inner = arguments.get(0, "fget")
        return UNKNOWN if inner is None else Descriptor(kind, inner)

    return model


def names_of(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``vars``, ``globals``, ``locals``: a view, so changes to it change the names."""
    holder = arguments.get(0, "")
    if holder is None:
        if function.path.endswith("globals"):
            frame.module.open = True  # what is put in there under a computed name is not followed
        return NamesTable(walk, frame.module.contents if function.path.endswith("globals") else frame.names)
    if isinstance(holder, ModuleValue):
        holder.module.open = True
        return NamesTable(walk, holder.module.contents)
    if isinstance(holder, (Instance, Class)):
        return NamesTable(walk, holder.names)
    return UNKNOWN


class NamesTable(Table):
    """``globals()``: a mapping whose entries are names of a scope."""

    __slots__ = ("names",)

    def __init__(self, walk: Walk, names: dict[str, Value]) -> None:
        super().__init__(Bound(names), walk.certain, complete=False)
        self.names = names


class Bound(dict[object, Item]):
    """Entries that are stored in a scope's names."""

    def __init__(self, names: dict[str, Value]) -> None:
        super().__init__({name: Item(value) for name, value in names.items()})
        self.names = names

    def __setitem__(self, key: object, item: Item) -> None:
        super().__setitem__(key, item)
        if isinstance(key, str):
            self.names[key] = item.value


def directory(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    holder = arguments.get(0, "")
    names: dict[str, Value] | None = None
    if holder is None:
        names = frame.names
    elif isinstance(holder, ModuleValue):
        names = holder.module.contents
    elif isinstance(holder, (Instance, Class)):
        cls = holder.cls if isinstance(holder, Instance) else holder
        names = {name: value for base in cls.mro() if isinstance(base, Class) for name, value in base.names.items()}
    if names is None:
        return Items("list", (), walk.doubt, complete=False)
    return walk.items("list", [Literal(name) for name in sorted(names)])


def is_callable(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    value = arguments.get(0, "")
    if isinstance(value, (Function, Class, Method, Partial)):
        return TRUE
    return FALSE if isinstance(value, (Literal, Items, Table, FilePath, ModuleValue)) else UNKNOWN


# --- constructors and iteration ---------------------------------------------------------------------------------


def sequence(kind: str) -> Callable[[Walk, External, Arguments, Frame], Value]:
    """A model of ``list``, ``tuple``, ``set``, ``frozenset``, ``iter``, ``reversed``, ``sorted``."""

    def model(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
        source = arguments.get(0, "iterable")
        if source is None:
            return Items(kind, (), walk.doubt)
        found = sequences.iterate(walk, source, frame)
        items = list(found.items)
        if function.path.endswith("sorted"):
            items = in_order(walk, items, arguments, frame)
        elif function.path.endswith("reversed"):
            items.reverse()
        elif kind == "set":
            items = sequences.distinct(items)
        return sequences.charged(walk, Items(kind, items, walk.doubt, found.complete))

    return model


def in_order(walk: Walk, items: list[Item], arguments: Arguments, frame: Frame) -> list[Item]:
    """The elements that ``sorted`` or ``list.sort`` puts in order; as they are where the order is not known."""
    return _ordered(walk, items, arguments, truth(arguments.keywords.get("reverse", FALSE)), frame) or items


def _ordered(
    walk: Walk, items: list[Item], arguments: Arguments, backwards: bool | None, frame: Frame
) -> list[Item] | None:
    """``items`` by what ``key`` makes of them; None where that is not known."""
    key = arguments.keywords.get("key", NONE)
    computed = [item.value for item in items]
    if truth(key) is not False:
        computed = [walk.call(key, Arguments((value,)), frame) for value in computed]
    plain = [sequences.python_value(value) for value in computed]
    if None in plain or backwards is None:
        return None
    try:
        places = sorted(range(len(items)), key=lambda place: plain[place], reverse=backwards)  # type: ignore[arg-type, return-value]
    except TypeError as error:
        walk.fail(type(error).__name__)
        return None
    return [items[place] for place in places]


def extreme(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``max`` and ``min``; with ``key`` and more than one argument, those arguments are the elements."""
    if "key" not in arguments.keywords:
        return pure(walk, function, arguments, frame)
    source = arguments.positional[0] if len(arguments.positional) == 1 else walk.items("tuple", arguments.positional)
    found = sequences.iterate(walk, source, frame)
    ordered = _ordered(walk, list(found.items), arguments, function.path.endswith("max"), frame)
    return ordered[0].value if ordered and sequences.is_known(found) else UNKNOWN


def dictionary(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    table = Table({}, walk.doubt, arguments.complete)
    source = arguments.get(0, "") if arguments.positional else None
    if isinstance(source, (Table, Choice)):
        sequences.update(walk, table, source)
    elif source is not None:
        pairs = sequences.iterate(walk, source, frame)
        table.complete &= pairs.complete
        for item in pairs.items:
            pair = sequences.iterate(walk, item.value, frame)
            key = sequences.key_of(pair.items[0].value) if len(pair.items) == 2 else None
            if key is None:
                table.complete = False
            else:
                table.entries[key] = Item(pair.items[1].value, item.sure)
    table.entries.update({name: Item(value) for name, value in arguments.keywords.items()})
    return table


def dictionary_of_keys(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``dict.fromkeys``."""
    keys = sequences.iterate(walk, arguments.get(0, "") or UNKNOWN, frame)
    value = arguments.get(1, "") or NONE
    table = Table({}, walk.doubt, keys.complete and arguments.complete)
    for item in keys.items:
        key = sequences.key_of(item.value)
        known = table.entries.get(key)
        if key is None:
            table.complete = False
        elif known is None or not known.sure:
            table.entries[key] = Item(value, item.sure)
    return table


def enumerate_(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    found = sequences.iterate(walk, arguments.get(0, "iterable") or UNKNOWN, frame)
    start = arguments.get(1, "start")
    first = start.value if isinstance(start, Literal) and isinstance(start.value, int) else 0
    pairs = [Item(walk.items("tuple", [Literal(first + index), item.value]), item.sure)
             for index, item in enumerate(found.items)]  # fmt: skip
    return Items("iterator", pairs, walk.doubt, found.complete)


def zip_(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    columns = [sequences.iterate(walk, value, frame) for value in arguments.positional]
    complete = all(column.complete for column in columns)
    rows = [
        Item(walk.items("tuple", [item.value for item in row]), all(item.sure for item in row))
        for row in zip(*(column.items for column in columns), strict=False)
    ]
    return Items("iterator", rows, walk.doubt, complete)


def range_(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    numbers = [value.value for value in arguments.positional if isinstance(value, Literal)]
    whole = [number for number in numbers if isinstance(number, int)]
    if len(whole) != len(arguments.positional) or not whole or (len(whole) == 3 and not whole[2]):
        return Items("iterator", (), walk.doubt, complete=False)
    found = range(*whole)
    if len(found) > 1000:
        return Items("iterator", (), walk.doubt, complete=False)
    return walk.items("iterator", [Literal(number) for number in found])


def map_(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    if len(arguments.positional) != 2:
        return UNKNOWN
    callback, source = arguments.positional
    found = sequences.iterate(walk, source, frame)
    results = []
    for item in found.items:
        with walk.doubted(not item.sure):
            results.append(Item(walk.call(callback, Arguments((item.value,)), frame), item.sure))
    if not found.complete:
        with walk.doubted():
            walk.call(callback, Arguments((UNKNOWN,)), frame)
    return Items("iterator", results, walk.doubt, found.complete)


def filter_(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    if len(arguments.positional) != 2:
        return UNKNOWN
    callback, source = arguments.positional
    found = sequences.iterate(walk, source, frame)
    kept = []
    for item in found.items:
        identity = isinstance(callback, Literal)
        holds = truth(item.value if identity else walk.call(callback, Arguments((item.value,)), frame))
        if holds is not False:
            kept.append(Item(item.value, item.sure and holds is True))
    return Items("iterator", kept, walk.doubt, found.complete)


def any_or_all(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    found = sequences.iterate(walk, arguments.get(0, "iterable") or UNKNOWN, frame)
    decisive = function.path.endswith("any")
    answers = [(truth(item.value), item.sure) for item in found.items]
    if (decisive, True) in answers:
        return Literal(decisive)
    unsure = not found.complete or any(answer in (None, decisive) for answer, _ in answers)
    return UNKNOWN if unsure else Literal(not decisive)


def next_(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    own = operators.special(walk, arguments.get(0, "") or UNKNOWN, "__next__", (), frame)
    if own is not None:
        return own
    found = sequences.iterate(walk, arguments.get(0, "") or UNKNOWN, frame)
    default = arguments.get(1, "default")
    if found.items and found.items[0].sure and found.kind == "iterator" and walk.touches_surely(found.born):
        return found.items.pop(0).value
    for index, item in enumerate(found.items):
        if item.sure:
            return join(*(earlier.value for earlier in found.items[: index + 1]))
    if default is None and not found.items and found.complete:
        return walk.fail("StopIteration")
    maybe = [item.value for item in found.items] + ([] if found.complete else [UNKNOWN])
    return join(*maybe, default if default is not None else UNKNOWN)


def length(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    value = arguments.get(0, "")
    if isinstance(value, Choice):
        return sequences.each(walk, value, lambda option: length(walk, function, Arguments((option,)), frame))
    if isinstance(value, Items) and sequences.is_known(value):
        return Literal(len(value.items))
    if isinstance(value, Table) and value.complete and all(item.sure for item in value.entries.values()):
        return Literal(len(value.entries))
    if isinstance(value, Literal) and isinstance(value.value, (str, bytes)):
        return Literal(len(value.value))
    return operators.special(walk, value or UNKNOWN, "__len__", (), frame) or UNKNOWN


def convert(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``str(x)``, ``int(x)``, ``bool(x)``, ``float(x)``, ``repr(x)``."""
    value = arguments.get(0, "")
    kind = function.path.rpartition(".")[2]
    if value is None:
        return {"str": Literal(""), "int": Literal(0), "bool": FALSE, "float": Literal(0.0)}.get(kind, UNKNOWN)
    if kind == "bool":
        answer = operators.holds(walk, value, frame)
        return UNKNOWN if answer is None else Literal(answer)
    own = operators.converted(walk, value, kind, frame)
    if own is not None:
        return own
    others = [sequences.python_value(other) for other in arguments.positional[1:]]
    if None in others or arguments.keywords:
        return UNKNOWN
    plain = [other[0] for other in others if other is not None]
    return sequences.each(walk, value, lambda option: _converted(walk, option, kind, plain))


def _converted(walk: Walk, value: Value, kind: str, others: list[object]) -> Value:
    if isinstance(value, FilePath) and kind == "str":
        return Literal(value.path)
    if not isinstance(value, Literal) or isinstance(value.value, bytes):
        return UNKNOWN
    if isinstance(value.value, int) and abs(value.value) > 1 << 64:
        return UNKNOWN
    try:
        return Literal(getattr(builtins, kind)(value.value, *others))
    except (TypeError, ValueError, OverflowError) as error:
        return walk.fail(type(error).__name__)


PURE = ("abs", "chr", "ord", "round", "sum")
"""Functions of plain values that depend on nothing else."""


def pure(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``max(a, b)``, ``sum(numbers)`` and their kin, for plain values."""
    for index, value in enumerate(arguments.positional):
        if isinstance(value, Choice):
            before, after = arguments.positional[:index], arguments.positional[index + 1 :]
            return sequences.each(walk, value, lambda option: pure(
                walk, function, arguments._replace(positional=(*before, option, *after)), frame))  # fmt: skip
    passed = [sequences.python_value(value) for value in arguments.positional]
    if None in passed or arguments.keywords or not arguments.complete:
        return UNKNOWN
    try:
        result = getattr(builtins, function.path.rpartition(".")[2])(
            *(value[0] for value in passed if value is not None)
        )
    except (TypeError, ValueError, OverflowError) as error:
        return walk.fail(type(error).__name__)
    return Literal(result) if isinstance(result, (str, bytes, int, float, complex)) else UNKNOWN


def import_(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``__import__(name)``: returns the top package unless ``fromlist`` is given."""
    name = text(arguments.get(0, "name"))
    if name is None:
        return UNKNOWN
    value = walk.import_name(name, frame)
    if value is None:
        return walk.fail("ModuleNotFoundError")
    fromlist = arguments.get(3, "fromlist")
    module = walk.modules.get(name.partition(".")[0])
    if module is None or (fromlist is not None and truth(fromlist)):
        return value
    return ModuleValue(module)


def with_setter(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``@name.setter`` of a property."""
    inner, setter = arguments.positional[0], arguments.get(1, "fset")
    return Descriptor("property", inner.function, setter) if isinstance(inner, Descriptor) else inner


def first_argument(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Something that returns what it is given."""
    return arguments.positional[0] if arguments.positional else UNKNOWN


# --- methods of sequences and mappings --------------------------------------------------------------------------


def sequence_method(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Methods that change or read a list, tuple or set."""
    receiver, name = function.receiver, function.path.rpartition(".")[2]
    assert isinstance(receiver, Items)
    first = arguments.get(0, "")
    if name in ("append", "add", "appendleft") and first is not None:
        if receiver.kind != "set" or truth(sequences.contains(walk, receiver, first)) is not True:
            sequences.append(walk, receiver, first, 0 if name == "appendleft" else None)
    elif name == "insert" and len(arguments.positional) == 2:
        index = first.value if isinstance(first, Literal) and isinstance(first.value, int) else None
        sequences.append(walk, receiver, arguments.positional[1], index)
    elif name in ("extend", "update") and first is not None:
        sequences.extend(walk, receiver, first)
    elif name in ("remove", "discard") and first is not None:
        _remove(walk, receiver, name, first)
    elif name == "pop":
        return _pop(walk, receiver, first)
    elif name == "clear":
        receiver.items[:] = [] if walk.touches_surely(receiver.born) else sequences.unsure(receiver.items)
    elif name == "copy":
        return Items(receiver.kind, receiver.items, walk.doubt, receiver.complete)
    elif name == "index" and first is not None:
        return _index(walk, receiver, first) if len(arguments.positional) == 1 else UNKNOWN
    elif name in ("union", "intersection", "difference", "symmetric_difference") and first is not None:
        symbol = {"union": "|", "intersection": "&", "difference": "-"}.get(name, "^")
        return sequences.binary(walk, symbol, receiver, sequences.iterate(walk, first, frame))
    elif name == "count" and first is not None:
        found = [sequences.equal(item.value, first) for item in receiver.items]
        return UNKNOWN if None in found or not sequences.is_known(receiver) else Literal(found.count(True))
    elif name in ("issubset", "issuperset", "isdisjoint"):
        return UNKNOWN
    elif name in ("reverse", "sort"):
        items = in_order(walk, receiver.items, arguments, frame) if name == "sort" else receiver.items[::-1]
        receiver.items[:] = items if walk.touches_surely(receiver.born) else sequences.unsure(items)
    elif name in ("__iter__",):
        return receiver
    return NONE


def _index(walk: Walk, receiver: Items, value: Value) -> Value:
    """``list.index``."""
    for index, item in enumerate(receiver.items):
        answer = sequences.equal(item.value, value)
        if answer is None or not item.sure:
            break
        if answer:
            return Literal(index) if receiver.complete else UNKNOWN
    else:
        if receiver.complete:
            return walk.fail("ValueError")
    walk.may_fail(VALUE_ERROR)
    return UNKNOWN


def _remove(walk: Walk, receiver: Items, name: str, value: Value) -> None:
    doubtful = not walk.touches_surely(receiver.born)
    for index, item in enumerate(receiver.items):
        answer = sequences.equal(item.value, value)
        if answer is False:
            continue
        if answer and item.sure and not doubtful:
            del receiver.items[index]
            return
        receiver.items[index] = Item(item.value, False)
        if answer and item.sure:
            return
        doubtful = True
    if sequences.is_known(receiver) and name == "remove":
        walk.fail("ValueError")
    elif name == "remove":
        walk.may_fail(VALUE_ERROR)


def _pop(walk: Walk, receiver: Items, index: Value | None) -> Value:
    position = index.value if isinstance(index, Literal) and isinstance(index.value, int) else -1
    if index is not None and not isinstance(index, Literal):
        return UNKNOWN
    if receiver.complete and not receiver.items:
        return walk.fail("KeyError" if receiver.kind == "set" else "IndexError")
    if not -len(receiver.items) <= position < len(receiver.items):
        walk.may_fail(sequences.INDEX_ERROR)
        return UNKNOWN
    if sequences.is_known(receiver) and walk.touches_surely(receiver.born) and receiver.kind != "set":
        return receiver.items.pop(position).value
    if not sequences.is_known(receiver):
        walk.may_fail(sequences.INDEX_ERROR)
    receiver.items[:] = sequences.unsure(receiver.items)
    return UNKNOWN


def mapping_method(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Methods of a dict."""
    if function.receiver is walk.environ:
        with walk.watching_environment(frame):
            return _mapping_method(walk, function, arguments, frame)
    return _mapping_method(walk, function, arguments, frame)


def _mapping_method(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    receiver, name = function.receiver, function.path.rpartition(".")[2]
    assert isinstance(receiver, Table)
    if name in ("get", "pop", "setdefault"):
        return _get(walk, receiver, name, arguments)
    if name == "update":
        for value in arguments.positional:
            sequences.update(walk, receiver, dictionary(walk, function, Arguments((value,)), frame))
        for keyword, value in arguments.keywords.items():
            sequences.set_item(walk, receiver, Literal(keyword), value)
        return NONE
    if name == "copy":
        return Table(dict(receiver.entries), walk.doubt, receiver.complete)
    if name in ("keys", "values", "items", "__iter__"):
        found = []
        for key, item in receiver.entries.items():
            parts = {"values": item.value, "items": walk.items("tuple", [sequences.value_of(key), item.value])}
            found.append(Item(parts.get(name, sequences.value_of(key)), item.sure))
        return Items("iterator", found, walk.doubt, receiver.complete)
    if name in ("clear", "popitem"):
        certain = walk.touches_surely(receiver.born) and name == "clear"
        for key, item in list(receiver.entries.items()):
            receiver.entries[key] = Item(item.value, False)
        if certain:
            receiver.entries.clear()
            receiver.complete = True
        return NONE if name == "clear" else UNKNOWN
    return UNKNOWN


def _get(walk: Walk, receiver: Table, name: str, arguments: Arguments) -> Value:
    index, default = arguments.get(0, "key"), arguments.get(1, "default") or NONE
    if isinstance(index, Choice):
        return join(
            *(_get(walk, receiver, name, Arguments((option, *arguments.positional[1:]))) for option in index.options)
        )
    key = sequences.key_of(index) if index is not None else None
    if key is None:
        return UNKNOWN
    item = receiver.entries.get(key)
    if receiver is walk.environ and isinstance(key, str):
        walk.variables_read.add(key)
    if item is None:
        if name == "pop" and arguments.get(1, "default") is None:
            if receiver.complete:
                return walk.fail("KeyError")
            walk.may_fail(sequences.KEY_ERROR)
        result = default if receiver.complete else join(default, UNKNOWN)
    else:
        result = item.value if item.sure else join(item.value, default)
    if name == "setdefault" and (item is None or not item.sure):
        # A variable of the environment is taken to be unset where no deployment file sets it: the default holds.
        result = default if receiver is walk.environ and item is None else result
        sequences.set_item(walk, receiver, index or UNKNOWN, result)
    elif name == "pop" and item is not None:
        receiver.entries[key] = Item(item.value, False)
        if walk.touches_surely(receiver.born):
            receiver.entries.pop(key)
    return result


def string_method(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Methods of str and bytes, computed where every argument is known."""
    receiver, name = function.receiver, function.path.rpartition(".")[2]
    assert isinstance(receiver, Literal)
    for index, value in enumerate(arguments.positional):
        if isinstance(value, Choice):
            before, after = arguments.positional[:index], arguments.positional[index + 1 :]
            return sequences.each(walk, value, lambda option: string_method(
                walk, function, arguments._replace(positional=(*before, option, *after)), frame))  # fmt: skip
    passed = [sequences.python_value(value) for value in arguments.positional]
    named = {key: sequences.python_value(value) for key, value in arguments.keywords.items()}
    if None in passed or None in named.values() or not arguments.complete:
        return UNKNOWN
    if not isinstance(receiver.value, (str, bytes)):
        return UNKNOWN
    positional = [value[0] for value in passed if value is not None]
    keywords = {key: value[0] for key, value in named.items() if value is not None}
    try:
        result = strings.call_method(receiver.value, name, positional, keywords)
    except strings.TooLarge:
        return UNKNOWN
    except Exception as error:  # whatever the method raises, the program would raise too
        return walk.fail(type(error).__name__)
    if isinstance(result, (list, tuple)):
        return sequences.charged(walk, Items(type(result).__name__, map(Item, map(Literal, result)), walk.doubt))
    assert isinstance(result, (str, bytes, int))
    return sequences.charged(walk, Literal(result))


def method(model: Model, kind: type[Value]) -> Model:
    """A model of a method that may be called unbound, as in ``map(str.strip, values)``."""

    def call(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
        receiver = function.receiver
        if receiver is None and arguments.positional:
            receiver = arguments.positional[0]
            arguments = Arguments(arguments.positional[1:], arguments.keywords, arguments.complete)
        if isinstance(receiver, Choice):
            return sequences.each(
                walk, receiver, lambda option: call(walk, External(function.path, option), arguments, frame)
            )
        return (
            model(walk, External(function.path, receiver), arguments, frame) if isinstance(receiver, kind) else UNKNOWN
        )

    return call


_SEQUENCE_METHODS = [
    "append", "appendleft", "add", "insert", "extend", "update", "remove", "discard", "pop", "clear", "copy",
    "index", "union", "intersection", "difference", "symmetric_difference", "count", "issubset", "issuperset",
    "isdisjoint", "sort", "reverse", "__iter__",
]  # fmt: skip
_MAPPING_METHODS = [
    "get", "pop", "popitem", "setdefault", "update", "copy", "keys", "values", "items", "clear", "__iter__",
]  # fmt: skip

VALUES: dict[str, Callable[[Walk], Value]] = {
    "builtins.Ellipsis": lambda walk: UNKNOWN,
    "builtins.__debug__": lambda walk: TRUE,
}

FUNCTIONS: dict[str, Model] = {
    "builtins.getattr": get_attribute,
    "builtins.hasattr": has_attribute,
    "builtins.setattr": set_attribute,
    "builtins.isinstance": is_instance,
    "builtins.issubclass": is_subclass,
    "builtins.type": type_of,
    "builtins.type.__new__": new_type,
    "builtins.type().__new__": new_type,
    "builtins.type.__subclasses__": subclasses,
    "builtins.property": descriptor("property"),
    "builtins.classmethod": descriptor("classmethod"),
    "builtins.staticmethod": descriptor("staticmethod"),
    "builtins.vars": names_of,
    "builtins.globals": names_of,
    "builtins.locals": names_of,
    "builtins.dir": directory,
    "builtins.callable": is_callable,
    "builtins.list": sequence("list"),
    "builtins.tuple": sequence("tuple"),
    "builtins.set": sequence("set"),
    "builtins.frozenset": sequence("set"),
    "builtins.iter": sequence("iterator"),
    "builtins.reversed": sequence("iterator"),
    "builtins.sorted": sequence("list"),
    "builtins.dict": dictionary,
    "builtins.dict.fromkeys": dictionary_of_keys,
    "builtins.enumerate": enumerate_,
    "builtins.zip": zip_,
    "builtins.range": range_,
    "builtins.map": map_,
    "builtins.filter": filter_,
    "builtins.any": any_or_all,
    "builtins.all": any_or_all,
    "builtins.next": next_,
    "builtins.len": length,
    **{f"builtins.{name}": pure for name in PURE},
    "builtins.max": extreme,
    "builtins.min": extreme,
    "builtins.str": convert,
    "builtins.int": convert,
    "builtins.float": convert,
    "builtins.bool": convert,
    "builtins.repr": convert,
    "builtins.__import__": import_,
    "forksafe.property.setter": with_setter,
    "forksafe.property.deleter": first_argument,
    "forksafe.property.getter": first_argument,
    **{f"builtins.{kind}.{name}": method(sequence_method, Items)
       for kind in ("list", "tuple", "set", "iterator") for name in _SEQUENCE_METHODS},
    **{f"builtins.dict.{name}": method(mapping_method, Table) for name in _MAPPING_METHODS},
    **{f"builtins.{kind}.{name}": method(string_method, Literal)
       for kind in ("str", "bytes") for name in strings.METHODS},
}  # fmt: skip
