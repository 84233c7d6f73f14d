"""Which Django settings module is taken where the worker's own environment and code name none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.settings_modules import choose_settings
from flake8_forksafe.report.remarks import remarks

DEFAULT = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', '{}')\n"

CASES = {
    "manage.py": ({"manage.py": DEFAULT.format("proj.settings")}, "proj.settings"),
    "manage.py in a function": ({"manage.py": "def main():\n    os.environ['DJANGO_SETTINGS_MODULE'] = 'a.b'\n"},
                                "a.b"),
    "manage.py before wsgi.py": ({"manage.py": DEFAULT.format("proj.settings"), "w/wsgi.py": DEFAULT.format("w.conf")},
                                 "proj.settings"),
    "wsgi.py for production": ({"manage.py": DEFAULT.format("conf.settings.local"),
                                "conf/wsgi.py": DEFAULT.format("conf.settings.prod")}, "conf.settings.prod"),
    "Dockerfile": ({"Dockerfile": "FROM python\nENV DJANGO_SETTINGS_MODULE=proj.settings\n"}, "proj.settings"),
    "Dockerfile, several": ({"Dockerfile": "ENV A=1 \\\n    DJANGO_SETTINGS_MODULE=proj.settings \\\n    B=2\n"},
                            "proj.settings"),
    ".env": ({".env": "A=1\nDJANGO_SETTINGS_MODULE=proj.settings\n"}, "proj.settings"),
    "pytest.ini": ({"pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = proj.settings\n"}, "proj.settings"),
    "pyproject.toml": ({"pyproject.toml": "[tool.pytest.ini_options]\nDJANGO_SETTINGS_MODULE = 'proj.settings'\n"},
                       "proj.settings"),
    "test settings come last": ({"pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = proj.settings.test\n",
                                 ".env": "DJANGO_SETTINGS_MODULE=proj.settings.dev\n"}, "proj.settings.dev"),
    "another service": ({"a/manage.py": DEFAULT.format("conf.a"), "b/manage.py": DEFAULT.format("conf.b")}, "conf.b"),
    "addopts": ({"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--ds=proj.settings -x'\n"}, "proj.settings"),
    "a manifest": ({"k8s/web.yaml": "env:\n- name: A\n  value: b\n- name: DJANGO_SETTINGS_MODULE\n  value: proj.live\n",
                    "tox.ini": "[testenv]\nsetenv =\n    DJANGO_SETTINGS_MODULE=proj.local\n"}, "proj.live"),
    "a map of a manifest": ({"k8s/map.yml": "data:\n  DJANGO_SETTINGS_MODULE: \"proj.live\"\n"}, "proj.live"),
    "a unit": ({"etc/web.service": "[Service]\nEnvironment=DJANGO_SETTINGS_MODULE=proj.live\n"}, "proj.live"),
    "addopts, a list": ({"pyproject.toml": "[tool.pytest.ini_options]\naddopts = ['-x', '--ds', 'proj.settings']\n"},
                        "proj.settings"),
    "addopts, lines": ({"setup.cfg": "[tool:pytest]\naddopts =\n    --ds proj.settings\n    -x\n"}, "proj.settings"),
    "another option": ({"pytest.ini": "[pytest]\naddopts = --dsn=a.b --no-ds c.d\n"}, None),
    "shell": ({"bin/run.sh": "#!/bin/sh\nexport DJANGO_SETTINGS_MODULE=proj.settings\n"}, "proj.settings"),
    "shell, a default": ({"run.sh": "export DJANGO_SETTINGS_MODULE=${DJANGO_SETTINGS_MODULE:-proj.settings}\n"},
                         "proj.settings"),
    "shell, assigned if unset": ({"run.sh": ': "${DJANGO_SETTINGS_MODULE:=proj.settings}"\n'}, "proj.settings"),
    "shell, for one command": ({"Makefile": "run:\n\tDJANGO_SETTINGS_MODULE=proj.settings ./manage.py x\n"},
                               "proj.settings"),
    "shell, a comment": ({"run.sh": "# DJANGO_SETTINGS_MODULE=proj.settings\n"}, None),
    "shell, a message": ({"run.sh": "echo DJANGO_SETTINGS_MODULE is unset; x=$DJANGO_SETTINGS_MODULE=a.b\n"}, None),
    "make": ({"Makefile": "export DJANGO_SETTINGS_MODULE ?= proj.settings\n"}, "proj.settings"),
    "an option of manage.py": ({"Makefile": "run:\n\tpython manage.py migrate --settings=proj.settings\n"},
                               "proj.settings"),
    ".envrc": ({".envrc": "export DJANGO_SETTINGS_MODULE='proj.settings'\n"}, "proj.settings"),
    "another service of a compose file": (
        {"docker-compose.prod.yml": "services:\n w:\n  environment:\n   - DJANGO_SETTINGS_MODULE=proj.settings\n"},
        "proj.settings"),
    "workflow": ({".github/workflows/ci.yml": "env:\n  DJANGO_SETTINGS_MODULE: proj.settings\n"}, "proj.settings"),
    "conftest.py": ({"conftest.py": DEFAULT.format("proj.settings")}, "proj.settings"),
    "tests come last": ({"conftest.py": DEFAULT.format("proj.one"), "run.sh": "DJANGO_SETTINGS_MODULE=proj.two x\n",
                         ".env": "DJANGO_SETTINGS_MODULE=proj.three\n"}, "proj.three"),
    "what exists goes first": ({"manage.py": DEFAULT.format("proj.prod"), ".env": "DJANGO_SETTINGS_MODULE=proj.dev\n",
                                "proj/dev.py": ""}, "proj.dev"),
    "none": ({"manage.py": "import os\n"}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_settings_module(tmp_path: Path, name: str) -> None:
    files, expected = CASES[name]
    write(tmp_path, files)
    choice = choose_settings(Disk(), str(tmp_path), str(tmp_path / "b" if (tmp_path / "b").is_dir() else tmp_path))
    assert (choice.taken.module if choice is not None else None) == expected


CELERY = """\
    from celery import Celery
    app = Celery("proj")
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.autodiscover_tasks()
    """


def test_the_choice_is_said(tmp_path: Path) -> None:
    write(tmp_path, {**CASES["wsgi.py for production"][0], "pyproject.toml": "", "conf/__init__.py": "",
                     "conf/celery.py": CELERY, "conf/settings/__init__.py": "", "shop/__init__.py": "",
                     "conf/settings/prod.py": "INSTALLED_APPS = ['shop']\n", "conf/settings/local.py": "",
                     "shop/tasks.py": "import torch\n"})  # fmt: skip
    report = check(tmp_path)
    assert [finding.code for finding in report.findings if finding.path.endswith("tasks.py")] == ["FS101"]
    (said,) = [remark for remark in remarks(report.context) if remark.text.startswith("Django settings")]
    assert said.text == (
        "Django settings: 'conf.settings.prod' is used, named in {place}; 'conf.settings.local' is named as well"
    )
    assert said.path == str(tmp_path / "conf/wsgi.py")


def test_several_others_are_said(tmp_path: Path) -> None:
    write(tmp_path, {"manage.py": DEFAULT.format("conf.one"), "wsgi.py": DEFAULT.format("conf.two"),
                     "asgi.py": DEFAULT.format("conf.three"), "conf/__init__.py": "", "conf/celery.py": CELERY,
                     **{f"conf/{name}.py": "INSTALLED_APPS = []\n" for name in ("one", "two", "three")}})  # fmt: skip
    (said,) = [one.text for one in remarks(check(tmp_path).context) if one.text.startswith("Django settings")]
    assert said == ("Django settings: 'conf.one' is used, named in {place}; 'conf.two', 'conf.three' are named as well")


def test_what_only_others_name_is_said(tmp_path: Path) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\naddopts = --ds=conf.settings\n", "conf/__init__.py": "",
                     "conf/celery.py": CELERY, "conf/settings.py": "INSTALLED_APPS = []\n"})  # fmt: skip
    report = check(tmp_path)
    assert [trace.settings for trace in report.traces] == [("conf.settings",)]
    (said,) = [remark for remark in remarks(report.context) if remark.text.startswith("Django settings")]
    assert said.text == (
        "Django settings: 'conf.settings' is used, named in {place}, since the worker's code and launches name none, "
        "nor does manage.py"
    )
    assert (said.path, said.line) == (str(tmp_path / "pytest.ini"), 2)


@pytest.mark.parametrize(
    "text", ["DJANGO_SETTINGS_MODULE", "manage.py ", "manage.py --settings -", "--ds ", " ", "ENV "]
)
def test_long_lines(tmp_path: Path, text: str) -> None:
    """Without bounds each takes minutes."""
    files = dict.fromkeys(("Makefile", "tox.ini", "Dockerfile"), f"DJANGO_SETTINGS_MODULE --ds\n{text * 60000}\n")
    assert choose_settings(Disk(), str(write(tmp_path, files)), str(tmp_path)) is None


EXPORT = """\
    import inspect, sys
    class Settings:
        DEBUG = True
        EXTRA = ["shop"]
        @property
        def INSTALLED_APPS(self):
            return ["base"] + self.EXTRA
        @classmethod
        def load_settings(cls, module_name):
            self = cls()
            {how}
    class Production(Settings):
        EXTRA = ["web"]
        @property
        def INSTALLED_APPS(self):
            return super().INSTALLED_APPS + ["late"]
    Production.load_settings(__name__)
    """
WAYS = {
    "getmembers and setattr": "for n, v in inspect.getmembers(self):\n                if n.isupper():\n"
    "                    setattr(sys.modules[module_name], n, v)",
    "dir and setattr": "for n in dir(self):\n                if n.isupper():\n"
    "                    setattr(sys.modules[module_name], n, getattr(self, n))",
    "globals": "for n in dir(self):\n                if n.isupper():\n"
    "                    globals()[n] = getattr(self, n)",
    "update": "globals().update({n: v for n, v in inspect.getmembers(self) if n.isupper()})",
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_class_that_exports_itself(tmp_path: Path, way: str) -> None:
    files = {"pyproject.toml": "", "manage.py": DEFAULT.format("conf.settings"), "conf/__init__.py": "",
             "conf/celery.py": CELERY, "conf/settings.py": EXPORT.replace("{how}", WAYS[way])}  # fmt: skip
    for app in ("base", "web", "late", "shop"):
        files |= {f"{app}/__init__.py": "", f"{app}/tasks.py": ""}
    write(tmp_path, files)
    code = "from conf import settings; print(*settings.INSTALLED_APPS)"
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    report = check(tmp_path)
    loaded = {module.name for trace in report.traces for module in trace.modules if module.name.endswith(".tasks")}
    assert loaded == {f"{app}.tasks" for app in done.stdout.split()} == {"base.tasks", "web.tasks", "late.tasks"}
    assert not [finding for finding in report.findings if finding.code == "FS192"]


@pytest.mark.parametrize(
    "how",
    [
        "globals().update({n: v for n, v in vars(Live).items() if n.isupper()})",
        "for n in Live.__dict__:\n    if n == n.upper() and n[0] != '_':\n        globals()[n] = Live.__dict__[n]",
        "for c in reversed(Live.__mro__):\n    globals().update({n: v for n, v in vars(c).items() if n.isupper()})",
    ],
    ids=["vars", "__dict__", "__mro__"],
)
def test_the_names_of_a_class(tmp_path: Path, how: str) -> None:
    """What Python itself puts into a class is no setting."""
    settings = f"class Base:\n    'x'\n    DEBUG = False\nclass Live(Base):\n    INSTALLED_APPS = ['web']\n{how}\n"
    files = {"manage.py": DEFAULT.format("conf.settings"), "conf/__init__.py": "", "conf/celery.py": CELERY,
             "conf/settings.py": settings, "web/__init__.py": "", "web/tasks.py": ""}  # fmt: skip
    report = check(write(tmp_path, files))
    loaded = [(module.name, module.certain) for trace in report.traces for module in trace.modules]
    assert ("web.tasks", True) in loaded and not report.findings
