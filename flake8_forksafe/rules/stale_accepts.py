"""Finds entries of the option ``accept`` that no longer have an effect."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_forksafe.rules.imports import leads
from flake8_forksafe.rules.rule import Context, is_accepted
from flake8_forksafe.rules.warm_ups import warm_up_runs


def stale(context: Context) -> list[str]:
    """The accepted names for which nothing would be reported without them."""
    accepted = [name for name, _ in context.settings.accept]
    if not accepted:
        return []
    bare = context._replace(settings=context.settings._replace(accept=()))
    found = set(_reported(bare))
    return [name for name in accepted if not any(is_accepted(reported, {name}) for reported in found)]


def _reported(context: Context) -> Iterator[str]:
    """Names of packages and calls that could be accepted."""
    for trace in context.traces:
        for lead in leads(context, trace):
            yield from lead.names
            yield lead.edge.loads
        for run in warm_up_runs(trace):
            yield run.use.call
            yield from (edge.target.dotted for edge in run.path)
