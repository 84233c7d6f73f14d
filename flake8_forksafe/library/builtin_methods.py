"""Models of the methods of builtin types."""

from __future__ import annotations

from collections.abc import Callable

from flake8_forksafe.interpreter import (
    arithmetic,
    assignments,
    comparison,
    errors,
    hashing,
    identity,
    iteration,
    mappings,
    mutation,
    strings,
)
from flake8_forksafe.interpreter.bounds import weight
from flake8_forksafe.interpreter.containers import ANYTHING, Items, Lazy, NamesTable, Table
from flake8_forksafe.interpreter.errors import VALUE_ERROR
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import (
    NONE,
    TRUE,
    UNKNOWN,
    Arguments,
    Choice,
    External,
    Item,
    Literal,
    Value,
    join,
    options,
)
from flake8_forksafe.library.builtin_iteration import dictionary, for_each_option, in_order, materialised

Model = Callable[[Machine, External, Arguments, Frame], Value]


def sequence_method(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Methods that change or read a list, tuple or set."""
    receiver, name = function.receiver, function.path.rpartition(".")[2]
    assert isinstance(receiver, Items)
    first = arguments.get(0, "")
    if name in CHANGING:
        machine.journal.changes += 1
    if receiver.kind == "set" and first is not None and name in ("add", "discard", "remove"):
        hashing.ask_key(machine, receiver, first, frame)
    if name in CHANGING or name in ("index", "count", "copy"):
        machine.step(weight(receiver))
    if name in ("append", "add", "appendleft") and first is not None:
        held = truth(comparison.contains(machine, receiver, first)) if receiver.kind == "set" else False
        if not held:
            mutation.append(machine, receiver, first, 0 if name == "appendleft" else None, held is False)
    elif name == "insert" and len(arguments.positional) == 2:
        index = first.value if isinstance(first, Literal) and isinstance(first.value, int) else None
        mutation.append(machine, receiver, arguments.positional[1], index)
    elif name in ("extend", "update"):
        for value in arguments.positional:
            if receiver.kind == "set":
                added = iteration.iterate(machine, value, frame)
                hashing.ask_keys(machine, value, added.items, frame)
                value = added if isinstance(value, Lazy) else value
            mutation.extend(machine, receiver, value)
    elif name == "extendleft" and first is not None:
        added = iteration.iterate(machine, first, frame)
        for item in added.items:
            with machine.doubted(not item.sure):
                mutation.append(machine, receiver, item.value, 0)
        receiver.complete &= added.complete
    elif name == "rotate":
        receiver.complete = False
        receiver.items[:] = identity.unsure(receiver.items)
    elif name in ("remove", "discard") and first is not None:
        _remove(machine, receiver, name, first)
    elif name in ("pop", "popleft"):
        return _pop(machine, receiver, Literal(0) if name == "popleft" else first)
    elif name == "clear":
        receiver.items[:] = [] if machine.touches_surely(receiver.born) else identity.unsure(receiver.items)
    elif name == "copy":
        return Items(receiver.kind, receiver.items, machine.journal.doubt, receiver.complete)
    elif name == "index" and first is not None:
        return _index(machine, receiver, first) if len(arguments.positional) == 1 else UNKNOWN
    elif name in COMBINING:
        return _combined(machine, receiver, COMBINING[name], arguments, frame)
    elif name.removesuffix("_update") in COMBINING:
        mutation.become(machine, receiver, _combined(machine, receiver, COMBINING[name[:-7]], arguments, frame))
    elif name == "count" and first is not None:
        found = [comparison.equal(item.value, first) for item in receiver.items]
        return UNKNOWN if None in found or not identity.is_known(receiver) else Literal(found.count(True))
    elif name in ("issubset", "issuperset", "isdisjoint"):
        return UNKNOWN
    elif name in ("reverse", "sort"):
        items, is_known = iteration.reversed_items(receiver), True
        if name == "sort":
            items, is_known = in_order(machine, receiver, arguments, frame)
        is_sure = machine.touches_surely(receiver.born) or len(items) < 2
        receiver.complete &= is_known and is_sure
        receiver.items[:] = items if is_sure else [ANYTHING, *identity.unsure(items)]  # else in either order
    elif name in ("__iter__",):
        return receiver
    return NONE


CHANGING = frozenset({"remove", "discard", "pop", "popleft", "clear", "reverse", "sort", "rotate"})
"""Methods that change a sequence."""


COMBINING = {"union": "|", "intersection": "&", "difference": "-", "symmetric_difference": "^"}
"""Methods that combine a set with others, and the operators that do the same."""


def _combined(machine: Machine, receiver: Items, symbol: str, arguments: Arguments, frame: Frame) -> Value:
    """What a set and all arguments have together, in common, and so on."""
    found: Value = receiver
    for value in arguments.positional:
        found = arithmetic.binary(machine, symbol, found, iteration.iterate(machine, value, frame))
    return found if found is not receiver else Items("set", receiver.items, machine.journal.doubt, receiver.complete)


def _index(machine: Machine, receiver: Items, value: Value) -> Value:
    """``list.index``."""
    for index, item in enumerate(receiver.items):
        answer = comparison.equal(item.value, value)
        if answer is None or not item.sure:
            break
        if answer:
            return Literal(index) if receiver.complete else UNKNOWN
    else:
        if receiver.complete:
            return machine.fail("ValueError")
    machine.may_fail(VALUE_ERROR)
    return UNKNOWN


def _remove(machine: Machine, receiver: Items, name: str, value: Value) -> None:
    doubtful = not machine.touches_surely(receiver.born)
    for index, item in enumerate(receiver.items):
        answer = comparison.equal(item.value, value)
        if answer is False:
            continue
        if answer and item.sure and not doubtful:
            del receiver.items[index]
            return
        receiver.items[index] = Item(item.value, False)
        if answer and item.sure:
            return
        doubtful = True
    error = errors.KEY_ERROR if receiver.kind == "set" else VALUE_ERROR
    if identity.is_known(receiver) and name == "remove":
        machine.fail("KeyError" if receiver.kind == "set" else "ValueError")
    elif name == "remove":
        machine.may_fail(error)


def _pop(machine: Machine, receiver: Items, index: Value | None) -> Value:
    position = index.value if isinstance(index, Literal) and isinstance(index.value, int) else -1
    if receiver.complete and not receiver.items:
        return machine.fail("KeyError" if receiver.kind == "set" else "IndexError")
    if index is not None and not isinstance(index, Literal):
        machine.may_fail(errors.INDEX_ERROR)
        receiver.items[:] = identity.unsure(receiver.items)
        return UNKNOWN
    if not -len(receiver.items) <= position < len(receiver.items):
        machine.may_fail(errors.INDEX_ERROR)
        return UNKNOWN
    if identity.is_known(receiver) and machine.touches_surely(receiver.born) and receiver.kind != "set":
        return receiver.items.pop(position).value
    if not identity.is_known(receiver):
        machine.may_fail(errors.INDEX_ERROR)
    receiver.items[:] = identity.unsure(receiver.items)
    return UNKNOWN


def mapping_method(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Methods of a dict."""
    receiver, name = function.receiver, function.path.rpartition(".")[2]
    assert isinstance(receiver, Table)
    with mutation.watched(receiver, frame):
        return _mapping_method(machine, receiver, name, function, arguments, frame)


def _tells_names(value: Value) -> bool:
    """Whether the keys of a mapping are known, or are those of a module or an object."""
    return all(isinstance(one, NamesTable) or (isinstance(one, Table) and one.complete) for one in options(value))


def _mapping_method(
    machine: Machine, receiver: Table, name: str, function: External, arguments: Arguments, frame: Frame
) -> Value:
    if name in ("get", "pop", "setdefault"):
        hashing.ask_key(machine, receiver, arguments.get(0, "key") or UNKNOWN, frame)
        return _get(machine, receiver, name, arguments)
    if name == "update":
        for value in arguments.positional:
            if isinstance(receiver, NamesTable) and not _tells_names(value):
                assignments.note_unknown_names(machine, receiver.names, frame)
            mutation.update(machine, receiver, dictionary(machine, function, Arguments((value,)), frame))
        for keyword, value in arguments.keywords.items():
            mutation.set_item(machine, receiver, Literal(keyword), value)
        return NONE
    if name == "copy":
        return receiver.copied(machine.journal.doubt)
    if name in ("keys", "values", "items", "__iter__"):
        if name == "__iter__":
            return iteration.iterate(machine, receiver)
        return iteration.view_of(machine, receiver, name)
    if name == "popitem":
        return _pop_entry(machine, receiver, arguments)
    if name == "move_to_end":
        return _move(machine, receiver, arguments)
    if name == "clear":
        machine.journal.changes += 1
        receiver.maybe_resized += 1
        for key, item in list(receiver.entries.items()):
            receiver.entries[key] = Item(item.value, False)
        if machine.touches_surely(receiver.born):
            receiver.entries.clear()
            receiver.untold.clear()
            receiver.complete = True
        return NONE
    return UNKNOWN


def _pop_entry(machine: Machine, receiver: Table, arguments: Arguments) -> Value:
    """``dict.popitem``, and ``OrderedDict.popitem(last)``."""
    machine.journal.changes += 1
    last = truth(arguments.get(0, "last") or TRUE)
    if receiver.complete and not receiver.entries:
        return machine.fail("KeyError")
    if mappings.is_known(receiver) and machine.touches_surely(receiver.born) and last is not None:
        key = list(receiver.entries)[-1 if last else 0]
        value = receiver.entries[key].value
        mappings.remove(receiver, key, True)
        return machine.items("tuple", (identity.value_of(key), value))
    machine.may_fail(errors.KEY_ERROR)
    mappings.remove(receiver, None, False)
    return UNKNOWN


def _move(machine: Machine, receiver: Table, arguments: Arguments) -> Value:
    """``OrderedDict.move_to_end``; where it only may be moved, the order is not known."""
    machine.journal.changes += 1
    key, last = identity.key_of(arguments.get(0, "key") or UNKNOWN), truth(arguments.get(1, "last") or TRUE)
    _, present = mappings.find(receiver, key)
    if present is False:
        return machine.fail("KeyError")
    if present is None:
        machine.may_fail(errors.KEY_ERROR)
    if key not in receiver.entries or last is None or not (present and machine.touches_surely(receiver.born)):
        receiver.complete = False
        return NONE
    machine.step(len(receiver.entries))
    others = {other: item for other, item in receiver.entries.items() if other != key}
    moved = {key: receiver.entries[key]}
    receiver.entries.clear()
    receiver.entries.update({**others, **moved} if last else {**moved, **others})
    return NONE


def _get(machine: Machine, receiver: Table, name: str, arguments: Arguments) -> Value:
    index, default = arguments.get(0, "key"), arguments.get(1, "default") or NONE
    if isinstance(index, Choice):
        rest = arguments.positional[1:]
        return iteration.each(machine, index, lambda option: _get(machine, receiver, name, Arguments((option, *rest))))
    key = identity.key_of(index) if index is not None else None
    if key is None:
        if name == "setdefault":
            mutation.set_item(machine, receiver, index or UNKNOWN, default)
        elif name == "pop":
            mappings.remove(receiver, None, False)
            machine.may_fail(errors.KEY_ERROR)
        return join(*(item.value for item in receiver.entries.values()), default, UNKNOWN)
    value, present = mappings.find(receiver, key)
    if receiver.observer is not None and isinstance(key, str):
        receiver.observer.reads(key)
    if name == "pop" and arguments.get(1, "default") is None and not present:
        if present is False:
            return machine.fail("KeyError")
        machine.may_fail(errors.KEY_ERROR)
    result = default if value is None else value if present else join(value, default)
    if name == "setdefault" and not present:
        # A variable of the environment is taken to be unset where no deployment file sets it: the default holds.
        result = default if receiver.observer is not None and key not in receiver.entries else result
        mutation.set_item(machine, receiver, index or UNKNOWN, result)
    elif name == "pop" and present is not False:
        machine.journal.changes += 1
        mappings.remove(receiver, key, machine.touches_surely(receiver.born))
    return result


def string_method(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Methods of str and bytes, computed where every argument is known."""
    receiver, name = function.receiver, function.path.rpartition(".")[2]
    assert isinstance(receiver, Literal)
    arguments = materialised(machine, arguments, frame) if name == "join" else arguments
    joined = for_each_option(machine, string_method, function, arguments, frame)
    if joined is not None:
        return joined
    passed = [identity.python_value(value) for value in arguments.positional]
    named = {key: identity.python_value(value) for key, value in arguments.keywords.items()}
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
        return machine.fail(type(error).__name__)
    if isinstance(result, (list, tuple)):
        return iteration.charged(
            machine, Items(type(result).__name__, map(Item, map(Literal, result)), machine.journal.doubt)
        )
    assert isinstance(result, (str, bytes, int))
    return iteration.charged(machine, Literal(result))


def method(model: Model, kind: type[Value]) -> Model:
    """A model of a method that may be called unbound, as in ``map(str.strip, values)``."""

    def call(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
        receiver = function.receiver
        if receiver is None and arguments.positional:
            receiver = arguments.positional[0]
            arguments = arguments.after_first()
        if isinstance(receiver, Choice):
            return iteration.each(
                machine, receiver, lambda option: call(machine, External(function.path, option), arguments, frame)
            )
        return (
            model(machine, External(function.path, receiver), arguments, frame)
            if isinstance(receiver, kind)
            else UNKNOWN
        )

    return call
