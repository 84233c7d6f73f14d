"""The house: which room may import which, that nothing imports in circles, and that heavy packages stay in their place.

Imports count wherever they stand: at the top, inside a function, and under ``TYPE_CHECKING``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import networkx
import pytest

PACKAGE = Path(__file__).parent.parent / "flake8_forksafe"

ORDER = [
    "plugin", "editors", "cli", "arguments", "command_line", "session", "incremental", "baseline", "suppression",
    "analysis", "tracing", "workers", "report", "fix", "rules", "trace", "hosts", "library", "interpreter",
    "deployment", "project", "source",
]  # fmt: skip
"""Later rooms must not import earlier ones.  Those of :data:`BESIDE` stand beside, and import each other only."""
BESIDE = {
    "examples", "host_names", "options", "own_packages", "settings", "hazards", "digest", "finding", "user_directories",
    "file_reading", "printable", "internal_errors", "measure",
}  # fmt: skip
HEAVY: dict[str, set[str]] = {
    "ast": set(),  # the tests' oracle
    "libcst": {"source", "fix"},
    "networkx": {"trace"},
    "flake8": {"plugin", "settings", "suppression"},
    "yaml": {"deployment"},
    "packaging": {"project"},
    "pylsp": {"editors"},
}


def module_names() -> dict[str, Path]:
    """Every module of the package, with its file."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def import_graph(modules: dict[str, Path]) -> networkx.DiGraph[str]:
    """Which module of the package imports which."""
    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(modules)
    for module, path in modules.items():
        for name in imported(path):
            target = name
            while target and target not in modules:
                target = target.rpartition(".")[0]
            if target not in ("", module, PACKAGE.name):
                graph.add_edge(module, target)
    return graph


MODULES = module_names()
GRAPH = import_graph(MODULES)


def room(module: str) -> str:
    """The room that a module lies in."""
    return module.split(".")[1] if "." in module else ""


def test_every_room_is_known() -> None:
    assert {room(module) for module in MODULES} <= {"", "__main__", *ORDER, *BESIDE}


@pytest.mark.parametrize("module", MODULES)
def test_arrows_point_one_way(module: str) -> None:
    for target in GRAPH.successors(module):
        if room(module) in ("__main__", "measure"):
            continue
        if room(module) in BESIDE:
            assert room(target) in BESIDE, f"{module} imports {target}"
        elif room(target) not in BESIDE:
            assert ORDER.index(room(target)) >= ORDER.index(room(module)), f"{module} must not import {target}"


def test_nothing_imports_in_circles() -> None:
    circles = [sorted(circle) for circle in networkx.strongly_connected_components(GRAPH) if len(circle) > 1]
    assert circles == []


def test_a_circle_is_seen_wherever_its_imports_stand(tmp_path: Path) -> None:
    sources = {
        "a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from flake8_forksafe import b\n",
        "b": "def late():\n    import flake8_forksafe.a\n",
    }
    modules = {}
    for name, source in sources.items():
        modules[f"flake8_forksafe.{name}"] = tmp_path / f"{name}.py"
        modules[f"flake8_forksafe.{name}"].write_text(source)
    assert not networkx.is_directed_acyclic_graph(import_graph(modules))


@pytest.mark.parametrize("module", MODULES)
def test_heavy_packages_stay_in_their_place(module: str) -> None:
    for name in imported(MODULES[module]):
        allowed = HEAVY.get(name.split(".")[0])
        assert allowed is None or room(module) in allowed, f"{module} imports {name}"


OWN_FILES = {"flake8_forksafe.session", "flake8_forksafe.incremental.parse_ahead"}
"""Modules that read a file of the program's own, or of the system."""


@pytest.mark.parametrize("module", [name for name in MODULES if room(name) != "measure" and name not in OWN_FILES])
def test_files_are_read_in_one_way(module: str) -> None:
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            mode = node.args[1].value if len(node.args) > 1 and isinstance(node.args[1], ast.Constant) else "r"
            assert str(mode)[0] in "wx", f"line {node.lineno}: a pipe or a device may stand there; use read_file()"
