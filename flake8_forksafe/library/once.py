"""Models of functions such as ``ray.is_initialized()``, in ``if not ray.is_initialized(): ray.init()``."""

from __future__ import annotations

from functools import partial

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import FALSE, UNKNOWN, Arguments, External, Value

QUESTIONS = {
    "ray.is_initialized": "ray.init",
    "torch.distributed.is_initialized": "torch.distributed.init_process_group",
}
"""What tells whether a function was called, and that function."""


def was_called(call: str, machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """The answer in a process that has just started: no, unless the call was seen."""
    return UNKNOWN if any(use.call == call for use in machine.recorder.uses.values()) else FALSE


MODELS = Library(functions={question: partial(was_called, call) for question, call in QUESTIONS.items()})
