"""Command lines of job workers that fork: ``rq worker``, ``rq worker-pool``, ``huey_consumer``.

Read in rq 3.0 (rq/cli/cli.py, rq/cli/helpers.py) and huey 3.5 (huey/consumer_options.py), and compared with runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flake8_forksafe.deployment.celery_command import WorkerCommand
from flake8_forksafe.deployment.model import Word

RQ_LOADS = {
    "-w": "worker class", "--worker-class": "worker class", "-j": "job class", "--job-class": "job class",
    "--queue-class": "queue class", "--connection-class": "connection class", "-c": "config", "--config": "config",
    "--exception-handler": "exception handler",
}  # fmt: skip
"""Options of ``rq worker`` that name something to import."""
RQ_ORDER = tuple(dict.fromkeys(RQ_LOADS.values()))
"""The order in which they are imported, as seen."""
RUNNER = "runner"
"""The option of a launch that names the program which ``rq`` is a command of, where that is not the project's."""
RUNNERS = frozenset({"flask", "django-admin", "django"})
RQ_VALUES = {**RQ_LOADS, "-P": "path", "--path": "path"}
RQ_POOL_VALUES = {**RQ_VALUES, "-n": "concurrency", "--num-workers": "concurrency"}
HUEY_VALUES = {"-k": "worker type", "--worker-type": "worker type", "-w": "concurrency", "--workers": "concurrency"}
HUEY_FLAGS = frozenset({"-v", "--verbose", "-q", "--quiet", "-S", "--simple", "-n", "--no-periodic", "-o",
                        "--flush-locks", "-C", "--disable-health-check"})  # fmt: skip


def rq_command(arguments: Sequence[Word], environ: Mapping[str, Word]) -> WorkerCommand | None:
    """The worker that ``rq`` is with these arguments; None if it is none."""
    command = next((word for word in arguments if not word.text.startswith("-")), Word(""))
    if command.text not in ("worker", "worker-pool") or any(word.text in ("-h", "--help") for word in arguments):
        return None
    if command.text == "worker":
        return WorkerCommand(_read(arguments, RQ_VALUES, frozenset())[0])
    return WorkerCommand({**_read(arguments, RQ_POOL_VALUES, frozenset())[0], "pool": command})


def huey_command(arguments: Sequence[Word], environ: Mapping[str, Word]) -> WorkerCommand | None:
    """The consumer that ``huey_consumer`` is; None if it is told no instance."""
    options, rest = _read(arguments, HUEY_VALUES, HUEY_FLAGS)
    if not rest or any(word.text in ("-h", "--help") for word in arguments):
        return None
    return WorkerCommand({**options, "instance": rest[0]})


def _read(
    arguments: Sequence[Word], values: Mapping[str, str], flags: frozenset[str]
) -> tuple[dict[str, Word], list[Word]]:
    """Options by their names here, and what is none; without ``flags`` no unknown option is known to take a value."""
    options: dict[str, Word] = {}
    rest: list[Word] = []
    position = 0
    while position < len(arguments):
        word = arguments[position]
        position += 1
        name, equals, value = word.text.partition("=")
        if not name.startswith("-"):
            rest.append(word)
        elif name in values and (equals or position < len(arguments)):
            options[values[name]] = word._replace(text=value) if equals else arguments[position]
            position += not equals
        elif name[:2] in values and not name.startswith("--"):
            options[values[name[:2]]] = word._replace(text=name[2:])
        elif flags and name not in flags and not equals:
            position += 1
    return options, rest
