"""Import statements."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import import_in, loaded, make_walk, write
from programs import edges_of, imported_modules, names_of, plain, value_in, walk_program

PACKAGE = {
    "p/__init__.py": "VALUE = 1\n_hidden = 2\n",
    "p/a.py": "from . import b\nfrom .b import X\n",
    "p/b.py": "X = 'x'\nY = 'y'\n",
}


def test_from_takes_an_attribute_before_a_submodule(tmp_path: Path) -> None:
    files = PACKAGE | {"main.py": "from p import VALUE, b\nA = VALUE, b.X\n"}
    walk = walk_program(tmp_path, files)
    assert plain(names_of(walk)["A"]) == (1, "x")
    assert imported_modules(walk) == ["main", "p", "p.b"]


def test_relative_imports(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, PACKAGE | {"main.py": "import p.a\nA = p.a.X\n"})
    assert plain(names_of(walk)["A"]) == "x"
    assert imported_modules(walk) == ["main", "p", "p.a", "p.b"]


def test_import_binds_the_top_package_or_the_alias(tmp_path: Path) -> None:
    names = names_of(walk_program(tmp_path, PACKAGE | {"main.py": "import p.b\nimport p.b as other\n"}))
    assert repr(names["p"]) == "<module p>"
    assert repr(names["other"]) == "<module p.b>"


def test_star_takes_public_names_or_all(tmp_path: Path) -> None:
    names = names_of(walk_program(tmp_path, PACKAGE | {"main.py": "from p import *\nfrom p.b import *\n"}))
    assert {"VALUE", "X", "Y"} <= names.keys()
    assert "_hidden" not in names
    files = {
        "main.py": "from q import *\n",
        "q/__init__.py": "__all__ = ['sub', '_own']\n_own = 1\nother = 2\n",
        "q/sub.py": "",
    }
    walk = walk_program(tmp_path, files)
    assert {"sub", "_own"} <= names_of(walk).keys()
    assert "other" not in names_of(walk)
    assert "q.sub" in imported_modules(walk)


def test_a_missing_name_is_an_error(tmp_path: Path) -> None:
    source = "try:\n    from p import nothing\nexcept ImportError:\n    A = 'caught'\n"
    assert value_in(tmp_path, PACKAGE | {"main.py": source}) == "caught"


def test_a_lazy_import_happens_when_its_name_is_used(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, {"main.py": "lazy import one\nlazy import two\none.x\n"})
    assert imported_modules(walk) == ["main", "one"]
    assert ("main", "one", "lazy") in edges_of(walk)


LAZY = {"heavy.py": "Y = 1\n", "m.py": "lazy import heavy\n", "p/__init__.py": "", "p/a.py": "", "p/b.py": ""}
NEW, OLD = ((3, 15), (3, 15)), ((3, 12), (3, 15))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("lazy import heavy\ndef f():\n    return heavy.Y\n", ""),
        ("lazy import heavy\ndef f():\n    return heavy.Y\nf()\n", "heavy"),
        ("lazy from heavy import Y\n", ""),
        ("lazy from heavy import Y\nclass A(Y): ...\n", "heavy"),
        ("lazy import heavy\ndef f(x=heavy.Y): ...\n", "heavy"),
        ("lazy import heavy\ndef f(x: heavy.Y): ...\n", ""),
        ("lazy import heavy\nheavy = 3\nheavy\n", ""),
        ("if 1:\n    lazy import heavy\n", ""),
        ("import m\n", "m"),
        ("import m\nm.heavy\n", "m heavy"),
        ("from m import heavy\n", "m heavy"),
        ("from m import *\n", "m heavy"),
        ("lazy import p.a\nlazy import p.b\np.a\n", "p p.b p.a?"),
        ("__lazy_modules__ = ['heavy']\nimport heavy\n", ""),
        ("__lazy_modules__ = {'heavy'}\nfrom heavy import Y\n", ""),
        ("__lazy_modules__ = ['heavy']\ntry:\n    pass\nfinally:\n    import heavy\n", "heavy"),
        ("__lazy_modules__ = ['heavy']\ntry:\n    x = 1\nfinally:\n    x = 2\nimport heavy\n", ""),
        ("__lazy_modules__ = ['heavy']\nclass A:\n    import heavy\n", "heavy"),
        ("__lazy_modules__ = ['p']\nimport p.a\n", "p p.a"),
    ],
)
def test_what_a_lazy_import_loads_and_when(tmp_path: Path, source: str, expected: str) -> None:
    """As PEP 810 and the reference of Python 3.15 say; no Python here executes it."""
    assert loaded_by(tmp_path, source, NEW) == expected.split()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("__lazy_modules__ = ['heavy']\nimport heavy\n", "heavy?"),
        ("__lazy_modules__ = ['heavy']\nfrom heavy import Y\nA = Y\n", "heavy"),
        ("__lazy_modules__ = ['heavy']\ntry:\n    import heavy\nfinally:\n    pass\n", "heavy"),
        ("lazy import heavy\n", ""),
    ],
)
def test_an_older_python_may_not_know_lazy_modules(tmp_path: Path, source: str, expected: str) -> None:
    assert loaded_by(tmp_path, source, OLD) == expected.split()


def loaded_by(root: Path, source: str, versions: tuple[tuple[int, int], ...]) -> list[str]:
    """What a program loads, in order; what it only may load ends with a question mark."""
    write(root, LAZY | {"main.py": source})
    walk = make_walk(root, versions=versions)
    import_in(walk, "main")
    sure = {edge.loads for edge in walk.recorder.executed(walk.memory.executions) if edge.sure}
    return [name if name in sure else f"{name}?" for name in loaded(walk)[1:]]


def test_a_hazard_that_is_a_member_of_a_library_is_imported(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "from google import genai, auth\n", hazards=("google.genai",))
    assert imported_modules(walk) == ["main", "google", "google.genai"]


def test_a_lazy_import_of_a_submodule_binds_the_package(tmp_path: Path) -> None:
    files = {
        "main.py": "lazy import pkg.sub\nA = pkg.sub.VALUE\n",
        "pkg/__init__.py": "",
        "pkg/sub.py": "VALUE = 7\n",
    }
    assert value_in(tmp_path, files) == 7


STARRED = {
    "own.py": "__all__ = ['x', '_y']\nx, _y, z = 1, 2, 3\n",
    "plain.py": "import library\nx, _y = 1, 2\nif library.flag:\n    z = 3\n",
    "grown.py": "import library\n__all__ = ['x']\nif library.flag:\n    __all__.append('z')\nx, z = 1, 3\n",
    "unknown.py": "import library\n__all__ = library.names\nx, z = 1, 3\n",
    "pkg/__init__.py": "__all__ = ['sub', 'x']\nx = 1\n",
    "pkg/sub.py": "",
    "opened.py": "from library import *\nx = 1\n",
    "lacking.py": "__all__ = ['x', 'nothing']\nx = 1\n",
}


@pytest.mark.parametrize(
    ("module", "bound"),
    [
        ("own", {"x": True, "_y": True, "z": False, "sub": False}),
        ("plain", {"x": True, "_y": False, "z": None, "sub": False}),
        ("grown", {"x": True, "_y": False, "z": None, "sub": False}),
        ("pkg", {"x": True, "_y": False, "z": False, "sub": True}),
        ("opened", {"x": True, "_y": None, "z": None, "sub": None}),
        ("lacking", "AttributeError"),
    ],
)
def test_what_a_star_import_binds(tmp_path: Path, module: str, bound: dict[str, bool | None] | str) -> None:
    """Each name surely, maybe (None), or not."""
    asks = "".join(
        f"try:\n    {name}\n    A_{name} = True\nexcept NameError:\n    A_{name} = False\n" for name in NAMES
    )
    source = f"try:\n    from {module} import *\n    E = ''\nexcept AttributeError:\n    E = 'AttributeError'\n{asks}"
    names = names_of(walk_program(tmp_path, {"main.py": source, **STARRED}))
    if isinstance(bound, str):
        assert plain(names["E"]) == bound
    else:
        found = {name: plain(names[f"A_{name}"]) for name in NAMES}
        assert {name: answer if isinstance(answer, bool) else None for name, answer in found.items()} == bound


NAMES = ("x", "_y", "z", "sub")


@pytest.mark.parametrize(
    ("name", "there"), [("__spec__", None), ("__loader__", None), ("_own", False), ("own__", False)]
)
def test_what_every_module_has(tmp_path: Path, name: str, there: bool | None) -> None:
    source = f"try:\n    from tools import {name}\n    A = True\nexcept ImportError:\n    A = False\n"
    found = value_in(tmp_path, {"main.py": source, "tools.py": ""})
    assert (found is not False) if there is None else found is there
