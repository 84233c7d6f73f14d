"""How much memory a launch takes: an estimate from the trace, or what the user measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from flake8_forksafe.deployment.pool import Pool
from flake8_forksafe.hazards.catalogue import Catalogue, Hazard
from flake8_forksafe.project.layout import FIRST_PARTY
from flake8_forksafe.rules.rule import Context
from flake8_forksafe.trace.trace import Trace

BASE_MB = 45.0
"""Resident memory of a worker's parent that has imported Celery and an empty app: 45 to 48 MB were measured with
CPython 3.11 and 3.12 (docs/memory.md)."""
DJANGO_MB = 17.0
"""What ``django.setup()`` with Django's own apps adds to that (docs/memory.md)."""
MODULE_MB = 0.34
"""What each first-party module adds, with what it imports: fitted to the parents of four public projects with 411 to
600 modules and 215 to 284 MB; the estimate is 0.95 to 1.39 times what was measured (docs/memory.md)."""
OWN_SHARE = 0.45
"""Share of the parent's memory that a forked child comes to own, as reference counts and the garbage collector write
to inherited pages: 0.38 to 0.44 after one full collection, for parents without heavy packages (docs/memory.md)."""
PACKAGE_SHARE = 0.25
"""The same for what heavy packages add to the parent, which is native code and data for the most part, and stays
shared: 0.18 (torch) to 0.24 (pandas, scikit-learn) after one full collection (docs/memory.md)."""

Packages = tuple[tuple[str, int], ...]
"""Names, with the MB that importing each adds."""


class Estimate(NamedTuple):
    """Memory of one launch, in MiB.

    :ivar parent: MainProcess.
    :ivar child: what each child adds.
    :ivar packages: catalogued packages that were counted, with the MB that importing each adds.
    :ivar source: where the figures come from, for people.
    :ivar child_packages: those that each child imports for itself, after the fork.
    """

    parent: float
    child: float
    packages: Packages
    source: str
    child_packages: Packages = ()

    def needed(self, concurrency: int) -> float:
        """What the whole launch needs."""
        return self.parent + concurrency * self.child

    def safe_concurrency(self, limit: int) -> int:
        """The largest number of children that fits into ``limit`` MiB."""
        return max(0, int((limit - self.parent) // self.child))


def estimate(context: Context, trace: Trace, pool: Pool) -> Estimate:
    """The memory of a trace's worker with a certain pool."""
    packages, later = heavy_packages(trace, context.catalogue), child_packages(trace, context.catalogue)
    if context.settings.worker_memory is not None:
        return Estimate(0.0, float(context.settings.worker_memory), packages, "the option worker-memory", later)
    measured = context.measured
    if measured is not None and measured.per_child is not None and measured.shared is not None:
        mebibyte = float(1 << 20)
        return Estimate(measured.shared / mebibyte, measured.per_child / mebibyte, packages, measured.path, later)
    own = BASE_MB + MODULE_MB * sum(module.origin == FIRST_PARTY for module in trace.modules)
    own += DJANGO_MB * any(module.name == "django" for module in trace.modules)
    heavy = float(sum(size for _, size in packages))
    shares = (1.0, 1.0) if pool.start_method == "spawn" else (OWN_SHARE, PACKAGE_SHARE)
    child = own * shares[0] + heavy * shares[1] + sum(size for _, size in later)
    return Estimate(own + heavy, child, packages, "the catalogue's measured import sizes", later)


def heavy_packages(trace: Trace, catalogue: Catalogue) -> Packages:
    """Catalogued packages that the parent loads, without those that another one's figure includes."""
    loaded = _hazards((module.name for module in trace.modules), trace, catalogue)
    return _sizes(loaded, _pulled(loaded))


def child_packages(trace: Trace, catalogue: Catalogue) -> Packages:
    """Catalogued packages that each child loads for itself, in handlers of ``worker_process_init``, in the same way."""
    inherited = _hazards((module.name for module in trace.modules), trace, catalogue)
    own = (name for name in trace.loaded if trace.step(name) in trace.host.in_children)
    loaded = _hazards(own, trace, catalogue)
    return _sizes(loaded, {*inherited, *_pulled(inherited), *_pulled(loaded)})


def _hazards(names: Iterable[str], trace: Trace, catalogue: Catalogue) -> dict[str, Hazard]:
    """The catalogued packages of known size that loading these modules loads."""
    found = {}
    for name in names:
        hazard = catalogue.find(name) if trace.origin(name) != FIRST_PARTY else None
        if hazard is not None and hazard.rss_import_mb:
            found[hazard.name] = hazard
    return found


def _pulled(loaded: dict[str, Hazard]) -> set[str]:
    return {name for hazard in loaded.values() for name in hazard.pulls}


def _sizes(loaded: dict[str, Hazard], left_out: set[str]) -> Packages:
    return tuple((name, hazard.rss_import_mb or 0) for name, hazard in loaded.items() if name not in left_out)
