"""One analysis per run: what the parent found is what its workers report."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import write
from in_processes import codes, in_worker

from flake8_forksafe import session
from flake8_forksafe.session import VARIABLE, Located, Session, deep_recursion, find, start_directory
from flake8_forksafe.settings import Settings, make_settings

PROJECT = {
    "pyproject.toml": "",
    "proj/__init__.py": "",
    "proj/celery.py": 'from celery import Celery\napp = Celery("proj", include=["proj.tasks"])\n',
    "proj/tasks.py": "import litellm\n",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a small project with one finding."""
    return make_settings(str(write(tmp_path, PROJECT)), {"no_cache": True})


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """The environment as it was."""
    before = os.environ.get(VARIABLE)
    yield
    os.environ.pop(VARIABLE, None)
    if before is not None:
        os.environ[VARIABLE] = before


def run_in_worker(settings: Settings, forbidden: bool = True) -> list[tuple[str, int, str]]:
    """The findings that a spawned worker process has."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(in_worker, (settings, forbidden))


FOUND = [("tasks.py", 1, "FS101")]


def test_a_worker_takes_over_what_the_parent_found(settings: Settings) -> None:
    parent = Session()
    parent.start(settings, {})
    assert codes(parent) == FOUND
    assert run_in_worker(settings) == FOUND


def test_a_worker_with_other_settings_analyses_itself(settings: Settings) -> None:
    parent = Session()
    parent.start(settings, {})
    assert run_in_worker(settings._replace(accept=(("litellm", ""),)), forbidden=False) == []


@pytest.mark.parametrize("content", [b"", b"foreign", b"[1, 2]", b'{"a": [[1, "x", 2]]}'])
def test_a_worker_that_finds_no_sound_file_analyses_itself(settings: Settings, content: bytes) -> None:
    parent = Session()
    parent.start(settings, {})
    assert parent._handed is not None
    Path(parent._handed).write_bytes(content)
    assert run_in_worker(settings, forbidden=False) == FOUND


def test_a_worker_does_not_listen_to_another_parent(settings: Settings) -> None:
    parent = Session()
    parent.start(settings, {})
    os.environ[VARIABLE] = "1:" + os.environ[VARIABLE].partition(":")[2]
    assert run_in_worker(settings, forbidden=False) == FOUND
    assert parent._handed is not None
    os.unlink(parent._handed)


def test_a_second_run_in_one_process_starts_anew(settings: Settings) -> None:
    current = Session()
    current.start(settings, {})
    first = current._handed
    assert first is not None and os.path.exists(first) and os.stat(first).st_mode & 0o077 == 0
    tasks = Path(settings.project, "proj/tasks.py")
    tasks.write_text("import json\n")
    current.start(settings, {})
    assert current.findings == {}
    assert not os.path.exists(first) and current._handed is None
    assert os.environ[VARIABLE] == f"{os.getpid()}:{settings.digest()}:"


def test_findings_stay_where_no_temporary_file_can_be_made(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**options: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    current = Session()
    current.start(settings, {})
    assert codes(current) == FOUND and VARIABLE not in os.environ


def test_a_buffer_counts_instead_of_its_file(settings: Settings) -> None:
    path = os.path.join(settings.project, "proj/tasks.py")
    found = find(settings, {path: b"\nimport litellm\n"})
    ((where, (item,)),) = found.items()
    assert where == os.path.realpath(path)
    assert isinstance(item, Located) and (item.line, item.column) == (2, 0)
    assert find(settings, {path: b"import json\n"}) == {}


def test_findings_are_filed_under_real_paths(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(settings.project, target_is_directory=True)
    found = find(settings._replace(project=str(link)), {})
    assert list(found) == [os.path.realpath(os.path.join(settings.project, "proj/tasks.py"))]


def test_deep_recursion_is_for_a_while_only() -> None:
    before = sys.getrecursionlimit()
    with pytest.raises(ZeroDivisionError), deep_recursion():
        assert sys.getrecursionlimit() == session.RECURSION_LIMIT
        raise ZeroDivisionError
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize("enabled", [True, False])
def test_cycles_are_collected_again_if_they_were(enabled: bool) -> None:
    try:
        (gc.enable if enabled else gc.disable)()
        with pytest.raises(ZeroDivisionError), deep_recursion():
            assert not gc.isenabled()
            _ = 1 / 0
        assert gc.isenabled() is enabled
    finally:
        gc.enable()


def test_deep_recursion_never_lowers_the_limit() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(session.RECURSION_LIMIT + 1)
    try:
        with deep_recursion():
            assert sys.getrecursionlimit() == session.RECURSION_LIMIT + 1
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], "here"),
        (["."], "here"),
        (["-"], "here"),
        (["a.py", "pkg/b.py"], "here"),
        (["../here/a.py"], "here"),
        (["../there/a.py"], "there"),
        (["../there/a.py", "../there/pkg/b.py"], "there"),
        (["../there/a.py", "a.py"], "."),
        (["../hereafter/a.py"], "hereafter"),
    ],
)
def test_where_the_project_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], expected: str
) -> None:
    write(
        tmp_path, {"here/a.py": "", "here/pkg/b.py": "", "there/a.py": "", "there/pkg/b.py": "", "hereafter/a.py": ""}
    )
    monkeypatch.chdir(tmp_path / "here")
    assert start_directory(names) == os.path.normpath(tmp_path / expected)
