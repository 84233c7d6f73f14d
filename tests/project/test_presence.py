"""Whether a package is installed for the worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.environment import NO_ENVIRONMENT, Environment
from flake8_forksafe.project.presence import Presence
from flake8_forksafe.project.requirements import Requirements

REQUIREMENTS = Requirements(frozenset({"pillow", "torch"}), frozenset({"sentry-sdk"}), None, {})
NAMES = {"PIL": "Pillow", "sentry_sdk": "sentry-sdk"}


@pytest.mark.parametrize(
    ("module", "installed"), [("PIL", True), ("torch", True), ("sentry_sdk", False), ("pandas", None)]
)
def test_without_an_environment_what_is_declared_counts(module: str, installed: bool | None) -> None:
    presence = Presence(Disk(), NO_ENVIRONMENT, REQUIREMENTS, NAMES)
    assert presence(module) is presence.beside(module) is presence.declared(module) is installed
    assert presence.is_regular(module) is (installed is True)


def test_an_environment_tells_what_is_installed(tmp_path: Path) -> None:
    write(tmp_path, {"pandas/__init__.py": "", "google/cloud/x.py": "", "six.py": ""})
    environment = Environment((str(tmp_path),), "the option environment", {}, certain=True)
    presence = Presence(Disk(), environment, REQUIREMENTS, NAMES)
    assert [presence(module) for module in ("pandas", "six", "torch")] == [True, True, False]
    assert presence.beside("torch") is True, "required, though not in this environment"
    regular = [module for module in ("pandas", "six", "google", "torch") if presence.is_regular(module)]
    assert regular == ["pandas", "six"]
