"""The values of the abstract interpreter, and how several are joined to one that may be any of them.

The walk computes with these instead of Python objects.  A value is known (a literal, a list, a first-party function),
an :class:`External` (an object of a library, known by its dotted path), a :class:`Choice`, or :data:`UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple, Protocol

from flake8_forksafe.interpreter.namespace import Names, Namespace
from flake8_forksafe.interpreter.records import Gate, Node
from flake8_forksafe.project.layout import FoundModule
from flake8_forksafe.source.facts import Define, Lambda

CHOICE_LIMIT = 12
"""Alternatives a value may have before it counts as unknown."""
ANCESTOR_LIMIT = 100
"""Classes that one may derive from; what lies beyond is not known."""

Plain = str | bytes | int | float | complex | bool | None


class Doubt:
    """A stretch of execution that may not happen, nested in the one around it; the outermost is certain.

    :ivar repeats: whether it stands for any number of stretches.
    :ivar switch: whether a switch of the project's own decides.
    """

    __slots__ = ("outer", "repeats", "switch")

    def __init__(self, outer: Doubt | None = None, repeats: bool = False, switch: bool = False) -> None:
        self.outer = outer
        self.repeats = repeats
        self.switch = switch

    def within(self, other: Doubt) -> bool:
        """Whether this stretch lies inside ``other`` or is the same."""
        doubt: Doubt | None = self
        while doubt is not None:
            if doubt is other:
                return True
            doubt = doubt.outer
        return False


class Value:
    """Base of everything a name can be bound to."""

    __slots__ = ()


class Unknown(Value):
    """A value nothing is known of, but maybe its truth."""

    __slots__ = ("holds",)

    def __init__(self, holds: bool | None = None) -> None:
        self.holds = holds

    def __repr__(self) -> str:
        return "?"


UNKNOWN, TRUTHY, FALSY = Unknown(), Unknown(True), Unknown(False)


class Literal(Value):
    """A plain value: string, number, bool, None."""

    __slots__ = ("value",)

    def __init__(self, value: Plain) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


NONE, TRUE, FALSE = Literal(None), Literal(True), Literal(False)


class Item(NamedTuple):
    """An element of a sequence, and whether it is there for sure."""

    value: Value
    sure: bool = True


class FilePath(Value):
    """A ``pathlib.Path``."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path


class Choice(Value):
    """One of several values.

    :ivar by_key: the same, by what tells them apart; never changed.
    """

    __slots__ = ("by_key", "options")

    def __init__(self, options: tuple[Value, ...], by_key: dict[object, Value] | None = None) -> None:
        self.options = options
        self.by_key = {_told_apart_by(option): option for option in options} if by_key is None else by_key

    def __repr__(self) -> str:
        return " or ".join(map(repr, self.options))


class Module:
    """A module of the analysed program.

    :ivar names: its namespace.
    :ivar open: whether it may hold names that are not known (a star import from a library).
    :ivar state: ``"new"``, ``"loading"``, ``"loaded"`` or ``"failed"`` (it raised an exception that was caught).
    :ivar attempts: how often it failed before.
    :ivar lines: how long its source is, as far as it was read.
    """

    __slots__ = ("attempts", "found", "lines", "name", "names", "open", "state")

    def __init__(self, found: FoundModule) -> None:
        self.found = found
        self.name = found.name
        self.names: Namespace[Value] = Namespace()
        self.open = False
        self.state = "new"
        self.attempts = 0
        self.lines = 0

    @property
    def package(self) -> str:
        """What relative imports are relative to."""
        return self.found.package or (self.name if self.found.is_package else self.name.rpartition(".")[0])


class EnclosingScope(Protocol):
    """What a function sees of the execution around it (:class:`flake8_forksafe.interpreter.frames.Frame`).

    :ivar kind: ``"module"``, ``"class"``, ``"function"`` or ``"comprehension"``.
    :ivar base: the doubt in which it was entered.
    """

    kind: str
    module: Module
    node: Node
    line: int
    column: int
    base: Doubt
    closure: EnclosingScope | None
    names: Namespace[Value]
    local: frozenset[str]
    function: Function | None
    owner: Class | None
    receiver: Value | None
    gates: tuple[Gate, ...]
    execution: int
    captured: bool
    take: Callable[[Item], bool] | None
    complete: bool
    paused: bool

    def scope_of(self, name: str) -> Namespace[Value]:
        """The namespace that an assignment to ``name`` changes."""


class ModuleValue(Value):
    """A module that the walk executes."""

    __slots__ = ("module",)

    def __init__(self, module: Module) -> None:
        self.module = module

    def __repr__(self) -> str:
        return f"<module {self.module.name}>"


class LazyImport(Value):
    """A name bound by a lazy import (PEP 810) that nothing has used yet.

    :ivar also: modules of the same package that lazy imports before it name; each is loaded when it is asked for.
    """

    __slots__ = ("also", "attribute", "line", "module")

    def __init__(self, module: str, attribute: str | None, line: int, also: tuple[str, ...] = ()) -> None:
        self.module = module
        self.attribute = attribute
        self.line = line
        self.also = also


class External(Value):
    """Something outside the walked source, by dotted path; ``()`` stands for the result of a call.

    ``celery.Celery().task`` is the ``task`` method of some Celery app.

    :ivar receiver: the value whose method this is.
    :ivar names: attributes set on it; what a model of the library remembers stands here under names with a space.
    :ivar arguments: for the result of a call, what it was called with.
    """

    __slots__ = ("arguments", "names", "path", "receiver")

    def __init__(self, path: str, receiver: Value | None = None, arguments: Arguments | None = None) -> None:
        self.path = path
        self.receiver = receiver
        self.arguments = arguments
        self.names: dict[str, Value] = {}

    def __repr__(self) -> str:
        return f"<{self.path}>"


class Function(Value):
    """A first-party function or lambda.

    :ivar qualname: dotted name inside the module, as CPython's ``__qualname__`` without ``<locals>``.
    :ivar node: its place in the graph.
    :ivar owner: the class whose body defined it.
    :ivar cached: whether its results are kept (``functools.cache``), so that it runs once with the same arguments.
    :ivar handed_out: whether code that is not walked was given it, and so may have set attributes of it.
    """

    __slots__ = ("cached", "closure", "defaults", "definition", "handed_out", "line", "module", "names", "node",
                 "owner", "qualname")  # fmt: skip

    def __init__(
        self,
        definition: Define | Lambda,
        module: Module,
        closure: EnclosingScope | None,
        qualname: str,
        defaults: dict[str, Value],
        line: int,
    ) -> None:
        self.definition = definition
        self.module = module
        self.closure = closure
        self.qualname = qualname
        self.defaults = defaults
        self.line = line
        self.owner: Class | None = None
        self.names: Names[Value] = Names()
        self.node = Node(module.name, qualname)
        self.cached = False
        self.handed_out = False

    def __repr__(self) -> str:
        return f"<function {self.node}>"


class Method(Value):
    """A function bound to its first argument."""

    __slots__ = ("function", "receiver")

    def __init__(self, function: Value, receiver: Value) -> None:
        self.function = function
        self.receiver = receiver


class Partial(Value):
    """``functools.partial``."""

    __slots__ = ("arguments", "function")

    def __init__(self, function: Value, arguments: Arguments) -> None:
        self.function = function
        self.arguments = arguments


class Coroutine(Value):
    """The result of calling an ``async def``: nothing has run yet."""

    __slots__ = ("arguments", "function")

    def __init__(self, function: Function, arguments: Arguments) -> None:
        self.function = function
        self.arguments = arguments


class Descriptor(Value):
    """``property``, ``classmethod`` or ``staticmethod`` around a function.

    :ivar setter: for a property, the function that an assignment calls; ``deleter``: the one that ``del`` calls.
    """

    __slots__ = ("deleter", "function", "kind", "setter")

    def __init__(self, kind: str, function: Value, setter: Value | None = None, deleter: Value | None = None) -> None:
        self.kind = kind
        self.function = function
        self.setter = setter
        self.deleter = deleter


class Class(Value):
    """A first-party class."""

    __slots__ = ("_order", "bases", "metaclass", "module", "name", "names", "qualname", "subclasses")

    def __init__(self, qualname: str, module: Module, bases: tuple[Value, ...], names: dict[str, Value]):
        self.name = qualname.rpartition(".")[2]
        self.qualname = qualname
        self.module = module
        self.bases = bases
        self.names = names
        self.metaclass: Value | None = None
        self.subclasses: list[Item] = []
        self._order: tuple[Class | External, ...] | None = None
        """The classes above; without itself, which would be a cycle."""

    def mro(self) -> Iterator[Class | External]:
        """The classes attributes are looked up in, depth first, each at its last place (C3 for ordinary diamonds)."""
        if self._order is None:
            self._order = tuple(self._ancestors()[1:])
        return chain((self,), self._order)

    def _ancestors(self) -> list[Class | External]:
        """The classes, each behind all that derive from it; those above too many are not known."""
        order: list[Class | External] = []
        seen: set[int] = {id(self)}
        pending: list[tuple[Class | External, list[Value]]] = [(self, self._parents())]
        while pending:
            cls, parents = pending[-1]
            parent = parents.pop() if parents else None
            if parent is None:
                order.append(cls)
                pending.pop()
            elif id(parent) not in seen and isinstance(parent, (Class, External)):
                seen.add(id(parent))
                pending.append((parent, parent._parents() if isinstance(parent, Class) else []))
                if len(seen) > ANCESTOR_LIMIT:
                    order.append(External("?"))
                    order += [waiting for waiting, _ in reversed(pending)]
                    break
        return order[::-1]

    def _parents(self) -> list[Value]:
        """The classes that this one derives from directly."""
        return [option for base in self.bases for option in options(base)]

    def __repr__(self) -> str:
        return f"<class {self.module.name}:{self.qualname}>"


class Instance(Value):
    """An object of a first-party class."""

    __slots__ = ("arguments", "cls", "names")

    def __init__(self, cls: Class, arguments: Arguments | None = None, born: Doubt | None = None) -> None:
        self.cls = cls
        self.names: Names[Value] = Names(born)
        self.arguments = arguments

    def __repr__(self) -> str:
        return f"<{self.cls.qualname} object>"


class Super(Value):
    """``super()``: attribute lookup that starts behind ``owner`` in the receiver's order."""

    __slots__ = ("owner", "receiver")

    def __init__(self, owner: Class, receiver: Value) -> None:
        self.owner = owner
        self.receiver = receiver


class Arguments(NamedTuple):
    """What a call passes.

    :ivar complete: false if something unknown was unpacked into it.
    :ivar maybe: the positions and keywords of what only may be passed.
    """

    positional: tuple[Value, ...] = ()
    keywords: dict[str, Value] = {}
    complete: bool = True
    maybe: frozenset[int | str] = frozenset()

    def get(self, index: int, name: str) -> Value | None:
        """The argument at a position or of a name (index -1: keyword only)."""
        if name in self.keywords:
            found = self.keywords[name]
        elif 0 <= index < len(self.positional):
            found = self.positional[index]
        else:
            return None if self.complete else UNKNOWN
        is_sure = (name if name in self.keywords else index) not in self.maybe
        return found if is_sure else join(found, UNKNOWN)

    def behind(self, first: Value) -> Arguments:
        """The same with another positional argument in front."""
        return self._moved((first, *self.positional), 1)

    def after_first(self) -> Arguments:
        """The same without the first positional argument."""
        return self._moved(self.positional[1:], -1)

    def _moved(self, positional: tuple[Value, ...], by: int) -> Arguments:
        maybe = frozenset(place + by if isinstance(place, int) else place for place in self.maybe)
        return Arguments(positional, self.keywords, self.complete, maybe)


def options(value: Value) -> tuple[Value, ...]:
    """The alternatives of a value."""
    return value.options if isinstance(value, Choice) else (value,)


def join(*values: Value) -> Value:
    """A value that may be any of ``values``."""
    first = values[0] if values else UNKNOWN
    before: dict[object, Value] | None = None
    found: dict[object, Value] = {}
    for value in values[1:]:
        if value is first:
            continue
        if before is None:
            before = found = first.by_key if isinstance(first, Choice) else {_told_apart_by(first): first}
        for key, option in value.by_key.items() if isinstance(value, Choice) else ((_told_apart_by(value), value),):
            if key not in found:
                if len(found) >= CHOICE_LIMIT:
                    return UNKNOWN
                if found is before:
                    found = dict(before)
                found[key] = option
    return first if found is before or before is None else Choice(tuple(found.values()), found)


def _told_apart_by(value: Value) -> object:
    """What two values that are :func:`same <same>` have in common, and no others."""
    if isinstance(value, Literal):
        return (type(value.value), value.value)
    if isinstance(value, External) and not value.path.endswith("()"):
        return (value.path, id(value.receiver))
    if isinstance(value, ModuleValue):
        return id(value.module)
    return id(value)


def same(left: Value, right: Value) -> bool:
    """Whether two values are the same object, or literals that cannot be told apart."""
    if left is right:
        return True
    if isinstance(left, Literal) and isinstance(right, Literal):
        return type(left.value) is type(right.value) and left.value == right.value
    if isinstance(left, External) and isinstance(right, External):
        return left.path == right.path and left.receiver is right.receiver and not left.path.endswith("()")
    return isinstance(left, ModuleValue) and isinstance(right, ModuleValue) and left.module is right.module


def text(value: Value | None) -> str | None:
    """The string that a value is, if it is one."""
    if isinstance(value, Literal) and isinstance(value.value, str):
        return value.value
    return None


def texts(value: Value | None) -> list[str]:
    """The strings that a value may be."""
    return [found for option in options(value) if (found := text(option)) is not None] if value is not None else []
