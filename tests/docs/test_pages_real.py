"""The examples of the pages in a real worker: what is reported happens before the fork, and repaired in the child.

The packages that they use are stand-ins, which say what is done with them and where.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, write

from flake8_forksafe.cli import main
from flake8_forksafe.rules.page import read_page

PACKAGES = ("elasticsearch", "numpy", "polars", "pymongo", "tiktoken")
EVENTS = {
    "FS101": "import polars", "FS102": "import polars", "FS103": "import elasticsearch", "FS105": "import polars",
    "FS111": "call polars.read_csv", "FS112": "thread refresh_rates", "FS113": "call pymongo.MongoClient",
    "FS121": "call tiktoken.get_encoding", "FS122": "call tiktoken.get_encoding", "FS123": "call tiktoken.get_encoding",
    "FS124": "call tiktoken.get_encoding",
}  # fmt: skip
"""What the example of a code must not do before the fork, and does in the child once it is repaired."""
PRELUDES = ("FS131", "FS132", "FS133")
DIFFS = ("FS101", "FS102", "FS103", "FS111", "FS113", "FS121", "FS124", *PRELUDES)
"""Codes whose example ``forksafe explain`` repairs."""
STAND_IN = """\
import saying
saying.say(f"import {__name__}")
class Anything:
    def __init__(self, path): self.path = path
    def __getattr__(self, name): return Anything(f"{self.path}.{name}")
    def __getitem__(self, index): return self
    def __eq__(self, other): return self
    def __len__(self): return 0
    def __call__(self, *arguments, **options):
        saying.say(f"call {self.path}")
        return self
def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return Anything(f"{__name__}.{name}")
"""
SAYING = """\
import os, threading
main, forked = os.getpid(), []
os.register_at_fork(before=lambda: forked.append(True))
LIMITS = ("OPENBLAS", "OMP", "MKL", "NUMEXPR")
def say(what):
    where = "child" if os.getpid() != main else "after" if forked else "before"
    if what == "import numpy":
        what += " limited" if all(os.environ.get(f"{name}_NUM_THREADS") == "1" for name in LIMITS) else " unlimited"
    os.write(1, f"{what} {where}\\n".encode())
start = threading.Thread.start
def say_and_start(self):
    say(f"thread {getattr(self._target, '__name__', '')}")
    start(self)
threading.Thread.start = say_and_start
"""
DRIVER = """\
import inspect, os, saying
from celery import current_app, signals
asked = []
def own():
    return [task for name, task in current_app.tasks.items() if not name.startswith("celery.")]
def end(**given):
    os.killpg(0, 9)
def ready(**given):
    for task in own():
        task.delay(*["x"] * len(inspect.signature(task.run).parameters))
    if not own():
        threading.Timer(1, end).start()
import threading
signals.worker_ready.connect(ready)
signals.task_postrun.connect(end)
"""


def project(root: Path, files: dict[str, str]) -> Path:
    """Write an example; the empty files of its packages are not shown."""
    packages = {f"{parent}/__init__.py": "" for path in files for parent in Path(path).parents if parent.name}
    shown = {path: content.lstrip("\n") for path, content in files.items()}
    return write(root, {"pyproject.toml": "", **packages, **shown})


def events(root: Path, files: dict[str, str], environ: dict[str, str] | None = None) -> list[str]:
    """What a worker of an example does with the packages, and where."""
    stand_ins = {f"stand_ins/{name}.py": STAND_IN for name in PACKAGES}
    write(project(root, files), {**stand_ins, "stand_ins/saying.py": SAYING, "driver.py": DRIVER})
    environ = {"CELERY_BROKER_URL": "memory://", "PYTHONPATH": str(root / "stand_ins"), **(environ or {})}
    (root / "stand_ins" / "sitecustomize.py").write_text("import saying\n", encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "proj", "worker", "-c", "1", "-l", "error", "--include", "driver"],
        cwd=root, env={**os.environ, **environ}, capture_output=True, timeout=PATIENCE_S, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert "Traceback" not in run.stderr, run.stderr
    return run.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("code", EVENTS)
def test_what_is_reported_happens_before_the_fork(code: str, tmp_path: Path) -> None:
    assert f"{EVENTS[code]} before" in events(tmp_path, read_page(code).bad)


@pytest.mark.slow
@pytest.mark.parametrize("code", EVENTS)
def test_repaired_it_happens_in_the_child(code: str, tmp_path: Path) -> None:
    found = events(tmp_path, read_page(code).good)
    assert f"{EVENTS[code]} before" not in found
    assert f"{EVENTS[code]} child" in found


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
@pytest.mark.parametrize("code", DIFFS)
def test_what_explain_shows_repairs_it(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The diff of ``forksafe explain``, applied: nothing is found, and nothing happens before the fork."""
    monkeypatch.chdir(project(tmp_path / "shown", read_page(code).bad))
    assert main(["explain", code, "--no-cache"]) == 0
    Path("diff").write_text(capsys.readouterr().out.partition("\nReferences\n")[2].partition("\n\n")[2])
    subprocess.run(["git", "apply", "diff"], check=True)
    assert not check(Path.cwd()).findings
    repaired = {str(path.relative_to(Path.cwd())): path.read_text() for path in Path.cwd().rglob("*.py")}
    found = events(tmp_path / "run", repaired)
    assert not {f"{EVENTS.get(code)} before", "import numpy unlimited before"} & {*found}


@pytest.mark.slow
@pytest.mark.parametrize("code", PRELUDES)
def test_a_prelude_is_in_time(code: str, tmp_path: Path) -> None:
    page = read_page(code)
    assert "import numpy unlimited before" in events(tmp_path / "bad", page.bad)
    assert "import numpy limited before" in events(tmp_path / "good", page.good)


FORKS = """\
from celery.signals import worker_ready
import saying
worker_ready.connect(lambda **given: saying.say("ready"), weak=False)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "where"), [("CELERY_POOL", "after"), ("CELERY_WORKER_POOL", "before")])
def test_only_one_name_is_read(name: str, where: str, tmp_path: Path) -> None:
    """FS143: with ``CELERY_POOL`` the worker forks; with ``CELERY_WORKER_POOL``, it is ready without a fork."""
    page = read_page("FS143")
    files = {path: content for path, content in page.good.items() if path.endswith(".py")}
    files["proj/tasks.py"] += FORKS
    assert f"ready {where}" in events(tmp_path, files, {name: "solo"})
