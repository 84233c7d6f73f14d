"""Elements of a set that may be equal: how many there are is not known, and which there are only as far as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import import_in, make_walk, write

HEAD = "import os, library\nx = os.environ.get('X', 'a')\ny = library.find()\nz = library.find()\n"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("len({'a', 'b', x}) == 2", None),
        ("len({'a', 'b', y}) == 3", None),
        ("len({y, z}) == 1", None),
        ("len(set(['a', x])) == 1", None),
        ("len(frozenset(('a', x))) == 1", None),
        ("len({v for v in ('a', x)}) == 1", None),
        ("len({'a'} | {x}) == 1", None),
        ("len({'a'} | set(y)) == 1", None),
        ("len(set(y) | {'a'}) == 1", None),
        ("len({library.A, 'a'}) == 1", None),
        ("{x, 'a'} == {'a'}", None),
        ("list({y, 'a'})[1:]", None),
        ("y in [z]", None),
        ("'a' in {x, 'a'}", True),
        ("bool({y, z})", True),
        ("len({'a', 'b'}) == 2", True),
        ("len({'a', 'a', 1, True}) == 2", True),
        ("len({y}) == 1", True),
        ("len({'a', ('a', 1)}) > 5", False),
    ],
)
def test_what_is_known(tmp_path: Path, condition: str, expected: bool | None) -> None:
    write(tmp_path, {"hit.py": "", "miss.py": "",
                     "main.py": f"{HEAD}if {condition}:\n    import hit\nelse:\n    import miss\n"})  # fmt: skip
    walk = make_walk(tmp_path)
    import_in(walk, "main")
    edges = {edge.target.module: edge.sure for edge in walk.recorder.edges.values()}
    found = None if "hit" in edges and "miss" in edges else "hit" in edges
    assert found is expected


@pytest.mark.parametrize("change", ["s.add(x)", "s.update([x])", "s |= {x}"])
def test_adding(tmp_path: Path, change: str) -> None:
    write(tmp_path, {"hit.py": "", "main.py": f"{HEAD}s = {{'a'}}\n{change}\nif len(s) == 1:\n    import hit\n"})
    walk = make_walk(tmp_path)
    import_in(walk, "main")
    assert [e.sure for e in walk.recorder.edges.values() if e.target.module == "hit"] == [False]
