"""Workers that a Python program starts: ``app.worker_main(...)`` and its kin.

Read in Celery 5.7.0 (celery/app/base.py: ``worker_main``, ``start``, ``Worker``; celery/apps/worker.py) and 4.4
(celery/bin/worker.py).  Each runs until the worker ends, so that what follows is no part of a boot.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, Literal, Value
from flake8_forksafe.library.celery_app import CeleryApp, CeleryState
from flake8_forksafe.library.host_programs import leave, words_of

NAME = "Celery"


class StartedWorker(LibraryState):
    """The worker that the program starts.

    :ivar app: its app; None as long as none was started, and where only ``arguments`` name it.
    :ivar arguments: those of Celery's command, as far as they are known; None as long as none was started.
    """

    def __init__(self, machine: Machine) -> None:
        self.app: CeleryApp | None = None
        self.arguments: tuple[str, ...] | None = None


def main(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``app.worker_main(argv)``, ``app.start(argv)``, ``celery.bin.celery.main(argv)``."""
    given = arguments.get(0, "argv") or arguments.get(0, "args")
    words = words_of(machine, given, frame)
    if not function.path.endswith("worker_main") and "worker" not in words:
        return UNKNOWN
    return _start(machine, frame, function.receiver, words)


COMMAND = "celery.bin.worker.worker"
"""The class behind ``celery worker`` before Celery 5."""


def create(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``app.Worker(concurrency=4)``, ``celery.bin.worker.worker(app=app)``."""
    app = function.receiver or arguments.get(0, "app")
    return External(f"{COMMAND if function.path == COMMAND else 'celery.apps.worker.Worker'}()", app, arguments)


def run(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``app.Worker(...).start()``, ``worker.run(loglevel="INFO")``."""
    holder = function.receiver
    made = holder.arguments if isinstance(holder, External) and holder.arguments is not None else Arguments()
    given = {**made.keywords, **arguments.keywords}
    words = [f"--{name.replace('_', '-')}={value.value}" for name, value in given.items()
             if isinstance(value, Literal) and isinstance(value.value, (str, int))]  # fmt: skip
    return _start(machine, frame, holder.receiver if isinstance(holder, External) else None, ("worker", *words))


def _start(machine: Machine, frame: Frame, app: Value | None, words: tuple[str, ...]) -> Value:
    """Remember the first worker, and leave the program."""
    started = machine.state(StartedWorker)
    if started.arguments is None:
        started.app = machine.state(CeleryState).app_of(app)
        started.arguments = words if "worker" in words else ("worker", *words)
    leave(machine, NAME, frame, {})


MODELS = Library(
    functions={
        "celery.Celery().worker_main": main,
        "celery.Celery().start": main,
        "celery.bin.celery.main": main,
        "celery.__main__.main": main,
        "celery.Celery().Worker": create,
        "celery.Celery().WorkController": create,
        "celery.apps.worker.Worker": create,
        COMMAND: create,
        "celery.apps.worker.Worker().start": run,
        f"{COMMAND}().run": run,
        f"{COMMAND}().execute_from_commandline": run,
    },
)
