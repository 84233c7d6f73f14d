"""The walk: executes facts in Python's own order and records what executed what.

It is an abstract interpreter.  Importing, calling, conditions, settings and autodiscovery are all one mechanism: the
statements of a module or function are executed with :mod:`values <flake8_forksafe.interpreter.values>` instead of
objects.  Where a condition is not known, both branches run in *doubt*, and what they do is only possible.

The result is a list of :class:`~flake8_forksafe.interpreter.records.Edge`: "``source`` executes ``target``", by import
or by call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager

from flake8_forksafe.hazards.catalogue import WarmUp
from flake8_forksafe.interpreter import attributes, bringing, calls, expressions, importing, statements
from flake8_forksafe.interpreter.budget import StepBudget
from flake8_forksafe.interpreter.call_memo import CallMemo
from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.dependence import Dependence
from flake8_forksafe.interpreter.errors import Errors
from flake8_forksafe.interpreter.frames import Flow, Frame
from flake8_forksafe.interpreter.import_system import ImportSystem
from flake8_forksafe.interpreter.journal import Journal
from flake8_forksafe.interpreter.machine import Library, LibraryState, State
from flake8_forksafe.interpreter.process import Process
from flake8_forksafe.interpreter.recorder import Recorder, UseKey
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Arguments, Class, Doubt, EnclosingScope, External, Item, Value
from flake8_forksafe.source.facts import Block, Expression


class Walk:
    """One execution: the machine of :mod:`flake8_forksafe.interpreter.machine`, put together.

    :param library: what it is told of code that it does not execute.
    :param warm_up: the warm-up that a call of a dotted path is, if it is one.
    """

    def __init__(
        self,
        library: Library,
        imports: ImportSystem,
        process: Process,
        warm_up: Callable[[str, Arguments], WarmUp | None] = lambda call, arguments: None,
    ) -> None:
        self.library = library
        self.imports = imports
        self.process = process
        self.journal = Journal()
        self.errors = Errors()
        self.recorder = Recorder(self.journal, warm_up)
        self.argv_dependence = Dependence()
        self.switches = Dependence()
        self.memory = CallMemo()
        self.budget = StepBudget()
        self.created: Class | None = None
        self._states: dict[type[LibraryState], LibraryState] = {}

    def release(self) -> None:
        """Give the memory back, which is full of cycles; to be called at the end."""
        for module in self.imports.modules.values():
            module.names.clear()
            module.names.forget_versions()
        self.journal.entries.clear()
        self.memory.results.clear()
        self.memory.generators.clear()
        self.memory.locals.clear()
        self.imports.bodies.clear()
        self.argv_dependence.marked.clear()
        self.switches.marked.clear()
        self._states.clear()

    # --- what statements and expressions ask of each other ------------------------------------------------------

    def evaluate(self, node: Expression, frame: Frame) -> Value:
        """The value of an expression."""
        value = expressions.TABLE[type(node)](self, node, frame)
        identity = id(value)
        if identity in self.argv_dependence.marked:
            self.argv_dependence.count += 1
        if identity in self.switches.marked:
            self.switches.count += 1
        return value

    def execute(self, block: Block, frame: Frame) -> Flow:
        """Execute statements."""
        return statements.execute(self, block, frame)

    def call(self, function: Value, arguments: Arguments, frame: Frame) -> Value:
        """Call a value."""
        return calls.call(self, function, arguments, frame)

    def attribute(self, value: Value, name: str, frame: Frame) -> Value:
        """``value.name``."""
        return attributes.attribute(self, value, name, frame)

    def import_name(self, name: str, frame: Frame, kind: str = "dynamic") -> Value | None:
        """Import a module and its parents, as ``importlib.import_module`` does; None if it does not exist."""
        return importing.import_name(self, name, frame, kind)

    def bring(self, package: str, name: str, frame: Frame) -> None:
        """Do what a package that is not walked is known to do for ``name`` (``setup()``: as a Django app)."""
        bringing.bring(self, package, f"{package}:{name}", frame)

    # --- what is told -------------------------------------------------------------------------------------------

    def external(self, path: str, receiver: Value | None = None) -> Value:
        """Something outside the walked source; what a model knows has a value of its own."""
        path = self.library.aliases.get(path, path)
        provider = self.library.values.get(path)
        return External(path, receiver) if provider is None else provider(self)

    def state(self, kind: type[State]) -> State:
        """What a model of a library remembers of this walk."""
        known = self._states.get(kind)
        if known is None:
            known = self._states[kind] = kind(self)
        assert isinstance(known, kind)
        return known

    # --- values -------------------------------------------------------------------------------------------------

    def items(self, kind: str, values: Iterable[Value], complete: bool = True) -> Items:
        """A new sequence."""
        return Items(kind, [Item(value) for value in values], self.journal.doubt, complete)

    def table(self, entries: Mapping[str, Value], complete: bool = True) -> Table:
        """A new mapping."""
        return Table({key: Item(value) for key, value in entries.items()}, self.journal.doubt, complete)

    # --- what its parts do --------------------------------------------------------------------------------------

    def fail(self, name: str) -> Value:
        """Raise a builtin exception (:meth:`.Errors.fail`)."""
        return self.errors.fail(name)

    def may_fail(self, error: Value) -> None:
        """Record that the current statement may raise ``error``."""
        self.errors.may_fail(error)

    def doubted(self, really: bool = True, switch: bool = False) -> AbstractContextManager[None]:
        """Execute something that only may happen, or only if a switch of the project's own is set."""
        return self.journal.doubted(really, switch)

    def write(self, names: dict[str, Value], name: str, value: Value) -> None:
        """Bind a name of another scope than that which executes: a global, or an attribute."""
        self.journal.write(names, name, value)

    def is_sure(self, frame: EnclosingScope) -> bool:
        """Whether the current statement runs whenever its frame does."""
        return self.journal.is_sure(frame)

    def touches_surely(self, born: Doubt) -> bool:
        """Whether a change made now to something born in ``born`` happens for sure if that exists."""
        return self.journal.touches_surely(born)

    def record(self, frame: Frame, target: Node, kind: str) -> None:
        """Record that the current statement of ``frame`` executes ``target``."""
        self.recorder.record(frame, target, kind)

    def note(self, code: str, frame: Frame, text: str) -> None:
        """Record what could not be decided, once per place."""
        self.recorder.note(code, frame, text)

    def use(self, frame: Frame, call: str, arguments: Arguments) -> UseKey | None:
        """Record that the current statement of ``frame`` calls something of a library, if it is a warm-up.

        :returns: what tells the use from others, if something can undo it.
        """
        excused = self.library.excused.get(call)
        return None if excused is not None and excused(self) else self.recorder.use(frame, call, arguments)

    def ended(self, owner: Value, method: str, arguments: Arguments) -> None:
        """A method of an object of a library is called, which may undo a warm-up."""
        self.recorder.ended(owner, method, arguments, self.recorder.step_name in self.process.in_children)

    def step(self, count: int = 1) -> None:
        """Count a step, or several for something large."""
        self.budget.step(count)
