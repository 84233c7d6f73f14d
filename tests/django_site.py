"""A small Django project, with ready(), URLs, views and tasks."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import write

MANAGE = """\
    import os
    import sys

    def main():
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
        from django.core.management import execute_from_command_line
        execute_from_command_line(sys.argv)

    if __name__ == "__main__":
        main()
    """
SITE = {
    "pyproject.toml": "", "manage.py": MANAGE, "proj/__init__.py": "",
    "proj/settings.py": "INSTALLED_APPS = ['shop']\nROOT_URLCONF = 'proj.urls'\n",
    "proj/urls.py": "from shop import views\nurlpatterns = []\n",
    "shop/__init__.py": "", "shop/models.py": "", "shop/views.py": "import torch\n", "shop/tasks.py": "import spacy\n",
    "shop/apps.py": "from django.apps import AppConfig\nclass Shop(AppConfig):\n    name = 'shop'\n"
                    "    def ready(self):\n        import shop.signals\n",
    "shop/signals.py": "",
}  # fmt: skip
SETTINGS = """\
import os
SECRET_KEY = "x"
INSTALLED_APPS = ["django.contrib.contenttypes", "shop", "{app}"]
ROOT_URLCONF = "proj.urls"
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
HUEY = {{"huey_class": "huey.SqliteHuey", "filename": "huey.db", "immediate": False,
         "consumer": {{"worker_type": "process"}}}}
Q_CLUSTER = {{"orm": "default", "workers": 1, "poll": 0.2}}
RQ_QUEUES = {{"default": {{"HOST": "127.0.0.1", "PORT": int(os.environ.get("REDIS_PORT", "0"))}}}}
"""
RQ = "import django_rq; django_rq.enqueue('shop.tasks.add')"
RUNNERS = {
    "rqworker": ("django_rq", "django_rq", RQ),
    "rqworker-pool": ("django_rq", "django_rq", RQ),
    "run_huey": ("huey", "huey.contrib.djhuey", "from shop.tasks import add; add()"),
    "qcluster": ("django_q", "django_q", "from django_q.tasks import async_task; async_task('shop.tasks.add')"),
}
"""Of each command: the package that it is of, the app that has it, and what asks for a job."""


def make_site(root: Path, command: str, redis: int, files: dict[str, str]) -> dict[str, str]:
    """A project that runs a command; the environment of its processes."""
    package, app, _ = RUNNERS[command]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"there is no {package}")
    write(
        root, {**SITE, "shop/views.py": "", "shop/tasks.py": "", "proj/settings.py": SETTINGS.format(app=app), **files}
    )
    write(root, {"Procfile": f"jobs: python manage.py {command}\n"})
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environ["REDIS_PORT"] = str(redis)
    if command == "qcluster":
        subprocess.run([sys.executable, "manage.py", "migrate"], cwd=root, env=environ, check=True, capture_output=True)
    return environ
