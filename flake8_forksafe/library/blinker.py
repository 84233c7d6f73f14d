"""Models of blinker, Flask's signals: what was connected is called when the signal is sent (blinker/base.py, 1.9)."""

from __future__ import annotations

from typing import NamedTuple

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import FALSE, NONE, UNKNOWN, Arguments, External, Literal, Partial, Value, text
from flake8_forksafe.library.receivers import Receiver, called, connected

ANY = "blinker.ANY"
SIGNAL = "blinker.Signal()"


class Connection(NamedTuple):
    """A receiver, and the sender that it is connected to; None for any."""

    receiver: Receiver
    sender: Value | None


class Blinker(LibraryState):
    """The signals of each namespace, and what was connected to each signal."""

    def __init__(self, machine: Machine) -> None:
        self.signals: dict[tuple[int, str], External] = {}
        self.namespaces: dict[int, Value] = {}
        """Kept, so that no other object has the identity of one of them."""
        self.connections: dict[int, tuple[Value, list[Connection]]] = {}


def signal(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``namespace.signal(name)`` and ``blinker.signal(name)``: one signal for each name."""
    state, name = machine.state(Blinker), text(arguments.get(0, "name"))
    if name is None:
        return External(SIGNAL, None, arguments)
    namespace = function.receiver
    if namespace is not None:
        state.namespaces[id(namespace)] = namespace
    key = (id(namespace) if namespace is not None else 0, name)
    return state.signals.setdefault(key, External(SIGNAL, None, arguments))


def connect(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Signal.connect(receiver, sender=ANY, weak=True)``, which gives the receiver back."""
    receiver = arguments.get(0, "receiver")
    if receiver is None:
        return UNKNOWN
    _add(machine, function, connected(machine, receiver, frame, arguments.get(2, "weak")), arguments.get(1, "sender"))
    return receiver


def connect_via(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Signal.connect_via(sender, weak=False)``: a decorator."""
    weak = arguments.get(1, "weak") or FALSE
    given = {"sender": arguments.get(0, "sender") or UNKNOWN, "weak": weak}
    return Partial(External(f"{SIGNAL}.connect", function.receiver), Arguments((), given))


def _add(machine: Machine, function: External, receiver: Receiver, sender: Value | None) -> None:
    holder = function.receiver
    if holder is not None:
        is_any = sender is None or (isinstance(sender, External) and sender.path == ANY)
        _, known = machine.state(Blinker).connections.setdefault(id(holder), (holder, []))
        known.append(Connection(receiver, None if is_any else sender))


def send(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Signal.send(sender=None, **keywords)`` calls ``receiver(sender, **keywords)``."""
    _, connections = machine.state(Blinker).connections.get(id(function.receiver), (NONE, []))
    sender = arguments.get(0, "sender") or NONE
    for connection in list(connections):
        is_same = connection.sender is None or _is_same(connection.sender, sender)
        if is_same is False:
            continue
        with machine.doubted(is_same is None), called(machine, connection.receiver, "a signal") as is_alive:
            if is_alive and isinstance(connection.receiver.function, Value):
                machine.call(connection.receiver.function, Arguments((sender,), arguments.keywords), frame)
    return UNKNOWN


def _is_same(one: Value, other: Value) -> bool | None:
    """Whether two senders are the same object; None if that is not known."""
    if one is other:
        return True
    return one.value == other.value if isinstance(one, Literal) and isinstance(other, Literal) else None


MODELS = Library(
    aliases={
        "blinker.base.ANY": ANY,
        "blinker.base.Signal": "blinker.Signal",
        "blinker.base.NamedSignal": "blinker.Signal",
        "blinker.NamedSignal": "blinker.Signal",
        "blinker.base.Namespace": "blinker.Namespace",
        "blinker.base.WeakNamespace": "blinker.Namespace",
        "blinker.WeakNamespace": "blinker.Namespace",
        "blinker.base.signal": "blinker.signal",
        "blinker.base.default_namespace.signal": "blinker.signal",
        "blinker.default_namespace.signal": "blinker.signal",
        "flask.signals.Namespace": "blinker.Namespace",
    },
    functions={
        "blinker.signal": signal,
        "blinker.Namespace().signal": signal,
        f"{SIGNAL}.connect": connect,
        f"{SIGNAL}.connect_via": connect_via,
        f"{SIGNAL}.send": send,
    },
)
