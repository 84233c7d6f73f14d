"""Models of functions that limit the threads of native libraries: threadpoolctl and torch."""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, Value


def limit_threads(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``threadpoolctl.threadpool_limits`` and ``torch.set_num_threads``."""
    machine.recorder.setting(function.path, arguments.get(0, "limits") or UNKNOWN, frame)
    return External(f"{function.path}()", None, arguments)


MODELS = Library(functions={"threadpoolctl.threadpool_limits": limit_threads, "torch.set_num_threads": limit_threads})
