"""The model of the worker process: what conditions are evaluated in."""

from __future__ import annotations

from typing import NamedTuple


class Process(NamedTuple):
    """One worker's MainProcess, as far as it is known before it starts.

    :ivar argv: the possible values of ``sys.argv``, one for each launch form.
    :ivar environ: the environment variables that are known; the others may or may not be set.
    :ivar platform: ``sys.platform``, or None if the project may run anywhere.
    :ivar versions: the lowest and the highest Python version it may run on.
    """

    argv: tuple[tuple[str, ...], ...]
    environ: tuple[tuple[str, str], ...] = ()
    platform: str | None = None
    versions: tuple[tuple[int, int], ...] = ()
