"""The store of facts: found again, never trusted beyond its content, never in the way."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.source import cache, facts
from flake8_forksafe.source.atomic import write_atomically
from flake8_forksafe.source.cache import FILE_NAME, RACY_NS, Entry, FactStore, loads
from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.facts import Block, Define
from flake8_forksafe.source.text import Unreadable

FILES = {
    "a.py": "import json\ndef f():\n    import csv\n    return csv\n",
    "b.py": "import os\n",
}


def read(path: str) -> bytes:
    """A file's content."""
    return Path(path).read_bytes()


def store_in(root: Path, reader: Callable[[str], bytes] = read) -> FactStore:
    """A store that keeps its facts below ``root``."""
    return FactStore(str(root / ".cache"), reader)


def collect(store: FactStore, root: Path) -> tuple[Block, Block, Block]:
    """Ask a store for everything there is in :data:`FILES`."""
    path = str(root / "a.py")
    module = store.module(path)
    function = module[1]
    assert isinstance(function, Define) and isinstance(function.body, Cut)
    return module, store.body(path, function.body), store.module(str(root / "b.py"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two files, last changed an hour ago."""
    write(tmp_path / "project", FILES)
    for name in FILES:
        age(tmp_path / "project" / name)
    return tmp_path / "project"


def age(path: Path, seconds: int = 3600) -> None:
    """Set a file's time stamp back."""
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.fixture
def kept(project: Path) -> Path:
    """The project with its store written."""
    store = store_in(project)
    collect(store, project)
    store.save()
    return project


def parsed_again(root: Path) -> list[str]:
    """The names of the files that a new store has to parse."""
    store = store_in(root)
    found = collect(store, root)
    assert found == collect(FactStore(None, read), root)
    assert store.bodies_collected == int("a.py" in map(os.path.basename, store.parsed))
    return [os.path.basename(path) for path in store.parsed]


# --- finding again ----------------------------------------------------------------------------------------------


def test_facts_are_collected_once(kept: Path) -> None:
    assert parsed_again(kept) == []


def test_an_unchanged_file_is_not_even_read(kept: Path) -> None:
    def unreadable(path: str) -> bytes:
        raise AssertionError(f"{path} was read")

    collect(store_in(kept, unreadable), kept)


def test_only_what_changed_is_collected_again(kept: Path) -> None:
    (kept / "b.py").write_text("import sys, os\n")
    assert parsed_again(kept) == ["b.py"]


def test_a_file_that_is_only_touched_is_not_parsed(kept: Path) -> None:
    age(kept / "a.py", 10)
    assert parsed_again(kept) == []


def test_a_body_asked_for_later_is_kept_too(project: Path) -> None:
    first = store_in(project)
    first.module(str(project / "a.py"))
    first.save()
    second = store_in(project)
    collect(second, project)
    assert second.bodies_collected == 1
    second.save()
    assert parsed_again(project) == []


def test_a_change_within_the_resolution_of_time_stamps_is_seen(project: Path) -> None:
    path = project / "b.py"
    os.utime(path)
    stamp = path.stat().st_mtime_ns
    store = store_in(project)
    collect(store, project)
    store.save()
    path.write_text("import re\n")
    os.utime(path, ns=(stamp, stamp))
    assert path.stat().st_size == len(FILES["b.py"])
    assert parsed_again(project) == ["b.py"]
    assert RACY_NS >= 2_000_000_000  # FAT has time stamps of two seconds


def test_the_store_is_as_good_in_another_checkout(kept: Path) -> None:
    elsewhere = Path(shutil.copytree(kept, kept.parent / "elsewhere"))
    shutil.rmtree(kept)
    for name in FILES:
        os.utime(elsewhere / name)
    assert parsed_again(elsewhere) == []


def test_a_buffer_is_read_whatever_the_time_stamp_says(kept: Path) -> None:
    path = str(kept / "b.py")
    store = FactStore(str(kept / ".cache"), lambda path: b"import re\n", {path}.__contains__)
    (statement,) = store.module(path)
    assert isinstance(statement, facts.Import) and statement.names == (("re", None),)
    store.save()
    assert parsed_again(kept) == []


def test_a_broken_file_is_told_each_time_but_read_once(project: Path) -> None:
    reads = []

    def counted(path: str) -> bytes:
        reads.append(path)
        return b"def f(:\n"

    store = store_in(project, counted)
    for _ in range(3):
        with pytest.raises(Unreadable, match="invalid syntax"):
            store.module(str(project / "a.py"))
    with pytest.raises(OSError):
        store.module(str(project / "missing.py"))
    assert len(reads) <= 2
    store.save()


# --- not trusting -----------------------------------------------------------------------------------------------


def test_a_store_of_another_version_is_replaced(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in ((facts, "SCHEMA", facts.SCHEMA + 1), (cache, "__version__", "0.0.0")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            store = store_in(kept)
            collect(store, kept)
            assert len(store.parsed) == 2
            store.save()
            assert parsed_again(kept) == []
        assert sorted(parsed_again(kept)) == ["a.py", "b.py"]


def test_a_truncated_or_foreign_store_is_replaced(kept: Path) -> None:
    path = kept / ".cache" / FILE_NAME
    good = path.read_bytes()
    step = max(1, len(good) // 50)
    bad = [good[:size] for size in range(0, len(good), step)]
    bad += [b"SQLite format 3\0", good[:-1] + b"?", b"\n" + good, good + b"more", os.urandom(len(good))]
    for content in bad:
        path.write_bytes(content)
        assert sorted(parsed_again(kept)) == ["a.py", "b.py"]
    path.write_bytes(bad[0])
    store = store_in(kept)
    collect(store, kept)
    store.save()
    assert parsed_again(kept) == []


class Bomb:
    """An object whose unpickling runs code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def forged(payload: bytes) -> bytes:
    """A store whose header and checksum are right."""
    return cache._header() + b"\n" + cache._checksum(payload) + payload


def test_a_forged_store_runs_no_code(kept: Path) -> None:
    crater = kept / "crater"
    digests = [hashlib.sha256(content.encode()).hexdigest() for content in FILES.values()]
    entries = {digest: pickle.dumps(Bomb(crater)) for digest in digests}
    for payload in (
        pickle.dumps(Bomb(crater)),
        pickle.dumps((time.time_ns(), {}, Bomb(crater))),
        pickle.dumps((time.time_ns(), {}, entries)),
        pickle.dumps((time.time_ns(), {}, {digest: pickle.dumps([1]) for digest in digests})),
        pickle.dumps((1, 2)),
        pickle.dumps((time.time_ns(), {"path": (1,)}, {})),
    ):
        (kept / ".cache" / FILE_NAME).write_bytes(forged(payload))
        assert sorted(parsed_again(kept)) == ["a.py", "b.py"]
    assert not crater.exists()


@pytest.mark.parametrize("value", [os.system, FactStore, pickle.Unpickler, Path("x"), facts.NamedTuple])
def test_only_facts_are_unpickled(value: object) -> None:
    with pytest.raises(pickle.UnpicklingError, match="is not a fact"):
        loads(pickle.dumps(value))
    entry = Entry((facts.Break(1, 0),), {Cut(1, 2): ()})
    assert loads(pickle.dumps(entry)) == entry


# --- not in the way ---------------------------------------------------------------------------------------------


def test_without_a_directory_nothing_is_written(project: Path) -> None:
    store = FactStore(None, read)
    collect(store, project)
    store.save()
    assert sorted(path.name for path in project.iterdir()) == sorted(FILES)


def test_nothing_is_written_when_nothing_changed(kept: Path) -> None:
    path = kept / ".cache" / FILE_NAME
    age(path)
    before = path.stat().st_mtime_ns
    store = store_in(kept)
    collect(store, kept)
    store.save()
    assert path.stat().st_mtime_ns == before


def test_the_directory_keeps_itself_out_of_version_control(kept: Path) -> None:
    assert (kept / ".cache/.gitignore").read_text().splitlines()[-1] == "*"


def test_a_directory_that_was_there_is_not_marked(project: Path) -> None:
    (project / ".cache").mkdir()
    store = store_in(project)
    collect(store, project)
    store.save()
    assert [path.name for path in (project / ".cache").iterdir()] == [FILE_NAME]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_directory_is_read_and_left_alone(kept: Path) -> None:
    (kept / ".cache").chmod(0o500)
    try:
        (kept / "b.py").write_text("import sys\n")
        store = store_in(kept)
        collect(store, kept)
        assert store.parsed == [str(kept / "b.py")]
        store.save()
        assert parsed_again(kept) == ["b.py"]
    finally:
        (kept / ".cache").chmod(0o700)


def test_a_file_in_the_place_of_the_directory_is_left_alone(project: Path) -> None:
    (project / ".cache").write_text("mine")
    store = store_in(project)
    collect(store, project)
    store.save()
    assert (project / ".cache").read_text() == "mine"


def test_a_write_that_fails_leaves_the_old_store(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*paths: str) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(cache.os, "replace", refuse)
        assert not write_atomically(str(kept / ".cache"), FILE_NAME, b"half")
    assert sorted(path.name for path in (kept / ".cache").iterdir()) == [".gitignore", FILE_NAME]
    assert parsed_again(kept) == []


def test_what_was_not_used_for_long_goes_first(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SIZE_LIMIT", 0)
    (kept / "c.py").write_text("import this\n")
    store = store_in(kept)
    store.module(str(kept / "b.py"))
    store.module(str(kept / "c.py"))
    store.save()
    assert parsed_again(kept) == ["a.py"]


def save_often(root: Path, times: int) -> int:
    """Write the store again and again; returns how often what another writer left could be read."""
    read_back = 0
    for round_ in range(times):
        store = store_in(root)
        read_back += bool(store._stored)
        path = root / f"own_{os.getpid()}.py"
        path.write_text(f"import json\nx = {round_}\n")
        collect(store, root)
        store.module(str(path))
        store.save()
    return read_back


def test_two_writers_at_once(project: Path) -> None:
    rounds = 40
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        results = [pool.apply_async(save_often, (project, rounds)) for _ in range(2)]
        read_back = [result.get() for result in results]
    assert min(read_back) >= rounds - 1  # all but the very first load found a whole store
    assert sorted(path.name for path in (project / ".cache").iterdir()) == [".gitignore", FILE_NAME]
    assert parsed_again(project) == []
