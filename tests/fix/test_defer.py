"""Deferred imports: the exact text, and that it still works where Python runs it."""

from __future__ import annotations

import importlib
import sys
import textwrap
from pathlib import Path

import pytest
from deferring import FUTURE, deferred, run
from helpers import forget, importable

from flake8_forksafe.fix.defer import edits_of, import_at, plan
from flake8_forksafe.fix.text import Refused, Source
from flake8_forksafe.fix.uses import find_habits

REPAIRED = {
    "a function": (
        """\
        import heavy


        def check():
            return heavy.load()
        """,
        """\
        def check():
            import heavy

            return heavy.load()
        """,
    ),
    "below a docstring, comments kept": (
        '''\
        """About."""

        import os

        # it is slow
        import heavy  # noqa: TID253

        SIZE = 2


        def check():
            """Check.

            More.
            """
            # the first line
            return heavy.load(), os.sep
        ''',
        '''\
        """About."""

        import os

        SIZE = 2


        def check():
            """Check.

            More.
            """
            # it is slow
            import heavy  # noqa: TID253

            # the first line
            return heavy.load(), os.sep
        ''',
    ),
    "nested functions, lambdas, comprehensions, a generator": (
        """\
        import heavy


        def check():
            def inner():
                return (lambda: heavy.load())()

            class Local:
                size = heavy.T.size

            return [inner() for _ in range(heavy.T.size)], Local.size, list(more())


        def more():
            yield heavy.load()
        """,
        """\
        def check():
            import heavy

            def inner():
                return (lambda: heavy.load())()

            class Local:
                size = heavy.T.size

            return [inner() for _ in range(heavy.T.size)], Local.size, list(more())


        def more():
            import heavy

            yield heavy.load()
        """,
    ),
    "a function in one line": (
        """\
        import heavy

        def check(): return heavy.load()
        class K:
            def method(self): return heavy.load()
        """,
        """\
        def check():
            import heavy

            return heavy.load()
        class K:
            def method(self):
                import heavy

                return heavy.load()
        """,
    ),
    "isinstance and except": (
        """\
        import heavy


        def check():
            try:
                heavy.fail()
            except heavy.Err:
                return isinstance(heavy.T(), heavy.T)
        """,
        """\
        def check():
            import heavy

            try:
                heavy.fail()
            except heavy.Err:
                return isinstance(heavy.T(), heavy.T)
        """,
    ),
    "names of one statement, each where it is used": (
        """\
        from heavy import (
            T,
            load as start,
        )


        def check():
            return start(), size()


        def size():
            return T.size
        """,
        """\
        def check():
            from heavy import load as start

            return start(), size()


        def size():
            from heavy import T

            return T.size
        """,
    ),
    "several lines, all of them used": (
        """\
        from heavy import (
            T,
            load,
        )


        def check():
            return load(), T.size
        """,
        """\
        def check():
            from heavy import (
                T,
                load,
            )

            return load(), T.size
        """,
    ),
    "one of several modules": (
        """\
        import os, heavy, sys
        import json


        def check():
            return heavy.load(), os.sep, sys.maxsize, json.dumps(1)
        """,
        """\
        import os, sys
        import json


        def check():
            import heavy

            return heavy.load(), os.sep, sys.maxsize, json.dumps(1)
        """,
    ),
    "a sub-module": (
        """\
        import heavy.sub


        def check():
            return heavy.sub.load(), heavy.load()
        """,
        """\
        def check():
            import heavy.sub

            return heavy.sub.load(), heavy.load()
        """,
    ),
    "a sub-module under another name, beside other imports": (
        """\
        import heavy.sub as s


        def check():
            import json
            return s.load(), json.dumps(1)
        """,
        """\
        def check():
            import heavy.sub as s
            import json
            return s.load(), json.dumps(1)
        """,
    ),
    "a sub-module in two functions": (
        """\
        import heavy.sub


        def check():
            return other(), heavy.sub.load()


        def other():
            return heavy.sub.load()
        """,
        """\
        def check():
            import heavy.sub

            return other(), heavy.sub.load()


        def other():
            import heavy.sub

            return heavy.sub.load()
        """,
    ),
    "an annotation of a local variable": (
        """\
        from typing import TYPE_CHECKING

        import heavy


        def check():
            y: heavy.T = 3
            return y
        """,
        """\
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            import heavy


        def check():
            y: heavy.T = 3
            return y
        """,
    ),
    "shadowed by a parameter and by a local import": (
        """\
        import heavy


        def check():
            return heavy.load(), other(3), local()


        def other(heavy):
            return heavy


        def local():
            import heavy
            return heavy.load()
        """,
        """\
        def check():
            import heavy

            return heavy.load(), other(3), local()


        def other(heavy):
            return heavy


        def local():
            import heavy
            return heavy.load()
        """,
    ),
    "annotations that are not evaluated": (
        """\
        from __future__ import annotations

        import heavy


        def check(x: heavy.T | None = None) -> heavy.T:
            y: heavy.T = heavy.load()
            return y
        """,
        """\
        from __future__ import annotations

        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import heavy


        def check(x: heavy.T | None = None) -> heavy.T:
            import heavy

            y: heavy.T = heavy.load()
            return y
        """,
    ),
    "an annotation in quotes, TYPE_CHECKING at hand": (
        """\
        from typing import TYPE_CHECKING, cast

        import heavy


        def check(x: "heavy.T" = None):
            return cast("heavy.T", 4)
        """,
        """\
        from typing import TYPE_CHECKING, cast

        if TYPE_CHECKING:
            import heavy


        def check(x: "heavy.T" = None):
            return cast("heavy.T", 4)
        """,
    ),
    "a field of a dataclass": (
        """\
        from __future__ import annotations

        import dataclasses
        from typing import TYPE_CHECKING

        import heavy


        @dataclasses.dataclass
        class Point:
            x: heavy.T
            y: int = 1


        def check():
            return heavy.load(), str(Point(2)), [field.name for field in dataclasses.fields(Point)]
        """,
        """\
        from __future__ import annotations

        import dataclasses
        from typing import TYPE_CHECKING

        if TYPE_CHECKING:
            import heavy


        @dataclasses.dataclass
        class Point:
            x: heavy.T
            y: int = 1


        def check():
            import heavy

            return heavy.load(), str(Point(2)), [field.name for field in dataclasses.fields(Point)]
        """,
    ),
    "a decorated first statement, and a method": (
        """\
        import functools
        import heavy


        def check():
            # cached
            @functools.cache
            def inner():
                return heavy.load()

            return inner(), K().size()


        class K:
            async def later(self):
                pass

            def size(self):
                return heavy.T.size
        """,
        """\
        import functools


        def check():
            import heavy

            # cached
            @functools.cache
            def inner():
                return heavy.load()

            return inner(), K().size()


        class K:
            async def later(self):
                pass

            def size(self):
                import heavy

                return heavy.T.size
        """,
    ),
}


LAZY = """\
from typing import TYPE_CHECKING

import heavy

type X = list[heavy.T]


def check[T: heavy.T](x: T | None = None):
    return x, X.__name__
"""


@pytest.mark.usefixtures("heavy")
def test_type_statements_and_bounds_are_not_evaluated() -> None:
    after = deferred(LAZY)
    assert after == LAZY.replace("import heavy\n", "if TYPE_CHECKING:\n    import heavy\n", 1)
    if sys.version_info >= (3, 12):
        assert run(after) == (False, (None, "X"))


@pytest.mark.usefixtures("heavy")
@pytest.mark.parametrize("name", REPAIRED)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_repaired(name: str, newline: str) -> None:
    before, after = (textwrap.dedent(text).replace("\n", newline) for text in REPAIRED[name])
    assert deferred(before) == after
    loaded, result = run(before)
    assert loaded
    assert run(after) == (False, result)


@pytest.mark.parametrize("name", REPAIRED)
def test_nothing_is_left_to_do(name: str) -> None:
    after = textwrap.dedent(REPAIRED[name][1])
    lines = after.split("\n")
    line = next(number for number, line in enumerate(lines, 1) if "heavy" in line and "import" in line)
    source = Source("ai.py", after.encode())
    with pytest.raises(Refused):
        import_at(source, line, lambda name: True)


NAIVE_MOVES = {
    "isinstance and except": (
        "def start():\n    import heavy\n    heavy.fail()\n"
        "def check():\n    try:\n        start()\n    except heavy.Err:\n        return 1\n", NameError),
    "a sub-module in two functions": (
        "def more():\n    import heavy.sub\n    return heavy.sub.load()\n"
        "def check():\n    import heavy\n    return heavy.sub.load()\n", AttributeError),
}  # fmt: skip


@pytest.mark.usefixtures("heavy")
@pytest.mark.parametrize("name", NAIVE_MOVES)
def test_what_a_naive_move_of_a_repaired_import_would_do(name: str) -> None:
    assert name in REPAIRED
    naive, error = NAIVE_MOVES[name]
    with pytest.raises(error):
        run(naive)


def test_a_move_undoes_a_circle_of_imports(tmp_path: Path) -> None:
    one, two = (
        "from two import second\ndef first(): return second()\n",
        "from one import first\ndef second(): return 2\n",
    )
    (tmp_path / "one.py").write_text(one)
    (tmp_path / "two.py").write_text(two)
    with importable(tmp_path, "one", "two"):
        with pytest.raises(ImportError):
            importlib.import_module("one")
        forget("one", "two")
        source = Source("one.py", one.encode())
        found = plan(source, import_at(source, 1, lambda name: True), find_habits(source), lambda name: False)
        (tmp_path / "one.py").write_bytes(source.edited(edits_of(source, [found])))
        assert importlib.import_module("one").first() == 2


def test_what_is_not_safe_is_told() -> None:
    text = f"{FUTURE}from heavy import (  # two\n    T,\n    load,\n)\ndef f(x: T): return load()\n"
    source = Source("ai.py", text.encode())
    found = plan(source, import_at(source, 2, lambda name: True), find_habits(source), lambda name: False)
    assert [doubt.split(",")[0] for doubt in found.doubts] == [
        "annotations name it", "a comment inside the statement is lost"
    ]  # fmt: skip


BYTES = {
    "a byte order mark": b"\xef\xbb\xbfimport heavy\ndef f(): return heavy\n",
    "latin-1": b"# coding: latin-1\nimport heavy\nX = '\xe9'\ndef f(): return heavy\n",
    "no newline at the end": b"import heavy\ndef f(): return heavy",
    "tabs": b"import heavy\ndef f():\n\treturn heavy\n",
    "mixed line ends": b"import heavy\ndef f():\n    x = 1\r\n    return heavy\n",
}


@pytest.mark.parametrize("name", BYTES)
def test_other_bytes_stay(name: str) -> None:
    content = BYTES[name]
    source = Source("ai.py", content)
    line = content[: content.index(b"import heavy")].count(b"\n") + 1
    found = plan(source, import_at(source, line, lambda name: True), find_habits(source), lambda name: False)
    new = source.edited(edits_of(source, [found]))
    added = {b"    import heavy", b"\timport heavy", b"    return heavy", b"def f():", b""}
    before, after = ([line.rstrip(b"\r") for line in part.split(b"\n")] for part in (content, new))
    assert b"import heavy" not in [line.lstrip(b"\xef\xbb\xbf") for line in after]
    assert {*after} - {*before} <= added | {before[0].replace(b"import heavy", b"") + b"def f():"}
    assert new.startswith(b"\xef\xbb\xbf") is content.startswith(b"\xef\xbb\xbf")
    compile(new, "ai.py", "exec")
