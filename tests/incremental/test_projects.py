"""Several projects in one run: their outcomes as one."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.baseline import baseline_path, write_baseline
from flake8_forksafe.finding import Finding, Outcome, Remark
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


def finding(path: str, line: int = 1) -> Finding:
    return Finding(path, line, 0, "FS101", "what")


def outcomes_of(root: Path, monkeypatch: pytest.MonkeyPatch, of: dict[str, Outcome]) -> list[str]:
    """Have projects below ``root`` these outcomes; returns the list of those that were asked for, in order."""
    asked: list[str] = []

    def outcome_of(settings: Settings, *arguments: object) -> Outcome:
        name = str(Path(settings.project).relative_to(root)).replace("\\", "/")
        asked.append(name)
        return of[name]

    for name in of:
        (root / name).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(projects, "outcome_of", outcome_of)
    return asked


def test_each_file_has_the_findings_of_the_innermost_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path.resolve()
    own, inner, deep, outside = (str(root / name) for name in ("a.py", "lib/b.py", "lib/deep/c.py", "../d.py"))
    every = (finding(deep, 2), finding(inner), finding(own), finding(outside))
    said = Remark("said of both")
    of = {
        ".": Outcome(every, (said, Remark("other")), 2, 10, ("rq",), (str(root / "lib"), str(Path(deep).parent))),
        "lib": Outcome(every, (said,), 3, 4, ("huey",), (str(root / "lib" / "deep"),)),
        "lib/deep": Outcome((finding(deep, 1), finding(own, 9), finding(outside, 9)), (), 1, 1),
    }  # fmt: skip
    asked = outcomes_of(root, monkeypatch, of)
    found = projects.outcome_of_projects([settings_of(str(root))], settings_of)
    assert asked == [".", "lib", "lib/deep"]
    assert found.findings == (finding(outside), finding(own), finding(inner), finding(deep, 1))
    assert found.remarks == (said, Remark("other"))
    assert (found.apps, found.files, found.others) == (3, 10, ("rq",))


def test_projects_beside_each_other_are_counted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path.resolve()
    of = {"a": Outcome((), (), 2, 10, ("rq",)), "b": Outcome((), (), 3, 4, ("huey",)), "b/c": Outcome((), (), 1, 1)}
    asked = outcomes_of(root, monkeypatch, of)
    found = projects.outcome_of_projects([settings_of(str(root / name)) for name in ("a", "b", "b", "b/c")])
    assert asked == ["a", "b", "b/c"]  # each once
    assert (found.apps, found.files, found.others) == (5, 14, ("rq", "huey"))


def test_one_project_is_its_own_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = str(tmp_path.resolve() / "inner")
    only = Outcome((finding("b.py"), finding("a.py")), (), 1, 1, (), (inside,))
    asked = outcomes_of(tmp_path.resolve(), monkeypatch, {".": only})
    assert projects.outcome_of_projects([settings_of(str(tmp_path.resolve()))]) is only
    assert asked == ["."]  # those inside are not looked at by themselves


def test_as_many_are_checked_as_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projects, "MOST_PROJECTS", 1)
    root = tmp_path.resolve()
    names = ("a", "b", "c")
    asked = outcomes_of(root, monkeypatch, dict.fromkeys(names, Outcome((), (), 1, 1)))
    assert projects.outcome_of_projects([settings_of(str(root / name)) for name in names]).remarks == ()
    assert asked == ["a", "b", "c"]


def test_a_baseline_counts_for_projects_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path.resolve()
    inner = str(root / "lib")
    path = str(root / "lib" / "b.py")
    write(root, {"lib/b.py": "import torch\n"})
    of = {".": Outcome((), (), 1, 1, (), (inner,)), "lib": Outcome((finding(path),), (), 1, 1)}
    outcomes_of(root, monkeypatch, of)
    plain = make_settings(str(root), {})
    assert projects.outcome_of_projects([plain], settings_of).findings == (finding(path),)
    with_baseline = make_settings(str(root), {"baseline": "known.json"})
    write_baseline(baseline_path(with_baseline), [finding(path)], str(root))
    assert projects.outcome_of_projects([with_baseline], settings_of).findings == ()
