"""Hosts that know nothing of Django, really started on a Django project: the modules at their first fork.

``gunicorn`` and uWSGI are tried in their own files, ``manage.py`` in ``test_django_commands_real``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, write
from served_apps import SITE

pytest.importorskip("django")
pytestmark = pytest.mark.slow

RECORDER = """
import json, os, sys

def at_fork():
    names = [name for name in list(sys.modules) if name.partition(".")[0] in {tops}]
    with open({path!r}, "x") as stream:
        json.dump(names, stream)
    os._exit(0)

os.register_at_fork(before=at_fork)
"""
SETUP = "import os\nimport django\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\ndjango.setup()\n"
FILES = {
    **SITE,
    "pyproject.toml": "",
    "proj/celery.py": "import os\nfrom celery import Celery\n"
                      "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\napp = Celery('proj')\n"
                      "app.config_from_object('django.conf:settings', namespace='CELERY')\napp.autodiscover_tasks()\n",
    "proj/settings.py": SITE["proj/settings.py"] + "CELERY_BROKER_URL = 'memory://'\n",
    "proj/queues.py": SETUP + "from huey import SqliteHuey\nhuey = SqliteHuey(filename='huey.db')\nimport shop.tasks\n",
    "proj/handlers.py": SETUP + "from proj import urls\ndef handle(job, *error): ...\n",
    "proj/actors.py": "from dramatiq.brokers.stub import StubBroker\nbroker = StubBroker()\n",
    "run.py": SETUP + "import sys\nfrom proj import urls\nimport proj.actors\nfrom dramatiq.cli import main\n"
                      "sys.argv[1:] = ['proj.actors:broker', '-p', '1']\nmain()\n",
    "enqueue.py": "import os\nfrom redis import Redis\nfrom rq import Queue\n"
                  "Queue(connection=Redis(port=int(os.environ['REDIS_PORT']))).enqueue('shop.tasks.add')\n",
}  # fmt: skip
READY = {"proj", "proj.settings", "shop", "shop.apps", "shop.models", "shop.signals", "stock", "stock.models",
         "stock.units"}  # fmt: skip
CHECKED = {"proj.urls", "shop.views"}
"""What Celery's system checks import of a project whose URLs are not asked for otherwise."""


@pytest.mark.parametrize(
    ("package", "command", "besides"),
    [
        pytest.param("celery", "celery -A proj worker -c 1", {"proj.celery", "shop.tasks", *CHECKED}, id="celery"),
        pytest.param("celery", "celery -A proj worker -c 1 -B", {"proj.celery", "shop.tasks", *CHECKED}, id="beat"),
        pytest.param("huey", "huey_consumer proj.queues.huey -k process", {"proj.queues", "shop.tasks"}, id="huey"),
        pytest.param("rq", "rq worker --burst --exception-handler proj.handlers.handle", {"proj.handlers", *CHECKED},
                     id="rq"),
        pytest.param("dramatiq", "python run.py", {"proj.actors", *CHECKED}, id="dramatiq"),
    ],
)  # fmt: skip
def test_the_modules_of_the_parent_at_its_first_fork(
    tmp_path: Path, redis: int, package: str, command: str, besides: set[str]
) -> None:
    pytest.importorskip(package)
    site, record = tmp_path / "site", tmp_path / "record.json"
    others = {"gunicorn.conf.py"} | ({"run.py"} if package != "dramatiq" else set())
    others |= {"proj/celery.py"} if package != "celery" else set()
    write(
        site, {**{name: text for name, text in FILES.items() if name not in others}, "Procfile": f"jobs: {command}\n"}
    )
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environ |= {"PYTHONPATH": str(site), "REDIS_PORT": str(redis)}
    if package == "rq":
        subprocess.run([sys.executable, "enqueue.py"], cwd=site, env=environ, check=True)
    (site / "sitecustomize.py").write_text(RECORDER.format(tops={"proj", "shop", "stock"}, path=str(record)))
    program, *words = command.split()
    words += ["--url", f"redis://localhost:{redis}"] if package == "rq" else []
    whole = [str(Path(sys.executable).parent / program), *words]
    ran = subprocess.run(whole, cwd=site, env=environ, timeout=PATIENCE_S, capture_output=True, check=False)
    assert record.exists(), ran.stderr.decode()
    (site / "sitecustomize.py").unlink()
    (trace,) = check(site).traces
    traced = {module.name for module in trace.modules if module.origin == "first-party" and module.name != "__main__"}
    assert traced == {*json.loads(record.read_text())} and READY | besides <= traced
    assert [module.name for module in trace.modules if not module.certain] == []
