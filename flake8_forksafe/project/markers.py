"""Evaluates environment markers: whether a requirement applies to the worker's interpreter.

A marker is evaluated by ``packaging`` in every environment that the worker may have: where all agree, the answer is
known. So variables that depend on each other (``sys_platform`` and ``platform_system``) are never mixed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

PLATFORMS = {
    "linux": ("posix", "Linux"),
    "darwin": ("posix", "Darwin"),
    "win32": ("nt", "Windows"),
}
"""``os.name`` and ``platform.system()`` by ``sys.platform``."""

IMPLEMENTATIONS = (("cpython", "CPython"), ("pypy", "PyPy"))
MACHINES = ("x86_64", "AMD64", "arm64", "aarch64")
MOST_ENVIRONMENTS = 100
"""Where a marker tells more of them apart, it is not known."""

NEWEST_PYTHON = (3, 15)
EARLIEST_PYTHON = (3, 9)


class Target(NamedTuple):
    """What is known of the worker's interpreter.

    :ivar platform: its ``sys.platform``; None if that is not known.
    :ivar python: the lowest version that it may have; None if that is not known.
    """

    platform: str | None = None
    python: tuple[int, int] | None = None


ANYWHERE = Target()
"""Nothing is known."""


@lru_cache(maxsize=1024)
def applies(marker: str, target: Target) -> bool | None:
    """Whether a marker holds where no extra is asked for; None if that depends on what is not known.

    A marker that ``packaging`` cannot read, one of a newer standard for example, is not known.
    """
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

    try:
        parsed = Marker(marker)
        environments = list(itertools.islice(_environments(marker, target), MOST_ENVIRONMENTS + 1))
        if len(environments) > MOST_ENVIRONMENTS:
            return None
        verdicts = {bool(parsed.evaluate(environment)) for environment in environments}
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, ValueError, KeyError, RecursionError):
        return None
    return verdicts.pop() if len(verdicts) == 1 else None


def _environments(marker: str, target: Target) -> Iterator[dict[str, str]]:
    """The environments that the worker may have; they differ only in what the marker asks for."""
    versions = list(_versions(target.python)) if "python" in marker else [(3, 12)]
    names = (target.platform,) if target.platform is not None else tuple(PLATFORMS)
    machines = MACHINES if "machine" in marker else MACHINES[:1]
    releases = ("0", "999") if "platform_release" in marker or "platform_version" in marker else ("0",)
    implementations = IMPLEMENTATIONS if "implementation" in marker else IMPLEMENTATIONS[:1]
    for version, name, machine, release, implementation in itertools.product(
        versions, names, machines, releases, implementations
    ):
        os_name, system = PLATFORMS.get(name, ("posix", name))
        short = f"{version[0]}.{version[1]}"
        for patch in ("0", "99") if "full_version" in marker or "implementation_version" in marker else ("0",):
            yield {
                "python_version": short,
                "python_full_version": f"{short}.{patch}",
                "implementation_version": f"{short}.{patch}",
                "sys_platform": name,
                "os_name": os_name,
                "platform_system": system,
                "platform_machine": machine,
                "platform_release": release,
                "platform_version": release,
                "implementation_name": implementation[0],
                "platform_python_implementation": implementation[1],
                "extra": "",
            }


def _versions(lowest: tuple[int, int] | None) -> Iterator[tuple[int, int]]:
    """The versions of Python 3 from the lowest one on."""
    major, minor = lowest or EARLIEST_PYTHON
    yield from ((3, number) for number in range(minor if major == 3 else 0, max(NEWEST_PYTHON[1], minor) + 1))
