"""Pyramid: what ``Configurator`` imports by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import imported_modules, walk_program

APP = {
    "app/__init__.py": "from pyramid.config import Configurator\nconfig = Configurator()\n{call}\n",
    "app/routes.py": "def includeme(config):\n    import m_routes\n",
    "app/views/__init__.py": "",
    "app/views/home.py": "",
    "main.py": "import app\n",
}


def loaded(root: Path, call: str) -> list[str]:
    return imported_modules(walk_program(root, APP | {"app/__init__.py": APP["app/__init__.py"].format(call=call)}))


@pytest.mark.parametrize("call", ["config.include('app.routes')", "config.include('.routes')"])
def test_include_calls_includeme(tmp_path: Path, call: str) -> None:
    assert loaded(tmp_path, call)[-2:] == ["app.routes", "m_routes"]


@pytest.mark.parametrize("call", ["config.scan('app.views')", "config.scan('.views')"])
def test_scan_imports_every_module_below(tmp_path: Path, call: str) -> None:
    assert loaded(tmp_path, call)[-2:] == ["app.views", "app.views.home"]


def test_scan_of_the_callers_package(tmp_path: Path) -> None:
    assert set(loaded(tmp_path, "config.scan()")) >= {"app.routes", "app.views.home"}
