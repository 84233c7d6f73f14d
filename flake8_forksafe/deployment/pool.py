"""Determines the pool of a launch: its kind, whether it forks, and how many processes it has.

Read in Celery 5.3.6 and 5.7.0 and compared with the banners of real workers: ``celery/bin/celery.py`` (``main``: the
prefix of click's environment variables is ``CELERY``), ``celery/bin/worker.py`` (``WorkersPool.convert``,
``_concurrency_value``, ``Autoscale``), ``celery/concurrency/__init__.py`` (``ALIASES``), ``celery/worker/worker.py``
(``setup_defaults``, ``setup_instance``), ``celery/worker/components.py`` (``Pool``), ``celery/app/base.py``
(``either``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from flake8_forksafe.deployment.model import WorkerLaunch
from flake8_forksafe.deployment.sizes import whole_number

PREFORK, SOLO, THREADS, GEVENT, EVENTLET = "prefork", "solo", "threads", "gevent", "eventlet"
CUSTOM, UNKNOWN = "custom", "unknown"

IMPLEMENTATIONS = {
    "celery.concurrency.prefork": PREFORK,
    "celery.concurrency.solo": SOLO,
    "celery.concurrency.thread": THREADS,
    "celery.concurrency.gevent": GEVENT,
    "celery.concurrency.eventlet": EVENTLET,
}
"""Celery's pools by the module of their class."""

ALIASES = {name: name for name in (PREFORK, SOLO, THREADS, GEVENT, EVENTLET)} | {"processes": PREFORK}

CPU_COUNT, AUTO = "cpu count", "auto"

WORKER_PARAMETERS = (
    "hostname", "detach", "statedb", "loglevel", "optimization", "prefetch_multiplier", "disable_prefetch",
    "concurrency", "pool", "task_events", "time_limit", "soft_time_limit", "max_tasks_per_child", "pool_start_method",
    "max_memory_per_child", "purge", "queues", "exclude_queues", "include", "without_gossip", "without_mingle",
    "without_heartbeat", "heartbeat_interval", "autoscale", "beat", "schedule_filename", "scheduler", "logfile",
    "pidfile", "uid", "gid", "umask", "executable",
)  # fmt: skip
"""The options of ``celery worker``: click reads each from ``CELERY_WORKER_<NAME>``."""

READ_ELSEWHERE = frozenset({"CELERY_LOG_FILE", "CELERY_LOG_LEVEL"})
"""Variables that look like options but are read by another part of Celery (``celery/concurrency/prefork.py``)."""

OLD_NAMES = {
    "log_file": "logfile", "log_level": "loglevel", "pid_file": "pidfile", "state_db": "statedb",
    "task_time_limit": "time_limit", "task_soft_time_limit": "soft_time_limit",
}  # fmt: skip
"""What Celery 3 and 4 called some options in their ``CELERYD_*`` settings."""


UNREAD_SETTINGS = {
    "pool": "worker_pool",
    "concurrency": "worker_concurrency",
    "max_tasks_per_child": "worker_max_tasks_per_child",
    "max_memory_per_child": "worker_max_memory_per_child",
    "prefetch_multiplier": "worker_prefetch_multiplier",
    "pool_start_method": "worker_pool_start_method",
}
"""What is written behind a namespace such as ``CELERY_`` though Celery reads another name (celery/app/defaults.py)."""


class Pool(NamedTuple):
    """The pool of a worker.

    :ivar kind: ``prefork``, ``solo``, ``threads``, ``gevent``, ``eventlet``, ``custom`` for any other class, or
        ``unknown`` if its name comes from outside of the repository.
    :ivar start_method: ``fork`` or ``spawn``; Celery before 5.7 always forks and ignores the option.
    :ivar concurrency: how many tasks run at a time, at most; None for the CPU count that the worker finds, and where
        the number comes from outside of the repository.  Celery's solo pool runs one whatever its banner says.
    :ivar concurrency_source: ``--concurrency``, ``--autoscale``, the name of an environment variable or of a setting;
        :data:`CPU_COUNT` if nothing says a number, :data:`AUTO` if the CPU quota of the container does; a variable such
        as ``$OPTIONS`` if it may hold the option.
    :ivar forks: whether MainProcess forks children that inherit what it has imported.  A pool that is not known is
        taken to.
    :ivar implementation: the class of a custom pool as it is given, ``module:class``; else empty.
    :ivar beat: whether beat's process is forked as well.
    """

    kind: str
    start_method: str
    concurrency: int | None
    concurrency_source: str
    forks: bool
    implementation: str = ""
    beat: bool = False


class SourcedValue(NamedTuple):
    """A value with its source."""

    value: object
    source: str


NOTHING = SourcedValue(None, "")


class UnreadVariable(NamedTuple):
    """An environment variable that Celery does not read.

    :ivar instead: the one that it reads for the same purpose.
    """

    name: str
    instead: str


def not_forking(pool: Pool) -> str:
    """Why children of a pool inherit nothing; empty if they do."""
    if pool.forks:
        return ""
    if pool.start_method != "fork" and pool.kind in (PREFORK, CUSTOM, UNKNOWN):
        but = ", except beat's process, which may be forked and runs no task" if pool.beat else ""
        return f"its children are spawned, and each imports the app for itself{but}"
    return f"its pool is {pool.kind!r}: nothing is forked{BUT_BEAT if pool.beat else ''}"


BUT_BEAT = ", except beat's process, which runs no task"
BESIDE_POOL = (
    "beat's process is forked as well: it inherits the same, and beat_embedded_init runs in it, not worker_process_init"
)


def also_forked(pool: Pool) -> str:
    """What MainProcess forks besides the children of the pool, as a clause; empty if there is nothing.

    The hash seed decides whether beat's process comes before or after those (``celery/bootsteps.py``; seen with Celery
    5.7.0).  It is forked with the pools ``solo`` and ``threads`` too, and Celery refuses it with gevent and eventlet
    (``celery/worker/components.py``).
    """
    return BESIDE_POOL if pool.beat and pool.forks else ""


def resolve(launch: WorkerLaunch | None, conf: Mapping[str, object]) -> Pool:
    """The pool that a worker gets.

    :param launch: None for a worker of which only the settings are known.
    :param conf: Celery's settings by their new names, such as ``worker_pool``; a value that is not known is any object
        other than a string or a number.
    """
    environ = dict(launch.environ) if launch is not None else {}
    conf = {key: value for key, value in conf.items() if value is not None}
    pool = _choose_pool(launch, environ, conf)
    kind, implementation = _kind(pool.value, environ)
    given = launch.settings if launch is not None else ()
    late = {**conf, **{_setting_name(name): value for name, value in given}}
    method = _option("pool_start_method", launch, environ) or SourcedValue(
        late.get("worker_pool_start_method", "fork"), "worker_pool_start_method"
    )
    start_method = "spawn" if method.value == "spawn" else "fork"
    number, source = _concurrency(launch, environ, conf, late)
    return Pool(
        kind,
        start_method,
        number,
        source,
        forks=kind in (PREFORK, CUSTOM, UNKNOWN) and start_method == "fork",
        implementation=implementation,
        beat=launch is not None and launch.beat and kind not in (GEVENT, EVENTLET),
    )


def _option(parameter: str, launch: WorkerLaunch | None, environ: Mapping[str, str]) -> SourcedValue | None:
    """An option as click finds it: on the command line, else in ``CELERY_WORKER_<NAME>`` if that is not empty."""
    field = "start_method" if parameter == "pool_start_method" else parameter
    value = getattr(launch, field) if launch is not None else None
    if value is not None:
        return SourcedValue(value, f"--{parameter.replace('_', '-')}")
    name = f"CELERY_WORKER_{parameter.upper()}"
    if environ.get(name):
        return SourcedValue(environ[name], name)
    if launch is not None and name in launch.unresolved:
        return SourcedValue(object(), name)
    return None


def _choose_pool(launch: WorkerLaunch | None, environ: Mapping[str, str], conf: Mapping[str, object]) -> SourcedValue:
    """``WorkersPool.convert``: ``--pool=prefork`` cannot be told from no option, so ``worker_pool`` goes over it."""
    given = _option("pool", launch, environ) or SourcedValue(PREFORK, "default")
    if given.value == PREFORK and conf.get("worker_pool"):
        return SourcedValue(conf["worker_pool"], "worker_pool")
    return given


def _kind(value: object, environ: Mapping[str, str]) -> tuple[str, str]:
    """The kind of a pool from its alias or its class, and the class if it is none of Celery's."""
    if value == CUSTOM:
        value = environ.get("CELERY_CUSTOM_WORKER_POOL", "")
        if not value:
            return CUSTOM, ""
    if not isinstance(value, str) or "$" in value:
        return UNKNOWN, ""
    if value in ALIASES:
        return ALIASES[value], ""
    module = value.rpartition(":" if ":" in value else ".")[0]
    kind = IMPLEMENTATIONS.get(module, CUSTOM)
    return kind, value if kind == CUSTOM else ""


def _setting_name(argument: str) -> str:
    """``worker.concurrency`` and ``.concurrency`` as ``worker_concurrency`` (``celery/loaders/base.py``)."""
    name = argument.lower().replace(".", "_")
    return f"worker{name}" if name.startswith("_") else name


def _concurrency(
    launch: WorkerLaunch | None, environ: Mapping[str, str], conf: Mapping[str, object], late: Mapping[str, object]
) -> tuple[int | None, str]:
    """How many tasks run at a time, at most, and what says so.

    ``--autoscale`` takes the pool's size over.  ``--concurrency=0`` falls back to the setting, not to the environment.
    Arguments such as ``worker.concurrency=3`` become settings only after the option has been read, so that
    they count if neither it nor the setting says anything.
    """
    scale = _option("autoscale", launch, environ)
    if scale is not None:
        return _highest(scale.value), scale.source
    option = _option("concurrency", launch, environ) or NOTHING
    for choice in (
        option,
        SourcedValue(conf.get("worker_concurrency"), "worker_concurrency"),
        SourcedValue(late.get("worker_concurrency"), "worker_concurrency"),
    ):
        if choice.value in (None, "", 0, "0"):
            continue
        return _number(choice)
    return None, launch.open_options[0] if launch is not None and launch.open_options else CPU_COUNT


def _number(choice: SourcedValue) -> tuple[int | None, str]:
    text = str(choice.value).strip() if isinstance(choice.value, (str, int)) else ""
    if re.fullmatch(r"\$\(nproc\)|`nproc`", text):
        return None, CPU_COUNT
    if text.lower() == AUTO:
        return None, AUTO
    return whole_number(text), choice.source


def _highest(scale: object) -> int | None:
    """``--autoscale=10,3``, in any order, and ``--autoscale=10``."""
    numbers = [whole_number(number) for number in scale.split(",")] if isinstance(scale, str) else []
    known = [number for number in numbers if number is not None]
    return max(known) if known and len(known) == len(numbers) else None


def unread_variables(environ: Mapping[str, str]) -> tuple[UnreadVariable, ...]:
    """Environment variables that are named as if they set an option of the worker, but which Celery 5 does not read.

    A project may read them itself, or a script may put them on the command line: ``WorkerLaunch.expanded`` names the
    latter.
    """
    found = []
    for name in sorted(environ):
        prefix, _, rest = name.partition("_")
        parameter = OLD_NAMES.get(rest.lower(), rest.lower()) if prefix == "CELERYD" else rest.lower()
        if prefix in ("CELERY", "CELERYD") and parameter in WORKER_PARAMETERS and name not in READ_ELSEWHERE:
            found.append(UnreadVariable(name, f"CELERY_WORKER_{parameter.upper()}"))
    return tuple(found)
