"""What Celery calls of classes of the project's own before the fork, besides bootsteps and signals.

Each program was run with Celery 5.7.0: the hook is called in MainProcess, before the pool forks.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, found_codes, write

HOOKS = {
    "Celery.on_init": """\
        class App(Celery):
            def on_init(self):
                hook()
        app = App("p", broker="memory://")
        """,
    "loader_cls of a subclass": """\
        class Own(AppLoader):
            def on_worker_init(self):
                hook()
        class App(Celery):
            loader_cls = Own
        app = App("p", broker="memory://")
        """,
    "read_configuration of a loader": """\
        class Own(AppLoader):
            def read_configuration(self, *given, **named):
                hook()
                return {}
        app = Celery("p", broker="memory://", loader=Own)
        """,
    "annotate of a task": """\
        class Base(Task):
            @classmethod
            def annotate(cls):
                hook()
        app = Celery("p", broker="memory://", task_cls=Base)
        @app.task
        def f(): ...
        """,
    "user_preload_options": """\
        app = Celery("p", broker="memory://")
        app.user_options["preload"].add(click.Option(["--tenant"]))  # without one, the signal is not sent
        @signals.user_preload_options.connect
        def handler(**given):
            hook()
        """,
    "a pool": """\
        class Pool(prefork.TaskPool):
            def on_start(self):
                hook()
                super().on_start()
        app = Celery("p", broker="memory://")
        app.conf.worker_pool = "p:Pool"
        """,
}
HEAD = """\
{imports}
import click
from celery import Celery, Task, signals
from celery.concurrency import prefork
from celery.loaders.app import AppLoader
def hook():
{body}
"""
REPORT = "    os.write(1, b'after ' if forked else b'before ')"
STOP = "signals.worker_ready.connect(lambda **given: os.killpg(0, 9), weak=False)\n"
FORKED = "import os\nforked = []\nos.register_at_fork(before=lambda: forked.append(True))"


def program(hook: str, imports: str, body: str) -> str:
    lines = HOOKS[hook].splitlines(keepends=True)
    return HEAD.format(imports=imports, body=body) + "".join(line[8:] for line in lines)


@pytest.mark.parametrize("hook", HOOKS)
def test_it_is_followed(tmp_path: Path, hook: str) -> None:
    source = program(hook, "", "    import torch")
    report = check(write(tmp_path, {"pyproject.toml": "", "p.py": source}), app="p")
    line = source.splitlines().index("    import torch") + 1
    assert ("p.py", line, "FS105") in found_codes(report, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("hook", HOOKS)
def test_a_real_worker_calls_it_before_the_fork(tmp_path: Path, hook: str) -> None:
    write(tmp_path, {"p.py": program(hook, FORKED, REPORT) + STOP})
    run = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "p", "worker", "-c", "1", "-l", "error"], cwd=tmp_path,
        env=dict(os.environ), capture_output=True, timeout=PATIENCE_S, text=True, start_new_session=True,
    )  # fmt: skip
    assert "before " in run.stdout, run.stdout + run.stderr
