"""Parsing ahead: the same facts, sooner; no process is left, whatever happens, and none where forking is not safe."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import PATIENCE_S, write

from flake8_forksafe.incremental import parse_ahead
from flake8_forksafe.incremental.parse_ahead import Log

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no child elsewhere")

PRELUDE = """
import json, os, signal, sys, threading, time
from pathlib import Path
from flake8_forksafe.incremental import parse_ahead
from flake8_forksafe.incremental.fact_store import FactStore
from flake8_forksafe.incremental.cache_files import CacheFiles
from flake8_forksafe.source import collector

parse_ahead._cores = lambda: 2

def read(path):
    return Path(path).read_bytes()

def visit_all(visit):
    for name in ("a.py", "b.py"):
        visit(name)

def ended(child):
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)

def refuse(text, offset=0):
    raise AssertionError("parsed here")

def children():
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None

store = FactStore(CacheFiles(None), read)
"""
"""What every script begins with; each runs in a process of its own, since pytest's have threads."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two files."""
    return write(tmp_path, {"a.py": "import json\n", "b.py": "def f(x=1):\n    pass\n"})


def run(project: Path, script: str) -> str:
    """What a script prints."""
    command = [sys.executable, "-W", "error", "-c", PRELUDE + script]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_what_the_child_has_parsed_is_not_parsed_again(project: Path) -> None:
    script = """
with store.parsing_ahead(visit_all):
    ended(store._ahead.child)
    collector.collect, collect = refuse, collector.collect
    print([store.module(name) == collect(Path(name).read_text()) for name in ("a.py", "b.py")], store.parsed)
"""
    assert run(project, script) == "[True, True] ['a.py', 'b.py']"


def test_what_the_child_has_not_parsed_is_parsed_here(project: Path) -> None:
    script = """
with store.parsing_ahead(lambda visit: visit("a.py")):
    ended(store._ahead.child)
    print(len(store.module("b.py")), store._ahead.take("a.py") is not None)
"""
    assert run(project, script) == "1 True"


def test_the_child_leaves_out_what_is_done(project: Path) -> None:
    script = """
store.module("a.py")

def later(visit):
    while not os.path.exists("go"):
        time.sleep(0.01)
    print([visit(name) is not None for name in ("a.py", "b.py")], flush=True)

with store.parsing_ahead(later):
    store.module("b.py")
    Path("go").touch()
    ended(store._ahead.child)
    print(store._ahead.found.news())
"""
    assert run(project, script) == "[True, True]\n[]"


def test_the_child_stops_when_it_has_made_enough(project: Path) -> None:
    script = """
parse_ahead.SIZE_LIMIT = 10
with store.parsing_ahead(visit_all):
    ended(store._ahead.child)
    print([path for path, *_ in store._ahead.found.news()])
"""
    assert run(project, script) == "['a.py']"


def test_a_file_that_changed_meanwhile_is_parsed_here(project: Path) -> None:
    script = """
with store.parsing_ahead(visit_all):
    ended(store._ahead.child)
    Path("a.py").write_text("import csv, re\\n")
    print(store.module("a.py")[0].names)
"""
    assert run(project, script) == "(('csv', None), ('re', None))"


def test_a_broken_file_is_told_here(project: Path) -> None:
    (project / "a.py").write_text("import (\n")
    (project / "b.py").unlink()
    script = """
with store.parsing_ahead(visit_all):
    ended(store._ahead.child)
    for name in ("a.py", "b.py"):
        try:
            store.module(name)
        except Exception as error:
            print(type(error).__name__)
"""
    assert run(project, script) == "Unreadable\nFileNotFoundError"


def test_a_broken_file_does_not_stop_the_child(project: Path) -> None:
    (project / "a.py").write_text("import (\n")
    script = """
with store.parsing_ahead(lambda visit: print([visit(path) for path in ("none.py", "a.py", "b.py")], flush=True)):
    ended(store._ahead.child)
    print([path for path, *_ in store._ahead.found.news()])
"""
    assert run(project, script) == "[None, None, 'def f(x=1):\\n    pass\\n']\n['b.py']"


def test_the_facts_are_kept_as_ever(project: Path) -> None:
    script = """
def kept(directory):
    store = FactStore(CacheFiles(os.path.abspath(directory)), read)
    return {name: store.module(name) for name in ("a.py", "b.py")}, store.parsed

store = FactStore(CacheFiles(os.path.abspath("ahead")), read)
with store.parsing_ahead(visit_all):
    ended(store._ahead.child)
    kept_ahead = {name: store.module(name) for name in ("a.py", "b.py")}
store.finish()
store = FactStore(CacheFiles(os.path.abspath("here")), read)
kept_here = {name: store.module(name) for name in ("a.py", "b.py")}
store.finish()
print(kept_ahead == kept_here, kept("ahead") == kept("here") == (kept_here, []))
"""
    assert run(project, script) == "True True"


# --- no process is left ------------------------------------------------------------------------------------------


def test_neither_process_nor_file_is_left(project: Path) -> None:
    script = """
before = os.listdir("/proc/self/fd"), signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
with store.parsing_ahead(lambda visit: time.sleep(3600)):
    print(children(), signal.pthread_sigmask(signal.SIG_BLOCK, []))
after = os.listdir("/proc/self/fd"), signal.pthread_sigmask(signal.SIG_SETMASK, before[1])
print(children(), after == (before[0], {signal.SIGTERM}), store._ahead)
"""
    assert run(project, script) == "(0, 0) {<Signals.SIGTERM: 15>}\nNone True None"


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "ValueError", "SystemExit"])
def test_an_error_ends_the_child(project: Path, error: str) -> None:
    script = f"""
try:
    with store.parsing_ahead(lambda visit: time.sleep(3600)):
        raise {error}
except {error}:
    print(children())
"""
    assert run(project, script) == "None"


@pytest.mark.parametrize("number", ["SIGKILL", "SIGINT", "SIGTERM"])
def test_a_child_that_dies_is_not_missed(project: Path, number: str) -> None:
    script = f"""
signal.signal(signal.SIGTERM, lambda *_: print("a handler of the program ran in the child", flush=True))
with store.parsing_ahead(lambda visit: (Path("up").touch(), time.sleep(3600))):
    while not os.path.exists("up"):
        time.sleep(0.01)
    os.kill(store._ahead.child, signal.{number})
    ended(store._ahead.child)
    print(len(store.module("a.py")))
print(children())
"""
    assert run(project, script) == "1\nNone"


def test_a_child_that_was_reaped_is_not_killed(project: Path) -> None:
    script = """
with store.parsing_ahead(lambda visit: None):
    os.waitpid(store._ahead.child, 0)
    os.kill = refuse
"""
    assert run(project, script) == ""


def test_a_full_memory_is_no_error_of_a_file(project: Path) -> None:
    script = """
def fail(*record):
    raise OSError("no space left")

with store.parsing_ahead(lambda visit: None):
    store._ahead.asked.append = fail
    print(len(store.module("a.py")))
"""
    assert run(project, script) == "1"


@pytest.mark.parametrize("body", ["raise ValueError", "raise KeyboardInterrupt", "sys.exit(3)", "1 / 0"])
def test_a_child_that_fails_says_nothing(project: Path, body: str) -> None:
    script = f"""
def fail(visit):
    {body}

with store.parsing_ahead(fail):
    ended(store._ahead.child)
    print(len(store.module("a.py")))
"""
    assert run(project, script) == "1"


def test_a_child_whose_parent_is_gone_ends(project: Path) -> None:
    script = """
def for_ever(visit):
    while True:
        visit("a.py")

with store.parsing_ahead(for_ever):
    Path("child").write_text(str(store._ahead.child))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", PRELUDE + script]
    assert subprocess.run(command, cwd=project, timeout=PATIENCE_S, check=False).returncode == -9
    child = int((project / "child").read_text())
    status = Path("/proc", str(child), "stat")
    deadline = time.monotonic() + PATIENCE_S
    try:
        while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
            assert time.monotonic() < deadline
            time.sleep(0.05)
    except AssertionError:
        os.kill(child, signal.SIGKILL)
        raise


def test_whoever_else_waits_for_children_may(project: Path) -> None:
    script = """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with store.parsing_ahead(visit_all):
    pass
print(children())
"""
    assert run(project, script) == "None"


# --- no process is made ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition",
    [
        "threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()",
        "parse_ahead._cores = lambda: 1.5",
        "sys.platform = 'darwin'",
        "os.fork = lambda: (_ for _ in ()).throw(BlockingIOError('no more processes'))",
        "store._seen = {'a.py': None}",
    ],
    ids=["threads", "one core", "macOS", "no more processes", "facts were kept"],
)
def test_there_is_no_child_where_it_is_unsafe_or_useless(project: Path, condition: str) -> None:
    script = f"""
before = len(os.listdir("/proc/self/fd"))
{condition}
with store.parsing_ahead(visit_all):
    print(children(), store._ahead, len(os.listdir("/proc/self/fd")) == before)
"""
    assert run(project, script) == "None None True"


def test_there_is_no_child_in_a_worker(project: Path) -> None:
    script = """
import multiprocessing

def work():
    with store.parsing_ahead(visit_all):
        print(children(), store._ahead, flush=True)

process = multiprocessing.get_context("fork").Process(target=work)
process.start()
process.join()
"""
    assert run(project, script) == "None None"


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", 4), ("150000 100000", 1.5), ("50000 100000", 0.5), ("800000 100000", 4), ("odd", 4), (None, 4)],
)
def test_cores_of_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str | None, cores: float) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1, 2, 3})
    monkeypatch.setattr(parse_ahead, "QUOTA", str(tmp_path / "cpu.max"))
    if quota is not None:
        (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert parse_ahead._cores() == cores


# --- what they tell each other -----------------------------------------------------------------------------------


def test_a_line_that_is_being_written_is_read_when_it_is_whole() -> None:
    log = Log()
    log.append("a\nb", 1)
    line = json.dumps(["\udcff", 2]).encode() + b"\n"
    with open(log.file, "ab", buffering=0) as stream:
        stream.write(line[:5])
        assert log.news() == [["a\nb", 1]]
        assert log.news() == []
        stream.write(line[5:])
        assert log.news() == [["\udcff", 2]]


def test_a_full_memory_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    monkeypatch.setattr("os.write", lambda file, content: len(content) - 1)
    with pytest.raises(OSError):
        log.append("a")
