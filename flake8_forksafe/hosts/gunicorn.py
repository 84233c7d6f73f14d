"""The boot plan of gunicorn: what its master does before it forks the first worker.

Read in gunicorn 27.0 and verified by running it: gunicorn/app/base.py (``load_config``), gunicorn/arbiter.py
(``setup``, ``start``, ``spawn_worker``), gunicorn/util.py (``import_app``).  The app is executed in the master if it is
preloaded; else each worker imports it for itself, and only the configuration file and its hooks run in the master.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flake8_forksafe.deployment.gunicorn_command import DEFAULT_CONFIG, PRELOAD, PROGRAMS
from flake8_forksafe.deployment.model import WorkerLaunch
from flake8_forksafe.deployment.pool import PREFORK, Pool
from flake8_forksafe.deployment.sizes import whole_number
from flake8_forksafe.hosts.facts import AS_TYPED, ELSEWHERE, Argv, Words
from flake8_forksafe.hosts.host import Host, HostBoot, ProjectFacts, Step
from flake8_forksafe.hosts.scripts import started_by_script
from flake8_forksafe.hosts.wsgi import import_app
from flake8_forksafe.interpreter.importing import load_file
from flake8_forksafe.interpreter.machine import LibraryState, Machine
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import (
    UNKNOWN,
    Arguments,
    Function,
    Instance,
    Literal,
    Method,
    ModuleValue,
    Value,
    text,
)
from flake8_forksafe.library.django_settings import DjangoSettings
from flake8_forksafe.library.gunicorn import NAME, GunicornSettings
from flake8_forksafe.project.layout import FIRST_PARTY, FoundModule

CONFIG = "__config__"
"""The name of the module that the configuration file is executed as."""
BEFORE_APP = ("nworkers_changed",)
BEFORE_FORK = ("on_starting", "when_ready", "pre_fork")
"""Hooks of the configuration that the master calls before the first fork, in order: ``nworkers_changed`` comes before
the app is preloaded, these come after it."""
IN_CHILDREN = ("post_fork", "post_worker_init")
CLEAN = "each worker imports the app for itself, after the fork: nothing preloads it"


class GunicornBoot(LibraryState):
    """What the configuration says.

    :ivar config: the module of the configuration, if there is one.
    :ivar preloads: whether the master imports the app; None if that is not known.
    :ivar application: the object of the project's own that is the server.
    :ivar given: settings that the program makes.
    """

    def __init__(self, machine: Machine) -> None:
        self.config: ModuleValue | None = None
        self.given = machine.state(GunicornSettings).values
        self.preloads: bool | None = False
        self.application: Instance | None = None

    def setting(self, name: str) -> Value | None:
        """The value of a setting in the configuration; None if it makes none."""
        if name in self.given:
            return self.given[name]
        return self.config.module.names.get(name) if self.config is not None else None


def launch_forms(app: str) -> dict[str, tuple[str, ...]]:
    """``sys.argv`` of the master, by how it is launched."""
    return {
        f"gunicorn --preload {app}": ("/venv/bin/gunicorn", "--preload", app),
        f"python -m gunicorn --preload {app}": (
            "/venv/lib/python3/site-packages/gunicorn/__main__.py", "--preload", app
        ),
    }  # fmt: skip


def argv_of(command: tuple[str, ...]) -> tuple[str, ...]:
    """``sys.argv`` of the master: the path of the program, or of the module that ``python -m`` runs, in front."""
    position = next((index for index, word in enumerate(command) if word.rpartition("/")[2] in PROGRAMS), 0)
    as_module = position and command[position - 1] == "-m"
    program = "/venv/lib/python3/site-packages/gunicorn/__main__.py" if as_module else "/venv/bin/gunicorn"
    return (program, *command[position + 1 :])


def other_processes(app: str) -> dict[str, Argv]:
    """Processes in which a gate is evaluated as well, to learn what it is for."""
    return {
        ELSEWHERE: (("/srv/manage.py", "migrate"), ("/venv/bin/celery", "-A", "proj", "worker")),
        AS_TYPED: (("gunicorn", "--preload", app), ("gunicorn", app)),
    }


def pool(launch: WorkerLaunch | None, conf: Mapping[str, object]) -> Pool:
    """The workers: ``--workers``, else ``workers`` of the configuration, else ``WEB_CONCURRENCY``, else one."""
    environ = dict(launch.environ) if launch is not None else {}
    if launch is not None and launch.concurrency is not None:
        number, source = whole_number(launch.concurrency), "--workers"
    elif "workers" in conf:
        value = conf["workers"]
        number, source = value if isinstance(value, int) else None, "workers"
    elif "WEB_CONCURRENCY" in environ:
        number, source = whole_number(environ["WEB_CONCURRENCY"]), "WEB_CONCURRENCY"
    else:
        number, source = 1, "gunicorn's default"
    return Pool(PREFORK, "fork", number, source, forks=True)


def assumed(app: str, beside: Callable[[str], str | None]) -> tuple[tuple[str, str], ...]:
    """The app is preloaded; else there would be nothing to ask."""
    config = beside(DEFAULT_CONFIG)
    return (("preload", PRELOAD), *((("config", config),) if config is not None else ()))


def _begin(boot: HostBoot) -> None:
    """The project's own program up to ``run()``, and ``load_config`` of its application."""
    given = started_by_script(boot, NAME)
    application = (given or {}).get("application")
    if isinstance(application, Instance):
        boot.machine.state(GunicornBoot).application = application
        _call(boot, application, "load_config")


def _call(boot: HostBoot, application: Instance, name: str) -> None:
    """Call a method of the project's own application."""
    method = boot.machine.attribute(application, name, boot.frame)
    if isinstance(method, Method):
        boot.machine.call(method, Arguments(), boot.frame)


def _load_config(boot: HostBoot) -> None:
    """The configuration file, executed as a module of its own name; or a module that is named."""
    options, machine = dict(boot.start.options), boot.machine
    loaded: Value | None = None
    if "config" in options:
        found = FoundModule(CONFIG, options["config"], False, (), FIRST_PARTY)
        loaded = load_file(machine, found, boot.frame)
    elif "config module" in options:
        loaded = machine.import_name(options["config module"], boot.frame)
    if isinstance(loaded, ModuleValue):
        machine.state(GunicornBoot).config = loaded
        boot.app_place = (loaded.module.name, 1)
    if "missing config" in options:
        what = f"the configuration file {options['missing config']!r} of gunicorn cannot be resolved"
        machine.note("FS192", boot.frame, what)


def _load_app(boot: HostBoot) -> None:
    """``Arbiter.setup``: with ``preload_app``, the app is imported, and its factory called."""
    chosen = boot.machine.state(GunicornBoot)
    preloads: bool | None = "preload" in dict(boot.start.options)
    if not preloads:
        value = chosen.setting("preload_app")
        preloads = truth(value) if value is not None else False
    chosen.preloads = preloads
    if preloads is not False and chosen.application is not None:
        with boot.machine.doubted(preloads is None):
            _call(boot, chosen.application, "load")
    elif preloads is not False:
        spec = boot.start.app or text(chosen.setting("wsgi_app") or UNKNOWN) or ""
        if not spec.partition(":")[0]:
            boot.machine.note("FS192", boot.frame, "the app that gunicorn preloads cannot be resolved")
            return
        with boot.machine.doubted(preloads is None):
            import_app(boot, spec)


def _hook(name: str) -> Step:
    """A step in which the master, or a worker, calls a function of the configuration."""

    def run(boot: HostBoot) -> None:
        function = boot.machine.state(GunicornBoot).setting(name)
        if isinstance(function, Function):
            boot.machine.call(function, Arguments((), {}, complete=False), boot.frame)

    return Step(name, run)


def _project_facts(boot: HostBoot) -> ProjectFacts:
    """The number of workers that the configuration sets: its value, or None if that is not known."""
    chosen = boot.machine.state(GunicornBoot)
    workers = chosen.setting("workers")
    conf: dict[str, object] = (
        {} if workers is None else {"workers": workers.value if isinstance(workers, Literal) else None}
    )
    settings = boot.machine.state(DjangoSettings).settings or ()
    loaded = tuple(holder.module.name for holder in settings if isinstance(holder, ModuleValue))
    return ProjectFacts(conf, settings=loaded, clean=CLEAN if chosen.preloads is False else "")


GUNICORN = Host(
    name="gunicorn",
    words=Words(
        forker="gunicorn",
        main="its master",
        hook="post_fork",
        work="request",
        app="gunicorn app",
        gate='os.path.basename(sys.argv[0]) == "gunicorn"',
        concurrency="--workers or WEB_CONCURRENCY",
    ),
    root=Node("", "gunicorn"),
    programs=PROGRAMS,
    launch_forms=launch_forms,
    other_processes=other_processes,
    before_fork=(
        Step("console script", _begin),
        Step("gunicorn.conf.py", _load_config),
        *map(_hook, BEFORE_APP),
        Step("preload_app", _load_app),
        *map(_hook, BEFORE_FORK),
    ),
    after_fork=(),
    in_children=tuple(map(_hook, IN_CHILDREN)),
    project_facts=_project_facts,
    handlers=(*BEFORE_APP, *BEFORE_FORK),
    pool=pool,
    argv_of=argv_of,
    assumed=assumed,
    forked_by=("gunicorn.arbiter",),
    binds=True,
)
"""``gunicorn``, with and without ``--preload``."""
