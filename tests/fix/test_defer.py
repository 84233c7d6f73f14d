"""Deferred imports: the exact text, that it still works where Python runs it, and what is refused.

``heavy`` stands for a package that is costly to import.  Every text has a function ``check``, whose result stays.
"""

from __future__ import annotations

import importlib
import sys
import textwrap
import types
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from helpers import forget, importable

from flake8_forksafe.fix.defer import edits_of, import_at, plan
from flake8_forksafe.fix.text import Refused, Source
from flake8_forksafe.fix.uses import find_habits

HEAVY = """
import typing

class T:
    size = 3

class Err(Exception):
    pass

def load():
    return 7

def fail():
    raise Err
"""


def deferred(text: str, runs: tuple[str, ...] = ()) -> str:
    """A text whose import of ``heavy`` is deferred.

    :raises Refused: if it cannot be.
    """
    source = Source("ai.py", text.encode())
    lines = text.replace("\r\n", "\n").split("\n")
    line = next(number for number, line in enumerate(lines, 1) if "heavy" in line and "import" in line)
    what = import_at(source, line, lambda name: name.partition(".")[0] == "heavy")
    found = plan(source, what, find_habits(source), runs.__contains__)
    return source.edited(edits_of(source, [found])).decode()


@pytest.fixture
def heavy(tmp_path: Path) -> Iterator[None]:
    package = tmp_path / "heavy"
    package.mkdir()
    (package / "__init__.py").write_text(HEAVY)
    (package / "sub.py").write_text("def load():\n    return 8\n")
    with importable(tmp_path, "heavy", "ai"):
        yield


def run(text: str) -> tuple[bool, object]:
    """Whether importing a module loads ``heavy``, and what its ``check()`` returns."""
    forget("heavy", "ai")
    module = types.ModuleType("ai")
    sys.modules["ai"] = module
    exec(compile(text, "ai.py", "exec", dont_inherit=True), vars(module))
    loaded = "heavy" in sys.modules
    return loaded, module.check()


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


FUTURE = "from __future__ import annotations\n"
REFUSED = {
    "a base class": ("import heavy\nclass K(heavy.T): pass\n", "when the module is imported, in line 2"),
    "a decorator": ("import heavy\n@heavy.T\ndef f(): pass\n", "in line 2"),
    "a default": ("import heavy\ndef f(x=heavy.T): pass\n", "in line 2"),
    "an expression": ("import heavy\nSIZE = heavy.T.size\n", "in line 2"),
    "a class's value": ("import heavy\nclass K:\n    size = heavy.T.size\n", "in line 3"),
    "an alias of a type": ("import heavy\nX = list[heavy.T]\n", "in line 2"),
    "an annotation": ("import heavy\ndef f(x: heavy.T): pass\n", "annotation that is evaluated, in line 2"),
    "an annotation of a class": ("import heavy\nclass K:\n    x: heavy.T\n", "that is evaluated, in line 3"),
    "unused": ("import heavy\n", "is not used in the file"),
    "global": ("import heavy\ndef f():\n    global heavy\n    heavy = 1\ndef g(): return heavy\n",
               "declares 'heavy' global"),
    "global, read only": ("import heavy\ndef f():\n    global heavy\n    return heavy\n", "declares 'heavy' global"),
    "globals()": ("import heavy\ndef check(): return heavy, globals()['heavy']\n", "globals() in line 2"),
    "vars()": ("import heavy\ndef f(): return heavy\ndef check(): return vars()['heavy']\n", "vars() in line 3"),
    "eval": ("import heavy\ndef f(): return heavy\ndef check(): return eval('heavy.load()')\n", "eval() in line 3"),
    "__all__": ("import heavy\n__all__ = ['heavy']\ndef f(): return heavy\n", "__all__"),
    "bound twice": ("import heavy\nimport heavy.sub\ndef check(): return heavy.sub\n", "is also bound in line 2"),
    "bound by a fallback": ("import heavy\nif 0:\n    heavy = None\ndef f(): return heavy\n", "bound in line 3"),
    "inside try": ("try:\n    import heavy\nexcept ImportError:\n    heavy = None\n", "inside 'try'"),
    "inside if": ("if True:\n    import heavy\ndef f(): return heavy\n", "inside 'if'"),
    "two statements in a line": ("import os; import heavy\ndef f(): return heavy\n", "other statements"),
    "a star import": ("from heavy import *\ndef check(): return load()\n", "star import"),
    "a lambda at the top": ("import heavy\nf = lambda: heavy.load()\ncheck = f\n", "in line 2"),
    "a lambda in a class": ("import heavy\nclass K:\n    f = lambda self: heavy.load()\ndef check(): return K().f()\n",
                            "in line 3"),
    "a compiled function": ("import heavy\nimport numba\n@numba.njit\ndef f(): return heavy.load()\n", "@njit"),
    "get_type_hints": (
        "from __future__ import annotations\nimport typing\nimport heavy\ndef f(x: heavy.T): return heavy\n"
        "def check(): return typing.get_type_hints(f)\n", "which get_type_hints evaluates"),
    "inspect.signature": (
        "from __future__ import annotations\nimport inspect\nimport heavy\ndef f(x: heavy.T): return heavy\n"
        "def check(): return inspect.signature(f, eval_str=True)\n", "which signature evaluates"),
    "singledispatch": (
        "from __future__ import annotations\nimport functools\nimport heavy\n@functools.singledispatch\n"
        "def f(x): return heavy\ndef check():\n    @f.register\n    def g(x: heavy.T): pass\n    return heavy\n"
        "def h(x: heavy.T): pass\n", "singledispatch evaluates"),
    "a model of pydantic": (
        f"{FUTURE}import pydantic\nimport heavy\nclass M(pydantic.BaseModel):\n    x: heavy.T\n"
        "def f(): return heavy\n", "which pydantic evaluates"),
    "a route of FastAPI": (
        f"{FUTURE}from fastapi import FastAPI\nimport heavy\napp = FastAPI()\n@app.post('/')\n"
        "def f(x: heavy.T): return heavy\n", "which fastapi evaluates"),
    "a task with pydantic=True": (
        "from __future__ import annotations\nfrom proj import app\nimport heavy\n@app.task(pydantic=True)\n"
        "def f(x: heavy.T): return heavy\n", "which pydantic=True evaluates"),
    "dir()": ("import heavy\ndef f():\n    heavy\n    return dir()\n", "dir() in line 4"),
    "a docstring in one line": ("import heavy\ndef f(): 'doc'; return heavy\n", "beside the docstring"),
    "a statement beside the docstring": ("import heavy\ndef f():\n    'doc'; x = 1\n    return heavy\n", "docstring"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    text, reason = REFUSED[name]
    with pytest.raises(Refused) as refusal:
        deferred(text)
    assert reason in str(refusal.value)


TYPED = f"{FUTURE}import {{}}\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import heavy\n"
NAIVE = {
    **{name: ("\n".join(REFUSED[name][0].splitlines()[1:]), NameError) for name in (
        "a base class", "a decorator", "a default", "an expression", "a class's value", "an alias of a type",
        "an annotation", "an annotation of a class", "a star import", "a lambda at the top", "a lambda in a class")},
    "globals()": ("def check():\n    import heavy\n    return heavy, globals()['heavy']\n", KeyError),
    "vars()": ("def f():\n    import heavy\n    return heavy\ndef check(): return f(), vars()['heavy']\n", KeyError),
    "eval": ("def f():\n    import heavy\n    return heavy\ndef check(): return eval('heavy.load()')\n", NameError),
    "get_type_hints": (
        TYPED.format("typing") + "def f(x: heavy.T): pass\ndef check(): return typing.get_type_hints(f)\n", NameError),
    "inspect.signature": (
        TYPED.format("inspect") + "def f(x: heavy.T): pass\n"
        "def check(): return inspect.signature(f, eval_str=True)\n", NameError),
    "singledispatch": (
        TYPED.format("functools") + "@functools.singledispatch\ndef f(x): pass\ndef check():\n    @f.register\n"
        "    def g(x: heavy.T): pass\n", NameError),
}  # fmt: skip


@pytest.mark.usefixtures("heavy")
@pytest.mark.parametrize("name", NAIVE)
def test_what_a_naive_change_would_do(name: str) -> None:
    naive, error = NAIVE[name]
    if name.startswith("an annotation") and sys.version_info >= (3, 14):
        pytest.skip("annotations are evaluated when they are asked for (PEP 649)")
    assert name in REFUSED
    compile(REFUSED[name][0], "ai.py", "exec")
    with pytest.raises(error):
        run(naive if "check" in naive else f"{naive}\ndef check(): pass\n")


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


@pytest.mark.usefixtures("heavy")
def test_a_naive_move_hides_what_a_function_assigns() -> None:
    before = "import heavy\ndef put():\n    global heavy\n    heavy = 1\ndef check():\n    put()\n    return heavy\n"
    naive = before.removeprefix("import heavy\n").replace("    return", "    import heavy\n    return")
    assert run(before)[1] == 1 != run(naive)[1]
    with pytest.raises(Refused, match="declares 'heavy' global"):
        deferred(before)


MOVED = "def check():\n    import heavy\n    return heavy.load()\n"
OTHERS = {
    "from mod import name": ("from ai import heavy\n", ImportError),
    "an attribute": ("import ai\nai.heavy\n", AttributeError),
    "a star": ("from ai import *\nheavy\n", NameError),
    "mock.patch": ("from unittest import mock\nwith mock.patch('ai.heavy'): pass\n", AttributeError),
    "monkeypatch": ("import ai, pytest\npytest.MonkeyPatch().setattr(ai, 'heavy', None)\n", AttributeError),
}


@pytest.mark.usefixtures("heavy")
@pytest.mark.parametrize("name", OTHERS)
def test_what_others_lose_by_a_naive_move(name: str) -> None:
    """Each is a reference that :mod:`flake8_forksafe.fix.references` finds, so that the import stays."""
    text, error = OTHERS[name]
    run(f"import heavy\n{MOVED}")
    exec(compile(text, "use.py", "exec"), {})
    run(MOVED)
    with pytest.raises(error):
        exec(compile(text, "use.py", "exec"), {})


@pytest.mark.usefixtures("heavy")
def test_a_patch_that_creates_its_name_has_no_effect_after_a_move() -> None:
    text = "from unittest import mock\nimport ai\nwith mock.patch('ai.heavy', create=True): told = ai.check()\n"
    told: dict[str, object] = {}
    run(f"import heavy\n{MOVED.replace('    import heavy', '')}")
    exec(text, told)
    assert isinstance(told["told"], mock.Mock)
    run(MOVED)
    exec(text, told)
    assert told["told"] == 7, "the real code ran"


@pytest.mark.usefixtures("heavy")
def test_a_stand_in_among_the_modules_works_after_a_move() -> None:
    text = (
        "import ai, types\nfrom unittest import mock\n"
        "stand_in = types.SimpleNamespace(load=lambda: 'stand-in')\n"
        "with mock.patch.dict('sys.modules', heavy=stand_in): told = ai.check()\n"
    )
    told: dict[str, object] = {}
    run(MOVED)
    exec(text, told)
    assert told["told"] == "stand-in"


@pytest.mark.usefixtures("heavy")
def test_patches_of_several_names_fail_after_a_naive_move() -> None:
    text = "from unittest import mock\nwith mock.patch.multiple('ai', heavy=mock.DEFAULT): pass\n"
    run(f"import heavy\n{MOVED}")
    exec(text, {})
    run(MOVED)
    with pytest.raises(AttributeError):
        exec(text, {})


@pytest.mark.usefixtures("heavy")
def test_another_module_loses_a_submodule_by_a_naive_move() -> None:
    """A reference that :meth:`flake8_forksafe.fix.references.Mentions.unimported` finds: such a move is not safe."""
    user = "import heavy\ntold = heavy.sub.load()\n"
    run("import heavy.sub\ndef check(): return heavy.sub.load()\n")
    exec(user, {})
    forget("heavy")
    run("def check(): pass\ndef other():\n    import heavy.sub\n    return heavy.sub.load()\n")
    with pytest.raises(AttributeError):
        exec(user, {})


def test_what_an_unused_import_registers_is_lost_by_a_naive_removal(tmp_path: Path) -> None:
    (tmp_path / "registry.py").write_text("names = []\n")
    (tmp_path / "plugin.py").write_text("import registry\nregistry.names.append('plugin')\n")
    before = "import registry\nimport plugin\ndef check(): return registry.names\n"
    with importable(tmp_path, "registry", "plugin", "ai"):
        assert run(before)[1] == ["plugin"]
        forget("registry", "plugin")
        assert run(before.replace("import plugin\n", ""))[1] == []
    with pytest.raises(Refused, match="imported for its effects"):
        deferred(before.replace("import plugin", "import heavy"))


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


def test_a_function_that_runs_before_the_fork() -> None:
    text = "import heavy\nclass K:\n    def f(self): return heavy\n"
    with pytest.raises(Refused, match=r"K.f\(\), which uses 'heavy', runs before the fork too"):
        deferred(text, runs=("K.f",))


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


UNREADABLE = {
    "broken": b"x = (\n",
    "too large": b"#" * (2**20 + 1),
    "an unknown encoding": b"# coding: klingon\nx = 1\n",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_edited_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="the file"):
        Source("ai.py", UNREADABLE[name])
