"""Every expected code in the fixtures is reported at its line, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import FIXTURES, check, expected_codes, found_codes

PROJECTS = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", PROJECTS)
def test_exactly_the_marked_findings(name: str) -> None:
    root = FIXTURES / name
    assert found_codes(check(root), root) == expected_codes(root)


@pytest.mark.parametrize("name", PROJECTS)
def test_todo_markers_are_of_codes_not_implemented_yet(name: str) -> None:
    from flake8_forksafe.rules import RULES

    implemented = {rule.code for rule in RULES}
    promised = {code for _, _, code in expected_codes(FIXTURES / name, todo=True)}
    assert not promised & implemented, "these are implemented now: turn '# todo:' into a plain marker"


def test_bookshop_has_something_to_report() -> None:
    codes = {code for _, _, code in expected_codes(FIXTURES / "bookshop")}
    assert {"FS101", "FS102"} <= codes


def test_fixed_twin_has_the_same_files() -> None:
    def files(root: Path) -> list[str]:
        return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py"))

    assert files(FIXTURES / "bookshop") == files(FIXTURES / "bookshop_fixed")
    assert not expected_codes(FIXTURES / "bookshop_fixed")
