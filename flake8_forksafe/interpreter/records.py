"""The records of a walk: plain data for the rules and the cache."""

from __future__ import annotations

from typing import NamedTuple

from flake8_forksafe.hazards.catalogue import WarmUp


class Node(NamedTuple):
    """Something that executes: a module, or a function of it.

    A file may have any name, so the parts are kept apart; the text is for people and output only.

    :ivar module: its dotted name; empty for what is no module of the program.
    :ivar function: its qualified name without ``<locals>``; empty for the module itself.
    """

    module: str
    function: str = ""

    @property
    def dotted(self) -> str:
        """As Python names it: the module and the function behind a dot."""
        return f"{self.module}.{self.function}" if self.function else self.module

    def __str__(self) -> str:
        return f"{self.module}:{self.function}" if self.module and self.function else self.module or self.function


class Gate(NamedTuple):
    """A condition that depends on ``sys.argv``, and so on what process it is evaluated in.

    :ivar kind: ``"if"`` or ``"and"``: a statement, or an operand inside one.
    :ivar holds: how it came out; None if that depends on how the worker is launched.
    """

    node: Node
    line: int
    column: int
    kind: str
    holds: bool | None

    @property
    def key(self) -> tuple[Node, int, int, str]:
        """What tells it from other gates."""
        return self[:4]


class Edge(NamedTuple):
    """``source`` executes ``target``.

    :ivar kind: ``"import"``, ``"dynamic"`` (an import of a computed name), ``"lazy"`` (a lazy import that is used),
        ``"call"``, ``"thread"`` (a call in a thread that is started) or ``"boot"``.
    :ivar sure: whether it happens whenever ``source`` executes.
    :ivar line: where in ``source``.
    :ivar step: for ``"boot"``, the step of the boot in which it happens.
    :ivar switched: whether it happens only if a switch in ``source`` is set that the project has for this.
    """

    source: Node
    target: Node
    line: int
    column: int
    kind: str
    sure: bool
    step: str = ""
    switched: bool = False

    @property
    def loads(self) -> str:
        """The module that is loaded; empty where the target is a function."""
        return "" if self.target.function else self.target.module


class Use(NamedTuple):
    """A call of something that the catalogue of warm-ups lists, or an import that is known to act like one.

    :ivar call: what is called, without argument lists: ``threading.Thread.start``.
    :ivar shown: the same as people read it: ``threading.Thread().start``.
    :ivar sure: whether it happens whenever ``node`` executes.
    :ivar gates: the gates it stands behind, inside ``node``.
    :ivar switched: as for :class:`Edge`.
    :ivar verb: what is done to it: ``called``, or ``imported`` or ``set up`` (as a Django app) where that is enough.
    """

    node: Node
    line: int
    column: int
    call: str
    shown: str
    warm_up: WarmUp
    sure: bool
    gates: tuple[Gate, ...]
    verb: str = "called"
    switched: bool = False


class Setting(NamedTuple):
    """Something that may limit native threads: an environment variable that is set, or a call that acts alike.

    :ivar name: the variable, or the dotted name of the function.
    :ivar value: the variable's value, or the first argument; None if it is not known.
    :ivar position: how many modules were loaded before.
    """

    name: str
    value: object
    node: Node
    line: int
    column: int
    sure: bool
    position: int


class Dropped(NamedTuple):
    """A receiver that only a signal holds, weakly: it is gone before the signal is sent, and never called."""

    module: str
    line: int
    signal: str
    receiver: str


class Note(NamedTuple):
    """Something the walk could not do (FS191, FS192): where, and why."""

    code: str
    module: str
    line: int
    column: int
    text: str
