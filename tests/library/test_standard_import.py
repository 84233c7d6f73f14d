"""``importlib``, ``pkgutil`` and what else imports by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import edges_of, imported_modules, names_of, plain, value_in, walk_program

FILES = {"p/__init__.py": "X = 'p'\n", "p/a.py": "X = 'a'\n", "p/q/__init__.py": "", "p/q/b.py": ""}


def test_import_module(tmp_path: Path) -> None:
    source = (
        "import importlib\n"
        "A = importlib.import_module('p.a').X, importlib.import_module('.a', 'p').X, importlib.import_module('p').X\n"
    )
    walk = walk_program(tmp_path, FILES | {"main.py": source})
    assert plain(names_of(walk)["A"]) == ("a", "a", "p")
    assert ("main", "p.a", "dynamic") in edges_of(walk)


def test_a_module_that_does_not_exist(tmp_path: Path) -> None:
    source = "import importlib\ntry:\n    importlib.import_module('p.none')\nexcept ImportError:\n    A = 'caught'\n"
    assert value_in(tmp_path, FILES | {"main.py": source}) == "caught"


def test_each_possible_name_may_be_imported(tmp_path: Path) -> None:
    source = "import importlib, library\nname = 'p.a' if library.flag else 'p.q'\nimportlib.import_module(name)\n"
    walk = walk_program(tmp_path, FILES | {"main.py": source})
    assert {
        str(edge.target): edge.sure
        for edge in walk.recorder.edges.values()
        if edge.kind == "dynamic" and "." in str(edge.target)
    } == {"p.a": False, "p.q": False}


def test_a_name_that_is_computed_is_said(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "import importlib, os\nimportlib.import_module(os.environ['MODULE'])\n")
    assert [note.code for note in walk.recorder.notes] == ["FS192"]
    assert walk.recorder.unresolved == 1


def test_find_spec_imports_parents_only(tmp_path: Path) -> None:
    source = "from importlib.util import find_spec\nA = find_spec('p.none') is None\nB = find_spec('p.q.b')\n"
    walk = walk_program(tmp_path, FILES | {"main.py": source})
    assert plain(names_of(walk)["A"]) is True
    assert repr(names_of(walk)["B"]) == "<importlib.machinery.ModuleSpec()>"
    assert "p.q.b" not in imported_modules(walk)


@pytest.mark.parametrize(("function", "names"), [("iter_modules", ["a", "q"]), ("walk_packages", ["a", "q", "q.b"])])
def test_modules_of_a_package(tmp_path: Path, function: str, names: list[str]) -> None:
    source = (
        f"import pkgutil, p\nA = [info.name for info in pkgutil.{function}(p.__path__)]\n"
        "B = [ispkg for _, _, ispkg in pkgutil.iter_modules(p.__path__)]\n"
    )
    found = names_of(walk_program(tmp_path, FILES | {"main.py": source}))
    assert plain(found["A"]) == names
    assert plain(found["B"]) == [False, True]


def test_modules_are_found_on_a_path_that_is_added(tmp_path: Path) -> None:
    source = (
        "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))\n"
        "import extra\nA = extra.X\n"
    )
    assert value_in(tmp_path, {"main.py": source, "lib/extra.py": "X = 1\n"}) == 1


def test_modules_that_are_loaded(tmp_path: Path) -> None:
    assert value_in(tmp_path, FILES | {"main.py": "import sys, p.a\nA = sys.modules['p.a'].X\n"}) == "a"


def test_a_file_under_a_name_of_the_programs_choice(tmp_path: Path) -> None:
    source = """\
        import importlib.util, os
        path = os.path.join(os.path.dirname(__file__), "odd-name.py")
        spec = importlib.util.spec_from_file_location("chosen", path)
        module = importlib.util.module_from_spec(spec)
        A = module.X
        """
    walk = walk_program(tmp_path, {"main.py": source, "odd-name.py": "X = 7\n"})
    assert plain(names_of(walk)["A"]) == 7
    assert "chosen" in imported_modules(walk)


def test_paths_of_attributes(tmp_path: Path) -> None:
    assert value_in(
        tmp_path,
        FILES | {"main.py": "import pkgutil\nA = pkgutil.resolve_name('p.a:X'), pkgutil.resolve_name('p.a').X\n"},
    ) == ("a", "a")
