"""Django's system checks, in Django's own order."""

from __future__ import annotations

from pathlib import Path

from programs import (
    boot_program,
)

CELERY = (
    "import os\nfrom celery import Celery\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\napp = Celery()\n"
)


def checked(root: Path, settings: str, files: dict[str, str]) -> list[str]:
    """The project's modules that the checks load, in order."""
    walk = boot_program(root, {"proj/celery.py": CELERY, "proj/settings.py": settings, "a/__init__.py": "", **files})
    return [
        name
        for name in walk.recorder.order
        if name in walk.imports.modules and walk.recorder.steps_of[name] == "system checks"
    ]


def test_urls_and_error_handlers(tmp_path: Path) -> None:
    files = {
        "proj/urls.py": "from a import views\nhandler404 = 'a.errors.missing'\n",
        "a/views.py": "",
        "a/errors.py": "def missing(): pass\n",
    }
    settings = "INSTALLED_APPS = ['a']\nROOT_URLCONF = 'proj.urls'\n"
    assert checked(tmp_path, settings, files) == ["proj.urls", "a.views", "a.errors"]


def test_middleware_only_where_an_app_checks_it(tmp_path: Path) -> None:
    files = {"a/middleware.py": "def m(get_response): pass\n"}
    settings = "INSTALLED_APPS = ['a'{}]\nMIDDLEWARE = ['a.middleware.m']\n"
    assert checked(tmp_path, settings.format(""), files) == []
    assert checked(tmp_path, settings.format(", 'django.contrib.auth'"), files) == ["a.middleware"]


def test_template_tags_and_libraries(tmp_path: Path) -> None:
    files = {"a/templatetags/__init__.py": "", "a/templatetags/tags.py": "", "own.py": "", "more.py": ""}
    engine = """\
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "OPTIONS": {"libraries": {"o": "own"}, "builtins": ["more"]},
}]
"""
    assert checked(tmp_path, "INSTALLED_APPS = ['a']\n" + engine, files) == [
        "a.templatetags",
        "a.templatetags.tags",
        "own",
        "more",
    ]


def test_the_last_migrate_command_and_the_failure_view_come_first(tmp_path: Path) -> None:
    commands = {
        "a/management/__init__.py": "",
        "a/management/commands/__init__.py": "",
        "a/management/commands/migrate.py": "",
    }
    settings = "INSTALLED_APPS = ['a']\nCSRF_FAILURE_VIEW = 'a.views.failed'\nDATABASE_ROUTERS = ['a.routers.R']\n"
    files = commands | {"a/views.py": "def failed(): pass\n", "a/routers.py": "class R: pass\n"}
    assert checked(tmp_path, settings, files) == [
        "a.management",
        "a.management.commands",
        "a.management.commands.migrate",
        "a.views",
        "a.routers",
    ]
