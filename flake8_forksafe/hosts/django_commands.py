"""Boot plans of Django's job runners: ``manage.py rqworker``, ``rqworker-pool``, ``run_huey`` and ``qcluster``.

Read in Django 6.1 (django/core/management: ``ManagementUtility.execute``, ``BaseCommand.execute``), django-rq 4.2,
huey 3.5 (huey/contrib/djhuey) and django-q2 1.11, and verified by running them: ``django.setup()``, then the command,
then system checks, which import the URLs and the views.  Only ``run_huey`` imports every app's ``tasks``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from flake8_forksafe.deployment.model import WorkerLaunch
from flake8_forksafe.deployment.pool import CPU_COUNT, PREFORK, THREADS, Pool
from flake8_forksafe.deployment.sizes import whole_number
from flake8_forksafe.hosts.django import fall_back
from flake8_forksafe.hosts.facts import AS_TYPED, ELSEWHERE, Argv, Words
from flake8_forksafe.hosts.host import Host, HostBoot, ProjectFacts, Step
from flake8_forksafe.interpreter.containers import Table
from flake8_forksafe.interpreter.importing import load_file
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Literal, ModuleValue, Value, options
from flake8_forksafe.library.django_checks import run_checks
from flake8_forksafe.library.django_settings import DjangoSettings, is_configured, setting
from flake8_forksafe.library.django_setup import autodiscover, load_command, setup
from flake8_forksafe.project.layout import FIRST_PARTY, FoundModule

MAIN = "__main__"
AT_FORK = "os.register_at_fork(after_in_child=...)"
"""What runs in each child where the host has no hook of its own."""


class JobRunner(NamedTuple):
    """A management command that forks.

    :ivar hook: what runs in each child.
    :ivar discovers: the module of every app that it imports; empty for none.
    :ivar counted_by: the path in Django's settings to the number of processes, if there is one.
    :ivar default: processes, if nobody says how many; None for the CPU count.
    :ivar typed_by: the path to the type of its workers, where only ``process`` forks.
    :ivar forked_by: the module in whose call the first fork happens, or the boot is over.
    """

    command: str
    hook: str = AT_FORK
    discovers: str = ""
    counted_by: tuple[str, ...] = ()
    default: int | None = 1
    typed_by: tuple[str, ...] = ()
    forked_by: str = ""


RUNNERS = (
    JobRunner("rqworker", forked_by="rq.worker"),
    JobRunner("rqworker-pool", forked_by="rq.worker_pool"),
    JobRunner(
        "run_huey",
        "on_startup",
        "tasks",
        ("HUEY", "consumer", "workers"),
        1,
        ("HUEY", "consumer", "worker_type"),
        "huey.consumer",
    ),
    JobRunner("qcluster", counted_by=("Q_CLUSTER", "workers"), default=None, forked_by="django_q.cluster"),
)


def launch_forms(runner: JobRunner, app: str) -> dict[str, tuple[str, ...]]:
    """``sys.argv`` of the parent."""
    return {f"manage.py {runner.command}": ("manage.py", runner.command)}


def argv_of(command: tuple[str, ...]) -> tuple[str, ...]:
    """``sys.argv`` of the parent by the words of its command: the script as it is named, and what stands behind it."""
    position = next((index for index, word in enumerate(command) if word.endswith(".py")), 0)
    return command[position:]


def other_processes(runner: JobRunner, app: str) -> dict[str, Argv]:
    """Processes in which a gate is evaluated as well, to learn what it is for."""
    return {
        ELSEWHERE: (("manage.py", "migrate"), ("/venv/bin/gunicorn", "proj.wsgi")),
        AS_TYPED: (("manage.py", runner.command), (runner.command,)),
    }


def _literal(machine: Machine, boot: HostBoot, path: tuple[str, ...]) -> Literal | None:
    """A value of Django's settings, along keys of mappings; None if there is none, or none that is known."""
    value: Value | None = setting(machine, path[0], boot.frame) if path and is_configured(machine) else None
    for key in path[1:]:
        found = [option.entries.get(key) for option in options(value) if isinstance(option, Table)] if value else []
        value = found[0].value if len(found) == 1 and found[0] is not None else None
    return value if isinstance(value, Literal) else None


def _run_script(boot: HostBoot) -> None:
    """``manage.py`` itself, which names the settings."""
    fall_back(boot)
    script = dict(boot.start.options).get("script")
    if script is not None:
        load_file(boot.machine, FoundModule(MAIN, script, False, (), FIRST_PARTY), boot.frame)
        boot.app_place = (MAIN, 1)


def _set_up(boot: HostBoot) -> None:
    if is_configured(boot.machine):
        setup(boot.machine, boot.frame)


def _load_command(runner: JobRunner, boot: HostBoot) -> None:
    if is_configured(boot.machine):
        load_command(boot.machine, runner.command, boot.frame)


def _check(boot: HostBoot) -> None:
    if is_configured(boot.machine):
        run_checks(boot.machine, boot.frame)


def _discover(runner: JobRunner, boot: HostBoot) -> None:
    if runner.discovers and is_configured(boot.machine):
        autodiscover(boot.machine, runner.discovers, boot.frame)


def _project_facts(runner: JobRunner, boot: HostBoot) -> ProjectFacts:
    machine = boot.machine
    conf: dict[str, object] = {}
    with machine.recorder.boot_step("settings"):
        for name, path in (("workers", runner.counted_by), ("worker type", runner.typed_by)):
            value = _literal(machine, boot, path)
            if value is not None:
                conf[name] = value.value
    holders = machine.state(DjangoSettings).settings or ()
    loaded = tuple(holder.module.name for holder in holders if isinstance(holder, ModuleValue))
    kind = dict(boot.start.options).get("worker type", conf.get("worker type", "thread"))
    clean = "its workers are threads of one process: nothing is forked" if runner.typed_by and kind != "process" else ""
    return ProjectFacts(conf, settings=loaded, clean=clean)


def _pool(runner: JobRunner, launch: WorkerLaunch | None, conf: Mapping[str, object]) -> Pool:
    """The processes: by the option, else by the settings, else the default."""
    given = dict(launch.host_options).get("worker type") if launch is not None else None
    forks = not runner.typed_by or (given or conf.get("worker type", "thread")) == "process"
    if launch is not None and launch.concurrency is not None:
        number, source = whole_number(launch.concurrency), "the command line"
    elif "workers" in conf:
        number, source = whole_number(str(conf["workers"])), ".".join(runner.counted_by)
    else:
        number, source = runner.default, CPU_COUNT if runner.default is None else f"the default of {runner.command}"
    return Pool(PREFORK if forks else THREADS, "fork", number, source, forks=forks)


def _host(runner: JobRunner) -> Host:
    name = f"manage.py {runner.command}"
    return Host(
        name=name,
        words=Words(
            forker=name,
            main="its parent",
            hook=runner.hook,
            work="job",
            app=f"{runner.command} of Django",
            gate=f'"{runner.command}" in sys.argv',
            concurrency=".".join(runner.counted_by) or "--num-workers",
        ),
        root=Node("", name),
        programs=frozenset(),
        launch_forms=partial(launch_forms, runner),
        other_processes=partial(other_processes, runner),
        before_fork=(
            Step("manage.py", _run_script),
            Step("django.setup", _set_up),
            Step("management command", partial(_load_command, runner)),
            Step("run_checks", _check),
            Step("autodiscover_modules", partial(_discover, runner)),
        ),
        after_fork=(),
        in_children=(),
        project_facts=partial(_project_facts, runner),
        handlers=(),
        pool=partial(_pool, runner),
        argv_of=argv_of,
        forked_by=(runner.forked_by,),
    )


DJANGO_RUNNERS = tuple(map(_host, RUNNERS))
"""Commands of Django that fork."""
