"""The boot plan of uWSGI: what its master does before it forks the first worker.

Read in uWSGI 2.0.31 (core/uwsgi.c; plugins/python/python_plugin.c: ``uwsgi_python_init_apps``) and verified by running
2.0.30 with CPython 3.12: by default the apps are loaded before the fork, with ``lazy-apps`` (or ``lazy``) by each
worker, and what ``shared-import`` names always by the first process.  Without a master the first process is a worker
itself and forks the others, so that one process forks nothing.  uWSGI forks in C: functions of ``os.register_at_fork``
run only with ``py-call-osafterfork`` (those for the child) or ``py-call-uwsgi-fork-hooks``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flake8_forksafe.deployment.model import WorkerLaunch
from flake8_forksafe.deployment.pool import CPU_COUNT, PREFORK, SOLO, Pool
from flake8_forksafe.deployment.sizes import whole_number
from flake8_forksafe.deployment.uwsgi_command import PROGRAMS
from flake8_forksafe.hosts.django import fall_back
from flake8_forksafe.hosts.facts import AS_TYPED, ELSEWHERE, Argv, Words
from flake8_forksafe.hosts.host import Host, HostBoot, ProjectFacts, Step
from flake8_forksafe.hosts.wsgi import call_factory, import_app
from flake8_forksafe.interpreter.importing import load_file
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Arguments, Function, ModuleValue
from flake8_forksafe.library.django_settings import DjangoSettings
from flake8_forksafe.library.uwsgi import UwsgiState
from flake8_forksafe.project.layout import FIRST_PARTY, FoundModule

MAY = "may "
"""What stands before the kind of something that only some environments load."""
LAZY = "lazy-apps: each worker loads the app for itself, after the fork"
ALONE = "one process without a master: nothing is forked"
NO_APP = "its options name no app and no module of Python"
APPS = ("module", "wsgi-file", "mount")
CPUS = "%k"
"""A number of processes: the CPU count."""


def launch_forms(app: str) -> dict[str, tuple[str, ...]]:
    """``sys.argv`` of every process of uWSGI, whatever its command line is (``pyargv`` adds to it)."""
    return {f"uwsgi --master --module {app}": ("uwsgi",)}


def other_processes(app: str) -> dict[str, Argv]:
    """Processes in which a gate is evaluated as well, to learn what it is for."""
    return {
        ELSEWHERE: (("/srv/manage.py", "migrate"), ("/venv/bin/celery", "-A", "proj", "worker")),
        AS_TYPED: (("uwsgi", "--module", app), ("/usr/local/bin/uwsgi", "--ini", "uwsgi.ini")),
    }


def pool(launch: WorkerLaunch | None, conf: Mapping[str, object]) -> Pool:
    """The workers: ``processes``, else one."""
    given = launch.concurrency if launch is not None else None
    number = whole_number(given) if given is not None else 1
    source = "uWSGI's default" if given is None else CPU_COUNT if given == CPUS else "processes"
    forks = launch is None or "alone" not in dict(launch.host_options)
    return Pool(PREFORK if forks else SOLO, "fork", number, source, forks=forks)


def _named(boot: HostBoot, *kinds: str) -> Iterator[tuple[str, str, bool]]:
    """What is to be loaded, in order: the kind, what, and whether it surely is."""
    found, app = boot.start.options, boot.start.app
    if app and "$" not in app and all("$" in what for name, what in found if name.removeprefix(MAY) in APPS):
        others = (one for one in found if one[0].removeprefix(MAY) not in APPS)
        found = (*others, ("module", app))  # named by the user
    for name, what in found:
        kind = name.removeprefix(MAY)
        if kind in kinds:
            yield kind, what, kind == name


def _load(boot: HostBoot, *kinds: str) -> None:
    """Import what options of these kinds name."""
    lazy = dict(boot.start.options).get("lazy-apps") if "shared-import" not in kinds else None
    if lazy == "yes":
        return
    for kind, what, sure in _named(boot, *kinds):
        with boot.machine.doubted(not sure or lazy is not None):
            _load_one(boot, kind, what)


def _load_one(boot: HostBoot, kind: str, what: str) -> None:
    machine, attribute = boot.machine, dict(boot.start.options).get("callable", "")
    path, is_file, given = what.partition("=")
    if "$(" in what or "%(" in what or (is_file and path == given):
        machine.note("FS192", boot.frame, f"what uWSGI loads as {(given or what)!r} cannot be resolved")
    elif is_file:
        prefix = "" if kind.endswith("import") else "uwsgi_file_"
        name = prefix + given.removesuffix(".py").replace("/", "_").replace(".", "_")
        module = load_file(machine, FoundModule(name, path, False, (), FIRST_PARTY), boot.frame)
        if isinstance(module, ModuleValue):
            boot.app_place = (name, 1)
            call_factory(boot, module, attribute)
    else:
        import_app(boot, what if ":" in what or not attribute else f"{what}:{attribute}")


def _shared(boot: HostBoot) -> None:
    fall_back(boot)
    for path in (value for name, value in boot.start.options if name == "missing config"):
        boot.machine.note("FS192", boot.frame, f"the configuration {path!r} of uWSGI cannot be resolved")
    _load(boot, "shared-import")


def _postfork(boot: HostBoot) -> None:
    """What ``@postfork`` registered."""
    for handler in boot.machine.state(UwsgiState).handlers:
        if isinstance(handler, Function):
            boot.machine.call(handler, Arguments(), boot.frame)


def _project_facts(boot: HostBoot) -> ProjectFacts:
    """Why nothing of the app is executed before a fork, if that is so."""
    options = dict(boot.start.options)
    settings = boot.machine.state(DjangoSettings).settings or ()
    loaded = tuple(holder.module.name for holder in settings if isinstance(holder, ModuleValue))
    clean = ""
    if "missing config" not in options and not any(_named(boot, "shared-import", "import", *APPS)):
        clean = NO_APP
    elif "alone" in options:
        clean = ALONE
    elif options.get("lazy-apps") == "yes":
        clean = LAZY
    return ProjectFacts(settings=loaded, clean=clean)


UWSGI = Host(
    name="uWSGI",
    words=Words(
        forker="uWSGI",
        main="its master",
        hook="@postfork",
        work="request",
        app="uWSGI app",
        gate='"uwsgi" in sys.modules',
        concurrency="processes",
    ),
    root=Node("", "uwsgi"),
    programs=PROGRAMS,
    launch_forms=launch_forms,
    other_processes=other_processes,
    before_fork=(
        Step("shared-import", _shared),
        Step("import", lambda boot: _load(boot, "import")),
        Step("apps", lambda boot: _load(boot, *APPS)),
    ),
    after_fork=(),
    in_children=(Step("postfork", _postfork),),
    project_facts=_project_facts,
    handlers=(),
    pool=pool,
    assumed=lambda app, beside: (),
    loaded=(("uwsgi", ""),),
    provided=frozenset({"uwsgi", "uwsgidecorators"}),
)
"""``uwsgi``, with and without ``lazy-apps``."""
