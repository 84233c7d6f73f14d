"""No test sees what its process inherited: signals, variables, the home directory, the mask of permissions."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parent / "conftest.py"

PROBE = """
import os, signal, subprocess, sys, time
from pathlib import Path

def test_here():
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
    assert list(Path.home().iterdir()) == [] and time.tzname[0] == "UTC"
    assert not {"VIRTUAL_ENV", "FORCE_COLOR", "LANG", "PYTHONPATH"} & set(os.environ)
    assert os.umask(0o022) == 0o022

def test_in_a_child():
    code = "import os, signal; signal.raise_signal(signal.SIGINT)"
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    assert done.returncode == -signal.SIGINT and "KeyboardInterrupt" in done.stderr
    done = subprocess.run([sys.executable, "-c", "open('unclosed').close(); assert 0"], stderr=subprocess.PIPE)
    assert done.returncode == 1
"""

HOSTILE = {
    "HOME": "/nowhere", "TZ": "Asia/Kathmandu", "LANG": "tr_TR.ISO-8859-9", "VIRTUAL_ENV": "/nowhere",
    "FORCE_COLOR": "1", "PYTHONPATH": "/nowhere", "PYTHONWARNINGS": "default",
}  # fmt: skip


def pytest_run(directory: Path, shell: str, probe: str = PROBE, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the probe with a copy of the settings of the tests, from a shell that does something first."""
    (directory / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    (directory / "test_probe.py").write_text(probe, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "-c", os.devnull, "."]
    return subprocess.run(
        ["sh", "-c", f'{shell}; exec "$@"', "sh", *command],
        cwd=directory, env={**os.environ, **environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_what_is_inherited_reaches_no_test(tmp_path: Path) -> None:
    done = pytest_run(tmp_path, "trap '' INT TERM HUP CHLD; umask 077", **HOSTILE)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
def test_an_interpreter_without_assertions_is_refused(tmp_path: Path) -> None:
    done = pytest_run(tmp_path, ":", PYTHONOPTIMIZE="1")
    assert done.returncode == 4 and "leaves the assertions out" in done.stderr


def test_options_of_tests_are_seen(tmp_path: Path) -> None:
    asked = re.compile(r'(?:environ\.get\(|environ\[)"(FORKSAFE_\w+)"|"(FORKSAFE_\w+)" (?:not )?in os\.environ')
    texts = (path.read_text(encoding="utf-8") for path in CONFTEST.parent.rglob("*.py"))
    names = {first or second for text in texts for first, second in asked.findall(text)}
    assert names >= {"FORKSAFE_LONG", "FORKSAFE_FUZZ", "FORKSAFE_FUZZ_SEED", "FORKSAFE_ORACLE"}
    probe = f"import os\ndef test_here(): assert not set({sorted(names)}) - set(os.environ)\n"
    done = pytest_run(tmp_path, ":", probe, **dict.fromkeys(names, "1"))
    assert done.returncode == 0, done.stdout
