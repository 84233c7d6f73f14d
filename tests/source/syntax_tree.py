"""CPython's syntax tree to facts: the oracle, which shares nothing with the reader but the shapes of facts.

One function per kind of node, found by the node's class.  Function bodies become a :class:`Cut`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from flake8_forksafe.source import facts
from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.facts import Block, Expression, Statement

OPAQUE = facts.Opaque()
DEPTH_LIMIT = 10_000
"""Levels of one expression that are compared."""

UNARY: dict[type[ast.unaryop], str] = {ast.Not: "not", ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}
BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitOr: "|",
    ast.BitAnd: "&",
    ast.BitXor: "^",
    ast.MatMult: "@",
}
COMPARISON: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
BOOLEAN: dict[type[ast.boolop], str] = {ast.And: "and", ast.Or: "or"}
DISPLAYS: dict[type[ast.expr], str] = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}
COMPREHENSIONS: dict[type[ast.expr], str] = {ast.ListComp: "list", ast.SetComp: "set", ast.GeneratorExp: "generator"}
TO_STRING = (-1, ord("s"))
"""Conversions of a formatted value that make a string of it as it is."""


class TreeReader:
    """Turns the nodes of one text into facts.

    :param text: what the tree was made of.
    :param offset: what to add to a line of it to get the line in the file.
    """

    def __init__(self, text: str, offset: int) -> None:
        self.lines = text.split("\n")
        self.offset = offset
        self.depth = 0

    # --- statements ---------------------------------------------------------------------------------------------

    def block(self, nodes: Sequence[ast.stmt]) -> Block:
        """The facts of a statement list."""
        collected: list[Statement] = []
        for node in nodes:
            read = STATEMENTS.get(type(node))
            if read is not None:
                offset = node.col_offset
                statement = read(self, node, node.lineno + self.offset, offset and self.column(node.lineno, offset))
                if statement is not None:
                    collected.append(statement)
        return tuple(collected)

    def column(self, line: int, utf8_column: int) -> int:
        """A column in characters from one in bytes."""
        text = self.lines[line - 1]
        return utf8_column if text.isascii() else len(text.encode()[:utf8_column].decode(errors="replace"))

    def import_(self, node: Any, line: int, column: int) -> Statement:
        names = tuple([(alias.name, alias.asname) for alias in node.names])
        return facts.Import(line, column, names, bool(getattr(node, "is_lazy", 0)))

    def import_from(self, node: Any, line: int, column: int) -> Statement:
        names = tuple([(alias.name, alias.asname) for alias in node.names])
        lazy = bool(getattr(node, "is_lazy", 0))
        return facts.ImportFrom(line, column, node.level, node.module or "", names, lazy)

    def evaluate(self, node: Any, line: int, column: int) -> Statement | None:
        if isinstance(node.value, ast.Constant):
            return None
        value = self.expression(node.value)
        return None if isinstance(value, facts.Opaque) else facts.Evaluate(line, column, value)

    def assign(self, node: Any, line: int, column: int) -> Statement:
        targets = tuple([self.expression(target) for target in node.targets])
        return facts.Assign(line, column, targets, self.expression(node.value))

    def annotated(self, node: Any, line: int, column: int) -> Statement | None:
        if node.value is None:
            return None
        return facts.Assign(line, column, (self.expression(node.target),), self.expression(node.value))

    def augment(self, node: Any, line: int, column: int) -> Statement:
        target, value = self.expression(node.target), self.expression(node.value)
        return facts.Augment(line, column, target, BINARY[type(node.op)], value)

    def delete(self, node: Any, line: int, column: int) -> Statement:
        targets = tuple(map(self.expression, node.targets))
        if len(targets) == 1 and isinstance(targets[0], facts.Display):
            targets = targets[0].items
        return facts.Delete(line, column, targets)

    def return_(self, node: Any, line: int, column: int) -> Statement:
        return facts.Return(line, column, self.optional(node.value))

    def raise_(self, node: Any, line: int, column: int) -> Statement:
        return facts.Raise(line, column, self.optional(node.exc))

    def assert_(self, node: Any, line: int, column: int) -> Statement:
        return facts.Assert(line, column, self.expression(node.test))

    def break_(self, node: Any, line: int, column: int) -> Statement:
        return facts.Break(line, column)

    def continue_(self, node: Any, line: int, column: int) -> Statement:
        return facts.Continue(line, column)

    def scope(self, node: Any, line: int, column: int) -> Statement:
        return facts.Scope(line, column, type(node).__name__.lower(), tuple(node.names))

    def if_(self, node: Any, line: int, column: int) -> Statement:
        return facts.If(line, column, self.expression(node.test), self.block(node.body), self.block(node.orelse))

    def while_(self, node: Any, line: int, column: int) -> Statement:
        return facts.While(line, column, self.expression(node.test), self.block(node.body), self.block(node.orelse))

    def for_(self, node: Any, line: int, column: int) -> Statement:
        target, iterable = self.expression(node.target), self.expression(node.iter)
        return facts.For(line, column, target, iterable, self.block(node.body), self.block(node.orelse))

    def try_(self, node: Any, line: int, column: int) -> Statement:
        body = self.block(node.body)
        handlers = tuple([
            facts.Handler(line, self.optional(handler.type), handler.name, self.block(handler.body))
            for handler in node.handlers
        ])  # fmt: skip
        return facts.Try(line, column, body, handlers, self.block(node.orelse), self.block(node.finalbody))

    def with_(self, node: Any, line: int, column: int) -> Statement:
        items = tuple([
            (self.expression(item.context_expr), self.optional(item.optional_vars)) for item in node.items
        ])  # fmt: skip
        return facts.With(line, column, items, self.block(node.body))

    def match(self, node: Any, line: int, column: int) -> Statement:
        subject = self.expression(node.subject)
        cases = []
        for case in node.cases:
            captures: list[str] = []
            pattern = self.pattern(case.pattern, captures)
            cases.append(facts.Case(pattern, tuple(captures), self.optional(case.guard), self.block(case.body)))
        return facts.Match(line, column, subject, tuple(cases))

    def pattern(self, node: Any, captures: list[str]) -> Expression | None:
        """A pattern as :class:`facts.Case` wants it; the names it binds are added to ``captures``."""
        if isinstance(node, ast.MatchValue):
            return self.expression(node.value)
        if isinstance(node, ast.MatchSingleton):
            return facts.Constant(node.value)
        if isinstance(node, ast.MatchOr):
            options = [self.pattern(item, captures) for item in node.patterns]
            plain = tuple(item for item in options if item is not None and not isinstance(item, facts.Opaque))
            return facts.Display("tuple", plain) if len(plain) == len(options) else OPAQUE
        if isinstance(node, ast.MatchAs):
            if node.name is not None:
                captures.append(node.name)
            return self.pattern(node.pattern, captures) if node.pattern is not None else None
        _captured(node, captures)
        return OPAQUE

    def define(self, node: Any, line: int, column: int) -> Statement:
        decorators = self.decorators(node)
        parameters = self.parameters(node.args)
        asynchronous = isinstance(node, ast.AsyncFunctionDef)
        body = self.cut(node) or self.block(node.body)
        return facts.Define(line, column, node.name, parameters, decorators, body, asynchronous)

    def cut(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> CutBody | None:
        """The lines of a function body; None if it begins on a line of the function's header."""
        statement = node.body[0]
        first = statement.lineno
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and statement.decorator_list:
            first = min(first, *[item.lineno for item in statement.decorator_list])
        if self.lines[first - 1][: statement.col_offset].strip() not in ("", "@"):
            return None
        last = node.body[-1].end_lineno or first
        return CutBody(first + self.offset, last + self.offset)

    def class_(self, node: Any, line: int, column: int) -> Statement:
        decorators = self.decorators(node)
        arguments = self.arguments(node.bases, node.keywords)
        return facts.ClassDefinition(line, column, node.name, arguments, decorators, self.block(node.body))

    def decorators(self, node: Any) -> tuple[facts.Decorator, ...]:
        nodes = node.decorator_list
        return tuple([facts.Decorator(item.lineno + self.offset, self.expression(item)) for item in nodes])

    # --- expressions --------------------------------------------------------------------------------------------

    def optional(self, node: ast.expr | None) -> Expression | None:
        return None if node is None else self.expression(node)

    def expression(self, node: ast.expr) -> Expression:
        """The fact of an expression; a kind that cannot matter becomes :class:`facts.Opaque`."""
        read = EXPRESSIONS.get(type(node))
        if read is None or self.depth >= DEPTH_LIMIT:
            return OPAQUE
        self.depth += 1
        fact = read(self, node)
        self.depth -= 1
        return fact

    def name(self, node: Any) -> Expression:
        return facts.Name(node.id)

    def attribute(self, node: Any) -> Expression:
        return facts.Attribute(self.expression(node.value), node.attr)

    def constant(self, node: Any) -> Expression:
        return OPAQUE if node.value is ... else facts.Constant(node.value)

    def joined(self, node: Any) -> Expression:
        return facts.Format(tuple([self.expression(part) for part in node.values]))

    def formatted(self, node: Any) -> Expression:
        value = self.expression(node.value)
        plain = node.format_spec is None and node.conversion in TO_STRING
        return value if plain else facts.Format((OPAQUE, value))

    def starred(self, node: Any) -> Expression:
        return facts.Starred(self.expression(node.value))

    def display(self, node: Any) -> Expression:
        return facts.Display(DISPLAYS[type(node)], tuple([self.expression(item) for item in node.elts]))

    def dictionary(self, node: Any) -> Expression:
        pairs = zip(node.keys, node.values, strict=True)
        return facts.Dictionary(tuple([(self.optional(key), self.expression(value)) for key, value in pairs]))

    def arguments(self, values: list[ast.expr], keywords: list[ast.keyword]) -> tuple[facts.Argument, ...]:
        """Arguments in the order in which Python evaluates them: those without a keyword first."""
        found = [
            facts.Argument(self.expression(item.value), None, "*")
            if isinstance(item, ast.Starred)
            else facts.Argument(self.expression(item))
            for item in values
        ]
        for item in keywords:
            found.append(facts.Argument(self.expression(item.value), item.arg, "**" if item.arg is None else ""))
        return tuple(found)

    def call(self, node: Any) -> Expression:
        return facts.Call(self.expression(node.func), self.arguments(node.args, node.keywords))

    def subscript(self, node: Any) -> Expression:
        return facts.Subscript(self.expression(node.value), self.expression(node.slice))

    def slice_(self, node: Any) -> Expression:
        return facts.Slice(self.optional(node.lower), self.optional(node.upper), self.optional(node.step))

    def unary(self, node: Any) -> Expression:
        return facts.Unary(UNARY[type(node.op)], self.expression(node.operand))

    def binary(self, node: Any) -> Expression:
        return facts.Binary(BINARY[type(node.op)], self.expression(node.left), self.expression(node.right))

    def boolean(self, node: Any) -> Expression:
        operator = BOOLEAN[type(node.op)]
        fact = self.expression(node.values[0])
        for value in node.values[1:]:
            fact = facts.Boolean(operator, fact, self.expression(value))
        return fact

    def compare(self, node: Any) -> Expression:
        pairs = zip(node.ops, node.comparators, strict=True)
        rest = tuple([(COMPARISON[type(operator)], self.expression(value)) for operator, value in pairs])
        return facts.Compare(self.expression(node.left), rest)

    def conditional(self, node: Any) -> Expression:
        return facts.Conditional(self.expression(node.test), self.expression(node.body), self.expression(node.orelse))

    def lambda_(self, node: Any) -> Expression:
        return facts.Lambda(self.parameters(node.args), self.expression(node.body))

    def parameters(self, node: ast.arguments) -> tuple[facts.Parameter, ...]:
        if not (node.posonlyargs or node.defaults or node.vararg or node.kwonlyargs or node.kwarg):
            return tuple([facts.Parameter(item.arg) for item in node.args])
        positional = [*node.posonlyargs, *node.args]
        defaults = [None] * (len(positional) - len(node.defaults)) + list(map(self.expression, node.defaults))
        kinds = ["/"] * len(node.posonlyargs) + [""] * len(node.args)
        found = [
            facts.Parameter(item.arg, default, kind)
            for item, default, kind in zip(positional, defaults, kinds, strict=True)
        ]
        if node.vararg is not None:
            found.append(facts.Parameter(node.vararg.arg, None, "*"))
        for item, value in zip(node.kwonlyargs, node.kw_defaults, strict=True):
            found.append(facts.Parameter(item.arg, self.optional(value), "="))
        if node.kwarg is not None:
            found.append(facts.Parameter(node.kwarg.arg, None, "**"))
        return tuple(found)

    def comprehension(self, node: Any) -> Expression:
        clauses = tuple([
            facts.Clause(
                self.expression(clause.target), self.expression(clause.iter), tuple(map(self.expression, clause.ifs))
            )
            for clause in node.generators
        ])  # fmt: skip
        if isinstance(node, ast.DictComp):
            return facts.Comprehension("dict", self.expression(node.key), self.optional(node.value), clauses)
        return facts.Comprehension(COMPREHENSIONS[type(node)], self.expression(node.elt), None, clauses)

    def walrus(self, node: Any) -> Expression:
        return facts.Walrus(node.target.id, self.expression(node.value))

    def await_(self, node: Any) -> Expression:
        return facts.Await(self.expression(node.value))

    def yield_(self, node: Any) -> Expression:
        return facts.Yield(self.optional(node.value), False)

    def yield_from(self, node: Any) -> Expression:
        return facts.Yield(self.expression(node.value), True)


def _captured(node: ast.AST, captures: list[str]) -> None:
    """Add the names that a structural pattern binds, in source order."""
    for child in ast.iter_child_nodes(node):
        _captured(child, captures)
    if isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name is not None:
        captures.append(node.name)
    elif isinstance(node, ast.MatchMapping) and node.rest is not None:
        captures.append(node.rest)


STATEMENTS: dict[type[ast.stmt], Callable[[TreeReader, Any, int, int], Statement | None]] = {
    ast.Import: TreeReader.import_,
    ast.ImportFrom: TreeReader.import_from,
    ast.Expr: TreeReader.evaluate,
    ast.Assign: TreeReader.assign,
    ast.AnnAssign: TreeReader.annotated,
    ast.AugAssign: TreeReader.augment,
    ast.Delete: TreeReader.delete,
    ast.Return: TreeReader.return_,
    ast.Raise: TreeReader.raise_,
    ast.Assert: TreeReader.assert_,
    ast.Break: TreeReader.break_,
    ast.Continue: TreeReader.continue_,
    ast.Global: TreeReader.scope,
    ast.Nonlocal: TreeReader.scope,
    ast.If: TreeReader.if_,
    ast.While: TreeReader.while_,
    ast.For: TreeReader.for_,
    ast.AsyncFor: TreeReader.for_,
    ast.Try: TreeReader.try_,
    ast.TryStar: TreeReader.try_,
    ast.With: TreeReader.with_,
    ast.AsyncWith: TreeReader.with_,
    ast.Match: TreeReader.match,
    ast.FunctionDef: TreeReader.define,
    ast.AsyncFunctionDef: TreeReader.define,
    ast.ClassDef: TreeReader.class_,
}
"""How each kind of statement is read; those left out do nothing."""

EXPRESSIONS: dict[type[ast.expr], Callable[[TreeReader, Any], Expression]] = {
    ast.Name: TreeReader.name,
    ast.Attribute: TreeReader.attribute,
    ast.Constant: TreeReader.constant,
    ast.JoinedStr: TreeReader.joined,
    ast.FormattedValue: TreeReader.formatted,
    ast.Starred: TreeReader.starred,
    ast.List: TreeReader.display,
    ast.Tuple: TreeReader.display,
    ast.Set: TreeReader.display,
    ast.Dict: TreeReader.dictionary,
    ast.Call: TreeReader.call,
    ast.Subscript: TreeReader.subscript,
    ast.Slice: TreeReader.slice_,
    ast.UnaryOp: TreeReader.unary,
    ast.BinOp: TreeReader.binary,
    ast.BoolOp: TreeReader.boolean,
    ast.Compare: TreeReader.compare,
    ast.IfExp: TreeReader.conditional,
    ast.Lambda: TreeReader.lambda_,
    ast.ListComp: TreeReader.comprehension,
    ast.SetComp: TreeReader.comprehension,
    ast.GeneratorExp: TreeReader.comprehension,
    ast.DictComp: TreeReader.comprehension,
    ast.NamedExpr: TreeReader.walrus,
    ast.Await: TreeReader.await_,
    ast.Yield: TreeReader.yield_,
    ast.YieldFrom: TreeReader.yield_from,
}
if "TemplateStr" in vars(ast):  # Python 3.14
    EXPRESSIONS[vars(ast)["TemplateStr"]] = TreeReader.joined
    EXPRESSIONS[vars(ast)["Interpolation"]] = TreeReader.formatted
