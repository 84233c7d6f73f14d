"""The files of process managers and task runners: one entry for each format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from flake8_forksafe.deployment.editor_files import editor_starts
from flake8_forksafe.deployment.files import Files
from flake8_forksafe.deployment.model import Start
from flake8_forksafe.deployment.platforms import ecs_starts, fly_starts, render_starts
from flake8_forksafe.deployment.process_managers import procfile_starts, supervisor_starts, systemd_starts, uwsgi_starts
from flake8_forksafe.deployment.script_tables import script_starts, taskfile_starts, tox_starts
from flake8_forksafe.deployment.task_runners import justfile_starts, makefile_starts

PROGRAM = re.compile(rb"^\[program:", re.MULTILINE)
UWSGI = re.compile(rb"^\[uwsgi\]", re.MULTILINE)
EDITOR = re.compile(rb'"(?:tasks|configurations)"\s*:')
CONTAINERS = re.compile(rb'"containerDefinitions"\s*:')


class ProcessFormat(NamedTuple):
    """A file format that starts processes.

    :ivar is_named: whether a file of this name may have the format.
    :ivar mark: a pattern in its content; None if the name is enough.
    :ivar starts: the processes that a file starts, given its text and its path.
    """

    kind: str
    is_named: Callable[[str], object]
    mark: re.Pattern[bytes] | None
    starts: Callable[[str, str, Files], Iterable[Start]]


PROCESS_FORMATS = (
    ProcessFormat("procfile", re.compile(r"Procfile(\..*)?", re.DOTALL).fullmatch, None, procfile_starts),
    ProcessFormat("tox", re.compile(r"tox\.ini").fullmatch, None, tox_starts),
    ProcessFormat("task", re.compile(r"[Tt]askfile(?:\.dist)?\.ya?ml").fullmatch, None, taskfile_starts),
    ProcessFormat(
        "scripts",
        re.compile(r"pyproject\.toml|Pipfile|package\.json|devcontainer\.json").fullmatch,
        None,
        script_starts,
    ),
    ProcessFormat("conf", re.compile(r".+\.(conf|ini)", re.DOTALL).fullmatch, PROGRAM, supervisor_starts),
    ProcessFormat("unit", re.compile(r".+\.service", re.DOTALL).fullmatch, None, systemd_starts),
    ProcessFormat("make", re.compile(r"(?:GNUm|[Mm])akefile|.+\.mk", re.DOTALL).fullmatch, None, makefile_starts),
    ProcessFormat("just", re.compile(r"\.?[Jj]ustfile|.+\.just", re.DOTALL).fullmatch, None, justfile_starts),
    ProcessFormat("fly", re.compile(r"fly(?:\..+)?\.toml", re.DOTALL).fullmatch, None, fly_starts),
    ProcessFormat("render", re.compile(r"render\.ya?ml").fullmatch, None, render_starts),
    ProcessFormat("uwsgi", re.compile(r".+\.ini", re.DOTALL).fullmatch, UWSGI, uwsgi_starts),
    ProcessFormat("editor", re.compile(r"tasks\.json|launch\.json").fullmatch, EDITOR, editor_starts),
    ProcessFormat("ecs", re.compile(r"(?i:.*task.?def.*|.*ecs.*)\.json", re.DOTALL).fullmatch, CONTAINERS, ecs_starts),
)
"""Every format, in the order in which they are tried.

:mod:`flake8_forksafe.deployment.prefilter` lists the endings of their names; a test compares the two.
"""
