"""Imports that are not deferred, why, and what moving them all the same would do where Python runs it."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

import pytest
from deferring import FUTURE, deferred, run
from helpers import forget, importable

from flake8_forksafe.fix.text import Refused, Source

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


OPTIONAL = (
    "try:\n    import heavy\n    HAS = True\nexcept ImportError:\n    heavy = None\n    HAS = False\n"
    "def check(): return heavy.load() if HAS else 'without'\n"
)
FOUND = (
    "from importlib.util import find_spec\nHAS = find_spec('heavy') is not None\n"
    "def check():\n    if not HAS:\n        return 'without'\n    import heavy\n    return heavy.load()\n"
)


@pytest.mark.usefixtures("heavy")
def test_a_package_that_is_found_and_cannot_be_imported_looks_present(tmp_path: Path) -> None:
    """Why an import inside ``try`` is not deferred: that the package is there does not tell that it works."""
    assert run(OPTIONAL) == (True, 7)
    assert run(FOUND) == (False, 7)
    (tmp_path / "heavy" / "__init__.py").write_text("raise ImportError('libheavy.so is missing')\n")
    assert run(OPTIONAL) == (False, "without")
    with pytest.raises(ImportError, match="libheavy"):
        run(FOUND)
    with pytest.raises(Refused, match="inside 'try'"):
        deferred(OPTIONAL)


def test_a_function_that_runs_before_the_fork() -> None:
    text = "import heavy\nclass K:\n    def f(self): return heavy\n"
    with pytest.raises(Refused, match=r"K.f\(\), which uses 'heavy', runs before the fork too"):
        deferred(text, runs=("K.f",))


UNREADABLE = {
    "broken": b"x = (\n",
    "too large": b"#" * (2**20 + 1),
    "an unknown encoding": b"# coding: klingon\nx = 1\n",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_edited_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="the file"):
        Source("ai.py", UNREADABLE[name])
