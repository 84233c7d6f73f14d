"""What is remembered of calls."""

from __future__ import annotations

import textwrap
from pathlib import Path

from programs import walk_program

from flake8_forksafe.interpreter.calls import REPEAT_LIMIT
from flake8_forksafe.interpreter.records import Node


def test_a_call_with_the_same_arguments_is_executed_a_few_times_only(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "def f(x):\n    return x\nfor _ in range(30):\n    f(1)\nf(2)\n")
    ((node, times),) = walk.memory.executions.items()
    assert (str(node), times) == ("main:f", REPEAT_LIMIT + 2)  # one more execution stands for all further ones
    assert [found.times for found in walk.memory.results.values()] == [REPEAT_LIMIT, 1]
    assert len(walk.memory.widened) == 1


def test_very_many_calls_are_followed_without_their_arguments(tmp_path: Path) -> None:
    text = """
    seen = []
    def f(x):
        seen.append(x)
        if len(seen) > 2050:
            import colorsys
    for _ in range(14):
        for n in range(150):
            f(f"{n}!")
    """
    walk = walk_program(tmp_path, textwrap.dedent(text))
    assert Node("colorsys") in {target for _, target, _, _ in walk.recorder.edges}
    assert not walk.recorder.notes


def test_nothing_is_active_at_the_end(tmp_path: Path) -> None:
    walk = walk_program(
        tmp_path, ("def f(n):\n    return f(n - 1) if n else {}['x']\ntry:\n    f(2)\nexcept KeyError:\n    pass\n")
    )
    assert set(walk.memory.active.values()) == {0}
    assert walk.budget.depth == 0
