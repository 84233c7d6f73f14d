"""Of which version a distribution is where the worker runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from flake8_forksafe.project.environment import Environment
from flake8_forksafe.project.requirements import Requirements


class Versions:
    """What tells the version of a distribution: the environment, or else what the project declares or locks.

    :param locked: gives versions by normalised name, read only if they are asked for.
    """

    def __init__(
        self, environment: Environment, requirements: Requirements, locked: Callable[[], Mapping[str, str]]
    ) -> None:
        self.environment = environment
        self.requirements = requirements
        self.locked = locked

    def declared(self, distribution: str) -> str | None:
        """The only version that the project's files allow."""
        return self.requirements.versions.get(distribution) or self.locked().get(distribution)

    def installed(self, distribution: str) -> str | None:
        """The version in the environment (``name-version.dist-info``)."""
        directory = self.environment.distributions.get(distribution)
        name = os.path.basename(directory).rpartition(".")[0] if directory else ""
        return name.partition("-")[2].partition("-")[0] or None

    def exact(self, distribution: str) -> str | None:
        """The version in the environment, else the one that the project's files allow."""
        return self.installed(distribution) or self.declared(distribution)

    def meant(self, distribution: str) -> str | None:
        """The version in the environment, else the only one that the project's files allow, else their specifier."""
        return self.exact(distribution) or self.requirements.bounds.get(distribution)

    def is_at_least(self, distribution: str, version: str) -> bool | None:
        """Whether a distribution is of that version or a newer one; None if that is not known.

        An environment counts that is surely the project's.
        """
        from packaging.version import InvalidVersion, Version

        installed = self.installed(distribution) if self.environment.certain else None
        exact = installed or self.declared(distribution)
        lowest = exact or self.requirements.lowest.get(distribution)
        bounds = self.requirements.bounds.get(distribution, "")
        try:
            if lowest is not None and Version(lowest) >= Version(version):
                return True
        except InvalidVersion:
            return None
        return False if exact or not _admits_from(bounds, version) else None


def _admits_from(bounds: str, version: str) -> bool:
    """Whether a specifier (PEP 440) admits some version from the given one on; what is no specifier does."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        specifiers = SpecifierSet(bounds)
        named = [Version(one.version.removesuffix(".*")) for one in specifiers]
        points = [Version(version), *named, *(Version(f"{one.base_version}.1") for one in named), Version("9999")]
        return any(point >= points[0] and specifiers.contains(point, prereleases=True) for point in points)
    except (InvalidSpecifier, InvalidVersion):
        return True


def admits(specifier: str, version: str) -> bool:
    """Whether a specifier (PEP 440) admits a version; what is neither admits all."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion

    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True
