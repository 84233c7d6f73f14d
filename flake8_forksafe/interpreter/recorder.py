"""Records an execution: its edges in order, and what could not be decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from flake8_forksafe.hazards.catalogue import WarmUp
from flake8_forksafe.hazards.third_parties import told_by
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.journal import Journal
from flake8_forksafe.interpreter.occurrences import Occurrences
from flake8_forksafe.interpreter.records import Dropped, Edge, Gate, Node, Note, Setting, Use
from flake8_forksafe.interpreter.values import (
    TRUE,
    Arguments,
    Class,
    Doubt,
    EnclosingScope,
    External,
    Function,
    Instance,
    Literal,
    Module,
    Value,
)
from flake8_forksafe.project.layout import FIRST_PARTY, THIRD_PARTY

UseKey = tuple[Node, int, str]
"""What tells one use from another: where it stands, and what it calls."""


def _is_end(end: str, method: str, arguments: Arguments) -> bool:
    """Whether a call is what a catalogue entry names: a method, and perhaps a literal keyword argument."""
    name, _, keyword = end.partition(" ")
    waits = arguments.keywords.get("wait") or (arguments.positional[0] if arguments.positional else TRUE)
    if name != method or (method == "join" and (arguments.positional or arguments.keywords)):
        return False
    if method == "shutdown" and not (isinstance(waits, Literal) and waits.value):
        return False  # of an executor or a scheduler, that is not waited for
    key, _, expected = keyword.partition("=")
    given = arguments.keywords.get(key)
    return not keyword or (isinstance(given, Literal) and str(given.value) == expected)


THREADS_INSTEAD = {
    "imported": "import it inside the function that uses it",
    "set up": "take it out of the worker's INSTALLED_APPS, or switch the thread off there",
}
"""What to do about threads that an import starts, or a Django app that is set up."""


def _named(threads: tuple[str, ...]) -> str:
    return f"the thread {threads[0]!r}" if len(threads) == 1 else f"{len(threads)} threads"


class Recorder:
    """The record of a walk, which the rules use.

    :ivar edges: what executed what, in order of first execution.
    :ivar gated: the gates that an edge always stood behind.
    :ivar gates: how each gate came out; None if that differed.
    :ivar order: modules in the order in which they were first loaded, walked or not.
    :ivar externals: those that are not walked, with their origin.
    :ivar measured: what those were measured with of which it is only known what they load.
    :ivar steps_of: the step of the boot in which each was loaded.
    :ivar variables_read: environment variables that were read.
    :ivar public: the names under which the project takes functions, classes and objects of packages, by where
        they, or their classes, are defined.
    :ivar unresolved: how often something could not be resolved that may have imported or called something.
    """

    def __init__(self, journal: Journal, warm_up: Callable[[str, Arguments], WarmUp | None]) -> None:
        self.journal = journal
        self.warm_up = warm_up
        self.edges: dict[tuple[Node, Node, int, str], Edge] = {}
        self.occurrences = Occurrences()
        self.gated: dict[tuple[Node, Node, int, str], tuple[Gate, ...]] = {}
        self.gates: dict[tuple[Node, int, int, str], bool | None] = {}
        self.order: list[str] = []
        self.externals: dict[str, str] = {}
        self.measured: dict[str, str] = {}
        self.step_name = "find_app"
        self.steps_of: dict[str, str] = {}
        self.notes: list[Note] = []
        self._noted: set[Note] = set()
        self.dropped: dict[Dropped, None] = {}
        """In the order in which they were noticed."""
        self.uses: dict[UseKey, Use] = {}
        self.settings: list[Setting] = []
        self._open: dict[int, tuple[Value, list[tuple[UseKey, Doubt]]]] = {}
        """By the identity of an object, which is kept so that no other one has it: the uses that its methods undo."""
        self._opened: dict[UseKey, int] = {}
        """How often a use happened that was not undone."""
        self.made: list[Value] = []
        """Objects whose end undoes a use, and which nothing but the project is known to hold, in order."""
        self.variables_read: set[str] = set()
        self.public: dict[str, str] = {}
        self.unresolved = 0

    @contextmanager
    def boot_step(self, name: str) -> Iterator[None]:
        """Name the step of the boot in which modules are loaded."""
        outer, self.step_name = self.step_name, name
        try:
            yield
        finally:
            self.step_name = outer

    def loads(self, name: str) -> None:
        """Record that a module is loaded for the first time."""
        self.order.append(name)
        self.steps_of[name] = self.step_name

    def record(self, frame: Frame, target: Node, kind: str) -> None:
        """Record that the current statement of ``frame`` executes ``target``."""
        if target == frame.node:
            return
        kind = "boot" if frame.boot else "thread" if frame.threaded else kind
        key = (frame.node, target, frame.line, kind)
        sure = self.journal.is_sure(frame)
        self.occurrences.add(key, frame.execution, self.journal.doubt is self.journal.certain, sure)
        known = self.edges.get(key)
        if frame.gates and known is None:
            self.gated[key] = frame.gates
        elif not frame.gates and self.gated:
            self.gated.pop(key, None)
        if known is None or (sure and not known.sure):
            step = self.step_name if frame.boot else ""
            switched = not sure and self.journal.is_switched(frame)
            self.edges[key] = Edge(frame.node, target, frame.line, frame.column, kind, sure, step, switched)
        elif known.switched and not self.journal.is_switched(frame):
            self.edges[key] = known._replace(switched=False)

    def executed(self, executions: Mapping[Node, int]) -> Iterator[Edge]:
        """The edges, each sure if it happens in every one of the executions of its source."""
        for key, edge in self.edges.items():
            sure = edge.sure and self.occurrences.is_sure(key, edge.source, executions)
            yield edge if sure is edge.sure else edge._replace(sure=sure)

    def note(self, code: str, frame: Frame, text: str) -> None:
        """Record what could not be decided, once per place."""
        note = Note(code, frame.module.name, frame.line, frame.column, text)
        if note not in self._noted:
            self._noted.add(note)
            self.notes.append(note)

    def use(self, frame: Frame, call: str, arguments: Arguments) -> UseKey | None:
        """Record that the current statement of ``frame`` calls something of a library, if it is a warm-up.

        :returns: what :meth:`opened` is told, if something can undo the call.
        """
        shown, call = call, call.replace("()", "")
        warm_up = self.warm_up(call, arguments)
        if warm_up is None and self.public:
            shown, arguments = self._as_public(call, arguments)
            warm_up = self.warm_up(shown, arguments)
        if warm_up is None:
            return None
        key = (frame.node, frame.line, call)
        sure = self.journal.is_sure(frame)
        switched = not sure and self.journal.is_switched(frame)
        place = (frame.node, frame.line, frame.column)
        use = Use(*place, call, shown, warm_up, sure, frame.gates, switched=switched)
        known = self.uses.get(key)
        if known is None or (use.sure and (not known.sure or len(use.gates) < len(known.gates))):
            self.uses[key] = use
        elif known.switched and not switched:
            self.uses[key] = known._replace(switched=False)
        return key if warm_up.ends or warm_up.ends_in_child else None

    def takes(self, frame: Frame, module: Module, name: str, value: Value) -> None:
        """Record under which name the project takes something of a package that is walked: the catalogue knows that."""
        if frame.module.found.origin != FIRST_PARTY or module.found.origin != THIRD_PARTY:
            return
        if isinstance(value, Instance):
            value = value.cls
        if isinstance(value, (Function, Class)):
            self.public[f"{value.module.name}.{value.qualname}"] = f"{module.name}.{name}"

    def _as_public(self, call: str, arguments: Arguments) -> tuple[str, Arguments]:
        """What a call in a walked package is outside of it: under another name, of a method without the object."""
        holder, _, last = call.rpartition(".")
        if call in self.public or holder not in self.public:
            return self.public.get(call, call), arguments
        name = self.public[holder] if last == "__init__" else f"{self.public[holder]}.{last}"
        return name, arguments.after_first()

    def starts(self, frame: Frame, asked: str, threads: tuple[str, ...], source: str) -> None:
        """Record that importing a module, or setting up an app (``app:setup()``), starts threads.

        :param source: what was measured.
        """
        name, _, function = asked.partition(":")
        verb = "set up" if function else "imported"
        key = (frame.node, frame.line, asked)
        why = f"starts {_named(threads)} that no child has ({told_by(source)})"
        warm_up = WarmUp(name, "FS112", "measured", why, THREADS_INSTEAD[verb], (), (), ())
        sure = self.journal.is_sure(frame)
        if sure or key not in self.uses:
            place = (frame.node, frame.line, frame.column)
            switched = not sure and self.journal.is_switched(frame)
            self.uses[key] = Use(*place, name, name, warm_up, sure, frame.gates, verb, switched)

    def opened(self, key: UseKey, owner: Value) -> None:
        """Note the object whose methods undo a warm-up.

        :param key: of the use.
        :param owner: what the use returned, or was called on.
        """
        holder = self.uses[key].warm_up.held_by
        while holder and isinstance(owner, External) and owner.receiver and not owner.path.endswith(f".{holder}()"):
            owner = owner.receiver
        self._open.setdefault(id(owner), (owner, []))[1].append((key, self.journal.doubt))
        self._opened[key] = self._opened.get(key, 0) + 1
        if "__del__" in self.uses[key].warm_up.ends:
            self.made.append(owner)

    def ended(self, owner: Value, method: str, arguments: Arguments, in_child: bool) -> None:
        """A method of an object is called; what it undoes for sure is no use any more.

        :param in_child: whether that happens in a child, after the fork.
        """
        _, uses = self._open.get(id(owner), (owner, []))
        for key, born in list(uses):
            use = self.uses.get(key)
            if use is None or not born.within(self.journal.doubt):
                continue
            ends = use.warm_up.ends_in_child if in_child else use.warm_up.ends
            if any(_is_end(end, method, arguments) for end in ends):
                uses.remove((key, born))
                self._opened[key] -= 1
                if not self._opened[key]:
                    del self.uses[key]

    def setting(self, name: str, value: Value, frame: EnclosingScope) -> None:
        """Record that the current statement sets a variable, or calls something that acts alike."""
        known = value.value if isinstance(value, Literal) else None
        place = (frame.node, frame.line, frame.column)
        self.settings.append(Setting(name, known, *place, self.journal.is_sure(frame), len(self.order)))

    def gate(self, frame: Frame, kind: str, holds: bool | None) -> Gate:
        """Record how a condition that depends on ``sys.argv`` came out."""
        gate = Gate(frame.node, frame.line, frame.column, kind, holds)
        self.gates[gate.key] = holds if self.gates.get(gate.key, holds) is holds else None
        return gate
