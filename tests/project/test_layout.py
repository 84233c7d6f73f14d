"""Module names to files and back."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.layout import Layout, module_name, source_roots

FILES = {
    "app/__init__.py": "",
    "app/models.py": "",
    "app/sub/__init__.py": "",
    "app/sub/deep.py": "",
    "space/inner/module.py": "",
    "templates/index.html": "",
    "single.py": "",
    "both/__init__.py": "",
    "both.py": "",
    "dir.py/__init__.py": "",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


@pytest.mark.parametrize(
    "name",
    ["app", "app.models", "app.sub", "app.sub.deep", "space", "space.inner", "space.inner.module", "single", "both",
     "missing", "app.missing", "single.x", "dir", "app.sub.missing"],
)  # fmt: skip
def test_finds_what_cpython_finds(root: Path, name: str) -> None:
    sys.path.insert(0, str(root))
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        spec = None
    finally:
        sys.path.remove(str(root))
        for loaded in [module for module in sys.modules if module.partition(".")[0] in ("app", "space", "single")]:
            del sys.modules[loaded]
    found = Layout(Disk(), (str(root),)).find(name)
    assert (found is None) == (spec is None)
    if found is not None and spec is not None:
        assert found.path == (spec.origin if spec.has_location else None)


def test_a_folder_without_source_is_no_package(root: Path) -> None:
    assert Layout(Disk(), (str(root),)).find("templates") is None


def test_standard_library_wins_unless_shadowed(tmp_path: Path) -> None:
    write(tmp_path, {"one/x.py": "", "two/json/__init__.py": ""})
    disk = Disk()
    assert Layout(disk, (str(tmp_path / "one"), str(tmp_path / "two"))).find("json") is None
    assert Layout(disk, (str(tmp_path / "two"),)).find("json") is not None


def test_path_to_module_name(root: Path) -> None:
    disk = Disk()
    assert module_name(disk, str(root / "app/sub/deep.py")) == (str(root), "app.sub.deep")
    assert module_name(disk, str(root / "app/__init__.py")) == (str(root), "app")
    assert module_name(disk, str(root / "single.py")) == (str(root), "single")


def test_source_roots_of_a_monorepo(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": "",
            "src/main/__init__.py": "",
            "services/worker/proj/__init__.py": "",
            "libs/common/pyproject.toml": "",
            "libs/common/src/common/__init__.py": "",
            "docs/conf.py": "",
        },
    )
    roots = source_roots(Disk(), str(tmp_path), str(tmp_path / "services/worker"))
    assert [Path(root).relative_to(tmp_path).as_posix() for root in roots] == [
        "services/worker", ".", "src", "libs/common", "libs/common/src",
    ]  # fmt: skip


def test_roots_added_at_run_time(root: Path) -> None:
    layout = Layout(Disk(), (str(root),))
    assert layout.find("deep") is None
    layout.add_root(str(root / "app/sub"), first=True)
    assert layout.find("deep") is not None
