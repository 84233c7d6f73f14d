"""Recognises hosts other than Celery by their commands: one entry for each program."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from flake8_forksafe.deployment import django_commands, gunicorn_command, job_worker_commands, uwsgi_command
from flake8_forksafe.deployment.celery_command import WorkerCommand
from flake8_forksafe.deployment.files import FileSystemView
from flake8_forksafe.deployment.model import Program, Word, WorkerLaunch
from flake8_forksafe.host_names import HOST_WORDS


class HostProgram(NamedTuple):
    """A program that forks.

    :ivar host: the name of the host (:data:`flake8_forksafe.hosts.table.HOSTS`).
    :ivar read: what its arguments say, in an environment; None if it starts nothing that stays.
    :ivar complete: a launch with what only this host's arguments say.
    :ivar of_django: whether it is a command behind ``manage.py`` or ``django-admin``.
    """

    host: str
    programs: frozenset[str]
    read: Callable[[Sequence[Word], Mapping[str, Word]], WorkerCommand | None]
    complete: Callable[[WorkerLaunch, WorkerCommand, Mapping[str, Word], FileSystemView, str], WorkerLaunch]
    of_django: bool = False


def _gunicorn_launch(
    launch: WorkerLaunch, command: WorkerCommand, environ: Mapping[str, Word], view: FileSystemView, directory: str
) -> WorkerLaunch:
    """The directory that the server changes to, and the configuration file that it finds there."""
    options = command.options
    found: dict[str, str] = {}
    app = options.get("app")
    if "preload" in options:
        found["preload"] = options["preload"].text
    if "chdir" in options:
        directory = posixpath.join(directory, options["chdir"].text)
    named = options["config"].text.removeprefix("file:") if "config" in options else ""
    if named.startswith("python:"):
        found["config module"] = named.removeprefix("python:")
    elif named:
        path = view.file(named, directory)
        found["config" if path is not None else "missing config"] = path or named
    else:
        path = view.existing(gunicorn_command.DEFAULT_CONFIG, directory)
        if path is not None:
            found["config"] = path
    search_path = options["pythonpath"].text.replace(",", ":") if "pythonpath" in options else ""
    return launch._replace(
        host="gunicorn",
        app=app.text if app is not None else None,
        directory=view.directory(directory),
        search_path=(*view.search_path(search_path, directory), *launch.search_path),
        host_options=tuple(sorted(found.items())),
    )


def _uwsgi_launch(
    launch: WorkerLaunch, command: WorkerCommand, environ: Mapping[str, Word], view: FileSystemView, directory: str
) -> WorkerLaunch:
    """What the options of the command, of variables and of configuration files amount to."""
    from flake8_forksafe.deployment.uwsgi_files import Reader

    reader = Reader(view, directory, environ)
    given = [*uwsgi_command.read_variables(environ), *uwsgi_command.read_arguments(command.arguments)]
    server = uwsgi_command.server_of(reader.expand(given))
    if server.chdir is not None:
        directory = posixpath.join(directory, server.chdir.text)
    found: list[tuple[str, str]] = []
    app: str | None = None
    for kind, word, sure in server.loads:
        what = word.text.partition("=")[2] if kind == "mount" else word.text
        is_file = uwsgi_command.is_file(kind, what)
        path = view.file(what, directory) if is_file and "$(" not in what else None
        if kind == "mount" and not is_file and ":" not in what:
            continue  # it is no app of Python (uwsgi_python_mount_app)
        may = "" if sure else "may "
        if is_file:
            found.append((f"{may}{kind}", f"{path or what}={what}"))
        else:
            app = what if kind == "module" else app
            found.append((f"{may}{kind}", what))
    if server.lazy is not False:
        found.append(("lazy-apps", "yes" if server.lazy else "maybe"))
    single = server.processes is None or server.processes.text == "1"
    if server.master is False and single and not reader.missing:
        found.append(("alone", "yes"))
    found += [("missing config", name) for name in reader.missing]
    if server.callable:
        found.append(("callable", server.callable))
    launch = _with_environ(launch, {name: word.text for name, word in server.environ.items()})
    if server.processes is not None:
        place = server.processes.place
        launch = launch._replace(
            concurrency=server.processes.text, concurrency_path=place.path, concurrency_line=place.line
        )
    search_path = ":".join(word.text for word in server.pythonpath)
    return launch._replace(
        host="uWSGI",
        app=app,
        directory=view.directory(directory),
        search_path=(*view.search_path(search_path, directory), *launch.search_path),
        host_options=tuple(found),
    )


def _with_environ(launch: WorkerLaunch, more: Mapping[str, str]) -> WorkerLaunch:
    """A launch whose process sets variables itself."""
    if not more:
        return launch
    return launch._replace(environ=tuple(sorted({**dict(launch.environ), **more}.items())), environ_places=())


def _django_launch(
    name: str,
    launch: WorkerLaunch,
    command: WorkerCommand,
    environ: Mapping[str, Word],
    view: FileSystemView,
    directory: str,
) -> WorkerLaunch:
    """The script in front of the command, in whose directory modules are looked for first."""
    known = command.options
    found = {"worker type": known["worker type"].text} if "worker type" in known else {}
    script = next((word for word in launch.argv if word.endswith(".py")), "")
    path = view.file(script, directory) if script else None
    if path is not None:
        found["script"] = path
    root = os.path.dirname(path) if path is not None else launch.directory
    if "settings" in known:
        launch = _with_environ(launch, {"DJANGO_SETTINGS_MODULE": known["settings"].text})
    return launch._replace(host=name, app=None, directory=root, host_options=tuple(sorted(found.items())))


def _rq_launch(
    launch: WorkerLaunch, command: WorkerCommand, environ: Mapping[str, Word], view: FileSystemView, directory: str
) -> WorkerLaunch:
    """What its options name, in the order in which it is imported, and where that is looked for.

    ``rq`` may be a command of a program of the project (``./manage.py rq worker``), which loads what it imports.
    """
    known = command.options
    found = [(name, known[name].text) for name in (*job_worker_commands.RQ_ORDER, "pool") if name in known]
    if "path" in known:
        directory = posixpath.join(directory, known["path"].text)
    before = launch.argv[: next(index for index, word in enumerate(launch.argv) if posixpath.basename(word) == "rq")]
    script = next((word for word in before if word.endswith(".py")), "")
    path = view.file(script, directory) if script else None
    root = view.directory(directory)
    if path is not None:
        root = os.path.dirname(path)
        launch = launch._replace(program=Program(path, "", "", launch.argv[launch.argv.index(script) :]))
        found.append((job_worker_commands.RUNNER, script))
    else:
        runners = (word for word in before if posixpath.basename(word) in job_worker_commands.RUNNERS)
        runner = script or next(runners, "")
        found += [(job_worker_commands.RUNNER, runner)] if runner else []
    return launch._replace(host="rq worker", app=None, directory=root, host_options=tuple(found))


def _huey_launch(
    launch: WorkerLaunch, command: WorkerCommand, environ: Mapping[str, Word], view: FileSystemView, directory: str
) -> WorkerLaunch:
    """The instance, and the type of the workers."""
    known = command.options
    instance = known["instance"].text
    found = [("instance", instance)]
    if "worker type" in known:
        found.append(("worker type", known["worker type"].text))
    return launch._replace(host="huey_consumer", app=instance.rpartition(".")[0], host_options=tuple(found))


def _django_program(command: str) -> HostProgram:
    name = f"manage.py {command}"
    read, complete = partial(django_commands.command_reader, command), partial(_django_launch, name)
    return HostProgram(name, frozenset({command}), read, complete, of_django=True)


HUEY = frozenset({"huey_consumer", "huey_consumer.py", "huey.bin.huey_consumer"})
HOST_PROGRAM_TABLE = (
    HostProgram("gunicorn", gunicorn_command.PROGRAMS, gunicorn_command.gunicorn_command, _gunicorn_launch),
    HostProgram("uWSGI", uwsgi_command.PROGRAMS, uwsgi_command.uwsgi_command, _uwsgi_launch),
    HostProgram("rq worker", frozenset({"rq"}), job_worker_commands.rq_command, _rq_launch),
    HostProgram("huey_consumer", HUEY, job_worker_commands.huey_command, _huey_launch),
    *map(_django_program, django_commands.COMMANDS),
)
HOST_PROGRAMS = {name: program for program in HOST_PROGRAM_TABLE for name in program.programs}


def mentions_host(text: str) -> bool:
    """Whether a text names a host's program, so that it is worth parsing."""
    lowered = text.lower()
    return "celery" in lowered or any(word in lowered for word in HOST_WORDS)
