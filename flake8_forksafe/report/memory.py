"""``forksafe memory``: what each launch takes, and what fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from flake8_forksafe.report.json import dumps, relative

if TYPE_CHECKING:
    from flake8_forksafe.rules.pool import Sized

HEADINGS = ("launch", "pool", "concurrency", "parent MB", "child MB", "needs MB", "limit MB", "fits", "verdict")


def rows(launches: Iterable[Sized], base: str) -> list[dict[str, Any]]:
    """One launch each."""
    return [_row(sized, base) for sized in launches]


def _row(sized: Sized, base: str) -> dict[str, Any]:
    memory, count = sized.estimate, sized.processes
    forks = sized.pool.kind not in ("solo", "threads", "gevent", "eventlet")
    needed = memory.needed(count) if forks and count is not None else memory.parent or memory.child
    fits = memory.safe_concurrency(sized.limit) if sized.limit is not None and forks else None
    if sized.limit is None:
        verdict = "no limit known"
    elif forks and count is None:
        verdict = "depends on the host's CPU count"
    else:
        verdict = "fits" if needed <= sized.limit else "too large"
    where = (
        f"{relative(sized.start.path, base)}:{sized.start.line}" if sized.start is not None else "no deployment file"
    )
    return {
        "launch": where,
        "app": sized.trace.launch.app,
        "pool": f"{sized.pool.kind} ({sized.pool.start_method})" if forks else sized.pool.kind,
        "concurrency": count,
        "concurrency_source": sized.pool.concurrency_source,
        "packages": dict(memory.packages),
        "child_packages": dict(memory.child_packages),
        "optional_packages": dict(memory.optional),
        "parent_mb": round(memory.parent),
        "child_mb": round(memory.child) if forks else None,
        "needed_mb": round(needed) if count is not None or not forks else None,
        "limit_mb": sized.limit,
        "safe_concurrency": fits,
        "verdict": verdict,
        "source": memory.source,
    }


def document(launches: Iterable[Sized], base: str) -> str:
    """``forksafe memory --format json``."""
    return dumps({"schema": 1, "launches": rows(launches, base)}, indent=2)


def render(launches: Iterable[Sized], base: str) -> Iterator[str]:
    """The table for a terminal."""
    found = rows(launches, base)
    keys = (
        "launch",
        "pool",
        "concurrency",
        "parent_mb",
        "child_mb",
        "needed_mb",
        "limit_mb",
        "safe_concurrency",
        "verdict",
    )
    table = [HEADINGS, *(tuple("-" if row[key] is None else str(row[key]) for key in keys) for row in found)]
    widths = [max(len(line[index]) for line in table) for index in range(len(HEADINGS))]
    for line in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
    for row in found:
        packages, later, optional = map(_listed, (row["packages"], row["child_packages"], row["optional_packages"]))
        more = f"; in each child: {later}" if later else ""
        more += (
            f"; not counted, as only other packages load them where they are installed: {optional}" if optional else ""
        )
        yield f"{row['launch']}: packages in the parent (MB): {packages or 'none'}{more}; figures from {row['source']}"


def _listed(packages: dict[str, int]) -> str:
    """Packages and their sizes."""
    return ", ".join(f"{name} {size}" for name, size in packages.items())
