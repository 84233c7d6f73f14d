"""Models of Celery: apps, configuration, autodiscovery, signals.  Read in Celery 5.7.0 (celery/app/base.py)."""

from __future__ import annotations

from flake8_forksafe.interpreter import iteration
from flake8_forksafe.interpreter.containers import Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Class,
    External,
    Function,
    Instance,
    Literal,
    Method,
    Partial,
    Value,
    options,
    text,
)
from flake8_forksafe.library.celery_app import CeleryApp, CeleryState, Discovery
from flake8_forksafe.library.celery_boot import import_default_modules, load_config, run_receivers
from flake8_forksafe.library.django_settings import is_configured
from flake8_forksafe.library.receivers import Receiver, connected
from flake8_forksafe.library.standard_import import note_unknown
from flake8_forksafe.library.standard_process import ProcessEnvironment


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
        receiver = Receiver(External("<forksafe>.django_fixup", value), frame, frame.line, machine.is_sure(frame))
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


def add_defaults(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``app.conf.update(...)`` and ``app.add_defaults(...)``."""
    app = machine.state(CeleryState).app_of(function.receiver)
    if app is not None:
        for value in arguments.positional:
            for option in options(value):
                if isinstance(option, Table):
                    for key, item in option.entries.items():
                        override(app, key, item.value)
                elif option is UNKNOWN or (isinstance(option, External) and option.path.endswith("()")):
                    note_unknown(machine, frame, "the configuration that the app is given here")
        for key, value in arguments.keywords.items():
            override(app, key, value)
    return NONE


def config_from_envvar(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``app.config_from_envvar(name)``: the module that a variable names."""
    name = text(arguments.get(0, "variable_name"))
    known = machine.state(ProcessEnvironment).get(name) if name else None
    source = known.value if known is not None else UNKNOWN
    return config_from_object(machine, function, Arguments((source, *arguments.positional[1:]), {}), frame)


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
        run_receivers(machine, "import_modules", [receiver], {})
    else:
        machine.state(CeleryState).receivers.setdefault("import_modules", []).append(receiver)
    return NONE


APP_PARTS = (
    "conf", "on_after_configure", "on_after_finalize", "on_configure", "on_after_fork", "steps", "loader",
    "user_options",
)  # fmt: skip
"""Attributes of an app of which more is known."""


def app_attribute(machine: Machine, value: Value, name: str, frame: Frame) -> Value | None:
    """Attributes of an app that lead somewhere."""
    if name in APP_PARTS:
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
    app = machine.state(CeleryState).app_of(function.receiver)
    return _connect(machine, {} if app is None else app.receivers, function, arguments, frame)


def connect_signal(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``@celery.signals.x.connect``, with or without arguments, or called with the handler."""
    return _connect(machine, machine.state(CeleryState).receivers, function, arguments, frame)


def _connect(
    machine: Machine, receivers: dict[str, list[Receiver]], function: External, arguments: Arguments, frame: Frame
) -> Value:
    """``Signal.connect`` (celery/utils/dispatch/signal.py)."""
    handler = arguments.positional[0] if arguments.positional else arguments.keywords.get("receiver")
    if handler is None:
        return Partial(function, arguments)
    if isinstance(handler, (Function, Method, Partial, Instance, Class)):
        receiver = connected(machine, handler, frame, arguments.keywords.get("weak"))
        receivers.setdefault(function.path.split(".")[-2], []).append(receiver)
    return handler


def part_of(machine: Machine, value: External, index: Value, frame: Frame) -> Value:
    """``app.steps["worker"]``, ``app.user_options["preload"]``."""
    return External(f"{value.path}.{text(index) or '?'}", value.receiver)


def add_step(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    app = machine.state(CeleryState).app_of(function.receiver)
    if app is not None and arguments.positional:
        steps = app.consumer_steps if function.path.endswith("consumer.add") else app.steps
        steps.append(Receiver(arguments.positional[0], frame, frame.line, machine.is_sure(frame)))
    return NONE


def add_options(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``app.user_options["worker"].add(option)``, or ``update`` with several."""
    app, given = machine.state(CeleryState).app_of(function.receiver), arguments.get(0, "")
    if app is not None and given is not None:
        several = function.path.endswith(".update")
        values = [item.value for item in iteration.iterate(machine, given, frame).items] if several else [given]
        app.options += [Receiver(value, frame, frame.line, machine.is_sure(frame)) for value in values]
    return NONE


def current_app(machine: Machine) -> Value:
    """``celery.current_app``: the last app that was created."""
    return (
        machine.state(CeleryState).apps[-1].value if machine.state(CeleryState).apps else External("celery.current_app")
    )


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
    items={"celery.Celery().steps": part_of, "celery.Celery().user_options": part_of},
    setters={"celery.Celery().conf": set_conf},
    item_setters={"celery.Celery().conf": set_conf_item},
    functions={
        "celery.Celery": create,
        "celery.Celery().__init__": initialise,
        "celery.Celery().config_from_object": config_from_object,
        "celery.Celery().config_from_envvar": config_from_envvar,
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
        "celery.Celery().steps.consumer.add": add_step,
        **{
            f"celery.Celery().user_options.{command}.{method}": add_options
            for command in ("preload", "worker")
            for method in ("add", "update")
        },
    },
)
