"""The data of this package: words with their places, launches, troubles."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from flake8_forksafe.host_names import CELERY


class Place(NamedTuple):
    """A line of a file.

    :ivar path: absolute path; empty if there is none.
    :ivar line: 1-based, 0 if there is none.
    """

    path: str
    line: int


PYTHON = "python"
"""The kind of a launch by a Python program that no deployment file runs."""

NOWHERE = Place("", 0)


class Word(NamedTuple):
    """A piece of a command or the value of a variable.

    :ivar unknown: the variables in it whose values the repository does not tell; they stand in ``text`` as written.
    """

    text: str
    place: Place = NOWHERE
    unknown: tuple[str, ...] = ()


class Limit(NamedTuple):
    """The memory that a container may use.

    :ivar mebibytes: in units of 2**20 bytes, rounded down; None if the value is not known.
    """

    mebibytes: int | None
    place: Place
    unknown: tuple[str, ...] = ()


class Program(NamedTuple):
    """A Python program of the repository that may start a worker.

    :ivar path: absolute path of the file that is executed as ``__main__``, or that holds what is called.
    :ivar module: what ``python -m`` is given, else empty.
    :ivar entry: what a console script calls, as ``module:function``.
    :ivar argv: ``sys.argv`` of its process.
    :ivar command: the management command that it runs.
    """

    path: str
    module: str
    entry: str
    argv: tuple[str, ...]
    command: str = ""


class SpawnedCommand(NamedTuple):
    """A command that a Python program runs in another process, or in its place.

    :ivar directory: that it is given, as it is written; empty if it is given none.
    :ivar environ: the variables that it is given, as far as they are written out.
    """

    argv: tuple[Word, ...]
    directory: str = ""
    environ: tuple[tuple[str, Word], ...] = ()


class Starters(NamedTuple):
    """The programs of a repository that may start workers.

    :ivar hosts: of each file, in the order of the tree, what it may start; those of tests and examples are left out.
    :ivar spawned: the commands that such a file runs and that name Celery; a file may hold only these.
    :ivar commands: management commands among them, by name.
    :ivar scripts: console scripts whose function lies in one of them, with ``module:function``.
    """

    hosts: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    commands: Mapping[str, str] = MappingProxyType({})
    scripts: Mapping[str, str] = MappingProxyType({})
    spawned: Mapping[str, tuple[SpawnedCommand, ...]] = MappingProxyType({})

    @property
    def files(self) -> tuple[str, ...]:
        """The files of all of them."""
        return tuple(dict.fromkeys((*self.hosts, *self.spawned)))

    @property
    def words(self) -> tuple[str, ...]:
        """What a command that runs one of them holds."""
        stems = {os.path.splitext(os.path.basename(path))[0] for path in self.files}
        packages = {os.path.basename(os.path.dirname(path)) for path in self.files if path.endswith("__main__.py")}
        return tuple(sorted(stems | packages | self.scripts.keys()))


class WorkerLaunch(NamedTuple):
    """One way a worker is started.

    Options are those of the command line, None if not given.  :func:`flake8_forksafe.deployment.pool.resolve` combines
    them with the environment and Celery's settings.

    :ivar app: what ``-A``, ``APP`` or ``CELERY_APP`` say, in the order in which ``celery/bin/celery.py`` asks.
    :ivar argv: the command that runs Celery, without the programs that only wrap it: ``("celery", "-A", "proj",
        "worker")``, ``("python", "-m", "celery", ...)`` or ``("nautobot-server", "celery", "worker")``.
    :ivar path: the file that starts the worker: a compose file, a unit, a script that nothing else starts.
    :ivar line: of the command in that file.
    :ivar directory: absolute path of the working directory in the repository, the project's where it cannot be told.
    :ivar kind: the format: ``compose``, ``dockerfile``, ``kubernetes``, ``procfile``, ``shell``, ``supervisor`` or
        ``systemd``.
    :ivar name: of the service, container, program, unit or process; empty if it has none.
    :ivar open_options: variables in the place of arguments, such as ``$OPTIONS``, which may stand for any options.
    :ivar settings: arguments such as ``worker.concurrency=3``, which Celery reads as settings.
    :ivar memory_mb: the container's limit in MiB (2**20 bytes), rounded down; None if there is none or its value is
        not known (``memory_line`` tells which).
    :ivar environ: the environment variables that are known, sorted by name.
    :ivar environ_places: where each of ``environ`` is set, in the same order.
    :ivar unresolved: names of variables that the command or the environment takes from outside of the repository.
    :ivar expanded: names of environment variables that the command or its scripts read.
    :ivar command_path: where Celery's command itself is written: the script, if the worker is started by one.
    :ivar concurrency_path: where the concurrency is given, on the command line or by ``CELERY_WORKER_CONCURRENCY``;
        empty if it is not.
    :ivar search_path: directories of the repository that ``PYTHONPATH`` names.
    :ivar program: the Python program that starts the worker, where that is not Celery's own command.
    :ivar include: modules that ``--include`` names, and where it is written; empty if it is not given.
    :ivar nodes: how many workers the command starts (``celery multi start 3``), all within the same limit.
    :ivar beat: whether it runs beat as well (``-B``), in a process of its own.
    :ivar host: the name of the host that is started.
    :ivar host_options: what is known of options that only this host has, by their names; files are absolute paths.
    """

    app: str | None
    argv: tuple[str, ...]
    path: str
    line: int
    directory: str
    kind: str = ""
    name: str = ""
    pool: str | None = None
    start_method: str | None = None
    concurrency: str | None = None
    autoscale: str | None = None
    open_options: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    memory_mb: int | None = None
    memory_path: str = ""
    memory_line: int = 0
    environ: tuple[tuple[str, str], ...] = ()
    environ_places: tuple[Place, ...] = ()
    unresolved: tuple[str, ...] = ()
    expanded: tuple[str, ...] = ()
    command_path: str = ""
    command_line: int = 0
    concurrency_path: str = ""
    concurrency_line: int = 0
    include: tuple[str, ...] = ()
    include_place: Place = NOWHERE
    nodes: int = 1
    beat: bool = False
    search_path: tuple[str, ...] = ()
    host: str = CELERY
    host_options: tuple[tuple[str, str], ...] = ()
    program: Program | None = None


class Bystander(NamedTuple):
    """A process of Celery that is not a worker.

    :ivar command: the sub-command, such as ``beat`` or ``flower``.
    """

    app: str
    command: str
    path: str
    line: int
    directory: str
    search_path: tuple[str, ...] = ()


TEMPLATE = "it is a template, so what it will say is not known"
"""The trouble with a file that some other program completes."""


VALUES = "values.yaml"
"""What the templates of a Helm chart say by default."""


TEMPLATE_ENDINGS = (".j2", ".jinja", ".jinja2", ".jnj", ".tpl", ".tmpl", ".template")


def without_ending(name: str) -> str:
    """The name of the file that a template of Jinja becomes; any other name as it is."""
    stem, extension = os.path.splitext(name)
    return stem if extension in TEMPLATE_ENDINGS else name


class Trouble(NamedTuple):
    """A deployment file that could not be read completely.

    :ivar text: a clause for a message, such as ``it is not valid YAML: ...``.
    """

    path: str
    line: int
    text: str


class CleanStart(NamedTuple):
    """A command whose processes inherit nothing of the project.

    :ivar name: of the program; ``why`` is a clause for a message.
    """

    name: str
    path: str
    line: int
    why: str


class Launches(NamedTuple):
    """How a repository starts its workers, in the order of files and lines; ``others`` are hosts besides Celery, and
    ``clean`` what needs no look.
    """

    launches: tuple[WorkerLaunch, ...]
    troubles: tuple[Trouble, ...]
    bystanders: tuple[Bystander, ...] = ()
    others: tuple[WorkerLaunch, ...] = ()
    clean: tuple[CleanStart, ...] = ()


class Start(NamedTuple):
    """A command that a deployment file runs, before anything is known about what it starts.

    :ivar environ: its environment; a value with unknown variables in it is known to be set, but not to what.
    :ivar directory: the working directory as the process sees it.
    :ivar place: of the command in the deployment file.
    """

    kind: str
    name: str
    argv: tuple[Word, ...]
    environ: Mapping[str, Word]
    directory: str
    place: Place
    memory: Limit | None = None


class Unusable(Exception):
    """Raised for a file that is not a valid document of its format.

    :param reason: a clause for a message.
    """

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason, line)
        self.reason = reason
        self.line = max(1, line)
