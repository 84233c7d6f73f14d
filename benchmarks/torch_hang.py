"""Show that FS111 is what hangs a forked child, with real workers and PyTorch.

    python benchmarks/torch_hang.py [--keep DIRECTORY]

The interpreter must have torch, celery and flake8-forksafe.  Each generated project has one model and one task that
uses it.  For each: what ``forksafe check`` says, and what a real ``celery worker -c 1`` did with one task.  The status
is 1 if a project with FS111 answered, or one without it did not; with a complete prelude in time, FS111 is still
reported and the child answers, since the variables tame torch.  At least two CPUs: with one, OpenMP starts no threads
that a fork could lose.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from real_worker import Worker

TASK_SECONDS = 20
"""The task's hard time limit: a healthy child answers in less than one second."""

APP = """\
from celery import Celery

app = Celery("proj", include=["proj.tasks"])
app.config_from_object("proj.conf")
"""
PRELUDE = """\
import os

for variable in (
    "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
):
    os.environ[variable] = "1"

"""
TASKS = f"""\
from proj.celery import app
from proj.model import embed


@app.task(time_limit={TASK_SECONDS})
def answer():
    return embed()
"""
MODEL = """\
import torch

MODEL = torch.nn.Linear(2048, 2048)


def embed():
    with torch.inference_mode():
        return float(MODEL(torch.ones(256, 2048)).sum())
"""
IN_CHILD = """
from celery.signals import worker_process_init


@worker_process_init.connect
def warm_up(**options):
    embed()
"""
LOAD = "\n\nMODEL.load_state_dict({name: weights.clone() for name, weights in MODEL.state_dict().items()})\n"


class Project(NamedTuple):
    """One generated project.

    :ivar app: text of ``proj/celery.py``.
    :ivar model: text of ``proj/model.py``.
    :ivar tamed: whether a prelude keeps its warm-up from starting threads.
    """

    name: str
    app: str
    model: str
    tamed: bool = False

    def files(self) -> dict[str, str]:
        """The project's files."""
        return {"pyproject.toml": "[tool.forksafe]\nplatform = 'linux'\n", "proj/celery.py": self.app,
                "proj/model.py": self.model, "proj/tasks.py": TASKS}  # fmt: skip


PROJECTS = (
    Project("forward pass at import", APP, f"{MODEL}\n\nembed()\n"),
    Project("load_state_dict at import", APP, f"{MODEL}{LOAD}"),
    Project("half() at import", APP, f"{MODEL}\n\nMODEL.half().float()\n"),
    Project("forward pass, prelude after import torch", APP, f"import torch\n{PRELUDE}{MODEL}\n\nembed()\n"),
    Project("repaired: only built at import", APP, MODEL),
    Project("repaired: worker_process_init", APP, f"{MODEL}{IN_CHILD}"),
    Project("tamed: prelude before import torch", f"{PRELUDE}{APP}", f"{MODEL}\n\nembed()\n", tamed=True),
)


class Result(NamedTuple):
    """What forksafe said of a project, and what its worker did.

    :ivar codes: of the findings, each once.
    """

    project: Project
    codes: tuple[str, ...]
    answered: bool
    did: str

    @property
    def agrees(self) -> bool:
        """FS111 where the child hangs, and nowhere else; no word about the prelude where it is what helps."""
        if self.project.tamed:
            return self.answered and not {"FS131", "FS132", "FS133", "FS134"} & {*self.codes}
        return ("FS111" in self.codes) is not self.answered


def check(root: Path) -> tuple[str, ...]:
    """The codes that ``forksafe check`` reports."""
    command = [sys.executable, "-m", "flake8_forksafe", "check", "--no-cache", "--format", "json"]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8")
    return tuple(sorted({finding["code"] for finding in json.loads(done.stdout)["findings"]}))


def ask(root: Path) -> tuple[bool, str]:
    """Send one task to a real worker: whether it was answered, and in words."""
    from real_worker import running, send

    send(root, "proj.tasks.answer")
    with running(root, "-c", "1") as worker:
        return outcome(worker)


def outcome(worker: Worker) -> tuple[bool, str]:
    """What became of the task that was sent."""
    line = worker.wait_for("succeeded in", "TimeLimitExceeded", "raised", "WorkerLostError", seconds=TASK_SECONDS * 3)
    if line is not None and "succeeded in" in line:
        return True, f"answered in {float(line.rpartition('succeeded in ')[2].partition('s')[0]):.2f} s"
    if line is not None and "TimeLimitExceeded" in line:
        return False, f"hung, ended after {TASK_SECONDS} s"
    return False, f"failed: {line}" if line is not None else "gave no answer"


def demonstrate(project: Project, root: Path) -> Result:
    """Check one project, and run it."""
    from real_worker import write_project

    root.mkdir(parents=True)
    write_project(root, project.files())
    return Result(project, check(root), *ask(root))


def missing() -> list[str]:
    """What this interpreter lacks."""
    needed = {"torch": "torch", "celery": "celery", "flake8_forksafe": "flake8-forksafe"}
    return [name for module, name in needed.items() if importlib.util.find_spec(module) is None]


def main() -> int:
    """Demonstrate every project."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY", help="write the projects there, and keep them")
    options = parser.parse_args()
    if lacks := missing():
        print(f"{sys.executable} has no {', no '.join(lacks)}: run this with an interpreter that has", file=sys.stderr)
        return 2
    if (os.cpu_count() or 1) < 2:
        print("one CPU is not enough: OpenMP starts no threads that a fork could lose", file=sys.stderr)
        return 2
    from importlib.metadata import version

    print(", ".join(f"{name} {version(name)}" for name in ("torch", "celery", "billiard")), f"{os.cpu_count()} CPUs")
    print(f"{'project':42}{'forksafe check':28}the worker", flush=True)
    results = []
    with tempfile.TemporaryDirectory() as name:
        for number, project in enumerate(PROJECTS):
            result = demonstrate(project, (options.keep or Path(name)) / f"project{number}")
            results.append(result)
            disagrees = "" if result.agrees else "  (forksafe says otherwise)"
            print(f"{project.name:42}{' '.join(result.codes) or 'nothing':28}{result.did}{disagrees}", flush=True)
    return 0 if all(result.agrees for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
