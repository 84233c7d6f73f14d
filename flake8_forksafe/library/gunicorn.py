"""Models of gunicorn: servers that a program of the project starts, as ``BaseApplication`` and its kin.

Read in gunicorn 27.0 (gunicorn/app/base.py) and run: ``load_config`` is called when the object is made, ``load`` by the
master only where ``preload_app`` is set, and by each worker otherwise.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import NONE, UNKNOWN, Arguments, External, Value, text
from flake8_forksafe.library.host_programs import leave

NAME = "gunicorn"
APPLICATIONS = ("gunicorn.app.base.BaseApplication", "gunicorn.app.base.Application",
                "gunicorn.app.wsgiapp.WSGIApplication")  # fmt: skip


class GunicornSettings(LibraryState):
    """What the program sets."""

    def __init__(self, machine: Machine) -> None:
        self.values: dict[str, Value] = {}


def set_value(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``self.cfg.set(name, value)``."""
    name = text(arguments.get(0, "name") or UNKNOWN)
    if name is not None:
        machine.state(GunicornSettings).values[name.lower()] = arguments.get(1, "value") or UNKNOWN
    return NONE


def run(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``application.run()``: the master begins."""
    leave(machine, NAME, frame, {"application": function.receiver or UNKNOWN})


MODELS = Library(
    functions={
        **{f"{application}().run": run for application in APPLICATIONS},
        **{f"{application}().cfg.set": set_value for application in APPLICATIONS},
    }
)
