"""The imports of a text: all that Python has, with those in functions told apart."""

from __future__ import annotations

import ast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flake8_forksafe.source.written_imports import (
    GUESSED,
    MOST_IMPORTS,
    WrittenImport,
    _guesses,
    guessed_imports,
    written_imports,
)

TEXT = '''\
"""
import docstring
"""
import a, b.c as d
from . import e
from ..f.g import (  # (not b)
    h,
    i as j,
)
if TYPE_CHECKING:
    import never
else:
    import k
try:
    from l import *
except ImportError:
    pass


class C:
    import m

    def method(self):
        x = """
        import text
        """
        import n; import o
        def inner():
            # import comment
            from .p \\
                import q
        importlib.import_module("r.s")


async def one_line(): from t import u
if __name__ == "__main__":
    import program
'''


def by_cpython(text: str) -> set[tuple[int, bool, str, tuple[str, ...]]]:
    """The imports by ``ast``, those left out that nothing executes."""
    found = set()

    def visit(node: ast.AST, in_function: bool) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test).startswith(("TYPE_CHECKING", "__name__")):
            for child in node.orelse:
                visit(child, in_function)
            return
        if isinstance(node, ast.Import):
            found.add((node.lineno, in_function, "", tuple(one.name for one in node.names)))
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            found.add((node.lineno, in_function, source, tuple(one.name for one in node.names)))
        for child in ast.iter_child_nodes(node):
            visit(child, in_function or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))

    visit(ast.parse(text), False)
    return found


def test_all_that_python_has() -> None:
    found = {tuple(WrittenImport.unpacked(one)) for one in written_imports(TEXT.encode())}
    dynamic = {one for one in found if one[3] == ("r.s",)}
    assert found - dynamic == by_cpython(TEXT)
    assert [one[1] for one in dynamic] == [True]


def test_the_guess_misses_nothing() -> None:
    exact = {
        (one.source, name) for one in map(WrittenImport.unpacked, written_imports(TEXT.encode())) for name in one.names
    }
    guess = {
        (one.source, name) for one in map(WrittenImport.unpacked, guessed_imports(TEXT.encode())) for name in one.names
    }
    everything = {source for source, name in guess if name == "*"}
    assert {one for one in exact if one[0] not in everything} <= guess


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"def f(:\n", b"import\n", b"from import x\n", b"import (\n", b"\0"]
)
def test_what_is_no_program(content: bytes) -> None:
    assert written_imports(content) == []
    guessed_imports(content)


@pytest.mark.parametrize(
    "piece", ["from a import (", "import ", ":::::   ", "import_module( ", "from . . . import x\n", "import a;", "(  "]
)
def test_a_large_file_of_what_begins_an_import(piece: str) -> None:
    """Were a piece compared with all that follow it, this would take minutes."""
    guessed_imports((piece * 100_000).encode())


def test_a_generated_file_has_no_end() -> None:
    content = b"import a\n" * (MOST_IMPORTS + 10)
    assert len(written_imports(content)) == len(guessed_imports(content)) == MOST_IMPORTS


PIECES = ["import", "import ", "from ", "a", ".b ", "\n", "\\\n", *";: \t()#,", "(\n", "from a import (b,\n c)"]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@example("if a: import b; import c\nfrom d \\\n import e")
def test_the_short_way_to_guesses_finds_what_the_pattern_does(text: str) -> None:
    assert [match.span() for match in _guesses(text)] == [match.span() for match in GUESSED.finditer(text)]
