"""Bootsteps and loaders of the project's own: what the worker calls of them before the fork.

Seen with Celery 5.7.0 under eight hash seeds: all steps, those of the consumer as well, are created before the fork;
one that requires ``Hub`` or nothing is started before it in three of eight, one that requires ``Beat`` in four; one
that requires the pool, itself or through another step, and every step of the consumer never.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, found_codes, write

STEP = """\
import threading
from celery import Celery, bootsteps
app = Celery("p", broker="memory://", include=["p.tasks"])
class Health(bootsteps.StartStopStep):
    requires = {requires}
    def start(self, worker):
        threading.Thread(target=print).start()
app.steps["worker"].add(Health)
"""
TASKS = "from p.celery import app\n@app.task\ndef f(): ...\n"
LOADER = """\
from celery import Celery
from celery.loaders.app import AppLoader
class Loader(AppLoader):
    def {hook}(self):
        import polars
        polars.read_csv("rates.csv")
app = Celery("p", loader={loader}, include=["p.tasks"])
"""


def codes(root: Path, app: str) -> set[str]:
    """Codes found in the app's module, but for the prelude."""
    report = check(write(root, {"pyproject.toml": "", "p/__init__.py": "", "p/celery.py": app, "p/tasks.py": TASKS}))
    return {code for _, _, code in found_codes(report, root) if not code.startswith("FS13")}


@pytest.mark.parametrize("requires", ["()", "('celery.worker.components:Hub',)", "{'celery.worker.components:Timer'}"])
def test_a_step_that_may_start_before_the_pool(tmp_path: Path, requires: str) -> None:
    assert codes(tmp_path, STEP.format(requires=requires)) == {"FS112"}
    (finding,) = [one for one in check(tmp_path).findings if one.code == "FS112"]
    assert "may be called" in finding.text


@pytest.mark.parametrize("requires", ["('celery.worker.components:Pool',)", "{'celery.worker.components:Consumer'}"])
def test_a_step_that_starts_behind_the_pool(tmp_path: Path, requires: str) -> None:
    assert codes(tmp_path, STEP.format(requires=requires)) == set()


def test_a_model_that_is_loaded_behind_the_pool(tmp_path: Path) -> None:
    """Threads there are what such a step is for; a model is in every child that replaces another."""
    step = STEP.format(requires="{'celery.worker.components:Pool'}")
    step = step.replace("import threading", "import threading, torch").replace("threading.Thread(", "torch.load(")
    write(tmp_path, {"pyproject.toml": ""})
    assert "FS124" in codes(tmp_path, step)


VIA = """\
class Base(bootsteps.StartStopStep):
    requires = {"celery.worker.components:Pool"}
"""


@pytest.mark.parametrize("requires", ["(Base,)", "[Base]"])
def test_a_step_that_requires_one_behind_the_pool(tmp_path: Path, requires: str) -> None:
    step = STEP.format(requires=requires).replace("class Health", f"{VIA}class Health")
    assert codes(tmp_path, step) == set()


CONSUMER = """\
import threading
from celery import Celery, bootsteps
app = Celery("p", broker="memory://", include=["p.tasks"])
class Health(bootsteps.{base}):
    def {method}(self, *arguments, **options):
        threading.Thread(target=print).start()
app.steps["consumer"].add(Health)
"""


@pytest.mark.parametrize(
    ("base", "method", "code"),
    [
        ("StartStopStep", "__init__", "FS112"),
        ("StartStopStep", "create", "FS112"),
        ("StartStopStep", "start", ""),
        ("ConsumerStep", "get_consumers", ""),
        ("ConsumerStep", "stop", ""),
    ],
)
def test_a_step_of_the_consumer(tmp_path: Path, base: str, method: str, code: str) -> None:
    """All are created before the fork, and started behind it: seen under each of eight hash seeds."""
    assert codes(tmp_path, CONSUMER.format(base=base, method=method)) == ({code} if code else set())


@pytest.mark.parametrize("loader", ["Loader", "'p.celery:Loader'"])
def test_a_loader_is_told_in_mainprocess(tmp_path: Path, loader: str) -> None:
    assert codes(tmp_path, LOADER.format(hook="on_worker_init", loader=loader)) == {"FS105", "FS124"}


def test_a_loader_is_told_in_each_child(tmp_path: Path) -> None:
    app = LOADER.format(hook="on_worker_process_init", loader="Loader")
    assert codes(tmp_path, app) == set()
    (finding,) = check(tmp_path, check_process_init=True).findings
    assert finding.code == "FS125"


REAL = """\
import os
from celery import Celery, bootsteps, signals
app = Celery("p", broker="memory://")
forked = []
os.register_at_fork(before=lambda: forked.append(True))

def step(name, requires=(), base=bootsteps.StartStopStep):
    def said(method):
        def run(self, *arguments, **options):
            os.write(1, f"{name} {method} {'after' if forked else 'before'}\\n".encode())
        return run
    return type(name, (base,), {"name": name, "requires": requires} | {one: said(one) for one in ("create", "start")})

pool = step("pool", ("celery.worker.components:Pool",))
for one in (step("hub", ("celery.worker.components:Hub",)), step("none"), pool, step("via", (pool,))):
    app.steps["worker"].add(one)
app.steps["consumer"].add(step("consumer"))
signals.worker_ready.connect(lambda **options: os.killpg(0, 9), weak=False)
"""
"""Says of each bootstep whether it is created and started before the fork or after it."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 3])
def test_a_real_worker(tmp_path: Path, seed: int) -> None:
    write(tmp_path, {"p.py": REAL})
    run = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "p", "worker", "-c", "1", "-l", "error"], cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": str(seed)}, capture_output=True, timeout=PATIENCE_S,
        text=True, start_new_session=True,
    )  # fmt: skip
    said = {tuple(line.split()[:2]): line.split()[2] for line in run.stdout.splitlines()
            if line.endswith((" before", " after"))}  # fmt: skip
    created = {name for name, method in said if method == "create"}
    assert created == {"hub", "none", "pool", "via", "consumer"}, run.stdout + run.stderr
    assert all(when == "before" for (_, method), when in said.items() if method == "create")
    assert {said[name, "start"] for name in ("pool", "via")} == {"after"}
    assert said.get(("consumer", "start"), "after") == "after"
