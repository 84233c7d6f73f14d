"""What imports of private packages do: ``[tool.forksafe.third-parties]`` in pyproject.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from flake8_forksafe.options import Option, UsageError, shown

KEYS = ("loads", "optional", "starts", "discovers", "mb")
KEY_NAMES = ", ".join(sorted(KEYS))
NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
SUBJECT = re.compile(rf"{NAME.pattern}(:[^\W\d]\w*(\(\))?)?")
LARGEST_MB = 10**6

Ways = tuple[tuple[str, tuple[str, ...]], ...]
"""Packages, each with the modules in between, the outermost first."""


class OwnPackage(NamedTuple):
    """What importing one module does, in the words of the table of third parties.

    :ivar module: dotted; ``module:name`` for a name that is loaded when it is asked for, ``app:setup()`` for what
        ``django.setup()`` does with an app.
    :ivar mb: resident memory that it adds, with all that it loads; 0 if that is not told.
    """

    module: str
    loads: Ways = ()
    optional: Ways = ()
    starts: tuple[str, ...] = ()
    discovers: tuple[str, ...] = ()
    mb: int = 0

    def entry(self) -> dict[str, Any]:
        """What a line of the table has for a module."""
        told: dict[str, Any] = {
            "loads": dict(self.loads), "optional": dict(self.optional), "starts": self.starts,
            "discovers": self.discovers, "mb": self.mb,
        }  # fmt: skip
        return {key: value for key, value in told.items() if value}


def as_own_packages(value: Any, option: Option) -> tuple[OwnPackage, ...]:
    """The table, in the order in which it is written."""
    if not isinstance(value, Mapping):
        raise UsageError(f"the option {option.name} takes a table of modules, not {shown(value)}")
    return tuple(_own_package(module, entry, option) for module, entry in value.items())


def _own_package(module: str, entry: Any, option: Option) -> OwnPackage:
    if not SUBJECT.fullmatch(module):
        raise UsageError(f"the option {option.name} takes dotted names of modules, not {shown(module)}")
    if not isinstance(entry, Mapping):
        raise UsageError(f"the option {option.name}: {module} takes a table with {KEY_NAMES}, not {shown(entry)}")
    for key in entry:
        if key not in KEYS:
            raise UsageError(f"the option {option.name}: {module} has no key {shown(key)}; the keys are {KEY_NAMES}")
    return OwnPackage(
        module,
        _ways(entry.get("loads", ()), f"{option.name}: {module}.loads"),
        _ways(entry.get("optional", ()), f"{option.name}: {module}.optional"),
        _texts(entry.get("starts", ()), f"{option.name}: {module}.starts", "names of threads"),
        _modules(entry.get("discovers", ()), f"{option.name}: {module}.discovers"),
        _megabytes(entry.get("mb", 0), f"{option.name}: {module}.mb"),
    )


def _ways(value: Any, place: str) -> Ways:
    """Packages: a list, or a table that has for each the modules in between."""
    if isinstance(value, Mapping):
        packages = _modules(tuple(value), place)
        return tuple((package, _modules(value[package], f"{place}.{package}")) for package in packages)
    return tuple((package, ()) for package in _modules(value, place))


def _modules(value: Any, place: str) -> tuple[str, ...]:
    names = _texts(value, place, "dotted names of modules")
    for name in names:
        if not NAME.fullmatch(name):
            raise UsageError(f"the option {place} takes dotted names of modules, not {shown(name)}")
    return names


def _texts(value: Any, place: str, wanted: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) and one.strip() for one in value):
        raise UsageError(f"the option {place} takes a list of {wanted}, not {shown(value)}")
    return tuple(value)


def _megabytes(value: Any, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_MB:
        raise UsageError(f"the option {place} takes a whole number of MB, not {shown(value)}")
    return value
