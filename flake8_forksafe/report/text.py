"""Findings for a terminal: grouped by file, the chain spelled out line by line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import groupby

from flake8_forksafe.rules import Finding


def render(findings: Iterable[Finding], base: str) -> Iterator[str]:
    """The lines of a report; paths are shown relative to ``base``."""
    for path, group in groupby(findings, key=lambda finding: finding.path):
        yield os.path.relpath(path, base)
        for finding in group:
            yield f"  {finding.line}:{finding.column + 1}  {finding.code}  {finding.what}"
            yield from _chain(finding, base)
            if finding.instead:
                yield f"         instead: {finding.instead}"
        yield ""


def _chain(finding: Finding, base: str) -> Iterator[str]:
    for hop in finding.chain:
        place = f"{os.path.relpath(hop.path, base)}:{hop.line}" if hop.path is not None else "celery worker"
        step = f"  ({hop.step})" if hop.step and hop.path is not None else ""
        yield f"         {place}  →  {hop.node}{step}"


def summary(count: int, launches: int, files: int) -> str:
    """The last line of a report."""
    findings = "no findings" if not count else f"{count} finding{'s' if count != 1 else ''}"
    apps = "no Celery app found" if not launches else f"{launches} Celery app{'s' if launches != 1 else ''}"
    return f"{findings}; {apps}, {files} files on the boot path"
