"""Models of billiard: what makes Celery's pool spawn its children instead of forking them.

Run with Celery 5.7.0 and 5.3.6, billiard 4.3.2: after one of these calls the children of the prefork pool are
``SpawnPoolWorker``, whatever ``worker_pool_start_method`` says (celery/concurrency/prefork.py sets it for ``spawn``
only).  ``multiprocessing.set_start_method`` changes nothing: billiard has contexts of its own.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import NONE, Arguments, External, Value, text


class StartMethod(LibraryState):
    """How billiard starts processes.

    :ivar chosen: what the project chose last, if that is sure and known; else empty.
    :ivar at_fork: the same, when the pool starts.
    """

    def __init__(self, machine: Machine) -> None:
        self.chosen = ""
        self.at_fork = ""


def set_start_method(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``billiard.set_start_method("spawn")``, ``billiard.context._force_start_method("spawn")``."""
    is_certain = machine.journal.doubt is machine.journal.certain
    machine.state(StartMethod).chosen = (text(arguments.get(0, "method")) or "") if is_certain else ""
    return NONE


NAMES = ("billiard.set_start_method", "billiard.context.set_start_method", "billiard.context._force_start_method")
MODELS = Library(functions=dict.fromkeys(NAMES, set_start_method))
