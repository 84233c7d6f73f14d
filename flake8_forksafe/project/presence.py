"""Determines whether a package is installed in the worker's environment."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.environment import Environment
from flake8_forksafe.project.requirements import Requirements, normalise


class Presence:
    """What tells whether a top-level module is installed: the environment, or else what the project declares.

    :param distributions: names of distributions by import name, where the two differ.
    """

    def __init__(
        self, disk: Disk, environment: Environment, requirements: Requirements, distributions: Mapping[str, str]
    ) -> None:
        self.disk = disk
        self.environment = environment
        self.requirements = requirements
        self.distributions = distributions

    def is_regular(self, module: str) -> bool:
        """Whether an installed package of that name is no namespace package; a required one is taken to be none."""
        known = [directory for directory in self.environment.directories if self._regular(directory, module)]
        named = normalise(self.distributions.get(module, module)) in self.requirements.required
        return bool(known) or (named and not self.environment.directories)

    def _regular(self, directory: str, module: str) -> bool:
        listing = self.disk.listing(directory)
        if listing.get(module) == "d":
            return self.disk.is_file(os.path.join(directory, module, "__init__.py"))
        return f"{module}.py" in listing or any(
            entry.startswith(f"{module}.") and entry.endswith((".so", ".pyd")) for entry in listing
        )

    def __call__(self, module: str) -> bool | None:
        """Whether a module is installed; None if that is not known."""
        if self.environment.directories:
            return self.environment.has_module(self.disk, module)
        return self.declared(module)

    def beside(self, module: str) -> bool | None:
        """Whether a module is installed beside a package that the environment lacks, which then is not the worker's."""
        here = bool(self.environment.directories) and self.environment.has_module(self.disk, module)
        return True if here else self.declared(module)

    def declared(self, module: str) -> bool | None:
        """Whether what the project declares installs a module; None if that is not known."""
        name = normalise(self.distributions.get(module, module))
        if name in self.requirements.required:
            return True
        return False if name in self.requirements.optional else None
