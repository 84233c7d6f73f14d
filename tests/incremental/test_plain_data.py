"""Nothing that was read is ever executed: the package has no use for what could."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from flake8_forksafe.finding import Finding, Hop, Outcome, Remark
from flake8_forksafe.incremental import outcome_json

PACKAGE = Path(outcome_json.__file__).parent.parent
MODULES = {"pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "copyreg", "dbm"}
FUNCTIONS = {"eval", "exec", "__import__", "compile"}
FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent.name != "measure"]
"""All but ``forksafe measure``, which runs the project: that is what it is for."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_nothing_can_be_executed(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not MODULES & {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] not in MODULES
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FUNCTIONS


OUTCOME = Outcome(
    (
        Finding("/p/a.py", 1, 2, "FS101", "wh\udcffat", "torch", (Hop("a", None, 0, "import"),), "so", ("/p/x", 3)),
        Finding("/p/b.py", 1, 0, "FS102", "what"),
    ),
    (Remark("text", "/p/a.py", 3), Remark("other")),
    1,
    2,
    ("uWSGI app",),
    ("/p/inside",),
)


def test_an_outcome_comes_back_as_it_was() -> None:
    assert outcome_json.loads(outcome_json.dumps(OUTCOME)) == OUTCOME


@pytest.mark.parametrize("data", [
    b"", b"{}", b"[]", b"[[], [], 1]", b"[[], [], 1, true]", b'[[], [], "1", 2]', b"[[[]], [], 1, 2]", b"[1, 2, 3, 4]",
    b"[" * 100_000, b"\xff", json.dumps([[["/p", 1.5, 0, "FS101", "", "", [], "", None]], [], 1, 2]).encode(),
    json.dumps([[["/p", 1, 0, "FS101", "", "", [["a", 1, 1, "", ""]], "", None]], [], 1, 2]).encode(),
    json.dumps([[], [["text", 1, 1]], 1, 2]).encode(),
])  # fmt: skip
def test_what_is_no_outcome(data: bytes) -> None:
    assert outcome_json.loads(data) is None
