"""Models of RQ: workers that a program of the project starts.

Read in rq 3.0 (rq/worker/base.py: ``work``; rq/worker_pool.py: ``start``) and django-rq 4.2, and run: nothing of the
project is imported between the call and the first fork.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import TRUE, Arguments, External, Value
from flake8_forksafe.library.host_programs import class_of, leave, made_with

NAME = "rq worker"
MODULES = ("rq", "rq.worker", "rq.worker.base", "rq.worker.worker_classes")
CLASSES = ("BaseWorker", "Worker", "HerokuWorker", "RandomWorker", "RoundRobinWorker", "SimpleWorker", "SpawnWorker")
POOL = "rq.worker_pool.WorkerPool()"


def work(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Worker(["default"]).work()``."""
    kind = class_of(function.receiver)
    leave(machine, NAME, frame, {"worker class": kind} if kind is not None else {})


def start(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``WorkerPool(["default"], connection, num_workers=3).start()``."""
    made = made_with(function)
    found = {"worker class": made.get(3, "worker_class"), "workers": made.get(2, "num_workers"), "pool": TRUE}
    leave(machine, NAME, frame, {name: value for name, value in found.items() if value is not None})


MODELS = Library(
    functions={
        **{f"{module}.{name}().work": work for module in MODULES for name in CLASSES},
        "django_rq.get_worker().work": work,
        "django_rq.workers.get_worker().work": work,
        f"{POOL}.start": start,
    },
    aliases={"rq.WorkerPool": "rq.worker_pool.WorkerPool"},
)
