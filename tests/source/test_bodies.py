"""Function bodies are cut out where they begin and end, or not at all."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest
from oracle import disagreement, whole

from flake8_forksafe.source.bodies import without_bodies
from flake8_forksafe.source.collector import collect
from flake8_forksafe.source.cut import Cut

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
DECEIVING = {"a quote in a comment", "a bracket in a string that evens another out"}
"""Where counting goes wrong, which shows, and the whole text is parsed."""


@pytest.mark.parametrize("text", TRICKY.values(), ids=TRICKY.keys())
def test_what_is_cut_is_what_the_whole_tree_says(text: str) -> None:
    text = dedent(text)
    assert disagreement(collect(text), whole(text), text) is None


@pytest.mark.parametrize("name", sorted(TRICKY.keys() - DECEIVING))
def test_what_is_cut_leaves_as_many_lines(name: str) -> None:
    text = dedent(TRICKY[name])
    short = without_bodies(text)
    assert short is not None and short[0].count("\n") == text.count("\n")
    ast.parse(short[0])


ROOT = Path(__file__).parents[2]
OWN = [path for directory in ("flake8_forksafe", "tests") for path in sorted((ROOT / directory).rglob("*.py"))]


def test_own_source() -> None:
    assert len(OWN) > 200
    for path in OWN:
        text = path.read_text(encoding="utf-8")
        assert disagreement(collect(text), whole(text), text) is None, path


def test_bodies_by_their_lines() -> None:
    text = "import a\n\ndef f():\n    # so\n    x = 1\n    return x\n\n\ndef g(): pass\nclass C:\n  def h(s):\n    1\n"
    short = without_bodies(text)
    assert short is not None
    assert (
        short[0] == "import a\n\ndef f():\n    # so\n    pass\n\n\n\ndef g(): pass\nclass C:\n  def h(s):\n    pass\n"
    )
    assert short[1] == {3: Cut(5, 6), 11: Cut(12, 12)}


@pytest.mark.parametrize("text", [
    "x = (\ndef f():\n    pass\n", "x = )\ndef f():\n    pass\n", "x = '\ndef f():\n    pass\n", "def f(:\n    pass\n",
    "def f():\npass\n", "def f(\n", "def f():\n    x = (\n", 'def f():\n    x = """\n', "x = [\n",
    "def f():\n    '\n'''\n",
])  # fmt: skip
def test_what_is_odd_is_left_to_the_parser(text: str) -> None:
    assert without_bodies(text) is None


def test_what_nobody_calls_may_be_broken() -> None:
    (function, after) = collect("def f():\n    x = = 1\nimport a\n")
    assert function.line == 1 and after.line == 3
