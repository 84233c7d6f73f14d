"""Boot plans of RQ's and Huey's own commands: ``rq worker``, ``rq worker-pool`` and ``huey_consumer``.

Read in rq 3.0 (rq/cli/cli.py: ``worker``) and huey 3.5 (huey/bin/huey_consumer.py), and verified by running them: RQ
imports what its options name, in the order of :data:`RQ_ORDER`, and the modules of jobs only in each work-horse; Huey
imports the module of the instance, and forks with process workers only.  RQ's ``SimpleWorker`` forks nothing, its
``SpawnWorker`` begins with a fresh interpreter.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from flake8_forksafe.deployment.job_worker_commands import RQ_ORDER, RUNNER
from flake8_forksafe.deployment.model import WorkerLaunch
from flake8_forksafe.deployment.pool import PREFORK, SOLO, THREADS, Pool
from flake8_forksafe.deployment.sizes import whole_number
from flake8_forksafe.hosts.facts import AS_TYPED, ELSEWHERE, Argv, Words
from flake8_forksafe.hosts.host import Host, HostBoot, ProjectFacts, Step
from flake8_forksafe.hosts.scripts import started_by_script
from flake8_forksafe.interpreter.frames import Raised
from flake8_forksafe.interpreter.machine import LibraryState, Machine
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Class, External, Value
from flake8_forksafe.library import huey, rq
from flake8_forksafe.library.host_programs import known
from flake8_forksafe.library.standard_import import import_path

Concurrency = tuple[int | None, str]
"""How many, and what says it."""
AT_FORK = "os.register_at_fork(after_in_child=...)"
WITHOUT_FORK = {
    "SimpleWorker": "its SimpleWorker runs jobs itself: nothing is forked",
    "SpawnWorker": "its SpawnWorker begins each work-horse with a fresh interpreter",
}
NOTHING_NAMED = "it imports no job: the job's module is imported in each work-horse"
HUEY_MODULE = "huey.bin.huey_consumer"
"""What ``python -m`` runs."""
THREADED = "its workers are threads of one process: nothing is forked"


class JobWorkerBoot(LibraryState):
    """What is known of the workers.

    :ivar worker_class: their class, if something names one.
    :ivar given: what the project's own program says of them; None if no program starts them.
    """

    def __init__(self, machine: Machine) -> None:
        self.worker_class: Value | None = None
        self.given: dict[str, Value] | None = None


def _begin(boot: HostBoot, name: str) -> None:
    """The project's own program up to the call that starts the workers."""
    state = boot.machine.state(JobWorkerBoot)
    state.given = started_by_script(boot, name)
    launcher = boot.start.launcher
    if launcher is not None and RUNNER in dict(boot.start.options):  # the workers are a command of the program
        boot.app_place = ("__main__" if launcher.path else launcher.entry.partition(":")[0], 1)
    state.worker_class = (state.given or {}).get("worker class")


def _load(boot: HostBoot, name: str) -> None:
    """Import what an option names."""
    for option, path in boot.start.options:
        if option == name:
            try:
                value = import_path(boot.machine, path, boot.frame)
            except Raised:  # it does not start
                continue
            if boot.app_place is None:
                boot.app_place = (path.rpartition(".")[0] or path, 1)
            if name == "worker class":
                boot.machine.state(JobWorkerBoot).worker_class = value


def _rq_step(name: str) -> Step:
    return Step(name, lambda boot: _load(boot, name))


def _without_fork(worker: Value | None, named: str, in_pool: bool) -> str:
    """Why a class of worker forks nothing that runs jobs; empty if it does.  A pool forks its workers, whatever they
    are.
    """
    order = worker.mro() if isinstance(worker, Class) else [worker]
    names = [named.rpartition(".")[2] if named.partition(".")[0] == "rq" else ""]
    names += [base.path.rpartition(".")[2] for base in order if isinstance(base, External) and base.path[:3] == "rq."]
    reasons = {name: why for name, why in WITHOUT_FORK.items() if name != "SimpleWorker" or not in_pool}
    return next((reasons[name] for name in names if name in reasons), "")


def _rq_facts(boot: HostBoot) -> ProjectFacts:
    options, state = dict(boot.start.options), boot.machine.state(JobWorkerBoot)
    named, given = options.get("worker class", ""), state.given or {}
    clean = _without_fork(state.worker_class, named, "pool" in options or "pool" in given)
    forks = not clean
    if forks and boot.start.launcher is None and not {*RQ_ORDER, RUNNER} & options.keys():
        clean = NOTHING_NAMED
    return ProjectFacts({"forks": forks, **_number(given)}, clean=clean)


def _number(given: Mapping[str, Value]) -> dict[str, object]:
    """How many workers a program says that there are; None if that is not known."""
    return {"workers": known(given["workers"])} if "workers" in given else {}


def _concurrency(launch: WorkerLaunch | None, conf: Mapping[str, object], option: str, default: str) -> Concurrency:
    """The number of workers, and what says it: the command line, the program, or the default, which is one."""
    if launch is not None and launch.concurrency is not None:
        return whole_number(launch.concurrency), option
    return (whole_number(str(conf["workers"])), "the program") if "workers" in conf else (1, default)


def _rq_pool(launch: WorkerLaunch | None, conf: Mapping[str, object]) -> Pool:
    """One worker, or those of a pool, each with a work-horse for every job."""
    number, source = _concurrency(launch, conf, "--num-workers", "RQ's default")
    forks = bool(conf.get("forks", True))
    return Pool(PREFORK if forks else SOLO, "fork", number, source, forks=forks)


def _huey_facts(boot: HostBoot) -> ProjectFacts:
    kind: object = dict(boot.start.options).get("worker type", "thread")
    given = boot.machine.state(JobWorkerBoot).given
    if given is not None:
        kind = known(given["worker type"]) if "worker type" in given else "thread"
        if kind is None:
            boot.machine.note("FS192", boot.frame, "the type of Huey's workers cannot be resolved")
    forks = kind in ("process", None) or (given is None and boot.start.launcher is not None)
    return ProjectFacts({"forks": forks, **_number(given or {})}, clean="" if forks else THREADED)


def _huey_pool(launch: WorkerLaunch | None, conf: Mapping[str, object]) -> Pool:
    """The workers of ``-w``, else one; only those of type ``process`` are forked."""
    number, source = _concurrency(launch, conf, "--workers", "Huey's default")
    forks = bool(conf.get("forks", True))
    return Pool(PREFORK if forks else THREADS, "fork", number, source, forks=forks)


def _other_processes(app: str) -> dict[str, Argv]:
    """Processes in which a gate is evaluated as well, to learn what it is for."""
    return {ELSEWHERE: (("/srv/manage.py", "migrate"), ("/venv/bin/gunicorn", "proj.wsgi")),
            AS_TYPED: (("rq", "worker"), ("huey_consumer", app))}  # fmt: skip


def _argv_of(command: tuple[str, ...]) -> tuple[str, ...]:
    """``sys.argv`` of the parent: the path of the program, or of the module that ``python -m`` runs, in front."""
    for position, word in enumerate(command):
        if word == HUEY_MODULE:
            return (f"/venv/lib/python3/site-packages/{word.replace('.', '/')}.py", *command[position + 1 :])
        if (name := word.rpartition("/")[2]) in ("rq", "huey_consumer", "huey_consumer.py"):
            return (f"/venv/bin/{name}", *command[position + 1 :])
    return command


RQ = Host(
    name="rq worker",
    words=Words("rq worker", "its parent", AT_FORK, "job", "rq worker", '"rq" in sys.argv[0]', "--num-workers"),
    root=Node("", "rq worker"),
    programs=frozenset({"rq"}),
    launch_forms=lambda app: {"rq worker": ("/venv/bin/rq", "worker")},
    other_processes=_other_processes,
    before_fork=(Step("program", partial(_begin, name=rq.NAME)), *map(_rq_step, RQ_ORDER)),
    after_fork=(),
    in_children=(),
    project_facts=_rq_facts,
    handlers=(),
    pool=_rq_pool,
    argv_of=_argv_of,
    forked_by=("rq.worker", "rq.worker_pool"),
)
"""``rq worker`` and ``rq worker-pool``."""

HUEY = Host(
    name="huey_consumer",
    words=Words(
        "huey_consumer", "its parent", "on_startup", "task", "Huey consumer", '"huey_consumer" in sys.argv[0]', "-w"
    ),
    root=Node("", "huey_consumer"),
    programs=frozenset({"huey_consumer"}),
    launch_forms=lambda app: {f"huey_consumer {app}": ("/venv/bin/huey_consumer", app, "-k", "process")},
    other_processes=_other_processes,
    before_fork=(
        Step("program", partial(_begin, name=huey.NAME)),
        Step("instance", lambda boot: _load(boot, "instance")),
    ),
    after_fork=(),
    in_children=(),
    project_facts=_huey_facts,
    handlers=(),
    pool=_huey_pool,
    argv_of=_argv_of,
    forked_by=("huey.consumer",),
    assumed=lambda app, beside: (("instance", app), ("worker type", "process")),
)
"""``huey_consumer``."""
