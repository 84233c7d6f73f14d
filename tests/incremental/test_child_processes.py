"""What is left to a child of this process: its result arrives, its failures do no harm, and nothing is left of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import FIXTURES, PATIENCE_S

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no child elsewhere")

PRELUDE = """
import os, signal, sys, threading, time
from flake8_forksafe.incremental.child_processes import may_fork, output_of_child

def left():
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return len(os.listdir("/proc/self/fd")) - before

before = len(os.listdir("/proc/self/fd"))
"""
"""What every script begins with; each runs in a process of its own, since pytest's may have threads."""


def run(script: str, directory: Path | None = None) -> str:
    """What a script prints."""
    command = [sys.executable, "-W", "error", "-c", PRELUDE + script]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_the_result_of_a_child() -> None:
    script = """
here = []
output = output_of_child(lambda: (here.append(1), b"%d " % os.getpid() + b"x" * 1_000_000)[1])
number, text = output.split()
print(int(number) != os.getpid(), len(text), here, left())
"""
    assert run(script) == "True 1000000 [] 0"


@pytest.mark.parametrize(
    "work",
    [
        "1 / 0",
        "sys.exit(3)",
        "os._exit(0)",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os.kill(os.getpid(), signal.SIGTERM)",
        "os.kill(os.getpid(), signal.SIGINT)",
        "lambda: 0",
    ],
)
def test_a_child_that_fails(work: str) -> None:
    script = f"""
signal.signal(signal.SIGTERM, lambda *_: print("a handler of the program ran in the child", flush=True))
print(output_of_child(lambda: {work}), left())
"""
    assert run(script) == "b'' 0"


def test_an_interruption_ends_the_child() -> None:
    script = """
def interrupt():
    os.kill(os.getppid(), signal.SIGINT)
    time.sleep(3600)

try:
    output_of_child(interrupt)
except KeyboardInterrupt:
    print(left())
"""
    assert run(script) == "0"


@pytest.mark.parametrize(
    "condition",
    [
        "threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()",
        "sys.platform = 'darwin'",
        "del os.memfd_create",
        "os.memfd_create = os.fork = lambda *_: (_ for _ in ()).throw(PermissionError('not here'))",
        "os.fork = lambda: (_ for _ in ()).throw(BlockingIOError('no more processes'))",
    ],
    ids=["threads", "macOS", "old libc", "sandbox", "no more processes"],
)
def test_there_is_no_child_where_it_is_unsafe(condition: str) -> None:
    script = f"{condition}\nprint(output_of_child(os.urandom), left(), signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    assert run(script) == "b'' 0 set()"


def test_flake8_does_not_take_the_memory_of_an_analysis(tmp_path: Path) -> None:
    script = f"""
from flake8_forksafe.session import find
from flake8_forksafe.settings import make_settings

settings = make_settings({str(FIXTURES / "bookshop")!r}, {{"no_cache": True}})
found = find(settings, {{}})
print("flake8_forksafe.analysis" in sys.modules, "networkx" in sys.modules, left())
threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
print(len(found) > 5, find(settings, {{}}) == found, "networkx" in sys.modules)
"""
    assert run(script) == "False False 0\nTrue True True"


def test_what_the_user_got_wrong_is_told_as_ever(tmp_path: Path) -> None:
    (tmp_path / "measured.json").write_text("{")
    (tmp_path / "celery.py").write_text("from celery import Celery\napp = Celery()\n")
    script = """
from flake8_forksafe.session import find
from flake8_forksafe.options import UsageError
from flake8_forksafe.settings import make_settings

try:
    find(make_settings(os.getcwd(), {"measurement": "measured.json"}), {})
except UsageError as error:
    print("measured.json" in str(error), left())
"""
    assert run(script, tmp_path) == "True 0"
