"""What Windows and macOS lack is taken away: flake8 still analyses once, and says the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import FIXTURES

pytestmark = pytest.mark.costly

SCRIPT = """
import multiprocessing, os, runpy, signal, sys

def take_away():
    for name in LACKING:
        module, _, attribute = name.partition(".")
        if hasattr(sys.modules[module], attribute):
            delattr(sys.modules[module], attribute)

def count():
    from flake8_forksafe import session
    find = session.find

    def counted(*given):
        with open("analyses", "a") as stream:
            stream.write(f"{os.getpid()}\\n")
        return find(*given)

    session.find = counted

take_away()
count()
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    from flake8.main.cli import main
    sys.exit(main(sys.argv[1:]))
"""
LACKING = {
    "Windows": [
        "os.fork", "os.memfd_create", "os.getuid", "os.geteuid", "os.sched_getaffinity", "os.getppid", "os.nice",
        "signal.pthread_sigmask", "signal.SIGALRM", "signal.setitimer", "signal.SIGKILL", "os.O_NOFOLLOW",
        "os.O_NONBLOCK", "os.O_CLOEXEC", "os.O_NOCTTY", "os.waitid",
    ],
    "macOS": ["os.memfd_create", "os.sched_getaffinity"],
}  # fmt: skip


def run(root: Path, lacking: list[str], *arguments: str) -> str:
    """What flake8 says where something is lacking."""
    script = root.parent / "run.py"
    script.write_text(f"LACKING = {lacking!r}\n{SCRIPT}")
    command = [sys.executable, str(script), "--select=FS", *arguments, "."]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=300)
    assert done.stderr == "" and done.returncode in (0, 1)
    return "\n".join(sorted(done.stdout.splitlines()))


@pytest.mark.skipif(os.name == "nt", reason="it lacks all that")
@pytest.mark.parametrize("system", LACKING)
def test_one_analysis_for_all_workers(tmp_path: Path, system: str) -> None:
    root = Path(shutil.copytree(FIXTURES / "bookshop", tmp_path / "bookshop"))
    expected = run(root, [], "-j1", "--forksafe-no-cache")
    (root / "analyses").unlink()
    assert len(expected.splitlines()) > 5
    assert run(root, LACKING[system], "-j2") == expected
    assert len((root / "analyses").read_text().splitlines()) == 1
