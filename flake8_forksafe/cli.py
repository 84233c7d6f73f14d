"""The ``forksafe`` command."""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from flake8_forksafe import __version__
from flake8_forksafe.internal_errors import complain, describe, occupy_standard_streams, show_traceback
from flake8_forksafe.options import UsageError
from flake8_forksafe.printable import printable, shortened
from flake8_forksafe.report.formats import CHECK_DOCUMENTS, CHECK_LINES, TRACE_DOCUMENTS
from flake8_forksafe.session import deep_recursion
from flake8_forksafe.settings import (
    OPTIONS,
    Settings,
    asked_for,
    make_settings,
    nearest_project,
    project_directory,
    refuse_target,
)

if TYPE_CHECKING:
    from flake8_forksafe.finding import Finding, Outcome
    from flake8_forksafe.report.result import Report

PATIENCE_S = 1.0
"""Seconds before a terminal is told that the analysis is under way."""
COMMANDS = ("check", "fix", "trace", "measure", "why", "memory", "explain")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns its exit status: 0 nothing found, 1 findings, 2 it could not do what was asked.
    """
    if not occupy_standard_streams():
        complain("forksafe", "standard output is closed")
        return 2
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an arrow that the locale's encoding lacks is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    try:
        status = run_command(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader of a pipe has seen enough
        silence()
        return 0
    except (Exception, KeyboardInterrupt) as error:
        show_traceback(error)
        complain("forksafe", describe(error))
        silence()
        return 2


def silence() -> None:
    """Write what is still to be written; if that is what cannot be done, have nobody try again."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run_command(given: list[str]) -> int:
    """Do what the arguments ask for.

    :raises UsageError: if they cannot be meant.
    """
    command = next(iter(given), "")
    if not command:
        make_parser().print_help()
        return 2
    if not command.startswith("-") and command not in COMMANDS:
        raise UsageError(f"there is no command {command!r}; the commands are {', '.join(COMMANDS)}")
    ours = given[: given.index("--")] if command == "measure" and "--" in given else given
    try:
        options = make_parser(command).parse_args(ours)
    except SystemExit as stop:  # argparse, after --help, --version, or a message
        return int(stop.code or 0)
    if command == "measure":
        options.worker_arguments = given[len(ours) + 1 :]
    try:
        os.getcwd()
    except OSError as error:
        raise UsageError(f"the current directory cannot be told: {error.strerror}") from None
    status: int = options.run(options)
    return status


def run() -> NoReturn:
    """Run the command as a program.

    It neither looks for cycles nor takes its memory apart at the end: that took 0.1 and 0.2 s of a cold run.
    """
    gc.disable()
    status = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


class Parser(argparse.ArgumentParser):
    """Options in full only, and one line for one that cannot be meant."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Write help, which argparse does without a word if it cannot be written."""
        (file or sys.stdout).write(message)

    def error(self, message: str) -> NoReturn:
        """End with a message."""
        complain(self.prog, f"{printable(shortened(message))}; see {self.prog} --help")
        self.exit(2)


def make_parser(command: str = "") -> argparse.ArgumentParser:
    """The command line: the same options as flake8's, without their prefix.

    :param command: the one that is asked for; ``measure`` has its options only then, since no other needs its code.
    """
    parser = Parser(
        prog="forksafe",
        description="Find what a Celery worker's MainProcess imports and runs before it forks. "
        "Everything but measure is static: the project is not imported.",
        epilog="Begin with: forksafe check. Exit status: 0 nothing found, 1 findings, 2 it could not be done.",
    )
    parser.add_argument("--version", action="version", version=f"forksafe {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    check = commands.add_parser("check", help="report findings, with the chain that explains each", description=
                                "Follow the worker's boot through the source, and report what is unsafe to fork, "
                                "with the chain that leads to it and the way out. No worker is started.")  # fmt: skip
    check.add_argument("paths", nargs="*", metavar="PATH", help="report on these files and directories only; "
                       "the project is the one they lie in (default: the one around here)")  # fmt: skip
    check.add_argument("--format", choices=(*CHECK_LINES, *CHECK_DOCUMENTS), default="text",
                       help="output format (default: text)")  # fmt: skip
    check.add_argument("--select", action="append", metavar="CODES", help="report only codes that begin so, such as "
                       "FS101,FS11 (default: all)")  # fmt: skip
    check.add_argument("--ignore", action="append", metavar="CODES", help="do not report codes that begin so; of two "
                       "that fit, the longer decides")  # fmt: skip
    check.add_argument("--exit-zero", action="store_true", help="exit status 0 though there are findings")
    check.add_argument("-q", "--quiet", action="store_true", help="findings only: no remarks and no summary")
    check.add_argument("--output-file", metavar="FILE", help="write the report to a file")
    check.add_argument("-v", "--verbose", action="store_true", help="end with a table of the workers")
    check.add_argument("--statistics", action="store_true", help="count the findings of each code")
    check.add_argument("--write-baseline", metavar="FILE", help="write all findings of the project to a file, "
                       "which --baseline then knows")  # fmt: skip
    add_options(check, reports=True)
    check.set_defaults(run=run_check)

    fix = commands.add_parser("fix", help="show or write repairs that were proved by following the boot again",
                              description="Defer the cheapest set of imports without which no hazard is loaded before "
                              "the fork. A repair is shown only if the boot, followed again through the changed "
                              "source, has fewer findings and no new one. Exit status: 1 if something would change; "
                              "with --write, 1 if findings remain.")  # fmt: skip
    fix.add_argument("paths", nargs="*", metavar="PATH", help="edit these files and directories only; the project is "
                     "the one they lie in (default: the one around here)")  # fmt: skip
    fix.add_argument("--unsafe", action="store_true", help="also repairs that may change what the program does")
    fix.add_argument("--write", action="store_true", help="write the files, all or none (default: show a diff)")
    fix.add_argument("--allow-dirty", action="store_true", help="with --write: also files that differ from the last "
                     "commit of git")  # fmt: skip
    add_options(fix)
    fix.set_defaults(run=run_fix)

    trace = commands.add_parser("trace", help="list what is loaded before the fork, in order", description=
                                "List the steps of the worker's boot, and the project's modules that each loads, "
                                "in order, with the place that imports each.")  # fmt: skip
    trace.add_argument("project", nargs="?", default=".", metavar="DIR", help="the project (default: here)")
    trace.add_argument("--format", choices=("text", *TRACE_DOCUMENTS), default="text",
                       help="output format (default: text); html is a page to look at")  # fmt: skip
    trace.add_argument("--list", action="store_true", help="only list the workers: app, root, settings, pool, launches")
    add_options(trace)
    trace.set_defaults(run=run_trace)

    measure = commands.add_parser("measure", help="boot a real worker up to its first fork: runs the project's code")
    if command == "measure":
        from flake8_forksafe.measure import command as measurement

        measurement.add_arguments(measure)
        measure.set_defaults(run=measurement.run)

    why = commands.add_parser("why", help="tell how a module or package comes to be loaded before the fork",
                              description="Show each step from the worker to a module, with the lines of source: "
                              "as it is executed first, and by the shortest chain.")  # fmt: skip
    why.add_argument("name", metavar="NAME", help="a module or package, such as torch or shop.tasks")
    why.add_argument("project", nargs="?", default=".", metavar="DIR", help="the project (default: here)")
    add_options(why)
    why.set_defaults(run=run_why)

    memory = commands.add_parser("memory", help="estimate the memory of each launch, and what concurrency fits",
                                 description="For each way in which the deployment files start a worker: what its "
                                 "processes need, and how many fit. For figures of your own: measure --save, "
                                 "then --measurement.")  # fmt: skip
    memory.add_argument("project", nargs="?", default=".", metavar="DIR", help="the project (default: here)")
    memory.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")
    add_options(memory)
    memory.set_defaults(run=run_memory)

    explain = commands.add_parser("explain", help="explain a code, or list all codes", description=
                                  "Show the page of a code: what it reports, why that is bad, an example, the way "
                                  "out, and how it decides.")  # fmt: skip
    explain.add_argument("code", nargs="?", metavar="CODE", help="such as FS101 (default: list all codes)")
    explain.set_defaults(run=run_explain)
    return parser


def add_options(parser: argparse.ArgumentParser, reports: bool = False) -> None:
    """The options that flake8 has as ``--forksafe-*``.

    :param reports: whether the command reports findings, which a baseline may take away.
    """
    group = parser.add_argument_group("settings", "also flake8 options --forksafe-NAME, and keys of [tool.forksafe]")
    for option in OPTIONS:
        if option.key == "baseline" and not reports:
            continue
        text = f"{option.help} (default: {option.default})"
        if option.is_flag:
            group.add_argument(f"--{option.name}", action="store_true", default=None, help=text)
        else:
            group.add_argument(f"--{option.name}", metavar=option.metavar, help=text)


def settings_from(options: argparse.Namespace, start: str) -> Settings:
    """Settings for the project around ``start``.

    :raises UsageError: if it is not a directory, or an option cannot be used.
    """
    if not os.path.isdir(start):
        raise UsageError(f"{start!r} is not a directory")
    if options.no_cache:
        refuse_together(options, "no_cache", {"cache_dir": "--cache-dir"})
    given: dict[str, Any] = {option.key: getattr(options, option.key, None) for option in OPTIONS}
    named = any(given[option.key] is not None for option in OPTIONS if option.is_relative)
    return make_settings(nearest_project(start) if named else project_directory(start), given)


def run_analysis(settings: Settings, overlay: Mapping[str, bytes] = MappingProxyType({})) -> Report:
    """Analyse, telling a terminal if it takes long.

    :param overlay: contents that replace those of files, by absolute path.
    """
    with patience():
        from flake8_forksafe.incremental.outcome_cache import analysed

        return analysed(settings, overlay)


@contextmanager
def patience() -> Iterator[None]:
    """Analyse in here: deep recursion is allowed, and a terminal is told if it takes long."""
    with progress("forksafe: following the worker's boot; the next run will be faster"), deep_recursion():
        yield


@contextmanager
def progress(message: str) -> Iterator[None]:
    """Show a line on a terminal while something takes longer than :data:`PATIENCE_S`.

    By a signal, since a thread would keep the analysis from using a second process.
    """
    if not sys.stderr.isatty() or sys.platform == "win32":  # which has no such timer
        yield
        return
    import signal

    before = signal.signal(signal.SIGALRM, lambda *_: print(message, end="", file=sys.stderr, flush=True))
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def run_check(options: argparse.Namespace) -> int:
    """``forksafe check``."""
    paths = existing(options.paths)
    settings = settings_from(options, common_directory(paths))
    settings = settings._replace(asked=asked_for(settings.project, paths))
    if options.write_baseline is not None:
        refuse_together(
            options, "write_baseline",
            {"paths": "PATH", "statistics": "--statistics", "baseline": "--baseline", "select": "--select",
             "ignore": "--ignore", "output_file": "--output-file", "quiet": "--quiet", "verbose": "--verbose"},
        )  # fmt: skip
        if options.format != "text":
            raise UsageError("--write-baseline and --format cannot be used together")
        settings = settings._replace(baseline=None)
    if options.quiet:
        refuse_together(options, "quiet", {"verbose": "--verbose"})
    from flake8_forksafe.suppression import choice_of, wanted

    choice = choice_of(options.select, options.ignore)
    with patience():
        from flake8_forksafe.incremental.outcome_cache import outcome_of

        outcome = outcome_of(settings)
    outcome = outcome._replace(findings=tuple(wanted(outcome.findings, settings.project, choice)))
    if options.write_baseline is not None:
        return write_baseline(options.write_baseline, settings, outcome)
    shown = sorted(map(in_place, outcome.findings), key=lambda finding: finding[:4])
    chosen = [finding for finding in shown if not paths or _inside(finding.path, paths)]
    with writing_to(options.output_file, settings.project):
        show_findings(options, settings, outcome, chosen)
    return 1 if chosen and not options.exit_zero else 0


def show_findings(
    options: argparse.Namespace, settings: Settings, outcome: Outcome, findings: Sequence[Finding]
) -> None:
    """Write a report of ``forksafe check`` to standard output."""
    from flake8_forksafe.report.check import show

    show(outcome, settings.project, findings, options.format, options.statistics, options.quiet)
    if options.verbose and options.format == "text":
        from flake8_forksafe.report.apps import table
        from flake8_forksafe.report.terminal import write_lines

        write_lines(table(run_analysis(settings), settings.project))


@contextmanager
def writing_to(name: str | None, project: str) -> Iterator[None]:
    """Write what goes to standard output to a file instead, if one is named.

    :raises UsageError: if it cannot be written, or is a link of the project that leads out of the repository.
    """
    if name is None:
        yield
        return
    path = os.path.abspath(name)
    refuse_target(path, project)
    try:
        stream = open(path, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise UsageError(f"{name} cannot be written: {error.strerror}") from None
    with stream, redirect_stdout(stream):
        yield


def run_fix(options: argparse.Namespace) -> int:
    """``forksafe fix``."""
    paths = existing(options.paths)
    settings = settings_from(options, common_directory(paths))
    settings = settings._replace(asked=asked_for(settings.project, paths))
    if options.allow_dirty and not options.write:
        raise UsageError("--allow-dirty is for --write")
    report = run_analysis(settings)
    if not report.traces:  # as for check: a hook that runs everywhere is not to fail
        print(f"forksafe fix: nothing to repair: no worker was found in {settings.project}", file=sys.stderr)
        return 0
    from flake8_forksafe.fix.command import Wishes, fix

    wishes = Wishes(options.unsafe, options.write, options.allow_dirty, lambda path: not paths or _inside(path, paths))
    return fix(report, report.disk, partial(run_analysis, settings), wishes)


def existing(paths: Sequence[str]) -> list[str]:
    """Absolute paths.

    :raises UsageError: for one that does not exist.
    """
    for path in paths:
        if not os.path.exists(path):
            raise UsageError(f"there is no {os.path.relpath(path)!r}")
    return [os.path.abspath(path) for path in paths]


def common_directory(paths: list[str]) -> str:
    """The directory that holds all paths; the current one if there are none."""
    start = os.path.commonpath(paths) if paths else os.getcwd()
    return start if os.path.isdir(start) else os.path.dirname(start)


def refuse_together(options: argparse.Namespace, first: str, others: Mapping[str, str]) -> None:
    """Refuse options that would be passed over in silence.

    :param others: attributes of ``options``, with what each is called.
    :raises UsageError: if one of them was given.
    """
    for attribute, name in others.items():
        if getattr(options, attribute):
            raise UsageError(f"--{first.replace('_', '-')} and {name} cannot be used together")


def write_baseline(name: str, settings: Settings, outcome: Outcome) -> int:
    """``forksafe check --write-baseline``.

    :param name: of the file, relative to the project as in the option ``baseline``.
    """
    from flake8_forksafe import baseline

    path = baseline.baseline_path(settings._replace(baseline=name))
    count = baseline.write_baseline(path, outcome.findings, settings.project)
    print(f"{count} baseline entries were written to {os.path.relpath(path)}")
    return 0


def in_place(finding: Finding) -> Finding:
    """A finding at the place that it is really about, which need not be a Python file."""
    return finding._replace(path=finding.place[0], line=finding.place[1], column=0) if finding.place else finding


def _inside(path: str, paths: list[str]) -> bool:
    return any(path == known or path.startswith(known.rstrip(os.sep) + os.sep) for known in paths)


def run_trace(options: argparse.Namespace) -> int:
    """``forksafe trace``."""
    settings = settings_from(options, options.project)
    report = traced(settings)
    from flake8_forksafe.report import apps, trace
    from flake8_forksafe.report.terminal import write_document, write_lines

    if options.list:
        write_lines(apps.table(report, settings.project))
        return 0
    if options.format in TRACE_DOCUMENTS:
        write_document(TRACE_DOCUMENTS[options.format](report, settings.project))
        return 0
    write_lines(trace.render(report, settings.project))
    return 0


def run_why(options: argparse.Namespace) -> int:
    """``forksafe why``."""
    settings = settings_from(options, options.project)
    report = traced(settings)
    from flake8_forksafe.report.terminal import write_lines
    from flake8_forksafe.report.why import render

    for trace in report.traces:
        write_lines(render(trace, options.name, os.getcwd(), report.disk.read))
    return 0


def run_memory(options: argparse.Namespace) -> int:
    """``forksafe memory``."""
    settings = settings_from(options, options.project)
    report = traced(settings)
    from flake8_forksafe.report import memory
    from flake8_forksafe.report.terminal import write_document, write_lines
    from flake8_forksafe.rules.pool import launches

    if options.format == "json":
        write_document(memory.document(launches(report.context), settings.project))
    else:
        write_lines(memory.render(launches(report.context), settings.project))
    return 0


def traced(settings: Settings) -> Report:
    """Analyse a project that has a Celery app.

    :raises UsageError: if none is found.
    """
    report = run_analysis(settings)
    if not report.traces:
        raise UsageError(f"no Celery app was found in {settings.project}; name it with --app")
    return report


def run_explain(options: argparse.Namespace) -> int:
    """``forksafe explain``."""
    import shutil

    from flake8_forksafe.report.page import as_text
    from flake8_forksafe.rules import RULES
    from flake8_forksafe.rules.page import read_page

    if options.code is None:
        for rule in RULES:
            print(f"{rule.code}  {rule.summary}")
        return 0
    for rule in RULES:
        if rule.code == options.code.strip().upper():
            for line in as_text(rule, read_page(rule.code), shutil.get_terminal_size().columns):
                print(line)
            return 0
    raise UsageError(f"there is no code {options.code!r}; the codes are {', '.join(rule.code for rule in RULES)}")
