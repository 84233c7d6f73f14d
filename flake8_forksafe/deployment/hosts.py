"""Programs besides Celery's that fork processes, as commands name them: one entry each."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from flake8_forksafe.deployment import gunicorn_command
from flake8_forksafe.deployment.celery_command import WorkerCommand
from flake8_forksafe.deployment.files import View
from flake8_forksafe.deployment.model import Word, WorkerLaunch


class HostProgram(NamedTuple):
    """A program that forks.

    :ivar host: the name of the host (:data:`flake8_forksafe.hosts.table.HOSTS`).
    :ivar read: what its arguments say, in an environment; None if it starts nothing that stays.
    :ivar complete: a launch with what only this host's arguments say.
    """

    host: str
    programs: frozenset[str]
    read: Callable[[Sequence[Word], Mapping[str, Word]], WorkerCommand | None]
    complete: Callable[[WorkerLaunch, WorkerCommand, Mapping[str, Word], View, str], WorkerLaunch]


def _gunicorn_launch(
    launch: WorkerLaunch, command: WorkerCommand, environ: Mapping[str, Word], view: View, directory: str
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


HOST_PROGRAM_TABLE = (
    HostProgram("gunicorn", gunicorn_command.PROGRAMS, gunicorn_command.gunicorn_command, _gunicorn_launch),
)
HOST_PROGRAMS = {name: program for program in HOST_PROGRAM_TABLE for name in program.programs}


def mentions_host(text: str) -> bool:
    """Whether a text names a host's program, so that it is worth parsing."""
    lowered = text.lower()
    return "celery" in lowered or any(name in lowered for name in HOST_PROGRAMS)
