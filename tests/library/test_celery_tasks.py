"""What Celery executes of a task class in MainProcess, compared with Celery itself where it is cheap to run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import check, found_codes, write

APP = "from celery import Celery\napp = Celery('p', broker='memory://', include=['p.tasks'])\n"
MARK = "import polars\n        polars.read_csv('m.csv')"

LOADED = {
    "__init__ of the base of an app's task": f"""\
from celery import Task
from p.celery import app
class Base(Task):
    def __init__(self):
        {MARK}
@app.task(base=Base)
def f(): ...
""",
    "__init__ of the base of a shared task": f"""\
from celery import Task, shared_task
class Base(Task):
    def __init__(self):
        {MARK}
@shared_task(base=Base, bind=True)
def f(self): ...
""",
    "__init__ of a base further up": f"""\
from celery import Task, shared_task
class Base(Task):
    def __init__(self):
        {MARK}
class Nearer(Base): ...
@shared_task(base=Nearer)
def f(): ...
""",
    "on_bound of a base": f"""\
from celery import Task, shared_task
class Base(Task):
    @classmethod
    def on_bound(cls, app):
        {MARK}
@shared_task(base=Base)
def f(): ...
""",
    "on_bound of a task that is registered": f"""\
from celery import Task
from p.celery import app
class Own(Task):
    name = 'own'
    def run(self): ...
    @classmethod
    def on_bound(cls, app):
        {MARK}
app.register_task(Own())
""",
}
LAZY = {
    "a property that is computed on first use": f"""\
from celery import Task
from p.celery import app
class Base(Task):
    _model = None
    @property
    def model(self):
        {MARK}
@app.task(base=Base, bind=True)
def f(self):
    return self.model
""",
    "a base that no task has": f"""\
from celery import Task
class Base(Task):
    def __init__(self):
        {MARK}
""",
    "a method that runs in the child": f"""\
from celery import Task, shared_task
class Base(Task):
    def before_start(self, *arguments):
        {MARK}
@shared_task(base=Base)
def f(): ...
""",
}


def codes(root: Path, tasks: str, app: str = APP) -> set[str]:
    """Codes found in the module of the tasks and that of the app, but for the prelude."""
    files = {"pyproject.toml": "", "p/__init__.py": "", "p/celery.py": app, "p/tasks.py": tasks}
    found = found_codes(check(write(root, files)), root)
    return {code for path, _, code in found if not code.startswith("FS13")}


def loads_in_the_parent(root: Path) -> bool:
    """Whether Celery itself loads the marked module when it finalises the app."""
    write(root, {"polars.py": "def read_csv(name): ...\n"})
    script = "import sys, p.celery as m; m.app.loader.import_default_modules(); m.app.finalize(); "
    script += "list(m.app.tasks); print('polars' in sys.modules)"
    environ = {**os.environ, "PYTHONPATH": str(root)}
    run = subprocess.run([sys.executable, "-c", script], cwd=root, env=environ, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip() == "True"


@pytest.mark.parametrize("name", LOADED)
def test_what_runs_in_mainprocess_is_reported(tmp_path: Path, name: str) -> None:
    assert codes(tmp_path, LOADED[name]) == {"FS105", "FS111"}
    assert loads_in_the_parent(tmp_path)


@pytest.mark.parametrize("name", LAZY)
def test_what_does_not_is_not(tmp_path: Path, name: str) -> None:
    assert codes(tmp_path, LAZY[name]) == set()
    assert not loads_in_the_parent(tmp_path)


@pytest.mark.parametrize("given", ["task_cls=Base", "task_cls='p.base:Base'"])
def test_the_class_of_all_tasks_of_an_app(tmp_path: Path, given: str) -> None:
    base = f"from celery import Task\nclass Base(Task):\n    def __init__(self):\n        {MARK}\n"
    write(tmp_path, {"p/base.py": base})
    app = f"from p.base import Base\n{APP.replace(', broker', f', {given}, broker')}"
    tasks = "from p.celery import app\n@app.task\ndef f(): ...\n"
    assert codes(tmp_path, tasks, app) == {"FS105", "FS111"}
    assert loads_in_the_parent(tmp_path)


def test_the_message_says_what_happens_and_names_the_lazy_property(tmp_path: Path) -> None:
    codes(tmp_path, LOADED["__init__ of the base of an app's task"])
    (finding,) = [f for f in check(tmp_path).findings if f.code == "FS111"]
    assert "Celery creates each task once, in MainProcess" in finding.what
    assert finding.instead == "make it a property of the task that is computed on first use, which is in a child"


HOOKS = {
    "a receiver of on_configure": f"""\
{APP}@app.on_configure.connect
def early(**keywords):
    if True:
        {MARK}
""",
    "a method on_configure": f"""\
from celery import Celery
class Own(Celery):
    def on_configure(self):
        {MARK}
app = Own('p', broker='memory://', include=['p.tasks'])
""",
    "annotations by name": f"""\
{APP}app.conf.task_annotations = 'p.annotations.Mine'
""",
    "annotations in a list": f"""\
{APP}app.conf.task_annotations = [{{'*': {{}}}}, 'p.annotations.Mine']
""",
    "annotations that are an object": f"""\
{APP}from p.annotations import Mine
app.conf.task_annotations = (Mine(),)
""",
}
ANNOTATIONS = f"class Mine:\n    def annotate(self, task):\n        {MARK}\n"


@pytest.mark.parametrize("name", HOOKS)
def test_hooks_of_the_app_that_run_in_mainprocess(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"p/annotations.py": ANNOTATIONS})
    codes(tmp_path, "", HOOKS[name])
    assert {finding.code for finding in check(tmp_path).findings} & {"FS105", "FS111", "FS124"} >= {"FS105"}
    assert loads_in_the_parent(tmp_path)


NEVER_CALLED = {
    f"{signal} in a module of tasks": f"""\
from p.celery import app
@app.{signal}.connect
def late(**keywords):
    if True:
        {MARK}
"""
    for signal in ("on_configure", "on_after_configure")
}


@pytest.mark.parametrize("name", NEVER_CALLED)
def test_a_signal_that_was_sent_before_it_is_connected(tmp_path: Path, name: str) -> None:
    assert codes(tmp_path, NEVER_CALLED[name]) == set()
    assert not loads_in_the_parent(tmp_path)


def test_annotations_that_name_a_class_for_some_task_only(tmp_path: Path) -> None:
    app = f"{APP}app.conf.task_annotations = {{'p.tasks.f': {{'rate_limit': '1/s'}}}}\n"
    write(tmp_path, {"p/annotations.py": ANNOTATIONS})
    assert codes(tmp_path, "", app) == set()
    assert not loads_in_the_parent(tmp_path)
