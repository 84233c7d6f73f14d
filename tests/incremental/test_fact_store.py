"""The store of facts: found again, never trusted beyond its content, never in the way."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import shutil
import time
from pathlib import Path

import msgspec
import pytest
from helpers import write
from in_processes import collect, read, save_often, store_in

from flake8_forksafe.incremental import cache_files, fact_store
from flake8_forksafe.incremental.cache_files import CacheFiles
from flake8_forksafe.incremental.fact_store import FILE_NAME, FactStore, pack
from flake8_forksafe.project import stamps
from flake8_forksafe.session import deep_recursion
from flake8_forksafe.source import collector, facts
from flake8_forksafe.source.collected import FileFacts
from flake8_forksafe.source.text import Unreadable

FILES = {
    "a.py": "import json\ndef f():\n    import csv\n    return csv\n",
    "b.py": "import os\n",
}


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
    store.finish()
    return project


def parsed_again(root: Path) -> list[str]:
    """The names of the files that a new store has to parse."""
    store = store_in(root)
    found = collect(store, root)
    assert found == collect(FactStore(CacheFiles(None), read), root)
    assert store.bodies_collected == int("a.py" in map(os.path.basename, store.parsed))
    return [os.path.basename(path) for path in store.parsed]


# --- finding again ----------------------------------------------------------------------------------------------


def test_facts_are_collected_once(kept: Path) -> None:
    assert parsed_again(kept) == []


def test_an_unchanged_file_is_not_even_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "RACY_NS", 0)
    time.sleep(0.05)
    store = store_in(project)
    collect(store, project)
    store.finish()

    def unreadable(path: str) -> bytes:
        raise AssertionError(f"{path} was read")

    collect(store_in(project, unreadable), project)


def test_only_what_changed_is_collected_again(kept: Path) -> None:
    (kept / "b.py").write_text("import sys, os\n")
    assert parsed_again(kept) == ["b.py"]


def test_a_file_that_is_only_touched_is_not_parsed(kept: Path) -> None:
    age(kept / "a.py", 10)
    assert parsed_again(kept) == []


def test_a_body_asked_for_later_is_kept_too(project: Path) -> None:
    first = store_in(project)
    first.module(str(project / "a.py"))
    first.finish()
    second = store_in(project)
    collect(second, project)
    assert second.bodies_collected == 1
    second.finish()
    assert parsed_again(project) == []


def test_a_change_within_the_resolution_of_time_stamps_is_seen(project: Path) -> None:
    path = project / "b.py"
    os.utime(path)
    stamp = path.stat().st_mtime_ns
    store = store_in(project)
    collect(store, project)
    store.finish()
    path.write_text("import re\n")
    os.utime(path, ns=(stamp, stamp))
    assert path.stat().st_size == len(FILES["b.py"])
    assert parsed_again(project) == ["b.py"]
    assert stamps.RACY_NS >= 2_000_000_000  # FAT has time stamps of two seconds


def test_the_store_is_as_good_in_another_checkout(kept: Path) -> None:
    elsewhere = Path(shutil.copytree(kept, kept.parent / "elsewhere"))
    shutil.rmtree(kept)
    for name in FILES:
        os.utime(elsewhere / name)
    assert parsed_again(elsewhere) == []


def test_a_buffer_is_read_whatever_the_time_stamp_says(kept: Path) -> None:
    path = str(kept / "b.py")
    store = FactStore(CacheFiles(str(kept / ".cache")), lambda path: b"import re\n", {path}.__contains__)
    (statement,) = store.module(path)
    assert isinstance(statement, facts.Import) and statement.names == (("re", None),)
    store.finish()
    assert parsed_again(kept) == []


def test_a_broken_file_is_told_each_time_but_read_once(project: Path) -> None:
    reads = []

    def counted(path: str) -> bytes:
        reads.append(path)
        return b"def f(:\n"

    store = store_in(project, counted)
    for _ in range(3):
        with pytest.raises(Unreadable, match="never closed"):
            store.module(str(project / "a.py"))
    with pytest.raises(OSError):
        store.module(str(project / "missing.py"))
    assert len(reads) <= 2
    store.finish()


def test_a_time_stamp_that_was_restored_hides_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "RACY_NS", 0)
    time.sleep(0.05)
    path = project / "b.py"
    stamp = path.stat().st_mtime_ns
    store = store_in(project)
    collect(store, project)
    store.finish()
    path.write_text("import re\n")
    os.utime(path, ns=(stamp, stamp))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (len(FILES["b.py"]), stamp)
    assert parsed_again(project) == ["b.py"]


# --- not trusting -----------------------------------------------------------------------------------------------


def header_of(root: Path) -> bytes:
    """What a kept file begins with: a header, and a signature."""
    content = (root / ".cache" / FILE_NAME).read_bytes()
    return content[: content.index(b"\n") + 1 + cache_files.SIGNATURE_SIZE]


class Bomb:
    """An object whose unpickling runs code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_a_forged_store_runs_no_code_and_is_not_believed(kept: Path) -> None:
    crater = kept / "crater"
    signed = header_of(kept)
    digests = [hashlib.sha256(content.encode()).hexdigest() for content in FILES.values()]
    lie = pack(FileFacts(collector.collect("import torch\n")))
    assert lie is not None
    lies = {digest: msgspec.Raw(lie) for digest in digests}
    for payload in (
        pickle.dumps(Bomb(crater)),
        pickle.dumps((time.time_ns(), {}, {digest: pickle.dumps(Bomb(crater)) for digest in digests})),
        msgspec.msgpack.encode(fact_store.Document(time.time_ns(), {}, lies)),
    ):
        for start in (signed, cache_files.header(FILE_NAME), b""):
            (kept / ".cache" / FILE_NAME).write_bytes(start + payload)
            assert sorted(parsed_again(kept)) == ["a.py", "b.py"]
    assert not crater.exists()


@pytest.mark.parametrize("payload", [
    b"", b"\xc1", b"\x93\x01\x02\x03", b"\x91" * 100_000, b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff",
    msgspec.msgpack.encode([1, {b"a": [[1, 2, 3], "x"]}, {}]), msgspec.msgpack.encode([1, {}, {}, 4, "x"][:2]),
])  # fmt: skip
def test_what_is_signed_and_yet_no_store(kept: Path, payload: bytes) -> None:
    CacheFiles(str(kept / ".cache")).write(FILE_NAME, payload)
    assert sorted(parsed_again(kept)) == ["a.py", "b.py"]


@pytest.mark.parametrize("entry", [
    b"", b"\x92\x90", b"\x91" * 100_000, msgspec.msgpack.encode([[["Import", "x", 0, []]], []]),
    msgspec.msgpack.encode([[["Evaluate", 1, 0, ["Constant", [1]]]], []]),
    msgspec.msgpack.encode([[["NoSuchFact", 1, 0]], []]), msgspec.msgpack.encode([["Break"], []]),
])  # fmt: skip
def test_an_entry_that_holds_no_facts(kept: Path, entry: bytes) -> None:
    digests = [hashlib.sha256(content.encode()).hexdigest() for content in FILES.values()]
    document = fact_store.Document(time.time_ns(), {}, {digest: msgspec.Raw(entry or b"\xc0") for digest in digests})
    CacheFiles(str(kept / ".cache")).write(FILE_NAME, msgspec.msgpack.encode(document))
    assert sorted(parsed_again(kept)) == ["a.py", "b.py"]


def test_a_store_of_another_version_is_replaced(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = (3, 99, 0, "final", 0)
    for module, name, value in ((fact_store, "FILE_NAME", "facts-0"), (cache_files, "__version__", "0.0.0"),
                                (cache_files.sys, "version_info", python)):  # fmt: skip
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            store = store_in(kept)
            asked = [store.module(str(kept / name)) for name in FILES]
            assert len(asked) == len(store.parsed) == 2
            store.finish()
        if name != "FILE_NAME":
            assert sorted(parsed_again(kept)) == ["a.py", "b.py"]
            store = store_in(kept)
            collect(store, kept)
            store.finish()
        assert parsed_again(kept) == []


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
    store.finish()
    assert parsed_again(kept) == []


@pytest.mark.parametrize("text", [
    "x = 1j", "x = 99999999999999999999999", "x = '\\ud800'", "x = 1.5", "x = b'a\\xff'", "x = -0.0", "x = 1e999",
    "x = True, None, 'é'", "x = " + " + ".join(["y"] * 3_000),
    "if a:\n  pass\n" + "".join(f"elif b == {n}:\n  x = {n}\n" for n in range(250)),
])  # fmt: skip
def test_odd_values_come_back_as_they_were(project: Path, text: str) -> None:
    path = project / "b.py"
    path.write_text(text + "\n", encoding="utf-8")
    found = []
    for _ in range(2):
        store = store_in(project)
        try:
            module = store.module(str(path))
        except Unreadable as error:
            found.append(str(error))
        else:
            with deep_recursion():  # for repr alone
                found.append(repr(module))
        store.finish()
    assert found[0] == found[1]


# --- not in the way ---------------------------------------------------------------------------------------------


def test_without_a_directory_nothing_is_written(project: Path) -> None:
    store = FactStore(CacheFiles(None), read)
    collect(store, project)
    store.finish()
    assert sorted(path.name for path in project.iterdir()) == sorted(FILES)


def test_nothing_is_written_when_nothing_changed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "RACY_NS", 0)
    for _ in range(2):
        time.sleep(0.05)
        store = store_in(project)
        collect(store, project)
        store.finish()
    before = (project / ".cache" / FILE_NAME).stat().st_ino
    store = store_in(project)
    collect(store, project)
    store.finish()
    assert (project / ".cache" / FILE_NAME).stat().st_ino == before


def test_what_was_not_used_for_long_goes_first(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fact_store, "SIZE_LIMIT", 0)
    (kept / "c.py").write_text("import this\n")
    store = store_in(kept)
    store.module(str(kept / "b.py"))
    store.module(str(kept / "c.py"))
    store.finish()
    assert parsed_again(kept) == ["a.py"]


def test_several_writers_at_once(project: Path) -> None:
    rounds = 10
    CacheFiles(str(project / ".cache"))
    with multiprocessing.get_context("spawn").Pool(8) as pool:
        results = [pool.apply_async(save_often, (project, rounds)) for _ in range(8)]
        read_back = [result.get() for result in results]
    assert min(read_back) >= rounds - 1  # all but the very first load found a whole store
    assert sorted(path.name for path in (project / ".cache").iterdir()) == [".gitignore", FILE_NAME]
    assert parsed_again(project) == []
