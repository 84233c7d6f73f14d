"""The model of the worker process: what conditions are evaluated in."""

from __future__ import annotations

from typing import NamedTuple


class Process(NamedTuple):
    """One worker's MainProcess, as far as it is known before it starts.

    :ivar argv: the possible values of ``sys.argv``, one for each launch form.
    :ivar environ: the environment variables that are known; the others may or may not be set.
    :ivar platform: ``sys.platform``, or None if the project may run anywhere.
    :ivar versions: the lowest and the highest Python version it may run on.
    """

    argv: tuple[tuple[str, ...], ...]
    environ: tuple[tuple[str, str], ...] = ()
    platform: str | None = None
    versions: tuple[tuple[int, int], ...] = ()


Argv = tuple[tuple[str, ...], ...]
"""Possible values of ``sys.argv``."""


def launch_forms(app: str) -> dict[str, tuple[str, ...]]:
    """``sys.argv`` of a worker in both launch forms, by how it is launched.

    Verified with Celery 5.7: element 0 is a full path in both, so ``"celery" in sys.argv`` is False.
    """
    rest = ("-A", app, "worker")
    return {
        f"celery -A {app} worker": ("/venv/bin/celery", *rest),
        f"python -m celery -A {app} worker": ("/venv/lib/python3/site-packages/celery/__main__.py", *rest),
    }


def default_argv(app: str) -> Argv:
    """``sys.argv`` of a worker in both launch forms."""
    return tuple(launch_forms(app).values())


ELSEWHERE = "elsewhere"
"""A process of the project that is no worker: what a gate that selects the worker keeps out."""
IMAGINED = "imagined"
"""The worker as its gates often imagine it: ``sys.argv`` as it was typed, with a bare ``celery`` in front."""


def other_processes(app: str) -> dict[str, Argv]:
    """Processes in which a gate is evaluated as well, to learn what it is for."""
    return {
        ELSEWHERE: (("/srv/manage.py", "runserver"), ("/venv/bin/gunicorn", "proj.wsgi")),
        IMAGINED: (("celery", "-A", app, "worker"), ("celery", "worker", "-A", app)),
    }
