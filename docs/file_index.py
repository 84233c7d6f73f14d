"""The list of source files for contributors: what each does, by its docstring, and which tests try it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "flake8_forksafe"
TESTS = ROOT / "tests"
MOST_TESTS = 3
"""Test files that are named for one source file."""


def summary(path: Path) -> str:
    """The first paragraph of a module's docstring, as one line of Markdown."""
    found = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return re.sub(r":\w+:(?=`)", "", " ".join(found.split("\n\n")[0].split())).replace("``", "`")


@cache
def test_texts() -> dict[Path, str]:
    """The text of each test file."""
    return {path: path.read_text(encoding="utf-8") for path in sorted(TESTS.rglob("test_*.py"))}


def words(path: Path) -> set[str]:
    """The words of a file's name that tell it from others, in the singular."""
    return {word.rstrip("s") for word in path.stem.removeprefix("test_").split("_")} - {"command", "file"}


def named_for(path: Path, test: Path) -> bool:
    """Whether the name of a test file begins with that of a source file, and with no longer one of the folder."""
    named = [source for source in path.parent.glob("*.py") if f"{test.stem}_".startswith(f"test_{source.stem}_")]
    return path == max(named, key=lambda source: len(source.stem), default=None)


def tests_of(path: Path) -> list[Path]:
    """The test files of a source file.

    That is the one of its name, and those whose names begin with it; else those of its room that import it or have a
    word of its name.
    """
    room = TESTS / path.parent.relative_to(PACKAGE)
    same_name = room / f"test_{path.stem}.py"
    if same_name in test_texts():
        named = [test for test in test_texts() if test.parent == room and named_for(path, test)]
        return sorted(named, key=lambda test: len(test.stem))[:MOST_TESTS]
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    imported = re.compile(rf"\b{re.escape(name)}\b|from {re.escape(name.rpartition('.')[0])} import .*\b{path.stem}\b")
    found = [
        (len(words(path) & words(test)) + 2 * bool(imported.search(text)), test)
        for test, text in test_texts().items()
        if test.parent == room
    ]
    return [test for score, test in sorted(found, key=lambda entry: (-entry[0], entry[1])) if score][:MOST_TESTS]


def file_index() -> Iterator[str]:
    """Every source file, by room."""
    rooms = [PACKAGE, *sorted(path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE)]
    for room in rooms:
        yield f"## {room.relative_to(ROOT).as_posix()}/"
        yield ""
        yield summary(room / "__init__.py")
        yield ""
        yield "| File | What it does | Tests |"
        yield "| --- | --- | --- |"
        for path in sorted(room.glob("*.py")):
            if path.name != "__init__.py":
                named = tests_of(path) or [TESTS / path.parent.relative_to(PACKAGE)]
                tests = ", ".join(f"`{test.relative_to(ROOT).as_posix()}`" for test in named)
                yield f"| `{path.name}` | {summary(path)} | {tests} |"
        yield ""
