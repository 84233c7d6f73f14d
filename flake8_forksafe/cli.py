"""The ``forksafe`` command."""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from flake8_forksafe.arguments import (
    buffer_of,
    common_directory,
    existing,
    place_of,
    refuse_together,
    settings_from,
    settings_of_all,
)
from flake8_forksafe.command_line import make_parser
from flake8_forksafe.internal_errors import complain, describe, occupy_standard_streams, show_traceback
from flake8_forksafe.options import UsageError
from flake8_forksafe.printable import printable
from flake8_forksafe.report.formats import FIX_DOCUMENTS, TRACE_DOCUMENTS
from flake8_forksafe.session import deep_recursion
from flake8_forksafe.settings import (
    Settings,
    asked_for,
    projects_of,
    refuse_target,
)

if TYPE_CHECKING:
    from flake8_forksafe.finding import Finding, Fix, Outcome
    from flake8_forksafe.incremental.projects import MakeSettings
    from flake8_forksafe.report.result import Report

PATIENCE_S = 1.0
"""Seconds after which a message on the terminal says that the analysis is running."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns the exit status: 0 no findings, 1 findings, 2 error.
    """
    if not occupy_standard_streams():
        complain("forksafe", "standard output is closed")
        return 2
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # the arrows of chains are not in every locale's encoding
            stream.reconfigure(errors="backslashreplace")
    try:
        status = run_command(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader of the pipe has closed it
        silence()
        return 0
    except (Exception, KeyboardInterrupt) as error:
        show_traceback(error)
        complain("forksafe", describe(error))
        silence()
        return 2


def silence() -> None:
    """Flush standard output.  If that fails, redirect it to the null device, so that nothing fails at exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run_command(given: list[str]) -> int:
    """Do what the arguments ask for.

    :raises UsageError: if the arguments are not valid.
    """
    command = next(iter(given), "")
    if not command:
        make_parser().print_help()
        return 2
    if not command.startswith("-") and command not in RUNNERS:
        raise UsageError(f"there is no command {command!r}; the commands are {', '.join(RUNNERS)}")
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
        raise UsageError(f"the current directory cannot be determined: {error.strerror}") from None
    return RUNNERS[command](options)


def run() -> NoReturn:
    """Run the command as a program.

    The garbage collector is off and memory is not freed at the end: they took 0.1 and 0.2 s of a cold run.
    """
    gc.disable()
    status = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


def run_analysis(settings: Settings, overlay: Mapping[str, bytes] = MappingProxyType({})) -> Report:
    """Run an analysis, with a message on the terminal if it takes long.

    :param overlay: contents that replace those of files, by absolute path.
    """
    with patience():
        from flake8_forksafe.incremental.outcome_cache import analysed

        return analysed(settings, overlay)


def run_analysis_to_repair(settings: Settings, overlay: Mapping[str, bytes] = MappingProxyType({})) -> Report:
    """The same without the findings that comments or the configuration of flake8 suppress: they are not repaired."""
    from flake8_forksafe.suppression import CodeSelection, wanted

    report = run_analysis(settings, overlay)
    contents = {path: report.disk.content(path) for path in {finding.path for finding in report.findings}}
    kept = dict.fromkeys(wanted(report.findings, settings.project, CodeSelection(), contents))
    suppressed = tuple(finding for finding in report.findings if finding not in kept)
    return report._replace(findings=tuple(kept), suppressed=suppressed)


@contextmanager
def patience() -> Iterator[None]:
    """Run an analysis in this context: it allows deep recursion, and shows a message if it takes long."""
    with progress("forksafe: following the worker's boot; the next run will be faster"), deep_recursion():
        yield


@contextmanager
def progress(message: str) -> Iterator[None]:
    """Show a line on a terminal while something takes longer than :data:`PATIENCE_S`.

    Uses a signal: with a second thread, the analysis could not fork its parsing process.
    """
    if not sys.stderr.isatty() or sys.platform == "win32":  # Windows has no such timer
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
    overlay = buffer_of(options)
    paths = existing(options.paths) or list(overlay)
    chosen, make = settings_of_all(options, paths)
    settings = chosen[0]
    if options.write_baseline is not None:
        refuse_together(
            options, "write_baseline",
            {"paths": "PATH", "statistics": "--statistics", "baseline": "--baseline", "select": "--select",
             "ignore": "--ignore", "output_file": "--output-file", "quiet": "--quiet", "verbose": "--verbose",
             "stdin_filename": "--stdin-filename"},
        )  # fmt: skip
        if options.format != "text":
            raise UsageError("--write-baseline and --format cannot be used together")
        chosen = [settings := settings._replace(baseline=None)]
    if options.quiet:
        refuse_together(options, "quiet", {"verbose": "--verbose"})
    if options.fixes and options.format not in FIX_DOCUMENTS:
        raise UsageError(f"--fixes is for --format {' and '.join(FIX_DOCUMENTS)}; forksafe fix shows repairs as a diff")
    from flake8_forksafe.suppression import choice_of, wanted

    choice = choice_of(options.select, options.ignore)
    with patience():
        from flake8_forksafe.incremental.projects import outcome_of_projects

        outcome = outcome_of_projects(chosen, make, overlay)
    top = os.path.commonpath([one.project for one in chosen])
    outcome = outcome._replace(findings=tuple(wanted(outcome.findings, top, choice, overlay)))
    if options.write_baseline is not None:
        return write_baseline(options.write_baseline, settings, outcome)
    places = {finding: in_place(finding) for finding in outcome.findings}
    places = {finding: place for finding, place in places.items() if not paths or _inside(place.path, paths)}
    asked = sorted(places.values(), key=lambda finding: finding[:4])
    fixes = None
    if options.fixes:
        found = fixes_for([*places], chosen, make, overlay)
        fixes = {places[finding]: fix for finding, fix in found.items()}
    with writing_to(options.output_file, top):
        show_findings(options, chosen, outcome, asked, fixes)
    return 1 if asked and not options.exit_zero else 0


def fixes_for(
    findings: Sequence[Finding], chosen: Sequence[Settings], make: MakeSettings | None, overlay: Mapping[str, bytes]
) -> dict[Finding, Fix]:
    """How findings can be repaired, each in its own project."""
    from flake8_forksafe.fix.offers import fixes_of

    every = {settings.project: settings for settings in chosen}
    owned: dict[str, set[Finding]] = {}
    for finding in findings:
        project = projects_of([finding.path])[0] if make is not None else chosen[0].project
        owned.setdefault(project, set()).add(finding)
    found: dict[Finding, Fix] = {}
    for project, own in owned.items():
        settings = every.get(project) or (make(project) if make is not None else chosen[0])

        def analyse(contents: Mapping[str, bytes], settings: Settings = settings) -> Report:
            return run_analysis_to_repair(settings, {**overlay, **contents})

        found |= fixes_of(analyse({}), analyse, own.__contains__)
    return found


def show_findings(
    options: argparse.Namespace,
    chosen: Sequence[Settings],
    outcome: Outcome,
    findings: Sequence[Finding],
    fixes: Mapping[Finding, Fix] | None,
) -> None:
    """Write a report of ``forksafe check`` to standard output."""
    from flake8_forksafe.report.check import show

    top = os.path.commonpath([settings.project for settings in chosen])
    show(outcome, top, findings, options.format, options.statistics, options.quiet, fixes)
    if options.verbose and options.format == "text":
        from flake8_forksafe.report.apps import table
        from flake8_forksafe.report.terminal import write_lines

        for settings in chosen:
            write_lines(table(run_analysis(settings), settings.project))


@contextmanager
def writing_to(name: str | None, project: str) -> Iterator[None]:
    """Redirect standard output to a file, if one is named.

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
    if options.worker_process_init and not options.unsafe:
        raise UsageError("--worker-process-init is for --unsafe")
    report = run_analysis_to_repair(settings)
    if not report.traces:  # not an error, as for check: a hook may run in every repository
        print(f"forksafe fix: nothing to repair: no worker was found in {settings.project}", file=sys.stderr)
        return 0
    from flake8_forksafe.fix.command import Wishes, fix
    from flake8_forksafe.suppression import choice_of

    wishes = Wishes(options.unsafe, options.write, options.allow_dirty, options.worker_process_init,
                    choice_of(options.select, None).takes,
                    lambda path: not paths or _inside(path, paths))  # fmt: skip
    return fix(report, report.disk, partial(run_analysis_to_repair, settings), wishes)


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
    """The finding at its real place, which may be a deployment file."""
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

    rules = {rule.code: rule for rule in RULES}
    if options.code is None:
        for rule in RULES:
            print(f"{rule.code}  {rule.summary}")
        return 0
    code = options.code.strip().upper()
    if code not in rules:
        near = max(rules, key=lambda known: sum(map(str.__eq__, code, known)))
        hint = f"is {near} meant?" if near[0] == code[:1] else f"the codes are {', '.join(rules)}"
        raise UsageError(f"there is no code {options.code!r}; {hint}")
    paths, line = place_of(options.place)
    for text in as_text(rules[code], read_page(code), shutil.get_terminal_size().columns):
        print(text)
    try:
        explain_here(settings_from(options, common_directory(paths)), code, paths, line)
    except UsageError as error:
        if paths:
            raise
        complain("forksafe", f"the project here is not looked at: {error}")  # the page is what was asked for
    return 0


def explain_here(settings: Settings, code: str, paths: list[str], line: int) -> None:
    """Show how findings of a code can be repaired in the project here, if there are any."""
    from flake8_forksafe.incremental.projects import outcome_of_projects

    settings = settings._replace(asked=asked_for(settings.project, paths))

    def is_meant(finding: Finding) -> bool:
        place = in_place(finding)
        return finding.code == code and (not paths or _inside(place.path, paths)) and line in (0, place.line)

    sys.stdout.flush()
    with patience():
        outcome = outcome_of_projects([settings], with_remarks=False)
    if any(map(is_meant, outcome.findings)):
        from flake8_forksafe.fix.explain import show_repairs

        print("\nIn the project here")
        analyse = partial(run_analysis_to_repair, settings)
        show_repairs(analyse(), analyse, is_meant, os.getcwd())
    elif paths:
        where = f"line {line} of {os.path.relpath(paths[0])}" if line else os.path.relpath(paths[0])
        print(f"\nThere is no {code} in {printable(where)}.")


def run_measure(options: argparse.Namespace) -> int:
    """``forksafe measure``."""
    from flake8_forksafe.measure.command import run

    return run(options)


RUNNERS: dict[str, Callable[[argparse.Namespace], int]] = {
    "check": run_check,
    "fix": run_fix,
    "trace": run_trace,
    "measure": run_measure,
    "why": run_why,
    "memory": run_memory,
    "explain": run_explain,
}
"""What each sub-command does; its options are declared in :data:`flake8_forksafe.command_line.COMMANDS`."""
