"""The boot plan: what a worker's MainProcess does before its first fork, in Celery's own order.

Read in Celery 5.7.0 and verified by running it: celery/app/utils.py (find_app), celery/bin/celery.py,
celery/worker/worker.py, celery/apps/worker.py, celery/loaders/base.py.
"""

from __future__ import annotations

from typing import NamedTuple

from flake8_forksafe.deployment.pool import UNREAD_SETTINGS
from flake8_forksafe.hosts.django import assigned_at
from flake8_forksafe.interpreter.frames import Frame, Module
from flake8_forksafe.interpreter.machine import BudgetExceeded, Machine
from flake8_forksafe.interpreter.records import AFTER_FORK, BEFORE_FORK, IN_CHILDREN, ROOT, UnreadSetting
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    Function,
    Instance,
    Literal,
    Method,
    ModuleValue,
    Value,
    options,
    text,
)
from flake8_forksafe.library.celery import (
    CeleryApp,
    Receiver,
    cause,
    import_default_modules,
    load_config,
    load_named_classes,
    run_receivers,
)
from flake8_forksafe.project.found import split_spec
from flake8_forksafe.project.layout import FIRST_PARTY, Found


class Booted(NamedTuple):
    """How far the boot was followed."""

    app: CeleryApp | None
    forked_at: int
    """How many modules were loaded before the fork; later ones belong to ``worker_ready``."""
    edges_at_fork: int
    conf: dict[str, object]
    """The settings in :data:`WORKER_SETTINGS` that the project gives a literal value."""
    unread_settings: tuple[UnreadSetting, ...]


class Launcher(NamedTuple):
    """A console script of the project that starts the worker.

    :ivar argv: ``sys.argv`` of its process.
    :ivar entry: what it calls, as ``module:function``.
    :ivar command: its first argument, which may be the name of a Django management command.
    """

    argv: tuple[str, ...]
    entry: str
    command: str


def boot(machine: Machine, app: str, launcher: Launcher | None = None) -> Booted:
    """Follow the boot of ``celery -A app worker``, or of a script that does the same."""
    frame = Frame(Module(Found("", None, False, (), FIRST_PARTY)), ROOT, "function", machine.journal.certain)
    frame.boot = True
    found: CeleryApp | None = None
    at_fork: tuple[int, int] | None = None
    try:
        if launcher is not None:
            _run_script(machine, launcher, frame)
        found = _before_fork(machine, app, frame)
        at_fork = (len(machine.recorder.order), len(machine.recorder.edges))
        for signal in (*AFTER_FORK, *IN_CHILDREN):
            with machine.recorder.boot_step(signal):
                run_receivers(machine, machine.celery.receivers.get(signal, []), {"sender": UNKNOWN})
    except BudgetExceeded:
        machine.note("FS192", frame, "the analysis was stopped: the boot takes more steps than it is given")
    return Booted(
        found,
        *(at_fork or (len(machine.recorder.order), len(machine.recorder.edges))),
        _worker_settings(machine, found, frame),
        _unread(machine, found),
    )


def _run_script(machine: Machine, launcher: Launcher, frame: Frame) -> None:
    """What a console script does before it hands over to Celery: its module, its function, Django's command."""
    with machine.recorder.boot_step("console script"):
        module, _, function = launcher.entry.partition(":")
        value = machine.import_name(module, frame)
        if isinstance(value, ModuleValue) and function:
            called = machine.attribute(value, function, frame)
            if isinstance(called, Function):
                machine.call(called, Arguments(), frame)
        if machine.django.is_configured(machine) and launcher.command:
            machine.django.setup(machine, frame)
            machine.django.load_command(machine, launcher.command, frame)


WORKER_SETTINGS = (
    "worker_pool", "worker_concurrency", "worker_pool_start_method", "worker_autoscaler", "worker_max_tasks_per_child",
    "worker_max_memory_per_child", "worker_proc_alive_timeout",
)  # fmt: skip
"""Settings that decide what the pool is."""


def _worker_settings(machine: Machine, app: CeleryApp | None, frame: Frame) -> dict[str, object]:
    """What the project sets of :data:`WORKER_SETTINGS`; a value that is not known is left out."""
    if app is None:
        return {}
    values = {name: app.setting(name, frame, machine) for name in WORKER_SETTINGS}
    return {name: value.value for name, value in values.items() if isinstance(value, Literal)}


def _before_fork(machine: Machine, spec: str, frame: Frame) -> CeleryApp | None:
    value = find_app(machine, spec, frame)
    app = machine.celery.app_of(value)
    if app is None and machine.celery.apps:
        app = machine.celery.apps[-1]
    if app is None:
        return None
    load_config(machine, app, _cause_of(machine, app))
    with machine.recorder.boot_step("import_modules"):
        import_default_modules(machine, app, _cause_of(machine, app))
    with machine.recorder.boot_step("on_after_finalize"):
        run_receivers(machine, app.receivers.get("on_after_finalize", []), {"sender": app.value})
    with machine.recorder.boot_step("worker classes"):
        load_named_classes(machine, app, _cause_of(machine, app))
    for signal in BEFORE_FORK:
        with machine.recorder.boot_step(signal):
            run_receivers(machine, machine.celery.receivers.get(signal, []), {"sender": UNKNOWN, "instance": UNKNOWN})
    with machine.recorder.boot_step("bootsteps"):
        for step in app.steps:
            _run_step(machine, step)
    return app


def _cause_of(machine: Machine, app: CeleryApp) -> Frame:
    """A frame for the line that created the app."""
    return cause(machine, Receiver(app.value, app.frame, app.line, True))


def _run_step(machine: Machine, step: Receiver) -> None:
    """A worker bootstep: created, then started; those that need the pool start after the fork."""
    frame = cause(machine, step)
    for option in options(step.function) if isinstance(step.function, Value) else ():
        if isinstance(option, Class):
            instance = machine.call(option, Arguments((UNKNOWN,)), frame)
            for name in ("include_if", "create"):
                method = machine.attribute(instance, name, frame) if isinstance(instance, Instance) else UNKNOWN
                if isinstance(method, (Method, Function)):
                    machine.call(method, Arguments((UNKNOWN,)), frame)


def find_app(machine: Machine, spec: str, frame: Frame) -> Value | None:
    """``celery.app.utils.find_app``."""
    module_name, attribute = split_spec(spec)
    if attribute:
        module = machine.import_name(module_name, frame)
        return _attribute(machine, module, attribute, frame) if module is not None else None
    value = machine.import_name(module_name, frame) if machine.imports.layout.find(module_name) is not None else None
    if value is None and "." in module_name:
        module_name, _, attribute = module_name.rpartition(".")
        module = machine.import_name(module_name, frame)
        return _attribute(machine, module, attribute, frame) if module is not None else None
    return _app_in(machine, value, frame)


def _attribute(machine: Machine, module: Value, name: str, frame: Frame) -> Value | None:
    value: Value = module
    for part in name.split("."):
        value = machine.attribute(value, part, frame)
    if isinstance(value, (Function, Choice)) and machine.celery.app_of(value) is None:
        value = machine.call(value, Arguments(), frame)
    return value


def _app_in(machine: Machine, value: Value | None, frame: Frame) -> Value | None:
    """The app of a module: ``app``, ``celery``, its submodule ``celery``, or any app among its names."""
    if not isinstance(value, ModuleValue):
        return value
    names = value.module.contents
    for name in ("app", "celery"):
        found = names.get(name)
        if found is not None and not isinstance(found, (ModuleValue, Literal)):
            return found
    if value.module.found.is_package and machine.imports.layout.find(f"{value.module.name}.celery") is not None:
        inner = machine.import_name(f"{value.module.name}.celery", frame)
        if isinstance(inner, ModuleValue):
            return _app_in(machine, inner, frame)
    return next((found for found in names.values() if machine.celery.app_of(found) is not None), None)


def _unread(machine: Machine, app: CeleryApp | None) -> tuple[UnreadSetting, ...]:
    """Settings with the app's namespace in front that Celery does not know."""
    prefix = text(app.namespace) if app is not None else None
    if app is None or not prefix:
        return ()
    holders = machine.django.settings or list(options(app.config) if app.config is not None else ())
    found = []
    for holder in holders:
        for name, instead in UNREAD_SETTINGS.items():
            key = f"{prefix}_{name}".upper()
            place = assigned_at(machine, holder.module, key) if isinstance(holder, ModuleValue) else None
            if place is not None:
                found.append(UnreadSetting(key, f"{prefix}_{instead}".upper(), place[0].name, place[1]))
    return tuple(found)
