"""Rules, and the context that they get."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from flake8_forksafe.deployment.model import Trouble
from flake8_forksafe.finding import Finding
from flake8_forksafe.hazards.catalogue import Catalogue
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.project.disk import Unread
from flake8_forksafe.project.measurement import Measurement
from flake8_forksafe.project.search_result import LeftOut, Search
from flake8_forksafe.settings import Settings
from flake8_forksafe.trace.trace import Trace


class Problem(NamedTuple):
    """An option that names something that does not exist (FS193)."""

    option: str
    value: str


class Context(NamedTuple):
    """Everything a rule may look at.

    :ivar traces: one for each launch.
    :ivar troubles: deployment files that could not be read.
    :ivar unread: files and directories that are there and could not be read.
    :ivar measured: what ``forksafe measure --save`` recorded, if the user names it.
    :ivar left_out: apps that are not followed.
    :ivar clean: what is started, but executes nothing of the project before it forks.
    :ivar passed_over: workers that are not followed, since those before them took too much.
    :ivar search: what the search for Celery apps found, or None if the apps were given.
    """

    settings: Settings
    catalogue: Catalogue
    traces: tuple[Trace, ...]
    search: Search | None
    problems: tuple[Problem, ...]
    troubles: tuple[Trouble, ...] = ()
    measured: Measurement | None = None
    unread: tuple[Unread, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    clean: tuple[LeftOut, ...] = ()
    passed_over: tuple[LeftOut, ...] = ()


class Rule(NamedTuple):
    """One code.  What people read about it lies beside, in ``pages/``: :mod:`flake8_forksafe.rules.page`.

    :ivar summary: the finding in a few words, for lists.
    :ivar any_pool: whether it also concerns workers whose pool does not fork.
    :ivar severity: the word of SARIF's levels and of GitHub's workflow commands; a warning does no harm by itself: a
        value left to chance, and what was not analysed.
    """

    code: str
    summary: str
    check: Callable[[Context], Iterable[Finding]]
    any_pool: bool = False
    severity: Literal["error", "warning"] = "error"


def listed(names: list[str]) -> str:
    """Names for a sentence, at most four."""
    quoted = [repr(name) for name in names[:4]]
    if len(names) > 4:
        return f"{', '.join(quoted)} and {len(names) - 4} more"
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def brought(packages: Mapping[str, bool]) -> str:
    """What an import brings, as the rest of a sentence.

    :param packages: by name, whether it surely brings each.
    """
    sure = [name for name, certain in packages.items() if certain]
    maybe = [name for name, certain in packages.items() if not certain]
    parts = [f"brings {listed(sure)}"] * bool(sure) + [f"may bring {listed(maybe)}"] * bool(maybe)
    return " and ".join(parts)


def way_out(trace: Trace, node: Node, instead: str) -> str:
    """The way out of what is executed at a node, and how to leave out the step of the boot that alone leads there."""
    omission = trace.omissible.get(node)
    return f"{instead}, or {omission.without}: only {omission.what} lead here" if omission is not None else instead


def is_accepted(name: str, accepted: set[str]) -> bool:
    """Whether a package or one it lies in is accepted."""
    parts = name.split(".") if accepted else []
    return any(".".join(parts[:count]) in accepted for count in range(1, len(parts) + 1))


def beside(path: str, other: str) -> str:
    """A path as it is seen from the directory that holds it and another file, so wherever the analysis starts."""
    base = os.path.commonpath([os.path.dirname(path), os.path.dirname(other)]) if other else os.path.dirname(path)
    return os.path.relpath(path, base)


__all__ = ["Context", "Finding", "Problem", "Rule", "beside", "is_accepted", "listed"]
