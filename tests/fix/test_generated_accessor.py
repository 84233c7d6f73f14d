"""Generated programs: a value that is made on first use leaves what a program does as it was, where Python runs it.

Each program is a module that makes a value when it is imported, and a second one that uses it.  Either the repair is
refused, or importing both makes nothing any more, each function returns what it returned, and the value is made once.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import forget, importable, some
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flake8_forksafe.fix.accessor import constant_at, plan_accessor
from flake8_forksafe.fix.plan import Workshop
from flake8_forksafe.fix.text import Refused
from flake8_forksafe.hazards.catalogue import load_catalogue
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.rules.rule import Context
from flake8_forksafe.settings import make_settings

PACKAGES = ("ai", "use", "heavy")
HEAVY = """\
made = []
class Model(dict):
    def __init__(self, *parts):
        made.append(len(parts))
        self.size = 3 + len(parts)
    def run(self, x=1):
        self[x] = len(self)
        return x, self.size
load = Model
"""
HEADS = ["import heavy\n", '"""About."""\nimport heavy\n', "import functools, heavy\n",
         "from __future__ import annotations\n\nimport os\nimport sys\n\nimport heavy\n",
         "# about\n\nfrom os import sep\nimport heavy\n", "import os; import heavy\n"]  # fmt: skip
VALUES = ["heavy.load()", "heavy.load(\n    1,\n    2,  # two\n)", "(heavy.load(1))", "heavy.load(*A, B)",
          "[heavy.load(n) for n in A][0]", "heavy.load(1) if A else None", "heavy.load('''x\n  y''')",
          "heavy.load(lambda: A)", "heavy.load(early())", "heavy.load(n := 1)", "heavy.load(C)"]  # fmt: skip
FORMS = [
    "M = {value}\n",
    "M: object = {value}\n",
    "M = {value}  # slow\n",
    "# it\nM = {value}\n\n\n",
    "M = N = {value}\n",
]
USES = [
    "def f{n}():\n    return M.run()\n",
    "def f{n}(): return M.size, f'{{M.size}}'\n",
    "def f{n}(M=4):\n    return M\n",
    "def f{n}(m=M):\n    return m.size\n",
    "def f{n}():\n    return [M.size for M in [M]]\n",
    "def f{n}():\n    return (lambda: M.run(2))()\n",
    "def f{n}():\n    def inner():\n        return M\n    return inner() is M\n",
    "def f{n}():\n    M = 4\n    return M\n",
    "def f{n}():\n    M[1] = 2\n    M.size += 1\n    return M.size\n",
    "def f{n}():\n    del M.size\n    M.size = 1\n    return M.size\n",
    "def f{n}():\n    global M\n    M = 5\n    return M\n",
    "def f{n}():\n    for M.size in range(3): pass\n    return M.size\n",
    "def f{n}():\n    with open(__file__) as M.file: return M.file.mode\n",
    "def f{n}():\n    match 3:\n        case M.size: return 'three'\n        case _: return 'other'\n",
    "def f{n}():\n    return sorted(k for k in globals() if k == 'M')\n",
    "S{n} = M.size\ndef f{n}():\n    return S{n}\n",
    "S{n} = M.size; T{n} = 1\ndef f{n}():\n    return S{n}\n",
    "class K{n}:\n    def m(self): return M.run(3)\ndef f{n}():\n    return K{n}().m()\n",
    "class K{n}:\n    M = M\ndef f{n}():\n    return K{n}.M.size\n",
    "class K{n}:\n    M = 1\n    def m(self): return M.size\ndef f{n}():\n    return K{n}().m()\n",
    "L{n} = lambda: M.size\ndef f{n}():\n    return L{n}()\n",
    "async def a{n}():\n    return M.size\ndef f{n}():\n    try:\n        a{n}().send(None)\n"
    "    except StopIteration as stop:\n        return stop.value\n",
    "def f{n}():\n    try:\n        raise KeyError\n    except M.err if 0 else KeyError:\n        return M.size\n",
    "def f{n}():\n    x: M = 1\n    return x\n",
    "def f{n}():\n    return M.get_m if hasattr(M, 'get_m') else get_m\nget_m = 1\n",
    "def f{n}():\n    return (y := M).size, y is M\n",
    "def f{n}():\n    yielded = (M.size for _ in range(2))\n    return list(yielded)\n",
    "B = 7\ndef f{n}(): return B\n",
]
IMPORTS = ["from ai import M\n", "from ai import M as N, early\n", "import ai\n", "import ai as b\n",
           "from ai import *\n", "from ai import (\n    M,\n    early,\n)\n", "import ai\nfrom ai import M\n",
           "def g():\n    from ai import M\n"
           "    return M.size\n", "try:\n    from ai import M\nexcept ImportError:\n    M = None\n", ""]  # fmt: skip
OTHERS = [
    "def u{n}(): return M.run(9)\n", "def u{n}(): return N.size\n", "def u{n}(): return ai.M.size, ai.M.run()\n",
    "def u{n}(): return b.M.run(b.M.size)\n", "X{n} = ai.M\n", "def u{n}():\n    ai.M = 1\n", "print(end=str(M)[:0])\n",
    "def u{n}(M): return M\n", "def u{n}(ai=3): return ai\n", "def u{n}(): return getattr(ai, 'M').size\n",
    "def u{n}():\n    ai = type('T', (), {{'M': 4}})\n    return ai.M\n", "def u{n}(): return [N for N in 'ab']\n",
]  # fmt: skip
PROGRAMS = st.tuples(
    st.sampled_from(HEADS), st.sampled_from(VALUES), st.sampled_from(FORMS),
    st.lists(st.sampled_from(USES), min_size=1, max_size=4), st.sampled_from(IMPORTS),
    st.lists(st.sampled_from(OTHERS), max_size=3), st.sampled_from(["", "\n", "\n\n"]), st.sampled_from(["\n", "\r\n"]),
)  # fmt: skip
Program = tuple[str, str, str, list[str], str, list[str], str, str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("programs")
    (directory / "heavy.py").write_text(HEAVY)
    sys.dont_write_bytecode = True
    with importable(directory, *PACKAGES):
        yield directory
    sys.dont_write_bytecode = False


def texts(program: Program) -> dict[str, str]:
    head, value, form, uses, imports, others, blank, newline = program
    early = f"A = [1, 2]\nB = 3\ndef early(): return 1\n{blank}"
    body = [text.format(n=number) for number, text in enumerate(uses)]
    ai = head + early + form.format(value=value) + blank + blank.join(body)
    use = imports + blank.join(text.format(n=number) for number, text in enumerate(others))
    return {"ai.py": ai.replace("\n", newline), "use.py": use.replace("\n", newline)}


def behaviour(place: Path) -> tuple[object, list[int], list[int], list[object]]:
    """What importing both modules raises, what it makes, what is made in all, and what each function returns."""
    forget(*PACKAGES)
    heavy = importlib.import_module("heavy")
    error: object = None
    told: list[object] = []
    try:
        modules = [importlib.import_module(name) for name in ("ai", "use")]
    except Exception as raised:
        return type(raised), [], [], []
    at_import = list(heavy.made)
    for module in modules:
        told.append(module.__doc__)
        functions = sorted(name for name in vars(module) if (name[0] in "fug" and name[1:].isdigit()) or name == "g")
        for name in functions:
            for _ in range(2):
                told.append((name, outcome(getattr(module, name))))
    return error, at_import, list(heavy.made), told


def outcome(function: object) -> object:
    assert callable(function)
    try:
        return repr(function()).partition(" at 0x")[0]
    except Exception as error:
        return type(error)


def run(place: Path, program: Program) -> str:
    """Compare a program before and after, and tell what became of it."""
    files = texts(program)
    for name, text in files.items():
        (place / name).write_bytes(text.encode())
    project = make_settings(str(place), {"no_cache": True}, by_user=False)
    workshop = Workshop(Context(project, load_catalogue(), (), None, ()), Disk(), lambda path: True)
    path = str(place / "ai.py")
    before = behaviour(place)
    if before[0] is not None:
        return "does not run"
    try:
        source = workshop.source(path)
        line = next(n for n, text in enumerate(files["ai.py"].splitlines(), 1) if text.startswith(("M =", "M:")))
        accessor = plan_accessor(workshop, path, [constant_at(source, line)])
        contents = {name: workshop.source(name).edited(edits) for name, edits in accessor.edits.items()}
    except Refused:
        return "refused"
    for name, content in contents.items():
        assert (b"\r" in content) == (program[-1] == "\r\n" and b"\n" in content)
        Path(name).write_bytes(content)
    after = behaviour(place)
    shown = "\n".join(content.decode() for content in contents.values())
    assert after[0] is None, shown
    assert after[3] == before[3], shown
    assert not after[1], shown
    assert after[2] in ([], before[2]), shown
    return "repaired"


MADE_FROM_WHAT_CHANGES = (
    HEADS[0], VALUES[0], FORMS[0],
    ["def f{n}():\n    M.size = 1\n    return M.size\n", "S{n} = M.size\ndef f{n}():\n    return S{n}\n"],
    "", [], "\n", "\n",
)  # fmt: skip


@settings(deadline=None, max_examples=30)
@example(MADE_FROM_WHAT_CHANGES)
@given(PROGRAMS)
def test_a_program_does_what_it_did(place: Path, program: Program) -> None:
    run(place, program)


@pytest.mark.slow
def test_many_are_repaired(place: Path) -> None:
    """Each use with each way of importing, and with each other use."""
    triples = {
        *((use, imports, (use + imports) % len(OTHERS)) for use in range(len(USES))
          for imports in range(len(IMPORTS))),
        *((use, (use + other) % len(IMPORTS), other) for use in range(len(USES))
          for other in range(len(OTHERS))),
    }  # fmt: skip
    results = [
        run(place, (HEADS[0], VALUES[0], FORMS[0], [USES[use]], IMPORTS[imports], [OTHERS[other]], "\n", "\n"))
        for use, imports, other in some(sorted(triples), 3)
    ]
    runs = [result for result in results if result != "does not run"]
    assert runs.count("repaired") > len(runs) / 3
