"""Generated modules: a deferred import leaves what a module does as it was, where Python runs it.

Each program is a way to import ``heavy``, and definitions around its use.  Either the move is refused, or the module
no longer loads ``heavy``, has the same names but for the moved ones, and each function has the same docstring,
signature and result.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from helpers import forget, importable, some
from hypothesis import given, settings
from hypothesis import strategies as st

from flake8_forksafe.fix.defer import edits_of, import_at, plan
from flake8_forksafe.fix.text import Refused, Source
from flake8_forksafe.fix.uses import find_habits

IMPORTS = [
    ("import heavy", "heavy.load()"),
    ("import heavy  # slow", "heavy.T.size"),
    ("# about it\nimport heavy as h", "h.load()"),
    ("import os, heavy, json", "(heavy.load(), os.sep, json.dumps(1))"),
    ("import heavy.sub", "heavy.sub.load()"),
    ("import heavy.sub as s", "s.load()"),
    ("from heavy import load", "load()"),
    ("from heavy import load as go, T", "(go(), T.size)"),
    ("from heavy import (\n    T,  # a class\n    load,\n)", "(T.size, load())"),
    ("from heavy import (T,\n                   load)", "(T.size, load())"),
    ("from heavy import T, \\\n    load", "(T.size, load())"),
    ("from heavy import sub", "sub.load()"),
    ("from heavy.sub import load", "load()"),
]
BEFORE = ["", '"""About."""\n', "from __future__ import annotations\n",
          '"""About."""\nfrom __future__ import annotations\n', "import functools\n\n", "# a comment\n\n",
          "import json; import os\n", "if True:\n    import string\n"]  # fmt: skip
DEFINITIONS = [
    "def f{n}():\n    return {use}\n",
    "def f{n}(): return {use}\n",
    "def f{n}(): 'doc'; return {use}\n",
    "def f{n}(): x = {use}; return x\n",
    'def f{n}():\n    """Doc."""\n    return {use}\n',
    'def f{n}():\n    """Doc.\n\n    More.\n    """\n\n    # then\n    return {use}\n',
    "def f{n}():\n    'doc'; x = 1\n    return {use}, x\n",
    "def f{n}():\n    f'no doc'\n    return {use}\n",
    "def f{n}():\n    'no' + 'doc'\n    return {use}\n",
    "def f{n}():\n    b'no doc'\n    return {use}\n",
    "def f{n}():\n    ('doc'\n     'goes on')\n    return {use}\n",
    "def f{n}():\n\n    # first\n\n    return {use}\n",
    "def f{n}(\n    x=1,\n):  # header\n    return {use}, x\n",
    "def f{n}():\n\treturn {use}\n",
    "def f{n}():\n  if True:\n    return {use}\n",
    "def f{n}():\n    def inner():\n        return {use}\n    return inner()\n",
    "def f{n}():\n    @functools.cache\n    def inner():\n        return {use}\n    import functools\n    return 1\n",
    "def f{n}():\n    return [{use} for _ in range(2)]\n",
    "def f{n}():\n    return (lambda: {use})()\n",
    "def f{n}():\n    class K:\n        x = {use}\n    return K.x\n",
    "def f{n}():\n    def g():\n        yield {use}\n    return [*g()]\n",
    "def f{n}():\n    try:\n        return {use}\n    except ValueError:\n        return 0\n",
    "def f{n}():\n    if (x := {use}):\n        return x\n",
    "def f{n}():\n    import json\n    return {use}, json.dumps(1)\n",
    "def f{n}():\n    return sorted(locals()), {use}\n",
    "def f{n}():\n    {use}\n    return sorted(dir())\n",
    "def f{n}(x={use}):\n    return x\n",
    "def f{n}(x: 'int' = 0) -> 'int':\n    x: int = {use}\n    return x\n",
    "def f{n}(*heavy, h=1, go=2, load=3):\n    return heavy, h, go, load\n",
    "def f{n}():\n    heavy = h = go = load = s = sub = T = 4\n    return heavy, h, go, load, s, sub, T\n",
    "def f{n}():\n    for load in range(2):\n        pass\n    return load\n",
    "def f{n}():\n    global load\n    return load\n",
    "class K{n}:\n    def m(self):\n        return {use}\ndef f{n}():\n    return K{n}().m()\n",
    "class K{n}:\n    def m(self): return {use}\n    load = heavy = 5\ndef f{n}():\n    return K{n}().m(), K{n}.load\n",
    "class K{n}:\n    @property\n    def m(self):\n        return {use}\ndef f{n}():\n    return K{n}().m\n",
    "class K{n}:\n    x = {use}\ndef f{n}():\n    return K{n}.x\n",
    "if True:\n    def f{n}():\n        return {use}\nelse:\n    def f{n}():\n        return 0\n",
    "try:\n    def f{n}():\n        return {use}\nfinally:\n    pass\n",
    "def f{n}(): \\\n    return {use}\n",
    "async def a{n}():\n    return {use}\ndef f{n}():\n    try:\n        a{n}().send(None)\n"
    "    except StopIteration as stop:\n        return stop.value\n",
    "f{n} = lambda: {use}\n",
    "X{n} = 1; Y{n} = 2\ndef f{n}(): return X{n}, {use}\n",
    "def f{n}():\n    return 1\n    # nothing more\n",
    "def f{n}():\n    match {use}:\n        case 7:\n            return 'seven'\n"
    "        case x:\n            return x\n",
    "def f{n}():\n    x = 0\n    def inner():\n        nonlocal x\n        x = {use}\n    inner()\n    return x\n",
    "def f{n}():\n    return f'{{ {use} }}'\n",
    "def f{n}():\n    return eval('1'), {use}\n",
    "del_{n} = 1\ndel del_{n}\ndef f{n}():\n    return {use}\n",
    "def f{n}():\n    'a' f'{{ {use} }}'\n    return {use}\n",
]
PROGRAMS = st.tuples(
    st.sampled_from(BEFORE), st.sampled_from(IMPORTS), st.lists(st.sampled_from(DEFINITIONS), min_size=1, max_size=4),
    st.sampled_from(["", "\n", "\n\n"]), st.sampled_from(["\n", "\r\n"]), st.booleans(),
)  # fmt: skip


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    directory = tmp_path_factory.mktemp("site")
    write(directory / "heavy" / "__init__.py", "class T:\n    size = 3\n\n\ndef load():\n    return 7\n")
    write(directory / "heavy" / "sub.py", "def load():\n    return 8\n")
    with importable(directory, "heavy"):
        yield


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def behaviour(text: str) -> tuple[bool, set[str], list[object]]:
    """Whether a module loads ``heavy``, what names it has, and what its functions are and return."""
    forget("heavy")
    module = types.ModuleType("ai")
    exec(compile(text, "ai.py", "exec", dont_inherit=True), vars(module))
    loaded = "heavy" in sys.modules
    names = {name for name in vars(module) if not name.startswith("__")}
    told: list[object] = [module.__doc__]
    for name in sorted(name for name in names if name.startswith("f") and name[1:].isdigit()):
        function = getattr(module, name)
        told += [name, function.__doc__, str(inspect.signature(function)), outcome(function)]
    return loaded, names, told


def outcome(function: object) -> object:
    """What a function returns or raises."""
    assert callable(function)
    try:
        return repr(function())
    except Exception as error:
        return type(error)


def program(parts: tuple[str, tuple[str, str], list[str], str, str, bool]) -> str:
    before, (statement, use), definitions, blank, newline, ends = parts
    body = [definition.format(n=number, use=use) for number, definition in enumerate(definitions)]
    text = f"{before}{statement}\n{blank}" + blank.join(body)
    return (text if ends else text.rstrip("\n")).replace("\n", newline)


def check(text: str) -> str:
    """Compare a module before and after, and tell what became of it."""
    source = Source("ai.py", text.encode())
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "heavy" in line and "import" in line)
    try:
        what = import_at(source, line, lambda name: name.partition(".")[0] == "heavy")
        found = plan(source, what, find_habits(source), lambda name: False)
        after = source.edited(edits_of(source, [found])).decode()
    except Refused:
        return "refused"
    loaded, names, told = behaviour(text)
    now_loaded, now_names, now_told = behaviour(after)
    assert loaded
    assert now_told == told, after
    assert not now_loaded, after
    assert now_names == names - set(what.bound) or found.hints, after
    return "unsafe" if found.doubts else "safe"


@settings(deadline=None, max_examples=30)
@pytest.mark.usefixtures("heavy")
@given(PROGRAMS)
def test_a_module_does_what_it_did(parts: tuple[str, tuple[str, str], list[str], str, str, bool]) -> None:
    check(program(parts))


@pytest.mark.slow
@pytest.mark.usefixtures("heavy")
def test_most_are_repaired() -> None:
    results = [
        check(program((before, statement, [definition], "", "\n", True)))
        for before, statement, definition in some(product(BEFORE, IMPORTS, DEFINITIONS), 11)
    ]
    assert results.count("safe") > len(results) / 2
