"""Which attributes a function has: those that walked code gave it, unless other code had it in its hands."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import import_in, loaded, make_walk, write


@pytest.mark.parametrize(
    ("definition", "certain", "possible"),
    [
        ("def f(): pass", False, False),
        ("def f(): pass\nf.mark = True", True, True),
        ("def deco(function):\n    function.mark = True\n    return function\n@deco\ndef f(): pass", True, True),
        ("import library\n@library.register\ndef f(): pass", False, True),
        ("import library\ndef f(): pass\nlibrary.register(f)", False, True),
        ("import library\ndef f(): pass\nlibrary.register(handler=f)", False, True),
        ("f = None", False, False),
        ("f = []", False, False),
        ("f = 'maybe a member of an Enum'", False, True),
    ],
)
def test_getattr_with_a_default(tmp_path: Path, definition: str, certain: bool, possible: bool) -> None:
    write(tmp_path, {"marked.py": "", "main.py": f"{definition}\nif getattr(f, 'mark', None):\n    import marked\n"})
    walk = make_walk(tmp_path)
    import_in(walk, "main")
    assert ("marked" in loaded(walk)) is possible
    assert any(edge.sure for edge in walk.recorder.edges.values() if edge.target.module == "marked") is certain


def test_a_missing_attribute_is_an_error_that_is_caught(tmp_path: Path) -> None:
    write(tmp_path, {
        "without.py": "",
        "main.py": "def f(): pass\ntry:\n    f.mark\nexcept AttributeError:\n    import without\n",
    })  # fmt: skip
    walk = make_walk(tmp_path)
    import_in(walk, "main")
    assert [edge.sure for edge in walk.recorder.edges.values() if edge.target.module == "without"] == [True]
