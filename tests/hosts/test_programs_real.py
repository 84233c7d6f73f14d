"""Programs of a project that start RQ, Huey or Dramatiq, really run: what the parent had imported at its first fork."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, write
from running import happens, running

pytestmark = pytest.mark.slow

RECORDER = """
import json, os, sys

def at_fork():
    names = [name for name in list(sys.modules) if name in {tops}]
    with open({path!r}, "x") as stream:
        json.dump([names, sys.argv], stream)
    os._exit(0)

os.register_at_fork(before=at_fork)
"""
FILES = {
    "jobs.py": "import models\ndef add(): ...\n", "models.py": "", "late.py": "",
    "queues.py": "from huey import SqliteHuey\nimport jobs\nhuey = SqliteHuey(filename='huey.db')\n",
    "own.py": "from rq import Worker\nclass Own(Worker): ...\n",
    "actors.py": "import jobs\nfrom dramatiq.brokers.stub import StubBroker\nbroker = StubBroker()\n",
}  # fmt: skip
RQ = """\
import os
from redis import Redis
from rq import Queue, Worker
import jobs
CONNECTION = Redis(port=int(os.environ["REDIS_PORT"]))
QUEUE = Queue("a", connection=CONNECTION)
"""
CONSUMER = "import sys\nfrom huey.bin.huey_consumer import consumer_main\n"


@pytest.mark.parametrize(
    ("package", "program"),
    [
        pytest.param("rq", f"{RQ}QUEUE.enqueue('jobs.add')\nWorker([QUEUE]).work()\n", id="work"),
        pytest.param(
            "rq", f"{RQ}from own import Own\nQUEUE.enqueue('jobs.add')\nOwn([QUEUE]).work()\n", id="a class of its own",
        ),
        pytest.param(
            "rq", f"{RQ}from rq.worker_pool import WorkerPool\nWorkerPool([QUEUE], CONNECTION, 2).start(burst=True)\n",
            id="pool",
        ),
        pytest.param(
            "rq", f"{RQ}from rq import SimpleWorker\nfrom rq.worker_pool import WorkerPool\n"
            "WorkerPool([QUEUE], connection=CONNECTION, worker_class=SimpleWorker).start(burst=True)\n",
            id="pool of simple workers",
        ),
        pytest.param(
            "huey", "from queues import huey\nhuey.create_consumer(workers=2, worker_type='process').run()\n",
            id="create_consumer",
        ),
        pytest.param("huey", f"{CONSUMER}consumer_main()\n", id="consumer_main"),
        pytest.param(
            "huey", f"{CONSUMER}sys.argv[1:] = ['queues.huey', '-k', 'process', '-w', '3']\nconsumer_main()\n",
            id="consumer_main with an argv of its own",
        ),
        pytest.param("dramatiq", "import jobs\nfrom dramatiq.cli import main\nexit(main())\n", id="main"),
        pytest.param(
            "dramatiq", "import jobs\nfrom dramatiq import cli\n"
            "cli.main(cli.make_argument_parser().parse_args(['actors', '-p', '1']))\n",
            id="main with arguments",
        ),
    ],
)  # fmt: skip
def test_the_modules_of_the_parent_at_its_first_fork(tmp_path: Path, redis: int, package: str, program: str) -> None:
    pytest.importorskip(package)
    site, record = tmp_path / "site", tmp_path / "record.json"
    arguments = {"rq": [], "huey": ["queues.huey", "-k", "process"], "dramatiq": ["actors:broker", "--processes", "1"]}
    run = f"{program}import late\n"
    write(site, {**FILES, "run.py": run, "pyproject.toml": "[project]\nname = 'x'\nrequires-python = '>=3.11'\n"})
    write(site, {"Procfile": f"jobs: python run.py {' '.join(arguments[package])}\n"})
    (site / "sitecustomize.py").write_text(RECORDER.format(tops={*(name[:-3] for name in FILES)}, path=str(record)))
    environ = {**os.environ, "PYTHONPATH": str(site), "REDIS_PORT": str(redis)}
    command = [sys.executable, "run.py", *arguments[package]]
    ran = subprocess.run(command, cwd=site, env=environ, timeout=PATIENCE_S, capture_output=True, check=False)
    assert record.exists(), ran.stderr.decode()
    (site / "sitecustomize.py").unlink()
    names, argv = json.loads(record.read_text())
    (trace,) = check(site).traces
    traced = [module.name for module in trace.modules if module.origin == "first-party" and module.name != "__main__"]
    assert sorted(traced) == sorted(names)
    assert trace.forks and not trace.clean
    assert trace.program.split() == ["run.py", *arguments[package]] and argv[0] == "run.py"


ACTORS = """\
import os
from pathlib import Path

import dramatiq
from concurrent.futures import ThreadPoolExecutor
from dramatiq.brokers.redis import RedisBroker
{pool}
dramatiq.set_broker(RedisBroker(port=int(os.environ["REDIS_PORT"])))


@dramatiq.actor(max_retries=0)
def add():
    try:
        answer = {name}.submit(lambda: "42").result(timeout=3)
    except TimeoutError:
        answer = "hangs"
    Path("answer.new").write_text(answer)
    Path("answer.new").rename("answer")
"""
BAD = "POOL = ThreadPoolExecutor(1)\nPOOL.submit(int).result()"
TWIN = "from functools import cache\n@cache\ndef pool():\n    return ThreadPoolExecutor(1)"
DRAMATIQ = "import sys\nimport actors\nfrom dramatiq.cli import main\nsys.argv += ['actors', '-p', '1']\nmain()\n"


@pytest.mark.parametrize(
    ("pool", "name", "command", "expected"),
    [
        pytest.param(BAD, "POOL", "run.py", "hangs", id="program"),
        pytest.param(TWIN, "pool()", "run.py", "42", id="repaired"),
        pytest.param(BAD, "POOL", "-m dramatiq -p 1 actors", "42", id="command"),
    ],
)
def test_an_actor_that_hangs_is_reported_and_one_that_works_is_not(
    tmp_path: Path, redis: int, pool: str, name: str, command: str, expected: str
) -> None:
    pytest.importorskip("dramatiq")
    metadata = "[project]\nname = 'x'\nrequires-python = '>=3.11'\n"
    write(tmp_path, {"actors.py": ACTORS.format(pool=pool, name=name), "pyproject.toml": metadata,
                     "Procfile": f"jobs: python {command}\n"})  # fmt: skip
    if command == "run.py":
        write(tmp_path, {"run.py": DRAMATIQ})
    found = [(one.code, Path(one.path).name, one.line) for one in check(tmp_path).findings]
    assert found == ([("FS112", "actors.py", 8)] if expected == "hangs" else [])
    environ = {**os.environ, "REDIS_PORT": str(redis)}
    asked = [sys.executable, "-c", "import actors; actors.add.send()"]
    subprocess.run(asked, cwd=tmp_path, env=environ, check=True, capture_output=True)
    with running([sys.executable, *command.split()], tmp_path, environ) as runner:
        assert happens((tmp_path / "answer").exists, runner)
    assert (tmp_path / "answer").read_text() == expected
