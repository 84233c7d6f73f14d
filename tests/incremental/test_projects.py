"""Several projects in one run: their outcomes as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from flake8_forksafe.finding import Outcome
from flake8_forksafe.incremental import projects
from flake8_forksafe.settings import Settings, make_settings


def settings_of(project: str) -> Settings:
    return make_settings(project, {})


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (["a"], ""),
        (["a", "b"], "not used: the options of the project in {place}: give"),
        (["a", "b", "c"], "not used: the options of the project in {place} and of 1 other: give"),
        (["a", "b", "c", "d"], "not used: the options of the project in {place} and of 2 others: give"),
    ],
)
def test_projects_inside_that_are_not_checked_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: list[str], said: str
) -> None:
    """The place is that of the first."""
    paths = [str(tmp_path / name) for name in inside]
    for path in paths:
        Path(path).mkdir()

    def outcome_of(settings: Settings, *arguments: object) -> Outcome:
        return Outcome((), (), 1, 1, (), tuple(paths) if settings.project == str(tmp_path) else ())

    monkeypatch.setattr(projects, "outcome_of", outcome_of)
    monkeypatch.setattr(projects, "MOST_PROJECTS", 2)
    remarks = projects.outcome_of_projects([settings_of(str(tmp_path))], settings_of).remarks
    assert [(one.text.startswith(said), one.path) for one in remarks] == ([(True, paths[1])] if said else [])
