"""The result of an analysis, from which reports are made."""

from __future__ import annotations

from typing import NamedTuple

from flake8_forksafe.finding import Finding
from flake8_forksafe.hazards.catalogue import Catalogue
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.rules.rule import Context
from flake8_forksafe.source.collected import Collected
from flake8_forksafe.trace.trace import Trace


class Report(NamedTuple):
    """The result of one analysis.

    :ivar traces: one for each Celery app.
    :ivar suppressed: findings that were taken out, since a comment or a configuration says so.
    :ivar files: how many files its facts come from.
    :ivar parsed: how many of them were parsed in this run; ``bodies``: how many function bodies.
    """

    findings: tuple[Finding, ...]
    context: Context
    disk: Disk
    sources: Collected
    traces: tuple[Trace, ...]
    catalogue: Catalogue
    files: int
    parsed: int
    bodies: int
    suppressed: tuple[Finding, ...] = ()
