"""Function bodies are cut out where they begin and end, and every statement is found at its place."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from oracle import disagreement, whole

from flake8_forksafe.source.collector import collect
from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.scanner import Line, Piece, Scanner
from flake8_forksafe.source.text import Unreadable

TRICKY = {
    "a string that looks like code": '''\
        def f():
            return """
        def g():
            pass
        """
        x = 1
        ''',
    "a string of the other kind in it": """\
        def f():
            x = \"\"\"
        it's
        ''' \"\"\"
            return x
        y = 2
        """,
    "a quote in a comment": '''\
        def f():
            x = 1  # """
            y = """
        z = 0
        """
        x = 1
        ''',
    "brackets that go on at the margin": """\
        def f():
            x = [
        1, 2,
        ]
            return x
        y = 2
        """,
    "a bracket in a string that evens another out": """\
        def f():
            x = ["]",
        1]
            return x
        y = 2
        """,
    "a line that goes on": """\
        def f():
            x = 1 + \\
        2
            return x
        y = 3
        """,
    "comments at the margin": """\
        def f():
        # one
            # two

            return 1
        # three

            # four
        y = 3
        """,
    "a header of several lines": """\
        @decorated(lambda: 0)
        async def f(
            a: dict[str, int] = {"x:": 1},  # a comment :
            *, b=lambda c: (c, ":"),
        ) -> "a: b":  # so
            '''Says it.'''
            @inner
            def g(): pass
            return g
        """,
    "bodies on the line of the header": """\
        def f(): return 1
        def g(): x = 1; return x
        class C:
            def h(self): ...
            def i(self):
                pass
        """,
    "functions in functions and classes": """\
        class C:
            x = 1
            def f(self):
                def g():
                    class D:
                        def h(self):
                            pass
                return g
            y = 2
            if x:
                def k(self):
                    return 3
            else:
                z = 4
        """,
    "one after the other": """\
        def f():
            pass
        def g():
            pass



        def h():
            pass""",
    "a name that only begins so": """\
        default = 1
        def_ = 2
        x = {"def f():": 3}
        """,
    "raw strings and escapes": r"""
        def f():
            return r"\"(", '\'(', "\\"
        x = r'\d"['
        def g():
            return b"(" b')'
        y = "\
        def z():"
        """,
    "no more text": """\
        def f():
            return 1""",
}


@pytest.mark.parametrize("text", TRICKY.values(), ids=TRICKY.keys())
def test_what_is_cut_is_what_the_whole_tree_says(text: str) -> None:
    text = dedent(text)
    assert disagreement(collect(text), whole(text), text) is None


@pytest.mark.parametrize("text", TRICKY.values(), ids=TRICKY.keys())
def test_counting_and_following_agree(text: str) -> None:
    text = dedent(text)
    followed = list(Scanner(text, careful=True).lines())
    try:
        counted = list(Scanner(text).lines())
    except Unreadable:  # a bracket in a string evened another out, which shows
        return
    assert counted == followed


ROOT = Path(__file__).parents[2]
OWN = [path for directory in ("flake8_forksafe", "tests") for path in sorted((ROOT / directory).rglob("*.py"))]


@pytest.mark.parametrize("paths", [OWN[::8], pytest.param(OWN, marks=pytest.mark.slow)], ids=["some", "all"])
def test_own_source(paths: list[Path]) -> None:
    assert len(paths) > 40
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert disagreement(collect(text), whole(text), text) is None, path


def test_lines_with_their_places() -> None:
    text = "import a; x = (1,  # one\n  2)\n\n@b\ndef f(c): # so\n    # so\n    y = 1\n\nif x: y; z = lambda: 0\n"
    assert list(Scanner(text, 10).lines()) == [
        Line(0, "", (Piece(10, 0, "import a"), Piece(10, 10, "x = (1,   2)"))),
        Line(0, "@", (Piece(13, 1, "b"),)),
        Line(0, "def", (Piece(14, 0, "def f(c)"),), True, CutBody(16, 16)),
        Line(0, "if", (Piece(18, 0, "if x"), Piece(18, 6, "y"), Piece(18, 9, "z = lambda: 0"))),
    ]


def test_bodies_are_read_where_that_is_asked_for() -> None:
    lines = list(Scanner("def f():\n  import a\n", with_bodies=True).lines())
    assert lines == [Line(0, "def", (Piece(1, 0, "def f()"),), True), Line(2, "", (Piece(2, 2, "import a"),))]


@pytest.mark.parametrize(("text", "texts"), [
    ("match = 1\n", ["match = 1"]),
    ("match x:\n  case [1]: y\n", ["match x", "case [1]", "y"]),
    ("case[1]: int = 3\n", ["case[1]: int = 3"]),
    ("if lambda: 0: x\n", ["if lambda: 0", "x"]),
    ("if (y := 1): x\n", ["if (y := 1)", "x"]),
    ("if y := 1: x\n", ["if y := 1", "x"]),
    ('if"a": x\n', ['if"a"', "x"]),
    ("x = f'{a[\"b\"]}' # c\n", ["x = f'{a[\"b\"]}'"]),
    ('x = f"{a["("]}" # c\n', ['x = f"{a["("]}"']),
    ('x = f"{a:{b}}{{"\n', ['x = f"{a:{b}}{{"']),
    ("x = rf'\\{a}'\n", ["x = rf'\\{a}'"]),
    ("x = f'\\N{DASH}{a}'\n", ["x = f'\\N{DASH}{a}'"]),
    ("x = 1 + \\\n  2\n", ["x = 1 +  2"]),
    ("x = 1;\n", ["x = 1"]),
    ("else_ = 1\n", ["else_ = 1"]),
])  # fmt: skip
def test_texts(text: str, texts: list[str]) -> None:
    assert [piece.text for line in Scanner(text).lines() for piece in line.pieces] == texts


@pytest.mark.parametrize(("text", "reason", "line"), [
    ("x = 1\ny = (\ndef f():\n    pass\n", "never closed", 2),
    ("x = )\n", "unmatched", 1),
    ("x = (\n]\n", "unmatched", 2),
    ("x = '\n", "unterminated string", 1),
    ("\nx = f'{a\n", "unterminated string", 2),
    ("def f():\npass\n", "expected an indented block", 2),
    ("def f():\n    x = (\n", "never closed", 2),
    ("def f():\n    '\n'''\n", "unterminated string", 2),
    ("x = \\ 1\n", "line continuation", 1),
    ("if x\n  y\n", "expected ':'", 1),
    ("x = " + "(" * 201 + ")" * 201, "nested too deeply", 1),
])  # fmt: skip
def test_what_is_no_python(text: str, reason: str, line: int) -> None:
    with pytest.raises(Unreadable, match=reason) as caught:
        list(Scanner(text, careful=True).lines())
    assert caught.value.line == line


@pytest.mark.parametrize("statement", [
    "x = (]", "x: (] = 1", "x: (]", "def f(a: (]): pass", "def f(a) -> (]: pass", "class C(]: pass", "'a' (]",
    "@(]\nclass C: pass", "if (]: pass", "for x in [): pass", "f(a, [b)", "x = {(1, 2]}",
])  # fmt: skip
def test_brackets_of_two_kinds_are_a_syntax_error(statement: str) -> None:
    """On one line the parser finds them, not the scanner."""
    with pytest.raises(Unreadable) as caught:
        collect(f"import a\n{statement}\n")
    assert caught.value.line in (2, 3)


def test_what_nobody_calls_may_be_broken() -> None:
    (function, after) = collect("def f():\n    x = = 1\nimport a\n")
    assert function.line == 1 and after.line == 3
