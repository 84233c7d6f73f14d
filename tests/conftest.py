"""The same surroundings for every test, whatever those of the shell are; and ``helpers`` for every test directory.

What a process inherits reaches the tests and the programs that they start: ignored signals (``nohup``, a job in the
background), variables (``PYTHONWARNINGS``, ``VIRTUAL_ENV``, ``FORCE_COLOR``), the home directory, the mask of
permissions. All of it is set here, before a test module is imported.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent

sys.path[:0] = [
    str(TESTS / room) for room in (".", "deployment", "fix", "interpreter", "report", "source")
]  # what tests share

KEPT = re.compile(
    r"PATH|LD_LIBRARY_PATH|DYLD_\w+|PYENV_\w+|TMPDIR|TEMP|TMP"  # programs and where they may write
    r"|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|PROGRAMDATA|PROGRAMFILES.*|NUMBER_OF_PROCESSORS"  # Windows
    r"|PIP_(?!CONSTRAINT)\w+|HTTPS?_PROXY|NO_PROXY|SSL_CERT_\w+|REQUESTS_CA_BUNDLE"  # what pip needs, in the slow tests
    r"|PYTEST_\w+|HYPOTHESIS_\w+|COVERAGE_\w+"  # the tools that run the tests
    r"|FORKSAFE_(?:FUZZ(?:_SEED)?|LONG|ORACLE|SCREENSHOTS|TRUTH_CACHE)",  # options of tests themselves
    re.IGNORECASE,
)
"""The variables that tests may see."""


def take_default_signals() -> None:
    """Undo what the process inherited: signals that are ignored or blocked."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
    python_ignores = {getattr(signal, name, None) for name in ("SIGPIPE", "SIGXFSZ")}
    for number in signal.valid_signals() - python_ignores:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def take_plain_environment(home: str) -> None:
    """Leave the variables that tests may see, and add what every machine has."""
    for name in [name for name in os.environ if not KEPT.fullmatch(name)]:
        del os.environ[name]
    os.environ.update(HOME=home, USERPROFILE=home, APPDATA=home, LOCALAPPDATA=home, TZ="UTC0", LC_ALL="C.UTF-8")
    if hasattr(time, "tzset"):
        time.tzset()
    os.umask(0o022)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an interpreter that leaves assertions out, and settle the surroundings."""
    if not __debug__:
        raise pytest.UsageError("python -O leaves the assertions out: no test could fail")
    home = tempfile.TemporaryDirectory(prefix="forksafe-home-")
    config.add_cleanup(home.cleanup)
    take_default_signals()
    take_plain_environment(home.name)


settings.register_profile("ci", derandomize=True, database=None, deadline=None, print_blob=True)
"""The same examples in every run."""
settings.register_profile("random", derandomize=False, database=None, deadline=None, print_blob=True)
"""Others in each, for scheduled runs; what fails is printed with the line that repeats it."""
