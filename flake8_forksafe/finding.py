"""What is reported: findings, chains, remarks and outcomes as plain data."""

from __future__ import annotations

from typing import NamedTuple

WORKER = "celery worker"
"""The source of the first hop of a chain, unless the hop has another."""


MOST_WORKERS = 3
"""Workers that a message names."""


class Hop(NamedTuple):
    """One edge of a chain, with its place.

    :ivar node: what is executed: a module, or ``module:function``.
    :ivar path: file that holds the line which executes it; None for the host itself, and for what is not read.
    :ivar source: what executes it, where that is a module that is not read, or a host other than a Celery worker.
    """

    node: str
    path: str | None
    line: int
    kind: str
    step: str = ""
    source: str = ""


class Finding(NamedTuple):
    """One reported problem.

    :ivar path: absolute path of the file.
    :ivar line: 1-based; ``column`` is 0-based.
    :ivar what: what happens, and why it is dangerous.
    :ivar subject: what it is about; two findings of one code at one place about one subject are the same.
    :ivar chain: how the worker gets there; the last hop is what is found.
    :ivar instead: how to fix it.
    :ivar place: path and line in a deployment file, if the finding is about one; flake8 reports it at ``path`` instead.
    :ivar workers: the apps whose workers it concerns, where several fork.
    """

    path: str
    line: int
    column: int
    code: str
    what: str
    subject: str = ""
    chain: tuple[Hop, ...] = ()
    instead: str = ""
    place: tuple[str, int] | None = None
    workers: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """What happens, and in which workers, where several fork."""
        if not self.workers:
            return self.what
        shown = [f"'{name}'" for name in self.workers[:MOST_WORKERS]]
        more = len(self.workers) - len(shown)
        return f"{self.what} [of {', '.join([*shown, f'{more} more'] if more else shown)}]"

    @property
    def text(self) -> str:
        """The message in one line without the code: what happens, the chain, and how to fix it."""
        chain = f": {chain_text(self.chain)}" if self.chain else ""
        return f"{self.headline}{chain}; {self.instead}" if self.instead else f"{self.headline}{chain}"


class TextEdit(NamedTuple):
    """Text that replaces a part of a file; a part of no length is where it is inserted.

    Lines and columns are 1-based, and count characters of the text without its byte order mark; the end is exclusive.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    content: str


class Fix(NamedTuple):
    """How a finding can be repaired, or why it cannot.

    :ivar applicability: ``"safe"``, ``"unsafe"``, or None if there is no repair.
    :ivar message: what is changed; empty if nothing is.
    :ivar reason: why it is not safe, or not possible; empty for a safe one.
    :ivar edits: of the files as they are now, which belong together; in order, and without overlap.
    """

    applicability: str | None
    message: str
    reason: str
    edits: tuple[TextEdit, ...] = ()


class Remark(NamedTuple):
    """A remark of ``forksafe check`` beside its findings.

    :ivar text: a sentence in which ``{place}`` stands for the place, if there is one.
    """

    text: str
    path: str | None = None
    line: int = 0


NOTHING_STARTED = Remark(
    "nothing was checked: no file of the repository is seen to start a process that loads the project and then forks "
    "(Celery, gunicorn --preload, uWSGI, RQ, Huey, job runners of Django)"
)
"""What is said where there is nothing to follow."""


class Outcome(NamedTuple):
    """The result of one analysis.

    :ivar apps: Celery apps found; ``files``: files on the boot path.
    :ivar others: what other hosts run, one word for each app.
    :ivar inside: projects inside with options of their own, by absolute path.
    """

    findings: tuple[Finding, ...]
    remarks: tuple[Remark, ...]
    apps: int
    files: int
    others: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()


def chain_text(chain: tuple[Hop, ...]) -> str:
    """A chain in one line, with the line that the last hop stands at: ``proj.celery → shop.tasks → shop.ai:3``."""
    nodes = [hop.node for hop in chain[:-1]] or [chain[-1].source or WORKER]
    return f"{' → '.join(nodes)}:{chain[-1].line}" if chain[-1].path is not None else " → ".join(nodes)
