"""Libraries that import what the project's settings name."""

from __future__ import annotations

from pathlib import Path

from programs import (
    boot_program,
)

from flake8_forksafe.library.setting_imports import MODELS, SETTING_IMPORTS

CELERY = (
    "import os\nfrom celery import Celery\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\napp = Celery()\n"
)
FILES = {
    "proj/celery.py": CELERY,
    "shop/__init__.py": "",
    "own/__init__.py": "",
    "own/auth.py": "class A: pass\n",
    "own/pages.py": "class P: pass\n",
}


def loaded(root: Path, settings: str, models: str) -> set[str]:
    walk = boot_program(
        root, FILES | {"proj/settings.py": f"INSTALLED_APPS = ['shop']\n{settings}", "shop/models.py": models}
    )
    return {name for name in walk.recorder.order if name.startswith("own.")}


def test_rest_framework_imports_its_defaults_with_its_views(tmp_path: Path) -> None:
    settings = (
        "REST_FRAMEWORK = {'DEFAULT_AUTHENTICATION_CLASSES': ['own.auth.A'],\n"
        "                  'DEFAULT_PAGINATION_CLASS': 'own.pages.P', 'OTHER': 'own.x.Y'}\n"
    )
    assert loaded(tmp_path, settings, "from rest_framework import views\n") == {"own.auth"}
    assert loaded(tmp_path, settings, "import rest_framework.generics\n") == {"own.auth", "own.pages"}
    assert loaded(tmp_path, settings, "import rest_framework.serializers\n") == set()


def test_a_setting_that_is_a_path_itself(tmp_path: Path) -> None:
    settings = "SOCIAL_AUTH_STRATEGY = 'own.auth.A'\n"
    assert loaded(tmp_path, settings, "from social_django.utils import load_strategy\n") == {"own.auth"}


def test_every_trigger_has_its_hook() -> None:
    assert MODELS.imports.keys() == {trigger for entry in SETTING_IMPORTS for trigger in entry.triggers}
