"""``asyncio`` and ``threading``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import check, found_codes, write
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


AWAITED = {
    "gather": ("return await asyncio.gather(f(), g())", True),
    "wait_for": ("await asyncio.wait_for(f(), 3)\n    return await asyncio.shield(g())", True),
    "create_task": ("one, two = asyncio.create_task(f()), asyncio.ensure_future(g())\n"
                    "    await one\n    await two", False),
    "a group": ("async with asyncio.TaskGroup() as tasks:\n        tasks.create_task(f())\n"
                "        tasks.create_task(g())", False),
}  # fmt: skip


@pytest.mark.parametrize("run", ["asyncio.run(main())", "with asyncio.Runner() as runner:\n    runner.run(main())"])
@pytest.mark.parametrize(("body", "sure"), AWAITED.values(), ids=AWAITED)
def test_coroutines_that_are_given_to_asyncio_are_executed(tmp_path: Path, body: str, sure: bool, run: str) -> None:
    program = (
        "import asyncio\nasync def f():\n    import one\nasync def g():\n    import two\n"
        f"async def main():\n    {body}\n{run}\n"
    )
    own = tmp_path / "own"
    own.mkdir()
    for name, text in (("program.py", program), ("one.py", ""), ("two.py", "")):
        (own / name).write_text(text, encoding="utf-8")
    script = "import program, sys; print(*[name for name in ('one', 'two') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=own, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["one", "two"]
    walk = walk_program(tmp_path, program)
    assert [name for name in imported_modules(walk) if name in ("one", "two")] == ["one", "two"]
    assert all(edge.sure is sure for edge in walk.recorder.edges.values() if str(edge.target).endswith(":f"))


@pytest.mark.parametrize("library", ["anyio", "trio"])
def test_loops_of_others_call_a_coroutine_function(tmp_path: Path, library: str) -> None:
    program = f"import {library}\nasync def f(name):\n    import one\n    return name\nA = {library}.run(f, 3)\n"
    walk = walk_program(tmp_path, program)
    assert plain(names_of(walk)["A"]) == 3 and "one" in imported_modules(walk)


IN_THREADS = {
    "a loop that is kept": ("asyncio.to_thread(len, 'a')", "L.run_until_complete(f())", True),
    "its executor": ("asyncio.get_running_loop().run_in_executor(None, len, 'a')", "L.run_until_complete(f())", True),
    "a loop that is closed": ("asyncio.to_thread(len, 'a')", "L.run_until_complete(f())\nL.close()", False),
    "a loop that ends": ("asyncio.to_thread(len, 'a')", "asyncio.run(f())", False),
}


@pytest.mark.parametrize("name", IN_THREADS)
def test_the_threads_of_an_executor_stay_with_their_loop(tmp_path: Path, name: str) -> None:
    awaited, run, stays = IN_THREADS[name]
    source = f"import asyncio\nL = asyncio.new_event_loop()\nasync def f():\n    return await {awaited}\n{run}\n"
    app = "from celery import Celery\napp = Celery('p', include=['p.tasks'])\n"
    root = write(tmp_path, {"p/__init__.py": "", "p/celery.py": app, "p/tasks.py": source})
    assert (("p/tasks.py", 5, "FS112") in found_codes(check(root), root)) == stays


@pytest.mark.costly
@pytest.mark.parametrize("name", IN_THREADS)
def test_a_child_waits_for_ever_for_them(name: str) -> None:
    """The same in CPython, which forks, and asks for a thread of the loop."""
    awaited, run, stays = IN_THREADS[name]
    source = (
        f"import asyncio, os, signal\nL = asyncio.new_event_loop()\nasync def f():\n    return await {awaited}\n{run}\n"
        "pid = os.fork()\nif not pid:\n    signal.alarm(5)\n"
        "    L = asyncio.new_event_loop() if L.is_closed() else L\n    L.run_until_complete(f())\n    os._exit(0)\n"
        "print(os.waitpid(pid, 0)[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert (done.stdout.strip() == "14") == stays
