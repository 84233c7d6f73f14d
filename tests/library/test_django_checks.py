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
    (trace,) = check(project(tmp_path, app, middleware), environment="nowhere").traces
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
    (trace,) = check(write(tmp_path, files), environment="nowhere").traces
    assert [module.certain for module in trace.modules if module.name == "a.named"] == [False]


ENGINE = (
    "TEMPLATES = [{'BACKEND': 'django.template.backends.django.DjangoTemplates', "
    "'OPTIONS': {'builtins': ['a.named']}}]\n"
)
BY_VERSION = {
    "migrate": ("a/management/commands/migrate.py", "INSTALLED_APPS = ['a']\n", "5.2"),
    "auth's middleware": (
        "a/named.py", "INSTALLED_APPS = ['a', 'django.contrib.auth']\nMIDDLEWARE = ['a.named.R']\n", "5.1",
    ),
    "builtins of an engine": ("a/named.py", "INSTALLED_APPS = ['a']\n" + ENGINE, "5.1"),
    "builtins of an engine that the admin makes": (
        "a/named.py", "INSTALLED_APPS = ['a', 'django.contrib.admin']\n" + ENGINE, "1.0",
    ),
    "a cache": (
        "a/named.py", "INSTALLED_APPS = ['a']\nCACHES = {'default': {'BACKEND': 'a.named.R'}}\n", "1.0",
    ),
    "a key function of a cache": (
        "a/named.py", "INSTALLED_APPS = ['a']\nCACHES = {'default': {'BACKEND': "
        "'django.core.cache.backends.locmem.LocMemCache', 'KEY_FUNCTION': 'a.named.R'}}\n", "1.0",
    ),
}  # fmt: skip
"""A module, the settings that name it, and the version of Django from which on its checks import it."""
REQUIREMENTS = {"django==4.2.30": (4, 2), "django==5.1.15": (5, 1), "Django>=5.2,<6": (5, 2), "django": None}
MANAGED = {"a/management/__init__.py": "", "a/management/commands/__init__.py": ""}


@pytest.mark.parametrize("requirement", REQUIREMENTS)
@pytest.mark.parametrize(("path", "settings", "since"), BY_VERSION.values(), ids=BY_VERSION)
def test_the_version_of_django_decides(tmp_path: Path, path: str, settings: str, since: str, requirement: str) -> None:
    files = {"pyproject.toml": "", "requirements.txt": requirement, "proj/__init__.py": "", "proj/celery.py": CELERY,
             "proj/settings.py": settings, "a/__init__.py": "", path: "class R:\n    pass\n",
             **(MANAGED if "management" in path else {})}  # fmt: skip
    (trace,) = check(write(tmp_path, files), environment="nowhere").traces
    name = path.removesuffix(".py").replace("/", ".")
    version, first = REQUIREMENTS[requirement], tuple(int(part) for part in since.split("."))
    expected = [first == (1, 0)] if version is None else [True] if version >= first else []
    assert [module.certain for module in trace.modules if module.name == name] == expected


def test_a_cache_of_the_project_is_made(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "", "proj/__init__.py": "", "proj/celery.py": CELERY, "a/__init__.py": "",
        "proj/settings.py": "INSTALLED_APPS = ['a']\nCACHES = {'default': {'BACKEND': 'a.named.Own'}}\n",
        "a/named.py": "class Own:\n    def __init__(self, location, params):\n        import torch\n",
    }  # fmt: skip
    found = check(write(tmp_path, files), environment="nowhere").findings
    assert [finding.code for finding in found if finding.path.endswith("named.py")] == ["FS105"]


@pytest.mark.slow
@pytest.mark.parametrize(("path", "settings", "since"), BY_VERSION.values(), ids=BY_VERSION)
def test_what_the_installed_django_loads(tmp_path: Path, path: str, settings: str, since: str) -> None:
    django = pytest.importorskip("django")
    extra = (
        "" if "admin" not in settings else "INSTALLED_APPS += ['django.contrib.auth', 'django.contrib.contenttypes']\n"
    )
    extra += "" if "contrib.auth" not in settings else "INSTALLED_APPS += ['django.contrib.contenttypes']\n"
    base = "from django.core.management.commands.migrate import Command\n" if "migrate" in path else ""
    base += "from django.core.cache.backends.locmem import LocMemCache\n" if "BACKEND': 'a.named" in settings else ""
    body = base + f"class R{'(LocMemCache)' if 'LocMemCache' in base else ''}:\n    pass\n"
    body += "from django.template import Library\nregister = Library()\n" if "builtins" in settings else ""
    root = write(tmp_path, {"proj/__init__.py": "", "proj/settings.py": settings + extra, "a/__init__.py": "",
                            path: body, **(MANAGED if "management" in path else {})})  # fmt: skip
    name = path.removesuffix(".py").replace("/", ".")
    code = (
        "import os, sys\nos.environ['DJANGO_SETTINGS_MODULE'] = 'proj.settings'\nimport django\ndjango.setup()\n"
        f"from django.core.checks import run_checks\nrun_checks()\nprint({name!r} in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(django.VERSION[:2] >= tuple(int(part) for part in since.split(".")))


FINDERS = {
    "a/finders.py": "from django.contrib.staticfiles.finders import BaseStorageFinder, FileSystemFinder\n"
                    "from django.contrib.staticfiles.storage import staticfiles_storage\n"
                    "class Stored(BaseStorageFinder):\n    storage = staticfiles_storage\n"
                    "class Inherits(Stored): ...\nclass Plain(FileSystemFinder): ...\n",
    "a/files.py": "from django.core.files.storage import FileSystemStorage\nclass Files(FileSystemStorage):\n"
                  "    def __init__(self, *, location=None):\n        import a.made\n"
                  "        super().__init__(location)\n",
    "a/made.py": "",
    "a/static.py": "from django.contrib.staticfiles.storage import StaticFilesStorage\n"
                   "class Static(StaticFilesStorage): ...\n",
}  # fmt: skip
STORAGES = """\
STORAGES = {
    "default": {"BACKEND": "a.files.Files", "OPTIONS": {"location": "/tmp/x"}},
    "staticfiles": {"BACKEND": "a.static.Static"},
}
"""
OLD = "DEFAULT_FILE_STORAGE = 'a.files.Files'\nSTATICFILES_STORAGE = 'a.static.Static'\n"


@pytest.mark.parametrize(
    ("finder", "loaded"),
    [
        ("django.contrib.staticfiles.finders.DefaultStorageFinder", ["a.files", "a.made"]),
        ("django.contrib.staticfiles.finders.FileSystemFinder", []),
        ("a.finders.Stored", ["a.finders", "a.static"]),
        ("a.finders.Inherits", ["a.finders", "a.static"]),
        ("a.finders.Plain", ["a.finders"]),
    ],
)
def test_finders_that_make_a_storage(tmp_path: Path, finder: str, loaded: list[str]) -> None:
    settings = f"SECRET_KEY = 'x'\nSTATIC_ROOT = '/tmp/s'\nSTATICFILES_FINDERS = ['{finder}']\n"
    settings += "STATIC_URL = '/s/'\nINSTALLED_APPS = ['django.contrib.staticfiles', 'a']\n"
    assert checked(tmp_path, settings + STORAGES, FINDERS) == loaded
    assert checked(tmp_path, settings + OLD, FINDERS) == loaded
    (tmp_path / "proj/settings.py").write_text(settings + STORAGES)
    code = (
        "import os, sys, django\nos.environ['DJANGO_SETTINGS_MODULE'] = 'proj.settings'\ndjango.setup()\n"
        "before = set(sys.modules)\nfrom django.core.checks import run_checks\nrun_checks()\n"
        "print(*[name for name in sys.modules if name not in before and name.startswith('a.')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == loaded
