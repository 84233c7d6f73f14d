"""``django.setup()``: logging, app configs, models and ``ready()``, in Django's own order.

Read in Django 4.2, 5.2 and 6.0: django/apps/registry.py, django/apps/config.py, django/contrib/*/apps.py.
"""

from __future__ import annotations

from flake8_forksafe.interpreter import iteration
from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import LibraryState, Machine
from flake8_forksafe.interpreter.special_methods import class_attribute
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    External,
    Function,
    Instance,
    Item,
    Literal,
    Method,
    ModuleValue,
    Value,
    options,
    text,
    texts,
)
from flake8_forksafe.library.django_settings import (
    DjangoSettings,
    load_settings,
    note_without_apps,
    setting,
    setting_cause,
)
from flake8_forksafe.library.setting_imports import import_named
from flake8_forksafe.library.standard_import import import_all, import_dotted
from flake8_forksafe.project import django as facts

APP_CONFIG = "django.apps.AppConfig"


class DjangoApps(LibraryState):
    """The app registry.

    :ivar state: ``"new"``, ``"setting up"`` or ``"ready"``.
    :ivar installed: names in ``INSTALLED_APPS``, in order; ``installed_known`` whether these are all.
    :ivar apps: app configs, first-party ones as objects of their class; ``apps_sure`` whether each is there for sure.
    """

    def __init__(self, machine: Machine) -> None:
        self.state = "new"
        self.installed: list[str] = []
        self.installed_known = False
        self.apps: list[Value] = []
        self.apps_sure: list[bool] = []


def setup(machine: Machine, frame: Frame) -> None:
    """``django.setup()``: logging, then ``apps.populate``: app configs, models, ``ready()``."""
    registry = machine.state(DjangoApps)
    if registry.state != "new":
        return
    registry.state = "setting up"
    load_settings(machine, frame)
    with machine.recorder.boot_step("django.setup: LOGGING"):
        _configure_logging(machine, setting_cause(machine, "LOGGING", frame))
    installed = setting(machine, "INSTALLED_APPS", frame)
    entries = iteration.iterate(machine, installed, frame)
    cause = setting_cause(machine, "INSTALLED_APPS", frame)
    unresolved = [item for item in entries.items if text(item.value) is None]
    registry.installed_known = entries.complete and not unresolved
    if not registry.installed_known and machine.state(DjangoSettings).settings:
        machine.note("FS192", cause, "some of INSTALLED_APPS cannot be resolved")
    if not entries.items:
        note_without_apps(machine, frame)
    with machine.recorder.boot_step("django.setup: app configs"):
        for item in list(entries.items):
            name = text(item.value)
            if name and name not in registry.installed:
                with machine.doubted(not item.sure):
                    _create_config(machine, name, item.sure, cause)
    with machine.recorder.boot_step("django.setup: models"):
        autodiscover(machine, "models", cause)
    _connect_databases(machine, frame)
    with machine.recorder.boot_step("django.setup: ready()"):
        for config, sure in zip(list(registry.apps), list(registry.apps_sure), strict=True):
            with machine.doubted(not sure):
                _ready(machine, config, cause)
    registry.state = "ready"


def _configure_logging(machine: Machine, frame: Frame) -> None:
    """``configure_logging``: ``LOGGING_CONFIG`` names a function that is called with ``LOGGING``; None names none.

    Django's own configuration comes first, whose handler for mails imports a reporter (django/utils/log.py).
    """
    for option in options(setting(machine, "LOGGING_CONFIG", frame)):
        path, default = text(option), str(facts.DEFAULTS["LOGGING_CONFIG"])  # the default is loaded long before
        function = machine.external(path) if path == default else import_dotted(machine, path, frame) if path else None
        if function is not None:
            reporter = setting(machine, "DEFAULT_EXCEPTION_REPORTER", frame)
            import_all(machine, reporter, setting_cause(machine, "DEFAULT_EXCEPTION_REPORTER", frame))
            machine.call(function, Arguments((setting(machine, "LOGGING", frame),)), frame)


def _create_config(machine: Machine, entry: str, sure: bool, frame: Frame) -> None:
    """``AppConfig.create``: an entry is an app's package, or the path of its app config."""
    registry = machine.state(DjangoApps)
    registry.installed.append(entry)
    value = machine.import_name(entry, frame)
    config: Class | None = None
    if isinstance(value, ModuleValue):
        if value.module.found.is_package and machine.imports.layout.find(f"{entry}.apps") is not None:
            module = machine.import_name(f"{entry}.apps", frame)
            config = _only_config(machine, module) if isinstance(module, ModuleValue) else None
    elif value is None or isinstance(value, External):
        found = import_dotted(machine, entry, frame) if "." in entry else None
        config = found if isinstance(found, Class) else None
    instance = _instantiate(machine, entry, config, frame)
    registry.apps.append(instance)
    registry.apps_sure.append(sure)


def _only_config(machine: Machine, module: ModuleValue) -> Class | None:
    """The app config class of an ``apps`` module: the one marked ``default``, or the only one."""
    candidates = [
        value for value in module.module.names.values()
        if isinstance(value, Class) and is_app_config(value)
    ]  # fmt: skip
    marked = [(value, class_attribute(value, "default")) for value in dict.fromkeys(candidates)]
    allowed = [value for value, default in marked if default is None or truth(default) is not False]
    if len(allowed) == 1:
        return allowed[0]
    chosen = [value for value, default in marked if default is not None and truth(default) is True]
    return chosen[0] if len(chosen) == 1 else None


def _instantiate(machine: Machine, entry: str, config: Class | None, frame: Frame) -> Value:
    if config is None:
        outside = External(f"{APP_CONFIG}()")
        outside.names["name"] = Literal(facts.APP_OF_CONFIG.get(entry, entry))
        return outside
    name = text(class_attribute(config, "name"))
    if name and name != entry:
        machine.import_name(name, frame)
    return machine.call(config, Arguments((Literal(name or entry), UNKNOWN)), frame)


def _ready(machine: Machine, config: Value, frame: Frame) -> None:
    """``AppConfig.ready()``: the project's own method, or what a known library's does."""
    if isinstance(config, Instance):
        method = machine.attribute(config, "ready", frame)
        if isinstance(method, (Method, Function, Choice)):
            machine.call(method, Arguments(), frame)
        bases = [base.path for base in config.cls.mro() if isinstance(base, External)]
        for base in bases:
            _library_ready(machine, base, frame)
    elif isinstance(config, External):
        _library_ready(machine, text(config.names.get("name")) or "", frame)


def _library_ready(machine: Machine, name: str, frame: Frame) -> None:
    """What ``ready()`` of a library's app config imports from every app."""
    for module in facts.AUTODISCOVERED.get(name, ()):
        autodiscover(machine, module, frame)
    for module in facts.READY_IMPORTS.get(name, ()):
        machine.import_name(module, frame)
    app = name.partition(".apps.")[0]
    if app:
        machine.bring(app, "setup()", frame)
        import_named(machine, f"{app}:setup()", frame)


def autodiscover(machine: Machine, module: str, frame: Frame) -> None:
    """``autodiscover_modules(module)``: import it from every installed app that has it."""
    for name, sure in app_names(machine):
        if (
            name
            and machine.imports.layout.find(name) is not None
            and machine.imports.layout.find(f"{name}.{module}") is not None
        ):
            with machine.doubted(not sure):
                machine.import_name(f"{name}.{module}", frame)


def app_names(machine: Machine) -> list[tuple[str | None, bool]]:
    """``[config.name for config in apps.get_app_configs()]``."""
    registry = machine.state(DjangoApps)
    return [(text(config_name(config)), sure) for config, sure in zip(registry.apps, registry.apps_sure, strict=True)]


def config_name(config: Value) -> Value:
    """The ``name`` of an app config."""
    if isinstance(config, Instance):
        return config.names.get("name") or class_attribute(config.cls, "name") or UNKNOWN
    return config.names.get("name", UNKNOWN) if isinstance(config, External) else UNKNOWN


def app_configs(machine: Machine) -> Items:
    """``apps.get_app_configs()``."""
    registry = machine.state(DjangoApps)
    items = [Item(config, sure) for config, sure in zip(registry.apps, registry.apps_sure, strict=True)]
    return Items("list", items, machine.journal.doubt, registry.installed_known and registry.state != "new")


def config_attribute(machine: Machine, config: Value, name: str, frame: Frame) -> Value | None:
    """What ``AppConfig.__init__`` sets."""
    own = config_name(config)
    app = text(own)
    if name == "name":
        return own
    if name in ("label", "verbose_name"):
        return Literal(app.rpartition(".")[2]) if app else UNKNOWN
    found = machine.imports.layout.find(app) if app else None
    if name == "module" and app in machine.imports.modules:
        return ModuleValue(machine.imports.modules[app])
    if name == "path" and found is not None and found.locations:
        return Literal(found.locations[0])
    if name == "ready":
        return External("<forksafe>.same")
    return None


def _connect_databases(machine: Machine, frame: Frame) -> None:
    """``DATABASES[...]["ENGINE"]``: ``<engine>.base`` is imported with the first model."""
    databases = setting(machine, "DATABASES", frame)
    cause = setting_cause(machine, "DATABASES", frame)
    for option in options(databases):
        for item in option.entries.values() if isinstance(option, Table) else ():
            engine = item.value.entries.get("ENGINE") if isinstance(item.value, Table) else None
            for name in texts(engine.value) if engine is not None else ():
                if machine.imports.layout.find(name) is not None:
                    machine.import_name(f"{name}.base", cause)


def load_middleware(machine: Machine, frame: Frame) -> None:
    """``BaseHandler.load_middleware``: each class of ``MIDDLEWARE`` is imported and created, the last one first."""
    cause = setting_cause(machine, "MIDDLEWARE", frame)
    entries = iteration.iterate(machine, setting(machine, "MIDDLEWARE", frame), frame)
    with machine.recorder.boot_step("middleware"):
        for item in reversed(entries.items):
            path = text(item.value)
            with machine.doubted(not item.sure):
                value = import_dotted(machine, path, cause) if path else None
                if isinstance(value, (Class, Function)):
                    machine.call(value, Arguments((UNKNOWN,)), cause)


def load_command(machine: Machine, command: str, frame: Frame, execute: bool = False, certain: bool = True) -> None:
    """Import the management command of that name; apps earlier in ``INSTALLED_APPS`` win.

    :param execute: whether it is executed as well: ``Command().handle()``.
    :param certain: whether it is imported at all, if it is there.
    """
    cause = setting_cause(machine, "INSTALLED_APPS", frame)
    for name, sure in app_names(machine):
        module = f"{name}.management.commands.{command}"
        if name and machine.imports.layout.find(name) is not None and machine.imports.layout.find(module) is not None:
            with machine.doubted(not sure or not certain):
                value = machine.import_name(module, cause)
                if execute and isinstance(value, ModuleValue):
                    _handle(machine, value, cause)
            if sure:
                return


def _handle(machine: Machine, module: ModuleValue, frame: Frame) -> None:
    """Execute a management command (django/core/management/base.py)."""
    command = machine.attribute(module, "Command", frame) if "Command" in module.module.names else None
    instance = machine.call(command, Arguments(), frame) if isinstance(command, Class) else None
    method = machine.attribute(instance, "handle", frame) if isinstance(instance, Instance) else None
    if isinstance(method, (Method, Function)):
        machine.call(method, Arguments((), {}, complete=False), frame)


def is_app_config(cls: Class) -> bool:
    """Whether a class is an app config of its own: some base comes from ``django.apps`` or a library's ``apps``."""
    return any(
        isinstance(base, External) and (base.path == APP_CONFIG or base.path.endswith(("AppConfig", "Config")))
        for base in cls.mro()
    )
