"""Libraries that import what the project's settings name."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write
from programs import boot_program

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
    "own/axes.py": "from axes.backends import AxesStandaloneBackend\nclass A(AxesStandaloneBackend): pass\n",
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


@pytest.mark.parametrize(
    ("app", "code", "settings", "expected"),
    [
        ("", "import dj_rest_auth.urls", "REST_AUTH = {'LOGIN_SERIALIZER': 'own.auth.A', 'X': 'own.pages.P'}", "auth"),
        ("", "import djoser.urls", "DJOSER = {'SERIALIZERS': {'user': 'own.auth.A', 'other': 'own.pages.P'}}", "auth"),
        ("", "import drf_yasg.views", "SWAGGER_SETTINGS = {'DEFAULT_GENERATOR_CLASS': 'own.auth.A'}", ""),
        (
            "",
            "from drf_yasg.views import get_schema_view\nview = get_schema_view()",
            "SWAGGER_SETTINGS = {'DEFAULT_GENERATOR_CLASS': 'own.auth.A'}",
            "auth",
        ),
        (
            "haystack",
            "import haystack.views",
            "HAYSTACK_CONNECTIONS = {'default': {'ENGINE': 'own.auth.A'}, 'more': {'ENGINE': 'own.pages.P'}}",
            "auth",
        ),
        ("haystack", "", "HAYSTACK_SIGNAL_PROCESSOR = 'own.auth.A'", "auth"),
        ("django_elasticsearch_dsl", "", "ELASTICSEARCH_DSL_SIGNAL_PROCESSOR = 'own.auth.A'", "auth"),
        ("", "import haystack", "HAYSTACK_SIGNAL_PROCESSOR = 'own.auth.A'", ""),
        (
            "constance",
            "",
            "CONSTANCE_ADDITIONAL_FIELDS = {'a': ['own.auth.A', {'widget': 'own.pages.P'}], 'b': ['own.auth.A']}",
            "auth pages",
        ),
        ("constance", "", "CONSTANCE_BACKEND = 'own.auth.A'", ""),
        ("wagtail.embeds", "", "WAGTAILEMBEDS_FINDERS = [{'class': 'own.auth.A', 'key': 'own.pages.P'}]", "auth"),
        ("wagtail", "", "WAGTAILEMBEDS_FINDERS = [{'class': 'own.auth.A'}]", ""),
        ("wagtail.locales", "", "NINJA_PAGINATION_CLASS = 'own.auth.A'", "auth"),
        ("wagtail.sites", "", "NINJA_PAGINATION_CLASS = 'own.auth.A'", ""),
        ("axes.apps.AppConfig", "", "AUTHENTICATION_BACKENDS = ['own.auth.A']", "auth"),
        ("axes", "", "AUTHENTICATION_BACKENDS = ['own.auth.A', 'axes.backends.AxesBackend', 'own.pages.P']", "auth"),
        ("axes", "", "AUTHENTICATION_BACKENDS = ['own.axes.A', 'own.auth.A']", "axes"),
        ("", "", "AUTHENTICATION_BACKENDS = ['own.auth.A']", ""),
        ("allauth.account", "", "ACCOUNT_ADAPTER = 'own.auth.A'\nSOCIALACCOUNT_ADAPTER = 'own.pages.P'", "auth"),
        ("", "", "DEFAULT_EXCEPTION_REPORTER = 'own.auth.A'\nLOGGING_CONFIG = 'own.pages.P'", "auth pages"),
        ("", "", "DEFAULT_EXCEPTION_REPORTER = 'own.auth.A'\nLOGGING_CONFIG = None", ""),
        ("", "", "SESSION_ENGINE = EMAIL_BACKEND = CELERY_BEAT_SCHEDULER = 'own.auth.A'", ""),
    ],
)
def test_what_real_workers_import(tmp_path: Path, app: str, code: str, settings: str, expected: str) -> None:
    apps = f"INSTALLED_APPS = ['shop', {app!r}]\n" if app else ""
    found = loaded(tmp_path, f"{apps}{settings}\n", f"{code}\n")
    assert found == {f"own.{name}" for name in expected.split()}


@pytest.mark.parametrize(
    ("requirement", "certain"), [("wagtail>=8", True), ("wagtail", False), ("wagtail==7.4", None), ("wagtail<8", None)]
)
def test_the_version_of_wagtail_decides(tmp_path: Path, requirement: str, certain: bool | None) -> None:
    settings = "INSTALLED_APPS = ['shop', 'wagtail.locales']\nNINJA_PAGINATION_CLASS = 'own.pages.P'\n"
    files = {"proj/settings.py": settings, "requirements.txt": f"celery\nDjango\n{requirement}\n"}
    report = check(write(tmp_path, {**FILES, **files, "own/__init__.py": "", "proj/__init__.py": ""}), app=["proj"])
    (trace,) = report.traces
    found = {module.name: module.certain for module in trace.modules}
    assert found.get("own.pages") is certain


def test_every_trigger_has_its_hook() -> None:
    triggers = {trigger for entry in SETTING_IMPORTS for trigger in entry.triggers}
    calls = {trigger.removesuffix("()") for trigger in triggers if trigger.endswith("()") and ":" not in trigger}
    assert MODELS.functions.keys() == calls
    assert MODELS.imports.keys() == {trigger for trigger in triggers if not trigger.endswith("()")}
