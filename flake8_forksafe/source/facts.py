"""Facts: what one piece of Python source does when it is executed.

Facts are the only thing the rest of the program sees of a source file, and the only thing the cache keeps.
They are an ordered tree of statements, because Python executes statements in order and a statement stands
under exactly the conditions that enclose it.  Everything is a :class:`Fact`: frozen, small, and cheap to store as plain
data, which is checked against these types when it is read again.

Left out on purpose: docstrings, annotations (never evaluated at import where lazy imports exist, PEP 649),
and comments.  Function bodies are left out until something calls the function: see :class:`Cut`.

Lines are 1-based, columns 0-based and counted in characters, both in the original file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from flake8_forksafe.source.cut import CutBody

SCHEMA = 4
"""Version of the shapes below; a cache written with another version is not read."""


class Fact(Struct, frozen=True, array_like=True, tag=True, tag_field="fact", gc=False):
    """What all facts have in common: each is stored as a list that begins with the name of its class."""


if TYPE_CHECKING:
    Value = str | bytes | int | float | complex | bool | None
else:
    Value = Any  # msgspec reads no union of text and bytes; Constant checks it
PLAIN = frozenset({str, bytes, int, float, complex, bool, type(None)})


# --- expressions ------------------------------------------------------------------------------------------------


class Constant(Fact, frozen=True):
    """A literal: string, bytes, number, ``True``, ``False``, ``None`` or ``...``."""

    value: Value

    def __post_init__(self) -> None:
        if type(self.value) not in PLAIN:
            raise ValueError(f"{self.value!r} is no constant")


class Opaque(Fact, frozen=True):
    """An expression that cannot influence the boot, such as a huge literal table."""


class Name(Fact, frozen=True):
    """A name looked up in the scopes."""

    id: str


class Attribute(Fact, frozen=True):
    """``value.name``."""

    value: Expression
    name: str


class Argument(Fact, frozen=True):
    """One argument of a call, or one base or keyword of a class."""

    value: Expression
    keyword: str | None = None
    star: str = ""
    """``""``, ``"*"`` or ``"**"``."""


class Call(Fact, frozen=True):
    """``function(arguments)``."""

    function: Expression
    arguments: tuple[Argument, ...]


class Starred(Fact, frozen=True):
    """``*value`` inside a display or a target."""

    value: Expression


class Display(Fact, frozen=True):
    """``[...]``, ``(...)`` or ``{...}`` with items."""

    kind: str
    """``"list"``, ``"tuple"`` or ``"set"``."""
    items: tuple[Expression, ...]


class Dictionary(Fact, frozen=True):
    """``{key: value, **value}``; the key of an unpacked mapping is ``None``."""

    items: tuple[tuple[Expression | None, Expression], ...]


class Subscript(Fact, frozen=True):
    """``value[key]``."""

    value: Expression
    key: Expression


class Slice(Fact, frozen=True):
    """``lower:upper:step`` inside a subscript."""

    lower: Expression | None
    upper: Expression | None
    step: Expression | None


class Unary(Fact, frozen=True):
    """``not x``, ``-x``, ``+x`` or ``~x``."""

    operator: str
    operand: Expression


class Binary(Fact, frozen=True):
    """``left <operator> right`` for the arithmetic operators."""

    operator: str
    left: Expression
    right: Expression


class Compare(Fact, frozen=True):
    """A chain of comparisons."""

    left: Expression
    rest: tuple[tuple[str, Expression], ...]


class Boolean(Fact, frozen=True):
    """``left and right`` or ``left or right``."""

    operator: str
    left: Expression
    right: Expression


class Conditional(Fact, frozen=True):
    """``body if test else orelse``."""

    test: Expression
    body: Expression
    orelse: Expression


class Format(Fact, frozen=True):
    """An f-string (or t-string): its literal parts and its expressions, in order."""

    parts: tuple[Expression, ...]


class Parameter(Fact, frozen=True):
    """One parameter of a function."""

    name: str
    default: Expression | None = None
    kind: str = ""
    """``""`` positional-or-keyword, ``"/"`` positional-only, ``"="`` keyword-only, ``"*"``, ``"**"``."""


class Lambda(Fact, frozen=True):
    """``lambda parameters: body``."""

    parameters: tuple[Parameter, ...]
    body: Expression


class Clause(Fact, frozen=True):
    """``for target in iterable if conditions`` of a comprehension."""

    target: Expression
    iterable: Expression
    conditions: tuple[Expression, ...]


class Comprehension(Fact, frozen=True):
    """A comprehension or generator expression."""

    kind: str
    """``"list"``, ``"set"``, ``"dict"`` or ``"generator"``."""
    element: Expression
    value: Expression | None
    """The value of a dict comprehension, whose key is ``element``."""
    clauses: tuple[Clause, ...]


class Walrus(Fact, frozen=True):
    """``target := value``."""

    target: str
    value: Expression


class Await(Fact, frozen=True):
    """``await value``."""

    value: Expression


class Yield(Fact, frozen=True):
    """``yield value`` or ``yield from value``."""

    value: Expression | None
    delegated: bool


Expression = (
    Constant
    | Opaque
    | Name
    | Attribute
    | Call
    | Starred
    | Display
    | Dictionary
    | Subscript
    | Slice
    | Unary
    | Binary
    | Compare
    | Boolean
    | Conditional
    | Format
    | Lambda
    | Comprehension
    | Walrus
    | Await
    | Yield
)


# --- statements -------------------------------------------------------------------------------------------------


class Import(Fact, frozen=True):
    """``import a.b as c``."""

    line: int
    column: int
    names: tuple[tuple[str, str | None], ...]
    """Pairs of dotted module name and ``as`` name."""
    lazy: bool = False
    """``lazy import`` (PEP 810)."""


class ImportFrom(Fact, frozen=True):
    """``from ..a import b as c``; a star import has the single name ``*``."""

    line: int
    column: int
    level: int
    module: str
    names: tuple[tuple[str, str | None], ...]
    lazy: bool = False


class Evaluate(Fact, frozen=True):
    """An expression statement."""

    line: int
    column: int
    value: Expression


class Assign(Fact, frozen=True):
    """``a = b = value``, also an annotated assignment with a value."""

    line: int
    column: int
    targets: tuple[Expression, ...]
    value: Expression


class Augment(Fact, frozen=True):
    """``target += value`` and its kin; the operator is stored without ``=``."""

    line: int
    column: int
    target: Expression
    operator: str
    value: Expression


class Delete(Fact, frozen=True):
    """``del targets``."""

    line: int
    column: int
    targets: tuple[Expression, ...]


class If(Fact, frozen=True):
    """``if``; an ``elif`` is an ``If`` alone in ``orelse``."""

    line: int
    column: int
    test: Expression
    body: Block
    orelse: Block


class While(Fact, frozen=True):
    """``while``."""

    line: int
    column: int
    test: Expression
    body: Block
    orelse: Block


class For(Fact, frozen=True):
    """``for`` or ``async for``."""

    line: int
    column: int
    target: Expression
    iterable: Expression
    body: Block
    orelse: Block


class Handler(Fact, frozen=True):
    """``except type as name:``; ``type`` is ``None`` for a bare ``except``."""

    line: int
    type: Expression | None
    name: str | None
    body: Block


class Try(Fact, frozen=True):
    """``try`` with ``except`` or ``except*``, ``else`` and ``finally``."""

    line: int
    column: int
    body: Block
    handlers: tuple[Handler, ...]
    orelse: Block
    final: Block


class With(Fact, frozen=True):
    """``with`` or ``async with``: pairs of context expression and target."""

    line: int
    column: int
    items: tuple[tuple[Expression, Expression | None], ...]
    body: Block


class Case(Fact, frozen=True):
    """One ``case`` of a ``match``.

    ``pattern`` is an expression to compare with when the pattern is a plain value (or an alternative of plain
    values, as a tuple display), ``None`` when it always matches, and :class:`Opaque` otherwise.
    """

    pattern: Expression | None
    captures: tuple[str, ...]
    guard: Expression | None
    body: Block


class Match(Fact, frozen=True):
    """``match``."""

    line: int
    column: int
    subject: Expression
    cases: tuple[Case, ...]


class Decorator(Fact, frozen=True):
    """``@expression``."""

    line: int
    expression: Expression


class Define(Fact, frozen=True):
    """``def`` or ``async def``; the line is that of ``def``, not of its first decorator."""

    line: int
    column: int
    name: str
    parameters: tuple[Parameter, ...]
    decorators: tuple[Decorator, ...]
    body: CutBody | Block
    asynchronous: bool = False


class ClassDefinition(Fact, frozen=True):
    """``class``; ``arguments`` are its bases and keywords."""

    line: int
    column: int
    name: str
    arguments: tuple[Argument, ...]
    decorators: tuple[Decorator, ...]
    body: Block


class Return(Fact, frozen=True):
    """``return value``."""

    line: int
    column: int
    value: Expression | None


class Raise(Fact, frozen=True):
    """``raise value``."""

    line: int
    column: int
    value: Expression | None


class Assert(Fact, frozen=True):
    """``assert test``."""

    line: int
    column: int
    test: Expression


class Break(Fact, frozen=True):
    """``break``."""

    line: int
    column: int


class Continue(Fact, frozen=True):
    """``continue``."""

    line: int
    column: int


class Scope(Fact, frozen=True):
    """``global names`` or ``nonlocal names``."""

    line: int
    column: int
    keyword: str
    names: tuple[str, ...]


Statement = (
    Import
    | ImportFrom
    | Evaluate
    | Assign
    | Augment
    | Delete
    | If
    | While
    | For
    | Try
    | With
    | Match
    | Define
    | ClassDefinition
    | Return
    | Raise
    | Assert
    | Break
    | Continue
    | Scope
)

Block = tuple[Statement, ...]


def last_line(block: Block) -> int:
    """The line on which a block ends, as far as facts tell: of the last statement that begins in it, or of a body."""
    while block:
        last = block[-1]
        inner: list[CutBody | Block] = [
            *(case.body for case in getattr(last, "cases", ())),
            getattr(last, "body", ()),
            *(handler.body for handler in getattr(last, "handlers", ())),
            getattr(last, "orelse", ()),
            getattr(last, "final", ()),
        ]
        body = next((part for part in reversed(inner) if part), ())
        if isinstance(body, CutBody):
            return body.last
        if not body:
            return last.line
        block = body
    return 0
