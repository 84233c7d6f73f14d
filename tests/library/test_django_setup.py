"""``django.setup()``, in Django's own order."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write
from programs import (
    boot_program,
)

CELERY = (
    "import os\nfrom celery import Celery\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\napp = Celery()\n"
)


def order(root: Path, files: dict[str, str]) -> list[str]:
    """The project's modules in the order in which a boot loads them, behind ``proj.celery``."""
    walk = boot_program(root, {"proj/celery.py": CELERY, **files})
    found = [name for name in walk.recorder.order if name in walk.imports.modules]
    return found[2:]


def test_configs_then_models_then_ready(tmp_path: Path) -> None:
    ready = (
        "from django.apps import AppConfig\nclass C(AppConfig):\n    name = '{0}'\n"
        "    def ready(self):\n        from {0} import signals\n"
    )
    files = {"proj/settings.py": "INSTALLED_APPS = ['a', 'b.apps.C']\n"}
    for app in "ab":
        files |= {
            f"{app}/__init__.py": "",
            f"{app}/apps.py": ready.format(app),
            f"{app}/models.py": "",
            f"{app}/signals.py": "",
        }
    assert order(tmp_path, files) == [
        "proj.settings",
        "a",
        "a.apps",
        "b",
        "b.apps",
        "a.models",
        "b.models",
        "a.signals",
        "b.signals",
    ]


def test_the_config_that_is_marked_default(tmp_path: Path) -> None:
    source = """\
        from django.apps import AppConfig
        class One(AppConfig):
            name = "a"
            def ready(self):
                import m_one
        class Two(AppConfig):
            name = "a"
            {mark}
            def ready(self):
                import m_two
        """
    for mark, expected in (("default = True", {"m_two"}), ("default = False", {"m_one"}), ("pass", set())):
        files = {
            "proj/settings.py": "INSTALLED_APPS = ['a']\n",
            "a/__init__.py": "",
            "a/apps.py": source.format(mark=mark),
        }
        walk = boot_program(tmp_path, {"proj/celery.py": CELERY, **files})
        assert {name for name in walk.recorder.order if name.startswith("m_")} == expected, mark


def test_logging_comes_first_and_creates_its_handlers(tmp_path: Path) -> None:
    files = {
        "proj/settings.py": "LOGGING = {'handlers': {'h': {'class': 'own.Handler'}}}\nINSTALLED_APPS = ['a']\n",
        "a/__init__.py": "",
        "own.py": "class Handler:\n    def __init__(self, **kwargs):\n        import opened\n",
        "opened.py": "",
    }
    assert order(tmp_path, files) == ["proj.settings", "own", "opened", "a"]


def test_the_admin_imports_every_admin_module(tmp_path: Path) -> None:
    files = {
        "proj/settings.py": "INSTALLED_APPS = ['a', 'django.contrib.admin']\n",
        "a/__init__.py": "",
        "a/admin.py": "",
    }
    assert order(tmp_path, files) == ["proj.settings", "a", "a.admin"]


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("cms", {"cms_config", "cms_plugins"}),
        ("cms.apps.CMSConfig", {"cms_config", "cms_plugins"}),
        ("dynamic_preferences", {"dynamic_preferences_registry"}),
        ("ajax_select", {"lookups"}),
        ("algoliasearch_django", {"index"}),
        ("django_elasticsearch_dsl", {"documents"}),
        ("rules.apps.AutodiscoverRulesConfig", {"rules"}),
        ("rules", set()),
    ],
)
def test_what_apps_look_for_in_every_app(tmp_path: Path, entry: str, found: set[str]) -> None:
    """Seen in real processes, with the newest releases of these; of algoliasearch_django in its source."""
    names = ("cms_config", "cms_plugins", "cms_menus", "documents", "index", "lookups", "rules")
    modules = {f"shop/{name}.py": "" for name in (*names, "dynamic_preferences_registry")}
    settings = {"proj/settings.py": f"INSTALLED_APPS = ['shop', {entry!r}]\n", "shop/__init__.py": ""}
    write(tmp_path, {"proj/__init__.py": "", "proj/celery.py": CELERY, **settings, **modules})
    (trace,) = check(tmp_path, app=["proj"]).traces
    loaded = {module.name.removeprefix("shop.") for module in trace.modules if module.name.startswith("shop.")}
    assert loaded == found


def test_apps_that_cannot_be_resolved_are_said(tmp_path: Path) -> None:
    files = {
        "proj/celery.py": CELERY,
        "proj/settings.py": "import library\nINSTALLED_APPS = ['a', library.app()]\n",
        "a/__init__.py": "",
    }
    walk = boot_program(tmp_path, files)
    assert [note.text for note in walk.recorder.notes] == ["some of INSTALLED_APPS cannot be resolved"]
    assert "a" in walk.recorder.order


def test_the_database_engine_of_the_project(tmp_path: Path) -> None:
    files = {
        "proj/settings.py": "INSTALLED_APPS = ['a']\nDATABASES = {'default': {'ENGINE': 'own.engine'}}\n",
        "a/__init__.py": "",
        "own/__init__.py": "",
        "own/engine/__init__.py": "",
        "own/engine/base.py": "",
    }
    assert order(tmp_path, files)[2:] == ["own", "own.engine", "own.engine.base"]
