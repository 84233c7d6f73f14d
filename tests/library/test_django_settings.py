"""Django's settings, against the Django that is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import (
    boot_program,
    names_of,
    plain,
)

from flake8_forksafe.interpreter.walk import Walk
from flake8_forksafe.library.django_settings import DjangoSettings, assigned_at
from flake8_forksafe.project import django as facts

CELERY = (
    "import os\nfrom celery import Celery\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\napp = Celery()\n"
)
READ = "from django.conf import settings\n"


def test_the_defaults_are_djangos() -> None:
    real = pytest.importorskip("django.conf.global_settings")
    for name, default in facts.DEFAULTS.items():
        if default is Ellipsis or isinstance(default, dict) or name == "DEFAULT_AUTO_FIELD" or not hasattr(real, name):
            continue  # that one changed in Django 6.0
        found = getattr(real, name)
        assert (list(found) if isinstance(default, list) else found) == default, name


def boot(root: Path, settings: str, more: dict[str, str] | None = None, environ: dict[str, str] | None = None) -> Walk:
    files = {
        "proj/celery.py": CELERY,
        "proj/settings.py": settings,
        "shop/__init__.py": "",
        "shop/models.py": "",
        **(more or {}),
    }
    return boot_program(root, files, environ)


def test_a_setting_that_neither_the_project_nor_django_has_is_an_error(tmp_path: Path) -> None:
    source = READ + "try:\n    A = settings.NOTHING\nexcept AttributeError:\n    A = 'caught'\n"
    walk = boot(tmp_path, "INSTALLED_APPS = ['shop']\n", {"shop/models.py": source})
    assert plain(names_of(walk, "shop.models")["A"]) == "caught"


def test_the_environment_decides_which_module(tmp_path: Path) -> None:
    walk = boot(
        tmp_path,
        "INSTALLED_APPS = ['absent']\n",
        {"other.py": "INSTALLED_APPS = ['shop']\n"},
        {"DJANGO_SETTINGS_MODULE": "other"},
    )
    assert "shop.models" in walk.recorder.order
    assert "proj.settings" not in walk.recorder.order


def test_what_manage_py_names_is_the_fallback(tmp_path: Path) -> None:
    files = {
        "proj/celery.py": CELERY.replace("os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\n", "\n"),
        "proj/settings.py": "INSTALLED_APPS = ['shop']\n",
        "shop/__init__.py": "",
        "shop/models.py": "",
    }
    assert "shop.models" not in boot_program(tmp_path, files).recorder.order
    assert "shop.models" in boot_program(tmp_path, files, django_settings="proj.settings").recorder.order


def test_a_module_that_is_not_in_the_project_is_said(tmp_path: Path) -> None:
    walk = boot(tmp_path, "", environ={"DJANGO_SETTINGS_MODULE": "proj.absent"})
    assert any("'proj.absent' is not in the project" in note.text for note in walk.recorder.notes)


def test_the_line_that_sets_something_last(tmp_path: Path) -> None:
    walk = boot(
        tmp_path,
        "from proj.base import *\nX = 1\nINSTALLED_APPS += ['shop']\n",
        {"proj/base.py": "INSTALLED_APPS = []\nY = 2\n"},
    )
    module = walk.imports.modules["proj.settings"]
    places = [assigned_at(walk, module, name) for name in ("X", "INSTALLED_APPS", "Y", "Z")]
    assert [place and (place[0].name, place[1]) for place in places] == [
        ("proj.settings", 2),
        ("proj.settings", 3),
        ("proj.base", 2),
        None,
    ]
    assert [str(edge.source) for edge in walk.recorder.edges.values() if edge.target.module == "shop"] == [
        "proj.settings"
    ]
    assert walk.state(DjangoSettings).settings is not None


def test_settings_without_apps_are_said(tmp_path: Path) -> None:
    walk = boot(tmp_path, "DEBUG = False\n")
    assert any("sets no INSTALLED_APPS" in note.text for note in walk.recorder.notes)
