"""The libcst visitor: source text newer than the running interpreter, to facts.

libcst parses what later Pythons understand (PEP 695, PEP 758, PEP 810), and keeps every blank and comment, which takes
some twenty times as long: it is given only what ``ast`` refuses.  What both can read gives the same facts.

One method per kind of node, found by the node's class name.
"""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

import libcst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from flake8_forksafe.source import facts
from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.facts import Block, Expression, Statement
from flake8_forksafe.source.text import Unreadable

OPAQUE = facts.Opaque()
TEXT_LIMIT = 2_000_000
"""Characters that libcst is given at most; beyond, it takes minutes and gigabytes."""
NESTING_LIMIT = 200
"""CPython's own limit for nested brackets (``MAXLEVEL`` in Parser/lexer/state.h); libcst's stack overflows on more."""
LOGICAL_LINE_LIMIT = 200_000
"""Characters in brackets that text may hold in one go, for the same reason."""


def visit(text: str, offset: int, cuts: Mapping[int, Cut] = MappingProxyType({})) -> Block:
    """Turn source text into facts.

    :param cuts: the function bodies that were cut out of it, by the lines of their ``def``.
    :raises Unreadable: if it is too much for libcst.
    :raises SyntaxError: if libcst cannot parse it either.
    """
    _refuse_dangerous(text)
    try:
        with _unvalidated():
            module = libcst.parse_module(text)
            ranges = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    except libcst.ParserSyntaxError as error:
        raise SyntaxError(error.message, ("", error.raw_line, error.raw_column, None)) from None
    return Visitor(ranges, offset, cuts).statements(module.body)


def _refuse_dangerous(text: str) -> None:
    """Keep text from libcst's native parser that would overflow its stack, or take it minutes and gigabytes."""
    if len(text) > TEXT_LIMIT:
        raise Unreadable(f"it has {len(text) / 1e6:.1f} million characters in a newer syntax; the limit is 2")
    depth = run = 0
    for character in text:
        if character in "([{":
            depth += 1
            if depth > NESTING_LIMIT:
                raise Unreadable("it is nested too deeply")
        elif character in ")]}":
            depth -= 1
        run = run + 1 if depth > 0 or character != "\n" else 0
        if run > LOGICAL_LINE_LIMIT:
            raise Unreadable("it has a statement too long to analyse")


@contextmanager
def _unvalidated() -> Iterator[None]:
    """Have libcst not check each node that its own parser makes: that took three tenths of the time of parsing.

    Its nodes check themselves when they are made, for those who make them by hand (libcst/_nodes/base.py, 1.9).
    """
    checked = libcst.CSTNode.__post_init__
    libcst.CSTNode.__post_init__ = lambda self: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        libcst.CSTNode.__post_init__ = checked  # type: ignore[method-assign]


class Place(NamedTuple):
    """Where a statement stands; line 1-based in the file, column in characters."""

    line: int
    column: int


UNARY = {"Not": "not", "Minus": "-", "Plus": "+", "BitInvert": "~"}
BINARY = {
    "Add": "+",
    "Subtract": "-",
    "Multiply": "*",
    "Divide": "/",
    "FloorDivide": "//",
    "Modulo": "%",
    "Power": "**",
    "LeftShift": "<<",
    "RightShift": ">>",
    "BitOr": "|",
    "BitAnd": "&",
    "BitXor": "^",
    "MatrixMultiply": "@",
}
COMPARISON = {
    "Equal": "==",
    "NotEqual": "!=",
    "LessThan": "<",
    "LessThanEqual": "<=",
    "GreaterThan": ">",
    "GreaterThanEqual": ">=",
    "Is": "is",
    "IsNot": "is not",
    "In": "in",
    "NotIn": "not in",
}
CONSTANTS: dict[str, bool | None] = {"True": True, "False": False, "None": None}


class Visitor:
    """Turns libcst nodes into facts; libcst's nodes are untyped here, since each method is chosen by class name.

    :param ranges: where each node stands; ``offset`` is added to lines.
    :param cuts: the function bodies that were cut out, by the lines of their ``def``.
    """

    def __init__(self, ranges: Mapping[libcst.CSTNode, CodeRange], offset: int, cuts: Mapping[int, Cut]) -> None:
        self.ranges = ranges
        self.offset = offset
        self.cuts = cuts

    def place(self, node: libcst.CSTNode) -> Place:
        start = self.ranges[node].start
        return Place(start.line + self.offset, start.column)

    # --- statements ---------------------------------------------------------------------------------------------

    def statements(self, nodes: Sequence[Any]) -> Block:
        """The facts of a statement list."""
        collected: list[Statement] = []
        for node in nodes:
            if isinstance(node, libcst.SimpleStatementLine):
                self.line(node, collected)
            else:
                statement = getattr(self, "compound_" + type(node).__name__)(node, self.place(node))
                collected.append(statement)
        return tuple(collected)

    def line(self, node: Any, collected: list[Statement]) -> None:
        """The small statements on one line, or after a colon."""
        for small in node.body:
            place = self.place(small)
            method = getattr(self, "small_" + type(small).__name__, None)
            statement = method(small, place) if method else None
            if statement is not None:
                collected.append(statement)

    def suite(self, node: Any) -> Block:
        """The body of a compound statement, in either of its two forms."""
        if isinstance(node, libcst.IndentedBlock):
            return self.statements(node.body)
        collected: list[Statement] = []
        self.line(node, collected)
        return tuple(collected)

    def small_Import(self, node: Any, place: Place) -> Statement:
        names = tuple((_dotted(alias.name), _alias(alias)) for alias in node.names)
        return facts.Import(place.line, place.column, names, type(node).__name__ == "LazyImport")

    small_LazyImport = small_Import

    def small_ImportFrom(self, node: Any, place: Place) -> Statement:
        names: tuple[tuple[str, str | None], ...] = (("*", None),)
        if not isinstance(node.names, libcst.ImportStar):
            names = tuple((_dotted(alias.name), _alias(alias)) for alias in node.names)
        module = _dotted(node.module) if node.module is not None else ""
        lazy = type(node).__name__ == "LazyImportFrom"
        return facts.ImportFrom(place.line, place.column, len(node.relative), module, names, lazy)

    small_LazyImportFrom = small_ImportFrom

    def small_Expr(self, node: Any, place: Place) -> Statement | None:
        value = self.expression(node.value)
        if isinstance(value, (facts.Constant, facts.Opaque, facts.Name)):
            return None if not isinstance(value, facts.Name) else facts.Evaluate(place.line, place.column, value)
        return facts.Evaluate(place.line, place.column, value)

    def small_Assign(self, node: Any, place: Place) -> Statement:
        targets = tuple(self.expression(item.target) for item in node.targets)
        return facts.Assign(place.line, place.column, targets, self.expression(node.value))

    def small_AnnAssign(self, node: Any, place: Place) -> Statement | None:
        if node.value is None:
            return None
        return facts.Assign(place.line, place.column, (self.expression(node.target),), self.expression(node.value))

    def small_AugAssign(self, node: Any, place: Place) -> Statement:
        operator = BINARY[type(node.operator).__name__.removesuffix("Assign")]
        target, value = self.expression(node.target), self.expression(node.value)
        return facts.Augment(place.line, place.column, target, operator, value)

    def small_Del(self, node: Any, place: Place) -> Statement:
        target = self.expression(node.target)
        targets = target.items if isinstance(target, facts.Display) else (target,)
        return facts.Delete(place.line, place.column, targets)

    def small_Return(self, node: Any, place: Place) -> Statement:
        return facts.Return(place.line, place.column, self.optional(node.value))

    def small_Raise(self, node: Any, place: Place) -> Statement:
        return facts.Raise(place.line, place.column, self.optional(node.exc))

    def small_Assert(self, node: Any, place: Place) -> Statement:
        return facts.Assert(place.line, place.column, self.expression(node.test))

    def small_Break(self, node: Any, place: Place) -> Statement:
        return facts.Break(place.line, place.column)

    def small_Continue(self, node: Any, place: Place) -> Statement:
        return facts.Continue(place.line, place.column)

    def small_Global(self, node: Any, place: Place) -> Statement:
        names = tuple(_identifier(item.name) for item in node.names)
        return facts.Scope(place.line, place.column, type(node).__name__.lower(), names)

    small_Nonlocal = small_Global

    def compound_If(self, node: Any, place: Place) -> Statement:
        test = self.expression(node.test)
        body = self.suite(node.body)
        orelse: Block = ()
        if isinstance(node.orelse, libcst.If):
            orelse = (self.compound_If(node.orelse, self.place(node.orelse)),)
        elif node.orelse is not None:
            orelse = self.suite(node.orelse.body)
        return facts.If(place.line, place.column, test, body, orelse)

    def orelse(self, node: Any) -> Block:
        return self.suite(node.orelse.body) if node.orelse is not None else ()

    def compound_While(self, node: Any, place: Place) -> Statement:
        test, body = self.expression(node.test), self.suite(node.body)
        return facts.While(place.line, place.column, test, body, self.orelse(node))

    def compound_For(self, node: Any, place: Place) -> Statement:
        target, iterable = self.expression(node.target), self.expression(node.iter)
        body = self.suite(node.body)
        return facts.For(place.line, place.column, target, iterable, body, self.orelse(node))

    def compound_Try(self, node: Any, place: Place) -> Statement:
        body = self.suite(node.body)
        handlers = []
        for handler in node.handlers:
            name = _identifier(handler.name.name) if handler.name is not None else None
            block = self.suite(handler.body)
            handlers.append(facts.Handler(place.line, self.optional(handler.type), name, block))
        orelse = self.orelse(node)
        final = self.suite(node.finalbody.body) if node.finalbody is not None else ()
        return facts.Try(place.line, place.column, body, tuple(handlers), orelse, final)

    compound_TryStar = compound_Try

    def compound_With(self, node: Any, place: Place) -> Statement:
        items = tuple(
            (self.expression(item.item), self.expression(item.asname.name) if item.asname is not None else None)
            for item in node.items
        )
        return facts.With(place.line, place.column, items, self.suite(node.body))

    def compound_Match(self, node: Any, place: Place) -> Statement:
        subject = self.expression(node.subject)
        cases = []
        for case in node.cases:
            captures: list[str] = []
            pattern = self.pattern(case.pattern, captures)
            guard = self.optional(case.guard)
            cases.append(facts.Case(pattern, tuple(captures), guard, self.suite(case.body)))
        return facts.Match(place.line, place.column, subject, tuple(cases))

    def pattern(self, node: Any, captures: list[str]) -> Expression | None:
        """A pattern as :class:`facts.Case` wants it; the names it binds are added to ``captures``."""
        kind = type(node).__name__
        if kind in ("MatchValue", "MatchSingleton"):
            return self.expression(node.value)
        if kind == "MatchOr":
            options = [self.pattern(item.pattern, captures) for item in node.patterns]
            plain = tuple(item for item in options if item is not None and not isinstance(item, facts.Opaque))
            return facts.Display("tuple", plain) if len(plain) == len(options) else OPAQUE
        if kind == "MatchAs":
            if node.name is not None:
                captures.append(_identifier(node.name))
            return self.pattern(node.pattern, captures) if node.pattern is not None else None
        _captured(node, captures)
        return OPAQUE

    def compound_FunctionDef(self, node: Any, place: Place) -> Statement:
        decorators = self.decorators(node)
        parameters = self.parameters(node.params)
        asynchronous = node.asynchronous is not None
        cut = self.cuts.get(place.line - self.offset)
        body = self.suite(node.body) if cut is None else cut.shifted(self.offset)
        return facts.Define(
            place.line, place.column, _identifier(node.name), parameters, decorators, body, asynchronous
        )

    def compound_ClassDef(self, node: Any, place: Place) -> Statement:
        decorators = self.decorators(node)
        arguments = self.arguments((*node.bases, *node.keywords))
        return facts.ClassDefinition(
            place.line, place.column, _identifier(node.name), arguments, decorators, self.suite(node.body)
        )

    def decorators(self, node: Any) -> tuple[facts.Decorator, ...]:
        expressions = [item.decorator for item in node.decorators]
        return tuple(facts.Decorator(self.place(item).line, self.expression(item)) for item in expressions)

    # --- expressions --------------------------------------------------------------------------------------------

    def optional(self, node: Any) -> Expression | None:
        return None if node is None else self.expression(node)

    def expression(self, node: Any) -> Expression:
        """The fact of an expression; a kind that cannot matter becomes :class:`facts.Opaque`."""
        method = getattr(self, "expression_" + type(node).__name__, None)
        return OPAQUE if method is None else method(node)

    def expression_Name(self, node: Any) -> Expression:
        name = _identifier(node)
        return facts.Constant(CONSTANTS[name]) if name in CONSTANTS else facts.Name(name)

    def expression_Attribute(self, node: Any) -> Expression:
        return facts.Attribute(self.expression(node.value), _identifier(node.attr))

    def expression_Integer(self, node: Any) -> Expression:
        try:
            return facts.Constant(ast.literal_eval(node.value))
        except (ValueError, SyntaxError):  # more digits than CPython converts
            return OPAQUE

    expression_Float = expression_Integer
    expression_Imaginary = expression_Integer

    def expression_SimpleString(self, node: Any) -> Expression:
        text = node.value
        if "\\" not in text and text[0] in "\"'" and text[:3] not in ('"""', "'''"):
            return facts.Constant(text[1:-1])
        return facts.Constant(_literal(text))

    def expression_ConcatenatedString(self, node: Any) -> Expression:
        left, right = self.expression(node.left), self.expression(node.right)
        if isinstance(left, facts.Constant) and isinstance(right, facts.Constant):
            if isinstance(left.value, bytes) and isinstance(right.value, bytes):
                return facts.Constant(left.value + right.value)
            return facts.Constant(f"{left.value!s}{right.value!s}")
        return self.expression_FormattedString(node)

    def expression_FormattedString(self, node: Any) -> Expression:
        parts: list[Expression] = []
        text = ""
        for piece in self.pieces(node):
            if isinstance(piece, str):
                text += piece
                continue
            parts += [facts.Constant(text), piece] if text else [piece]
            text = ""
        return facts.Format((*parts, facts.Constant(text)) if text else tuple(parts))

    expression_TemplatedString = expression_FormattedString

    def pieces(self, node: Any) -> Iterator[Expression | str]:
        """The literal texts and the expressions that a string is put together from."""
        if isinstance(node, libcst.ConcatenatedString):
            yield from self.pieces(node.left)
            yield from self.pieces(node.right)
        elif isinstance(node, libcst.SimpleString):
            yield str(_literal(node.value))
        else:
            for part in node.parts:
                if hasattr(part, "expression"):
                    yield from self.replaced(part)
                else:
                    yield _literal_part(part.value, node.start, node.end)

    def replaced(self, part: Any) -> Iterator[Expression | str]:
        """The pieces of a replacement field; ``{x = }`` is its text and the representation of its value."""
        conversion = part.conversion
        if part.equal is not None:
            code = libcst.Module(()).code_for_node
            yield "".join(map(code, (part.whitespace_before_expression, part.expression, part.equal)))
            conversion = conversion or ("r" if part.format_spec is None else None)
        value = self.expression(part.expression)
        yield value if part.format_spec is None and conversion in (None, "s") else facts.Format((OPAQUE, value))

    def items(self, elements: Sequence[Any]) -> tuple[Expression, ...]:
        return tuple(
            facts.Starred(self.expression(item.value))
            if isinstance(item, libcst.StarredElement)
            else self.expression(item.value)
            for item in elements
        )

    def expression_List(self, node: Any) -> Expression:
        return facts.Display("list", self.items(node.elements))

    def expression_Tuple(self, node: Any) -> Expression:
        return facts.Display("tuple", self.items(node.elements))

    def expression_Set(self, node: Any) -> Expression:
        return facts.Display("set", self.items(node.elements))

    def expression_Dict(self, node: Any) -> Expression:
        return facts.Dictionary(
            tuple(
                (
                    None if isinstance(item, libcst.StarredDictElement) else self.expression(item.key),
                    self.expression(item.value),
                )
                for item in node.elements
            )
        )

    def arguments(self, nodes: Sequence[Any]) -> tuple[facts.Argument, ...]:
        """Arguments in the order in which Python evaluates them: those without a keyword first."""
        return tuple(
            facts.Argument(
                self.expression(item.value), _identifier(item.keyword) if item.keyword is not None else None, item.star
            )
            for item in sorted(nodes, key=lambda item: item.keyword is not None or item.star == "**")
        )

    def expression_Call(self, node: Any) -> Expression:
        return facts.Call(self.expression(node.func), self.arguments(node.args))

    def expression_Subscript(self, node: Any) -> Expression:
        value = self.expression(node.value)
        parts = [self.index(item.slice) for item in node.slice]
        single = len(parts) == 1 and not isinstance(node.slice[0].comma, libcst.Comma)
        single = single and not isinstance(parts[0], facts.Starred)
        return facts.Subscript(value, parts[0] if single else facts.Display("tuple", tuple(parts)))

    def index(self, node: Any) -> Expression:
        if isinstance(node, libcst.Slice):
            return facts.Slice(self.optional(node.lower), self.optional(node.upper), self.optional(node.step))
        value = self.expression(node.value)
        return facts.Starred(value) if node.star else value

    def expression_UnaryOperation(self, node: Any) -> Expression:
        return facts.Unary(UNARY[type(node.operator).__name__], self.expression(node.expression))

    def expression_BinaryOperation(self, node: Any) -> Expression:
        left = self.expression(node.left)
        return facts.Binary(BINARY[type(node.operator).__name__], left, self.expression(node.right))

    def expression_BooleanOperation(self, node: Any) -> Expression:
        left = self.expression(node.left)
        return facts.Boolean(type(node.operator).__name__.lower(), left, self.expression(node.right))

    def expression_Comparison(self, node: Any) -> Expression:
        left = self.expression(node.left)
        rest = tuple(
            (COMPARISON[type(item.operator).__name__], self.expression(item.comparator)) for item in node.comparisons
        )
        return facts.Compare(left, rest)

    def expression_IfExp(self, node: Any) -> Expression:
        return facts.Conditional(self.expression(node.test), self.expression(node.body), self.expression(node.orelse))

    def expression_Lambda(self, node: Any) -> Expression:
        return facts.Lambda(self.parameters(node.params), self.expression(node.body))

    def parameters(self, node: Any) -> tuple[facts.Parameter, ...]:
        found = [self.parameter(item, "/") for item in node.posonly_params]
        found += [self.parameter(item, "") for item in node.params]
        if isinstance(node.star_arg, libcst.Param):
            found.append(facts.Parameter(_identifier(node.star_arg.name), None, "*"))
        found += [self.parameter(item, "=") for item in node.kwonly_params]
        if node.star_kwarg is not None:
            found.append(facts.Parameter(_identifier(node.star_kwarg.name), None, "**"))
        return tuple(found)

    def parameter(self, node: Any, kind: str) -> facts.Parameter:
        return facts.Parameter(_identifier(node.name), self.optional(node.default), kind)

    def comprehension(self, kind: str, node: Any, element: Any, value: Any) -> Expression:
        clauses: list[facts.Clause] = []
        clause = node.for_in
        while clause is not None:
            conditions = tuple(self.expression(item.test) for item in clause.ifs)
            clauses.append(facts.Clause(self.expression(clause.target), self.expression(clause.iter), conditions))
            clause = clause.inner_for_in
        return facts.Comprehension(kind, self.expression(element), self.optional(value), tuple(clauses))

    def expression_ListComp(self, node: Any) -> Expression:
        return self.comprehension("list", node, node.elt, None)

    def expression_SetComp(self, node: Any) -> Expression:
        return self.comprehension("set", node, node.elt, None)

    def expression_GeneratorExp(self, node: Any) -> Expression:
        return self.comprehension("generator", node, node.elt, None)

    def expression_DictComp(self, node: Any) -> Expression:
        return self.comprehension("dict", node, node.key, node.value)

    def expression_NamedExpr(self, node: Any) -> Expression:
        return facts.Walrus(_identifier(node.target), self.expression(node.value))

    def expression_Await(self, node: Any) -> Expression:
        return facts.Await(self.expression(node.expression))

    def expression_Yield(self, node: Any) -> Expression:
        if isinstance(node.value, libcst.From):
            return facts.Yield(self.expression(node.value.item), True)
        return facts.Yield(self.optional(node.value), False)


def _identifier(node: libcst.Name) -> str:
    """A name as Python looks it up (PEP 3131)."""
    return node.value if node.value.isascii() else unicodedata.normalize("NFKC", node.value)


def _dotted(node: Any) -> str:
    """The dotted name that an import statement spells."""
    parts: list[str] = []
    while isinstance(node, libcst.Attribute):
        parts.append(_identifier(node.attr))
        node = node.value
    parts.append(_identifier(node))
    return ".".join(reversed(parts))


def _alias(node: Any) -> str | None:
    return _identifier(node.asname.name) if node.asname is not None else None


def _literal(text: str) -> str | bytes:
    """The value of a string or bytes literal."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes are the project's business
        value = ast.literal_eval(text)
    assert isinstance(value, (str, bytes))
    return value


def _literal_part(text: str, start: str, quotes: str) -> str:
    """The value of the literal part of an f-string that starts with a prefix and quotes."""
    text = text.replace("{{", "{").replace("}}", "}")
    if "r" in start.lower() or "\\" not in text:
        return text
    try:
        return str(_literal(f"{quotes}{text}{quotes}"))
    except (SyntaxError, ValueError):
        return text


def _captured(node: libcst.CSTNode, captures: list[str]) -> None:
    """Add the names that a structural pattern binds, in source order."""
    for child in node.children:
        _captured(child, captures)
    kind, name = type(node).__name__, getattr(node, "rest" if isinstance(node, libcst.MatchMapping) else "name", None)
    if kind in ("MatchAs", "MatchStar", "MatchMapping") and isinstance(name, libcst.Name):
        captures.append(_identifier(name))
