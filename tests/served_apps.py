"""Apps that servers load: one that hangs, its repaired twin, a Django project; and what a report says of them."""

from __future__ import annotations

import socket
from pathlib import Path

from helpers import check, write

from flake8_forksafe.report import apps
from flake8_forksafe.report.result import Report

HANG = """\
    from concurrent.futures import ThreadPoolExecutor

    POOL = ThreadPoolExecutor(1)
    POOL.submit(int).result()

    def app(environ, start_response):
        start_response("200 OK", [])
        return [str(POOL.submit(lambda: 42).result(timeout=3)).encode()]
    """
TWIN = """\
    from concurrent.futures import ThreadPoolExecutor
    from functools import cache

    @cache
    def pool():
        return ThreadPoolExecutor(1)

    def app(environ, start_response):
        start_response("200 OK", [])
        return [str(pool().submit(lambda: 42).result(timeout=3)).encode()]
    """


def served(root: Path, command: str, files: dict[str, str], **options: object) -> Report:
    """The report on a project without Celery that a Procfile serves."""
    return check(write(root, {"pyproject.toml": "", "Procfile": f"web: {command}\n", **files}), **options)


def found(report: Report) -> list[tuple[str, str, int]]:
    """Codes, file names and lines."""
    return [(one.code, Path(one.path).name, one.line) for one in report.findings]


def clean(report: Report) -> list[str]:
    """What ``forksafe check -v`` says of hosts that are clean."""
    return [line for line in apps.table(report, report.context.settings.project) if line.startswith("clean: ")]


LOUD_HANG = """\
    from concurrent.futures import ThreadPoolExecutor

    POOL = ThreadPoolExecutor(1)
    POOL.submit(int).result()

    def app(environ, start_response):
        try:
            answer = str(POOL.submit(lambda: 42).result(timeout=3))
        except TimeoutError:
            answer = "hangs"
        start_response("200 OK", [])
        return [answer.encode()]
    """
LOUD_TWIN = LOUD_HANG.replace(
    "POOL = ThreadPoolExecutor(1)\n    POOL.submit(int).result()\n",
    "from functools import cache\n\n    @cache\n    def pool():\n        return ThreadPoolExecutor(1)\n",
).replace("POOL.submit(lambda", "pool().submit(lambda")


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


SITE = {
    "gunicorn.conf.py": "import proj.serving\npreload_app = True\ndef when_ready(server):\n    import proj.late\n"
                        "def post_fork(server, worker):\n    import proj.child\n",
    "proj/__init__.py": "", "proj/serving.py": "", "proj/late.py": "", "proj/child.py": "",
    "proj/settings.py": "SECRET_KEY = 'x'\nINSTALLED_APPS = ['django.contrib.contenttypes', 'shop', 'stock']\n"
                        "MIDDLEWARE = ['shop.middleware.Stamp']\nROOT_URLCONF = 'proj.urls'\n",
    "proj/urls.py": "from django.urls import path\nfrom shop import views\nurlpatterns = [path('', views.index)]\n",
    "proj/wsgi.py": "import os\nfrom django.core.wsgi import get_wsgi_application\n"
                    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\n"
                    "application = get_wsgi_application()\n",
    "proj/asgi.py": "import os\nfrom django.core.asgi import get_asgi_application\n"
                    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\n"
                    "application = get_asgi_application()\n",
    "shop/__init__.py": "", "shop/views.py": "def index(request): ...\n", "shop/tasks.py": "",
    "shop/models.py": "from django.db import models\nclass Item(models.Model): ...\n",
    "shop/signals.py": "",
    "shop/apps.py": "from django.apps import AppConfig\nclass Shop(AppConfig):\n    name = 'shop'\n"
                    "    def ready(self):\n        from shop import signals\n",
    "shop/middleware.py": "class Stamp:\n    def __init__(self, get_response):\n        import shop.stamps\n",
    "shop/stamps.py": "",
    "stock/__init__.py": "", "stock/models.py": "import stock.units\n", "stock/units.py": "", "stock/admin.py": "",
}  # fmt: skip
