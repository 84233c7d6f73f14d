"""The model of the worker process, in which conditions are evaluated."""

from __future__ import annotations

from typing import NamedTuple


class Process(NamedTuple):
    """One worker's MainProcess, as far as it is known before it starts.

    :ivar argv: the possible values of ``sys.argv``, one for each launch form.
    :ivar environ: the environment variables that are known; the others may or may not be set.
    :ivar platform: ``sys.platform``, or None if the project may run anywhere.
    :ivar versions: the lowest and the highest Python version it may run on.
    :ivar unset: environment variables that are surely not set, unless ``environ`` says so.
    :ivar absent: top-level modules that are surely never loaded, unless the project imports them.
    :ivar loaded: modules that the program itself loads, each with the step of the boot in which it is not there yet.
    :ivar in_children: steps that are executed in the processes it forks.
    """

    argv: tuple[tuple[str, ...], ...]
    environ: tuple[tuple[str, str], ...] = ()
    platform: str | None = None
    versions: tuple[tuple[int, int], ...] = ()
    unset: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    loaded: tuple[tuple[str, str], ...] = ()
    in_children: frozenset[str] = frozenset()
