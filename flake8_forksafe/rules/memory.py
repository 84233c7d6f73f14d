"""How much memory a launch takes: an estimate from the trace, or what the user measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from flake8_forksafe.deployment.pool import Pool
from flake8_forksafe.hazards.catalogue import Catalogue, Hazard
from flake8_forksafe.project.layout import FIRST_PARTY, THIRD_PARTY
from flake8_forksafe.rules.rule import Context
from flake8_forksafe.trace.trace import Trace

BASE_MB = 45.0
"""Resident memory of a worker's parent that has imported Celery and an empty app: 45 to 48 MB were measured with
CPython 3.11 and 3.12 (docs/memory.md)."""
DJANGO_MB = 17.0
"""What ``django.setup()`` with Django's own apps adds to that (docs/memory.md)."""
LINE_MB = 0.001
"""What each line of first-party modules adds, with the small libraries that these import: fitted to the parents of four
public projects with 114,000 to 177,000 lines, which tell it better than the number of modules (docs/memory.md)."""
OWN_SHARE = 0.45
"""Share of the parent's memory that a forked child comes to own, as reference counts and the garbage collector write
to inherited pages: 0.38 to 0.44 after one full collection, for parents without heavy packages (docs/memory.md)."""
PACKAGE_SHARE = 0.25
"""The same for what heavy packages add to the parent, which is native code and data for the most part, and stays
shared: 0.18 (torch) to 0.24 (pandas, scikit-learn) after one full collection (docs/memory.md)."""

SMALLEST_MB = 10
"""What a third party without an entry in the catalogue has to add to be counted by itself; less is in ``LINE_MB``."""

Packages = tuple[tuple[str, int], ...]
"""Names, with the MB that importing each adds."""


class Estimate(NamedTuple):
    """Memory of one launch, in MiB.

    What a third party imports only where it finds it is left out of the sums.

    :ivar parent: MainProcess.
    :ivar child: what each child adds.
    :ivar packages: catalogued packages that were counted, with the MB that importing each adds.
    :ivar source: where the figures come from, for people.
    :ivar child_packages: those that each child imports for itself, after the fork.
    :ivar optional: those that the parent loads only if they are installed, beside what imports them then.
    """

    parent: float
    child: float
    packages: Packages
    source: str
    child_packages: Packages = ()
    optional: Packages = ()

    def needed(self, concurrency: int) -> float:
        """What the whole launch needs."""
        return self.parent + concurrency * self.child

    def safe_concurrency(self, limit: int) -> int:
        """The largest number of children that fits into ``limit`` MiB."""
        return max(0, int((limit - self.parent) // self.child))


def estimate(context: Context, trace: Trace, pool: Pool) -> Estimate:
    """The memory of a trace's worker with a certain pool."""
    loaded, later = heavy_packages(trace, context.catalogue), child_packages(trace, context.catalogue)
    optional = tuple(package for package in loaded if package[0] in trace.optional)
    packages = tuple(package for package in loaded if package not in optional)
    packages += largest_third_party(trace, context.catalogue, packages)
    if context.settings.worker_memory is not None:
        return Estimate(
            0.0, float(context.settings.worker_memory), packages, "the option worker-memory", later, optional
        )
    measured = context.measured
    if measured is not None and measured.per_child is not None and measured.shared is not None:
        mebibyte = float(1 << 20)
        return Estimate(
            measured.shared / mebibyte, measured.per_child / mebibyte, packages, measured.path, later, optional
        )
    own = BASE_MB + LINE_MB * sum(module.lines for module in trace.modules if module.origin == FIRST_PARTY)
    own += DJANGO_MB * any(module.name == "django" for module in trace.modules)
    heavy = float(sum(size for _, size in packages))
    shares = (1.0, 1.0) if pool.start_method == "spawn" else (OWN_SHARE, PACKAGE_SHARE)
    child = own * shares[0] + heavy * shares[1] + sum(size for _, size in later)
    return Estimate(own + heavy, child, packages, "the catalogue's measured import sizes", later, optional)


def heavy_packages(trace: Trace, catalogue: Catalogue) -> Packages:
    """Catalogued packages that the parent loads, without those that another one's figure includes."""
    loaded = _hazards((module.name for module in trace.modules), trace, catalogue)
    for hazard in list(loaded.values()):
        for name in hazard.pulls_if_installed:
            other = catalogue.hazards.get(name)
            if other is not None and other.rss_import_mb and trace.presence(name.partition(".")[0]):
                loaded.setdefault(name, other)
    return _sizes(loaded, _pulled(loaded))


def largest_third_party(trace: Trace, catalogue: Catalogue, packages: Packages) -> Packages:
    """The package without a size of its own in the catalogue that adds most; the others share most of it.

    What two packages of Python code load is the same for a large part (pydantic, httpx and the like), and which part is
    not known: of all of them, the largest counts, beyond what catalogued packages without native threads add.

    :param packages: the catalogued ones that are counted.
    """
    found = [("", 0)]
    for module in trace.modules:
        if module.origin != THIRD_PARTY or "." in module.name or module.name in trace.optional:
            continue
        known = trace.effects(module.name)
        if known.mb and catalogue.find(module.name) is None:
            inside = {name: catalogue.hazards[name] for name in known.within if name in catalogue.hazards}
            found.append((module.name, known.mb - sum(size for _, size in _sizes(inside, _pulled(inside)))))
    name, size = max(found, key=lambda one: one[1])
    size -= sum(counted for package, counted in packages if not catalogue.hazards[package].reported)
    return ((name, size),) if size >= SMALLEST_MB else ()


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
