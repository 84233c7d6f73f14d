"""Models of Celery's tasks: what is executed when an app makes its tasks.  Read in Celery 5.7.0 (celery/app/base.py).

``@app.task`` only notes a function.  When the app is finalised, in MainProcess and before the fork, Celery makes a
class of it with the ``base`` that was given (``Celery._task_from_fun``), creates one instance, and binds it to the app
(``Task.bind``, which calls ``on_bound``).  So ``Task.__init__`` runs once, in the parent of all children.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import NamedTuple

from flake8_forksafe.interpreter import iteration
from flake8_forksafe.interpreter.containers import Items
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    External,
    Instance,
    Item,
    Literal,
    Unknown,
    Value,
    options,
    text,
)
from flake8_forksafe.library.celery_app import CeleryApp, CeleryState
from flake8_forksafe.library.celery_boot import app_place, call_own, cause, own_class
from flake8_forksafe.library.receivers import Receiver
from flake8_forksafe.library.standard_import import import_path


class TaskDefinition(NamedTuple):
    """A task that is made when its app is finalised.

    :ivar app: the app it was defined with; None for ``shared_task``, which every app makes.
    :ivar base: the class given as ``base``, if one was.
    """

    app: CeleryApp | None
    base: Value | None
    place: Receiver


class TaskState(LibraryState):
    """The tasks that were defined by a decorator, and the modules that did so."""

    def __init__(self, machine: Machine) -> None:
        self.defined: list[TaskDefinition] = []
        self.modules: set[str] = set()


def define_task(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``@app.task`` and ``@shared_task``, with or without arguments."""
    state = machine.state(TaskState)
    state.modules.add(frame.module.name)
    made = External(f"{function.path}()", function.receiver, arguments)
    app = machine.state(CeleryState).app_of(function.receiver)
    place = Receiver(made, frame, frame.line, machine.is_sure(frame))
    state.defined.append(TaskDefinition(app, arguments.get(-1, "base"), place))
    return made


def register_task(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``app.register_task(task)`` and ``app.tasks.register(task)``: the instance exists; it is bound later."""
    state = machine.state(TaskState)
    state.modules.add(frame.module.name)
    task = arguments.get(0, "task")
    if task is not None:
        place = Receiver(task, frame, frame.line, machine.is_sure(frame))
        state.defined.append(TaskDefinition(machine.state(CeleryState).app_of(function.receiver), task, place))
        return task
    return External(f"{function.path}()", function.receiver, arguments)


def create_tasks(machine: Machine, app: CeleryApp) -> None:
    """``Celery.finalize``: make each task of an app, then bind it."""
    annotate_tasks(machine, app)
    make_tasks(machine, app)


def make_tasks(machine: Machine, app: CeleryApp, since: int = 0) -> None:
    """Make the tasks of an app.

    :param since: how many definitions were made before.
    """
    default = task_class(machine, app)
    seen: set[tuple[int, int]] = set()
    for definition in machine.state(TaskState).defined[since:]:
        base = definition.base if definition.base is not None else default
        if base is None or definition.app not in (None, app):
            continue
        place = definition.place if definition.base is not None else app_place(app)
        key = (id(base), id(place.frame) if definition.base is not None else 0)
        if key not in seen:  # a base does the same for each task of a module
            seen.add(key)
            with machine.doubted(not place.sure):
                make_task(machine, app, base, cause(machine, place))


def annotate_tasks(machine: Machine, app: CeleryApp) -> None:
    """``Task.annotate``: a dotted path in ``task_annotations`` is imported and instantiated, and asked for each task.

    Celery's own tasks are bound first, so this happens in every worker.  Behind one that answers none is asked
    (celery/app/annotations.py).
    """
    frame = cause(machine, app_place(app))
    value = app.setting("task_annotations", frame, machine)
    if value is None:
        return
    for option in options(value):
        given = iteration.iterate(machine, option, frame).items if isinstance(option, Items) else (Item(option),)
        made: dict[int, Value] = {}
        _ask(machine, given, made, "annotate", Arguments((UNKNOWN,)), frame)
        _ask(machine, given, made, "annotate_any", Arguments(), frame)


def _ask(
    machine: Machine, given: Iterable[Item], made: dict[int, Value], method: str, arguments: Arguments, frame: Frame
) -> None:
    """Call a method of annotations in turn until one answers; those that are made are kept by position."""
    with ExitStack() as doubts:
        for position, item in enumerate(given):
            doubts.enter_context(machine.doubted(not item.sure))
            if position not in made:
                made[position] = _annotation(machine, item.value, frame)
            found = made[position]
            answer = call_own(machine, found, method, arguments, frame) if isinstance(found, Instance) else NONE
            if isinstance(answer, (Unknown, Choice)):
                doubts.enter_context(machine.doubted())
            elif not isinstance(answer, Literal) or answer.value is not None:
                return


def _annotation(machine: Machine, annotation: Value, frame: Frame) -> Value:
    """What one annotation stands for; a path is resolved when it is asked."""
    path = text(annotation)
    found = import_path(machine, path, frame) if path and _is_walked(machine, path) else annotation
    made = machine.call(found, Arguments(), frame) if path and isinstance(found, Class) else found
    return made or UNKNOWN


def task_class(machine: Machine, app: CeleryApp) -> Value | None:
    """The class of tasks without a base of their own: ``Celery(task_cls=...)``, or what a subclass of Celery names."""
    given = own_class(app, "task_cls")
    if given is None and isinstance(app.value, (Instance, External)):
        given = app.value.names.get("Task")
    return given


def make_task(machine: Machine, app: CeleryApp, base: Value, frame: Frame) -> None:
    """Create a task of a class (of which Celery makes a subclass for each function), and bind it."""
    for option in options(base):
        path = text(option)
        found = import_path(machine, path, frame) if path and _is_walked(machine, path) else option
        if isinstance(found, Class):
            call_own(machine, found, "__init_subclass__", Arguments(), frame)
            found = machine.call(found, Arguments(), frame)
        if isinstance(found, Instance):
            call_own(machine, found.cls, "annotate", Arguments(), frame)
            call_own(machine, found, "on_bound", Arguments((app.value,)), frame)


def _is_walked(machine: Machine, path: str) -> bool:
    """Whether a dotted path, perhaps with a colon, leads into code that is walked."""
    return machine.imports.layout.find(path.partition(":")[0].partition(".")[0]) is not None


MODELS = Library(
    functions={
        **dict.fromkeys(("celery.Celery().task", "celery.shared_task", "celery.current_app.task"), define_task),
        **dict.fromkeys(("celery.Celery().register_task", "celery.Celery().tasks.register"), register_task),
    },
)
