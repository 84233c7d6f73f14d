"""The interface between the parts of the interpreter (:class:`Machine`), and of libraries (:class:`Library`).

Statements and expressions are executed by functions that take a :class:`Machine`.  They are mutually recursive (a call
executes statements, which contain calls), so they call each other through the machine.  The implementation is
:class:`flake8_forksafe.interpreter.walk.Walk`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, TypeVar

from flake8_forksafe.interpreter.budget import StepBudget
from flake8_forksafe.interpreter.call_memo import CallMemo
from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.dependence import Dependence
from flake8_forksafe.interpreter.errors import Errors
from flake8_forksafe.interpreter.frames import Flow, Frame
from flake8_forksafe.interpreter.import_system import ImportSystem
from flake8_forksafe.interpreter.journal import Journal
from flake8_forksafe.interpreter.process import Process
from flake8_forksafe.interpreter.recorder import Recorder, UseKey
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Arguments, Class, Doubt, EnclosingScope, External, Value
from flake8_forksafe.source.facts import Block, Expression


class LibraryState:
    """State of a library's models during one walk.  :meth:`Machine.state` creates it on first use."""

    def __init__(self, machine: Machine) -> None:
        """Begin with what the machine knows of the process."""


State = TypeVar("State", bound=LibraryState)


class Machine(Protocol):
    """One execution: its state, and the operations that the interpreter and the models of libraries use.

    :ivar process: the model of the process that executes.
    :ivar library: what it is told of code that it does not execute.
    :ivar created: the class whose metaclass is being called.
    """

    process: Process
    library: Library
    imports: ImportSystem
    journal: Journal
    errors: Errors
    recorder: Recorder
    argv_dependence: Dependence
    switches: Dependence
    memory: CallMemo
    budget: StepBudget
    created: Class | None

    def evaluate(self, node: Expression, frame: Frame) -> Value:
        """The value of an expression."""

    def execute(self, block: Block, frame: Frame) -> Flow:
        """Execute statements."""

    def call(self, function: Value, arguments: Arguments, frame: Frame) -> Value:
        """Call a value."""

    def attribute(self, value: Value, name: str, frame: Frame) -> Value:
        """``value.name``."""

    def external(self, path: str, receiver: Value | None = None) -> Value:
        """Something outside the walked source; what a model knows has a value of its own."""

    def import_name(self, name: str, frame: Frame, kind: str = "dynamic") -> Value | None:
        """Import a module and its parents, as ``importlib.import_module`` does; None if it does not exist."""

    def bring(self, package: str, name: str, frame: Frame) -> None:
        """Do what a package that is not walked is known to do for ``name`` (``setup()``: as a Django app)."""

    def state(self, kind: type[State]) -> State:
        """What a model of a library remembers of this walk."""

    def items(self, kind: str, values: Iterable[Value], complete: bool = True) -> Items:
        """A new sequence."""

    def table(self, entries: Mapping[str, Value], complete: bool = True) -> Table:
        """A new mapping."""

    def fail(self, name: str) -> Value:
        """Raise a builtin exception (:meth:`.Errors.fail`)."""

    def may_fail(self, error: Value) -> None:
        """Record that the current statement may raise ``error``."""

    def doubted(self, really: bool = True, switch: bool = False) -> AbstractContextManager[None]:
        """Execute something that only may happen, or only if a switch of the project's own is set."""

    def write(self, names: dict[str, Value], name: str, value: Value) -> None:
        """Bind a name of another scope than that which executes: a global, or an attribute."""

    def is_sure(self, frame: EnclosingScope) -> bool:
        """Whether the current statement runs whenever its frame does."""

    def touches_surely(self, born: Doubt) -> bool:
        """Whether a change made now to something born in ``born`` happens for sure if that exists."""

    def record(self, frame: Frame, target: Node, kind: str) -> None:
        """Record that the current statement of ``frame`` executes ``target``."""

    def note(self, code: str, frame: Frame, text: str) -> None:
        """Record what could not be decided, once per place."""

    def use(self, frame: Frame, call: str, arguments: Arguments) -> UseKey | None:
        """Record that the current statement of ``frame`` calls something of a library, if it is a warm-up.

        :returns: what tells the use from others, if something can undo it.
        """

    def ended(self, owner: Value, method: str, arguments: Arguments) -> None:
        """A method of an object of a library is called, which may undo a warm-up."""

    def step(self, count: int = 1) -> None:
        """Count a step, or several for something large."""


Model = Callable[[Machine, External, Arguments, Frame], Value]
"""A model: called instead of a function or method of a library."""


@dataclass(frozen=True, kw_only=True)
class Library:
    """Models of one library, by dotted path.

    :ivar aliases: other paths of the same thing.
    :ivar values: things that have a known value.
    :ivar attributes: how attributes of a thing are looked up; None falls back to a longer path.
    :ivar items: how ``thing[index]`` is looked up.
    :ivar members: whether ``value in thing``.
    :ivar setters: what ``thing.name = value`` does besides.
    :ivar item_setters: what ``thing[index] = value`` does.
    :ivar functions: models of functions and methods.
    :ivar class_hooks: what creating a subclass of a library's class does.
    :ivar imports: what importing a module of a library does.
    :ivar exits: what leaving a context manager does.
    :ivar suppressors: context managers that swallow the exceptions they are given.
    :ivar field_bases: classes whose subclasses may have an ``__init__`` made from their fields.
    :ivar fields: what declares such a field (``field_specifiers`` of PEP 681).
    :ivar excused: calls that are no warm-up while this holds.
    :ivar switchboards: packages whose functions read the project's configuration.
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Callable[[Machine], Value]] = field(default_factory=dict)
    attributes: Mapping[str, Callable[[Machine, Any, str, Frame], Value | None]] = field(default_factory=dict)
    items: Mapping[str, Callable[[Machine, External, Value, Frame], Value]] = field(default_factory=dict)
    members: Mapping[str, Callable[[Machine, Value], Value]] = field(default_factory=dict)
    setters: Mapping[str, Callable[[Machine, External, str, Value, Frame], None]] = field(default_factory=dict)
    item_setters: Mapping[str, Callable[[Machine, External, Value, Value], None]] = field(default_factory=dict)
    functions: Mapping[str, Model] = field(default_factory=dict)
    class_hooks: Mapping[str, Callable[[Machine, Class, Frame], None]] = field(default_factory=dict)
    imports: Mapping[str, Callable[[Machine, str, Frame], None]] = field(default_factory=dict)
    exits: Mapping[str, Model] = field(default_factory=dict)
    suppressors: frozenset[str] = frozenset()
    field_bases: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    excused: Mapping[str, Callable[[Machine], bool]] = field(default_factory=dict)
    switchboards: frozenset[str] = frozenset()


NO_LIBRARY = Library()


def merged(libraries: Iterable[Library]) -> Library:
    """All of several libraries.

    :raises ValueError: if two of them have an entry for the same path.
    """
    tables: dict[str, Any] = {table.name: getattr(NO_LIBRARY, table.name) for table in fields(Library)}
    for library in libraries:
        for name, known in tables.items():
            new = getattr(library, name)
            twice = set(new) & set(known)
            if twice:
                raise ValueError(f"two libraries have {name} of {', '.join(sorted(twice))}")
            tables[name] = known | new
    return Library(**tables)
