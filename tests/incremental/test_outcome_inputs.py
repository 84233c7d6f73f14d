"""Evidence of an outcome is asked again: it holds until an answer changes, and saves asking what has not changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.digest import digest
from flake8_forksafe.incremental.fact_store import answers_about_facts
from flake8_forksafe.incremental.outcome_inputs import asked_again, gathered, recall_from
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.stamps import stamp_at
from flake8_forksafe.source.collector import collect
from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.facts import Define

FUTURE = 1 << 62
"""A time at which every stamp is settled."""
SOURCE = "import one\n\n\ndef f():\n    import two\n"


def project(root: Path) -> Path:
    write(root, {"a.py": SOURCE, "b.py": "x = 1\n", "inner/c.py": "", "other/d.py": ""})
    (root / "link").symlink_to(root / "inner")
    return root.resolve()


def look(root: Path, disk: Disk) -> None:
    """Ask what an analysis asks."""
    disk.depends_on(str(root / "a.py"))
    assert disk.holds(str(root / "b.py"), "x") and not disk.holds(str(root / "missing.py"), "x")
    disk.listing(str(root / "inner"))
    assert disk.is_file(str(root / "other" / "d.py")) and not disk.is_file(str(root / "other" / "e.py"))
    assert disk.is_directory(str(root / "link"))


def cut_body() -> tuple[int, ...]:
    """Where the body of the function stands."""
    function = collect(SOURCE)[1]
    assert isinstance(function, Define) and isinstance(function.body, CutBody)
    return (function.body.first, function.body.last)


def remove(root: Path, name: str) -> None:
    (root / name).unlink()


def instead(root: Path) -> None:
    remove(root, "inner/c.py")
    (root / "inner" / "c.py").mkdir()


def relink(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to(root / "other")


CHANGES: Mapping[str, tuple[Callable[[Path], object], bool]] = {
    "nothing": (lambda root: None, True),
    "touched": (lambda root: os.utime(root / "a.py", ns=(1, 1)), True),
    "a content": (lambda root: (root / "a.py").write_text(SOURCE + "y = 2\n"), False),
    "what a question does not ask": (lambda root: (root / "b.py").write_text("x = 2\n"), True),
    "what a question asks": (lambda root: (root / "b.py").write_text("z = 2\n"), False),
    "a file that is gone": (lambda root: remove(root, "a.py"), False),
    "a file of which something was asked is gone": (lambda root: remove(root, "b.py"), False),
    "a file that was not there and lacks it": (lambda root: write(root, {"missing.py": "y\n"}), False),
    "a file in a listing": (lambda root: write(root, {"inner/new.py": ""}), False),
    "byte code in a listing": (lambda root: (root / "inner" / "__pycache__").mkdir(), True),
    "a directory instead of a file": (instead, False),
    "a name that was asked for": (lambda root: write(root, {"other/e.py": ""}), False),
    "a name that was not asked for": (lambda root: write(root, {"other/f.py": ""}), True),
    "a name that was there": (lambda root: remove(root, "other/d.py"), False),
    "where a link leads": (relink, False),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("settled", [True, False], ids=["stamps settled", "stamps too new"])
def test_it_holds_until_an_answer_changes(tmp_path: Path, change: str, settled: bool) -> None:
    root = project(tmp_path)
    disk = Disk()
    look(root, disk)
    evidence = gathered(disk, {}, {}, FUTURE if settled else 0)
    act, holds = CHANGES[change]
    act(root)
    assert (asked_again(as_plain(evidence), Disk(), FUTURE) is not None) == holds


def as_plain(evidence: object) -> dict[str, object]:
    """As it is read from the cache: stamps are lists."""
    plain: dict[str, object] = json.loads(json.dumps(evidence))
    return plain


def answers(evidence: Mapping[str, object]) -> dict[str, object]:
    files = evidence["files"]
    assert isinstance(files, list)
    return {path: stamp for _, paths in files for path, (stamp, _) in paths.items()}


def test_new_stamps_save_asking_next_time(tmp_path: Path) -> None:
    root = project(tmp_path)
    disk = Disk()
    look(root, disk)
    evidence = as_plain(gathered(disk, {}, {}, FUTURE))
    assert asked_again(evidence, Disk(), FUTURE) is evidence
    path = str(root / "a.py")
    os.utime(path, ns=(1, 1))
    again = asked_again(as_plain(evidence), Disk(), FUTURE)
    assert again is not None
    assert answers(again)[path] == stamp_at(path) != answers(evidence)[path]
    assert again["looked_ns"] == FUTURE
    reader = Disk()
    assert asked_again(as_plain(again), reader, FUTURE) is not None
    assert path not in reader.stamps  # nothing was read


def test_a_stamp_that_is_too_new_is_not_kept(tmp_path: Path) -> None:
    root = project(tmp_path)
    disk = Disk()
    look(root, disk)
    evidence = as_plain(gathered(disk, {}, {}, 0))
    assert asked_again(evidence, Disk(), 0) is evidence
    assert evidence["looked_ns"] == 0


def test_files_with_the_same_answers_stand_together(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.py": "x\n", "b.py": "x\n", "c.py": "y\n"}).resolve()
    disk = Disk()
    for name in ("a.py", "b.py", "c.py"):
        disk.holds(str(root / name), "x")
    assert sorted(sorted(Path(path).name for path in paths) for _, paths in gathered(disk, {}, {}, 0)["files"]) == [
        ["a.py", "b.py"],
        ["c.py"],
    ]


def test_facts_of_a_module_stand_before_those_of_bodies(tmp_path: Path) -> None:
    facts = {"x": {("body", 1, 2): "b", ("facts",): "f", ("celery",): [0]}}
    ((known, paths),) = gathered(Disk(), facts, {"x": ((1, 2, 3), "content")}, 5)["files"]  # type: ignore[dict-item]
    assert known == [["celery", [0]], ["facts", "f"], ["body", 1, 2, "b"]]
    assert paths == {"x": ((1, 2, 3), "content")}


@pytest.mark.parametrize(
    ("buffer", "holds"),
    [
        (SOURCE, True), (SOURCE.replace("one", "one  # why"), True), (SOURCE.replace("two", "two  # why"), True),
        (SOURCE.replace("one", "other"), False), (SOURCE.replace("two", "other"), False),
        (SOURCE + "import more\n", False), ("import one\n\n\ndef f(:\n", False), ("x = '\udc80'\n", False),
    ],
)  # fmt: skip
def test_a_buffer_of_an_editor_counts_by_its_statements(tmp_path: Path, buffer: str, holds: bool) -> None:
    path = str(write(tmp_path, {"a.py": SOURCE}).resolve() / "a.py")
    facts = answers_about_facts(SOURCE.encode(), [["facts", ""]])
    assert facts is not None
    known = answers_about_facts(SOURCE.encode(), [*facts, ["body", *cut_body(), ""]])
    assert known is not None and len(known) == 2
    stamp = stamp_at(path)
    assert stamp is not None
    for before in (digest(SOURCE.encode()), "another"):
        evidence = {
            "looked_ns": FUTURE, "opened": [], "directories": [],
            "files": [[known, {path: [[*stamp], before]}]],
        }  # fmt: skip
        disk = Disk({path: buffer.encode("utf-8", "surrogateescape")})
        assert (asked_again(evidence, disk, FUTURE) is not None) == holds


def test_what_is_recalled_of_unchanged_files(tmp_path: Path) -> None:
    path = str(write(tmp_path, {"a.py": SOURCE}) / "a.py")
    stamp = stamp_at(path)
    assert stamp is not None
    files = [[[["celery", [0]], ["holds", "x", True]], {path: [[*stamp], ""], path + "2": [None, ""]}]]
    recall = recall_from({"looked_ns": FUTURE, "files": files})
    assert recall(path, stamp) == {("celery",): [0], ("holds", "x"): True}
    assert recall(path, stamp._replace(size=stamp.size + 1)) == {}
    assert recall(path + "2", stamp) == recall("elsewhere", stamp) == {}
    assert recall_from({"looked_ns": 0, "files": files})(path, stamp) == {}
