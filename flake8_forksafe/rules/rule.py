"""What a rule is, what it is given, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from flake8_forksafe.hazards.catalogue import Catalogue
from flake8_forksafe.prefork.trace import Hop, Trace
from flake8_forksafe.project.celery_app import Search
from flake8_forksafe.settings import Settings


class Finding(NamedTuple):
    """Something to tell the user.

    :ivar path: absolute path of the file.
    :ivar line: 1-based; ``column`` is 0-based.
    :ivar subject: what it is about; two findings of one code at one place about one subject are the same.
    :ivar text: the message, without the code.
    :ivar chain: how the worker gets there.
    """

    path: str
    line: int
    column: int
    code: str
    text: str
    subject: str = ""
    chain: tuple[Hop, ...] = ()


class Problem(NamedTuple):
    """An option that names something that does not exist (FS193)."""

    option: str
    value: str


class Context(NamedTuple):
    """Everything a rule may look at.

    :ivar traces: one for each launch.
    :ivar search: what the search for Celery apps found, or None if the apps were given.
    """

    settings: Settings
    catalogue: Catalogue
    traces: tuple[Trace, ...]
    search: Search | None
    problems: tuple[Problem, ...]


class Rule(NamedTuple):
    """One code.

    :ivar summary: the finding in a few words, for lists.
    :ivar explanation: what it does, why it is bad, and the way out, for ``forksafe explain``.
    """

    code: str
    summary: str
    check: Callable[[Context], Iterable[Finding]]
    explanation: str


def chain_text(chain: tuple[Hop, ...], last_line: int | None = None) -> str:
    """A chain in one line: ``proj.celery → shop.tasks → shop.ai:3``."""
    nodes = [hop.node for hop in chain]
    if nodes and last_line is not None:
        nodes[-1] += f":{last_line}"
    return " → ".join(nodes)
