"""The catalogue of hazards: hazards.toml as data."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple


class Hazard(NamedTuple):
    """A package that is unsafe or expensive in a MainProcess that forks.

    :ivar name: the dotted name it is imported by.
    :ivar outcome: what was measured, or reported, when it is inherited: ``hang``, ``crash``, ``dead-threads``,
        ``data-loss``, ``threads``, ``memory``, ``connection`` or ``none``.
    :ivar reported: whether importing it before the fork is reported by default.
    :ivar tamed_by: environment variables that make it safe, by measurement.
    :ivar rss_import_mb: resident memory that importing it adds, in MB; None if not measured.
    :ivar pulls: other hazards that importing it imports, where they are installed.
    """

    name: str
    distribution: str
    kind: str
    outcome: str
    reported: bool
    why: str
    instead: str
    tamed_by: tuple[str, ...]
    rss_import_mb: int | None
    threads_import: int | None
    pulls: tuple[str, ...]
    sources: tuple[str, ...]


class Catalogue(NamedTuple):
    """All hazards, by import name."""

    hazards: dict[str, Hazard]
    sources: dict[str, str]

    def names(self) -> frozenset[str]:
        """The import names."""
        return frozenset(self.hazards)

    def find(self, module: str) -> Hazard | None:
        """The hazard that importing ``module`` loads: its own entry or that of a package it lies in."""
        while module:
            hazard = self.hazards.get(module)
            if hazard is not None:
                return hazard
            module = module.rpartition(".")[0]
        return None


USER_WHY = "it is in the project's list of hazards"
USER_INSTEAD = "import it inside the function that uses it"


def load_catalogue(extra: Iterable[str] = ()) -> Catalogue:
    """The catalogue, extended by the packages that a project names."""
    catalogue = _shipped()
    hazards = dict(catalogue.hazards)
    for name in extra:
        known = hazards.get(name)
        hazards[name] = known._replace(reported=True) if known is not None else Hazard(
            name, name, "project", "project", True, USER_WHY, USER_INSTEAD, (), None, None, (), ()
        )  # fmt: skip
    return Catalogue(hazards, catalogue.sources)


@cache
def _shipped() -> Catalogue:
    """hazards.toml, parsed once."""
    document = tomllib.loads(files(__package__).joinpath("hazards.toml").read_text(encoding="utf-8"))
    hazards = {entry["import"]: _hazard(entry) for entry in document["package"]}
    return Catalogue(hazards, {key: source["url"] for key, source in document["source"].items()})


def _hazard(entry: dict[str, Any]) -> Hazard:
    return Hazard(
        name=entry["import"],
        distribution=entry["distribution"],
        kind=entry["kind"],
        outcome=entry["outcome"],
        reported=entry["default"],
        why=entry["why"],
        instead=entry["instead"],
        tamed_by=tuple(entry["tamed_by"]),
        rss_import_mb=entry.get("rss_import_mb"),
        threads_import=entry.get("threads_import"),
        pulls=tuple(entry["pulls"]),
        sources=tuple(entry["sources"]),
    )
