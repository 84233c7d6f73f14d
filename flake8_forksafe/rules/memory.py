"""How much memory a launch takes: an estimate from the trace, or what the user measured."""

from __future__ import annotations

from typing import NamedTuple

from flake8_forksafe.hazards.catalogue import Catalogue
from flake8_forksafe.prefork.trace import Trace
from flake8_forksafe.project.layout import FIRST_PARTY
from flake8_forksafe.project.pool import Pool
from flake8_forksafe.rules.rule import Context

BASE_MB = 45.0
"""Resident memory of a worker's parent that has imported Celery and an empty app (measured, CPython 3.12)."""
MODULE_MB = 0.38
"""What each first-party module adds, with what it imports: fitted to the parents of four public projects with 411 to
600 modules and 215 to 284 MB; the estimate was 0.8 to 1.3 times what was measured (docs/memory.md)."""
OWN_SHARE = 0.4
"""Share of the parent's memory that a forked child comes to own, as reference counts and the garbage collector write
to inherited pages (measured after one full collection)."""


class Estimate(NamedTuple):
    """Memory of one launch, in MiB.

    :ivar parent: MainProcess.
    :ivar child: what each child adds.
    :ivar packages: catalogued packages that were counted, with the MB that importing each adds.
    :ivar source: where the figures come from, for people.
    """

    parent: float
    child: float
    packages: tuple[tuple[str, int], ...]
    source: str

    def needed(self, concurrency: int) -> float:
        """What the whole launch needs."""
        return self.parent + concurrency * self.child

    def safe_concurrency(self, limit: int) -> int:
        """The largest number of children that fits into ``limit`` MiB."""
        return max(0, int((limit - self.parent) // self.child))


def estimate(context: Context, trace: Trace, pool: Pool) -> Estimate:
    """The memory of a trace's worker with a certain pool."""
    packages = heavy_packages(trace, context.catalogue)
    if context.settings.worker_memory is not None:
        return Estimate(0.0, float(context.settings.worker_memory), packages, "the option worker-memory")
    measured = context.measured
    if measured is not None and measured.per_child is not None and measured.shared is not None:
        mebibyte = float(1 << 20)
        return Estimate(measured.shared / mebibyte, measured.per_child / mebibyte, packages, measured.path)
    own = sum(module.origin == FIRST_PARTY for module in trace.modules)
    parent = BASE_MB + MODULE_MB * own + sum(size for _, size in packages)
    child = parent if pool.start_method == "spawn" else parent * OWN_SHARE
    return Estimate(parent, child, packages, "the catalogue's measured import sizes")


def heavy_packages(trace: Trace, catalogue: Catalogue) -> tuple[tuple[str, int], ...]:
    """Catalogued packages that the parent loads, without those that another one's figure includes."""
    loaded = {}
    for module in trace.modules:
        hazard = catalogue.find(module.name) if module.origin != FIRST_PARTY else None
        if hazard is not None and hazard.rss_import_mb:
            loaded[hazard.name] = hazard
    included = {name for hazard in loaded.values() for name in hazard.pulls}
    return tuple((name, hazard.rss_import_mb or 0) for name, hazard in loaded.items() if name not in included)
