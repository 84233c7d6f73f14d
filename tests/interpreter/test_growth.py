"""What it costs to follow a program grows with the code that is read, whatever the program is made of.

Calls of functions are counted, not time.  A megabyte of each construct takes bounded
time and memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from growth import GROWING
from helpers import import_in, make_walk, write

from flake8_forksafe.interpreter import budget, calls
from flake8_forksafe.interpreter.budget import BudgetExceeded
from flake8_forksafe.source.collector import known_here

AS_IN_PYTHON = ("a chain of classes", "a ladder of diamonds", "keys that may be equal")
"""A class keeps all that it derives from, and a key is compared with others: bounded, but not linear below that."""
SECONDS, MEGABYTES = 10, 500
"""What one megabyte may take."""


def files_of(name: str, size: int) -> dict[str, str]:
    """The files of a program of one construct."""
    return {f"{module}.py": text for module, text in GROWING[name](size).items()}


def cost(directory: Path, files: dict[str, str]) -> int:
    """How many functions are called to follow a program whose statements were never read before."""
    known_here.cache_clear()
    walk = make_walk(write(directory, files))
    count = 0

    def called(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        import_in(walk, "main")
    except BudgetExceeded:
        pass
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", GROWING)
def test_twice_as_much_costs_at_most_twice(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "STEP_LIMIT", 2_000)
    monkeypatch.setattr(budget, "STEPS_PER_MODULE", 20)
    monkeypatch.setattr(budget, "STEPS_PER_EXTENSION", 20)
    monkeypatch.setattr(budget, "ROUND_LIMIT", 200)
    monkeypatch.setattr(calls, "VARIANT_LIMIT", 20)
    small, large = files_of(name, 24), files_of(name, 48)
    grown = sum(map(len, large.values())) / sum(map(len, small.values()))
    cost(tmp_path / "first", small)  # what is imported and compiled once is no part of it
    ratio = cost(tmp_path / "large", large) / cost(tmp_path / "small", small)
    assert ratio <= 1.25 * grown ** (2 if name in AS_IN_PYTHON else 1)


RUN = """
import json, resource, sys, time
sys.path[:0] = json.loads(sys.argv[1])
from pathlib import Path
from helpers import import_in, make_walk
from flake8_forksafe.interpreter.budget import BudgetExceeded
from flake8_forksafe.source.collector import known_here
walk = make_walk(Path(sys.argv[2]))
try:
    import_in(walk, "main")
except BudgetExceeded:
    pass
print(json.dumps([time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", GROWING)
def test_a_megabyte_is_followed_in_bounded_time_and_memory(name: str, tmp_path: Path) -> None:
    size = 50
    while size < 400_000 and sum(map(len, GROWING[name](size * 2).values())) <= 1 << 20:
        size *= 2
    root = write(tmp_path, files_of(name, size))
    paths = json.dumps([str(Path(__file__).parent), str(Path(__file__).parent.parent)])
    command = [sys.executable, "-c", RUN, paths, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20 * SECONDS)
    assert done.returncode == 0, done.stderr[-2000:]
    seconds, megabytes = json.loads(done.stdout)
    assert seconds <= 3 * SECONDS  # a busy machine is slower
    assert megabytes <= MEGABYTES
