"""The command line of ``forksafe``: its sub-commands and their options, as argparse has them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from flake8_forksafe import __version__
from flake8_forksafe.internal_errors import complain
from flake8_forksafe.printable import printable, shortened
from flake8_forksafe.report.formats import CHECK_DOCUMENTS, CHECK_LINES, TRACE_DOCUMENTS
from flake8_forksafe.settings import OPTIONS

PROJECT = "the project (default: the current directory)"
CONTAINING = "the project is the one that contains them (default: the current one)"


class Parser(argparse.ArgumentParser):
    """Accepts options in full only, and reports an error in one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Write help.  argparse ignores an error of the stream; here it is raised."""
        (file or sys.stdout).write(message)

    def error(self, message: str) -> NoReturn:
        """Exit with status 2 and a message."""
        complain(self.prog, f"{printable(shortened(message))}; see {self.prog} --help")
        self.exit(2)


def make_parser(command: str = "") -> argparse.ArgumentParser:
    """The parser of ``forksafe``.

    :param command: the sub-command that is given; the options of ``measure`` are added only for it, because they
        import code that no other command needs.
    """
    parser = Parser(
        prog="forksafe",
        description="Find what a Celery worker's MainProcess imports and runs before it forks. "
        "Every command except measure is static: the project is not imported.",
        epilog="Start with: forksafe check. Exit status: 0 no findings, 1 findings, 2 error.",
    )
    parser.add_argument("--version", action="version", version=f"forksafe {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, summary, description, add_arguments in COMMANDS:
        subparser = commands.add_parser(name, help=summary, description=description)
        if name != "measure" or name == command:
            add_arguments(subparser)
    return parser


def add_options(parser: argparse.ArgumentParser, reports: bool = False) -> None:
    """Add the settings, which flake8 has as ``--forksafe-*``.

    :param reports: whether the command reports findings; only then is there a baseline.
    """
    group = parser.add_argument_group("settings", "also flake8 options --forksafe-NAME, and keys of [tool.forksafe]")
    for option in OPTIONS:
        if option.is_table or (option.key == "baseline" and not reports):
            continue
        text = f"{option.help} (default: {option.default})"
        if option.is_flag:
            group.add_argument(f"--{option.name}", action="store_true", default=None, help=text)
        else:
            group.add_argument(f"--{option.name}", metavar=option.metavar, help=text)


def _check(parser: argparse.ArgumentParser) -> None:
    """Options of ``forksafe check``."""
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help=f"report on these files and directories only; {CONTAINING}")
    add("--format", choices=(*CHECK_LINES, *CHECK_DOCUMENTS), default="text", help="output format (default: text)")
    add("--fixes", action="store_true", help="with --format json or sarif: include the repair of each finding, which "
        "takes several times as long (default: findings only)")  # fmt: skip
    add("--stdin-filename", metavar="FILE", help="read the text of this file from standard input, such as an unsaved "
        "buffer of an editor, and report on it only")  # fmt: skip
    add("--select", action="append", metavar="CODES",
        help="report only codes with these prefixes, such as FS101,FS11 (default: all)")  # fmt: skip
    add("--ignore", action="append", metavar="CODES",
        help="do not report codes with these prefixes; the longest matching prefix decides")  # fmt: skip
    add("--exit-zero", action="store_true", help="exit with status 0 even if there are findings")
    add("-q", "--quiet", action="store_true", help="findings only: no remarks and no summary")
    add("--output-file", metavar="FILE", help="write the report to a file")
    add("-v", "--verbose", action="store_true", help="print a table of the workers at the end")
    add("--statistics", action="store_true", help="print the number of findings of each code")
    add("--write-baseline", metavar="FILE", help="write all findings of the project to a file for --baseline")
    add_options(parser, reports=True)


def _fix(parser: argparse.ArgumentParser) -> None:
    """Options of ``forksafe fix``."""
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help=f"edit these files and directories only; {CONTAINING}")
    add("--unsafe", action="store_true", help="include repairs that may change the program's behaviour")
    add("--select", action="append", metavar="CODES", help="repair only findings with these codes, such as FS101,FS13")
    add("--worker-process-init", action="store_true", help="with --unsafe: move handlers that load a model to "
        "worker_process_init (default: load the model on first use)")  # fmt: skip
    add("--write", action="store_true", help="write the files, all or none (default: show a diff)")
    add("--allow-dirty", action="store_true", help="with --write: also write files with uncommitted changes")
    add_options(parser)


def _trace(parser: argparse.ArgumentParser) -> None:
    """Options of ``forksafe trace``."""
    add = parser.add_argument
    add("project", nargs="?", default=".", metavar="DIR", help=PROJECT)
    add("--format", choices=("text", *TRACE_DOCUMENTS), default="text",
        help="output format (default: text); html is a self-contained page")  # fmt: skip
    add("--list", action="store_true", help="only list the workers: app, root, settings, pool, launches")
    add_options(parser)


def _why(parser: argparse.ArgumentParser) -> None:
    """Options of ``forksafe why``."""
    parser.add_argument("name", metavar="NAME", help="a module or package, such as torch or shop.tasks")
    parser.add_argument("project", nargs="?", default=".", metavar="DIR", help=PROJECT)
    add_options(parser)


def _memory(parser: argparse.ArgumentParser) -> None:
    """Options of ``forksafe memory``."""
    parser.add_argument("project", nargs="?", default=".", metavar="DIR", help=PROJECT)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")
    add_options(parser)


def _explain(parser: argparse.ArgumentParser) -> None:
    """Options of ``forksafe explain``."""
    parser.add_argument("code", nargs="?", metavar="CODE", help="such as FS101 (default: list all codes)")
    parser.add_argument("place", nargs="?", metavar="PATH[:LINE]", help="show the repair of the findings there "
        "(default: of those in the project that the current directory lies in)")  # fmt: skip
    add_options(parser)


class Command(NamedTuple):
    """A sub-command.  What it does is an entry of ``cli.RUNNERS``.

    :ivar help: for the list of commands.
    :ivar add_arguments: adds its options.
    """

    name: str
    help: str
    description: str
    add_arguments: Callable[[argparse.ArgumentParser], None]


def _measure(parser: argparse.ArgumentParser) -> None:
    """Options of ``forksafe measure``."""
    from flake8_forksafe.measure.command import add_arguments

    add_arguments(parser)


COMMANDS = (
    Command("check", "report findings, with the chain that explains each",
            "Follow the worker's boot through the source, and report what is unsafe to fork, with the chain that leads "
            "to it and how to fix it. No worker is started.", _check),
    Command("fix", "show or write repairs, each verified by analysing the boot again",
            "Defer the cheapest set of imports without which no hazard is loaded before the fork. A repair is shown "
            "only if the boot, followed again through the changed source, has fewer findings and no new one. "
            "Exit status: 1 if something would change; with --write, 1 if findings remain.", _fix),
    Command("trace", "list what is loaded before the fork, in order",
            "List the steps of the worker's boot, and the project's modules that each loads, in order, with the place "
            "that imports each.", _trace),
    Command("measure", "boot a real worker up to its first fork: runs the project's code",
            "Boot the project's real worker in its own interpreter, stop at the first fork of its pool, and compare "
            "what was imported with the static trace. This runs the project's code, as `celery worker` would; it "
            "connects to no broker and takes no task. Arguments after -- are passed to `celery worker`, or are the "
            "command of another host: -- gunicorn --preload proj.wsgi, -- manage.py run_huey.", _measure),
    Command("why", "explain why a module or package is loaded before the fork",
            "Show each step from the worker to a module with its line of source: the chain that loads it first, and "
            "the shortest one.", _why),
    Command("memory", "estimate the memory of each launch, and what concurrency fits",
            "For each launch in the deployment files: the memory that its processes need, and how many fit. To use "
            "your own figures: measure --save, then --measurement.", _memory),
    Command("explain", "explain a code, or list all codes",
            "Show the page of a code: what it reports, why that is bad, an example, the fix, and how it decides; then "
            "the findings of this code in the project, each with its repair as a diff.", _explain),
)  # fmt: skip
"""The sub-commands, in the order of the help text."""
