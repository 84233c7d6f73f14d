"""What prometheus_client's calls mean together.  Read in prometheus_client 0.26 (prometheus_client/multiprocess.py)."""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import Arguments, External, Value


class Collected(LibraryState):
    """Whether what the parent serves is collected from the files that each child writes."""

    def __init__(self, machine: Machine) -> None:
        self.from_children = False


def collect(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``MultiProcessCollector(registry)``."""
    machine.state(Collected).from_children = True
    return External(f"{function.path}()", None, arguments)


def shows_children(machine: Machine) -> bool:
    """Whether a server in the parent shows the figures of the children."""
    return machine.state(Collected).from_children


MODELS = Library(
    functions={"prometheus_client.multiprocess.MultiProcessCollector": collect},
    excused={f"prometheus_client.{name}": shows_children for name in ("start_http_server", "start_wsgi_server")},
)
