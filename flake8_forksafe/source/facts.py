"""Facts: what one piece of Python source does when it is executed.

Facts are the only thing the rest of the program sees of a source file, and the only thing the cache keeps.
They are an ordered tree of statements, because Python executes statements in order and a statement stands
under exactly the conditions that enclose it.  Everything is a ``NamedTuple``: frozen, small, and cheap to store.

Left out on purpose: docstrings, annotations (never evaluated at import where lazy imports exist, PEP 649),
and comments.  Function bodies are left out until something calls the function: see :class:`Cut`.

Lines are 1-based, columns 0-based and counted in characters, both in the original file.
"""

from __future__ import annotations

from typing import NamedTuple

from flake8_forksafe.source.cut import Cut

SCHEMA = 3
"""Version of the shapes below; a cache written with another version is not read."""


# --- expressions ------------------------------------------------------------------------------------------------


class Constant(NamedTuple):
    """A literal: string, bytes, number, ``True``, ``False``, ``None`` or ``...``."""

    value: str | bytes | int | float | complex | bool | None


class Opaque(NamedTuple):
    """An expression that cannot influence the boot, such as a huge literal table."""


class Name(NamedTuple):
    """A name looked up in the scopes."""

    id: str


class Attribute(NamedTuple):
    """``value.name``."""

    value: Expression
    name: str


class Argument(NamedTuple):
    """One argument of a call, or one base or keyword of a class."""

    value: Expression
    keyword: str | None = None
    star: str = ""
    """``""``, ``"*"`` or ``"**"``."""


class Call(NamedTuple):
    """``function(arguments)``."""

    function: Expression
    arguments: tuple[Argument, ...]


class Starred(NamedTuple):
    """``*value`` inside a display or a target."""

    value: Expression


class Display(NamedTuple):
    """``[...]``, ``(...)`` or ``{...}`` with items."""

    kind: str
    """``"list"``, ``"tuple"`` or ``"set"``."""
    items: tuple[Expression, ...]


class Dictionary(NamedTuple):
    """``{key: value, **value}``; the key of an unpacked mapping is ``None``."""

    items: tuple[tuple[Expression | None, Expression], ...]


class Subscript(NamedTuple):
    """``value[key]``."""

    value: Expression
    key: Expression


class Slice(NamedTuple):
    """``lower:upper:step`` inside a subscript."""

    lower: Expression | None
    upper: Expression | None
    step: Expression | None


class Unary(NamedTuple):
    """``not x``, ``-x``, ``+x`` or ``~x``."""

    operator: str
    operand: Expression


class Binary(NamedTuple):
    """``left <operator> right`` for the arithmetic operators."""

    operator: str
    left: Expression
    right: Expression


class Compare(NamedTuple):
    """A chain of comparisons."""

    left: Expression
    rest: tuple[tuple[str, Expression], ...]


class Boolean(NamedTuple):
    """``left and right`` or ``left or right``."""

    operator: str
    left: Expression
    right: Expression


class Conditional(NamedTuple):
    """``body if test else orelse``."""

    test: Expression
    body: Expression
    orelse: Expression


class Format(NamedTuple):
    """An f-string (or t-string): its literal parts and its expressions, in order."""

    parts: tuple[Expression, ...]


class Parameter(NamedTuple):
    """One parameter of a function."""

    name: str
    default: Expression | None = None
    kind: str = ""
    """``""`` positional-or-keyword, ``"/"`` positional-only, ``"="`` keyword-only, ``"*"``, ``"**"``."""


class Lambda(NamedTuple):
    """``lambda parameters: body``."""

    parameters: tuple[Parameter, ...]
    body: Expression


class Clause(NamedTuple):
    """``for target in iterable if conditions`` of a comprehension."""

    target: Expression
    iterable: Expression
    conditions: tuple[Expression, ...]


class Comprehension(NamedTuple):
    """A comprehension or generator expression."""

    kind: str
    """``"list"``, ``"set"``, ``"dict"`` or ``"generator"``."""
    element: Expression
    value: Expression | None
    """The value of a dict comprehension, whose key is ``element``."""
    clauses: tuple[Clause, ...]


class Walrus(NamedTuple):
    """``target := value``."""

    target: str
    value: Expression


class Await(NamedTuple):
    """``await value``."""

    value: Expression


class Yield(NamedTuple):
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


class Import(NamedTuple):
    """``import a.b as c``."""

    line: int
    column: int
    names: tuple[tuple[str, str | None], ...]
    """Pairs of dotted module name and ``as`` name."""
    lazy: bool = False
    """``lazy import`` (PEP 810)."""


class ImportFrom(NamedTuple):
    """``from ..a import b as c``; a star import has the single name ``*``."""

    line: int
    column: int
    level: int
    module: str
    names: tuple[tuple[str, str | None], ...]
    lazy: bool = False


class Evaluate(NamedTuple):
    """An expression statement."""

    line: int
    column: int
    value: Expression


class Assign(NamedTuple):
    """``a = b = value``, also an annotated assignment with a value."""

    line: int
    column: int
    targets: tuple[Expression, ...]
    value: Expression


class Augment(NamedTuple):
    """``target += value`` and its kin; the operator is stored without ``=``."""

    line: int
    column: int
    target: Expression
    operator: str
    value: Expression


class Delete(NamedTuple):
    """``del targets``."""

    line: int
    column: int
    targets: tuple[Expression, ...]


class If(NamedTuple):
    """``if``; an ``elif`` is an ``If`` alone in ``orelse``."""

    line: int
    column: int
    test: Expression
    body: Block
    orelse: Block


class While(NamedTuple):
    """``while``."""

    line: int
    column: int
    test: Expression
    body: Block
    orelse: Block


class For(NamedTuple):
    """``for`` or ``async for``."""

    line: int
    column: int
    target: Expression
    iterable: Expression
    body: Block
    orelse: Block


class Handler(NamedTuple):
    """``except type as name:``; ``type`` is ``None`` for a bare ``except``."""

    line: int
    type: Expression | None
    name: str | None
    body: Block


class Try(NamedTuple):
    """``try`` with ``except`` or ``except*``, ``else`` and ``finally``."""

    line: int
    column: int
    body: Block
    handlers: tuple[Handler, ...]
    orelse: Block
    final: Block


class With(NamedTuple):
    """``with`` or ``async with``: pairs of context expression and target."""

    line: int
    column: int
    items: tuple[tuple[Expression, Expression | None], ...]
    body: Block


class Case(NamedTuple):
    """One ``case`` of a ``match``.

    ``pattern`` is an expression to compare with when the pattern is a plain value (or an alternative of plain
    values, as a tuple display), ``None`` when it always matches, and :class:`Opaque` otherwise.
    """

    pattern: Expression | None
    captures: tuple[str, ...]
    guard: Expression | None
    body: Block


class Match(NamedTuple):
    """``match``."""

    line: int
    column: int
    subject: Expression
    cases: tuple[Case, ...]


class Decorator(NamedTuple):
    """``@expression``."""

    line: int
    expression: Expression


class Define(NamedTuple):
    """``def`` or ``async def``; the line is that of ``def``, not of its first decorator."""

    line: int
    column: int
    name: str
    parameters: tuple[Parameter, ...]
    decorators: tuple[Decorator, ...]
    body: Cut | Block
    asynchronous: bool = False


class ClassDefinition(NamedTuple):
    """``class``; ``arguments`` are its bases and keywords."""

    line: int
    column: int
    name: str
    arguments: tuple[Argument, ...]
    decorators: tuple[Decorator, ...]
    body: Block


class Return(NamedTuple):
    """``return value``."""

    line: int
    column: int
    value: Expression | None


class Raise(NamedTuple):
    """``raise value``."""

    line: int
    column: int
    value: Expression | None


class Assert(NamedTuple):
    """``assert test``."""

    line: int
    column: int
    test: Expression


class Break(NamedTuple):
    """``break``."""

    line: int
    column: int


class Continue(NamedTuple):
    """``continue``."""

    line: int
    column: int


class Scope(NamedTuple):
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
