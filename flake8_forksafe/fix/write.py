"""Writes repaired files: all or none, and only if they did not change since they were read."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress

from flake8_forksafe.file_reading import SOURCE_LIMIT, read_file
from flake8_forksafe.options import UsageError
from flake8_forksafe.settings import checkout, leads_outside, lies_in

PREFIX, SUFFIX = ".forksafe-fix-", ".tmp"
"""How the name of a file begins and ends that is to replace another one."""
LEFT_BEHIND_S = 60.0
"""Older than this, such a file is of a run that was killed: a run deletes its own, and needs less time."""
GIT_PATIENCE_S = 30.0
SAFELY = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.bareRepository=explicit")
NOTHING_IS_FETCHED = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
"""git fetches what a partial clone lacks, by programs that its configuration names (https://git-scm.com/docs/git)."""
OF_ANOTHER_REPOSITORY = {
    "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE",
}  # fmt: skip
"""Variables that hooks inherit, relative to another directory (git rev-parse --local-env-vars)."""


def write_files(before: Mapping[str, bytes], after: Mapping[str, bytes], project: str) -> None:
    """Replace the contents of files, atomically one by one; if one cannot be replaced, those before it are put back.

    Permissions and owner stay as they are; a link stays a link, and the file that it leads to is replaced.  Other names
    of the same file (hard links), which may lie outside of the repository, keep the old content.  What a run that was
    killed left in the directories is deleted.

    :param before: what was read.
    :param after: what is to be written.
    :raises UsageError: if a file changed meanwhile, or cannot be written.
    """
    made: dict[str, str] = {}
    real_paths = {path: os.path.realpath(path) for path in after}
    originals = {real: before[path] for path, real in real_paths.items()}
    if len(originals) < len(after):
        raise UsageError("two of the files are one, by a link; nothing was written")
    done: list[str] = []
    try:
        for path, real in real_paths.items():
            _require_same(path, real, before[path], project)
            _clear(os.path.dirname(real))
            made[real] = _prepared(real, after[path])
        for path, real in real_paths.items():
            _require_same(path, real, before[path], project)
            os.replace(made[real], real)
            done.append(real)
    except BaseException as error:
        broken = [real for real in done if not _put_back(real, originals[real])]
        what = f"only {', '.join(broken)} changed" if broken else "nothing was changed"
        if isinstance(error, OSError):
            name = error.filename or "a file"
            raise UsageError(f"{name} cannot be written: {error.strerror}; {what}") from None
        raise
    finally:
        for temporary in made.values():
            with suppress(OSError):
                os.unlink(temporary)


def _clear(directory: str) -> None:
    """Delete files that a run left behind which was killed.  What cannot be deleted stays: it does no harm."""
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if not (entry.name.startswith(PREFIX) and entry.name.endswith(SUFFIX)):
                continue
            with suppress(OSError):
                age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                if entry.is_file(follow_symlinks=False) and age > LEFT_BEHIND_S:
                    os.unlink(entry.path)


def _put_back(path: str, content: bytes) -> bool:
    """Write what was there before.  Returns whether that was possible."""
    temporary = ""
    try:
        temporary = _prepared(path, content)
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        return False
    return True


def _prepared(path: str, content: bytes) -> str:
    """A file beside another one, with other content, and the same permissions and owner.

    :raises OSError: if it cannot be made, or the other one may not be written.
    """
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    descriptor, name = tempfile.mkstemp(SUFFIX, PREFIX, os.path.dirname(path))
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        _take_owner(path, name)
        shutil.copymode(path, name)
        return name
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _take_owner(path: str, name: str) -> None:
    """Give a file the owner and group of another one, where the system has such and lets it."""
    if hasattr(os, "chown"):
        status = os.stat(path)
        with suppress(PermissionError):
            os.chown(name, status.st_uid, status.st_gid)


def _require_same(path: str, real: str, content: bytes, project: str) -> None:
    """Refuse a file that is no longer what it was, where it was.

    :raises UsageError: if it is not.
    """
    if leads_outside(path, project):
        raise UsageError(f"{path} leads out of the repository through a link; it is not written to")
    try:
        now, _ = read_file(real, SOURCE_LIMIT, follow=False)
    except OSError:
        now = None
    if now != content or os.path.realpath(path) != real:
        raise UsageError(f"{path} has changed since it was read; nothing was written")


def modified_files(paths: Iterable[str]) -> list[str]:
    """Those of some files that differ from the last commit, or are not in it, where they lie in a git repository.

    The content is compared with the object names that git keeps, so that no filter, hook or monitor that the
    repository configures is run (https://git-scm.com/docs/gitattributes, core.fsmonitor).  A directory of the checkout
    may itself look like a repository, with a configuration that names programs: nothing is fetched from anywhere.

    :raises UsageError: if git cannot tell.
    """
    found = []
    for path in paths:
        directory, name = os.path.split(path)
        if not os.path.exists(os.path.join(checkout(directory), ".git")):
            continue
        try:
            words = _git(directory, "ls-tree", "HEAD", "--", name).split()
        except _GitFailure:
            _require_repository(path)
            words = []  # nothing is committed
        if len(words) < 3 or words[2] not in _object_names(path):
            found.append(path)
    return found


def _require_repository(path: str) -> None:
    """Refuse to go on where git does not read the repository that a file lies in.

    :raises UsageError: if it does not.
    """
    try:
        _git(os.path.dirname(path), "rev-parse", "--git-dir")
    except _GitFailure as failure:
        shown = os.path.relpath(path)
        raise UsageError(
            f"whether {shown} differs from the last commit cannot be told: {failure}; use --allow-dirty to write it"
        ) from None


def _object_names(path: str) -> set[str]:
    """The object names that a file may have: as it is, and with the line ends that git may have changed."""
    try:
        content, _ = read_file(path, SOURCE_LIMIT)
    except OSError:
        return set()
    names = set()
    for variant in (content, content.replace(b"\r\n", b"\n")):
        blob = b"blob %d\0%s" % (len(variant), variant)
        names |= {hashlib.sha1(blob, usedforsecurity=False).hexdigest(), hashlib.sha256(blob).hexdigest()}
    return names


class _GitFailure(Exception):
    """git does not answer; a clause that says why."""


def _git(directory: str, *arguments: str) -> str:
    """What git answers about the repository that a directory lies in.

    :raises _GitFailure: if it does not.
    """
    git = shutil.which("git")
    if git is None or not os.path.isabs(git):  # Windows looks for programs in the current directory first
        raise _GitFailure("git is not found")
    if lies_in(os.path.realpath(git), os.path.realpath(checkout(directory))):
        raise _GitFailure("the only git that is found lies in the repository")
    environ = {name: value for name, value in os.environ.items() if name not in OF_ANOTHER_REPOSITORY}
    try:
        done = subprocess.run(
            [git, *SAFELY, *arguments], cwd=directory, env=environ | NOTHING_IS_FETCHED, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=GIT_PATIENCE_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise _GitFailure(f"git does not answer ({type(error).__name__})") from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise _GitFailure(reason.removeprefix("fatal: ") or f"git ends with status {done.returncode}")
    return done.stdout.decode(errors="replace")
