"""Programs besides Celery's that fork processes, as commands name them: one entry each."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from flake8_forksafe.deployment import django_commands, gunicorn_command
from flake8_forksafe.deployment.celery_command import WorkerCommand
from flake8_forksafe.deployment.files import FileSystemView
from flake8_forksafe.deployment.model import Word, WorkerLaunch


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
        values = {**dict(launch.environ), "DJANGO_SETTINGS_MODULE": known["settings"].text}
        launch = launch._replace(environ=tuple(sorted(values.items())), environ_places=())
    return launch._replace(host=name, app=None, directory=root, host_options=tuple(sorted(found.items())))


def _django_program(command: str) -> HostProgram:
    name = f"manage.py {command}"
    read, complete = partial(django_commands.command_reader, command), partial(_django_launch, name)
    return HostProgram(name, frozenset({command}), read, complete, of_django=True)


HOST_PROGRAM_TABLE = (
    HostProgram("gunicorn", gunicorn_command.PROGRAMS, gunicorn_command.gunicorn_command, _gunicorn_launch),
    *map(_django_program, django_commands.COMMANDS),
)
HOST_PROGRAMS = {name: program for program in HOST_PROGRAM_TABLE for name in program.programs}


def mentions_host(text: str) -> bool:
    """Whether a text names a host's program, so that it is worth parsing."""
    lowered = text.lower()
    return "celery" in lowered or any(name in lowered for name in HOST_PROGRAMS)
