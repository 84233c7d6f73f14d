"""Values made on first use: the exact text, that importers are rewritten, and what is refused.

``heavy`` stands for a package whose ``load()`` must not be called before a fork; it counts how often it was.
"""

from __future__ import annotations

import importlib
import os
import textwrap
import threading
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest import mock

import pytest
from helpers import check, forget, importable, write

from flake8_forksafe.fix.accessor import constant_at, plan_accessor
from flake8_forksafe.fix.plan import Workshop
from flake8_forksafe.fix.text import Refused

HEAVY = """\
import time

made = []
is_slow = False


class Model:
    size = 3

    def __init__(self, *parts):
        if is_slow:
            time.sleep(0.05)
        made.append(parts)
        self.parts = parts

    def run(self, x=1):
        return x, self.size


def load(*parts):
    return Model(*parts)
"""
PROJECT = {
    "pyproject.toml": "",
    "heavy.py": HEAVY,
    "shop/__init__.py": "",
    "shop/app.py": 'from celery import Celery\napp = Celery("shop", include=["shop.ai"])\n',
}


PACKAGES = ("shop", "heavy", "use")


def repaired(root: Path, files: Mapping[str, str], name: str = "MODEL") -> dict[str, str]:
    """The files of a project after a constant of ``shop/ai.py`` is made on first use.

    :raises Refused: if it cannot be.
    """
    files = {path: textwrap.dedent(text) for path, text in files.items()}
    write(root, {**PROJECT, **files})
    report = check(root, app="shop.app")
    workshop = Workshop(report.context, report.disk, lambda path: True)
    path = str(root / "shop" / "ai.py")
    source = workshop.source(path)
    lines = source.text.splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.startswith((f"{name} =", f"{name}:")))
    accessor = plan_accessor(workshop, path, [constant_at(source, line)])
    found = {}
    for place, edits in accessor.edits.items():
        inside = os.path.relpath(place, root).replace(os.sep, "/")
        found[inside] = workshop.source(place).edited(edits).decode()
    return found


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    with importable(tmp_path, *PACKAGES) as root:
        yield root


def test_a_model(shop: Path) -> None:
    files = repaired(shop, {"shop/ai.py": '''\
        """Models."""

        import os

        import heavy

        HOME = os.sep

        # the model
        MODEL = heavy.load(HOME)  # slow


        def embed(x):
            """Embed."""
            return MODEL.run(x)
        '''})  # fmt: skip
    assert files == {"shop/ai.py": textwrap.dedent('''\
        """Models."""

        import functools
        import os
        import threading

        import heavy

        HOME = os.sep

        # the model
        _model_lock = threading.RLock()


        @functools.cache
        def _make_model():
            return heavy.load(HOME)  # slow


        def get_model():
            """Return what MODEL was: it is made on first use, which must not be before a fork."""
            with _model_lock:
                return _make_model()


        def embed(x):
            """Embed."""
            return get_model().run(x)
        ''')}  # fmt: skip
    write(shop, files)
    ai, heavy = importlib.import_module("shop.ai"), importlib.import_module("heavy")
    assert heavy.made == []
    assert ai.embed(2) == (2, 3) == ai.embed(2)
    assert heavy.made == [(os.sep,)]


def test_threads_that_ask_at_once_get_one_model(shop: Path) -> None:
    files = repaired(shop, {"shop/ai.py": "import heavy\nMODEL = heavy.load()\ndef f(): return MODEL\n"})
    naive = "import functools, heavy\n@functools.cache\ndef get_model():\n    return heavy.load()\n"
    made = []
    for text in (naive, files["shop/ai.py"]):
        forget(*PACKAGES)
        write(shop, {"shop/ai.py": text})
        ai, heavy = importlib.import_module("shop.ai"), importlib.import_module("heavy")
        heavy.is_slow = True
        start = threading.Barrier(8)
        threads = [threading.Thread(target=lambda ai=ai, start=start: (start.wait(), ai.get_model())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        made.append(len(heavy.made))
    assert made[0] > 1 and made[1] == 1


IMPORTERS = {
    "from": ("from shop.ai import MODEL\ndef check(): return MODEL.run()\n",
             "from shop.ai import get_model\ndef check(): return get_model().run()\n"),
    "from, with others in order": (
        "from shop.ai import MODEL, Other, embed\ndef check(): return MODEL.run(), embed(1)\n",
        "from shop.ai import Other, embed, get_model\ndef check(): return get_model().run(), embed(1)\n"),
    "from, with others in no order": (
        "from shop.ai import embed, MODEL, Other\ndef check(): return MODEL.run(), embed(1)\n",
        "from shop.ai import embed, get_model, Other\ndef check(): return get_model().run(), embed(1)\n"),
    "another name": ("from shop.ai import MODEL as m, embed\n"
                     "def check(m2=1): return m.run(m2), [m for _ in 'a'][0].size\n",
                     "from shop.ai import embed, get_model\n"
                     "def check(m2=1): return get_model().run(m2), [get_model() for _ in 'a'][0].size\n"),
    "in a function": ("def check():\n    from shop.ai import MODEL\n    return f'{MODEL.run()}'\n",
                      "def check():\n    from shop.ai import get_model\n    return f'{get_model().run()}'\n"),
    "several lines": ("from shop.ai import (\n    MODEL,  # it\n    embed,\n)\ndef check(): return embed(MODEL.size)\n",
                      "from shop.ai import (\n    get_model,  # it\n    embed,\n)\n"
                      "def check(): return embed(get_model().size)\n"),
    "by the module": ("from shop import ai\ndef check(): return ai.MODEL.run(ai.embed)[1]\n",
                      "from shop import ai\ndef check(): return ai.get_model().run(ai.embed)[1]\n"),
    "by the package": ("import shop.ai\ndef check(): return shop.ai.MODEL.size, shop.ai.MODEL.run()\n",
                       "import shop.ai\ndef check(): return shop.ai.get_model().size, shop.ai.get_model().run()\n"),
    "an alias of the module": ("import shop.ai as a\ndef check(): return (lambda: a.MODEL.size)()\n",
                               "import shop.ai as a\ndef check(): return (lambda: a.get_model().size)()\n"),
    "a shadow": ("from shop.ai import MODEL\n"
                 "def check():\n    def f(MODEL): return MODEL\n    return f(1), MODEL.size\n",
                 "from shop.ai import get_model\n"
                 "def check():\n    def f(MODEL): return MODEL\n    return f(1), get_model().size\n"),
}  # fmt: skip
AI = "import heavy\nMODEL = heavy.load()\nclass Other: pass\ndef embed(x): return MODEL.run(x)\n"


@pytest.mark.parametrize(("before", "after"), IMPORTERS.values(), ids=IMPORTERS)
def test_importers(shop: Path, before: str, after: str) -> None:
    files = repaired(shop, {"shop/ai.py": AI, "shop/use.py": before})
    result = importlib.import_module("shop.use").check()
    assert files["shop/use.py"] == after
    forget(*PACKAGES)
    write(shop, files)
    use, heavy = importlib.import_module("shop.use"), importlib.import_module("heavy")
    assert not heavy.made
    assert repr(use.check()).partition(" at ")[0] == repr(result).partition(" at ")[0]


def test_importers_of_importers(shop: Path) -> None:
    files = repaired(shop, {
        "shop/ai.py": AI,
        "shop/__init__.py": "from shop.ai import MODEL\n",
        "shop/use.py": "from . import MODEL\ndef check(): return MODEL.size\n",
        "tests/test_use.py": "import shop\ndef test(): assert shop.MODEL.size\n",
    })  # fmt: skip
    assert files["shop/__init__.py"] == "from shop.ai import get_model\n"
    assert files["shop/use.py"] == "from . import get_model\ndef check(): return get_model().size\n"
    assert files["tests/test_use.py"] == "import shop\ndef test(): assert shop.get_model().size\n"
    write(shop, files)
    assert importlib.import_module("shop.use").check() == 3


def test_what_is_made_from_it(shop: Path) -> None:
    text = "import heavy\nMODEL = heavy.load()\nSIZE: int = MODEL.size + 1\ndef check(): return SIZE, MODEL.run()\n"
    files = repaired(shop, {"shop/ai.py": text})
    assert "def _make_size() -> int:\n    return get_model().size + 1\n" in files["shop/ai.py"]
    write(shop, files)
    assert importlib.import_module("shop.ai").check() == (4, (1, 3))


LAYOUTS = {
    "several lines": "MODEL = heavy.load(\n    1,\n    # two\n    2,\n)\n",
    "a string of several lines": 'MODEL = heavy.load("""\n  a\n""")\n',
    "parentheses": "MODEL = (\n    heavy.load(1)\n)\n",
    "a backslash": "MODEL = \\\n    heavy.load(1)\n",
    "a tuple": "MODEL = heavy.load(1), heavy.load(2)\n",
    "a condition": "MODEL = heavy.load(1) if heavy else None\n",
    "a lambda": "MODEL = heavy.load(lambda x: x)\n",
    "annotated": "MODEL: heavy.Model = heavy.load(1)\n",
    "final": "from typing import Final\nMODEL: Final = heavy.load(1)\n",
    "tabs": "def f():\n\treturn 1\nMODEL = heavy.load(f())\n",
    "line ends": "MODEL = heavy.load(\r\n  1)\r\ndef f(): return 1\r\n",
    "at the end": "def f(): pass\nMODEL = heavy.load(1)",
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("head", ["import heavy\n",
                                  '"""About."""\nfrom __future__ import annotations\n\nimport heavy\n',
                                  "import functools\nimport os, threading\nimport heavy\n",
                                  "# about\n\nimport heavy\n"])  # fmt: skip
def test_layouts(shop: Path, text: str, head: str) -> None:
    newline = "\r\n" if "\r\n" in text else "\n"
    whole = head.replace("\n", newline) + text
    write(shop, PROJECT)
    (shop / "shop" / "ai.py").write_bytes(whole.encode())
    report = check(shop, app="shop.app")
    workshop = Workshop(report.context, report.disk, lambda path: True)
    path = str(shop / "shop" / "ai.py")
    source = workshop.source(path)
    line = next(number for number, one in enumerate(source.text.splitlines(), 1) if one.startswith("MODEL"))
    accessor = plan_accessor(workshop, path, [constant_at(source, line)])
    before = importlib.import_module("shop.ai")
    expected = importlib.import_module("heavy").made[:]
    changed = source.edited(accessor.edits[path])
    assert b"\r\n" not in changed.replace(b"\r\n", b"") and (newline == "\n") == (b"\r\n" not in changed)
    forget(*PACKAGES)
    (shop / "shop" / "ai.py").write_bytes(changed)
    after, heavy = importlib.import_module("shop.ai"), importlib.import_module("heavy")
    assert not heavy.made and not hasattr(after, "MODEL")
    assert type(after.get_model()).__name__ == type(before.MODEL).__name__
    assert after.get_model() is after.get_model()
    assert repr(heavy.made).partition("<")[0] == repr(expected).partition("<")[0]
    assert after.__doc__ == before.__doc__


REFUSED = {
    "a default value": ("def f(m=MODEL): return m\n", "'MODEL' is used when the module is imported, in line 3"),
    "a decorator": ("@MODEL.wrap\ndef f(): pass\n", "'MODEL' is used when the module is imported, in line 3"),
    "a class body": ("class K:\n    model = MODEL\n", "'MODEL' is used when the module is imported, in line 4"),
    "a statement": ("print(MODEL)\n", "'MODEL' is used when the module is imported, in line 3"),
    "a lambda of the module": ("F = lambda: MODEL\nF()\n", "'F' is used when the module is imported, in line 4"),
    "bound again": ("MODEL = MODEL or 1\n", "'MODEL' is bound more than once"),
    "deleted": ("def f(): return MODEL\ndel MODEL\n", "it is deleted in line 4"),
    "global": ("def f():\n    global MODEL\n    MODEL = 1\n", "a function declares 'MODEL' global"),
    "__all__": ('__all__ = ["MODEL"]\n', "'MODEL' is in __all__"),
    "globals()": ("def f(): return globals()['MODEL']\n", "globals() in line 3 may ask for 'MODEL'"),
    "a pattern": ("def f(x):\n    match x:\n        case MODEL.size: return 1\n", "it stands in a pattern, in line 5"),
    "an annotation": ("def f():\n    x: 'MODEL' = 1\n", "'MODEL' is used in an annotation, in line 4"),
    "the name of the function": ("def get_model(): return MODEL\n", "'get_model' is another thing in the file"),
    "compiled": ("import numba\n@numba.njit\ndef f(): return MODEL.size\n",
                 "'MODEL' is used in f(), which @njit compiles"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        repaired(tmp_path, {"shop/ai.py": "import heavy\nMODEL = heavy.load()\n" + text})
    assert refused.value.reason == reason


MADE = {
    "an argument that changes": ("n = 1\nMODEL = heavy.load(n)\nn = 2\n", "'n', which it is made from, is bound more"),
    "a loop": ("for i in range(2): pass\nMODEL = heavy.load(i)\ni = 3\n", "'i', which it is made from, is bound more"),
    "a name that goes": ("n = 1\nMODEL = heavy.load(n)\ndel n\n", "what it is made from is deleted below"),
    "an item": ("c = {}\nMODEL = heavy.load(c)\nc['x'] = 1\n", "'c', which it is made from, is changed in line 4"),
    "an attribute, in a function": (
        "def f():\n    heavy.sub.size += 1\nMODEL = heavy.load()\n", "'heavy', which it is made from, is changed in",
    ),
    "one of several targets": ("c = []\nMODEL = heavy.load(c)\nx, c[0].y = 1, 2\n", "'c', which it is made from, is"),
    "an item that goes": ("c = [1]\nMODEL = heavy.load(c)\ndel c[0]\n", "'c', which it is made from, is changed"),
    "a list that grows": ("c = []\nMODEL = heavy.load(c)\nc.append(1)\n", "'c', which it is made from, is changed"),
    "a loop over items": ("c = [1]\nMODEL = heavy.load(c)\nfor c[0] in 'ab': pass\n", "'c', which it is made from, is"),
    "a value made from it": (
        "MODEL = heavy.load()\nSIZE = MODEL.size\ndef f():\n    MODEL.size = 1\n    return SIZE\n",
        "'MODEL', which it is made from, is changed in line 5",
    ),
    "a name in the value": ("MODEL = heavy.load(n := 1)\nprint(n)\n", "its value binds names or waits"),
    "two names": ("MODEL = OTHER = heavy.load()\n", "it is no assignment to one name"),
    "another threading": ("threading = 1\nMODEL = heavy.load()\n", "'threading' is another thing in the file"),
    "beside another": ("MODEL = heavy.load(); x = 1\n", "other statements stand in its line"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), MADE.values(), ids=MADE)
def test_made_from_what_changes(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        repaired(tmp_path, {"shop/ai.py": "import heavy\n" + text})
    assert refused.value.reason.startswith(reason)


USED = {
    "a mock": ("from unittest import mock\nwith mock.patch('shop.ai.MODEL'): pass\n", "use.py:2 names it in a string"),
    "setattr": ("from shop import ai\ndef test(m): m.setattr(ai, 'MODEL', 1)\n", "use.py:2 names 'MODEL' in a string"),
    "a star": ("from shop.ai import *\nMODEL\n", "use.py:1 imports all of its names"),
    "assigned": ("from shop import ai\ndef f(): ai.MODEL = 1\n", "use.py: it is bound anew in line 2"),
    "at the top": ("from shop.ai import MODEL\nx = MODEL.size\n",
                   "use.py: 'MODEL' is used when the file is imported, in line 2"),
    "a default": ("from shop import ai\ndef f(m=ai.MODEL): pass\n",
                  "use.py: 'MODEL' is used when the file is imported, in line 2"),
    "a way around": ("try:\n    from shop.ai import MODEL\nexcept ImportError:\n    MODEL = None\n",
                     "use.py: 'MODEL' is bound more than once, in line 2"),
    "a function of that name": ("from shop.ai import MODEL\ndef get_model(): return MODEL\n",
                                "use.py: has a 'get_model' of its own"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), USED.values(), ids=USED)
def test_used_elsewhere_in_a_way_that_cannot_be_rewritten(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        repaired(tmp_path, {"shop/ai.py": AI, "use.py": text})
    assert refused.value.reason == reason


def test_a_patch_of_a_constant_would_have_no_effect(shop: Path) -> None:
    """Why a string that names a constant prevents the repair, and why no module ``__getattr__`` serves the old name."""
    naive = (
        "import functools, heavy\n@functools.cache\ndef get_model(): return heavy.load()\n"
        "def __getattr__(name):\n    if name == 'MODEL': return get_model()\n    raise AttributeError(name)\n"
        "def embed(x): return get_model().size\n"
    )
    told = []
    for text in (AI.replace("MODEL.run(x)", "MODEL.size"), naive):
        forget(*PACKAGES)
        write(shop, {**PROJECT, "shop/ai.py": text})
        ai = importlib.import_module("shop.ai")
        with mock.patch("shop.ai.MODEL", types.SimpleNamespace(size="patched")):
            told.append(ai.embed(1))
    assert told == ["patched", 3]
    with pytest.raises(Refused, match="names it in a string"):
        repaired(shop, {"shop/ai.py": AI, "use.py": "from unittest import mock\nmock.patch('shop.ai.MODEL')\n"})


@pytest.mark.parametrize(
    "text",
    ["c = {}\nc['x'] = c.setdefault('y', 1)\nMODEL = heavy.load(c)\n",
     "c = [1]\nMODEL = heavy.load(c)\nn = c.count(1), c[0]\ndef f(c):\n    c.append(1)\n",
     "c = [[1]]\nMODEL = heavy.load(c)\ndef f():\n    x[c[0]] = c\n    return MODEL\n",
     "MODEL = heavy.load()\ndef f():\n    MODEL.size = 1\n    MODEL.names.append(2)\n"],
)  # fmt: skip
def test_made_from_what_does_not_change_below(tmp_path: Path, text: str) -> None:
    assert "get_model()" in repaired(tmp_path, {"shop/ai.py": "import heavy\n" + text})["shop/ai.py"]
