"""Messages for unexpected errors, in one line."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from types import TracebackType

from flake8_forksafe.file_reading import EXHAUSTED, CannotAnalyse, OutOfResources
from flake8_forksafe.options import UsageError
from flake8_forksafe.printable import printable, shortened

PACKAGE_NAME = __name__.partition(".")[0]
PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
DEBUG = "FORKSAFE_DEBUG"
"""The environment variable that shows the traceback."""
ISSUES = "the issue tracker of flake8-forksafe"


def describe(error: BaseException) -> str:
    """One line that says what happened and what to do."""
    if isinstance(error, (UsageError, CannotAnalyse)):
        return _line(str(error))
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, (OutOfResources, MemoryError)):
        return _line(f"it cannot go on: {str(error) or 'there is no more memory'}")
    package = failed_import(error)
    if isinstance(error, OSError) and error.errno in EXHAUSTED:
        return _line(f"it cannot go on: {os.strerror(error.errno)}")
    if package is not None:
        return _line(f"{package} cannot be imported ({_named(error)}); reinstall flake8-forksafe")
    if isinstance(error, OSError) and error.filename is None and error.errno in (errno.ENOSPC, errno.EBADF, errno.EIO):
        return _line(f"the findings cannot be written: {error.strerror}")
    return _line(f"internal error: {_named(error)}; please report it to {ISSUES}, with what {DEBUG}=1 shows")


def failed_import(error: BaseException) -> str | None:
    """The package whose import raised an error, if it is not part of this program; else None.

    The traceback shows the frame of the package's module; CPython removes the frames of importlib.
    """
    trace: TracebackType | None = error.__traceback__
    inside = False
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_filename.startswith(PACKAGE):
            inside = True
        elif inside and frame.f_code.co_name == "<module>":
            return str(frame.f_globals.get("__name__")).partition(".")[0]
        trace = trace.tb_next
    if inside and isinstance(error, ImportError) and error.name and not error.name.startswith(PACKAGE_NAME):
        return error.name.partition(".")[0]
    if inside and isinstance(error, SyntaxError) and error.filename and os.path.isfile(error.filename):
        directory, name = os.path.split(error.filename)
        return os.path.basename(directory) if name == "__init__.py" else os.path.splitext(name)[0]
    return None


def _named(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _line(text: str) -> str:
    return printable(shortened(text))


def complain(program: str, text: str) -> None:
    """Write a line to standard error, if there is one."""
    with suppress(OSError, ValueError):
        print(f"{program}: {text}", file=sys.stderr, flush=True)


def show_traceback(error: BaseException) -> None:
    """Print the traceback of an error if :data:`DEBUG` is set."""
    if os.environ.get(DEBUG):
        import traceback

        with suppress(OSError, ValueError):
            traceback.print_exception(error)


def occupy_standard_streams() -> bool:
    """Open the null device for each closed standard stream, so that no file gets its number.

    Returns whether there is a standard output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (open until the end)
    return sys.stdout is not None
