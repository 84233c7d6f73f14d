"""Models of Celery: apps, configuration, autodiscovery, signals.  Read in Celery 5.7.0 (celery/app/base.py)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import NamedTuple

from flake8_forksafe.interpreter import iterating
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    External,
    Function,
    Instance,
    Literal,
    Method,
    ModuleValue,
    Partial,
    Table,
    Value,
    join,
    options,
    text,
    texts,
    truth,
)
from flake8_forksafe.library.builtin_reflection import has
from flake8_forksafe.library.django_checks import run_checks
from flake8_forksafe.library.django_settings import is_configured, load_settings
from flake8_forksafe.library.django_setup import app_names, setup
from flake8_forksafe.library.standard_import import import_path
from flake8_forksafe.library.standard_process import ProcessEnvironment
from flake8_forksafe.project.found import split_spec

NAMED_CLASSES = ("result_backend", "worker_pool", "worker_consumer", "worker_autoscaler", "worker_timer")
"""Settings whose value may be the dotted path of a class, resolved by ``symbol_by_name`` in MainProcess
(celery/app/backends.py, celery/worker/worker.py, celery/worker/components.py)."""


class Discovery(NamedTuple):
    """One ``app.autodiscover_tasks(packages, related_name)``."""

    packages: Value | None
    related_name: Value


class Receiver(NamedTuple):
    """Something connected to a signal, and where that was done."""

    function: Value | Discovery
    frame: Frame
    line: int
    sure: bool


class CeleryApp:
    """What is known of one Celery app.

    :ivar value: the app itself.
    :ivar frame: where it was created; ``line`` in it.
    """

    def __init__(self, value: Value, arguments: Arguments, frame: Frame) -> None:
        self.value = value
        self.arguments = arguments
        self.frame = frame
        self.line = frame.line
        self.source = arguments.get(-1, "config_source")
        self.namespace = arguments.get(-1, "namespace")
        self.overrides: dict[str, Value] = {}
        self.config: Value | None = None
        self.state = "new"
        self.receivers: dict[str, list[Receiver]] = {}
        self.steps: list[Receiver] = []

    def setting(self, name: str, frame: Frame, machine: Machine) -> Value | None:
        """A setting by its modern lower-case name; None where the app does not set it."""
        if name in self.overrides:
            return self.overrides[name]
        if (given := self._argument(name)) is not None:
            return given
        if self.config is None:
            return None
        prefix = text(self.namespace)
        names = [f"{prefix}_{name}".upper(), f"{prefix}_{name}".lower()] if prefix else [name, *_old_names(name)]
        for candidate in names:
            value = config_value(machine, self.config, candidate, frame)
            if value is not None:
                return value
        return None

    def _argument(self, name: str) -> Value | None:
        """A setting given to the constructor, as a keyword or in ``changes``: it goes over the configuration."""
        names = (name, *(old for old in _old_names(name)))
        changes = self.arguments.get(-1, "changes")
        for candidate in names:
            given = self.arguments.get(-1, candidate)
            item = changes.entries.get(candidate) if isinstance(changes, Table) else None
            if given is not None and not (isinstance(given, Literal) and given.value is None):
                return given
            if item is not None:
                return item.value
        return None


def _old_names(name: str) -> Iterator[str]:
    """What Celery 3 called a setting (celery/app/defaults.py)."""
    yield f"CELERY_{name.upper()}"
    if name.startswith("worker_"):
        yield f"CELERYD_{name.removeprefix('worker_').upper()}"


def config_value(machine: Machine, config: Value, name: str, frame: Frame) -> Value | None:
    """An attribute or item of a configuration object; None if it surely has none."""
    found = []
    for option in options(config):
        if isinstance(option, Table):
            item = option.entries.get(name)
            if item is not None:
                found.append(item.value)
        elif isinstance(option, ModuleValue):
            if name in option.module.contents:
                found.append(machine.attribute(option, name, frame))
        elif isinstance(option, (Class, Instance)):
            if any(isinstance(base, Class) and name in base.names for base in
                   (option.cls if isinstance(option, Instance) else option).mro()):  # fmt: skip
                found.append(machine.attribute(option, name, frame))
        elif isinstance(option, External) and has(machine, option, name, frame) is not False:
            value = machine.attribute(option, name, frame)
            if not isinstance(value, External) and value is not UNKNOWN:
                found.append(value)
    return join(*found) if found else None


class CeleryState(LibraryState):
    """The apps that were created, and what was connected to Celery's signals."""

    def __init__(self, machine: Machine) -> None:
        self.apps: list[CeleryApp] = []
        self.receivers: dict[str, list[Receiver]] = {}

    def app_of(self, value: Value | None) -> CeleryApp | None:
        """The record of an app."""
        for option in options(value) if value is not None else ():
            for app in self.apps:
                if app.value is option:
                    return app
        return None


def create(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Celery(...)``."""
    app = External("celery.Celery()", None, arguments)
    register(machine, app, arguments, frame)
    return app


def register(machine: Machine, value: Value, arguments: Arguments, frame: Frame) -> None:
    """Remember a new app and apply Django's fix-up as ``Celery.__init__`` does."""
    app = CeleryApp(value, arguments, frame)
    machine.state(CeleryState).apps.append(app)
    if is_configured(machine):
        machine.import_name("django", frame)
        receiver = Receiver(External("forksafe.django_fixup", value), frame, frame.line, machine.is_sure(frame))
        machine.state(CeleryState).receivers.setdefault("import_modules", []).append(receiver)


def initialise(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Celery.__init__`` of a subclass."""
    if function.receiver is not None and machine.state(CeleryState).app_of(function.receiver) is None:
        register(machine, function.receiver, arguments, frame)
    return NONE


def config_from_object(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Lazy unless ``force`` is given or the app is configured already."""
    app = machine.state(CeleryState).app_of(function.receiver)
    if app is None:
        return UNKNOWN
    app.source = arguments.get(0, "obj")
    namespace = arguments.get(3, "namespace")
    app.namespace = namespace if namespace is not None else app.namespace
    force = arguments.get(2, "force")
    if app.state == "configured" or (force is not None and truth(force)):
        app.state = "new"
        load_config(machine, app, frame)
    return NONE


def load_config(machine: Machine, app: CeleryApp, frame: Frame) -> None:
    """``Celery._load_config``: import the configuration, then send ``on_after_configure``."""
    if app.state != "new":
        return
    app.state = "configured"
    with machine.recorder.boot_step("load_config"):
        if app.source is not None:
            app.config = join(*(load_source(machine, app, option, frame) for option in options(app.source)))
        else:
            environment = machine.state(ProcessEnvironment).get("CELERY_CONFIG_MODULE")
            name = text(environment.value) if environment is not None else None
            app.config = machine.import_name(name, frame) if name else None
        with machine.recorder.boot_step("on_after_configure"):
            run_receivers(
                machine, app.receivers.get("on_after_configure", []), {"sender": app.value, "source": UNKNOWN}
            )


def load_source(machine: Machine, app: CeleryApp, source: Value, frame: Frame) -> Value:
    """``BaseLoader.config_from_object``: a dotted name is a module, or an attribute of one."""
    name = text(source)
    if name is None:
        if source is UNKNOWN:
            machine.note("FS192", frame, "the configuration given to config_from_object() cannot be resolved")
        return source
    value = import_path(machine, name, frame)
    if isinstance(value, External) and value.path == "django.conf.settings":
        load_settings(machine, frame)
    return value


def add_defaults(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``app.conf.update(...)`` and ``app.add_defaults(...)``."""
    app = machine.state(CeleryState).app_of(function.receiver)
    if app is not None:
        for value in arguments.positional:
            for option in options(value):
                if isinstance(option, Table):
                    for key, item in option.entries.items():
                        override(app, key, item.value)
        for key, value in arguments.keywords.items():
            override(app, key, value)
    return NONE


def override(app: CeleryApp, key: object, value: Value) -> None:
    """Set one setting, by its old or its new name."""
    if isinstance(key, str):
        app.overrides[key.lower().removeprefix("celery_") if key.isupper() else key] = value


def autodiscover(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Lazy unless ``force`` is given: it happens when ``import_modules`` is sent."""
    app = machine.state(CeleryState).app_of(function.receiver)
    if app is None:
        return UNKNOWN
    packages = arguments.get(0, "packages")
    related = arguments.get(1, "related_name") or Literal("tasks")
    force = arguments.get(2, "force")
    receiver = Receiver(Discovery(packages, related), frame, frame.line, machine.is_sure(frame))
    if force is not None and truth(force):
        run_receivers(machine, [receiver], {})
    else:
        machine.state(CeleryState).receivers.setdefault("import_modules", []).append(receiver)
    return NONE


def app_attribute(machine: Machine, value: Value, name: str, frame: Frame) -> Value | None:
    """Attributes of an app that lead somewhere."""
    if name in ("conf", "on_after_configure", "on_after_finalize", "on_configure", "on_after_fork", "steps", "loader"):
        return External(f"celery.Celery().{name}", value)
    return None


def conf_attribute(machine: Machine, value: External, name: str, frame: Frame) -> Value | None:
    """Reading ``app.conf.x`` loads the configuration; ``update`` and assignments do not."""
    if name in ("update", "add_defaults", "setdefault"):
        return External("celery.Celery().conf.update", value.receiver)
    app = machine.state(CeleryState).app_of(value.receiver)
    if app is None:
        return UNKNOWN
    load_config(machine, app, frame)
    if name in ("get", "humanize", "table", "items", "keys"):
        return External(f"celery.Celery().conf.{name}", value.receiver)
    found = app.setting(name.lower(), frame, machine)
    return found if found is not None else UNKNOWN


def set_conf(machine: Machine, holder: External, name: str, value: Value, frame: Frame) -> None:
    app = machine.state(CeleryState).app_of(holder.receiver)
    if app is not None:
        override(app, name, value)


def set_conf_item(machine: Machine, holder: External, index: Value, value: Value) -> None:
    app, name = machine.state(CeleryState).app_of(holder.receiver), text(index)
    if app is not None and name is not None:
        override(app, name, value)


def connect_app_signal(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``@app.on_after_configure.connect`` and its kin."""
    app, name = machine.state(CeleryState).app_of(function.receiver), function.path.split(".")[-2]
    handler = arguments.positional[0] if arguments.positional else None
    if handler is None:
        return Partial(function, Arguments())
    if app is not None:
        receiver = Receiver(handler, frame, frame.line, machine.is_sure(frame))
        app.receivers.setdefault(name, []).append(receiver)
    return handler


def connect_signal(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``@celery.signals.x.connect``, with or without arguments, or called with the handler."""
    name = function.path.split(".")[-2]
    handler = arguments.positional[0] if arguments.positional else arguments.keywords.get("receiver")
    if not isinstance(handler, (Function, Method, Partial, Instance, Class)):
        return Partial(function, Arguments()) if handler is None else handler
    receiver = Receiver(handler, frame, frame.line, machine.is_sure(frame))
    machine.state(CeleryState).receivers.setdefault(name, []).append(receiver)
    return handler


def step_set(machine: Machine, value: External, index: Value, frame: Frame) -> Value:
    """``app.steps["worker"]``."""
    return External(f"celery.Celery().steps.{text(index) or '?'}", value.receiver)


def add_step(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    app = machine.state(CeleryState).app_of(function.receiver)
    if app is not None and arguments.positional:
        app.steps.append(Receiver(arguments.positional[0], frame, frame.line, machine.is_sure(frame)))
    return NONE


def current_app(machine: Machine) -> Value:
    """``celery.current_app``: the last app that was created."""
    return (
        machine.state(CeleryState).apps[-1].value if machine.state(CeleryState).apps else External("celery.current_app")
    )


def cause(machine: Machine, receiver: Receiver) -> Frame:
    """A frame that stands for the line where something was asked for that Celery does later."""
    frame = Frame(receiver.frame.module, receiver.frame.node, "function", machine.journal.doubt)
    frame.line, frame.boot = receiver.line, True
    return frame


def run_receivers(machine: Machine, receivers: list[Receiver], keywords: dict[str, Value]) -> None:
    """Send a signal: call what was connected to it, in order."""
    for receiver in list(receivers):
        with machine.doubted(not receiver.sure):
            frame = cause(machine, receiver)
            if isinstance(receiver.function, External) and receiver.function.path == "forksafe.django_fixup":
                django_fixup(machine, frame)
            elif isinstance(receiver.function, Discovery):
                with machine.recorder.boot_step("autodiscover_tasks"):
                    discover(machine, receiver.function, frame)
            elif isinstance(receiver.function, Value):
                machine.call(receiver.function, Arguments((), keywords), frame)


def django_fixup(machine: Machine, frame: Frame) -> None:
    """``DjangoWorkerFixup.validate_models`` (celery/fixups/django.py)."""
    setup(machine, frame)
    skip = machine.state(ProcessEnvironment).get("CELERY_SKIP_CHECKS")
    answer = truth(skip.value) if skip is not None else False
    if answer is not True:
        with machine.doubted(answer is None or (skip is not None and not skip.sure)):
            run_checks(machine, frame)


def discover(machine: Machine, discovery: Discovery, frame: Frame) -> None:
    """``app.autodiscover_tasks``: import ``<package>.<related_name>`` of each package."""
    packages = discovery.packages
    if packages is not None and truth(packages) is not False:
        called = packages if not isinstance(packages, (Function, Method, Partial)) else (
            machine.call(packages, Arguments(), frame))  # fmt: skip
        found = iterating.iterate(machine, called, frame)
        names = [(text(option), item.sure and not isinstance(item.value, Choice))
                 for item in found.items for option in options(item.value)]  # fmt: skip
        if not found.complete or any(name is None for name, _ in names):
            machine.note("FS192", frame, "the packages given to autodiscover_tasks() cannot be resolved")
    else:
        names = app_names(machine) if is_configured(machine) else []
    related = [text(option) for option in options(discovery.related_name)]
    for name, sure in names:
        with machine.doubted(not sure):
            for suffix in related:
                if name:
                    find_related_module(machine, name, suffix, frame)


def find_related_module(machine: Machine, package: str, related: str | None, frame: Frame) -> None:
    """``celery.loaders.base.find_related_module``; a package that is missing is walked up one level."""
    value = machine.import_name(package, frame)
    if value is None:
        package = package.rpartition(".")[0]
        value = machine.import_name(package, frame) if package else None
    if related and isinstance(value, ModuleValue) and machine.imports.layout.find(f"{package}.{related}") is not None:
        machine.import_name(f"{package}.{related}", frame)


def import_default_modules(machine: Machine, app: CeleryApp, frame: Frame) -> None:
    """``BaseLoader.import_default_modules``: the ``import_modules`` signal, then ``imports``, then ``include``."""
    run_receivers(machine, machine.state(CeleryState).receivers.get("import_modules", []), {"sender": app.value})
    load_config(machine, app, frame)
    for name in ("imports", "include"):
        with machine.recorder.boot_step(name):
            value = app.setting(name, frame, machine)
            if value is None:
                continue
            found = machine.items("list", [value]) if text(value) else iterating.iterate(machine, value, frame)
            if not found.complete or any(not texts(item.value) for item in found.items):
                machine.note("FS192", frame, f"the modules in the setting {name!r} cannot be resolved")
            for item in found.items:
                module = text(item.value)
                if module:
                    with machine.doubted(not item.sure):
                        value = machine.import_name(module, frame)
                    if value is None or (isinstance(value, External) and _is_unheard_of(machine, module)):
                        hint = "if it lies elsewhere in the repository, name that directory with source-roots"
                        what = f"the module {module!r} in the setting {name!r} was not found: {hint}"
                        machine.note("FS192", frame, what)


def _is_unheard_of(machine: Machine, module: str) -> bool:
    """Whether a module is neither in the project, nor in the standard library, nor required or installed."""
    top = module.partition(".")[0]
    return top not in sys.stdlib_module_names and machine.imports.presence(top) is not True


def load_named_classes(machine: Machine, app: CeleryApp, frame: Frame) -> None:
    """Classes that settings name by string and the worker resolves before it forks."""
    task = app.arguments.get(-1, "task_cls")
    if task is None and isinstance(app.value, (Instance, External)):
        task = app.value.names.get("task_cls")
    if task is None and isinstance(app.value, Instance):
        task = next((base.names["task_cls"] for base in app.value.cls.mro()
                     if isinstance(base, Class) and "task_cls" in base.names), None)  # fmt: skip
    for value in (task, *(app.setting(name, frame, machine) for name in NAMED_CLASSES)):
        for option in options(value) if value is not None else ():
            path = text(option)
            if (
                path
                and "://" not in path
                and machine.imports.layout.find(split_spec(path)[0].partition(".")[0]) is not None
            ):
                import_path(machine, path, frame)


def import_default_modules_call(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``app.loader.import_default_modules()`` called by the project itself."""
    app = machine.state(CeleryState).app_of(function.receiver)
    if app is not None:
        import_default_modules(machine, app, frame)
    return NONE


SIGNALS = [
    "before_task_publish", "after_task_publish", "task_received", "task_prerun", "task_postrun", "task_retry",
    "task_success", "task_failure", "task_internal_error", "task_revoked", "task_rejected", "task_unknown",
    "import_modules", "celeryd_after_setup", "celeryd_init", "worker_init", "worker_before_create_process",
    "worker_ready", "heartbeat_sent", "worker_shutting_down", "worker_process_init", "worker_process_shutdown",
    "worker_shutdown", "beat_init", "beat_embedded_init", "setup_logging", "after_setup_logger",
    "after_setup_task_logger", "eventlet_pool_started", "eventlet_pool_preshutdown", "eventlet_pool_postshutdown",
    "eventlet_pool_apply", "user_preload_options", "subtask_sent",
]  # fmt: skip

MODELS = Library(
    aliases={
        "celery.app.Celery": "celery.Celery",
        "celery.app.base.Celery": "celery.Celery",
        "celery._state.current_app": "celery.current_app",
        "celery.app.current_app": "celery.current_app",
    },
    values={"celery.current_app": current_app},
    attributes={
        "celery.Celery()": app_attribute,
        "celery.Celery().conf": conf_attribute,
    },
    items={"celery.Celery().steps": step_set},
    setters={"celery.Celery().conf": set_conf},
    item_setters={"celery.Celery().conf": set_conf_item},
    functions={
        "celery.Celery": create,
        "celery.Celery().__init__": initialise,
        "celery.Celery().config_from_object": config_from_object,
        "celery.Celery().autodiscover_tasks": autodiscover,
        "celery.Celery().conf.update": add_defaults,
        "celery.Celery().add_defaults": add_defaults,
        "celery.Celery().loader.import_default_modules": import_default_modules_call,
        "celery.current_app": lambda machine, function, arguments, frame: current_app(machine),
        "celery.app.app_or_default": lambda machine, function, arguments, frame: current_app(machine),
        **{
            f"celery.Celery().{name}.connect": connect_app_signal
            for name in ("on_after_configure", "on_after_finalize", "on_configure", "on_after_fork")
        },
        **{f"celery.signals.{name}.connect": connect_signal for name in SIGNALS},
        "celery.Celery().steps.worker.add": add_step,
    },
)
