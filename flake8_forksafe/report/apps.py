"""The workers of a project, one line each: what is started, from where, with what."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_forksafe.deployment.pool import also_forked
from flake8_forksafe.printable import printable
from flake8_forksafe.project.layout import FIRST_PARTY

if TYPE_CHECKING:
    from flake8_forksafe.report.result import Report
    from flake8_forksafe.trace.trace import Trace

HEAD = ("app", "root", "settings", "pool", "files", "known from", "launches")


def table(report: Report, base: str) -> Iterator[str]:
    """The lines of the table; paths are shown relative to ``base``."""
    rows = [HEAD, *(_row(trace, base) for trace in report.traces)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        yield printable("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for trace in report.traces:
        for start in trace.starts:
            also = also_forked(trace.host.pool(start, trace.conf))
            if also:
                place = f"{os.path.relpath(start.path, base)}:{start.line}"
                yield printable(f"also: {trace.host.shown(trace.launch.app)} ({place}): {also}")
    alike: dict[tuple[str, str], dict[str, None]] = {}
    for one in report.context.clean:
        alike.setdefault((one.spec, one.why), {})[f"{os.path.relpath(one.path, base)}:{one.line}"] = None
    for (spec, why), places in alike.items():
        yield printable(f"clean: {spec} ({_listed([*places])}): {why}")


MOST_PLACES = 5
"""Places that are named of one worker; a repository may have dozens of compose files."""


def _listed(places: list[str]) -> str:
    more = len(places) - MOST_PLACES
    return ", ".join(places) if more <= 0 else f"{', '.join(places[:MOST_PLACES])} and {more} more"


def _row(trace: Trace, base: str) -> tuple[str, ...]:
    pools = dict.fromkeys(trace.host.pool(start, trace.conf).kind for start in trace.starts or (None,))
    files = {module.path for module in trace.modules if module.origin == FIRST_PARTY and module.path is not None}
    launches = _listed([f"{os.path.relpath(start.path, base)}:{start.line}" for start in trace.starts])
    return (
        trace.host.shown(trace.launch.app),
        os.path.relpath(trace.launch.root, base),
        ", ".join(trace.settings) or "-",
        ", ".join(pools),
        str(len(files)),
        trace.launch.source,
        launches or "-",
    )
