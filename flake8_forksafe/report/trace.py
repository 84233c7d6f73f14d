"""A trace for a terminal: boot steps, and the modules each loads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from flake8_forksafe.report.json import trace_hazards

if TYPE_CHECKING:
    from flake8_forksafe.report.result import Report


def render(report: Report, base: str) -> Iterator[str]:
    """The lines of ``forksafe trace``."""
    for trace in report.traces:
        yield f"{trace.host.command}  (known from {trace.launch.source})"
        yield f"  environment: {trace.environment}"
        for step, group in groupby(trace.modules, key=lambda module: module.step):
            modules = list(group)
            yield f"  {step}: {len(modules)} modules"
            for module in modules:
                if module.origin == "first-party":
                    maybe = "" if module.certain else "  (maybe)"
                    by = f"  ← {module.importer}:{module.line}" if module.importer else ""
                    yield f"    {module.name}{maybe}{by}"
        hazards = trace_hazards(trace, report.catalogue, base)
        for hazard in hazards:
            yield f"  hazard {hazard['package']}: {' → '.join(hazard['chain'])}:{hazard['line']}"
        first = sum(module.origin == "first-party" for module in trace.modules)
        yield (
            f"  {first} first-party modules and {len(trace.modules) - first} others before the fork; "
            f"{len(hazards)} hazards; {len(trace.notes)} undecided, {trace.unresolved} calls unresolved"
        )
        yield ""
