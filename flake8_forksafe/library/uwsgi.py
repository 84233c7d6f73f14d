"""Models of uWSGI's decorators: what ``@postfork`` registers.  Read in uWSGI 2.0.30 (uwsgidecorators.py)."""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, Value


class UwsgiState(LibraryState):
    """Functions that each worker calls when it starts, in order."""

    def __init__(self, machine: Machine) -> None:
        self.handlers: list[Value] = []


def postfork(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``@postfork``: the function is kept for the children, and stays what its name stands for."""
    handler = arguments.get(0, "f") or UNKNOWN
    machine.state(UwsgiState).handlers.append(handler)
    return handler


MODELS = Library(functions={"uwsgidecorators.postfork": postfork})
