"""Programs of a project that start RQ, Huey or Dramatiq themselves: found, and followed until they hand over."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write
from served_apps import clean, found

from flake8_forksafe.report.result import Report

HANG = "from concurrent.futures import ThreadPoolExecutor\nPOOL = ThreadPoolExecutor(1)\nPOOL.submit(int).result()\n"
REPORTED = ("FS112", "jobs.py", 3)
SPAWNED = "it starts its processes by spawn: nothing is inherited"
THREADS = "its workers are threads of one process: nothing is forked"
HORSES = "its SpawnWorker begins each work-horse with a fresh interpreter"


def report_of(root: Path, program: str, files: dict[str, str]) -> Report:
    metadata = "[project]\nname = 'x'\nrequires-python = '>=3.11'\n"
    return check(write(root, {"pyproject.toml": metadata, "jobs.py": HANG, "run.py": program, **files}))


@pytest.mark.parametrize("files", [{"Procfile": "jobs: python run.py\n"}, {}], ids=["launched", "unseen"])
@pytest.mark.parametrize(
    ("host", "program", "why"),
    [
        pytest.param("rq worker", "import rq, jobs\nrq.Worker(['a']).work()\nimport torch\n", "", id="rq"),
        pytest.param("rq worker", "import jobs\nfrom rq import Worker\nclass W(Worker):\n    def work(self, **given):\n"
                     "        return super().work(**given)\nW(['a']).work(burst=True)\n", "", id="a class of its own"),
        pytest.param("rq worker", "import jobs\nfrom django_rq import get_worker\nget_worker('a').work()\n", "",
                     id="django_rq"),
        pytest.param("rq worker", "import jobs\nfrom rq import SimpleWorker\nSimpleWorker(['a']).work()\n",
                     "its SimpleWorker runs jobs itself: nothing is forked", id="SimpleWorker"),
        pytest.param("rq worker", "import jobs\nfrom rq.worker import SpawnWorker\nclass W(SpawnWorker): ...\n"
                     "W(['a']).work()\n", HORSES, id="SpawnWorker"),
        pytest.param("rq worker", "import jobs\nfrom rq import SimpleWorker\nfrom rq.worker_pool import WorkerPool\n"
                     "WorkerPool(['a'], None, worker_class=SimpleWorker).start()\n", "", id="pool of simple workers"),
        pytest.param("rq worker", "import jobs\nfrom rq import SpawnWorker\nfrom rq.worker_pool import WorkerPool\n"
                     "WorkerPool(['a'], None, 2, SpawnWorker).start()\n", HORSES, id="pool that spawns"),
        pytest.param("huey_consumer", "import jobs\nfrom huey import RedisHuey\nhuey = RedisHuey()\n"
                     "consumer = huey.create_consumer(worker_type='process')\nconsumer.run()\n", "", id="huey"),
        pytest.param("huey_consumer", "import jobs\nfrom huey import RedisHuey\nRedisHuey().create_consumer().run()\n",
                     THREADS, id="threads of huey"),
        pytest.param("huey_consumer", "import sys\nfrom huey.bin.huey_consumer import consumer_main\n"
                     "sys.argv += ['jobs.huey', '-k', 'process']\nconsumer_main()\n", "", id="consumer_main"),
        pytest.param("dramatiq", "import jobs\nfrom dramatiq import cli\ncli.main()\n", "", id="dramatiq"),
        pytest.param("dramatiq", "import jobs\nfrom dramatiq import cli\n"
                     "cli.main(cli.make_argument_parser().parse_args(['jobs', '--use-spawn']))\n", SPAWNED,
                     id="dramatiq that spawns"),
        pytest.param("dramatiq", "import jobs, multiprocessing\nfrom dramatiq.cli import main\n"
                     "multiprocessing.set_start_method('spawn')\nmain()\n", SPAWNED, id="start method"),
    ],
)  # fmt: skip
def test_a_program_that_starts_a_host(tmp_path: Path, host: str, program: str, why: str, files: dict[str, str]) -> None:
    report = report_of(tmp_path, program, files)
    (trace,) = report.traces
    assert found(report) == ([] if why else [REPORTED])
    place = "Procfile:1" if files else "run.py:1"
    assert clean(report) == ([f"clean: {host}:run ({place}): {why}"] if why else [])
    assert trace.program == "run.py"


def test_the_number_of_workers_that_a_program_says(tmp_path: Path) -> None:
    program = "from rq.worker_pool import WorkerPool\nWorkerPool(['a'], None, num_workers=5).start()\n"
    (trace,) = report_of(tmp_path / "rq", program, {}).traces
    assert trace.host.pool(trace.starts[0], trace.conf)[2:4] == (5, "the program")
    program = "import sys\nfrom dramatiq.cli import main\nsys.argv[1:] = ['jobs', '--processes=3']\nmain()\n"
    (trace,) = report_of(tmp_path / "dramatiq", program, {}).traces
    assert trace.host.pool(trace.starts[0], trace.conf)[2:4] == (3, "--processes")


def test_a_type_of_workers_that_is_not_known(tmp_path: Path) -> None:
    program = "import jobs, config\nfrom huey import RedisHuey\nRedisHuey().create_consumer(**config.load()).run()\n"
    report = report_of(tmp_path, program, {})
    assert REPORTED in found(report)
    assert "the type of Huey's workers cannot be resolved" in " ".join(one.text for one in report.findings)


def test_dramatiq_where_nothing_is_forked_by_default(tmp_path: Path) -> None:
    metadata = "[project]\nname = 'x'\nrequires-python = '>=3.14'\n"
    program = "import jobs\nfrom dramatiq.cli import main\nmain()\n"
    report = report_of(tmp_path, program, {"pyproject.toml": metadata})
    assert found(report) == []
    assert clean(report) == [
        "clean: dramatiq:run (run.py:1): it starts its processes by forkserver: nothing is inherited"
    ]


def test_a_management_command_that_starts_workers(tmp_path: Path) -> None:
    command = (
        "from django.core.management.base import BaseCommand\nfrom rq import Worker\n"
        "class Command(BaseCommand):\n    def handle(self, **options):\n        Worker(['a']).work()\n"
    )
    files = {
        "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\n"
                     "from django.core.management import execute_from_command_line as run\nrun()\n",
        "proj/__init__.py": "", "proj/settings.py": "INSTALLED_APPS = ['shop']\n",
        "shop/__init__.py": "", "shop/models.py": "import jobs\n", "shop/management/__init__.py": "",
        "shop/management/commands/__init__.py": "", "shop/management/commands/work.py": command,
        "Procfile": "jobs: python manage.py work\n",
    }  # fmt: skip
    report = report_of(tmp_path, "", files)
    assert found(report) == [REPORTED]
    assert [trace.host.name for trace in report.traces] == ["rq worker"]


def test_what_may_start_a_host_and_is_not_seen_to(tmp_path: Path) -> None:
    report = report_of(tmp_path, "import jobs\nfrom rq import Worker\ndef start():\n    Worker(['a']).work()\n", {})
    assert (found(report), report.traces) == ([], ())
    assert [(one.spec, one.why) for one in report.context.left_out] == [
        ("run.py", "may start rq worker, and was not seen to")
    ]


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("from kafka import pulsar\npulsar.create_consumer('a')\n", id="another consumer"),
        pytest.param("class Queue:\n    def work(self): ...\nQueue().work()\n", id="another work"),
    ],
)
def test_what_starts_no_host(tmp_path: Path, program: str) -> None:
    report = report_of(tmp_path, program, {})
    assert (found(report), report.traces, report.context.left_out) == ([], (), ())


def test_an_app_of_celery_whose_module_starts_another_host(tmp_path: Path) -> None:
    program = "from celery import Celery\nimport jobs, rq\napp = Celery('run')\nrq.Worker(['a']).work()\n"
    report = report_of(tmp_path, program, {"Procfile": "worker: celery -A run worker\n"})
    assert REPORTED in found(report)
