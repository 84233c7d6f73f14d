"""Writing: all files or none, only over what was read, and nothing that a repository configures is run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flake8_forksafe.fix import write
from flake8_forksafe.options import UsageError


def contents(directory: Path, **files: bytes) -> dict[str, bytes]:
    return {str(directory / f"{name}.py"): content for name, content in files.items()}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    found = contents(tmp_path, a=b"a\n", b=b"b\n")
    for path, content in found.items():
        Path(path).write_bytes(content)
    return found


def test_written_with_its_permissions(tmp_path: Path, files: dict[str, bytes]) -> None:
    os.chmod(tmp_path / "a.py", 0o750)
    write.write_files(files, contents(tmp_path, a=b"A\r\n"), str(tmp_path))
    assert (tmp_path / "a.py").read_bytes() == b"A\r\n"
    assert (tmp_path / "a.py").stat().st_mode & 0o777 == 0o750
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "b.py"]


def test_a_file_that_changed_meanwhile(tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "b.py").write_bytes(b"changed\n")
    with pytest.raises(UsageError, match=r"b.py has changed since it was read; nothing was written"):
        write.write_files(files, contents(tmp_path, a=b"A\n", b=b"B\n"), str(tmp_path))
    assert (tmp_path / "a.py").read_bytes() == b"a\n"


def test_all_or_none(tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def fails(source: str, target: str) -> None:
        if target.endswith("b.py"):
            raise PermissionError(13, "Permission denied", target)
        replace(source, target)

    monkeypatch.setattr(write.os, "replace", fails)
    with pytest.raises(UsageError, match="cannot be written: Permission denied; nothing was changed"):
        write.write_files(files, contents(tmp_path, a=b"A\n", b=b"B\n"), str(tmp_path))
    assert {path: Path(path).read_bytes() for path in files} == files
    assert len(list(tmp_path.iterdir())) == 2


def test_what_cannot_be_put_back_is_named(
    tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace
    done = []

    def fails_later(source: str, target: str) -> None:
        if done:
            raise OSError(28, "No space left on device", target)
        replace(source, target)
        done.append(target)

    monkeypatch.setattr(write.os, "replace", fails_later)
    with pytest.raises(UsageError, match=r"b.py cannot be written: No space left on device; only .*a.py changed"):
        write.write_files(files, contents(tmp_path, a=b"A\n", b=b"B\n"), str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 2


def test_an_interrupt_puts_everything_back(
    tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def is_interrupted(source: str, target: str) -> None:
        replace(source, target)
        if target.endswith("a.py"):
            monkeypatch.setattr(write.os, "replace", replace)
            monkeypatch.setattr(write, "_require_same", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))

    monkeypatch.setattr(write.os, "replace", is_interrupted)
    with pytest.raises(KeyboardInterrupt):
        write.write_files(files, contents(tmp_path, a=b"A\n", b=b"B\n"), str(tmp_path))
    assert {path: Path(path).read_bytes() for path in files} == files
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_that_may_not_be_written(
    tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write.os, "access", lambda path, mode: not path.endswith("b.py"))  # root may write any
    with pytest.raises(UsageError, match=r"b.py cannot be written: Permission denied; nothing was changed"):
        write.write_files(files, contents(tmp_path, a=b"A\n", b=b"B\n"), str(tmp_path))
    assert {path: Path(path).read_bytes() for path in files} == files


DIES = """
import os, sys
from flake8_forksafe.fix import write
write.os.replace = lambda source, target: os._exit(9)  # as by SIGKILL: nothing more is run
path = os.path.join(sys.argv[1], "a.py")
write.write_files({path: b"a\\n"}, {path: b"A\\n"}, sys.argv[1])
"""


def test_what_a_killed_run_left_is_deleted(tmp_path: Path, files: dict[str, bytes]) -> None:
    died = subprocess.run([sys.executable, "-c", DIES, str(tmp_path)], timeout=600, check=False)
    assert died.returncode == 9
    (left,) = [path for path in tmp_path.iterdir() if path.suffix != ".py"]
    assert left.name.startswith(".forksafe-fix-") and left.suffix == ".tmp"
    assert (tmp_path / "a.py").read_bytes() == b"a\n"
    write.write_files(files, contents(tmp_path, b=b"B\n"), str(tmp_path))
    assert left.exists(), "it may be of a run that goes on"
    others = [tmp_path / ".forksafe-fix-notes", tmp_path / ".forksafe-fix-directory.tmp"]
    others[0].touch()
    others[1].mkdir()
    for path in (left, *others):
        os.utime(path, (1, 1))
    write.write_files(files | contents(tmp_path, b=b"B\n"), contents(tmp_path, a=b"A\n"), str(tmp_path))
    assert (tmp_path / "a.py").read_bytes() == b"A\n"
    assert not left.exists()
    assert all(path.exists() for path in others)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_stays(tmp_path: Path, files: dict[str, bytes]) -> None:
    os.chown(tmp_path / "a.py", 1234, 2345)
    os.chmod(tmp_path / "a.py", 0o2750)
    write.write_files(files, contents(tmp_path, a=b"A\n"), str(tmp_path))
    status = (tmp_path / "a.py").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (1234, 2345, 0o2750)


@pytest.mark.skipif(not hasattr(os, "link"), reason="no links")
def test_another_name_of_the_file_keeps_its_content(tmp_path: Path, files: dict[str, bytes]) -> None:
    os.link(tmp_path / "a.py", tmp_path / "outside.py")
    write.write_files(files, contents(tmp_path, a=b"A\n"), str(tmp_path))
    assert (tmp_path / "outside.py").read_bytes() == b"a\n"


@pytest.mark.skipif(os.name == "nt", reason="links of Unix")
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_link_that_appears_while_files_are_written(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, outside = tmp_path / "repo", tmp_path / "outside"
    for directory in (repository / "shop", outside):
        directory.mkdir(parents=True)
        (directory / "a.py").write_bytes(b"a\n")
    path = str(repository / "shop/a.py")
    prepared = write._prepared

    def swapped(real: str, content: bytes) -> str:
        made = prepared(real, content)
        if kind == "file":
            os.unlink(path)
            os.symlink(outside / "a.py", path)
        else:
            os.rename(repository / "shop", repository / "old")
            os.symlink(outside, repository / "shop")
        return made

    monkeypatch.setattr(write, "_prepared", swapped)
    with pytest.raises(UsageError, match="leads out of the repository"):
        write.write_files({path: b"a\n"}, {path: b"A\n"}, str(repository))
    assert (outside / "a.py").read_bytes() == b"a\n" and len(list(outside.iterdir())) == 1


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links")
def test_one_file_by_two_names(tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "link.py").symlink_to("a.py")
    names = contents(tmp_path, a=b"a\n", link=b"a\n")
    with pytest.raises(UsageError, match="two of the files are one, by a link; nothing was written"):
        write.write_files(names, contents(tmp_path, a=b"A\n", link=b"AA\n"), str(tmp_path))
    assert {path: Path(path).read_bytes() for path in files} == files


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links")
def test_links(tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "link.py").symlink_to("a.py")
    link = str(tmp_path / "link.py")
    write.write_files({link: b"a\n"}, {link: b"A\n"}, str(tmp_path))
    assert (tmp_path / "link.py").is_symlink() and (tmp_path / "a.py").read_bytes() == b"A\n"
    repository = tmp_path / "repo"
    repository.mkdir()
    (repository / "out.py").symlink_to("../b.py")
    out = str(repository / "out.py")
    with pytest.raises(UsageError, match="leads out of the repository"):
        write.write_files({out: b"b\n"}, {out: b"B\n"}, str(repository))
    assert (tmp_path / "b.py").read_bytes() == b"b\n"


def git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_modified_files(tmp_path: Path, files: dict[str, bytes]) -> None:
    paths = list(files)
    assert write.modified_files(paths) == []  # no repository
    git(tmp_path, "init", "-q")
    assert write.modified_files(paths) == paths  # nothing is committed
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "all")
    assert write.modified_files(paths) == []
    (tmp_path / "a.py").write_bytes(b"a\r\n")
    assert write.modified_files(paths) == []  # as core.autocrlf checks it out
    (tmp_path / "a.py").write_bytes(b"changed\n")
    assert write.modified_files(paths) == paths[:1]
    git(tmp_path, "add", ".")
    assert write.modified_files(paths) == paths[:1]  # staged


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"])
def test_variables_that_a_hook_inherits(
    tmp_path: Path, files: dict[str, bytes], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-q", "-m", "a")
    monkeypatch.setenv(variable, ".git")
    assert write.modified_files(files) == [str(tmp_path / "b.py")]


@pytest.mark.skipif(shutil.which("git") is None or os.name == "nt", reason="no git, or no shell")
@pytest.mark.parametrize("reason", ["bad config", "dubious ownership", "is not found", "lies in the repository"])
def test_a_git_that_does_not_answer_is_no_permission(
    tmp_path: Path, files: dict[str, bytes], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "all")
    if reason == "bad config":
        (tmp_path / ".git/config").write_text("[core\n")
    elif reason == "dubious ownership":
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    else:
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    if reason == "lies in the repository":
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/git").write_text(f"#!/bin/sh\n: > {tmp_path}/ran\n")
        (tmp_path / "bin/git").chmod(0o755)
    with pytest.raises(
        UsageError, match=rf"a.py differs from the last commit cannot be told: .*{reason}.*--allow-dirty"
    ):
        write.modified_files(files)
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(shutil.which("git") is None or os.name == "nt", reason="no git, or no shell")
def test_nothing_that_the_repository_configures_is_run(tmp_path: Path, files: dict[str, bytes]) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "all")
    evil = tmp_path / "evil.sh"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n")
    evil.chmod(0o755)
    for name in ("core.fsmonitor", "filter.x.clean", "filter.x.smudge", "diff.external", "core.pager", "alias.ls-tree"):
        git(tmp_path, "config", name, str(evil))
    (tmp_path / ".gitattributes").write_text("* filter=x\n")
    (tmp_path / "a.py").write_bytes(b"changed\n")
    assert len(write.modified_files(files)) == 1
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(shutil.which("git") is None or os.name == "nt", reason="no git, or no shell")
@pytest.mark.parametrize("place", ["shop", ".git"])
def test_a_directory_that_looks_like_a_repository_runs_nothing(tmp_path: Path, place: str) -> None:
    fake = tmp_path / place
    (fake / "objects").mkdir(parents=True)
    (fake / "refs/heads").mkdir(parents=True)
    (fake / "HEAD").write_text("ref: refs/heads/main\n")
    (fake / "refs/heads/main").write_text("1" * 40 + "\n")
    (fake / "config").write_text(
        f"[core]\nrepositoryformatversion = 1\nbare = {str(place == 'shop').lower()}\n"
        '[extensions]\npartialClone = origin\n[protocol]\nallow = always\n[protocol "file"]\nallow = always\n'
        f'[remote "origin"]\nurl = {tmp_path}\npromisor = true\nuploadpack = touch {tmp_path}/ran; false\n'
    )
    path = (fake if place == "shop" else tmp_path) / "tasks.py"
    path.write_text("import torch\n")
    write.modified_files([str(path)])
    assert not (tmp_path / "ran").exists()
