"""Management commands of Django that fork: ``manage.py rqworker``, ``run_huey``, ``qcluster``.

Read in django-rq 4.2, huey 3.5 and django-q2 1.11: their ``management/commands``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flake8_forksafe.deployment.celery_command import WorkerCommand
from flake8_forksafe.deployment.model import Word

COMMANDS = ("rqworker", "rqworker-pool", "run_huey", "qcluster")
VALUES = {
    "-n": "concurrency", "--num-workers": "concurrency", "-w": "concurrency", "--workers": "concurrency",
    "-k": "worker type", "--worker-type": "worker type", "--settings": "settings",
}  # fmt: skip
"""Options with a value that say something about the boot; ``-n`` and ``-w`` mean the name or class of a worker in
``rqworker``."""
OTHERWISE = {"rqworker": ("-n", "-w"), "rqworker-pool": ("-w",)}


def command_reader(command: str, arguments: Sequence[Word], environ: Mapping[str, Word]) -> WorkerCommand | None:
    """What the arguments of a command say; None if it only shows its help."""
    options: dict[str, Word] = {}
    for position, word in enumerate(arguments):
        if word.text in ("-h", "--help"):
            return None
        name, equals, value = word.text.partition("=")
        if name in VALUES and name not in OTHERWISE.get(command, ()):
            if equals:
                options[VALUES[name]] = word._replace(text=value)
            elif position + 1 < len(arguments):
                options[VALUES[name]] = arguments[position + 1]
    return WorkerCommand(options)
