"""Finds the workers that a command starts, through wrappers, shells, scripts and process managers.

A command is searched from left to right for ``celery`` followed by ``worker``.  So most wrappers need no entry here:
only those that take names of programs without running them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flake8_forksafe.deployment.celery_command import (
    WorkerCommand,
    is_true,
    modules_of,
    other_command,
    with_options,
    worker_commands,
)
from flake8_forksafe.deployment.clean_commands import NAMES as NAMES_OF_CLEAN
from flake8_forksafe.deployment.clean_commands import STARTERS, clean_command
from flake8_forksafe.deployment.files import FileSystemView
from flake8_forksafe.deployment.hosts import HOST_PROGRAMS, HostProgram, mentions_host
from flake8_forksafe.deployment.model import (
    NOWHERE,
    PYTHON,
    Bystander,
    CleanStart,
    Limit,
    Place,
    Program,
    Start,
    Unusable,
    Word,
    WorkerLaunch,
)
from flake8_forksafe.deployment.programs import INTERPRETER, program_at
from flake8_forksafe.deployment.shell import ShellInterpreter
from flake8_forksafe.deployment.shell_values import Budget, State
from flake8_forksafe.deployment.substitution import NAME
from flake8_forksafe.host_names import CELERY as THE_WORKER

CELERY = frozenset({"celery", "celery.exe", "celery.__main__.main"})
"""Celery's programs; the last is the function that ``watchfiles`` is given to run."""

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "su", "runuser"})

NAME_TAKERS = frozenset({
    "adduser", "apk", "apt", "apt-get", "awk", "bandit", "black", "cat", "chmod", "chown", "cp", "createdb",
    "createuser", "dnf", "dropdb", "dropuser", "du", "echo", "egrep", "find", "flake8", "git", "grep", "groupadd",
    "helm", "isort", "journalctl", "kill", "killall", "ln", "ls", "mkdir", "mv", "mypy", "mysql", "mysqladmin",
    "pg_dump", "pg_restore", "pgrep", "pip", "pip3", "pkill", "printf", "ps", "psql", "pylint", "pyright", "rm",
    "rsync", "ruff", "scp", "sed", "service", "supervisorctl", "systemctl", "tail", "tar", "touch", "type", "useradd",
    "usermod", "which", "yum",
})  # fmt: skip
"""Programs for which ``celery`` and ``worker`` are names of services, users or files, not commands."""

CONTAINER_TOOLS = frozenset({"docker", "docker-compose", "podman", "podman-compose", "kubectl", "nerdctl", "heroku"})
"""Programs that run a command only with ``run`` or ``exec``."""

NAMING_TOOLS = CONTAINER_TOOLS - {"heroku"}
"""Those of them that take the name of what runs the command before the command."""

DIRECT_WRAPPERS = frozenset({
    "--", "catatonit", "chpst", "command", "ddtrace-run", "doas", "dumb-init", "env", "exec", "ionice", "nice", "nohup",
    "opentelemetry-instrument", "setsid", "stdbuf", "sudo", "time", "tini", "watchfiles", "with-contenv", "xvfb-run",
})  # fmt: skip
"""Programs that run the command ``celery`` behind them; behind any other program it is a sub-command."""

BYSTANDERS = frozenset({"beat", "events", "flower"})
"""Long-running sub-commands of Celery that fork no pool."""

ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
DEEPEST = 12
MOST_STEPS = 20_000


class Started(NamedTuple):
    """A worker that a command starts.

    :ivar place: where its command is written.
    :ivar directory: as the process sees it.
    :ivar script: the Python program of the repository that starts it, if one does.
    :ivar program: the host that it is, if not a Celery worker.
    :ivar host: what the script may start.
    """

    argv: tuple[Word, ...]
    place: Place
    command: WorkerCommand
    environ: Mapping[str, Word]
    directory: str
    program: HostProgram | None = None
    script: Program | None = None
    host: str = THE_WORKER


def launches_of(start: Start, view: FileSystemView) -> list[WorkerLaunch]:
    """The workers that a deployment file starts with one command."""
    runner = CommandRunner(view, start.place)
    runner.run(start.argv, start.environ, start.directory)
    return _launches(runner, start, view)


def launches_of_script(start: Start, text: str, view: FileSystemView) -> list[WorkerLaunch]:
    """The workers that a shell script starts, if no other file runs the script."""
    runner = CommandRunner(view, start.place)
    runner.script(text, start.place, start.environ, start.directory, None, start.place.path)
    return _launches(runner, start, view, standalone=True)


def launches_of_program(path: str, view: FileSystemView) -> list[WorkerLaunch]:
    """The workers that a Python program starts by commands, and that nothing is seen to run."""
    start = Start(PYTHON, "", (), {}, view.files.project, Place(path, 1))
    runner = CommandRunner(view, start.place)
    runner.spawned(path, {}, start.directory)
    return _launches(runner, start, view, standalone=True)


def _launches(
    runner: CommandRunner, start: Start, view: FileSystemView, standalone: bool = False
) -> list[WorkerLaunch]:
    launches: dict[WorkerLaunch, None] = {}
    for started in runner.started:
        place = started.place if standalone else start.place
        launch = make_launch(start._replace(place=place), started, view, runner.expanded)
        if started.program is not None:
            launch = started.program.complete(launch, started.command, started.environ, view, started.directory)
        launches[launch] = None
    return list(launches)


def make_launch(start: Start, started: Started, view: FileSystemView, expanded: set[str]) -> WorkerLaunch:
    """Build the launch of a worker from everything known about it."""
    options, environ = started.command.options, started.environ
    if started.program is None:
        environ = with_options(started.command, started.argv, environ)
    known = sorted((name, word) for name, word in environ.items() if not word.unknown)
    app = options.get("app") or app_of_environment(environ)
    concurrency = options.get("concurrency") or environ.get("CELERY_WORKER_CONCURRENCY")
    where = concurrency.place if concurrency is not None else NOWHERE
    directory = started.directory
    if "workdir" in options:
        directory = posixpath.join(directory, options["workdir"].text)
    memory = start.memory or Limit(None, NOWHERE)
    include = options.get("include")
    unknown = {name for word in [*started.argv, *environ.values()] for name in word.unknown}

    def option(name: str) -> str | None:
        return options[name].text if name in options else None

    return WorkerLaunch(
        app=app.text if app is not None else None,
        argv=tuple(word.text for word in started.argv),
        path=start.place.path,
        line=start.place.line,
        directory=view.directory(directory),
        kind=start.kind,
        name=start.name,
        pool=option("pool"),
        start_method=option("pool_start_method"),
        concurrency=option("concurrency"),
        autoscale=option("autoscale"),
        open_options=started.command.open_options,
        settings=tuple(_setting(word.text) for word in started.command.settings),
        memory_mb=memory.mebibytes,
        memory_path=memory.place.path,
        memory_line=memory.place.line,
        environ=tuple((name, word.text) for name, word in known),
        environ_places=tuple(word.place for _, word in known),
        unresolved=tuple(sorted(name for name in unknown | set(memory.unknown) if NAME.fullmatch(name))),
        expanded=tuple(sorted(expanded)),
        command_path=started.place.path,
        command_line=started.place.line,
        concurrency_path=where.path,
        concurrency_line=where.line,
        include=modules_of(include.text) if include is not None and not include.unknown else (),
        include_place=include.place if include is not None else NOWHERE,
        nodes=started.command.nodes,
        beat="beat" in options or is_true(_text(environ, "CELERY_WORKER_BEAT")),
        search_path=view.search_path(_text(environ, "PYTHONPATH"), started.directory),
        program=started.script,
        host=started.host,
        host_options=(("pool", "custom"),) if option("pool") == "custom" else (),
    )


def app_of_environment(environ: Mapping[str, Word]) -> Word | None:
    """The app of a process that is given none on its command line (celery/bin/celery.py)."""
    return next((environ[name] for name in ("APP", "CELERY_APP") if _is_set(environ, name)), None)


def _text(environ: Mapping[str, Word], name: str) -> str:
    return environ[name].text if name in environ else ""


def _is_set(environ: Mapping[str, Word], name: str) -> bool:
    return name in environ and bool(environ[name].text)


def _setting(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _is_celery(word: Word) -> bool:
    """Whether a word is Celery's program, or a variable whose name says so (``${CELERY_BIN}``)."""
    return _base(word) in CELERY or ("$" in word.text and bool(word.unknown) and "celery" in word.text.lower())


def _base(word: Word) -> str:
    return posixpath.basename(word.text.replace("\\", "/"))


class CommandRunner:
    """Follows one command, and collects the workers in ``started``.

    :ivar expanded: names of the variables that scripts read.
    """

    def __init__(self, view: FileSystemView, place: Place) -> None:
        self.view = view
        self.place = place
        self.started: list[Started] = []
        self.expanded: set[str] = set()
        self.budget = Budget(MOST_STEPS)
        self.depth = 0
        self.running: set[tuple[str, ...]] = set()
        """The scripts that are being followed, with their arguments."""

    def run(
        self, argv: Sequence[Word], environ: Mapping[str, Word], directory: str, place: Place | None = None
    ) -> None:
        """Run a command without a shell.

        :param place: where it is written, if that is not where its words are.
        """
        self.budget.left -= 1
        if self.depth >= DEEPEST or self.budget.left < 0:
            self.view.files.report(self.place.path, self.place.line, "it runs more commands than are followed")
            return
        self.depth += 1
        self._search(argv, dict(environ), directory, place)
        self.depth -= 1

    def _search(self, argv: Sequence[Word], environ: dict[str, Word], directory: str, place: Place | None) -> None:
        before = len(self.started)
        for position, word in enumerate(argv):
            rest, name = argv[position + 1 :], _base(word)
            if name in NAME_TAKERS or (name in CONTAINER_TOOLS and not {"run", "exec"} & {one.text for one in rest}):
                return
            self._note_clean(argv, position)
            assignment = ASSIGNMENT.fullmatch(word.text)
            if assignment is not None:
                environ[assignment[1]] = word._replace(text=assignment[2])
            elif word.text == "--directory" and rest:
                directory = posixpath.join(directory, rest[0].text)
            elif (script := program_at(argv, position, directory, self.view)) is not None:
                self.view.files.started.add(script.path)
                self.spawned(script.path, environ, directory)
                hosts = self.view.files.starters.hosts.get(script.path, ())
                command, whole = WorkerCommand({}), tuple(argv[_beginning(argv, position) :])
                where = place or word.place
                self.started += [
                    Started(whole, where, command, environ, directory, script=script, host=host) for host in hosts
                ]
                return
            elif _is_celery(word):
                commands = worker_commands(arguments := _arguments(argv, position))
                for command in commands:
                    whole = (*argv[_beginning(argv, position) : position + 1], *arguments)
                    self.started.append(Started(whole, place or word.place, command, environ, directory))
                if not commands:
                    self._bystander(arguments, environ, directory)
            elif (program := _host_program(argv, position)) is not None:
                known = program.read(rest, environ)
                if known is not None:
                    whole = (*argv[_beginning(argv, position) : position + 1], *rest)
                    self.started.append(Started(whole, place or word.place, known, environ, directory, program))
            elif name in SHELLS:
                self._shell(word, rest, environ, directory)
            elif name in PROCESS_MANAGERS:
                self._process_manager(name, rest, environ, directory)
            elif any(character.isspace() for character in word.text):
                words = (*NAMES_OF_CLEAN, *self.view.files.starters.words)
                if mentions_host(word.text) or any(one in word.text for one in words):
                    self.script(word.text, word.place, environ, directory, (), "sh")
            elif not position or (not word.text.startswith("-") and ("/" in word.text or word.text.endswith(".sh"))):
                self._program(word, rest, environ, directory)
            if len(self.started) > before:
                return

    def _note_clean(self, argv: Sequence[Word], position: int) -> None:
        """Note a command whose processes inherit nothing of the project."""
        before = _base(argv[position - 1]) if position else "--"
        is_program = before in DIRECT_WRAPPERS or before in STARTERS or ASSIGNMENT.fullmatch(before)
        known = clean_command(_base(argv[position]), argv[position + 1 :]) if is_program else None
        if known is not None:
            place = argv[position].place if argv[position].place.line else self.place
            name = f"{known.program} {known.command}".rstrip()
            self.view.files.clean[CleanStart(name, *place, known.why)] = None

    def spawned(self, path: str, environ: Mapping[str, Word], directory: str) -> None:
        """Run the commands that a Python program runs."""
        for command in self.view.files.starters.spawned.get(path, ()):
            inside = posixpath.join(directory, command.directory) if command.directory else directory
            self.run(command.argv, {**environ, **dict(command.environ)}, inside)

    def _bystander(self, arguments: Sequence[Word], environ: Mapping[str, Word], directory: str) -> None:
        """Record a process of Celery that is not a worker, with its app."""
        command, named = other_command(arguments)
        app = named or app_of_environment(environ)
        if command in BYSTANDERS and app is not None and not app.unknown:
            where = self.view.directory(directory), self.view.search_path(_text(environ, "PYTHONPATH"), directory)
            self.view.files.bystanders[Bystander(app.text, command, *self.place, *where)] = None

    def _shell(self, shell: Word, rest: Sequence[Word], environ: Mapping[str, Word], directory: str) -> None:
        """``sh -c "script"``, ``bash script arguments``, ``su user -c "script"``."""
        for position, word in enumerate(rest):
            text = word.text
            if (text.startswith("-") and not text.startswith("--") and "c" in text[1:]) or text == "--command":
                following = rest[position + 1 :]
                if following:
                    name = following[1].text if len(following) > 1 else shell.text
                    self.script(following[0].text, following[0].place, environ, directory, tuple(following[2:]), name)
                return
            if not text.startswith(("-", "+")) and _base(shell) not in ("su", "runuser"):
                self._program(word, rest[position + 1 :], environ, directory)
                return

    def _program(self, word: Word, rest: Sequence[Word], environ: Mapping[str, Word], directory: str) -> None:
        """A program that may be a script of the repository; one that runs itself again does so as another user."""
        text = self.view.script(word.text, directory)
        key = (text.place.path, *(one.text for one in rest)) if text is not None else ()
        if text is not None and key not in self.running:
            self.running.add(key)
            self.script(text.content, text.place, environ, directory, tuple(rest), word.text)
            self.running.discard(key)

    def script(
        self, text: str, place: Place, environ: Mapping[str, Word], directory: str,
        arguments: tuple[Word, ...] | None, name: str,
    ) -> None:  # fmt: skip
        """Run a shell script.

        :param place: its first line.
        :param arguments: None if nothing is known about them.
        """
        try:
            script = self.view.files.script(text, place.line)
        except Unusable as error:
            if mentions_host(text):
                self.view.files.report(place.path, error.line, error.reason)
            return
        shell = ShellInterpreter(self.run, self._source, self.view.files.script, place.path, self.budget)
        shell.run(script, State.begin(environ, arguments, directory, name))
        self.expanded |= shell.expanded

    def _source(self, path: str, directory: str) -> tuple[str, str] | None:
        found = self.view.file(path, directory) if "$" not in path else None
        text = self.view.files.text(found) if found is not None else None
        return (found, text) if found is not None and text is not None else None

    def _process_manager(self, name: str, rest: Sequence[Word], environ: Mapping[str, Word], directory: str) -> None:
        """``supervisord -c file``, ``honcho start worker``."""
        from flake8_forksafe.deployment.process_managers import procfile_starts, supervisor_starts

        default, flags, read = {
            "supervisord": ("supervisord.conf", ("-c", "--configuration"), supervisor_starts),
            "honcho": ("Procfile", ("-f", "--procfile"), procfile_starts),
            "foreman": ("Procfile", ("-f", "--procfile"), procfile_starts),
        }[name]
        texts = [word.text for word in rest]
        chosen = next((texts[texts.index(flag) + 1] for flag in flags if flag in texts[:-1]), default)
        found = self.view.file(chosen, directory)
        text = self.view.files.text(found) if found is not None else None
        if found is None or text is None:
            return
        starts = list(read(text, found, self.view.files, environ))
        named = [start for start in starts if start.name in texts] if name != "supervisord" else []
        for start in named or starts:
            self.run(start.argv, start.environ, start.directory or directory)


PROCESS_MANAGERS = frozenset({"supervisord", "honcho", "foreman"})


def _host_program(argv: Sequence[Word], position: int) -> HostProgram | None:
    """The host that a word is the program of; a command of Django's stands behind ``manage.py`` or ``django-admin``."""
    program = HOST_PROGRAMS.get(_base(argv[position]))
    if program is None or not program.of_django:
        return program if program is not None and not _is_container(argv, position) else None
    before = _base(argv[position - 1]) if position else ""
    return program if before.endswith(".py") or before in ("django-admin", "django") else None


def _is_container(argv: Sequence[Word], position: int) -> bool:
    """Whether a word is the name of a service, container or image behind ``docker compose exec``, not a command."""
    texts = [word.text for word in argv[:position]]
    if not {_base(word) for word in argv[:position]} & NAMING_TOOLS:
        return False
    verb = next((index for index, text in enumerate(texts) if text in ("run", "exec")), position)
    return verb < position and all(text.startswith("-") for text in texts[verb + 1 :]) and "--" not in texts[verb:]


def _arguments(argv: Sequence[Word], position: int) -> tuple[Word, ...]:
    """What Celery is given; ``watchfiles`` has the arguments of the function it runs in one word."""
    rest = tuple(argv[position + 1 :])
    if len(rest) >= 2 and rest[0].text == "--args":
        return tuple(rest[1]._replace(text=text) for text in rest[1].text.split())
    return rest


def _beginning(argv: Sequence[Word], position: int) -> int:
    """The position at which the command of the process begins whose ``celery`` is at ``position``."""
    previous = argv[position - 1] if position else None
    if previous is None:
        return position
    if previous.text == "-m" or previous.text.endswith(".py"):
        interpreters = [index for index in range(position) if INTERPRETER.fullmatch(_base(argv[index]))]
        return interpreters[-1] if interpreters else position - (previous.text != "-m")
    is_first = position == 1 or _base(argv[position - 2]) in DIRECT_WRAPPERS
    is_program = _base(previous) not in DIRECT_WRAPPERS and not ASSIGNMENT.fullmatch(previous.text)
    return position - 1 if is_first and is_program else position
