"""Django's system checks, and the URLconf that they load, in Django's own order.

Read in Django 4.2, 5.0, 5.1, 5.2 and 6.1: django/core/checks/, django/contrib/{admin,auth}/checks.py,
django/template/backends/django.py.
"""

from __future__ import annotations

from flake8_forksafe.interpreter import iteration
from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import LibraryState, Machine
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Class,
    External,
    Module,
    ModuleValue,
    Value,
    text,
    texts,
)
from flake8_forksafe.library.django_settings import setting, setting_cause
from flake8_forksafe.library.django_setup import DjangoApps, app_names, load_command
from flake8_forksafe.library.setting_imports import import_named, is_subclass
from flake8_forksafe.library.standard_import import import_all, import_below, import_dotted
from flake8_forksafe.project import django as facts

STEP = "system checks"
"""What the step of a boot is called."""


class DjangoChecks(LibraryState):
    """System checks of the project.

    :ivar checks: functions, and where each was registered.
    :ivar checked: whether they ran.
    """

    def __init__(self, machine: Machine) -> None:
        self.checks: list[tuple[Value, Frame, int]] = []
        self.checked = False


def run_checks(machine: Machine, frame: Frame) -> None:
    """``django.core.checks.run_checks()``: every check that is not for databases or deployment."""
    checks = machine.state(DjangoChecks)
    if checks.checked:
        return
    checks.checked = True
    with machine.recorder.boot_step(STEP):
        _check_caches(machine, frame)
        _check_commands(machine, frame)
        _import_settings(machine, frame, "CSRF_FAILURE_VIEW")
        _check_templates(machine, frame)
        _check_urls(machine, frame)
        if _has_app(machine, facts.AUTH_APPS) or _has_app(machine, facts.ADMIN_APPS):
            _check_middleware(machine, frame)
        if _has_app(machine, facts.STATICFILES_APPS):
            _check_finders(machine, frame)
        # only what asks a database reads them (django/db/utils.py, ``ConnectionRouter``)
        _may_import_settings(machine, frame, "DATABASE_ROUTERS")
        for entry in machine.state(DjangoApps).installed:
            import_named(machine, f"{entry.partition('.apps.')[0]}:checks()", frame)
        for app, (name, default) in facts.LISTED_CHECKS.items():
            if app in machine.state(DjangoApps).installed:
                _call_listed(machine, name, default, frame)
        for check, at, line in list(checks.checks):
            inner = Frame(at.module, at.node, "function", machine.journal.doubt)
            inner.line, inner.boot = line, True
            machine.call(check, Arguments((), {"app_configs": NONE, "databases": NONE}), inner)


def _has_app(machine: Machine, names: frozenset[str]) -> bool:
    return any(entry in names for entry in machine.state(DjangoApps).installed)


def _import_settings(machine: Machine, frame: Frame, name: str) -> None:
    """Import the dotted path or paths in a setting."""
    import_all(machine, setting(machine, name, frame), setting_cause(machine, name, frame))


def _may_import_settings(machine: Machine, frame: Frame, name: str) -> None:
    """Import, in doubt, the dotted path or paths in a setting; its place is known for sure."""
    cause = setting_cause(machine, name, frame)
    with machine.doubted():
        import_all(machine, setting(machine, name, frame), cause)


def _call_listed(machine: Machine, name: str, default: tuple[str, ...], frame: Frame) -> None:
    """Call the checks that a setting lists by their paths."""
    listed = iteration.iterate(machine, setting(machine, name, frame), frame)
    cause = setting_cause(machine, name, frame)
    paths = [text(item.value) for item in listed.items]
    for path in paths if paths or listed.complete else default:
        check = import_dotted(machine, path, cause) if path else None
        if check is not None:
            machine.call(check, Arguments((), {"app_configs": NONE, "databases": NONE}), cause)


ADMIN_MIDDLEWARE = (
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
)
"""What ``check_dependencies`` of the admin looks for (django/contrib/admin/checks.py)."""
AUTH_MIDDLEWARE = ("django.contrib.auth.middleware.LoginRequiredMiddleware",)
"""What ``check_middleware`` of auth looks for, from Django 5.1 on (django/contrib/auth/checks.py)."""


def _is_django(machine: Machine, version: str) -> bool | None:
    """Whether the worker's Django is of that version or newer; None if nothing tells."""
    return machine.imports.is_at_least("django", version)


STORED = {
    "django.contrib.staticfiles.finders.DefaultStorageFinder": "default",
    "pipeline.finders.PipelineFinder": "staticfiles",
}
"""Finders that ask a storage for its class when they are made, which makes it (django/contrib/staticfiles/finders.py,
``BaseStorageFinder.__init__``; pipeline/finders.py)."""
LAZY_STORAGES = {"default_storage": "default", "staticfiles_storage": "staticfiles"}
"""Storages that are made when they are used."""
OLD_STORAGES = {"default": "DEFAULT_FILE_STORAGE", "staticfiles": "STATICFILES_STORAGE"}
"""Settings before Django 5.1."""


def _check_finders(machine: Machine, frame: Frame) -> None:
    """``check_finders`` of staticfiles makes every finder, and some of these make a storage."""
    cause = setting_cause(machine, "STATICFILES_FINDERS", frame)
    finders = iteration.iterate(machine, setting(machine, "STATICFILES_FINDERS", frame), frame)
    for item in finders.items:
        path = text(item.value)
        with machine.doubted(not item.sure):
            finder = import_dotted(machine, path, cause) if path else None
            alias = STORED.get(path or "") or _storage_of(machine, finder, cause)
            if alias:
                _make_storage(machine, alias, frame)


def _storage_of(machine: Machine, finder: Value | None, frame: Frame) -> str:
    """The alias of the storage that a finder of the project has; empty if it has none that is made when it is used."""
    storage = machine.attribute(finder, "storage", frame) if isinstance(finder, Class) else None
    return LAZY_STORAGES.get(storage.path.rpartition(".")[2], "") if isinstance(storage, External) else ""


def _make_storage(machine: Machine, alias: str, frame: Frame) -> None:
    """Import the class of a storage, and make it with its options."""
    for name, entry in (
        ("STORAGES", _entry(setting(machine, "STORAGES", frame), alias)),
        (OLD_STORAGES[alias], None),
    ):
        path = text(_entry(entry, "BACKEND") if name == "STORAGES" else setting(machine, name, frame))
        if path:
            cause = setting_cause(machine, name, frame)
            made, chosen = import_dotted(machine, path, cause), _entry(entry, "OPTIONS")
            if isinstance(made, Class):
                known = chosen.entries.items() if isinstance(chosen, Table) else ()
                machine.call(made, Arguments((), {str(key): item.value for key, item in known}), cause)
            return


def _check_caches(machine: Machine, frame: Frame) -> None:
    """``check_file_based_cache_is_absolute`` makes every cache (django/core/checks/caches.py)."""
    cause = setting_cause(machine, "CACHES", frame)
    caches = _values(machine, setting(machine, "CACHES", frame))
    for item in iteration.iterate(machine, caches, frame).items:
        with machine.doubted(not item.sure):
            for key, arguments in (("BACKEND", Arguments((UNKNOWN, UNKNOWN))), ("KEY_FUNCTION", None)):
                path = text(_entry(item.value, key))
                value = import_dotted(machine, path, cause) if path else None
                if arguments is not None and isinstance(value, Class):
                    machine.call(value, arguments, cause)


def _check_middleware(machine: Machine, frame: Frame) -> None:
    """Import what these checks import of ``MIDDLEWARE``: one by one until the class, or a subclass, is found.

    What comes behind is not loaded.  Where the version of Django is not known, what only the newer check of auth
    imports may be.
    """
    cause = setting_cause(machine, "MIDDLEWARE", frame)
    entries = iteration.iterate(machine, setting(machine, "MIDDLEWARE", frame), frame).items
    sought: dict[str, bool] = dict.fromkeys(ADMIN_MIDDLEWARE, True) if _has_app(machine, facts.ADMIN_APPS) else {}
    looks = _is_django(machine, "5.1")
    if _has_app(machine, facts.AUTH_APPS) and looks is not False:
        sought.update(dict.fromkeys(AUTH_MIDDLEWARE, looks is True))
    for entry in entries:
        path = text(entry.value)
        if not sought:
            return
        with machine.doubted(not entry.sure or True not in sought.values()):
            value = import_dotted(machine, path, cause) if path else None
        for name in list(sought):
            found = is_subclass(path, value, (name,)) if entry.sure else None
            if found is True:
                del sought[name]
            elif found is None:
                sought[name] = False


def _check_commands(machine: Machine, frame: Frame) -> None:
    """The commands check of Django 5.2 and later loads these two, whichever app overrides them last."""
    loads = _is_django(machine, "5.2")
    if loads is not False:
        for command in ("makemigrations", "migrate"):
            load_command(machine, command, frame, certain=loads is True)


def _check_templates(machine: Machine, frame: Frame) -> None:
    """Import what the engines in ``TEMPLATES`` need: their classes, template tags, libraries and builtins.

    From Django 5.1 on the check makes every engine.  Before, it only imports the template tags of every app, and the
    check of the admin makes the engines.
    """
    templates = setting(machine, "TEMPLATES", frame)
    engines = [item.value for item in iteration.iterate(machine, templates, frame).items]
    is_newer = _is_django(machine, "5.1")
    is_made = True if _has_app(machine, facts.ADMIN_APPS) else is_newer
    has_tags = facts.DJANGO_TEMPLATES in [text(_entry(engine, "BACKEND")) for engine in engines]
    cause = setting_cause(machine, "TEMPLATES", frame)
    if has_tags or is_newer is not True:
        with machine.doubted(not has_tags and is_newer is None):
            _import_tags(machine, cause)
    if is_made is not False:
        with machine.doubted(is_made is None):
            for engine in engines:
                _make_engine(machine, engine, cause)


def _import_tags(machine: Machine, cause: Frame) -> None:
    """``get_template_tag_modules``: the modules in ``templatetags`` of every app."""
    for name, sure in app_names(machine):
        package = (
            machine.imports.layout.find(f"{name}.templatetags") if name and machine.imports.layout.find(name) else None
        )
        if package is not None:
            with machine.doubted(not sure):
                machine.import_name(package.name, cause)
                import_below(machine, package.name, cause)


def _make_engine(machine: Machine, engine: Value, cause: Frame) -> None:
    """Import the class of an entry of ``TEMPLATES``, and what Django's own class imports when it is created."""
    backend = text(_entry(engine, "BACKEND"))
    if backend and machine.imports.layout.find(backend.partition(".")[0]) is not None:
        import_dotted(machine, backend, cause)
    if backend != facts.DJANGO_TEMPLATES:
        return
    chosen = _entry(engine, "OPTIONS")
    for key in ("libraries", "builtins"):
        for library in iteration.iterate(machine, _values(machine, _entry(chosen, key)), cause).items:
            path = text(library.value)
            if path:
                machine.import_name(path, cause)


def _check_urls(machine: Machine, frame: Frame) -> None:
    """Import ``ROOT_URLCONF``, and the error handlers it names."""
    for module in load_urls(machine, frame, None):
        inner = Frame(module, Node(module.name), "function", machine.journal.doubt)
        inner.boot = True
        for handler in ("handler400", "handler403", "handler404", "handler500"):
            for path in texts(module.names.get(handler)):
                import_dotted(machine, path, inner)


def load_urls(machine: Machine, frame: Frame, urlconf: Value | None) -> list[Module]:
    """Import a URLconf, by default the root one."""
    if urlconf is None or text(urlconf) is None:
        urlconf = setting(machine, "ROOT_URLCONF", frame)
    cause = setting_cause(machine, "ROOT_URLCONF", frame)
    found = []
    for name in texts(urlconf):
        module = machine.import_name(name, cause)
        if isinstance(module, ModuleValue):
            found.append(module.module)
    return found


def _entry(value: Value | None, key: str) -> Value | None:
    item = value.entries.get(key) if isinstance(value, Table) else None
    return item.value if item is not None else None


def _values(machine: Machine, value: Value | None) -> Value:
    """The values of a mapping, or a sequence as it is."""
    if isinstance(value, Table):
        return Items("list", value.entries.values(), machine.journal.doubt, value.complete)
    return value if value is not None else Items("list", (), machine.journal.doubt)
