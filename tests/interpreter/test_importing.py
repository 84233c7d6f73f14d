"""Importing modules: parents first, each once, what fails, and what lies outside."""

from __future__ import annotations

from pathlib import Path

from helpers import import_in, make_walk, write
from programs import imported_modules, names_of, plain, value_in, walk_program

from flake8_forksafe.interpreter.importing import ATTEMPT_LIMIT


def test_parents_are_imported_first_and_each_module_once(tmp_path: Path) -> None:
    files = {
        "main.py": "import a.b.c\nimport a.b.c\n",
        "a/__init__.py": "",
        "a/b/__init__.py": "",
        "a/b/c.py": "import a\n",
    }
    assert imported_modules(walk_program(tmp_path, files)) == ["main", "a", "a.b", "a.b.c"]


def test_a_submodule_is_bound_in_its_package_when_it_is_loaded(tmp_path: Path) -> None:
    files = {
        "main.py": "import a.b\nA = a.b.X\n",
        "a/__init__.py": "try:\n    b\n    SEEN = True\nexcept NameError:\n    SEEN = False\n",
        "a/b.py": "X = 1\n",
    }
    assert value_in(tmp_path, files) == 1


def test_a_circle_of_imports_sees_what_is_bound_by_then(tmp_path: Path) -> None:
    files = {"main.py": "import a\nA = a.SEEN\n", "a.py": "X = 1\nimport b\nSEEN = b.SEEN\nY = 2\n",
             "b.py": "import a\nSEEN = (a.X, hasattr(a, 'Y'))\n"}  # fmt: skip
    assert value_in(tmp_path, files) == (1, False)


def test_a_module_that_raises_is_executed_again_at_the_next_import(tmp_path: Path) -> None:
    files = {
        "main.py": (
            "A = []\nfor _ in (1, 2):\n    try:\n        import bad\n    except KeyError:\n        A.append('failed')\n"
        ),
        "bad.py": "{}['x']\n",
    }
    walk = walk_program(tmp_path, files)
    assert plain(names_of(walk)["A"]) == ["failed", "failed"]
    assert walk.imports.modules["bad"].state == "failed"


def test_a_library_is_loaded_but_not_walked(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "import json.decoder\nimport torch.nn\n")
    assert imported_modules(walk) == ["main", "json.decoder", "torch.nn"]
    assert walk.recorder.externals == {"json.decoder": "stdlib", "torch.nn": "third-party"}
    assert list(walk.imports.modules) == ["main"]


def test_an_import_of_what_is_surely_not_installed_fails_where_that_is_caught(tmp_path: Path) -> None:
    source = "try:\n    import absent\n    A = 'imported'\nexcept ImportError:\n    A = 'caught'\n"
    walk = make_walk(write(tmp_path, {"main.py": source}))
    walk.imports.presence = lambda name: False
    import_in(walk, "main")
    assert plain(names_of(walk)["A"]) == "caught"


def test_a_file_that_cannot_be_parsed_is_said(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, {"main.py": "import bad\nimport one\n", "bad.py": "def (:\n"})
    assert [(note.code, note.module, note.line) for note in walk.recorder.notes] == [("FS191", "bad", 1)]
    assert imported_modules(walk) == ["main", "bad", "one"]


def test_imports_nested_too_deep_are_said(tmp_path: Path) -> None:
    files = {f"m{number}.py": f"import m{number + 1}\n" for number in range(500)}
    walk = walk_program(tmp_path, {"main.py": "import m0\n", **files})
    assert any("too many nested imports" in note.text for note in walk.recorder.notes)


def test_a_module_that_raises_is_executed_a_few_times(tmp_path: Path) -> None:
    """Not as often as it is imported: that may be very often."""
    files = {
        "main.py": "from tools import A\n" + "try:\n    import bad\nexcept KeyError:\n    pass\n" * 8,
        "tools.py": "A = []\n",
        "bad.py": "from tools import A\nA.append(1)\n{}['x']\n",
    }
    assert value_in(tmp_path, files) == [1] * (ATTEMPT_LIMIT + 1)
