"""Other hosts than Celery's worker: what their command starts, and where their boot is stopped."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from flake8_forksafe.options import UsageError
from flake8_forksafe.settings import Settings

if TYPE_CHECKING:
    from flake8_forksafe.deployment.model import Launches, WorkerLaunch
    from flake8_forksafe.project.disk import Disk

REFUSED = ("-D", "--daemon", "--daemonize")
"""Arguments that would make a host leave the terminal."""
ANY_PORT = ("-b", "127.0.0.1:0")
BINDING = ("-b", "--bind")


class HostCommand(NamedTuple):
    """A command that starts another host.

    :ivar words: what is run: a file or a console script and its arguments, or ``-m`` and a module.
    :ivar name: of the host; ``main`` of its process that forks.
    :ivar forked_by: modules in whose calls the first fork happens.
    """

    words: tuple[str, ...]
    name: str
    main: str
    forked_by: tuple[str, ...]


def host_command(words: Sequence[str], project: str) -> HostCommand | None:
    """The host that a command starts; None if it starts none but Celery's worker.

    :raises UsageError: for a host whose fork cannot be seen, and for what would leave the terminal.
    """
    launch = _launch_of(words, project)
    if launch is None:
        return None
    from flake8_forksafe.deployment.programs import INTERPRETER
    from flake8_forksafe.hosts.table import host_named

    host = host_named(launch.host)
    if not host.forked_by:
        raise UsageError(f"{host.name} cannot be measured: its fork is not seen by Python")
    for word in words:
        if word in REFUSED:
            raise UsageError(f"a measurement does not take {word}: it would leave the terminal")
    own = list(launch.argv)
    if INTERPRETER.fullmatch(os.path.basename(own[0])):
        del own[0]
    if host.binds and not any(word.partition("=")[0] in BINDING or word.startswith("-b") for word in own):
        own += ANY_PORT
    return HostCommand(tuple(own), host.name, host.words.main, host.forked_by)


def _launch_of(words: Sequence[str], project: str) -> WorkerLaunch | None:
    """What a command starts besides Celery's worker."""
    from flake8_forksafe.project.disk import Disk

    others = _launches(words, Disk(), project).others
    return others[0] if others else None


def _launches(words: Sequence[str], disk: Disk, project: str) -> Launches:
    """A command as the only launch of a project."""
    from flake8_forksafe.deployment.commands import launches_of
    from flake8_forksafe.deployment.files import Files, FileSystemView
    from flake8_forksafe.deployment.model import Launches, Place, Start, Word
    from flake8_forksafe.host_names import CELERY

    place = Place(os.path.join(project, "pyproject.toml"), 1)
    start = Start("command line", "", tuple(Word(word, place) for word in words), {}, project, place)
    found = launches_of(start, FileSystemView(Files(disk, project)))
    return Launches((), (), others=tuple(launch for launch in found if launch.host != CELERY))


def predict(settings: Settings, words: Sequence[str]) -> tuple[dict[str, Any], Any]:
    """The static trace of what a command starts, as a document, and the catalogue."""
    import json

    from flake8_forksafe.analysis import analyse
    from flake8_forksafe.report.json import trace_document
    from flake8_forksafe.session import deep_recursion

    launch = _launch_of(words, settings.project)
    hosts = (launch.host,) if launch is not None else ()
    with deep_recursion():
        report = analyse(settings._replace(app=(), hosts=hosts), launches_in=partial(_launches, words))
        document = json.loads(trace_document(report.traces, report.catalogue, settings.project))
    return document, report.catalogue
