"""What Celery does with an app when a worker boots: configuration, signals, autodiscovery, modules and classes.

Read in Celery 5.7.0: celery/app/base.py, celery/loaders/base.py, celery/fixups/django.py.
"""

from __future__ import annotations

import sys

from flake8_forksafe.interpreter import iteration
from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.special_methods import class_attribute
from flake8_forksafe.interpreter.truth_testing import truth
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
    Value,
    join,
    options,
    text,
    texts,
)
from flake8_forksafe.library.celery_app import CeleryApp, CeleryState, Discovery
from flake8_forksafe.library.django_checks import run_checks
from flake8_forksafe.library.django_settings import is_configured, load_settings
from flake8_forksafe.library.django_setup import app_names, setup
from flake8_forksafe.library.receivers import Receiver, called
from flake8_forksafe.library.standard_import import import_path
from flake8_forksafe.library.standard_process import ProcessEnvironment
from flake8_forksafe.project.search_result import split_spec

NAMED_CLASSES = (
    "broker_transport",
    "result_backend",
    "worker_pool",
    "worker_consumer",
    "worker_autoscaler",
    "worker_timer",
)
"""Settings whose value may be the dotted path of a class, resolved by ``symbol_by_name`` in MainProcess
(celery/app/backends.py, celery/worker/worker.py, celery/worker/components.py)."""
CREATED = ("broker_transport", "result_backend", "worker_pool", "worker_consumer")
"""Those of them of which an object is made before the fork (seen with Celery 5.7.0); the pool's ``on_start`` forks."""
MAY_BE_CREATED = ("worker_timer",)
"""Made before the fork only where the broker's transport has no event loop (celery/worker/components.py, ``Timer``)."""


def load_config(machine: Machine, app: CeleryApp, frame: Frame) -> None:
    """``Celery._load_config``: send ``on_configure``, import the configuration, then send ``on_after_configure``.

    Both are sent once: what is connected later, by a module that ``include`` names, is never called.  A subclass of
    ``Celery`` may have a method ``on_configure`` instead of the signal.
    """
    if app.state != "new":
        return
    app.state = "configured"
    if isinstance(app.value, Instance):
        call_own(machine, app.value, "on_init", Arguments(), cause(machine, app_place(app)))
    with machine.recorder.boot_step("on_configure"):
        if isinstance(app.value, Instance):
            call_own(machine, app.value, "on_configure", Arguments(), cause(machine, app_place(app)))
        run_receivers(machine, "on_configure", app.receivers.get("on_configure", []), {"sender": app.value})
    with machine.recorder.boot_step("load_config"):
        if app.source is not None:
            app.config = join(*(load_source(machine, app, option, frame) for option in options(app.source)))
        else:
            environment = machine.state(ProcessEnvironment).get("CELERY_CONFIG_MODULE")
            name = text(environment.value) if environment is not None else None
            app.config = machine.import_name(name, frame) if name else None
        with machine.recorder.boot_step("on_after_configure"):
            run_receivers(
                machine,
                "on_after_configure",
                app.receivers.get("on_after_configure", []),
                {"sender": app.value, "source": UNKNOWN},
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
    module, attribute = split_spec(name)
    parent, _, last = module.rpartition(".")
    holder = None if attribute else machine.imports.modules.get(parent)
    is_attribute = holder is not None and (last in holder.names or holder.open)
    if not is_attribute and _is_missing(machine, module):
        machine.note("FS192", frame, f"the module {module!r} given to config_from_object() was not found: {ELSEWHERE}")
    return value


def cause(machine: Machine, receiver: Receiver) -> Frame:
    """A frame that stands for the line where something was asked for that Celery does later."""
    frame = Frame(receiver.frame.module, receiver.frame.node, "function", machine.journal.doubt)
    frame.line, frame.boot = receiver.line, True
    return frame


def app_place(app: CeleryApp) -> Receiver:
    """Where an app is made, as what causes something."""
    return Receiver(app.value, app.frame, app.line, True)


def call_own(machine: Machine, holder: Class | Instance, name: str, arguments: Arguments, frame: Frame) -> Value:
    """Call a method that a walked class defines; None where it defines none."""
    cls = holder.cls if isinstance(holder, Instance) else holder
    if class_attribute(cls, name) is not None:
        method = machine.attribute(holder, name, frame)
        if isinstance(method, (Method, Function)):
            return machine.call(method, arguments, frame)
    return NONE


def run_receivers(machine: Machine, signal: str, receivers: list[Receiver], keywords: dict[str, Value]) -> None:
    """Send a signal: call what was connected to it, in order."""
    for receiver in list(receivers):
        with called(machine, receiver, signal) as is_alive:
            frame = cause(machine, receiver)
            if not is_alive:
                continue
            if isinstance(receiver.function, External) and receiver.function.path == "<forksafe>.django_fixup":
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
    is_written = isinstance(packages, Items)
    if packages is not None and truth(packages) is not False:
        called = packages if not isinstance(packages, (Function, Method, Partial)) else (
            machine.call(packages, Arguments(), frame))  # fmt: skip
        found = iteration.iterate(machine, called, frame)
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
                    find_related_module(machine, name, suffix, frame, is_written)


def find_related_module(
    machine: Machine, package: str, related: str | None, frame: Frame, is_written: bool = False
) -> None:
    """``celery.loaders.base.find_related_module``; a package that is missing is walked up one level.

    Where that one is missing as well, the worker does not start.

    :param is_written: whether the call names the package; of ``INSTALLED_APPS`` Django tells what is missing.
    """
    given, value = package, machine.import_name(package, frame)
    if value is None:
        package = package.rpartition(".")[0]
        value = machine.import_name(package, frame) if package else None
    if is_written and not isinstance(value, ModuleValue) and _is_missing(machine, given):
        words = f"the package {given!r} given to autodiscover_tasks() was not found: {ELSEWHERE}"
        machine.note("FS192", frame, words)
    if related and isinstance(value, ModuleValue) and machine.imports.layout.find(f"{package}.{related}") is not None:
        machine.import_name(f"{package}.{related}", frame)


def import_default_modules(machine: Machine, app: CeleryApp, frame: Frame) -> None:
    """``BaseLoader.import_default_modules``: the ``import_modules`` signal, then ``imports``, then ``include``."""
    run_receivers(
        machine, "import_modules", machine.state(CeleryState).receivers.get("import_modules", []), {"sender": app.value}
    )
    load_config(machine, app, frame)
    for name in ("imports", "include"):
        with machine.recorder.boot_step(name):
            value = app.setting(name, frame, machine)
            if value is None:
                continue
            found = machine.items("list", [value]) if text(value) else iteration.iterate(machine, value, frame)
            if not found.complete or any(not texts(item.value) for item in found.items):
                machine.note("FS192", frame, f"the modules in the setting {name!r} cannot be resolved")
            for item in found.items:
                module = text(item.value)
                if module:
                    import_task_module(machine, module, f"the setting {name!r}", frame, item.sure)


CELERY_ITSELF = frozenset({"celery", "django", "kombu"})
"""What is there where a worker runs that uses it."""
ELSEWHERE = "if it lies elsewhere in the repository, name that directory with source-roots"


def import_task_module(machine: Machine, module: str, named: str, frame: Frame, sure: bool = True) -> None:
    """``BaseLoader.import_task_module``: the worker does not start if there is no such module.

    :param named: what names it, for a message.
    """
    with machine.doubted(not sure):
        value = machine.import_name(module, frame)
    if value is None or (isinstance(value, External) and _is_unheard_of(machine, module)):
        machine.note("FS192", frame, f"the module {module!r} in {named} was not found: {ELSEWHERE}")


def _is_missing(machine: Machine, module: str) -> bool:
    """Whether a module is none of the project and of what is known to be installed."""
    if not module or machine.imports.layout.find(module) is not None:
        return False
    return machine.imports.layout.find(module.partition(".")[0]) is not None or _is_unheard_of(machine, module)


def _is_unheard_of(machine: Machine, module: str) -> bool:
    """Whether a module is neither in the project, nor in the standard library, nor required or installed."""
    top = module.partition(".")[0]
    return top not in {*sys.stdlib_module_names, *CELERY_ITSELF} and machine.imports.presence(top) is not True


def own_class(app: CeleryApp, name: str) -> Value | None:
    """A class that the app is given (``loader``, ``task_cls``), or that a subclass of ``Celery`` names."""
    given = app.arguments.get(-1, "loader" if name == "loader_cls" else name)
    if given is None and isinstance(app.value, (Instance, External)):
        given = app.value.names.get(name)
    if given is None and isinstance(app.value, Instance):
        named = (base.names.get(name) for base in app.value.cls.mro() if isinstance(base, Class))
        given = next((value for value in named if value is not None), None)
    return given


def loader_class(machine: Machine, app: CeleryApp) -> Value | None:
    """The app's loader: ``Celery(loader=...)``, else ``CELERY_LOADER``, else what a subclass of ``Celery`` names."""
    given, chosen = app.arguments.get(-1, "loader"), machine.state(ProcessEnvironment).get("CELERY_LOADER")
    return chosen.value if given is None and chosen is not None else own_class(app, "loader_cls")


def load_named_classes(machine: Machine, app: CeleryApp, frame: Frame) -> None:
    """Classes that settings name, by a path or as they are, and the worker resolves before it forks."""
    named = {name: app.setting(name, frame, machine) for name in NAMED_CLASSES}
    named["result_backend"] = _backend(machine, app, named["result_backend"], frame)
    for name, value in {"task_cls": own_class(app, "task_cls"), **named}.items():
        for option in options(value) if value is not None else ():
            make_named(machine, app, name, option, frame)


def make_named(machine: Machine, app: CeleryApp, name: str, value: Value, frame: Frame) -> None:
    """Import the class that a setting names, if it is walked, and make an object of it where Celery does."""
    path = text(value)
    walked = path and machine.imports.layout.find(split_spec(path)[0].partition(".")[0]) is not None
    found = import_path(machine, path, frame) if path and walked else value
    if name in (*CREATED, *MAY_BE_CREATED) and isinstance(found, Class):
        with machine.doubted(name in MAY_BE_CREATED):
            created = machine.call(found, Arguments((UNKNOWN,), {"app": app.value}), frame)
            if isinstance(created, Instance):
                call_own(machine, created, "on_start", Arguments(), frame)


def _backend(machine: Machine, app: CeleryApp, value: Value | None, frame: Frame) -> Value | None:
    """What names the class of the result backend (celery/app/backends.py, ``by_url``).

    That is ``CELERY_RESULT_BACKEND``, the setting or ``Celery(backend=...)``: a class, or a path in front of ``+`` or
    ``://``, or a name that the loader's ``override_backends`` knows.
    """
    chosen = machine.state(ProcessEnvironment).get("CELERY_RESULT_BACKEND")
    value = chosen.value if chosen is not None else value or app.arguments.get(-1, "backend")
    address = text(value) if value is not None else None
    if address is None:
        return value
    name = address.partition("://")[0].partition("+")[0] if "://" in address else address
    loader = loader_class(machine, app)
    aliases = machine.attribute(loader, "override_backends", frame) if isinstance(loader, Class) else None
    item = aliases.entries.get(name) if isinstance(aliases, Table) else None
    return item.value if item is not None else Literal(name)
