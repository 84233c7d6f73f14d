"""Commands that start processes which inherit nothing of the project, and why.

uvicorn 0.54, hypercorn 0.18 and granian 2.8 were run with two workers: the process that starts them never imported the
module it was given.  An audit hook noted the forks of the others, and what was loaded of the project at each: of taskiq
0.13 and dramatiq 2.2 (two workers), and of rq 3.0 (a job), nothing; arq 0.28, procrastinate 3.10 and flower 2.2 forked
nothing while they ran.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flake8_forksafe.deployment.model import Word

SPAWNS = "it spawns its workers, and each imports the app for itself"
IN_CHILDREN = "its workers import what they run for themselves, after the fork"
FORKS_NOTHING = "it forks nothing"


class CleanCommand(NamedTuple):
    """A program, or one of its commands.

    :ivar command: what stands behind its name; empty for anything.
    """

    program: str
    command: str
    why: str


CLEAN_COMMANDS = (
    CleanCommand("uvicorn", "", SPAWNS),
    CleanCommand("hypercorn", "", SPAWNS),
    CleanCommand("granian", "", IN_CHILDREN),
    CleanCommand("dramatiq", "", IN_CHILDREN),
    CleanCommand("taskiq", "worker", IN_CHILDREN),
    CleanCommand("arq", "", FORKS_NOTHING),
    CleanCommand("procrastinate", "worker", FORKS_NOTHING),
)
BYSTANDER = FORKS_NOTHING
"""Why ``celery beat``, ``celery events`` and ``celery flower`` are clean."""
NAMES = frozenset(one.program for one in CLEAN_COMMANDS)
STARTERS = frozenset({"-m", "run", "run-program"})
"""What may stand before such a program, besides programs that run any other: ``python -m``, ``uv run``."""


def clean_command(program: str, rest: Sequence[Word]) -> CleanCommand | None:
    """The entry that a command is; None if there is none, or if it only shows something."""
    texts = [word.text for word in rest]
    if program not in NAMES or {"--help", "--version", "-h"} & set(texts):
        return None
    return next((one for one in CLEAN_COMMANDS if one.program == program and one.command in ("", *texts)), None)
