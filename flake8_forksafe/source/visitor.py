"""The libcst visitor: what one statement, or one header of a compound statement, says.

libcst is given one logical line at a time, and each different text once.  Where it stands, and which lines belong to
it, is the business of the scanner and the reader: facts made here have line and column 0, and their blocks are empty.

One method per kind of node, found by the node's class.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import libcst
from libcst import native  # type: ignore[attr-defined]  # it is compiled

from flake8_forksafe.source import facts, literals
from flake8_forksafe.source.facts import Expression
from flake8_forksafe.source.limits import DEPTH_LIMIT, bounded
from flake8_forksafe.source.literals import OPAQUE, alias, dotted, identifier
from flake8_forksafe.source.template import Template

COMPLETED = {
    "": "{}\n",
    "@": "@{}\ndef _():pass\n",
    "match": "{}:\n case _:pass\n",
    "case": "match _:\n {}:pass\n",
    "except": "try:pass\n{}:pass\n",
}
"""What libcst is given, by the keyword of the text."""
COMPOUND = "{}:pass\n"
UNARY: dict[type, str] = {libcst.Not: "not", libcst.Minus: "-", libcst.Plus: "+", libcst.BitInvert: "~"}
BINARY: dict[type, str] = {
    libcst.Add: "+",
    libcst.Subtract: "-",
    libcst.Multiply: "*",
    libcst.Divide: "/",
    libcst.FloorDivide: "//",
    libcst.Modulo: "%",
    libcst.Power: "**",
    libcst.LeftShift: "<<",
    libcst.RightShift: ">>",
    libcst.BitOr: "|",
    libcst.BitAnd: "&",
    libcst.BitXor: "^",
    libcst.MatrixMultiply: "@",
}
AUGMENTED: dict[type, str] = {getattr(libcst, f"{operator.__name__}Assign"): sign for operator, sign in BINARY.items()}
BOOLEAN: dict[type, str] = {libcst.And: "and", libcst.Or: "or"}
COMPARISON: dict[type, str] = {
    libcst.Equal: "==",
    libcst.NotEqual: "!=",
    libcst.LessThan: "<",
    libcst.LessThanEqual: "<=",
    libcst.GreaterThan: ">",
    libcst.GreaterThanEqual: ">=",
    libcst.Is: "is",
    libcst.IsNot: "is not",
    libcst.In: "in",
    libcst.NotIn: "not in",
}
CONSTANTS: dict[str, bool | None] = {"True": True, "False": False, "None": None}
COMMA = libcst.Comma
LAZY = ("LazyImport", "LazyImportFrom")
UNSAID = (
    "SimpleWhitespace", "ParenthesizedWhitespace", "TrailingWhitespace", "EmptyLine", "Newline", "Comment",
    "Comma", "AssignEqual", "Dot", "Annotation", "LeftParen", "RightParen", "LeftSquareBracket", "RightSquareBracket",
    "LeftCurlyBrace", "RightCurlyBrace", "ParamSlash", "ParamStar", "Pass", "SimpleStatementSuite",
)  # fmt: skip
"""Nodes that the visitor does not look into; of commas, whether there is one."""
SHOWN = re.compile(r"=\s*[#!:}]")
"""What may end a replacement field that shows its expression."""


def parse(keyword: str, text: str) -> Template:
    """What a simple statement says, or a header of a compound one, or a decorator.

    :param keyword: as :attr:`flake8_forksafe.source.scanner.Line.keyword`.
    :raises SyntaxError: if it cannot be parsed.
    """
    text = bounded(text.removeprefix("el") if keyword == "elif" else text, keyword)
    try:
        node = native.parse_statement(COMPLETED.get(keyword, COMPOUND).format(text))
        return PARTS[keyword](Visitor(), node) if keyword in PARTS else Visitor().statement(node)
    except libcst.ParserSyntaxError:
        raise SyntaxError("invalid syntax") from None
    except ValueError as error:  # a literal that has no value
        raise SyntaxError(str(error)) from None


@contextmanager
def lean_nodes() -> Iterator[None]:
    """Have libcst's parser make no node that says nothing here, and check none: four tenths of its time.

    The compiled parser looks each class up in the module by name (``into_py`` in native/libcst/src/nodes, libcst 1.9),
    and nodes check themselves when they are made, for those who make them by hand (libcst/_nodes/base.py).
    """
    checked, made = libcst.CSTNode.__post_init__, {name: getattr(libcst, name) for name in UNSAID}
    comma = COMMA()
    try:
        libcst.CSTNode.__post_init__ = lambda self: None  # type: ignore[method-assign]
        for name in UNSAID:
            setattr(libcst, name, lambda **parts: None)
        libcst.Comma = lambda **parts: comma  # type: ignore[assignment, misc]
        yield
    finally:
        libcst.CSTNode.__post_init__ = checked  # type: ignore[method-assign]
        for name, node in made.items():
            setattr(libcst, name, node)


def needs_every_node(keyword: str, text: str) -> bool:
    """Whether the visitor looks at all that libcst makes of a text: it is a pattern, or may hold ``f"{x = }"``."""
    return keyword == "case" or SHOWN.search(text) is not None


class Visitor:
    """Turns libcst nodes into facts; libcst's nodes are untyped here, since each method is chosen by their class."""

    def __init__(self) -> None:
        self.depth = 0

    # --- statements ---------------------------------------------------------------------------------------------

    def statement(self, node: Any) -> Template:
        """The fact of a statement; None if it does nothing.

        :raises SyntaxError: if it is more than one.
        """
        if isinstance(node, libcst.SimpleStatementLine):
            (node,) = node.body
        read = STATEMENTS.get(type(node))
        return None if read is None else read(self, node)

    def import_(self, node: Any) -> Template:
        names = tuple([(dotted(item.name), alias(item)) for item in node.names])
        return facts.Import(0, 0, names, type(node).__name__ in LAZY)

    def import_from(self, node: Any) -> Template:
        names: tuple[tuple[str, str | None], ...] = (("*", None),)
        if not isinstance(node.names, libcst.ImportStar):
            names = tuple([(dotted(item.name), alias(item)) for item in node.names])
        module = dotted(node.module) if node.module is not None else ""
        return facts.ImportFrom(0, 0, len(node.relative), module, names, type(node).__name__ in LAZY)

    def evaluate(self, node: Any) -> Template:
        value = self.expression(node.value)
        is_idle = isinstance(value, (facts.Opaque, facts.Constant))
        return None if is_idle else facts.Evaluate(0, 0, value)

    def assign(self, node: Any) -> Template:
        targets = tuple([self.expression(item.target) for item in node.targets])
        return facts.Assign(0, 0, targets, self.expression(node.value))

    def annotated(self, node: Any) -> Template:
        if node.value is None:
            return None
        return facts.Assign(0, 0, (self.expression(node.target),), self.expression(node.value))

    def augment(self, node: Any) -> Template:
        target, value = self.expression(node.target), self.expression(node.value)
        return facts.Augment(0, 0, target, AUGMENTED[type(node.operator)], value)

    def delete(self, node: Any) -> Template:
        target = self.expression(node.target)
        return facts.Delete(0, 0, target.items if isinstance(target, facts.Display) else (target,))

    def return_(self, node: Any) -> Template:
        return facts.Return(0, 0, self.optional(node.value))

    def raise_(self, node: Any) -> Template:
        return facts.Raise(0, 0, self.optional(node.exc))

    def assert_(self, node: Any) -> Template:
        return facts.Assert(0, 0, self.expression(node.test))

    def break_(self, node: Any) -> Template:
        return facts.Break(0, 0)

    def continue_(self, node: Any) -> Template:
        return facts.Continue(0, 0)

    def scope(self, node: Any) -> Template:
        names = tuple([identifier(item.name) for item in node.names])
        return facts.Scope(0, 0, type(node).__name__.lower(), names)

    # --- headers ------------------------------------------------------------------------------------------------

    def if_(self, node: Any) -> Template:
        return facts.If(0, 0, self.expression(node.test), (), ())

    def while_(self, node: Any) -> Template:
        return facts.While(0, 0, self.expression(node.test), (), ())

    def for_(self, node: Any) -> Template:
        return facts.For(0, 0, self.expression(node.target), self.expression(node.iter), (), ())

    def with_(self, node: Any) -> Template:
        items = tuple([
            (self.expression(item.item), self.expression(item.asname.name) if item.asname is not None else None)
            for item in node.items
        ])  # fmt: skip
        return facts.With(0, 0, items, ())

    def function(self, node: Any) -> Template:
        asynchronous = node.asynchronous is not None
        return facts.Define(0, 0, identifier(node.name), self.parameters(node.params), (), (), asynchronous)

    def class_(self, node: Any) -> Template:
        arguments = self.arguments((*node.bases, *node.keywords))
        return facts.ClassDefinition(0, 0, identifier(node.name), arguments, (), ())

    def decorator(self, node: Any) -> Template:
        return self.expression(node.decorators[0].decorator)

    def subject(self, node: Any) -> Template:
        return facts.Match(0, 0, self.expression(node.subject), ())

    def handler(self, node: Any) -> Template:
        (handler,) = node.handlers
        name = identifier(handler.name.name) if handler.name is not None else None
        return facts.Handler(0, self.optional(handler.type), name, ())

    def case(self, node: Any) -> Template:
        (case,) = node.cases
        captures: list[str] = []
        pattern = self.pattern(case.pattern, captures)
        return facts.Case(pattern, tuple(captures), self.optional(case.guard), ())

    def pattern(self, node: Any, captures: list[str]) -> Expression | None:
        """A pattern as :class:`facts.Case` wants it; the names it binds are added to ``captures``."""
        if isinstance(node, (libcst.MatchValue, libcst.MatchSingleton)):
            return self.expression(node.value)
        if isinstance(node, libcst.MatchOr):
            options = [self.pattern(item.pattern, captures) for item in node.patterns]
            plain = tuple(item for item in options if item is not None and not isinstance(item, facts.Opaque))
            return facts.Display("tuple", plain) if len(plain) == len(options) else OPAQUE
        if isinstance(node, libcst.MatchAs):
            if node.name is not None:
                captures.append(identifier(node.name))
            return self.pattern(node.pattern, captures) if node.pattern is not None else None
        _capture(node, captures)
        return OPAQUE

    # --- expressions --------------------------------------------------------------------------------------------

    def optional(self, node: Any) -> Expression | None:
        return None if node is None else self.expression(node)

    def expression(self, node: Any) -> Expression:
        """The fact of an expression; a kind that cannot matter becomes :class:`facts.Opaque`."""
        read = EXPRESSIONS.get(type(node))
        if read is None or self.depth >= DEPTH_LIMIT:
            return OPAQUE
        self.depth += 1
        fact = read(self, node)
        self.depth -= 1
        return fact

    def name(self, node: Any) -> Expression:
        name = identifier(node)
        return facts.Constant(CONSTANTS[name]) if name in CONSTANTS else facts.Name(name)

    def attribute(self, node: Any) -> Expression:
        return facts.Attribute(self.expression(node.value), identifier(node.attr))

    def number(self, node: Any) -> Expression:
        return literals.number(node)

    def string(self, node: Any) -> Expression:
        return facts.Constant(literals.string(node))

    def concatenated(self, node: Any) -> Expression:
        return literals.concatenated(node, self.expression)

    def formatted(self, node: Any) -> Expression:
        return literals.formatted(node, self.expression)

    def items(self, elements: Sequence[Any]) -> tuple[Expression, ...]:
        return tuple([
            facts.Starred(self.expression(item.value))
            if isinstance(item, libcst.StarredElement)
            else self.expression(item.value)
            for item in elements
        ])  # fmt: skip

    def list_(self, node: Any) -> Expression:
        return facts.Display("list", self.items(node.elements))

    def tuple_(self, node: Any) -> Expression:
        return facts.Display("tuple", self.items(node.elements))

    def set_(self, node: Any) -> Expression:
        return facts.Display("set", self.items(node.elements))

    def dictionary(self, node: Any) -> Expression:
        items = [
            (
                None if isinstance(item, libcst.StarredDictElement) else self.expression(item.key),
                self.expression(item.value),
            )
            for item in node.elements
        ]
        return facts.Dictionary(tuple(items))

    def arguments(self, nodes: Sequence[Any]) -> tuple[facts.Argument, ...]:
        """Arguments in the order in which Python evaluates them: those without a keyword first."""
        found = [
            facts.Argument(
                self.expression(item.value), identifier(item.keyword) if item.keyword is not None else None, item.star
            )
            for item in nodes
        ]
        return tuple(sorted(found, key=lambda item: item.keyword is not None or item.star == "**"))

    def call(self, node: Any) -> Expression:
        return facts.Call(self.expression(node.func), self.arguments(node.args))

    def subscript(self, node: Any) -> Expression:
        value = self.expression(node.value)
        parts = [self.index(item.slice) for item in node.slice]
        single = len(parts) == 1 and not isinstance(node.slice[0].comma, COMMA)
        single = single and not isinstance(parts[0], facts.Starred)
        return facts.Subscript(value, parts[0] if single else facts.Display("tuple", tuple(parts)))

    def index(self, node: Any) -> Expression:
        if isinstance(node, libcst.Slice):
            return facts.Slice(self.optional(node.lower), self.optional(node.upper), self.optional(node.step))
        value = self.expression(node.value)
        return facts.Starred(value) if node.star else value

    def unary(self, node: Any) -> Expression:
        return facts.Unary(UNARY[type(node.operator)], self.expression(node.expression))

    def binary(self, node: Any) -> Expression:
        return facts.Binary(BINARY[type(node.operator)], self.expression(node.left), self.expression(node.right))

    def boolean(self, node: Any) -> Expression:
        return facts.Boolean(BOOLEAN[type(node.operator)], self.expression(node.left), self.expression(node.right))

    def compare(self, node: Any) -> Expression:
        left = self.expression(node.left)
        rest = [(COMPARISON[type(item.operator)], self.expression(item.comparator)) for item in node.comparisons]
        return facts.Compare(left, tuple(rest))

    def conditional(self, node: Any) -> Expression:
        return facts.Conditional(self.expression(node.test), self.expression(node.body), self.expression(node.orelse))

    def lambda_(self, node: Any) -> Expression:
        return facts.Lambda(self.parameters(node.params), self.expression(node.body))

    def parameters(self, node: Any) -> tuple[facts.Parameter, ...]:
        found = [self.parameter(item, "/") for item in node.posonly_params]
        found += [self.parameter(item, "") for item in node.params]
        if isinstance(node.star_arg, libcst.Param):
            found.append(facts.Parameter(identifier(node.star_arg.name), None, "*"))
        found += [self.parameter(item, "=") for item in node.kwonly_params]
        if node.star_kwarg is not None:
            found.append(facts.Parameter(identifier(node.star_kwarg.name), None, "**"))
        return tuple(found)

    def parameter(self, node: Any, kind: str) -> facts.Parameter:
        return facts.Parameter(identifier(node.name), self.optional(node.default), kind)

    def comprehension(self, node: Any) -> Expression:
        clauses: list[facts.Clause] = []
        clause = node.for_in
        while clause is not None:
            conditions = tuple([self.expression(item.test) for item in clause.ifs])
            clauses.append(facts.Clause(self.expression(clause.target), self.expression(clause.iter), conditions))
            clause = clause.inner_for_in
        if isinstance(node, libcst.DictComp):
            element, value = self.expression(node.key), self.expression(node.value)
            return facts.Comprehension("dict", element, value, tuple(clauses))
        return facts.Comprehension(COMPREHENSIONS[type(node)], self.expression(node.elt), None, tuple(clauses))

    def walrus(self, node: Any) -> Expression:
        return facts.Walrus(identifier(node.target), self.expression(node.value))

    def await_(self, node: Any) -> Expression:
        return facts.Await(self.expression(node.expression))

    def yield_(self, node: Any) -> Expression:
        if isinstance(node.value, libcst.From):
            return facts.Yield(self.expression(node.value.item), True)
        return facts.Yield(self.optional(node.value), False)


def _capture(node: libcst.CSTNode, captures: list[str]) -> None:
    """Add the names that a structural pattern binds, in source order."""
    for child in node.children:
        _capture(child, captures)
    name = getattr(node, "rest" if isinstance(node, libcst.MatchMapping) else "name", None)
    if isinstance(node, (libcst.MatchAs, libcst.MatchStar, libcst.MatchMapping)) and isinstance(name, libcst.Name):
        captures.append(identifier(name))


STATEMENTS: dict[type, Callable[[Visitor, Any], Template]] = {
    libcst.Import: Visitor.import_,
    libcst.ImportFrom: Visitor.import_from,
    libcst.Expr: Visitor.evaluate,
    libcst.Assign: Visitor.assign,
    libcst.AnnAssign: Visitor.annotated,
    libcst.AugAssign: Visitor.augment,
    libcst.Del: Visitor.delete,
    libcst.Return: Visitor.return_,
    libcst.Raise: Visitor.raise_,
    libcst.Assert: Visitor.assert_,
    libcst.Break: Visitor.break_,
    libcst.Continue: Visitor.continue_,
    libcst.Global: Visitor.scope,
    libcst.Nonlocal: Visitor.scope,
    libcst.If: Visitor.if_,
    libcst.While: Visitor.while_,
    libcst.For: Visitor.for_,
    libcst.With: Visitor.with_,
    libcst.FunctionDef: Visitor.function,
    libcst.ClassDef: Visitor.class_,
    libcst.LazyImport: Visitor.import_,
    libcst.LazyImportFrom: Visitor.import_from,
}
"""How each kind of statement is read; those left out do nothing."""

PARTS: dict[str, Callable[[Visitor, Any], Template]] = {
    "@": Visitor.decorator,
    "match": Visitor.subject,
    "case": Visitor.case,
    "except": Visitor.handler,
}
"""What matters of a text that was completed to another statement, by its keyword."""

EXPRESSIONS: dict[type, Callable[[Visitor, Any], Expression]] = {
    libcst.Name: Visitor.name,
    libcst.Attribute: Visitor.attribute,
    libcst.Integer: Visitor.number,
    libcst.Float: Visitor.number,
    libcst.Imaginary: Visitor.number,
    libcst.SimpleString: Visitor.string,
    libcst.ConcatenatedString: Visitor.concatenated,
    libcst.FormattedString: Visitor.formatted,
    libcst.TemplatedString: Visitor.formatted,
    libcst.List: Visitor.list_,
    libcst.Tuple: Visitor.tuple_,
    libcst.Set: Visitor.set_,
    libcst.Dict: Visitor.dictionary,
    libcst.Call: Visitor.call,
    libcst.Subscript: Visitor.subscript,
    libcst.UnaryOperation: Visitor.unary,
    libcst.BinaryOperation: Visitor.binary,
    libcst.BooleanOperation: Visitor.boolean,
    libcst.Comparison: Visitor.compare,
    libcst.IfExp: Visitor.conditional,
    libcst.Lambda: Visitor.lambda_,
    libcst.ListComp: Visitor.comprehension,
    libcst.SetComp: Visitor.comprehension,
    libcst.GeneratorExp: Visitor.comprehension,
    libcst.DictComp: Visitor.comprehension,
    libcst.NamedExpr: Visitor.walrus,
    libcst.Await: Visitor.await_,
    libcst.Yield: Visitor.yield_,
}
COMPREHENSIONS: dict[type, str] = {libcst.ListComp: "list", libcst.SetComp: "set", libcst.GeneratorExp: "generator"}
