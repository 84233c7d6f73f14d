"""``asyncio`` and ``threading``."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import imported_modules, names_of, plain, walk_program


@pytest.mark.parametrize(
    "run",
    [
        "asyncio.run(f())",
        "asyncio.get_event_loop().run_until_complete(f())",
        "asyncio.new_event_loop().run_until_complete(f())",
    ],
)
def test_a_coroutine_runs_when_it_is_given_to_a_loop(tmp_path: Path, run: str) -> None:
    program = f"import asyncio\nasync def f():\n    import one\n    return 3\nA = {run}\n"
    walk = walk_program(tmp_path, program)
    assert plain(names_of(walk)["A"]) == 3
    assert "one" in imported_modules(walk)


THREADS = {
    "target": "threading.Thread(target=f, args=(1,)).start()",
    "by position": "threading.Thread(None, f).start()",
    "subclass": "class T(threading.Thread):\n    def run(self):\n        f()\nT().start()",
}


@pytest.mark.parametrize("start", THREADS.values(), ids=THREADS)
def test_a_thread_may_run_before_the_fork(tmp_path: Path, start: str) -> None:
    walk = walk_program(tmp_path, f"import threading\ndef f(x=None):\n    import one\n{start}\n")
    threads = [edge for edge in walk.recorder.edges.values() if edge.kind == "thread"]
    assert len(threads) == 1
    assert [edge.sure for edge in walk.recorder.edges.values() if str(edge.target) == "one"]
    assert not {"one"} - set(imported_modules(walk))


def test_a_thread_that_is_not_started_does_nothing(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "import threading\ndef f():\n    import one\nthreading.Thread(target=f)\n")
    assert "one" not in imported_modules(walk)
