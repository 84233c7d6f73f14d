"""Bootsteps of the project's own: what the worker runs of them before its pool forks, and what behind it.

Read in Celery 5.7.0 (celery/bootsteps.py, celery/worker/components.py), and seen with eight hash seeds: every step of
the worker and of its consumer is created before anything is started.  A ``Blueprint`` starts its steps in an order that
knows what they require and nothing else, so one that does not require the pool is started before or after it, as the
hash seed has it; one that does, and every step of the consumer, is started behind it.
"""

from __future__ import annotations

from flake8_forksafe.interpreter import iteration
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import LibraryState, Machine
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    Class,
    External,
    Function,
    Instance,
    Method,
    Value,
    options,
    texts,
)
from flake8_forksafe.library.celery_app import CeleryApp
from flake8_forksafe.library.celery_boot import cause

BEHIND_POOL = frozenset({"celery.worker.components.Pool", "celery.worker.components.Consumer"})
"""Steps that come after the pool, or are it, as others name them in ``requires``."""
STARTED = "bootstep start"
"""The step of a boot in which bootsteps are started behind the pool."""


class CreatedSteps(LibraryState):
    """The bootsteps that wait for the pool, each with the line that adds it."""

    def __init__(self, machine: Machine) -> None:
        self.waiting: list[tuple[Instance, Frame]] = []


def create_steps(machine: Machine, app: CeleryApp) -> None:
    """Create all bootsteps, then start those that do not wait for the pool."""
    waiting = machine.state(CreatedSteps).waiting
    first: list[tuple[Instance, Frame]] = []
    for steps, of_consumer in ((app.steps, False), (app.consumer_steps, True)):
        for step in steps:
            frame = cause(machine, step)
            for option in options(step.function) if isinstance(step.function, Value) else ():
                instance = machine.call(option, Arguments((UNKNOWN,)), frame) if isinstance(option, Class) else None
                if isinstance(instance, Instance):
                    for name in ("include_if", "create"):
                        _call(machine, instance, name, frame)
                    behind = of_consumer or _requires_pool(machine, instance, frame, set())
                    (waiting if behind else first).append((instance, frame))
    for instance, frame in first:
        with machine.doubted():
            _call(machine, instance, "start", frame)


def start_steps(machine: Machine) -> None:
    """Start what waits for the pool."""
    for instance, frame in machine.state(CreatedSteps).waiting:
        for name in ("get_consumers", "start"):
            _call(machine, instance, name, frame)


def _call(machine: Machine, instance: Instance, name: str, frame: Frame) -> None:
    method = machine.attribute(instance, name, frame)
    if isinstance(method, (Method, Function)):
        machine.call(method, Arguments((UNKNOWN,)), frame)


def _requires_pool(machine: Machine, step: Value, frame: Frame, seen: set[int]) -> bool:
    """Whether a bootstep, or one that it requires, requires the pool."""
    seen.add(id(step))
    required = machine.attribute(step, "requires", frame)
    found = iteration.iterate(machine, required, frame) if required is not UNKNOWN else None
    for value in (option for item in (found.items if found is not None else ()) for option in options(item.value)):
        names = {name.replace(":", ".") for name in texts(value)}
        if isinstance(value, External):
            names.add(value.path)
        if not names.isdisjoint(BEHIND_POOL):
            return True
        if isinstance(value, Class) and id(value) not in seen and _requires_pool(machine, value, frame, seen):
            return True
    return False
