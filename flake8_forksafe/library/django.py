"""Models of Django that first-party code calls."""

from __future__ import annotations

from flake8_forksafe.interpreter import iteration
from flake8_forksafe.interpreter.containers import Items
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    External,
    Literal,
    ModuleValue,
    Value,
    join,
    options,
    text,
)
from flake8_forksafe.library import django_checks, django_settings, django_setup
from flake8_forksafe.library.receivers import Receiver, called, connected
from flake8_forksafe.library.standard_functions import cached_property, class_property
from flake8_forksafe.library.standard_import import import_path, import_string


class DjangoSignals(LibraryState):
    """What was connected to signals, by the identity of the signal, which is kept with it."""

    def __init__(self, machine: Machine) -> None:
        self.receivers: dict[int, tuple[Value, list[Receiver]]] = {}


def setting(machine: Machine, value: External, name: str, frame: Frame) -> Value | None:
    """``settings.X``."""
    if name in ("configure", "configured", "is_overridden"):
        return None
    return django_settings.setting(machine, name, frame)


def setup(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    django_setup.setup(machine, frame)
    return NONE


def application(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``get_wsgi_application()`` and ``get_asgi_application()``: ``django.setup()``, then the handler loads middleware
    (django/core/handlers/base.py, ``load_middleware``); neither system checks nor the URLconf.
    """
    django_setup.setup(machine, frame)
    django_setup.load_middleware(machine, frame)
    return External(f"{function.path}()")


def run_checks(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    django_checks.run_checks(machine, frame)
    return UNKNOWN


def register_check(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``checks.register(f)``, ``@register(Tags.x)`` and ``@register``."""
    first = arguments.positional[0] if arguments.positional else None
    if first is None or isinstance(first, (External, Literal)):
        return External("django.core.checks.register()")
    machine.state(django_checks.DjangoChecks).checks.append((first, frame, frame.line))
    return first


def app_configs(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``apps.get_app_configs()``."""
    return django_setup.app_configs(machine)


def app_config(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``apps.get_app_config(label)``."""
    label = text(arguments.get(0, "app_label"))
    for config in machine.state(django_setup.DjangoApps).apps:
        if label is not None and text(machine.attribute(config, "label", frame)) == label:
            return config
    return machine.fail("LookupError") if label and machine.state(django_setup.DjangoApps).state == "ready" else UNKNOWN


def is_installed(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    name = text(arguments.get(0, "app_name"))
    if name is None or not machine.state(django_setup.DjangoApps).installed_known:
        return UNKNOWN
    return Literal(
        any(
            name in (entry, entry.rpartition(".apps.")[0]) for entry in machine.state(django_setup.DjangoApps).installed
        )
    )


def config_attribute(machine: Machine, value: Value, name: str, frame: Frame) -> Value | None:
    """Attributes that ``AppConfig.__init__`` sets: ``name``, ``label``, ``module``, ``path``."""
    return django_setup.config_attribute(machine, value, name, frame)


def autodiscover_modules(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Import ``<app>.<name>`` of every installed app."""
    for argument in arguments.positional:
        for option in options(argument):
            name = text(option)
            if name is not None:
                django_setup.autodiscover(machine, name, frame)
    return NONE


def include(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``include("module")``, ``include(("module", "name"))``, ``include(module)``."""
    target = arguments.get(0, "arg")
    for option in options(target) if target is not None else ():
        if isinstance(option, Items) and option.items:
            option = option.items[0].value
        name = text(option)
        if name is not None:
            value = machine.import_name(name, frame)
            if value is None:
                machine.fail("ModuleNotFoundError")
        elif option is UNKNOWN:
            machine.recorder.unresolved += 1
    return External("django.urls.include()", None, arguments)


def resolver_attribute(machine: Machine, value: Value, name: str, frame: Frame) -> Value | None:
    """``get_resolver(urlconf)``: what it is asked for imports the URLconf."""
    created = value.arguments if isinstance(value, External) else None
    given = created.get(0, "urlconf") if created is not None else None
    django_checks.load_urls(machine, frame, given if given is not None and given is not NONE else None)
    return UNKNOWN


def resolve_url(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``reverse()`` and ``resolve()`` load the root URLconf."""
    django_checks.load_urls(machine, frame, arguments.get(1, "urlconf"))
    return UNKNOWN


def find_command(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``call_command(name)`` loads and runs a command of an installed app."""
    name = text(arguments.get(0, "command_name"))
    if name is not None:
        django_setup.load_command(machine, name, frame)
    return UNKNOWN


def has_submodule(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``module_has_submodule(package, name)``."""
    package, name = arguments.get(0, "package"), text(arguments.get(1, "module_name"))
    if not isinstance(package, ModuleValue) or name is None:
        return UNKNOWN
    return Literal(machine.imports.layout.find(f"{package.module.name}.{name}") is not None)


def receiver(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``@receiver(signal)`` applied to a function; the signal may be one of Celery's."""
    return External("django.dispatch.receiver()", None, arguments)


def connect_receiver(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    # function.arguments are those of receiver(...) itself: see `call_external`, which keeps them in the path's value
    created, handler = function.arguments, arguments.positional[0] if arguments.positional else UNKNOWN
    if created is None or not created.positional:
        return handler
    signals = created.positional[0]
    for item in iteration.iterate(machine, signals, frame).items if isinstance(signals, Items) else [None]:
        signal = signals if item is None else item.value
        machine.call(machine.attribute(signal, "connect", frame), Arguments((handler,), created.keywords), frame)
    return handler


def connect(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Signal.connect`` of a project's own or one of Django's signals."""
    handler = arguments.get(0, "receiver")
    if handler is not None and function.receiver is not None:
        receiver = connected(machine, handler, frame, arguments.get(2, "weak"))
        machine.state(DjangoSignals).receivers.setdefault(id(function.receiver), (function.receiver, []))[1].append(
            receiver
        )
    return NONE


def send(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Signal.send`` calls what was connected."""
    found = machine.state(DjangoSignals).receivers.get(id(function.receiver))
    results: list[Value] = []
    for receiver in list(found[1]) if found else ():
        keywords = {"sender": arguments.get(0, "sender") or NONE, **arguments.keywords}
        with called(machine, receiver, "a signal") as is_alive:
            if is_alive and isinstance(receiver.function, Value):
                result = machine.call(receiver.function, Arguments((), keywords), frame)
                results.append(machine.items("tuple", [receiver.function, result]))
    known = machine.items("list", results)
    known.complete = False
    return known


def import_module_attribute(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``get_callable(path)`` and ``get_storage_class(path)``: a dotted path or the thing itself."""
    first = arguments.get(0, "lookup_view")
    if first is None:
        return UNKNOWN
    return join(
        *(import_path(machine, found, frame) if (found := text(option)) else option for option in options(first))
    )


MODELS = Library(
    aliases={
        "django.conf.urls.include": "django.urls.include",
        "django.urls.conf.include": "django.urls.include",
        "django.urls.conf.path": "django.urls.path",
        "django.urls.base.reverse": "django.urls.reverse",
        "django.urls.base.resolve": "django.urls.resolve",
        "django.urls.resolvers.get_resolver": "django.urls.get_resolver",
        "django.utils.module_loading.import_by_path": "django.utils.module_loading.import_string",
        "django.core.checks.registry.register": "django.core.checks.register",
        "django.core.checks.registry.run_checks": "django.core.checks.run_checks",
        "django.dispatch.dispatcher.receiver": "django.dispatch.receiver",
        "django.dispatch.dispatcher.Signal": "django.dispatch.Signal",
        "django.apps.config.AppConfig": "django.apps.AppConfig",
        "django.apps.registry.apps": "django.apps.apps",
    },
    attributes={
        "django.conf.settings": setting,
        "django.apps.AppConfig()": config_attribute,
        "django.urls.get_resolver()": resolver_attribute,
    },
    functions={
        "django.setup": setup,
        "django.core.wsgi.get_wsgi_application": application,
        "django.core.asgi.get_asgi_application": application,
        "django.core.checks.run_checks": run_checks,
        "django.core.checks.register": register_check,
        "django.core.checks.register()": register_check,
        "django.apps.apps.get_app_configs": app_configs,
        "django.apps.apps.get_app_config": app_config,
        "django.apps.apps.is_installed": is_installed,
        "django.core.management.call_command": find_command,
        "django.utils.module_loading.import_string": import_string,
        "django.utils.module_loading.autodiscover_modules": autodiscover_modules,
        "django.utils.module_loading.module_has_submodule": has_submodule,
        "django.urls.include": include,
        "django.urls.get_callable": import_module_attribute,
        "django.urls.reverse": resolve_url,
        "django.urls.resolve": resolve_url,
        "django.utils.functional.cached_property": cached_property,
        "django.utils.functional.classproperty": class_property,
        "django.utils.decorators.classproperty": class_property,
        "django.dispatch.receiver": receiver,
        "django.dispatch.receiver()": connect_receiver,
        "django.dispatch.Signal().connect": connect,
        "django.dispatch.Signal().send": send,
        "django.dispatch.Signal().send_robust": send,
    },
)
