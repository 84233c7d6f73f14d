"""Django's boot: settings, ``django.setup()``, and the system checks, in Django's own order.

Read in Django 4.2, 5.2 and 6.0: django/conf/__init__.py, django/apps/registry.py, django/apps/config.py,
django/core/checks/, django/template/backends/django.py, django/contrib/*/apps.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_forksafe.interpreter import iterating
from flake8_forksafe.interpreter.frames import Frame, Module
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    External,
    Function,
    Instance,
    Item,
    Items,
    Literal,
    Method,
    ModuleValue,
    Table,
    Value,
    join,
    options,
    text,
    texts,
    truth,
)
from flake8_forksafe.project import django as facts
from flake8_forksafe.project.layout import absolute
from flake8_forksafe.source.facts import Assign, Augment, ImportFrom, Name

if TYPE_CHECKING:
    from flake8_forksafe.interpreter.machine import Machine

APP_CONFIG = "django.apps.AppConfig"


class DjangoState:
    """What the walk knows of the project's Django.

    :ivar state: ``"new"``, ``"setting up"`` or ``"ready"``.
    :ivar installed: names in ``INSTALLED_APPS``, in order.
    :ivar apps: app configs, first-party ones as objects of their class.
    :ivar checks: first-party system checks: function, and where it was registered.
    """

    def __init__(self) -> None:
        self.state = "new"
        self.settings: list[Value] | None = None
        self.fallback: str | None = None
        """Settings module that ``manage.py`` names, for a worker whose environment is to provide it."""
        self.installed: list[str] = []
        self.installed_known = False
        self.apps: list[Value] = []
        self.apps_sure: list[bool] = []
        self.checks: list[tuple[Value, Frame, int]] = []
        self.checked = False
        self.extra: dict[str, Value] = {}
        """Settings that libraries add, where the project does not set them."""

    # --- settings -----------------------------------------------------------------------------------------------

    def is_configured(self, machine: Machine) -> bool:
        """Whether ``DJANGO_SETTINGS_MODULE`` is set, as far as is known."""
        item = machine.environ.entries.get(facts.SETTINGS_VARIABLE)
        if item is None:
            return self.settings is not None or self.fallback is not None
        return truth(item.value) is not False

    def load_settings(self, machine: Machine, frame: Frame) -> list[Value]:
        """Import the settings module, once; several if the environment decides."""
        if self.settings is not None:
            return self.settings
        self.settings = []
        item = machine.environ.entries.get(facts.SETTINGS_VARIABLE)
        names = texts(item.value) if item is not None else [self.fallback] if self.fallback else []
        if not names:
            machine.note("FS192", frame, "the name of the Django settings module cannot be resolved")
        with machine.recorder.boot_step("settings"):
            for name in names:
                with machine.doubted(len(names) > 1):
                    value = machine.import_name(name, frame)
                if value is None:
                    hint = "name the one that the worker uses with the option django-settings"
                    machine.note("FS192", frame, f"the Django settings module {name!r} is not in the project: {hint}")
                else:
                    self.settings.append(value)
        return self.settings

    def setting(self, machine: Machine, name: str, frame: Frame) -> Value:
        """``settings.NAME``: the project's value, else Django's default."""
        found = []
        for holder in self.load_settings(machine, frame):
            if isinstance(holder, ModuleValue):
                value = self._module_setting(machine, holder.module, name, frame)
                found.append(value)
            else:
                found.append(UNKNOWN)
        known = [value for value in found if value is not None]
        if not known and name in self.extra:
            return self.extra[name]
        if not known and name in facts.DEFAULTS:
            return self._default(machine, name)
        if not known:
            closed = all(isinstance(holder, ModuleValue) and not holder.module.open for holder in self.settings or [])
            if closed and self.settings:
                return machine.fail("AttributeError")
            machine.may_fail(External("builtins.AttributeError()"))
            return UNKNOWN
        return join(*known)

    def _module_setting(self, machine: Machine, module: Module, name: str, frame: Frame) -> Value | None:
        value = module.contents.get(name)
        if value is not None:
            return value
        hook = module.names.get("__getattr__")
        if hook is not None:
            return machine.call(hook, Arguments((Literal(name),)), frame)
        from flake8_forksafe.library.configuration import class_setting

        return class_setting(machine, module, name, frame)

    def _default(self, machine: Machine, name: str) -> Value:
        """A setting of django/conf/global_settings.py."""
        default = facts.DEFAULTS[name]
        if isinstance(default, list):
            return machine.items("list", [Literal(part) for part in default])
        if isinstance(default, dict):
            return Table({}, machine.journal.doubt, complete=not default)
        return UNKNOWN if default is Ellipsis else Literal(default)  # type: ignore[arg-type]

    def cause(self, machine: Machine, setting: str, frame: Frame) -> Frame:
        """A frame for the line of the settings module that last changes a setting; else ``frame``."""
        for holder in self.settings or ():
            module = holder.module if isinstance(holder, ModuleValue) else None
            place = assigned_at(machine, module, setting) if module is not None else None
            if place is not None:
                cause = Frame(place[0], Node(place[0].name), "function", machine.journal.doubt)
                cause.line, cause.boot = place[1], True
                return cause
        inner = Frame(frame.module, frame.node, "function", machine.journal.doubt)
        inner.line, inner.boot = frame.line, True
        return inner

    # --- django.setup() -----------------------------------------------------------------------------------------

    def setup(self, machine: Machine, frame: Frame) -> None:
        """``django.setup()``: logging, then ``apps.populate``: app configs, models, ``ready()``."""
        if self.state != "new":
            return
        self.state = "setting up"
        self.load_settings(machine, frame)
        with machine.recorder.boot_step("django.setup: LOGGING"):
            self._configure_logging(machine, self.cause(machine, "LOGGING", frame))
        installed = self.setting(machine, "INSTALLED_APPS", frame)
        entries = iterating.iterate(machine, installed, frame)
        cause = self.cause(machine, "INSTALLED_APPS", frame)
        unresolved = [item for item in entries.items if text(item.value) is None]
        self.installed_known = entries.complete and not unresolved
        if not self.installed_known and self.settings:
            machine.note("FS192", cause, "some of INSTALLED_APPS cannot be resolved")
        if not entries.items:
            self._note_without_apps(machine, frame)
        with machine.recorder.boot_step("django.setup: app configs"):
            for item in list(entries.items):
                name = text(item.value)
                if name and name not in self.installed:
                    with machine.doubted(not item.sure):
                        self._create_config(machine, name, item.sure, cause)
        with machine.recorder.boot_step("django.setup: models"):
            self.autodiscover(machine, "models", cause)
        self._connect_databases(machine, frame)
        with machine.recorder.boot_step("django.setup: ready()"):
            for config, sure in zip(list(self.apps), list(self.apps_sure), strict=True):
                with machine.doubted(not sure):
                    self._ready(machine, config, cause)
        self.state = "ready"

    def _note_without_apps(self, machine: Machine, frame: Frame) -> None:
        """Say so if no INSTALLED_APPS is seen: none of the project's apps would be loaded."""
        modules = [holder.module for holder in self.settings or () if isinstance(holder, ModuleValue)]
        if not modules or any(self._module_setting(machine, module, "INSTALLED_APPS", frame) for module in modules):
            return
        place = Frame(modules[0], Node(modules[0].name), "function", machine.journal.doubt)
        place.line = 1
        hint = "name the settings module that the worker uses with the option django-settings"
        if any(module.open for module in modules):
            hint = "it is given names that are computed, and those are not known"
        machine.note("FS192", place, f"the Django settings module {modules[0].name!r} sets no INSTALLED_APPS: {hint}")

    def _configure_logging(self, machine: Machine, frame: Frame) -> None:
        """``logging.config.dictConfig``: formatters, filters and handlers are resolved and created in this order."""
        logging = self.setting(machine, "LOGGING", frame)
        for option in options(logging):
            for section in ("formatters", "filters", "handlers"):
                parts = option.entries.get(section) if isinstance(option, Table) else None
                for item in parts.value.entries.values() if parts and isinstance(parts.value, Table) else ():
                    if isinstance(item.value, Table):
                        for key in ("()", "class"):
                            self._create_from(machine, item.value.entries.get(key), frame)

    def _create_from(self, machine: Machine, item: Item | None, frame: Frame) -> None:
        """Resolve a class path of the logging configuration and call it."""
        for option in options(item.value) if item is not None else ():
            path = text(option)
            value = _resolve(machine, path, frame) if path else option
            if isinstance(value, (Class, Function)):
                machine.call(value, Arguments((), {}, complete=False), frame)

    def _create_config(self, machine: Machine, entry: str, sure: bool, frame: Frame) -> None:
        """``AppConfig.create``: an entry is an app's package, or the path of its app config."""
        self.installed.append(entry)
        value = machine.import_name(entry, frame)
        config: Class | None = None
        if isinstance(value, ModuleValue):
            if value.module.found.is_package and machine.imports.layout.find(f"{entry}.apps") is not None:
                module = machine.import_name(f"{entry}.apps", frame)
                config = self._only_config(machine, module) if isinstance(module, ModuleValue) else None
        elif value is None or isinstance(value, External):
            found = _resolve(machine, entry, frame) if "." in entry else None
            config = found if isinstance(found, Class) else None
        instance = self._instantiate(machine, entry, config, frame)
        self.apps.append(instance)
        self.apps_sure.append(sure)

    def _only_config(self, machine: Machine, module: ModuleValue) -> Class | None:
        """The app config class of an ``apps`` module: the one marked ``default``, or the only one."""
        candidates = [
            value for value in module.module.contents.values()
            if isinstance(value, Class) and is_app_config(value)
        ]  # fmt: skip
        marked = [(value, class_attribute(value, "default")) for value in dict.fromkeys(candidates)]
        allowed = [value for value, default in marked if default is None or truth(default) is not False]
        if len(allowed) == 1:
            return allowed[0]
        chosen = [value for value, default in marked if default is not None and truth(default) is True]
        return chosen[0] if len(chosen) == 1 else None

    def _instantiate(self, machine: Machine, entry: str, config: Class | None, frame: Frame) -> Value:
        if config is None:
            outside = External(f"{APP_CONFIG}()")
            outside.names["name"] = Literal(facts.APP_OF_CONFIG.get(entry, entry))
            return outside
        name = text(class_attribute(config, "name"))
        if name and name != entry:
            machine.import_name(name, frame)
        return machine.call(config, Arguments((Literal(name or entry), UNKNOWN)), frame)

    def _ready(self, machine: Machine, config: Value, frame: Frame) -> None:
        """``AppConfig.ready()``: the project's own method, or what a known library's does."""
        if isinstance(config, Instance):
            method = machine.attribute(config, "ready", frame)
            if isinstance(method, (Method, Function, Choice)):
                machine.call(method, Arguments(), frame)
            bases = [base.path for base in config.cls.mro() if isinstance(base, External)]
            for base in bases:
                self._library_ready(machine, base, frame)
        elif isinstance(config, External):
            self._library_ready(machine, text(config.names.get("name")) or "", frame)

    def _library_ready(self, machine: Machine, name: str, frame: Frame) -> None:
        """What ``ready()`` of a library's app config imports from every app."""
        for module in facts.AUTODISCOVERED.get(name, ()):
            self.autodiscover(machine, module, frame)
        for module in facts.READY_IMPORTS.get(name, ()):
            machine.import_name(module, frame)

    def autodiscover(self, machine: Machine, module: str, frame: Frame) -> None:
        """``autodiscover_modules(module)``: import it from every installed app that has it."""
        for name, sure in self.app_names(machine):
            if (
                name
                and machine.imports.layout.find(name) is not None
                and machine.imports.layout.find(f"{name}.{module}") is not None
            ):
                with machine.doubted(not sure):
                    machine.import_name(f"{name}.{module}", frame)

    def app_names(self, machine: Machine) -> list[tuple[str | None, bool]]:
        """``[config.name for config in apps.get_app_configs()]``."""
        return [(text(self.config_name(config)), sure) for config, sure in zip(self.apps, self.apps_sure, strict=True)]

    def config_name(self, config: Value) -> Value:
        """The ``name`` of an app config."""
        if isinstance(config, Instance):
            return config.names.get("name") or class_attribute(config.cls, "name") or UNKNOWN
        return config.names.get("name", UNKNOWN) if isinstance(config, External) else UNKNOWN

    def app_configs(self, machine: Machine) -> Items:
        """``apps.get_app_configs()``."""
        items = [Item(config, sure) for config, sure in zip(self.apps, self.apps_sure, strict=True)]
        return Items("list", items, machine.journal.doubt, self.installed_known and self.state != "new")

    def config_attribute(self, machine: Machine, config: Value, name: str, frame: Frame) -> Value | None:
        """What ``AppConfig.__init__`` sets."""
        own = self.config_name(config)
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
            return External("forksafe.same")
        return None

    def _connect_databases(self, machine: Machine, frame: Frame) -> None:
        """``DATABASES[...]["ENGINE"]``: ``<engine>.base`` is imported with the first model."""
        databases = self.setting(machine, "DATABASES", frame)
        cause = self.cause(machine, "DATABASES", frame)
        for option in options(databases):
            for item in option.entries.values() if isinstance(option, Table) else ():
                engine = item.value.entries.get("ENGINE") if isinstance(item.value, Table) else None
                for name in texts(engine.value) if engine is not None else ():
                    if machine.imports.layout.find(name) is not None:
                        machine.import_name(f"{name}.base", cause)

    # --- system checks ------------------------------------------------------------------------------------------

    def run_checks(self, machine: Machine, frame: Frame) -> None:
        """``django.core.checks.run_checks()``: every check that is not for databases or deployment."""
        if self.checked:
            return
        self.checked = True
        with machine.recorder.boot_step("system checks"):
            self._check_commands(machine, frame)
            self._import_settings(machine, frame, "CSRF_FAILURE_VIEW")
            self._check_templates(machine, frame)
            self._check_urls(machine, frame)
            if self._has_app(facts.AUTH_APPS) or self._has_app(facts.ADMIN_APPS):
                self._import_settings(machine, frame, "MIDDLEWARE")
            if self._has_app(facts.STATICFILES_APPS):
                self._import_settings(machine, frame, "STATICFILES_FINDERS")
            self._import_settings(machine, frame, "DATABASE_ROUTERS")
            for check, at, line in list(self.checks):
                inner = Frame(at.module, at.node, "function", machine.journal.doubt)
                inner.line, inner.boot = line, True
                machine.call(check, Arguments((), {"app_configs": NONE, "databases": NONE}), inner)

    def _has_app(self, names: frozenset[str]) -> bool:
        return any(entry in names for entry in self.installed)

    def _import_settings(self, machine: Machine, frame: Frame, name: str) -> None:
        """Import the dotted path or paths in a setting."""
        value = self.setting(machine, name, frame)
        cause = self.cause(machine, name, frame)
        for option in options(value):
            items = option.items if isinstance(option, Items) else [Item(option)]
            for item in items:
                path = text(item.value)
                if path and "." in path:
                    with machine.doubted(not item.sure or isinstance(value, Choice)):
                        _resolve(machine, path, cause)

    def _check_commands(self, machine: Machine, frame: Frame) -> None:
        """The commands check of Django 5.2 and later loads these two, whichever app overrides them last."""
        for command in ("makemigrations", "migrate"):
            self.load_command(machine, command, frame)

    def load_command(self, machine: Machine, command: str, frame: Frame) -> None:
        """Import the management command of that name; apps earlier in ``INSTALLED_APPS`` win."""
        cause = self.cause(machine, "INSTALLED_APPS", frame)
        for name, sure in self.app_names(machine):
            module = f"{name}.management.commands.{command}"
            if (
                name
                and machine.imports.layout.find(name) is not None
                and machine.imports.layout.find(module) is not None
            ):
                with machine.doubted(not sure):
                    machine.import_name(module, cause)
                if sure:
                    return

    def _check_templates(self, machine: Machine, frame: Frame) -> None:
        """Creating the engines imports every app's template tags and the libraries named in ``TEMPLATES``."""
        cause = self.cause(machine, "TEMPLATES", frame)
        templates = self.setting(machine, "TEMPLATES", frame)
        engines = [item.value for item in iterating.iterate(machine, templates, frame).items]
        backends = [text(_entry(engine, "BACKEND")) for engine in engines]
        for backend in backends:
            if backend and machine.imports.layout.find(backend.partition(".")[0]) is not None:
                _resolve(machine, backend, cause)
        if facts.DJANGO_TEMPLATES not in backends:
            return
        for name, sure in self.app_names(machine):
            package = (
                machine.imports.layout.find(f"{name}.templatetags")
                if name and machine.imports.layout.find(name)
                else None
            )
            if package is not None:
                with machine.doubted(not sure):
                    machine.import_name(package.name, cause)
                    self._import_below(machine, package.name, cause)
        for engine in engines:
            chosen = _entry(engine, "OPTIONS")
            for key in ("libraries", "builtins"):
                for library in iterating.iterate(machine, _values(machine, _entry(chosen, key)), frame).items:
                    path = text(library.value)
                    if path:
                        machine.import_name(path, cause)

    def _import_below(self, machine: Machine, package: str, frame: Frame) -> None:
        """Import every module of a package, recursively (``walk_packages``)."""
        found = machine.imports.layout.find(package)
        for name, is_package in machine.imports.layout.names_in(found.locations) if found is not None else ():
            machine.import_name(f"{package}.{name}", frame)
            if is_package:
                self._import_below(machine, f"{package}.{name}", frame)

    def _check_urls(self, machine: Machine, frame: Frame) -> None:
        """Import ``ROOT_URLCONF``, and the error handlers it names."""
        for module in self.load_urls(machine, frame, None):
            inner = Frame(module, Node(module.name), "function", machine.journal.doubt)
            inner.boot = True
            for handler in ("handler400", "handler403", "handler404", "handler500"):
                for path in texts(module.contents.get(handler)):
                    _resolve(machine, path, inner)

    def load_urls(self, machine: Machine, frame: Frame, urlconf: Value | None) -> list[Module]:
        """Import a URLconf, by default the root one."""
        if urlconf is None or text(urlconf) is None:
            urlconf = self.setting(machine, "ROOT_URLCONF", frame)
        cause = self.cause(machine, "ROOT_URLCONF", frame)
        found = []
        for name in texts(urlconf):
            module = machine.import_name(name, cause)
            if isinstance(module, ModuleValue):
                found.append(module.module)
        return found


def is_app_config(cls: Class) -> bool:
    """Whether a class is an app config of its own: some base comes from ``django.apps`` or a library's ``apps``."""
    return any(
        isinstance(base, External) and (base.path == APP_CONFIG or base.path.endswith(("AppConfig", "Config")))
        for base in cls.mro()
    )


def class_attribute(cls: Class, name: str) -> Value | None:
    """A class attribute, looked up along first-party bases."""
    return next((base.names[name] for base in cls.mro() if isinstance(base, Class) and name in base.names), None)


def _resolve(machine: Machine, path: str, frame: Frame) -> Value | None:
    from flake8_forksafe.library.standard import import_path

    if "." not in path:
        return None
    return import_path(machine, path, frame)


def _entry(value: Value | None, key: str) -> Value | None:
    item = value.entries.get(key) if isinstance(value, Table) else None
    return item.value if item is not None else None


def _values(machine: Machine, value: Value | None) -> Value:
    """The values of a mapping, or a sequence as it is."""
    if isinstance(value, Table):
        return Items("list", value.entries.values(), machine.journal.doubt, value.complete)
    return value if value is not None else Items("list", (), machine.journal.doubt)


def assigned_at(machine: Machine, module: Module, setting: str) -> tuple[Module, int] | None:
    """The last top-level statement that assigns a setting, in the settings module or one it star-imports."""
    if module.found.path is None:
        return None
    place: tuple[Module, int] | None = None
    for statement in machine.imports.sources.module(module.found.path):
        targets: tuple[object, ...] = ()
        if isinstance(statement, Assign):
            targets = statement.targets
        elif isinstance(statement, Augment):
            targets = (statement.target,)
        elif isinstance(statement, ImportFrom) and statement.names == (("*", None),):
            source = machine.imports.modules.get(absolute(module.package, statement.level, statement.module))
            inherited = assigned_at(machine, source, setting) if source is not None and source is not module else None
            place = inherited or place
        if any(isinstance(target, Name) and target.id == setting for target in targets):
            place = (module, statement.line)
    return place
