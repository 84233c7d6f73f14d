"""Parses Celery's command line: which workers it starts, and with which options.

Read in Celery 5.3.6 and 5.7.0: ``celery/bin/celery.py`` (global options), ``celery/bin/worker.py`` and
``celery/bin/base.py`` (options of a worker), ``celery/apps/multi.py`` and ``celery/bin/multi.py`` (``celery multi``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from flake8_forksafe.deployment.model import Word
from flake8_forksafe.deployment.sizes import whole_number

GLOBAL_VALUES = {
    "-A": "app", "--app": "app", "-b": "broker", "--broker": "broker", "--result-backend": "result_backend",
    "--loader": "loader", "--config": "config", "--workdir": "workdir",
}  # fmt: skip
"""Options of ``celery`` itself that take a value, with click's parameter name."""

GLOBAL_FLAGS = frozenset({"-C", "--no-color", "-q", "--quiet", "--version", "--skip-checks", "--help"})

WORKER_VALUES = {
    "-n": "hostname", "--hostname": "hostname", "-S": "statedb", "--statedb": "statedb",
    "-l": "loglevel", "--loglevel": "loglevel", "-O": "optimization", "--optimization": "optimization",
    "--prefetch-multiplier": "prefetch_multiplier", "-c": "concurrency", "--concurrency": "concurrency",
    "-P": "pool", "--pool": "pool", "--time-limit": "time_limit", "--soft-time-limit": "soft_time_limit",
    "--max-tasks-per-child": "max_tasks_per_child", "--pool-start-method": "pool_start_method",
    "--max-memory-per-child": "max_memory_per_child", "--queues": "queues", "-Q": "queues",
    "--exclude-queues": "exclude_queues", "-X": "exclude_queues", "--include": "include", "-I": "include",
    "--heartbeat-interval": "heartbeat_interval", "--autoscale": "autoscale",
    "-s": "schedule_filename", "--schedule-filename": "schedule_filename", "--schedule": "schedule_filename",
    "--scheduler": "scheduler", "--logfile": "logfile", "-f": "logfile", "--pidfile": "pidfile", "--uid": "uid",
    "--gid": "gid", "--umask": "umask", "--executable": "executable",
}  # fmt: skip
"""Options of ``celery worker`` that take a value, with click's parameter name."""

WORKER_FLAGS = frozenset({
    "-D", "--detach", "--disable-prefetch", "-E", "--task-events", "--events", "--purge", "--discard",
    "--without-gossip", "--without-mingle", "--without-heartbeat", "-B", "--beat", "--help",
})  # fmt: skip

VALUES = {**GLOBAL_VALUES, **WORKER_VALUES}
"""Before Celery 5 the global options stood after ``worker``; both orders are understood."""

SUBCOMMANDS = frozenset({
    "amqp", "beat", "call", "control", "events", "flower", "graph", "inspect", "list", "logtool", "migrate", "multi",
    "purge", "report", "result", "shell", "status", "upgrade", "worker",
})  # fmt: skip

MOST_NODES = 1000


class WorkerCommand(NamedTuple):
    """The arguments of a worker.

    :ivar options: click's parameter name to the value given last.
    :ivar settings: arguments of the form ``worker.concurrency=3``, which ``Celery.config_from_cmdline`` reads.
    :ivar nodes: how many workers are started with these options.
    :ivar open_options: variables in place of arguments.  Each may expand to any options.
    :ivar arguments: as they are, for a host whose files hold options as well.
    """

    options: Mapping[str, Word]
    settings: tuple[Word, ...] = ()
    nodes: int = 1
    open_options: tuple[str, ...] = ()
    arguments: tuple[Word, ...] = ()


def worker_commands(arguments: Sequence[Word]) -> tuple[WorkerCommand, ...]:
    """The workers that ``celery`` starts when it is given these arguments; empty for any other sub-command."""
    position = _subcommand(arguments)
    if position is None:
        return ()
    subcommand, before, after = arguments[position].text, arguments[:position], arguments[position + 1 :]
    if subcommand == "worker":
        if any(word.text == "--help" for word in arguments):
            return ()
        options: dict[str, Word] = {}
        rest = [*_read(before, options), *_read(after, options)]
        settings = tuple(word for word in rest if "=" in word.text and not _is_open(word))
        return (WorkerCommand(options, settings, open_options=_open(rest)),)
    if subcommand == "multi" and after and after[0].text in ("start", "restart"):
        return tuple(_nodes([*after[1:], *before]))
    return ()


def modules_of(value: str) -> tuple[str, ...]:
    """The modules that ``--include`` names; Celery splits it at commas (celery/bin/base.py, ``CommaSeparatedList``)."""
    return tuple(name for name in map(str.strip, value.split(",")) if name)


def other_command(arguments: Sequence[Word]) -> tuple[str, Word | None]:
    """The sub-command and the app of a process that is no worker; ``""`` if there is no sub-command."""
    position = _subcommand(arguments)
    if position is None:
        return "", None
    options: dict[str, Word] = {}
    for _ in (*_read(arguments[:position], options), *_read(arguments[position + 1 :], options)):
        pass
    return arguments[position].text, options.get("app")


def _is_open(word: Word) -> bool:
    return bool(word.unknown) and word.text.startswith("$")


def _open(words: Sequence[Word]) -> tuple[str, ...]:
    """Variables that stand in place of arguments."""
    return tuple(word.text for word in words if _is_open(word))


def _subcommand(arguments: Sequence[Word]) -> int | None:
    """The index of the sub-command; None if Celery would not find one."""
    position = 0
    while position < len(arguments):
        text = arguments[position].text
        following = arguments[position + 1].text if position + 1 < len(arguments) else "-"
        if not text.startswith("-"):
            if text in SUBCOMMANDS:
                return position
            if not text.startswith("$"):
                return None
        elif text in GLOBAL_VALUES or (
            text.startswith("--")
            and "=" not in text
            and text not in GLOBAL_FLAGS
            and following not in SUBCOMMANDS
            and not following.startswith("-")
        ):
            position += 1
        position += 1
    return None


def _read(arguments: Sequence[Word], options: dict[str, Word]) -> Iterator[Word]:
    """Put options into ``options`` as click's parser does; yields the arguments that are none."""
    position = 0
    while position < len(arguments):
        word = arguments[position]
        position += 1
        if word.text == "--":
            yield from arguments[position:]
            return
        if not word.text.startswith("-") or word.text == "-":
            yield word
            continue
        if _has_beat(word):
            options["beat"] = word
        parameter, value = _long(word) if word.text.startswith("--") else _short(word)
        if parameter is None:
            continue
        if value is None:
            if position == len(arguments):
                return
            value = arguments[position]
            position += 1
        options[parameter] = value


def _long(word: Word) -> tuple[str | None, Word | None]:
    """The parameter of ``--name`` or ``--name=value``; None for a flag or an unknown option."""
    name, equals, value = word.text.partition("=")
    return VALUES.get(name), word._replace(text=value) if equals else None


def _has_beat(word: Word) -> bool:
    """Whether it is ``--beat`` or ``-B``, alone or among other flags (``-EB``)."""
    flags = takewhile(lambda letter: f"-{letter}" in WORKER_FLAGS | GLOBAL_FLAGS, word.text[1:])
    return word.text == "--beat" or (word.text[1:2] != "-" and "B" in flags)


def _short(word: Word) -> tuple[str | None, Word | None]:
    """The parameter of ``-c``, ``-c4`` or ``-Ec4``: flags may stand before the option that takes a value."""
    for index, letter in enumerate(word.text[1:], 1):
        parameter = VALUES.get(f"-{letter}")
        if parameter is not None:
            rest = word.text[index + 1 :]
            return parameter, word._replace(text=rest) if rest else None
        if f"-{letter}" not in WORKER_FLAGS | GLOBAL_FLAGS:
            break
    return None, None


def _nodes(arguments: Sequence[Word]) -> Iterator[WorkerCommand]:
    """The workers of ``celery multi start``, as ``NamespacedOptionParser`` and ``MultiParser`` make them."""
    rest, common, special = _namespaces(arguments)
    names, variables = [word.text for word in rest if not _is_open(word)], _open(rest)
    if not names and variables:  # celery multi start $NODES $OPTIONS
        names, variables = [variables[0]], variables[1:]
    count = whole_number(names[0]) if len(names) == 1 else None
    counted = count is not None
    if count is not None:
        names = [str(number) for number in range(1, min(count, MOST_NODES) + 1)]
    individual: dict[str, dict[str, Word]] = {}
    for namespace, options in special.items():
        for name in _members(namespace, names, counted):
            individual.setdefault(name, {}).update(options)
    alike = [name for name in names if name not in individual]
    if alike:
        yield WorkerCommand(common, (), len(alike), variables)
    for name in names:
        if name in individual:
            yield WorkerCommand({**common, **individual[name]}, open_options=variables)


def _namespaces(arguments: Sequence[Word]) -> tuple[list[Word], dict[str, Word], dict[str, dict[str, Word]]]:
    """Names of nodes, options of all of them, and options of ``-c:1`` by what stands after the colon."""
    names: list[Word] = []
    common: dict[str, Word] = {}
    special: dict[str, dict[str, Word]] = {}
    position = 0
    while position < len(arguments):
        word = arguments[position]
        position += 1
        if word.text == "--":
            break
        if not word.text.startswith("-"):
            names.append(word)
            continue
        name, equals, text = word.text.partition("=") if word.text.startswith("--") else (word.text, "", "")
        value = word._replace(text=text) if equals else None
        following = arguments[position : position + 1]
        if not word.text.startswith("--") and following and not following[0].text.startswith("-"):
            value = following[0]
            position += 1
        name, _, namespace = name.partition(":")
        if _has_beat(word._replace(text=name)):
            (special.setdefault(namespace, {}) if namespace else common)["beat"] = word
        parameter = VALUES.get(name)
        if parameter is not None and value is not None:
            (special.setdefault(namespace, {}) if namespace else common)[parameter] = value
    return names, common, special


def _members(namespace: str, names: Sequence[str], counted: bool) -> Iterator[str]:
    """The nodes that ``-c:1,2``, ``-c:1-3`` or ``-c:image`` means."""
    for part in namespace.split(","):
        first, last = (whole_number(end) for end in (part.partition("-")[0], part.partition("-")[2]))
        position = whole_number(part)
        if counted and first is not None and last is not None:
            yield from (name for name in names if first <= int(name) <= last)
        elif part in names:
            yield part
        elif position is not None and 0 < position <= len(names):
            yield names[position - 1]


TRUE = frozenset({"1", "t", "true", "y", "yes", "on"})
"""The values that click converts to True (click/types.py, ``BoolParamType``).  Celery does not start with others."""


def is_true(text: str) -> bool:
    """Whether click takes the value of a variable for True."""
    return text.strip().lower() in TRUE


HANDED_ON = {
    "loader": ("LOADER", "CELERY_LOADER"),
    "broker": ("BROKER_URL", "CELERY_BROKER_URL"),
    "result_backend": ("RESULT_BACKEND", "CELERY_RESULT_BACKEND"),
    "config": ("CONFIG_MODULE", "CELERY_CONFIG_MODULE"),
}
"""Options that ``celery`` hands on in its environment: the variable that click takes for the option, and Celery's."""


def with_options(command: WorkerCommand, arguments: Sequence[Word], environ: Mapping[str, Word]) -> Mapping[str, Word]:
    """The environment after ``celery`` has read its own options (celery/bin/celery.py); an unknown value is unknown."""
    found = dict(environ)
    for option, (variable, name) in HANDED_ON.items():
        given = command.options.get(option) or environ.get(variable)
        if given is not None and given.text:
            found[name] = given
    return _with_skipped_checks(arguments, found)


def _with_skipped_checks(arguments: Sequence[Word], environ: Mapping[str, Word]) -> Mapping[str, Word]:
    """The environment after ``celery --skip-checks``, or ``SKIP_CHECKS``, has been read (celery/bin/celery.py).

    Verified with Celery 5.7: the option stands before the sub-command, ``SKIP_CHECKS=0`` skips nothing.
    """
    before = takewhile(lambda word: word.text not in ("worker", "multi"), arguments)
    given = next((word for word in before if word.text == "--skip-checks"), environ.get("SKIP_CHECKS"))
    if given is None or (given.text != "--skip-checks" and not is_true(given.text)):
        return environ
    return {**environ, "CELERY_SKIP_CHECKS": Word("true", given.place)}
