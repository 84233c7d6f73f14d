"""The boot plan of a program of the project that runs Dramatiq's command.

Read in dramatiq 2.2 (dramatiq/cli.py: ``main``) and verified by running it: the broker and the actors are imported in
the children, so that only the program itself, with all that it imports, is executed in the parent.  Children are
started as ``multiprocessing`` starts them: by a fork, on Linux before Python 3.14.
"""

from __future__ import annotations

from collections.abc import Mapping

from flake8_forksafe.deployment.model import WorkerLaunch
from flake8_forksafe.deployment.pool import CPU_COUNT, PREFORK, Pool
from flake8_forksafe.deployment.sizes import whole_number
from flake8_forksafe.hosts.facts import AS_TYPED, ELSEWHERE, Argv, Words
from flake8_forksafe.hosts.host import Host, HostBoot, ProjectFacts, Step
from flake8_forksafe.hosts.scripts import started_by_script
from flake8_forksafe.interpreter.machine import LibraryState, Machine
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Value
from flake8_forksafe.library import dramatiq
from flake8_forksafe.library.host_programs import known
from flake8_forksafe.library.standard_process import StartMethod

FORKSERVER = (3, 14)
"""The Python from which on nothing is forked by default."""
SPAWNS = "it starts its processes by {}: nothing is inherited"


class DramatiqBoot(LibraryState):
    """What the program says of its workers; None if it starts none."""

    def __init__(self, machine: Machine) -> None:
        self.given: dict[str, Value] | None = None


def _begin(boot: HostBoot) -> None:
    boot.machine.state(DramatiqBoot).given = started_by_script(boot, dramatiq.NAME)


def _project_facts(boot: HostBoot) -> ProjectFacts:
    given = boot.machine.state(DramatiqBoot).given or {}
    method = "spawn" if "spawn" in given else boot.machine.state(StartMethod).chosen
    versions = boot.machine.process.versions
    if not method and versions and versions[0] >= FORKSERVER:
        method = "forkserver"
    conf: dict[str, object] = {"workers": known(given["workers"])} if "workers" in given else {}
    forks = method in ("", "fork")
    return ProjectFacts({**conf, "forks": forks}, clean="" if forks else SPAWNS.format(method))


def _pool(launch: WorkerLaunch | None, conf: Mapping[str, object]) -> Pool:
    """The processes of ``--processes``, else one for each CPU."""
    given = conf.get("workers")
    number, source = (whole_number(str(given)), "--processes") if "workers" in conf else (None, CPU_COUNT)
    forks = bool(conf.get("forks", True))
    return Pool(PREFORK, "fork" if forks else "spawn", number, source, forks=forks)


def _other_processes(app: str) -> dict[str, Argv]:
    """Processes in which a gate is evaluated as well, to learn what it is for."""
    return {ELSEWHERE: (("/srv/manage.py", "migrate"), ("/venv/bin/gunicorn", "proj.wsgi")),
            AS_TYPED: (("dramatiq", app),)}  # fmt: skip


DRAMATIQ = Host(
    name=dramatiq.NAME,
    words=Words("dramatiq", "its parent", "after_process_boot", "actor", "dramatiq program",
                '"dramatiq" in sys.modules', "--processes"),
    root=Node("", "dramatiq"),
    programs=frozenset(),
    launch_forms=lambda app: {f"python {app.replace('.', '/')}.py": (f"{app.replace('.', '/')}.py",)},
    other_processes=_other_processes,
    before_fork=(Step("program", _begin),),
    after_fork=(),
    in_children=(),
    project_facts=_project_facts,
    handlers=(),
    pool=_pool,
)  # fmt: skip
"""A program that calls ``dramatiq.cli.main``; the command ``dramatiq`` itself executes nothing of the project."""
