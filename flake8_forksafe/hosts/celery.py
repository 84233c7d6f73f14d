"""The boot plan of Celery's worker: which app its ``-A`` is, and what MainProcess does before its first fork, in order.

Read in Celery 5.7.0 and verified by running it: celery/app/utils.py (find_app), celery/bin/celery.py,
celery/worker/worker.py, celery/apps/worker.py, celery/loaders/base.py.
"""

from __future__ import annotations

from collections.abc import Callable

from flake8_forksafe.deployment.celery_command import modules_of, worker_commands
from flake8_forksafe.deployment.model import Word
from flake8_forksafe.deployment.pool import UNREAD_SETTINGS, resolve
from flake8_forksafe.hosts.celery_bootsteps import STARTED, create_steps, start_steps
from flake8_forksafe.hosts.facts import (
    AS_TYPED,
    ELSEWHERE,
    TASK_CLASSES,
    Argv,
    ChildTimeout,
    Omission,
    UnreadSetting,
    Words,
)
from flake8_forksafe.hosts.host import Host, HostBoot, ProjectFacts, Step
from flake8_forksafe.hosts.scripts import run_script
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import LibraryState, Machine
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import (
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
    Value,
    options,
    text,
)
from flake8_forksafe.library.billiard import StartMethod
from flake8_forksafe.library.celery import register
from flake8_forksafe.library.celery_app import CeleryApp, CeleryState
from flake8_forksafe.library.celery_boot import (
    cause,
    import_default_modules,
    import_task_module,
    load_config,
    load_named_classes,
    loader_class,
    make_named,
    run_receivers,
)
from flake8_forksafe.library.celery_options import parse_options
from flake8_forksafe.library.celery_programs import NAME as THE_WORKER
from flake8_forksafe.library.celery_programs import StartedWorker
from flake8_forksafe.library.celery_tasks import TaskState, create_tasks, make_tasks
from flake8_forksafe.library.celery_transports import load_transports
from flake8_forksafe.library.django_checks import STEP as SYSTEM_CHECKS
from flake8_forksafe.library.django_settings import DjangoSettings, assigned_at
from flake8_forksafe.library.entry_points import load_group
from flake8_forksafe.library.host_programs import StartedHost
from flake8_forksafe.library.receivers import Receiver
from flake8_forksafe.library.standard_import import import_path
from flake8_forksafe.library.standard_process import ProcessEnvironment
from flake8_forksafe.project.layout import FIRST_PARTY
from flake8_forksafe.project.search_result import split_spec

ROOT = Node("", "celery worker")
"""The node of the worker itself, from which everything is reached."""

BEFORE_FORK = ("celeryd_init", "worker_init", "setup_logging", "after_setup_logger", "after_setup_task_logger",
               "celeryd_after_setup", "worker_before_create_process")  # fmt: skip
"""Signals of the worker sent in MainProcess before the first fork, in order (celery/apps/worker.py,
celery/worker/worker.py, celery/app/log.py, celery/concurrency/asynpool.py).  ``import_modules`` comes before all."""
AFTER_FORK = ("worker_ready",)
"""Sent in MainProcess after the first children exist: what it does is inherited by their replacements."""

CONFIGURES = ("read_configuration",)
"""A method of loaders that is called where nothing else configures the app (celery/app/base.py)."""

IN_CHILDREN = ("worker_process_init",)
"""Sent in each child when it starts (celery/concurrency/prefork.py)."""

WORKER_SETTINGS = (
    "worker_pool", "worker_concurrency", "worker_pool_start_method", "worker_proc_alive_timeout",
)  # fmt: skip
"""Settings that decide what the pool is."""


def _project_facts(boot: HostBoot) -> ProjectFacts:
    """What the project sets of :data:`WORKER_SETTINGS`; a value that is not known is left out."""
    machine = boot.machine
    app, task_modules = machine.state(CeleryBoot).app, frozenset(machine.state(TaskState).modules)
    if app is None:
        return ProjectFacts(task_modules=task_modules)
    with machine.recorder.boot_step("find_app"):
        values = {name: app.setting(name, boot.frame, machine) for name in WORKER_SETTINGS}
    conf: dict[str, object] = {name: value.value for name, value in values.items() if isinstance(value, Literal)}
    if machine.state(StartMethod).at_fork == "spawn":
        conf["worker_pool_start_method"] = "spawn"
    holders = machine.state(DjangoSettings).settings or ()
    loaded = tuple(holder.module.name for holder in holders if isinstance(holder, ModuleValue))
    arguments = machine.state(StartedWorker).arguments
    return ProjectFacts(conf, _unread(machine, app), task_modules, _names_of(machine, app), loaded, arguments=arguments)


def _names_of(machine: Machine, app: CeleryApp) -> frozenset[tuple[str, str]]:
    """Every name that the modules of the project have for the app."""
    return frozenset(
        (module.found.path, name)
        for module in machine.imports.modules.values() if module.found.path is not None
        for name, value in module.names.items() if any(option is app.value for option in options(value))
    )  # fmt: skip


def launch_forms(app: str) -> dict[str, tuple[str, ...]]:
    """``sys.argv`` of a worker in both launch forms, by how it is launched.

    Verified with Celery 5.7: element 0 is a full path in both, so ``"celery" in sys.argv`` is False.
    """
    rest = ("-A", app, "worker")
    return {
        f"celery -A {app} worker": ("/venv/bin/celery", *rest),
        f"python -m celery -A {app} worker": ("/venv/lib/python3/site-packages/celery/__main__.py", *rest),
    }


def other_processes(app: str) -> dict[str, Argv]:
    """Processes in which a gate is evaluated as well, to learn what it is for."""
    return {
        ELSEWHERE: (("/srv/manage.py", "runserver"), ("/venv/bin/gunicorn", "proj.wsgi")),
        AS_TYPED: (("celery", "-A", app, "worker"), ("celery", "worker", "-A", app)),
    }


class CeleryBoot(LibraryState):
    """The app that the worker runs, once it is found, and the class of the pool that its command names."""

    def __init__(self, machine: Machine) -> None:
        self.app: CeleryApp | None = None
        self.pool: Value | None = None


def _custom_pool(boot: HostBoot) -> None:
    """``-P custom``: what ``CELERY_CUSTOM_WORKER_POOL`` names is imported before the app (celery/__init__.py)."""
    item = boot.machine.state(ProcessEnvironment).get("CELERY_CUSTOM_WORKER_POOL")
    if dict(boot.start.options).get("pool") == "custom" and item is not None:
        path = text(item.value)
        boot.machine.state(CeleryBoot).pool = import_path(boot.machine, path, boot.frame) if path else None


def _find_app(boot: HostBoot) -> None:
    program = boot.machine.state(StartedHost)
    if program.does_other or program.name not in ("", THE_WORKER):  # it starts none, or another host
        return
    known, started = boot.machine.state(CeleryState), boot.machine.state(StartedWorker)
    value = find_app(boot.machine, boot.start.app, boot.frame) if started.app is None else None
    app = started.app or known.app_of(value)
    if app is None and known.apps and not (boot.start.by_option and _is_missing(boot.machine, boot.start.app)):
        app = known.apps[-1]
    if app is None and isinstance(value, External) and value.path.endswith("()"):
        app = _made_elsewhere(boot.machine, value, boot.frame)
    if app is not None:
        boot.machine.state(CeleryBoot).app = app
        boot.app_place = (app.frame.module.name, app.line)


def _made_elsewhere(machine: Machine, value: External, frame: Frame) -> CeleryApp | None:
    """An app that a package makes whose source is not read, by a function or a subclass of ``Celery``."""
    bound = ((module, name) for module in list(machine.imports.modules.values()) if module.found.origin == FIRST_PARTY
             for name, one in module.names.items() if one is value)  # fmt: skip
    place = next((place for module, name in bound if (place := assigned_at(machine, module, name)) is not None), None)
    if place is None:
        return None
    made = Frame(place[0], Node(place[0].name), "function", machine.journal.doubt)
    made.line = place[1]
    register(machine, value, value.arguments or Arguments(), made)
    what = value.path.removesuffix("()")
    machine.note("FS192", made, f"the configuration of the Celery app that {what!r} makes cannot be resolved")
    return machine.state(CeleryState).app_of(value)


def _load_group(group: str) -> Step:
    """A step in which a module of Celery's, when it is imported, loads all entry points of a group.

    Read in kombu 5.6 (kombu/serialization.py, kombu/matcher.py) and Celery 5.7 (celery/bin/celery.py), and run.
    """
    return Step(group, lambda boot: load_group(boot.machine, group, boot.frame))


def _with_app(run: Callable[[Machine, CeleryApp], None]) -> Callable[[HostBoot], None]:
    """A step that needs the app."""

    def step(boot: HostBoot) -> None:
        app = boot.machine.state(CeleryBoot).app
        if app is not None:
            run(boot.machine, app)

    return step


def _load_config(machine: Machine, app: CeleryApp) -> None:
    load_config(machine, app, _cause_of(machine, app))


def _import_modules(machine: Machine, app: CeleryApp) -> None:
    import_default_modules(machine, app, _cause_of(machine, app))


def _finalize(machine: Machine, app: CeleryApp) -> None:
    run_receivers(machine, "on_after_finalize", app.receivers.get("on_after_finalize", []), {"sender": app.value})


def _load_classes(machine: Machine, app: CeleryApp) -> None:
    frame, pool = _cause_of(machine, app), machine.state(CeleryBoot).pool
    load_named_classes(machine, app, frame)
    if pool is not None:
        make_named(machine, app, "worker_pool", pool, frame)


def _load_transports(machine: Machine, app: CeleryApp) -> None:
    load_transports(machine, app, _cause_of(machine, app))


def _start_pool(boot: HostBoot) -> None:
    """The pool starts its children in the way that is chosen by then."""
    method = boot.machine.state(StartMethod)
    method.at_fork = method.chosen


def _include(boot: HostBoot) -> None:
    """``WorkController.setup_includes`` (celery/worker/worker.py): what ``--include`` names, before ``worker_init``."""
    machine, app = boot.machine, boot.machine.state(CeleryBoot).app
    if app is None:
        return
    named = list(boot.start.included)
    words = [Word(word) for word in machine.state(StartedWorker).arguments or ()]
    for command in worker_commands(words):
        if "include" in command.options:
            named += [(module, True, "") for module in modules_of(command.options["include"].text)]
    known = len(machine.state(TaskState).defined)
    for module, sure, place in named:
        where = f" ({place})" if place else ""
        import_task_module(machine, module, f"the option --include{where}", _cause_of(machine, app), sure)
    make_tasks(machine, app, known)


def _cause_of(machine: Machine, app: CeleryApp) -> Frame:
    """A frame for the line that created the app."""
    return cause(machine, Receiver(app.value, app.frame, app.line, True))


def _signal(name: str) -> Step:
    """A step that sends a signal of the worker before it forks."""
    keywords: dict[str, Value] = {"sender": UNKNOWN, "instance": UNKNOWN}
    return Step(name, _with_app(lambda machine, app: _send(machine, name, keywords)))


def _late_signal(name: str) -> Step:
    """A step that sends a signal after the first fork, or in a child."""
    return Step(name, lambda boot: _send(boot.machine, name, {"sender": UNKNOWN}))


def _send(machine: Machine, name: str, keywords: dict[str, Value]) -> None:
    run_receivers(machine, name, machine.state(CeleryState).receivers.get(name, []), keywords)


def _loader_hook(*names: str) -> Callable[[Machine, CeleryApp], None]:
    """Methods of the app's own loader that Celery calls (celery/loaders/base.py: ``init_worker`` and its kin)."""

    def call_hook(machine: Machine, app: CeleryApp) -> None:
        given = loader_class(machine, app)
        frame = _cause_of(machine, app)
        for option in options(given) if given is not None else ():
            path = text(option)
            walked = path and machine.imports.layout.find(split_spec(path)[0].partition(".")[0]) is not None
            loader = import_path(machine, path, frame) if path and walked else option
            instance = machine.call(loader, Arguments((app.value,)), frame) if isinstance(loader, Class) else None
            if not isinstance(instance, Instance):
                continue
            for name in names:
                method = machine.attribute(instance, name, frame)
                if isinstance(method, (Method, Function)) and not (name in CONFIGURES and app.source is not None):
                    machine.call(method, Arguments(), frame)

    return call_hook


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


def _is_missing(machine: Machine, spec: str) -> bool:
    """Whether a module that was imported surely has no such attribute."""
    module_name, attribute = split_spec(spec)
    module = machine.imports.modules.get(module_name)
    name = attribute.partition(".")[0]
    if not name or module is None or module.open or module.found.path is None:
        return False
    return name not in module.names and "__getattr__" not in module.names


def _attribute(machine: Machine, module: Value, name: str, frame: Frame) -> Value | None:
    value: Value = module
    for part in name.split("."):
        value = machine.attribute(value, part, frame)
    if isinstance(value, (Function, Choice)) and machine.state(CeleryState).app_of(value) is None:
        value = machine.call(value, Arguments(), frame)
    return value


def _app_in(machine: Machine, value: Value | None, frame: Frame) -> Value | None:
    """The app of a module: ``app``, ``celery``, its submodule ``celery``, or any app among its names."""
    if not isinstance(value, ModuleValue):
        return value
    names = value.module.names
    for name in ("app", "celery"):
        found = names.get(name)
        if found is not None and not isinstance(found, (ModuleValue, Literal)):
            return found
    if value.module.found.is_package and machine.imports.layout.find(f"{value.module.name}.celery") is not None:
        inner = machine.import_name(f"{value.module.name}.celery", frame)
        if isinstance(inner, ModuleValue):
            return _app_in(machine, inner, frame)
    return next((found for found in names.values() if machine.state(CeleryState).app_of(found) is not None), None)


def _unread(machine: Machine, app: CeleryApp) -> tuple[UnreadSetting, ...]:
    """Settings with the app's namespace in front that Celery does not know."""
    prefix = text(app.namespace)
    if not prefix:
        return ()
    holders = machine.state(DjangoSettings).settings or list(options(app.config) if app.config is not None else ())
    found = []
    for holder in holders:
        for name, instead in UNREAD_SETTINGS.items():
            key = f"{prefix}_{name}".upper()
            place = assigned_at(machine, holder.module, key) if isinstance(holder, ModuleValue) else None
            if place is not None:
                found.append(UnreadSetting(key, f"{prefix}_{instead}".upper(), place[0].name, place[1]))
    return tuple(found)


OTHERS_VARIABLES = frozenset(
    {"RUN_MAIN", "WERKZEUG_RUN_MAIN", "WERKZEUG_SERVER_FD", "FLASK_RUN_FROM_CLI", "PYTEST_CURRENT_TEST",
     "PYTEST_VERSION", "PYTEST_XDIST_WORKER", "SERVER_SOFTWARE", "GUNICORN_CMD_ARGS", "GUNICORN_FD", "GUNICORN_PID",
     "UWSGI_ORIGINAL_PROC_NAME", "UWSGI_RELOADS", "GATEWAY_INTERFACE", "REQUEST_METHOD", "JPY_PARENT_PID"}
)  # fmt: skip
"""Variables that other programs set for themselves and their children: Django's autoreloader
(django/utils/autoreload.py), werkzeug's (werkzeug/_reloader.py), Flask's command (flask/cli.py), pytest
(_pytest/runner.py), gunicorn (gunicorn/app/wsgiapp.py, gunicorn/arbiter.py), uWSGI (core/uwsgi.c), CGI, Jupyter."""

CELERY = Host(
    name="Celery",
    words=Words(
        forker="the worker",
        main="MainProcess",
        hook="worker_process_init",
        work="task",
        app="Celery app",
        gate='"worker" in sys.argv',
        concurrency="--concurrency or worker_concurrency",
    ),
    root=ROOT,
    programs=frozenset({"celery", "celery.exe"}),
    unset=OTHERS_VARIABLES,
    absent=frozenset({"pytest", "_pytest", "gunicorn", "uwsgi", "uwsgidecorators"}),
    loaded=(("celery", ""), ("kombu", ""), ("billiard", ""), ("click", ""), ("celery.apps.worker", "find_app")),
    launch_forms=launch_forms,
    other_processes=other_processes,
    before_fork=(
        _load_group("kombu.serializers"),
        _load_group("celery.commands"),
        Step("console script", run_script),
        Step("find_app", _custom_pool),
        Step("find_app", _find_app),
        Step("load_config", _with_app(_load_config)),
        Step("user_options", _with_app(parse_options)),
        _signal("user_preload_options"),
        Step("import_modules", _with_app(_import_modules)),
        Step("on_worker_init", _with_app(_loader_hook(*CONFIGURES, "on_worker_init"))),
        Step(TASK_CLASSES, _with_app(create_tasks)),
        Step("on_after_finalize", _with_app(_finalize)),
        Step("worker classes", _with_app(_load_classes)),
        Step("transports", _with_app(_load_transports)),
        _load_group("kombu.matchers"),
        _signal(BEFORE_FORK[0]),
        Step("--include", _include),
        *map(_signal, BEFORE_FORK[1:]),
        Step("bootsteps", _with_app(create_steps)),
        Step("pool", _start_pool),
    ),
    after_fork=(Step(STARTED, lambda boot: start_steps(boot.machine)), *map(_late_signal, AFTER_FORK)),
    in_children=(
        Step("on_worker_process_init", _with_app(_loader_hook("on_worker_process_init"))),
        *map(_late_signal, IN_CHILDREN),
    ),
    project_facts=_project_facts,
    handlers=(
        "on_configure",
        "on_after_configure",
        "on_after_finalize",
        "user_options",
        "user_preload_options",
        "import_modules",
        "on_worker_init",
        *BEFORE_FORK,
        "bootsteps",
        STARTED,
        *AFTER_FORK,
    ),
    has_tasks=True,
    child_timeout=ChildTimeout("worker_proc_alive_timeout", 4.0),
    pool=resolve,
    assumed=lambda app, beside: (),
    services=(STARTED,),
    omissions=(
        Omission(
            SYSTEM_CHECKS,
            "Django's system checks",
            "start the worker with --skip-checks",
            "run 'manage.py check' in CI",
        ),
    ),
)
"""``celery -A app worker`` with the prefork pool."""
