"""The house: which part may import which, and that heavy packages stay where they belong."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "flake8_forksafe"

ORDER = [
    "plugin", "cli", "session", "outcome", "baseline", "graft", "edits", "keeping", "analysis", "tracing", "report",
    "rules", "trace", "hosts", "library", "interpreter", "deployment", "project", "source",
]  # fmt: skip
"""Later parts must not import earlier ones.  Those of :data:`ASIDE` stand beside, and import each other only."""
ASIDE = {"settings", "hazards", "digest", "finding", "processes"}
HEAVY = {"libcst": {"source", "fix"}, "networkx": {"trace"}, "flake8": {"plugin", "settings"}, "yaml": {"deployment"}}


def parts() -> list[tuple[str, Path]]:
    """Each module with the part of the house it belongs to."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        found.append((relative.parts[0].removesuffix(".py"), path))
    return found


def imported(path: Path) -> set[str]:
    """Dotted names a module imports at run time, in functions too."""
    names = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize(("part", "path"), parts(), ids=lambda value: str(getattr(value, "name", value)))
def test_arrows_point_one_way(part: str, path: Path) -> None:
    for name in imported(path):
        if not name.startswith("flake8_forksafe."):
            continue
        target = name.split(".")[1]
        if target in ASIDE or part not in ORDER or target not in ORDER:
            assert part not in ASIDE or target in ASIDE or target == "__version__", f"{part} imports {name}"
            continue
        assert ORDER.index(target) >= ORDER.index(part), f"{part} must not import {name}"


@pytest.mark.parametrize(("part", "path"), parts(), ids=lambda value: str(getattr(value, "name", value)))
def test_heavy_packages_stay_in_their_place(part: str, path: Path) -> None:
    for name in imported(path):
        allowed = HEAVY.get(name.split(".")[0])
        assert allowed is None or part in allowed, f"{part} imports {name}"
