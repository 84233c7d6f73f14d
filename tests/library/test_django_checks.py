"""Django's system checks, in Django's own order."""

from __future__ import annotations

import subprocess
import sys
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


CLASSES = """\
class Plain: pass
def function(get_response): pass
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.utils.deprecation import MiddlewareMixin
class Mixed(MiddlewareMixin): pass
class Own(AuthenticationMiddleware): pass
"""
ALL_THREE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
OWN = ["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.messages.middleware.MessageMiddleware",
       "a.middleware.Own"]  # fmt: skip
MIDDLEWARES = [
    pytest.param("admin", ["a.middleware.Plain", *ALL_THREE, "b.late.Late"], "a.middleware", id="behind them all"),
    pytest.param(
        "admin", [*ALL_THREE[:2], "a.middleware.Mixed", "b.late.Late"], "a.middleware b.late", id="one missing"
    ),
    pytest.param("admin", [*OWN, "b.late.Late"], "a.middleware", id="a subclass"),
    pytest.param("admin", ["a.middleware.function", "b.late.Late", *ALL_THREE], "a.middleware b.late", id="before"),
    pytest.param("auth", ["b.late.Late"], "", id="auth alone, which does so from Django 5.1 on"),
]


def project(root: Path, app: str, middleware: list[str]) -> Path:
    """A worker whose Django has these entries in ``MIDDLEWARE``."""
    admin = ", 'django.contrib.admin'" if app == "admin" else ""
    apps = f"'a', 'django.contrib.auth', 'django.contrib.contenttypes'{admin}"
    return write(root, {
        "proj/__init__.py": "", "proj/celery.py": CELERY, "a/__init__.py": "", "a/middleware.py": CLASSES,
        "b/__init__.py": "", "b/late.py": "class Late: pass\n",
        "proj/settings.py": f"INSTALLED_APPS = [{apps}]\nMIDDLEWARE = {middleware!r}\n",
    })  # fmt: skip


@pytest.mark.parametrize(("app", "middleware", "certain"), MIDDLEWARES)
def test_middleware_until_what_is_looked_for(tmp_path: Path, app: str, middleware: list[str], certain: str) -> None:
    (trace,) = check(project(tmp_path, app, middleware)).traces
    sure = [module.name for module in trace.modules if module.certain and module.name in ("a.middleware", "b.late")]
    assert sure == certain.split()


@pytest.mark.slow
@pytest.mark.parametrize(("app", "middleware", "certain"), MIDDLEWARES)
def test_middleware_in_reality(tmp_path: Path, app: str, middleware: list[str], certain: str) -> None:
    django = pytest.importorskip("django")
    code = (
        "import os, sys\nos.environ['DJANGO_SETTINGS_MODULE'] = 'proj.settings'\nimport django\ndjango.setup()\n"
        "from django.core.checks import run_checks\nrun_checks()\n"
        "print(*[name for name in ('a.middleware', 'b.late') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project(tmp_path, app, middleware), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    named = [name for name in ("a.middleware", "b.late") if any(entry.startswith(name) for entry in middleware)]
    assert done.stdout.split() == (named if django.VERSION >= (5, 1) else certain.split())


MAY = {
    "database routers": "INSTALLED_APPS = ['a']\nDATABASE_ROUTERS = ['a.named.R']\n",
    # django-allauth 65: adapter_check makes an adapter; older releases have no such check
    "an adapter": "INSTALLED_APPS = ['a', 'allauth.account']\nACCOUNT_ADAPTER = 'a.named.R'\n",
}


@pytest.mark.parametrize("settings", MAY.values(), ids=MAY)
def test_what_settings_name_may_be_loaded(tmp_path: Path, settings: str) -> None:
    files = {"proj/__init__.py": "", "proj/celery.py": CELERY, "proj/settings.py": settings,
             "a/__init__.py": "", "a/named.py": "class R: pass\n"}  # fmt: skip
    (trace,) = check(write(tmp_path, files)).traces
    assert [module.certain for module in trace.modules if module.name == "a.named"] == [False]
