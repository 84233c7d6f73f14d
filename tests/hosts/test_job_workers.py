"""RQ's and Huey's own commands, and commands that are clean by construction."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write
from served_apps import clean, found, served

from flake8_forksafe.report import apps
from flake8_forksafe.report.remarks import remarks

HANG = """\
    from concurrent.futures import ThreadPoolExecutor

    POOL = ThreadPoolExecutor(1)
    POOL.submit(int).result()

    def handle(*given):
        return True
    """
WORKER = "more: celery -A elsewhere worker\n"
"""What makes the deployment files of a repository worth reading."""
HUEY = HANG + "\n    from huey import MemoryHuey\n    huey = MemoryHuey()\n"


@pytest.mark.parametrize(
    "command",
    [
        "rq worker --exception-handler jobs.handle",
        "rq worker high --url redis://x -w jobs.Worker",
        "rq worker-pool -n 2 --job-class=jobs.Job",
        "rq worker -c jobs",
        "python -m huey.bin.huey_consumer jobs.huey -k process -w 2",
        "huey_consumer.py jobs.huey --worker-type=process",
    ],
)
def test_what_the_command_names_is_imported_before_the_fork(tmp_path: Path, command: str) -> None:
    report = served(tmp_path, command, {"jobs.py": HUEY})
    assert found(report) == [("FS112", "jobs.py", 4)]
    assert clean(report) == []


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("rq worker --with-scheduler", "rq worker (Procfile:1): it imports no job"),
        (
            "rq worker -w rq.worker.SpawnWorker --exception-handler jobs.handle",
            "rq worker (Procfile:1): its SpawnWorker",
        ),
        ("rq worker -w rq.SimpleWorker -c jobs", "rq worker (Procfile:1): its SimpleWorker runs jobs itself"),
        ("rq worker -w own.Worker -c jobs", "rq worker (Procfile:1): its SimpleWorker runs jobs itself"),
        ("huey_consumer jobs.huey -w 4", "huey_consumer:jobs (Procfile:1): its workers are threads"),
        ("uvicorn jobs:app --workers 2", "uvicorn (Procfile:1): it spawns its workers"),
        ("poetry run hypercorn -w 2 jobs:app", "hypercorn (Procfile:1): it spawns its workers"),
        ("exec granian --workers 2 jobs:app", "granian (Procfile:1): its workers import"),
        ("python -m dramatiq jobs", "dramatiq (Procfile:1): its workers import"),
        ("taskiq worker jobs:broker", "taskiq worker (Procfile:1): its workers import"),
        ("arq jobs.Settings", "arq (Procfile:1): it forks nothing"),
        ("X=1 procrastinate --app=jobs.app worker", "procrastinate worker (Procfile:1): it forks nothing"),
    ],
)
def test_what_is_clean_says_why(tmp_path: Path, command: str, why: str) -> None:
    source = "from rq import SimpleWorker\nclass Worker(SimpleWorker): ...\n"
    report = served(tmp_path, command, {"jobs.py": HUEY, "own.py": source, "Procfile.more": WORKER})
    assert found(report) == []
    (line,) = clean(report)
    assert line.startswith(f"clean: {why}")


@pytest.mark.parametrize(
    "command", ["pip install uvicorn", "poetry add uvicorn", "uvicorn --version", "taskiq scheduler a:b", "rq info"]
)
def test_what_starts_nothing_is_not_clean_either(tmp_path: Path, command: str) -> None:
    assert clean(served(tmp_path, command, {"Procfile.more": WORKER})) == []


def test_celery_says_which_of_its_processes_inherit_nothing(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "", "proj.py": "from celery import Celery\napp = Celery('proj', include=['tasks'])\n",
        "tasks.py": "from proj import app\nimport torch\n@app.task\ndef add(): ...\n",
        "Procfile": "a: celery -A proj worker -P threads\nb: celery -A proj beat\nc: celery -A proj flower\n"
                    "d: celery -A proj worker\ne: celery -A proj worker --pool-start-method spawn\n",
    }  # fmt: skip
    report = check(write(tmp_path, files))
    assert ("FS101", "tasks.py", 2) in found(report)
    assert [line.removeprefix("clean: ") for line in clean(report)] == [
        "proj:app (Procfile:1): its pool is 'threads': nothing is forked",
        "proj:app (Procfile:5): its children are spawned, and each imports the app for itself",
        "celery beat (Procfile:2): it forks nothing",
        "celery flower (Procfile:3): it forks nothing",
    ]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("celery -A proj worker -B", "also: {place}: beat's process is forked as well"),
        ("celery -A proj worker -EB -c 2", "also: {place}: beat's process is forked as well"),
        ("CELERY_WORKER_BEAT=1 celery -A proj worker", "also: {place}: beat's process is forked as well"),
        ("celery multi start 2 -A proj --beat", "also: {place}: beat's process is forked as well"),
        ("celery -A proj worker -B -P solo", "clean: {place}: its pool is 'solo': nothing is forked, except"),
        ("celery -A proj worker -B --pool-start-method spawn",
         "clean: {place}: its children are spawned, and each imports the app for itself, except beat's"),
        ("celery -A proj worker -E", ""),
        ("CELERY_WORKER_BEAT=0 celery -A proj worker", ""),
        ("celery -A proj worker -n B", ""),
    ],
)  # fmt: skip
def test_beat_inside_a_worker_is_a_process_of_its_own(tmp_path: Path, command: str, said: str) -> None:
    files = {"pyproject.toml": "", "proj.py": "from celery import Celery\napp = Celery('proj')\n"}
    report = check(write(tmp_path, {**files, "Procfile": f"a: {command}\n"}))
    _, _, *lines = apps.table(report, str(tmp_path))
    assert [line.startswith(said.format(place="proj:app (Procfile:1)")) for line in lines] == [True] * bool(said)


PROGRAM = {
    "manage.py": "from shop.commands import manager\nif __name__ == '__main__':\n    manager()\n",
    "shop/__init__.py": "",
    "shop/commands.py": "import click\nimport shop.jobs\nmanager = click.Group()\n",
    "shop/jobs.py": HANG,
}


@pytest.mark.parametrize("before", ["./", "python ", "exec app/"])
def test_what_a_program_imports_whose_command_rq_is_comes_before_the_fork(tmp_path: Path, before: str) -> None:
    """Redash's way: the program has a group of commands named rq, and its worker forks all that the program loaded."""
    report = served(tmp_path, f"{before}manage.py rq worker high", PROGRAM)
    assert found(report) == [("FS112", "jobs.py", 4)]
    assert clean(report) == []


@pytest.mark.parametrize("command", ["flask rq worker", "python gone/manage.py rq worker"])
def test_a_program_that_is_not_followed_is_said(tmp_path: Path, command: str) -> None:
    report = served(tmp_path, command, {"shop.py": HANG})
    assert found(report) == [] and clean(report) == []
    (said,) = [one.text for one in remarks(report.context)]
    assert said.startswith("left out: 'rq worker' ({place}) is a command of ") and "is not followed" in said


@pytest.mark.parametrize(
    ("command", "argv"),
    [
        ("rq worker high -c jobs", ("/rq", ["worker", "high", "-c", "jobs"])),
        ("python -u /srv/venv/bin/rq worker -c jobs", ("/rq", ["worker", "-c", "jobs"])),
        (
            "python -m huey.bin.huey_consumer jobs.huey -k process",
            ("/huey_consumer.py", ["jobs.huey", "-k", "process"]),
        ),
        ("python3 bin/huey_consumer.py jobs.huey -k process", ("/huey_consumer.py", ["jobs.huey", "-k", "process"])),
    ],
)
def test_the_module_sees_the_command_line_as_python_gives_it(
    tmp_path: Path, command: str, argv: tuple[str, list[str]]
) -> None:
    program, arguments = argv
    gate = f"import sys\nif sys.argv[0].endswith({program!r}) and sys.argv[1:] == {arguments!r}:\n    import guarded\n"
    files = {"jobs.py": f"{gate}else:\n    import other\nhuey = None\n", "guarded.py": "", "other.py": ""}
    (trace,) = served(tmp_path, command, files).traces
    assert [module.name for module in trace.modules if module.name in ("guarded", "other")] == ["guarded"]


def test_what_the_options_of_rq_name_is_imported_in_the_order_of_rq(tmp_path: Path) -> None:
    """As seen in a run of rq 3.0: not in the order of the command line."""
    names = ["workers", "jobs", "queues", "connections", "conf", "handlers"]
    command = (
        "rq worker --exception-handler handlers.handle -c conf --connection-class connections.Redis "
        "--queue-class queues.Queue -j jobs.Job -w workers.Worker"
    )
    source = "class Worker: ...\nclass Job: ...\nclass Queue: ...\nclass Redis: ...\ndef handle(*given): ...\n"
    (trace,) = served(tmp_path, command, {f"{name}.py": source for name in names}).traces
    assert [module.name for module in trace.modules if module.name in names] == names
