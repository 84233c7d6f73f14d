"""What is known after each of many statements (``change_forms.txt``), sure or in doubt: CPython's, and as much as ever.

Each is executed for sure, in doubt, and with objects of which a part is not known.  What is known must admit what
CPython makes of it, whatever the unknown is.  ``change_known.txt`` holds what is known, so that no change of the
interpreter loses knowledge unnoticed: ``python tests/interpreter/test_changes.py`` writes it anew.
"""

from __future__ import annotations

import copy
import re
import sys
import tempfile
import types
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import pytest
from knowledge import admits, shown
from programs import names_of, walk_program

from flake8_forksafe.interpreter.values import Value

DIRECTORY = Path(__file__).parent
KNOWN = DIRECTORY / "change_known.txt"
FORMS = ["pass"] + [
    form.replace("\\n", "\n") for form in (DIRECTORY / "change_forms.txt").read_text(encoding="utf-8").splitlines()[1:]
]
MADE = "L, S, D, T, X, F, R, Q = [1, 2], {1, 2}, {'a': 1, 'b': 2}, (1, 2), 'ab', 1, None, None\nN = [L]\n"
CHOSEN = """\
L, S, D, T, X, F, R, Q = [3], {3}, {'c': 3}, (3,), 'c', 0, None, None
if library.flag:
    L, S, D, T, X, F = [1, 2], {1, 2}, {'a': 1, 'b': 2}, (1, 2), 'ab', 1
N = [L]
"""
UNSURE_PARTS = """\
L, S, D, T, X, F, R, Q = [1], {1}, {'a': 1}, (1, *([2] if library.flag else [])), 'ab', 1, None, None
if library.flag:
    L.append(2)
    S.add(2)
    D['b'] = 2
    F = 2
N = [L]
"""
OPEN = """\
L, S, D, T, R, Q = [1, *library.items, 2], {1, 2, *library.items}, {'a': 1, **library.table, 'b': 2}, None, None, None
T, X, F = tuple(L), library.text, library.number
N = [L]
"""
SITUATIONS = {
    "sure": (MADE, "{}"),
    "in doubt": (MADE, "if library.flag:\n    {}"),
    "repeated": (MADE, "for unused in library.items:\n    {}"),
    "twice": (MADE, "for unused in (0, 1):\n    {}"),
    "in a call": (MADE, "def f():\n    global L, S, D, T, X, F, R, Q, N\n    {}\nif library.flag:\n    f()\nf()"),
    "after what may fail": (
        MADE,
        "try:\n    if library.flag:\n        raise ValueError\n    {}\nexcept ValueError:\n    pass",
    ),
    "one of two objects": (CHOSEN, "{}"),
    "one of two in doubt": (CHOSEN, "if library.other:\n    {}"),
    "unsure parts": (UNSURE_PARTS, "{}"),
    "unknown parts": (OPEN, "{}"),
}
ERRORS = ("IndexError", "KeyError", "TypeError", "NameError", "AttributeError", "ValueError", "Exception")
NAMES = "LSDTXFRQNG"
WORLDS: list[dict[str, object]] = [
    {"flag": True, "other": True, "items": [], "table": {}, "number": 0, "text": "a"},
    {"flag": False, "other": True, "items": [2], "table": {"z": 9}, "number": 1, "text": "ab"},
    {"flag": True, "other": False, "items": [7, 8], "table": {"a": 7}, "number": -1, "text": "z"},
    {"flag": False, "other": False, "items": [1, 1, 3], "table": {"b": 7, "c": 8}, "number": 5, "text": "c"},
    {"flag": True, "other": True, "items": [9], "table": {}, "number": 9, "text": "b"},
]
"""What the unknown may be: of values that are not known the walk takes it that they can be computed with."""
NOT_YET = {
    ("twice", "import functools\n@functools.lru_cache\ndef f(x, y=0): L.append(x)\nf(1)\nf(1, 0)\nf(x=1)\nf(2)"),
    ("one of two objects", "del D['a']"),
    ("one of two objects", "for Q in L:\n    if Q == 1: L.append(9)"),
    ("one of two in doubt", "for Q in L:\n    if Q == 1: L.append(9)"),
    ("twice", "import functools\n@functools.lru_cache\ndef f(x):\n    L.append(x)\n    return x\nR = f(7), f(7)"),
    ("in a call", "def f(a, b=2, /, c=3): return a, b, c\nR = f(1, c=F)\nQ = f(1, b=2)"),
    ("unsure parts", "L.insert(-1, 3)"),
    ("unknown parts", "R = [(i, x) for i, x in enumerate(L)]"),
}
"""Where the walk takes something for known that may be otherwise."""


class Walked(NamedTuple):
    """What the walk knows after each form, in a situation."""

    situation: str
    after: dict[str, dict[str, Value]]


def indented(text: str, column: int) -> str:
    """A text of which all lines but the first are moved to the right."""
    return text.replace("\n", "\n" + " " * column)


@cache
def program(situation: str, form: str) -> str:
    """A module that executes a form."""
    made, around = SITUATIONS[situation]
    tried = f"try:\n    {indented(form, 4)}" + "".join(f"\nexcept {name}:\n    R = '{name}'" for name in ERRORS)
    place = re.search(r"^( *)\{\}", around, re.MULTILINE)
    assert place is not None
    return "import library\n" + made + around.replace("{}", indented(tried, len(place[1]))) + "\n"


def known(root: Path, situation: str) -> dict[str, dict[str, Value]]:
    """What the walk knows of the names after each form."""
    files = {f"after_{number}.py": program(situation, form) for number, form in enumerate(FORMS)}
    main = "".join(f"import {name.removesuffix('.py')}\n" for name in files)
    walk = walk_program(root, {"main.py": main, **files})
    return {form: dict(names_of(walk, f"after_{number}")) for number, form in enumerate(FORMS)}


def real(situation: str, form: str, world: Mapping[str, Any]) -> dict[str, object]:
    """What CPython knows of them in one world."""
    library = types.ModuleType("library")
    vars(library).update(copy.deepcopy(world), manager=nullcontext(), call=lambda: None)
    names: dict[str, object] = {"__name__": "main"}
    with mock.patch.dict(sys.modules, {"library": library}):
        exec(compiled(situation, form), names)
    return names


@cache
def compiled(situation: str, form: str) -> types.CodeType:
    """The same for CPython."""
    return compile(program(situation, form), "main.py", "exec")


@pytest.fixture(scope="module", params=SITUATIONS)
def walked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    return Walked(request.param, known(tmp_path_factory.mktemp("changes"), request.param))


def test_it_is_what_cpython_makes_of_it(walked: Walked) -> None:
    wrong = [
        f"{form}: {name} is {found[name]!r}, not {shown(after.get(name))}"
        for form, after in walked.after.items()
        for world in WORLDS
        for found in [real(walked.situation, form, world)]
        for name in NAMES
        if name in found and not admits(after.get(name), found[name])
        if (walked.situation, form) not in NOT_YET and found["R"] != "Exception"
    ]
    assert not wrong


def lines(situation: str, after: Mapping[str, Mapping[str, Value]]) -> Iterator[str]:
    """What is known after each form, but what no form changes."""
    before = after["pass"]
    yield f"==== {situation}"
    for form, names in after.items():
        told = [f"{name} {shown(names.get(name))}" for name in NAMES
                if form == "pass" or shown(names.get(name)) != shown(before.get(name))]  # fmt: skip
        yield form.replace("\n", "\\n") + "  # " + "  ".join(told)


def test_as_much_is_known_as_ever(walked: Walked) -> None:
    kept = KNOWN.read_text(encoding="utf-8").split("==== ")
    section = next(part for part in kept if part.startswith(walked.situation + "\n"))
    assert list(lines(*walked)) == ("==== " + section).splitlines()


def main() -> None:
    """Write the file of what is known."""
    with tempfile.TemporaryDirectory() as root:
        found = [
            line
            for number, situation in enumerate(SITUATIONS)
            for line in lines(situation, known(Path(root, str(number)), situation))
        ]
    KNOWN.write_text("\n".join(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
