"""Compares a recording with the static trace, and two recordings with each other.  The result is data."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from flake8_forksafe.hazards.catalogue import Catalogue
from flake8_forksafe.project.measurement import Measurement, measurement_of

INSTALLED = ("site-packages", "dist-packages")
"""Directories that hold what is installed, wherever they lie."""


PROGRAM = "__main__"
"""What is run itself, and is imported by nothing."""


class ImportPlace(NamedTuple):
    """Where a module is imported: by which module, at which line of it, in which boot step.

    :ivar called: the project's innermost ``module:line`` that called the importer, where that is not the project's.
    """

    importer: str | None
    line: int
    step: str
    called: str | None = None


class Difference(NamedTuple):
    """A module that only one side has.

    :ivar path: relative to the project where it lies in it.
    :ivar after: the module on the same side only that led to this one, first in the chain; None if this is the first.
    """

    name: str
    path: str | None
    place: ImportPlace
    after: str | None
    certain: bool = True


class HazardFound(NamedTuple):
    """A hazard, with the importers that lead to it, the hazard itself last."""

    package: str
    chain: tuple[str, ...]
    line: int


class Comparison(NamedTuple):
    """A recording against a trace; modules are the first-party ones with Python source.

    :ivar missed: really imported, but not in the trace.
    :ivar spurious: in the trace, but not really imported.
    :ivar pulled: hazards that came in through another hazard, which the trace has.
    """

    agreed: tuple[str, ...]
    missed: tuple[Difference, ...]
    spurious: tuple[Difference, ...]
    hazards_agreed: tuple[str, ...]
    hazards_missed: tuple[HazardFound, ...]
    hazards_spurious: tuple[str, ...]
    pulled: tuple[HazardFound, ...]

    @property
    def recall(self) -> float:
        """Of what was really imported, the part that the trace has."""
        real = len(self.agreed) + len(self.missed)
        return len(self.agreed) / real if real else 1.0

    @property
    def precision(self) -> float:
        """Of what the trace has, the part that was really imported."""
        traced = len(self.agreed) + len(self.spurious)
        return len(self.agreed) / traced if traced else 1.0


def compare(recording: Mapping[str, Any], trace: Mapping[str, Any], catalogue: Catalogue, project: str) -> Comparison:
    """Compare a recording with a document of ``forksafe trace --format json``.

    :param project: absolute path of the project's top directory.
    """
    traced = {
        module["name"]: module
        for module in trace["modules"]
        if module["origin"] == "first-party" and str(module["path"]).endswith(".py") and module["name"] != PROGRAM
    }
    tops = {name.partition(".")[0] for name in traced}
    own = own_packages(traced)
    recorded = {module["name"]: module for module in recording["modules"]}
    real = {
        name: module
        for name, module in recorded.items()
        if str(module["path"]).endswith(".py") and is_first_party(module, project, recording["prefixes"], own)
    }
    missed = [name for name in real if name not in traced]
    spurious = [name for name in traced if name not in real]
    found = hazards_of(recording, catalogue, real)
    named = {hazard["package"] for hazard in trace["hazards"]}
    unexpected = [hazard for hazard in found if hazard.package not in named]
    pulled = [hazard for hazard in unexpected if _pulled(hazard, catalogue, named)]
    return Comparison(
        tuple(name for name in real if name in traced),
        tuple(_difference(name, recorded, set(missed), project, "", tops) for name in missed),
        tuple(
            _difference(name, traced, set(spurious), project, recording.get("host", "celery"), tops)
            for name in spurious
        ),
        tuple(hazard.package for hazard in found if hazard.package in named),
        tuple(hazard for hazard in unexpected if hazard not in pulled),
        tuple(sorted(named - {hazard.package for hazard in found})),
        tuple(pulled),
    )


def own_packages(traced: Iterable[str]) -> set[str]:
    """The outermost modules and packages of a project with source of their own, by the names of its modules.

    What has none is a namespace package, in which other distributions may have modules as well.
    """
    names = set(traced)
    found = set()
    for name in names:
        parts = name.split(".")
        found.add(next(top for count in range(1, len(parts) + 1) if (top := ".".join(parts[:count])) in names))
    return found


def is_first_party(module: Mapping[str, Any], project: str, prefixes: Iterable[str], own: set[str]) -> bool:
    """Whether a recorded module is the project's: by its file, or, where an installed copy was used, by its name.

    :param own: what :func:`own_packages` says of the trace.
    """
    path = module["path"]
    if path is None:
        return False
    environments = [prefix for prefix in prefixes if _inside(prefix, project)]
    if any(part in path.split(os.sep) for part in INSTALLED) or any(_inside(path, prefix) for prefix in environments):
        name = module["name"]
        return any(name == package or name.startswith(f"{package}.") for package in own)
    return _inside(path, project)


def _inside(path: str, directory: str) -> bool:
    return path.startswith(directory.rstrip(os.sep) + os.sep)


def _difference(
    name: str, modules: Mapping[str, Mapping[str, Any]], one_sided: set[str], project: str, root: str, tops: set[str]
) -> Difference:
    """A module that only one side has, with what led to it."""
    module = modules[name]
    after = [link for link in importers(name, modules)[1:] if link in one_sided]
    path = module["path"]
    shown = os.path.relpath(path, project) if path and os.path.isabs(path) and _inside(path, project) else path
    importer = None if module["importer"] == root else module["importer"]
    place = ImportPlace(importer, module["line"], module["step"], _caller(module, tops))
    return Difference(name, shown, place, after[-1] if after else None, module.get("certain", True))


def _caller(module: Mapping[str, Any], tops: set[str]) -> str | None:
    """The project's innermost line that called the importer of a recorded module."""
    if str(module["importer"]).partition(".")[0] in tops:
        return None
    own = (caller for caller in module.get("callers", ()) if caller[0].partition(".")[0] in tops)
    return next((f"{name}:{line}" for name, line, _ in own), None)


def importers(name: str, modules: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A module, the module that imported it, and so on, as far as is known."""
    chain, seen = [name], {name}
    while True:
        above = modules[chain[-1]]["importer"] if chain[-1] in modules else None
        if not above or above in seen:
            return chain
        chain.append(above)
        seen.add(above)


def hazards_of(recording: Mapping[str, Any], catalogue: Catalogue, own: Iterable[str] = ()) -> list[HazardFound]:
    """The reported hazards that were really imported, each with its first chain, from the project's own module on."""
    modules = {module["name"]: module for module in recording["modules"]}
    mine = set(own)
    found: dict[str, HazardFound] = {}
    for name in modules:
        hazard = catalogue.find(name) if name not in mine else None
        if hazard is None or not hazard.reported or hazard.name in found:
            continue
        chain = importers(name, modules)
        first = next((index for index, link in enumerate(chain) if link in mine), len(chain) - 1)
        shown = list(reversed(chain[: first + 1]))
        line = modules[shown[1]]["line"] if len(shown) > 1 else 0
        found[hazard.name] = HazardFound(hazard.name, (*shown[:-1], hazard.name), line)
    return list(found.values())


def _pulled(hazard: HazardFound, catalogue: Catalogue, named: set[str]) -> bool:
    """Whether another hazard, which the trace has, brought this one in."""
    above = (catalogue.find(link) for link in hazard.chain[:-1])
    return any(entry is not None and entry.name in named for entry in above)


class Change(NamedTuple):
    """What differs between two measurements of one project: counts and figures, before and after.

    :ivar figures: label, before, after; bytes for memory, None where a figure was not measured.
    """

    modules_gone: tuple[str, ...]
    modules_new: tuple[str, ...]
    hazards_gone: tuple[str, ...]
    hazards_new: tuple[str, ...]
    figures: tuple[tuple[str, float | None, float | None], ...]


def change(before: Mapping[str, Any], after: Mapping[str, Any], memory: int | None) -> Change:
    """Compare two saved measurements.

    :param memory: bytes that the pool must fit into, if that is asked.
    """
    names = [[module["name"] for module in document["modules"]] for document in (before, after)]
    hazards = [[hazard["package"] for hazard in document["hazards"]] for document in (before, after)]
    sides = [_figures(document, measurement_of(document), memory) for document in (before, after)]
    return Change(
        tuple(name for name in names[0] if name not in set(names[1])),
        tuple(name for name in names[1] if name not in set(names[0])),
        tuple(name for name in hazards[0] if name not in hazards[1]),
        tuple(name for name in hazards[1] if name not in hazards[0]),
        tuple((label, sides[0][label], sides[1][label]) for label in sides[0]),
    )


def _figures(document: Mapping[str, Any], measured: Measurement, memory: int | None) -> dict[str, float | None]:
    native = document["native_threads"]
    return {
        "modules": len(document["modules"]),
        "hazards": len(document["hazards"]),
        "Python threads": len(document["threads"]),
        "native threads": len(native) if native is not None else None,
        "MainProcess RSS": measured.parent.rss,
        "MainProcess PSS": measured.parent.pss,
        "per child": measured.per_child,
        "seconds to the fork": document["seconds"],
        "children that fit": measured.concurrency(memory) if memory is not None else None,
    }
