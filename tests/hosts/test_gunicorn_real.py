"""gunicorn, really started: the hang, its repaired twin, and what the master has loaded at its first fork."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, write

pytest.importorskip("gunicorn")
pytestmark = pytest.mark.slow

HANG = """\
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
TWIN = HANG.replace(
    "POOL = ThreadPoolExecutor(1)\n    POOL.submit(int).result()\n",
    "from functools import cache\n\n    @cache\n    def pool():\n        return ThreadPoolExecutor(1)\n",
).replace("POOL.submit(lambda", "pool().submit(lambda")


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def answer_of(root: Path, arguments: list[str], environ: dict[str, str]) -> str:
    """What the first request to a server is answered."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", *arguments]
    server = subprocess.Popen(command, cwd=root, env={**os.environ, **environ}, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and server.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE_S) as response:
                    return str(response.read().decode())
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"the server did not answer: {server.poll()}")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(PATIENCE_S)


@pytest.mark.parametrize(
    ("source", "arguments", "config", "environ", "answer"),
    [
        pytest.param(HANG, ["--preload", "-w", "2", "app:app"], "", {}, "hangs", id="option"),
        pytest.param(HANG, ["app:app"], "preload_app = True\n", {}, "hangs", id="configuration"),
        pytest.param(HANG, ["app:app"], "", {"GUNICORN_CMD_ARGS": "--preload"}, "hangs", id="variable"),
        pytest.param(HANG, ["-w", "2", "app:app"], "", {}, "42", id="without preload"),
        pytest.param(TWIN, ["--preload", "-w", "2", "app:app"], "", {}, "42", id="repaired"),
    ],
)
def test_what_hangs_is_reported_and_what_works_is_not(
    tmp_path: Path, source: str, arguments: list[str], config: str, environ: dict[str, str], answer: str
) -> None:
    write(tmp_path, {"app.py": source, "pyproject.toml": "", **({"gunicorn.conf.py": config} if config else {})})
    variables = " ".join(f"{name}={value}" for name, value in environ.items())
    write(tmp_path, {"Procfile": f"web: {variables} gunicorn {' '.join(arguments)}\n"})
    found = [(one.code, Path(one.path).name, one.line) for one in check(tmp_path).findings]
    assert found == ([("FS112", "app.py", 4)] if answer == "hangs" else [])
    assert answer_of(tmp_path, arguments, environ) == answer


RECORDER = """
import json, os, sys

def at_fork():
    names = [name for name in list(sys.modules) if name.partition(".")[0] in {tops}]
    with open({path!r}, "x") as stream:
        json.dump(names, stream)
    os._exit(0)

os.register_at_fork(before=at_fork)
from gunicorn.app.wsgiapp import run
sys.argv[0] = "gunicorn"
run()
"""
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


@pytest.mark.parametrize("app", ["proj.wsgi", "proj.asgi:application"])
def test_the_modules_of_the_master_at_its_first_fork(tmp_path: Path, app: str) -> None:
    pytest.importorskip("django")
    site = tmp_path / "site"
    write(site, {**SITE, "Procfile": f"web: gunicorn {app}\n", "pyproject.toml": ""})
    record = tmp_path / "record.json"
    tops = {"__config__", "proj", "shop", "stock"}
    program = RECORDER.format(tops=tops, path=str(record))
    command = [sys.executable, "-c", program, "-b", f"127.0.0.1:{free_port()}", app]
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=site, env=environ, timeout=PATIENCE_S, stderr=subprocess.DEVNULL, check=False)
    (trace,) = check(site).traces
    traced = [module.name for module in trace.modules if re.split(r"\.", module.name)[0] in tops]
    assert sorted(traced) == sorted(json.loads(record.read_text()))
    assert [module.name for module in trace.modules if not module.certain] == []
