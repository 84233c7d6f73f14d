"""The boot plan: what a worker's MainProcess does before its first fork, in Celery's own order.

Read in Celery 5.7.0 and verified by running it: celery/app/utils.py (find_app), celery/bin/celery.py,
celery/worker/worker.py, celery/apps/worker.py, celery/loaders/base.py.
"""

from __future__ import annotations

from typing import NamedTuple

from flake8_forksafe.deployment.pool import UNREAD_SETTINGS
from flake8_forksafe.hosts.django import assigned_at
from flake8_forksafe.interpreter.frames import Frame, Module
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
from flake8_forksafe.interpreter.walk import BudgetExceeded, Walk
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


def boot(walk: Walk, app: str, launcher: Launcher | None = None) -> Booted:
    """Follow the boot of ``celery -A app worker``, or of a script that does the same."""
    frame = Frame(Module(Found("", None, False, (), FIRST_PARTY)), ROOT, "function", walk.certain)
    frame.boot = True
    found: CeleryApp | None = None
    at_fork: tuple[int, int] | None = None
    try:
        if launcher is not None:
            _run_script(walk, launcher, frame)
        found = _before_fork(walk, app, frame)
        at_fork = (len(walk.order), len(walk.edges))
        for signal in (*AFTER_FORK, *IN_CHILDREN):
            with walk.boot_step(signal):
                run_receivers(walk, walk.celery.receivers.get(signal, []), {"sender": UNKNOWN})
    except BudgetExceeded:
        walk.note("FS192", frame, "the analysis was stopped: the boot takes more steps than it is given")
    return Booted(
        found,
        *(at_fork or (len(walk.order), len(walk.edges))),
        _worker_settings(walk, found, frame),
        _unread(walk, found),
    )


def _run_script(walk: Walk, launcher: Launcher, frame: Frame) -> None:
    """What a console script does before it hands over to Celery: its module, its function, Django's command."""
    with walk.boot_step("console script"):
        module, _, function = launcher.entry.partition(":")
        value = walk.import_name(module, frame)
        if isinstance(value, ModuleValue) and function:
            called = walk.attribute(value, function, frame)
            if isinstance(called, Function):
                walk.call(called, Arguments(), frame)
        if walk.django.is_configured(walk) and launcher.command:
            walk.django.setup(walk, frame)
            walk.django.load_command(walk, launcher.command, frame)


WORKER_SETTINGS = (
    "worker_pool", "worker_concurrency", "worker_pool_start_method", "worker_autoscaler", "worker_max_tasks_per_child",
    "worker_max_memory_per_child", "worker_proc_alive_timeout",
)  # fmt: skip
"""Settings that decide what the pool is."""


def _worker_settings(walk: Walk, app: CeleryApp | None, frame: Frame) -> dict[str, object]:
    """What the project sets of :data:`WORKER_SETTINGS`; a value that is not known is left out."""
    if app is None:
        return {}
    values = {name: app.setting(name, frame, walk) for name in WORKER_SETTINGS}
    return {name: value.value for name, value in values.items() if isinstance(value, Literal)}


def _before_fork(walk: Walk, spec: str, frame: Frame) -> CeleryApp | None:
    value = find_app(walk, spec, frame)
    app = walk.celery.app_of(value)
    if app is None and walk.celery.apps:
        app = walk.celery.apps[-1]
    if app is None:
        return None
    load_config(walk, app, _cause_of(walk, app))
    with walk.boot_step("import_modules"):
        import_default_modules(walk, app, _cause_of(walk, app))
    with walk.boot_step("on_after_finalize"):
        run_receivers(walk, app.receivers.get("on_after_finalize", []), {"sender": app.value})
    with walk.boot_step("worker classes"):
        load_named_classes(walk, app, _cause_of(walk, app))
    for signal in BEFORE_FORK:
        with walk.boot_step(signal):
            run_receivers(walk, walk.celery.receivers.get(signal, []), {"sender": UNKNOWN, "instance": UNKNOWN})
    with walk.boot_step("bootsteps"):
        for step in app.steps:
            _run_step(walk, step)
    return app


def _cause_of(walk: Walk, app: CeleryApp) -> Frame:
    """A frame for the line that created the app."""
    return cause(walk, Receiver(app.value, app.frame, app.line, True))


def _run_step(walk: Walk, step: Receiver) -> None:
    """A worker bootstep: created, then started; those that need the pool start after the fork."""
    frame = cause(walk, step)
    for option in options(step.function) if isinstance(step.function, Value) else ():
        if isinstance(option, Class):
            instance = walk.call(option, Arguments((UNKNOWN,)), frame)
            for name in ("include_if", "create"):
                method = walk.attribute(instance, name, frame) if isinstance(instance, Instance) else UNKNOWN
                if isinstance(method, (Method, Function)):
                    walk.call(method, Arguments((UNKNOWN,)), frame)


def find_app(walk: Walk, spec: str, frame: Frame) -> Value | None:
    """``celery.app.utils.find_app``."""
    module_name, attribute = split_spec(spec)
    if attribute:
        module = walk.import_name(module_name, frame)
        return _attribute(walk, module, attribute, frame) if module is not None else None
    value = walk.import_name(module_name, frame) if walk.layout.find(module_name) is not None else None
    if value is None and "." in module_name:
        module_name, _, attribute = module_name.rpartition(".")
        module = walk.import_name(module_name, frame)
        return _attribute(walk, module, attribute, frame) if module is not None else None
    return _app_in(walk, value, frame)


def _attribute(walk: Walk, module: Value, name: str, frame: Frame) -> Value | None:
    value: Value = module
    for part in name.split("."):
        value = walk.attribute(value, part, frame)
    if isinstance(value, (Function, Choice)) and walk.celery.app_of(value) is None:
        value = walk.call(value, Arguments(), frame)
    return value


def _app_in(walk: Walk, value: Value | None, frame: Frame) -> Value | None:
    """The app of a module: ``app``, ``celery``, its submodule ``celery``, or any app among its names."""
    if not isinstance(value, ModuleValue):
        return value
    names = value.module.contents
    for name in ("app", "celery"):
        found = names.get(name)
        if found is not None and not isinstance(found, (ModuleValue, Literal)):
            return found
    if value.module.found.is_package and walk.layout.find(f"{value.module.name}.celery") is not None:
        inner = walk.import_name(f"{value.module.name}.celery", frame)
        if isinstance(inner, ModuleValue):
            return _app_in(walk, inner, frame)
    return next((found for found in names.values() if walk.celery.app_of(found) is not None), None)


def _unread(walk: Walk, app: CeleryApp | None) -> tuple[UnreadSetting, ...]:
    """Settings with the app's namespace in front that Celery does not know."""
    prefix = text(app.namespace) if app is not None else None
    if app is None or not prefix:
        return ()
    holders = walk.django.settings or list(options(app.config) if app.config is not None else ())
    found = []
    for holder in holders:
        for name, instead in UNREAD_SETTINGS.items():
            key = f"{prefix}_{name}".upper()
            place = assigned_at(walk, holder.module, key) if isinstance(holder, ModuleValue) else None
            if place is not None:
                found.append(UnreadSetting(key, f"{prefix}_{instead}".upper(), place[0].name, place[1]))
    return tuple(found)
