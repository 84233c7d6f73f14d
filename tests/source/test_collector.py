"""Facts of a text: every kind of statement, syntax newer than the interpreter, what is too much, what is no Python."""

from __future__ import annotations

import pytest
from oracle import disagreement, whole

from flake8_forksafe.source import facts
from flake8_forksafe.source.collector import collect, collect_body, imports, known_here
from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.facts import Fact
from flake8_forksafe.source.text import Lines, Unreadable

OLDER = """\
import json
from os import path as p, sep
@one(1)
@two
def f(a, /, b: int = 2, *c, d=3, **e) -> str:
    '''Says it.'''
    import csv
    return csv
class C(B, metaclass=M):
    def g(self):
        return self
    @property
    async def h(self): return 1
try:
    x = [*a, f"{b!r:>{c}} {d=}", b"1" b"2", "3" "4"][1:2, ::3] if not -y else (lambda z, *, w=1: z)
except ValueError:
    x: int = {**a, 'b': {1, 2}}
for i in range(3):
    x += i @ 2 < 3 < 4 or i and i
else:
    del x, y[0]
with open(a) as b, c:
    pass
match x:
    case 1 | 2:
        pass
    case {"a": b, **rest} if rest:
        pass
while (n := next(it)):
    if n: break
    elif m: continue
    else: raise E from None
µ.ſ = ﬁ(ﬀ=1)
assert all(i async for i in x if i), {k: v for k in x for v in k}
"""


FUNCTION = "def f():\n    # so\n\n    return 1\nx = 1"


def collected(block: object, text: str) -> object:
    """Facts with every body that was cut out."""
    if isinstance(block, CutBody):
        return collected(collect_body(Lines(text), block), text)
    if isinstance(block, Fact):
        return type(block)(*(collected(getattr(block, name), text) for name in block.__struct_fields__))
    return tuple(collected(part, text) for part in block) if isinstance(block, tuple) else block


def test_every_kind_of_statement() -> None:
    assert disagreement(collect(OLDER), whole(OLDER), OLDER) is None


@pytest.mark.parametrize("text", [
    "f(k=g(), *h(), **i)", "x[1,]", "x[*a]", "x[a:b, c]", "x = f'{d=} {d = !s} {d=:>3} {d!r}'", "µ = ﬁ",
    "x = 'a' \"b\" f'{c}' 'd\\n'", "x = b'a' b'\\x00'", "x = 1_000, 0xFF, 1e3, 2j, 0b1_0", "x = rf'\\{a}\\d'",
    'x = f"""\\\n"{b}" c"""', "@a.b(c)\n@d\nclass C: x = 1; y = 2", "x: int = 1; y: int",
    "async def f():\n  async with a as b, c: await d\n  async for e in f: yield\n  return [g async for g in h]",
    "try: a\nexcept* (B, C) as d: e\nelse: f\nfinally: g", "if a: b\nelif c: d\nelse: e",
    "while a: break\nelse: continue", "for a, *b in c: d\nelse: e", "with (a as b, c): d", "with (a): b",
    "match a, b:\n case [c, *d] | {'e': f, **g} if h: i\n case A.b: j\n case None | -1: k\n case _ as l: m",
    "match a:\n case C(n, o=p): q", "global a, b", "del a, b[c]\ndel (d, e)", "assert a, b", "raise a from b",
    "lambda a, /, b=1, *c, d, e=2, **f: g", "a = b = c\na @= d\na //= e", "print(a := 1)",
    "x = (yield), (yield a), (yield from b)", "class C(A, metaclass=B, **k): 'Doc.'",
    "if a:\n\tb\n\tif c:\n\t\td\ne", "x = not a and b or c < d <= e is not f not in g",
    "def f(): return 1", "x = ...\n...\n1\n'a'\n'a' 'b'", "\x0cx = 1\n\x0cdef f():\n\x0c  pass",
    "import a.b as c, d\nfrom ..e import (f as g, h,)\nfrom . import *\nfrom .i.j import k",
])  # fmt: skip
def test_what_ast_says(text: str) -> None:
    assert disagreement(collect(text), whole(text), text) is None


@pytest.mark.parametrize(("newer", "older"), [
    ("lazy import json", "import json"),
    ("try:\n    pass\nexcept A, B:\n    x = 1", "try:\n    pass\nexcept (A, B):\n    x = 1"),
    (f"lazy from a import b\n{FUNCTION}", f"from a import b\n{FUNCTION}"),
])  # fmt: skip
def test_newer_syntax(newer: str, older: str) -> None:
    expected = collected(collect(older), older)
    found = collected(collect(newer), newer)
    assert str(found).replace("lazy=True", "lazy=False") == str(expected)


def test_a_lazy_import_is_one() -> None:
    (statement,) = collect("lazy import json\n")
    assert isinstance(statement, facts.Import) and statement.lazy


def test_bodies_are_cut_out_of_newer_syntax_too() -> None:
    _, function = collect("lazy import json\ndef f():\n    x = = 1\n")
    assert isinstance(function, facts.Define) and function.body == CutBody(3, 3)


@pytest.mark.parametrize(("newer", "older"), [
    ("type X[T = int] = list[T]\nx = 1", "\nx = 1"),
    ("class C[T: (int, str) = int, *Ts, **P](B):\n x = 1", "class C(B):\n x = 1"),
    ("def f[T](a: T = 1) -> T:\n return a", "def f(a=1):\n return a"),
    ("x = t'{a}b'", "x = f'{a}b'"),
    ("x = f'{a['b']}'", "x = f'{a[\"b\"]}'"),
])  # fmt: skip
def test_the_same_with_every_python(newer: str, older: str) -> None:
    assert collect(newer) == collect(older)


@pytest.mark.parametrize(("text", "reason", "line"), [
    ("x = 1\nlazy import json\ny = = 2\n", "invalid syntax", 3),
    ("x = 1\n  y = 2\n", "unexpected indent", 2),
    ("if x:\n    y\n  z\n", "unindent", 3),
    ("if x:\ny\n", "expected an indented block after 'if'", 2),
    ("else: x\n", "invalid syntax", 1),
    ("else x: y\n", "invalid syntax", 1),
    ("try: x\ny\n", "expected 'except' or 'finally'", 1),
    ("@x\ny = 1\n", "invalid syntax", 2),
    ("@x\n", "invalid syntax", 1),
    ("x = '\\N{no such}'\n", "unicode", 1),
    ("print 'x'\n", "invalid syntax", 1),
    ("match x:\n  y\n", "indented block after 'match'", 1),
    ("x;;y\n", "invalid syntax", 1),
])  # fmt: skip
def test_what_is_no_python(text: str, reason: str, line: int) -> None:
    with pytest.raises(Unreadable, match=reason) as caught:
        collect(text)
    assert caught.value.line == line


@pytest.mark.parametrize("value", [
    "+".join(["a"] * 20_000), "-" * 20_000 + "a", "not " * 20_000 + "a", "a" + ".b" * 20_000, "a" + "()" * 20_000,
    "a if b else " * 20_000 + "a", "lambda: " * 20_000 + "a", "await " * 20_000 + "a", "a and " * 20_000 + "a",
    "[" + ", ".join(["1"] * 20_000) + "]", "{" + "'a': 1, " * 10_000 + "}",
], ids=["plus", "minus", "not", "dot", "call", "else", "lambda", "await", "and", "list", "dict"])  # fmt: skip
def test_what_is_generated_is_left_out(value: str) -> None:
    before, table, after = collect(f"import a\nx = {value}\nimport b\n")
    assert table == facts.Assign(2, 0, (facts.Name("x"),), facts.Opaque())
    assert (before.line, after.line) == (1, 3)
    header, _ = collect(f"if {value}: y\nz\n")
    assert isinstance(header, facts.If) and header.test == facts.Opaque() and header.body != ()


def test_an_argument_that_is_left_out_leaves_the_call() -> None:
    (call,) = collect(f"register(a, [{'1, ' * 30_000}], key={'b + ' * 400}c)\n")
    assert isinstance(call, facts.Evaluate) and isinstance(call.value, facts.Call)
    first, table, key = call.value.arguments
    assert (first.value, table.value, key) == (facts.Name("a"), facts.Opaque(), facts.Argument(facts.Opaque(), "key"))


def test_nested_patterns_take_no_time() -> None:
    (match,) = collect("match x:\n case " + "[" * 100 + "a" + "]" * 100 + ": y\n")
    assert isinstance(match, facts.Match) and isinstance(match.cases[0].pattern, facts.Opaque)


def test_each_text_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from flake8_forksafe.source import visitor

    parse, parsed = visitor.parse, []

    def counted(keyword: str, text: str) -> object:
        parsed.append((keyword, text))
        return parse(keyword, text)

    monkeypatch.setattr(visitor, "parse", counted)
    known_here().templates.clear()
    collect("x = once\nx = once\ndef f(a): pass\ndef g(a): pass\n")
    collect("\nif y:\n  x = once\n")
    assert parsed == [("", "x = once"), ("def", "def _(a)"), ("if", "if y")]


def test_nothing_is_read_without_the_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(keyword: str, text: str) -> object:
        raise SyntaxError("no visitor")

    monkeypatch.setattr("flake8_forksafe.source.visitor.parse", broken)
    known_here().templates.clear()
    for text in ("import a", "x = 1", "def f(): pass", "class C: pass"):
        with pytest.raises(Unreadable, match="no visitor"):
            collect(text)
    known_here().templates.clear()


def test_imports_with_the_functions_they_stand_in() -> None:
    text = (
        "import a\nclass C:\n  def f(self):\n    if x: from .b import c\n  import d; import e\ndef g(): import h\nz\n"
    )
    assert [(statement.line, statement.column, scope) for statement, scope in imports(text)] == [
        (1, 0, ""), (4, 10, "C.f"), (5, 2, "C"), (5, 12, "C"), (6, 9, "g"),
    ]  # fmt: skip


@pytest.mark.parametrize("field", ["x = # c\n  ", "x # c\n = ", "( # c\n x) = ", "'#' + x = # c\n "])
def test_the_text_of_a_field_has_no_comments(field: str) -> None:
    (statement,) = collect(f"y = f'''{{{field}}}'''\n")
    texts = [part.value for part in statement.value.parts if isinstance(part, facts.Constant)]
    assert texts == [field.replace("# c", "")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 1",
        "if a:\n    b\nelif c:\n    d\nelse:\n    e\n",
        "for a in b:\n    c\n",
        "while a:\n    b\nelse:\n    c\n",
        "try:\n    a\nexcept B:\n    b\n",
        "try:\n    a\nexcept B:\n    b\nelse:\n    c\nfinally:\n    d\n",
        "with a:\n    def f():\n        b\n        return c\n",
        "match a:\n    case 1:\n        b\n    case _:\n        c\n",
        "class C:\n    @d\n    def f(self):\n        'says it'\n        return 1\n",
    ],
)
def test_how_long_a_text_is(text: str) -> None:
    assert facts.last_line(collect(text)) == len(text.splitlines())
