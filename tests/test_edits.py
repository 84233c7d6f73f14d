"""After an edit, what is kept gives what a new analysis finds, wherever it is used."""

from __future__ import annotations

import ast
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_outcome import PROJECT, Runs, runs, write

from flake8_forksafe.finding import Outcome
from flake8_forksafe.outcome import outcome_of
from flake8_forksafe.session import deep_recursion
from flake8_forksafe.settings import make_settings

__all__ = ["runs"]

FIXTURES = Path(__file__).parent / "fixtures"


def outcome(root: Path, path: Path, text: str, **options: object) -> Outcome:
    """The outcome with one unsaved buffer."""
    with deep_recursion():
        return outcome_of(make_settings(str(root), options), {str(path): text.encode()})


@pytest.fixture(scope="module")
def bookshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("edits") / "bookshop"
    shutil.copytree(FIXTURES / "bookshop", root)
    with deep_recursion():
        outcome_of(make_settings(str(root), {}))
    return root


def shifted(text: str, line: int) -> str:
    """A text with a blank line, a comment and another blank line above a line."""
    lines = text.split("\n")
    return "\n".join([*lines[:line], "", "# a comment", "", *lines[line:]])


def shifts(root: Path) -> Iterator[tuple[Path, str]]:
    """Edits of some files that move lines and do nothing else."""
    choose = random.Random(7)
    for path in sorted(root.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for line in choose.sample(range(text.count("\n") + 1), min(2, text.count("\n") + 1)):
            edited = shifted(text, line)
            if ast.dump(ast.parse(edited)) == ast.dump(ast.parse(text)):
                yield path, edited


def test_lines_that_move_are_followed(bookshop: Path, runs: Runs) -> None:
    edits = list(shifts(bookshop))
    assert len(edits) > 30
    for path, edited in edits:
        assert outcome(bookshop, path, edited) == outcome(bookshop, path, edited, no_cache=True), path
    assert len(edits) <= runs.analysed <= 1.2 * len(edits)  # that without a cache, and where a sentence names a line


def test_a_saved_edit_counts_like_an_unsaved_one(tmp_path: Path, runs: Runs) -> None:
    root = write(tmp_path, PROJECT)
    before = runs.codes(root)
    (root / "proj/tasks.py").write_text("\n\n" + PROJECT["proj/tasks.py"])
    (root / "proj/celery.py").write_text("# the app\n" + PROJECT["proj/celery.py"])
    assert runs.codes(root) == [(path, line + 2, code) for path, line, code in before]
    assert runs.analysed == 1


@pytest.mark.parametrize(("old", "new"), [
    ("import litellm\n", "import numpy\n"),  # another statement
    ("import litellm\n", ""),  # one less
    ("def warm():\n    pass\n", "def warm():\n    import torch\n"),  # a body that the boot executes
    ("def warm():\n    pass\n", "def warm():\n    pass\n    # x\n    import torch\n"),
    ("warm()\n", "warm()\nif True:\n    import torch\n"),  # more than an import
    ("warm()\n", "warm()\nfrom os import *\n"),
    ("warm()\n", "warm(\n"),  # broken
])  # fmt: skip
def test_other_edits_are_analysed(tmp_path: Path, runs: Runs, old: str, new: str) -> None:
    root = write(tmp_path, PROJECT)
    runs.codes(root)
    (path,) = (root / name for name in PROJECT if old in PROJECT[name])
    edited = path.read_text().replace(old, new)
    assert outcome(root, path, edited) == outcome(root, path, edited, no_cache=True)
    assert runs.analysed == 3


def test_a_sentence_that_names_a_line_is_written_anew(tmp_path: Path, runs: Runs) -> None:
    root = write(tmp_path, {**PROJECT, "proj/tasks.py": "import proj.broken\n", "proj/broken.py": "\n\nx = (\n"})
    (first,) = outcome(root, root / "proj/broken.py", "\nx = (\n").findings
    assert "broken.py:2" in first.what
