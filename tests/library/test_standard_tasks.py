"""``asyncio`` and ``threading``."""

from __future__ import annotations

import subprocess
import sys
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
