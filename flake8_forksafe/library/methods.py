"""Models of the methods of builtin types."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flake8_forksafe.interpreter import sequences, strings
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Choice,
    External,
    Item,
    Items,
    Literal,
    Table,
    Value,
    join,
    truth,
)
from flake8_forksafe.library.iteration import dictionary, in_order

if TYPE_CHECKING:
    from flake8_forksafe.interpreter.frames import Frame
    from flake8_forksafe.interpreter.walk import Walk


Model = Callable[["Walk", External, Arguments, "Frame"], Value]
VALUE_ERROR = External("builtins.ValueError()")


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
        items, is_known = receiver.items[::-1], True
        if name == "sort":
            items, is_known = in_order(walk, receiver.items, arguments, frame)
        receiver.complete &= is_known
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
