"""``forksafe measure``: boot a real worker up to its first fork, and compare it with the static trace."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from flake8_forksafe.options import UsageError
from flake8_forksafe.settings import Settings, make_settings, project_directory, refuse_target

TIMEOUT_S = 120.0
OF_A_BOOT = ("app", "django_settings", "python", "fork", "save")
"""Options that mean nothing where nothing is booted."""
ENVIRONMENTS = (".venv", "venv", "env")
"""Where a project's environment is looked for, in the project's directory."""


class Interpreter(NamedTuple):
    """The interpreter that the worker runs in, and how it was chosen."""

    path: str
    reason: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``forksafe measure``."""
    parser.add_argument(
        "project", nargs="?", default=".", metavar="DIR", help="the project (default: the current directory)"
    )
    parser.add_argument("-A", "--app", metavar="APP",
                        help="Celery app as given to celery -A (default: the one that is found)")  # fmt: skip
    parser.add_argument("--django-settings", metavar="MODULE", help="sets DJANGO_SETTINGS_MODULE for the worker")
    parser.add_argument("--python", metavar="PATH", help="the project's interpreter, or the directory of its "
                        "environment (default: VIRTUAL_ENV, then .venv, venv or env in the project)")  # fmt: skip
    parser.add_argument("--fork", type=int, default=0, metavar="N", help="fork N children and measure them too")
    parser.add_argument("--memory", metavar="SIZE", help="say how many children fit, for example 2g (forks 2 children "
                        "unless --fork says otherwise)")  # fmt: skip
    parser.add_argument("--timeout", type=float, default=TIMEOUT_S, metavar="SECONDS",
                        help=f"how long the worker may take to start its pool (default: {TIMEOUT_S:g})")  # fmt: skip
    parser.add_argument("--save", metavar="FILE", help="keep the measurement as JSON")
    parser.add_argument("--diff", nargs=2, metavar=("BEFORE", "AFTER"), help="compare two saved measurements; runs "
                        "nothing")  # fmt: skip
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text",
                        help="output format; markdown is for --diff (default: text)")  # fmt: skip
    parser.set_defaults(worker_arguments=[])


def run(options: argparse.Namespace) -> int:
    """``forksafe measure``; the status is 0 if a measurement was made, whatever it shows.

    :raises UsageError: if it cannot be made.
    """
    memory = parse_memory(options.memory)
    if options.diff:
        if any(getattr(options, name) for name in OF_A_BOOT) or options.worker_arguments:
            raise UsageError("--diff compares two files and runs nothing: it goes with --memory and --format only")
        return show_change(options, memory)
    if options.format == "markdown":
        raise UsageError("--format markdown is for --diff")
    check(options)
    from flake8_forksafe.measure import render
    from flake8_forksafe.measure.boot import Boot, record, worker_arguments
    from flake8_forksafe.measure.compare import compare, hazards_of
    from flake8_forksafe.measure.hosts import host_command
    from flake8_forksafe.measure.hosts import predict as predict_host
    from flake8_forksafe.project.measurement import measurement_of

    settings = settings_of(options)
    if options.save:
        refuse_target(os.path.abspath(options.save), settings.project)
    interpreter = find_interpreter(options.python or settings.environment, settings.project)
    chosen = settings._replace(environment=interpreter.path)
    given = [("DJANGO_SETTINGS_MODULE", settings.django_settings)] if settings.django_settings else []
    host = host_command(options.worker_arguments, settings.project)
    if host is not None:
        if options.fork or memory is not None or options.app:
            raise UsageError(f"--fork, --memory and --app are for celery worker, not for {host.name}")
        directory = os.path.abspath(options.project)
        trace, catalogue = predict_host(chosen, options.worker_arguments)
        boot = Boot(interpreter.path, directory, "", (), 0, options.timeout, tuple(given), host.words, host.forked_by)
        announce(boot.command, directory, interpreter)
        recording = {"app": " ".join(host.words), "host": host.name, "main": host.main, **record(boot)}
    else:
        app, directory, trace, catalogue = predict(chosen)
        forks = options.fork or (2 if memory is not None else 0)
        arguments = worker_arguments(options.worker_arguments)
        boot = Boot(interpreter.path, directory, app, arguments, forks, options.timeout, tuple(given))
        announce(["celery", *boot.command], directory, interpreter)
        recording = {"app": app, **record(boot)}
    comparison = compare(recording, trace, catalogue, settings.project)
    own = (*comparison.agreed, *(difference.name for difference in comparison.missed))
    recording["hazards"] = [hazard._asdict() for hazard in hazards_of(recording, catalogue, own)]
    recording["first_party"] = list(own)
    measured = measurement_of(recording)
    if options.save:
        save(options.save, recording)
    if options.format == "json":
        print(json.dumps(render.document_of(recording, comparison, measured, memory), indent=1, ensure_ascii=False))
        return 0
    for line in render.recording_text(recording, measured, settings.project):
        print(line)
    for line in render.comparison_text(comparison):
        print(line)
    for line in render.children_text(recording, measured, memory):
        print(line)
    return 0


def check(options: argparse.Namespace) -> None:
    """Refuse what cannot be measured.

    :raises UsageError: on Windows, and for numbers that make no sense.
    """
    if sys.platform == "win32":
        raise UsageError("there is no fork on Windows, so there is nothing to measure; run it where the worker runs")
    if options.fork < 0:
        raise UsageError(f"--fork takes a number of children, not {options.fork}")
    if not 0 < options.timeout < 86400:
        raise UsageError(f"--timeout takes a number of seconds up to a day, not {options.timeout:g}")
    if sys.platform == "darwin":
        print("forksafe measure: on macOS there is no PSS, and native threads are not listed", file=sys.stderr)


def announce(command: list[str], directory: str, interpreter: Interpreter) -> None:
    """Say that the project's code is run, and how."""
    print(
        f"forksafe measure: running the project's own code: {' '.join(command)}\n"
        f"  in {directory}\n  with {interpreter.path} ({interpreter.reason})",
        file=sys.stderr,
        flush=True,
    )


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings of the static side.

    :raises UsageError: if the project is not a directory.
    """
    if not os.path.isdir(options.project):
        raise UsageError(f"{options.project!r} is not a directory")
    given = {"app": options.app, "django_settings": options.django_settings}
    return make_settings(project_directory(options.project), given)


def predict(settings: Settings) -> tuple[str, str, dict[str, Any], Any]:
    """The app, the directory to start its worker in, the static trace as a document, and the catalogue.

    :raises UsageError: if there is not exactly one app.
    """
    from flake8_forksafe.analysis import analyse
    from flake8_forksafe.report.json import trace_document
    from flake8_forksafe.session import deep_recursion

    with deep_recursion():
        report = analyse(settings)
        traces = tuple(trace for trace in report.traces if trace.host.has_tasks)
        apps = sorted({trace.launch.app for trace in traces})
        if len(apps) > 1:
            raise UsageError(f"there are several Celery apps, name one with -A: {', '.join(apps)}")
        if not apps and not settings.app:
            raise UsageError(f"no Celery app was found in {settings.project}; name it with -A")
        document = json.loads(trace_document(traces, report.catalogue, settings.project))
    app = apps[0] if apps else settings.app[0]
    root = traces[0].launch.root if traces else settings.project
    return app, root, document, report.catalogue


def find_interpreter(given: str | None, project: str) -> Interpreter:
    """The interpreter that has the project's dependencies.

    :raises UsageError: if the one that was named does not exist.
    """
    if given is not None:
        near = os.path.join(project, os.path.expanduser(given))
        path = next(_interpreters(given), None) or next(_interpreters(near), None)
        if path is None:
            raise UsageError(f"there is no Python interpreter at {given}")
        return Interpreter(path, "as chosen")
    active = os.environ.get("VIRTUAL_ENV")
    for directory, reason in (
        *([(active, "the active environment, VIRTUAL_ENV")] if active else ()),
        *((os.path.join(project, name), f"{name} of the project") for name in ENVIRONMENTS),
    ):
        for path in _interpreters(directory):
            return Interpreter(path, reason)
    return Interpreter(sys.executable, "the one that forksafe runs in, because the project has no environment")


def _interpreters(path: str) -> Iterator[str]:
    """An interpreter, or that of an environment's directory; links are kept, since they tell the environment."""
    for candidate in (path, os.path.join(path, "bin", "python"), os.path.join(path, "bin", "python3")):
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            yield os.path.abspath(candidate)


def parse_memory(text: str | None) -> int | None:
    """Bytes of an amount such as ``2g`` or ``512m``, as Docker reads it.

    :raises UsageError: if it is none.
    """
    if text is None:
        return None
    from flake8_forksafe.deployment.sizes import MEBIBYTE, docker_mebibytes

    mebibytes = docker_mebibytes(text)
    if not mebibytes:
        raise UsageError(f"--memory takes an amount such as 2g or 512m, not {text!r}")
    return mebibytes * MEBIBYTE


def save(path: str, recording: dict[str, Any]) -> None:
    """Write a measurement.

    :raises UsageError: if the file cannot be written.
    """
    try:
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(recording, stream, indent=1)
            stream.write("\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def show_change(options: argparse.Namespace, memory: int | None) -> int:
    """``forksafe measure --diff``."""
    from flake8_forksafe.measure import render
    from flake8_forksafe.measure.compare import change
    from flake8_forksafe.project.measurement import load_document

    before, after = (load_document(path) for path in options.diff)
    try:
        difference = change(before, after, memory)
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{' or '.join(options.diff)} is not a whole measurement: {error}") from None
    if options.format == "json":
        print(json.dumps({"schema": 1, **difference._asdict()}, indent=1, ensure_ascii=False))
        return 0
    lines = render.change_table(difference) if options.format == "markdown" else render.change_text(difference)
    for line in lines:
        print(line)
    return 0
