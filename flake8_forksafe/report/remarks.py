"""What ``forksafe check`` says besides its findings: deliberate gates, stale accepts, and where to cut."""

from __future__ import annotations

import os
from collections.abc import Iterator

from flake8_forksafe.prefork.trace import module_of
from flake8_forksafe.rules import accepts, cut
from flake8_forksafe.rules.rule import Context, listed
from flake8_forksafe.rules.warm_ups import is_first_party, possible_runs


def remarks(context: Context, base: str) -> Iterator[str]:
    """The lines between the findings and the summary; paths are shown relative to ``base``."""
    traces = [trace for trace in context.traces if trace.forks]
    for run in possible_runs(traces):
        node, line, _, _ = run.anchor()
        path = run.trace.paths.get(module_of(node))
        if path is not None and is_first_party(run.trace, run):
            place = f"{os.path.relpath(path, base)}:{line}"
            yield f"not reported: {run.use.shown!r} at {place} stands behind a condition that only the project can tell"
    for name in accepts.stale(context):
        yield f"stale accept: {name!r} is accepted, but nothing before the fork would be reported for it"
    for trace in traces:
        best = cut.best_cut(context, trace)
        if best is not None and len(best.hazards) > 1:
            size = f", {best.megabytes} MB by the catalogue's measurement" if best.megabytes else ""
            yield (
                f"where to cut: deferring {os.path.relpath(best.path, base)}:{best.line} alone keeps "
                f"{listed(list(best.hazards))} out of the parent ({len(best.hazards)} of {best.total} hazards{size})"
            )
