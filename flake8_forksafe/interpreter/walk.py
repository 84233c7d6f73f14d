"""The walk: executes facts in Python's own order and records what executed what.

It is an abstract interpreter.  Importing, calling, conditions, settings and autodiscovery are all one mechanism: the
statements of a module or function are executed with :mod:`values <flake8_forksafe.interpreter.values>` instead of
objects.  Where a condition is not known, both branches run in *doubt*, and what they do is only possible.

The result is a list of :class:`Edge`: "``source`` executes ``target``", by import or by call.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from flake8_forksafe.hazards.catalogue import WarmUp
from flake8_forksafe.hosts.django import DjangoState
from flake8_forksafe.interpreter import attributes, calls, exceptions, expressions, statements
from flake8_forksafe.interpreter.frames import Flow, Frame, Module, Raised
from flake8_forksafe.interpreter.process import Process
from flake8_forksafe.interpreter.records import Edge, Gate, Node, Note, Setting, Span, Use
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    Doubt,
    External,
    Function,
    Item,
    Items,
    Literal,
    ModuleValue,
    Table,
    Unknown,
    Value,
    join,
    options,
)
from flake8_forksafe.library import LIBRARY
from flake8_forksafe.library.celery import CeleryState
from flake8_forksafe.library.frameworks import on_outside_import
from flake8_forksafe.project.layout import Found, Layout, outside_origin, parents
from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.facts import Block, Expression
from flake8_forksafe.source.text import Unreadable

STEP_LIMIT = 3_000_000
"""Statements and calls one launch may take; a real project takes some hundred thousand."""
ATTEMPT_LIMIT = 3
"""Executions of a module that raises each time it is imported."""
RECURSION_LIMIT = 40_000
"""Python frames the interpreter needs for :data:`calls.DEPTH_LIMIT`; they take no C stack from Python 3.11 on."""


IMPORT_ERROR = External("builtins.ModuleNotFoundError()")


class Sources(Protocol):
    """Where facts come from (:class:`flake8_forksafe.source.cache.FactStore`)."""

    def module(self, path: str) -> Block:
        """Facts of a file; raises Unreadable or OSError."""

    def body(self, path: str, cut: Cut) -> Block:
        """Facts of a function body that was cut out of it."""


class Doubted:
    """What is executed in it only may happen."""

    __slots__ = ("mark", "outer", "walk")

    def __init__(self, walk: Walk) -> None:
        self.walk = walk

    def __enter__(self) -> None:
        walk = self.walk
        self.outer, self.mark = walk.doubt, len(walk.journal)
        walk.doubt = Doubt(self.outer)

    def __exit__(self, *error: object) -> None:
        self.walk.doubt = self.outer
        self.walk.weaken(self.mark)


CERTAINLY = nullcontext()


class BudgetExceeded(Exception):
    """The walk took more steps than any real boot."""


class Walk:
    """One worker's boot up to its first fork.

    :param hazards: dotted names that count as modules wherever they appear.
    :param presence: whether a top-level module outside the source roots is installed; None if that is not known.
    :ivar modules: every first-party (and walked third-party) module executed, in order.
    :ivar edges: what executed what, in order of first execution.
    :ivar externals: outside modules in order of first import: name to origin.
    """

    def __init__(
        self,
        layout: Layout,
        sources: Sources,
        process: Process,
        hazards: frozenset[str],
        presence: Callable[[str], bool | None] = lambda name: None,
        warm_up: Callable[[str, Arguments], WarmUp | None] = lambda call, arguments: None,
    ) -> None:
        self.layout = layout
        self.sources = sources
        self.process = process
        self.hazards = hazards
        self.presence = presence
        self.warm_up = warm_up
        self.modules: dict[str, Module] = {}
        self.externals: dict[str, str] = {}
        self.order: list[str] = []
        self.edges: dict[tuple[Node, Node, int, str], Edge] = {}
        self.loaded_at: list[int] = []
        """For each edge how many modules had been loaded when it was recorded."""
        self.spans: dict[str, Span] = {}
        self.notes: list[Note] = []
        self.uses: dict[tuple[Node, int, str], Use] = {}
        self.settings_made: list[Setting] = []
        self.variables_read: set[str] = set()
        self.gated: dict[tuple[Node, Node, int, str], tuple[Gate, ...]] = {}
        self.gates: dict[tuple[Node, int, int, str], bool | None] = {}
        self.sensed = 0
        """How often a value that depends on ``sys.argv`` was read."""
        self.sensing: dict[int, Value] = {}
        """Values that depend on ``sys.argv``, by identity."""
        self.unresolved = 0
        self.calls_made = 0
        self.bodies: dict[tuple[str, Cut], Block] = {}
        self.certain = Doubt()
        self.doubt = self.certain
        self.journal: list[tuple[dict[str, Value], str, Value | None]] = []
        """What was written in doubt: names, name, and the value before."""
        self.catchers: list[list[Value | None]] = []
        self.possible_errors: list[Value] = []
        self.raised = 0
        """How often the program may have raised an exception itself that a handler further out catches."""
        self.caught: Value | None = None
        self.executions: dict[Node, int] = {}
        self.active: dict[Node, int] = {}
        self.created: Class | None = None
        self.steps = 0
        self.depth = 0
        self.node_steps: dict[str, str] = {}
        self.memo: dict[tuple[object, ...], calls.Remembered] = {}
        self.library = LIBRARY
        self.celery = CeleryState()
        self.django = DjangoState()
        self.environ = Table({}, self.certain, complete=False)
        self.environ.entries.update({name: Item(Literal(value)) for name, value in process.environ})
        self.signal_receivers: dict[int, tuple[Value, list[Value]]] = {}
        self.settings_imported: set[object] = set()
        self.step_name = "find_app"
        self.steps_of: dict[str, str] = {}

    def release(self) -> None:
        """Give the memory back, which is full of cycles; to be called at the end."""
        for module in self.modules.values():
            module.names.clear()
        for kept in (self.journal, self.memo, self.bodies, self.sensing, self.signal_receivers):
            kept.clear()

    # --- doubt --------------------------------------------------------------------------------------------------

    def doubted(self, really: bool = True) -> AbstractContextManager[None]:
        """Execute something that only may happen."""
        return Doubted(self) if really else CERTAINLY

    def write(self, names: dict[str, Value], name: str, value: Value) -> None:
        """Bind a name of another scope than that which executes: a global, or an attribute."""
        if self.doubt is not self.certain:
            self.journal.append((names, name, names.get(name)))
        names[name] = value

    def weaken(self, mark: int) -> None:
        """What was written since ``mark`` only may have been: the old values stay possible."""
        if len(self.journal) == mark:
            return
        oldest: dict[tuple[int, str], tuple[dict[str, Value], Value | None]] = {}
        for names, name, old in self.journal[mark:]:
            oldest.setdefault((id(names), name), (names, old))
        for (_, name), (names, old) in oldest.items():
            if old is not None and name in names:
                names[name] = join(old, names[name])
        if self.doubt is self.certain:
            self.journal.clear()

    def is_sure(self, frame: Frame) -> bool:
        """Whether the current statement runs whenever its frame does."""
        return frame.base.within(self.doubt)

    def touches_surely(self, born: Doubt) -> bool:
        """Whether a change made now to something born in ``born`` happens for sure if that exists."""
        return born.within(self.doubt)

    def items(
        self, kind: str, values: Iterator[Value] | list[Value] | tuple[Value, ...], complete: bool = True
    ) -> Items:
        """A new sequence."""
        return Items(kind, [Item(value) for value in values], self.doubt, complete)

    def table(self, entries: Mapping[str, Value], complete: bool = True) -> Table:
        """A new mapping."""
        return Table({key: Item(value) for key, value in entries.items()}, self.doubt, complete)

    @contextmanager
    def boot_step(self, name: str) -> Iterator[None]:
        """Name the step of the boot in which modules are loaded."""
        outer, self.step_name = self.step_name, name
        try:
            yield
        finally:
            self.step_name = outer

    # --- records ------------------------------------------------------------------------------------------------

    def record(self, frame: Frame, target: Node, kind: str) -> None:
        """Record that the current statement of ``frame`` executes ``target``."""
        if target == frame.node:
            return
        kind = "boot" if frame.boot else "thread" if frame.threaded else kind
        key = (frame.node, target, frame.line, kind)
        sure = self.is_sure(frame)
        known = self.edges.get(key)
        if frame.gates and known is None:
            self.gated[key] = frame.gates
        elif not frame.gates and self.gated:
            self.gated.pop(key, None)
        if known is None:
            self.loaded_at.append(len(self.order))
        if known is None or (sure and not known.sure):
            self.edges[key] = Edge(
                frame.node, target, frame.line, frame.column, kind, sure, self.step_name if frame.boot else ""
            )

    def note(self, code: str, frame: Frame, text: str) -> None:
        """Record what could not be decided, once per place."""
        note = Note(code, frame.module.name, frame.line, frame.column, text)
        if note not in self.notes:
            self.notes.append(note)

    def use(self, frame: Frame, call: str, arguments: Arguments) -> None:
        """Record that the current statement of ``frame`` calls something of a library, if it is a warm-up."""
        shown, call = call, call.replace("()", "")
        warm_up = self.warm_up(call, arguments)
        if warm_up is None:
            return
        key = (frame.node, frame.line, call)
        use = Use(frame.node, frame.line, frame.column, call, shown, warm_up, self.is_sure(frame), frame.gates)
        known = self.uses.get(key)
        if known is None or (use.sure and (not known.sure or len(use.gates) < len(known.gates))):
            self.uses[key] = use

    @contextmanager
    def watching_environment(self, frame: Frame) -> Iterator[None]:
        """Record which environment variables the current statement sets."""
        before = dict(self.environ.entries)
        yield
        for name, item in self.environ.entries.items():
            if item is not before.get(name) and isinstance(name, str):
                self.record_setting(name, item.value, frame)

    def record_setting(self, name: str, value: Value, frame: Frame) -> None:
        """Record that the current statement sets a variable, or calls something that acts alike."""
        known = value.value if isinstance(value, Literal) else None
        place = (frame.node, frame.line, frame.column)
        self.settings_made.append(Setting(name, known, *place, self.is_sure(frame), len(self.order)))

    def sense(self, value: Value) -> Value:
        """Mark a value as one that depends on ``sys.argv``."""
        parts = [Literal(part.value) if isinstance(part, Literal) else part for part in options(value)]
        marked = parts[0] if len(parts) == 1 else Choice(tuple(parts))
        if isinstance(marked, Unknown):
            marked = Unknown()
        if isinstance(marked, (Literal, Items, Choice, Unknown)):
            self.sensing[id(marked)] = marked
            return marked
        return value

    def gate(self, frame: Frame, kind: str, holds: bool | None) -> Gate:
        """Record how a condition that depends on ``sys.argv`` came out."""
        gate = Gate(frame.node, frame.line, frame.column, kind, holds)
        self.gates[gate.key] = holds if self.gates.get(gate.key, holds) is holds else None
        return gate

    def step(self, count: int = 1) -> None:
        """Count a step, or several for something large.

        :raises BudgetExceeded: when there were too many.
        """
        self.steps += count
        if self.steps > STEP_LIMIT:
            raise BudgetExceeded

    # --- exceptions ---------------------------------------------------------------------------------------------

    def fail(self, name: str) -> Value:
        """Raise a builtin exception in the analysed program, if it catches it; else go on with an unknown value.

        An exception that nothing catches would keep the worker from starting, so it is taken for a gap in what is
        known, not for a fact.
        """
        error = External(f"builtins.{name}()")
        if self.catches(error):
            raise Raised(error)
        return UNKNOWN

    def may_fail(self, error: Value) -> None:
        """Record that the current statement may raise ``error``, so that a handler for it may run."""
        if self.catchers and error not in self.possible_errors:
            self.possible_errors.append(error)

    def catches(self, error: Value) -> bool:
        """Whether a handler around the current statement may catch ``error``."""
        return any(
            exceptions.matches(error, handler) is not False for handlers in self.catchers for handler in handlers
        )

    # --- the six operations -------------------------------------------------------------------------------------

    def evaluate(self, node: Expression, frame: Frame) -> Value:
        """The value of an expression."""
        value = expressions.TABLE[type(node)](self, node, frame)
        if self.sensing and id(value) in self.sensing:
            self.sensed += 1
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

    def external(self, path: str, receiver: Value | None = None) -> Value:
        """Something outside the walked source; known parts of the standard library have values of their own."""
        path = self.library.aliases.get(path, path)
        provider = self.library.values.get(path)
        return External(path, receiver) if provider is None else provider(self)

    def import_name(self, name: str, frame: Frame, kind: str = "dynamic") -> Value | None:
        """Import a module and its parents, as ``importlib.import_module`` does; None if it does not exist."""
        known = self.modules.get(name)
        if known is not None and known.state in ("loading", "loaded"):  # in sys.modules: its parents are not looked at
            for parent in parents(name):
                self.record(frame, Node(parent), kind)
            self.record(frame, Node(name), kind)
            return ModuleValue(known)
        value: Value | None = None
        parent = ""
        for part in name.split("."):
            child = f"{parent}.{part}" if parent else part
            value = self._import_one(child, parent, frame, kind)
            if value is None or isinstance(value, External):
                break
            parent = child
        if isinstance(value, External):
            self._outside(name, frame, kind)
            return self.external(name)
        return value

    # --- modules ------------------------------------------------------------------------------------------------

    def _import_one(self, name: str, parent: str, frame: Frame, kind: str) -> Value | None:
        """Import one module whose parents are imported."""
        found = self.layout.find(name)
        if found is None:
            if not parent:
                return self._import_outside(name, frame, kind)
            holder = self.modules[parent]
            known = holder.names.get(name.rpartition(".")[2])
            if isinstance(known, ModuleValue):  # sys.modules knows it by another name (six.moves and the like)
                return known
            return External(name) if holder.found.path is None else None
        self.record(frame, Node(name), kind)
        module = self.modules.get(name)
        if module is None or (module.state == "failed" and module.attempts < ATTEMPT_LIMIT):
            module = self._load(found, frame)
        if module.state == "failed":
            return None
        return ModuleValue(module)

    def _import_outside(self, name: str, frame: Frame, kind: str) -> Value | None:
        """Import a top-level module that is not walked; None if it is surely not installed."""
        installed = True if name in sys.stdlib_module_names else self.presence(name)
        if installed is None:
            self.may_fail(IMPORT_ERROR)
        elif not installed and self.catches(IMPORT_ERROR):
            with self.doubted():
                self._outside(name, frame, kind)
            return None
        return External(name)

    def _load(self, found: Found, frame: Frame) -> Module:
        """Execute a module for the first time."""
        known = self.modules.get(found.name)
        module = self.modules[found.name] = Module(found)
        if known is None:
            self.order.append(found.name)
            self.steps_of[found.name] = self.step_name
        else:
            module.attempts = known.attempts + 1
        module.state = "loading"
        began, raised = (len(self.edges), len(self.order)), self.raised
        caught = self.catches(IMPORT_ERROR)
        guarded = caught and IMPORT_ERROR not in self.possible_errors
        body = self._module_facts(module, frame)
        if body is not None and self.depth >= calls.DEPTH_LIMIT:
            self.note("FS192", frame, f"{found.name!r} is imported through too many nested imports to be followed")
        elif body is not None:
            inner = Frame(module, Node(found.name), "module", self.doubt)
            self.depth += 1
            try:
                self.execute(body, inner)
            except Raised:
                module.state = "failed"
                raise
            finally:
                self.depth -= 1
        module.state = "loaded"
        ended = (len(self.edges), len(self.order))
        self.spans[found.name] = Span(*began, *ended, self.raised == raised, caught, guarded)
        parent, _, last = found.name.rpartition(".")
        if parent in self.modules:  # CPython binds a submodule in its package when it is loaded, not before
            self.modules[parent].names[last] = ModuleValue(module)
        return module

    def load_file(self, found: Found, frame: Frame) -> Value:
        """Execute a file under a name of the program's choice."""
        self.record(frame, Node(found.name), "dynamic")
        module = self.modules.get(found.name) or self._load(found, frame)
        return ModuleValue(module)

    def _module_facts(self, module: Module, frame: Frame) -> Block | None:
        """The facts of a module, or None if there are none to be had."""
        path = module.found.path
        if path is None or not module.found.is_source:
            module.open = path is not None
            return None
        try:
            return self.sources.module(path)
        except Unreadable as error:
            self.notes.append(Note("FS191", module.name, error.line, 0, error.reason))
        except OSError as error:
            self.notes.append(Note("FS191", module.name, 1, 0, error.strerror or "it cannot be read"))
        module.open = True
        return None

    def _outside(self, name: str, frame: Frame, kind: str) -> None:
        """Record the import of a module that is not walked."""
        self.record(frame, Node(name), kind)
        if name not in self.externals:
            self.externals[name] = outside_origin(name)
            self.order.append(name)
            self.steps_of[name] = self.step_name
        on_outside_import(self, name, frame)

    def outside_member(self, path: str, frame: Frame) -> None:
        """``from package import name`` of a library: the name may be a module that reads the project's settings."""
        on_outside_import(self, path, frame)

    def function_body(self, function: Function, body: Cut | Block) -> Block:
        """The statements of a function, collected when it is first called."""
        if not isinstance(body, Cut):
            return body
        path = function.module.found.path or ""
        key = (path, body)
        if key not in self.bodies:
            try:
                self.bodies[key] = self.sources.body(path, body)
            except (Unreadable, OSError) as error:
                reason = error.reason if isinstance(error, Unreadable) else "it cannot be read"
                self.notes.append(Note("FS191", function.module.name, body.first, 0, reason))
                self.bodies[key] = ()
        return self.bodies[key]
