"""Bootsteps and loaders of the project's own: what the worker calls of them before the fork.

Seen with Celery 5.7.0: a step that does not require the pool is started before or after it, by the hash seed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, found_codes, write

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


@pytest.mark.parametrize("requires", ["('celery.worker.components:Pool',)", "{'celery.worker.components:Consumer'}"])
def test_a_step_that_starts_behind_the_pool(tmp_path: Path, requires: str) -> None:
    assert codes(tmp_path, STEP.format(requires=requires)) == set()


@pytest.mark.parametrize("loader", ["Loader", "'p.celery:Loader'"])
def test_a_loader_is_told_in_mainprocess(tmp_path: Path, loader: str) -> None:
    assert codes(tmp_path, LOADER.format(hook="on_worker_init", loader=loader)) == {"FS105", "FS124"}


def test_a_loader_is_told_in_each_child(tmp_path: Path) -> None:
    app = LOADER.format(hook="on_worker_process_init", loader="Loader")
    assert codes(tmp_path, app) == set()
    (finding,) = check(tmp_path, check_process_init=True).findings
    assert finding.code == "FS125"
