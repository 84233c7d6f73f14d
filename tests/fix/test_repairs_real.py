"""What naive repairs of warm-ups do in forked children and real workers, and that the repair that is written works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, write
from running import happens, running

from flake8_forksafe.cli import main

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")]

AI = "import torch\n\nMODEL = torch.load('m')\n\n\ndef embed():\n    return MODEL.run()\n"
TORCH = """\
from concurrent.futures import ThreadPoolExecutor

class Model:
    def __init__(self):
        self.pool = ThreadPoolExecutor(1)
        self.pool.submit(int).result()

    def run(self):
        try:
            return self.pool.submit(lambda: "42").result(timeout=3)
        except TimeoutError:
            return "hangs"

def load(name):
    return Model()
"""
"""Stands for a package whose models have threads, which a child does not inherit."""
FORK = """\
import os, signal, threading
from shop import ai
{before}
def waits(*given):
    print("waits for the lock", end="", flush=True)
    os._exit(0)
child = os.fork()
if not child:
    signal.signal(signal.SIGALRM, waits)
    signal.alarm({seconds})
    print(ai.embed(), end="", flush=True)
    os._exit(0)
os.waitpid(child, 0)
os._exit(0)
"""
HELD = """\
event = threading.Event()
def hold():
    with ai._model_lock:
        event.set()
        os.read(0, 1)
threading.Thread(target=hold).start()
event.wait()
"""
CELERY = 'from celery import Celery\napp = Celery("shop", include=["shop.tasks"])\n'


@pytest.mark.parametrize(
    ("is_repaired", "before", "answer"),
    [
        pytest.param(False, "", "hangs", id="made at import"),
        pytest.param(True, "", "42", id="repaired"),
        pytest.param(True, "ai.get_model()", "hangs", id="asked for before the fork"),
        pytest.param(True, "os.register_at_fork(after_in_child=ai._make_model.cache_clear)\nai.get_model()", "42",
                     id="asked for before the fork, and cleared"),
        pytest.param(True, HELD, "waits for the lock", id="the lock is held at the fork"),
    ],
)  # fmt: skip
def test_a_model_in_a_forked_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_repaired: bool, before: str, answer: str
) -> None:
    """That nothing asks for the value before the fork is part of the proof: see ``test_fix``."""
    write(tmp_path, {"pyproject.toml": '[tool.forksafe]\napp = "shop.celery"\n', "shop/__init__.py": "",
                     "shop/celery.py": CELERY, "shop/ai.py": AI, "shop/tasks.py": "from shop import ai\n"})  # fmt: skip
    monkeypatch.chdir(tmp_path)
    if is_repaired:
        assert main(["fix", "--no-cache", "--unsafe", "--write"]) == 0
        assert not check(tmp_path).findings
    write(tmp_path, {"torch.py": TORCH})
    program = FORK.format(before=before, seconds=3 if before == HELD else int(PATIENCE_S))
    read, held = os.pipe()
    try:
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, cwd=tmp_path, stdin=read, capture_output=True, text=True, timeout=PATIENCE_S)
    finally:
        os.close(read)
        os.close(held)
    assert done.stdout == answer, done.stderr


GATE = """\
import os, sys
from celery import Celery
from warming import warm
app = Celery("proj", broker="memory://")
if "worker" not in sys.argv:
    warm()
"""


@pytest.mark.parametrize(("program", "is_warmed"), [("-m celery -A proj worker -c 1", False), ("run_worker.py", True)])
def test_no_gate_holds_where_a_program_starts_the_worker(tmp_path: Path, program: str, is_warmed: bool) -> None:
    """So that a gate is no repair there: what is warmed up goes, or is made on first use."""
    write(tmp_path, {
        "proj.py": GATE + "from celery.signals import worker_ready\n@worker_ready.connect\n"
                          "def ready(**k): open('ready', 'w').close()\n",
        "warming.py": "def warm():\n    open('warmed', 'w').close()\n",
        "run_worker.py": 'from proj import app\nif __name__ == "__main__":\n'
                         '    app.worker_main(["worker", "-c", "1"])\n',
    })  # fmt: skip
    with running([sys.executable, *program.split()], tmp_path) as worker:
        assert happens((tmp_path / "ready").exists, worker)
    assert (tmp_path / "warmed").exists() is is_warmed
    write(tmp_path, {"pyproject.toml": "", "Procfile": f"worker: python {program}\n"})
    found = {finding.code for finding in check(tmp_path, warm_ups=["warming.warm"]).findings}
    assert ("FS122" in found) is is_warmed, found


def test_as_many_children_as_the_repaired_line_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of FS141, lowered in a Procfile whose command is then run."""
    line = "worker: python -m celery -A proj worker -c 64 --pool prefork  # 64\n"
    options = '[tool.forksafe]\napp = "proj"\ncontainer-memory = 128\n'
    app = (
        "import os\nfrom celery import Celery\nfrom celery.signals import worker_process_init, worker_ready\n"
        "app = Celery('proj', broker='memory://')\n@worker_process_init.connect\ndef starts(**k):\n"
        "    open(f'{os.getpid()}.child', 'w').close()\n@worker_ready.connect\ndef ready(**k):\n"
        "    open('ready', 'w').close()\n"
    )
    write(tmp_path, {"proj.py": app, "Procfile": line, "pyproject.toml": options})
    monkeypatch.chdir(tmp_path)
    main(["fix", "--no-cache", "--select", "FS141", "--unsafe", "--write"])
    command = (tmp_path / "Procfile").read_text()
    count = int(command.partition("-c ")[2].partition(" ")[0])
    assert 0 < count < 64 and command == line.replace("-c 64", f"-c {count}")
    words = command.partition("  #")[0].split()[2:]
    with running([sys.executable, *words], tmp_path) as worker:
        assert happens(lambda: len([*tmp_path.glob("*.child")]) >= count and (tmp_path / "ready").exists(), worker)
        assert len([*tmp_path.glob("*.child")]) == count
