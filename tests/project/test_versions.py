"""Of which version a distribution is, by what the project declares."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.environment import Environment
from flake8_forksafe.project.requirements import read_requirements
from flake8_forksafe.project.versions import Versions


def versions_of(root: Path, requirement: str, locked: dict[str, str] | None = None) -> Versions:
    write(root, {"requirements.txt": f"{requirement}\n"})
    return Versions(Environment((), "", {}), read_requirements(Disk(), str(root), ()), lambda: locked or {})


@pytest.mark.parametrize(
    ("requirement", "newer"),
    [
        ("wagtail>=8", True),
        ("wagtail~=8.2", True),
        ("wagtail==8.0.1", True),
        ("wagtail", None),
        ("wagtail>=7.4", None),
        ("wagtail!=8.0", None),
        ("wagtail<=8", None),
        ("wagtail>=7,<8.1", None),
        ("wagtail<8", False),
        ("wagtail>=7,<8", False),
        ("wagtail~=7.4", False),
        ("wagtail==7.*", False),
        ("wagtail==7.4.2", False),
    ],
)
def test_bounds_decide_whether_a_version_is_new_enough(tmp_path: Path, requirement: str, newer: bool | None) -> None:
    assert versions_of(tmp_path, requirement).is_at_least("wagtail", "8.0") is newer


def test_a_lock_file_tells_more_than_bounds(tmp_path: Path) -> None:
    versions = versions_of(tmp_path, "wagtail>=7", {"wagtail": "8.1"})
    assert versions.is_at_least("wagtail", "8.0") is True
    assert versions.meant("wagtail") == "8.1"
    assert versions_of(tmp_path, "wagtail>=7").meant("wagtail") == ">=7"
    assert versions_of(tmp_path, "wagtail").meant("wagtail") is None
