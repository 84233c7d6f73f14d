"""Kept files: whole or not there, believed only if signed, and nobody else's are touched."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from flake8_forksafe import __version__
from flake8_forksafe.incremental import cache_files, signing_key
from flake8_forksafe.incremental.cache_files import CacheFiles

OUTCOME = re.compile(r"outcome-\w+")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where files are kept."""
    return tmp_path / "cache" / "own"


def names(directory: Path) -> list[str]:
    """What lies in a directory, besides the file that keeps it out of version control."""
    return sorted(path.name for path in directory.iterdir() if path.name != ".gitignore")


def test_what_was_written_is_read(directory: Path) -> None:
    assert CacheFiles(str(directory)).write("a", b"content")
    assert bytes(CacheFiles(str(directory)).read("a") or b"") == b"content"
    assert (directory / ".gitignore").read_text().splitlines()[-1] == "*"
    assert CacheFiles(str(directory)).read("b") is None
    (directory / "a").rename(directory / "b")
    assert CacheFiles(str(directory)).read("b") is None


def test_every_change_is_noticed(directory: Path) -> None:
    CacheFiles(str(directory)).write("a", b"content")
    good = (directory / "a").read_bytes()
    for at in range(len(good)):
        (directory / "a").write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert CacheFiles(str(directory)).read("a") is None
        (directory / "a").write_bytes(good[:at])
        assert CacheFiles(str(directory)).read("a") is None


def test_another_user_is_not_believed(directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CacheFiles(str(directory)).write("a", b"content")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another"))
    assert CacheFiles(str(directory)).read("a") is None


def test_a_file_that_is_too_large_is_not_read(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CacheFiles(str(directory)).write("a", b"content")
    monkeypatch.setattr(cache_files, "SIZE_LIMIT", 10)
    assert CacheFiles(str(directory)).read("a") is None


def test_only_own_files_are_removed(directory: Path) -> None:
    files = CacheFiles(str(directory))
    strangers = ["outcome-2024", "outcome-results", ".outcome.1.2.tmp", "outcome-x.csv", "notes"]
    for name in strangers:
        (directory / name).write_text("mine")
    (directory / "outcome-dir").mkdir()
    (directory / "outcome-link").symlink_to("notes")
    for number in range(4):
        files.write(f"outcome-{number}", b"x")
        os.utime(directory / f"outcome-{number}", (number, number))
    for name in strangers:
        os.utime(directory / name, (0, 0))
    files.evict(OUTCOME, 2)
    files.write("facts", b"x")
    assert names(directory) == sorted([*strangers, "outcome-dir", "outcome-link", "outcome-2", "outcome-3", "facts"])


def test_what_killed_processes_left_is_collected_later(directory: Path) -> None:
    files = CacheFiles(str(directory))
    for number, content in enumerate((b"", cache_files.MAGIC[:5], cache_files.header("facts") + b"half")):
        path = directory / f".facts.{number}.7.tmp"
        path.write_bytes(content)
        if number != 1:
            os.utime(path, (1, 1))
    files.write("facts", b"x")
    assert names(directory) == [".facts.1.7.tmp", "facts"]


SCRIPT = """
import sys
from flake8_forksafe.incremental.cache_files import CacheFiles
files = CacheFiles(sys.argv[1])
print("up", flush=True)
while True:
    files.write("facts", b"x" * 3_000_000)
"""


@pytest.mark.costly
def test_fifty_kills_leave_a_usable_store(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CacheFiles(str(directory)).write("facts", b"x")
    for number in range(50):
        writer = subprocess.Popen([sys.executable, "-P", "-c", SCRIPT, str(directory)], stdout=subprocess.PIPE)
        assert writer.stdout is not None and writer.stdout.readline() == b"up\n"
        time.sleep(0.001 * (number % 10))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        assert set(bytes(CacheFiles(str(directory)).read("facts") or b"")) == {ord("x")}
    monkeypatch.setattr(cache_files, "LEFTOVER_S", -1)
    CacheFiles(str(directory)).write("facts", b"x")
    assert names(directory) == ["facts"]


@pytest.mark.skipif(os.name == "nt", reason="there are no such permissions")
class TestDirectories:
    """Directories that are not used."""

    def is_used(self, directory: Path) -> bool:
        """Whether anything is written there, or read."""
        files = CacheFiles(str(directory))
        return files.write("a", b"content") or files.read("a") is not None

    def test_one_that_everybody_may_write_to(self, directory: Path) -> None:
        CacheFiles(str(directory)).write("a", b"content")
        directory.chmod(0o777)
        assert not self.is_used(directory)
        directory.chmod(0o700)
        assert self.is_used(directory)

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
    def test_a_new_one_is_the_users_alone(self, directory: Path) -> None:
        assert self.is_used(directory) and directory.stat().st_mode & 0o777 == 0o700

    def test_one_of_another_user(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        directory.mkdir(parents=True)
        monkeypatch.setattr(os, "getuid", lambda: directory.stat().st_uid + 1)
        assert not self.is_used(directory)

    def test_a_link(self, directory: Path, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        directory.parent.mkdir()
        directory.symlink_to(tmp_path / "elsewhere")
        assert not self.is_used(directory) and names(tmp_path / "elsewhere") == []

    def test_a_file(self, directory: Path) -> None:
        directory.parent.mkdir()
        directory.write_text("mine")
        assert not self.is_used(directory) and directory.read_text() == "mine"

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root writes everywhere")
    def test_one_that_is_read_only(self, directory: Path) -> None:
        CacheFiles(str(directory)).write("a", b"content")
        directory.chmod(0o500)
        try:
            assert not CacheFiles(str(directory)).write("a", b"other")
            assert bytes(CacheFiles(str(directory)).read("a") or b"") == b"content"
        finally:
            directory.chmod(0o700)


def test_a_write_that_fails_leaves_the_old_file(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*paths: str) -> None:
        raise OSError("disk full")

    CacheFiles(str(directory)).write("a", b"content")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        assert not CacheFiles(str(directory)).write("a", b"half")
    assert names(directory) == ["a"]
    assert bytes(CacheFiles(str(directory)).read("a") or b"") == b"content"


# --- the key -----------------------------------------------------------------------------------------------------


def test_the_key_is_made_once_and_for_one_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    key = signing_key.secret()
    assert key is not None and len(key) == signing_key.SIZE and signing_key.secret() == key
    (path,) = (tmp_path / "flake8-forksafe").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    spoils = (
        lambda: path.chmod(0o644),
        lambda: path.write_bytes(b"short"),
        lambda: path.write_bytes(key + b"x"),
        lambda: path.symlink_to("/dev/zero"),
    )
    for spoil in spoils:
        path.unlink()
        path.write_bytes(key)
        path.chmod(0o600)
        assert signing_key.secret() == key
        if "symlink" in str(spoil.__code__.co_names):
            path.unlink()
        spoil()
        assert signing_key.secret() is None


def test_without_a_home_nothing_is_kept(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/proc/nowhere")
    assert not CacheFiles(str(directory)).write("a", b"content")


def test_builds_of_one_version_are_told_apart(tmp_path: Path) -> None:
    package, record = tmp_path / "pkg", tmp_path / f"pkg-{__version__}.dist-info/RECORD"
    package.mkdir()
    (package / "a.py").write_text("")
    os.utime(package / "a.py", ns=(5, 5))
    known = cache_files.build.__wrapped__
    checkout = known(str(package))
    os.utime(package / "a.py", ns=(6, 6))
    changed = known(str(package))
    record.parent.mkdir()
    record.write_text("pkg/a.py,sha256=x,0\n")
    installed = known(str(package))
    os.utime(package / "a.py", ns=(7, 7))  # installed once more
    assert known(str(package)) == installed
    record.write_text("pkg/a.py,sha256=y,0\n")
    assert len({checkout, changed, installed, known(str(package))}) == 4


def test_what_another_build_wrote_is_not_read(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CacheFiles(str(directory)).write("facts", b"x")
    assert CacheFiles(str(directory)).read("facts") is not None
    monkeypatch.setattr(cache_files, "build", lambda package: "another")
    assert CacheFiles(str(directory)).read("facts") is None


def test_what_another_python_wrote_is_not_read(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CacheFiles(str(directory)).write("facts", b"x")
    monkeypatch.setattr(cache_files, "sys", SimpleNamespace(version_info=(*sys.version_info[:2], 99)))
    assert CacheFiles(str(directory)).read("facts") is None
