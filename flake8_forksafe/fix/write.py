"""Writes repaired files: all or none, and only if they did not change since they were read."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress

from flake8_forksafe.file_reading import SOURCE_LIMIT, read_file
from flake8_forksafe.options import UsageError
from flake8_forksafe.settings import leads_outside

GIT_PATIENCE_S = 30.0
SAFELY = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.bareRepository=explicit")
NOTHING_IS_FETCHED = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
"""git fetches what a partial clone lacks, by programs that its configuration names (https://git-scm.com/docs/git)."""


def write_files(before: Mapping[str, bytes], after: Mapping[str, bytes], project: str) -> None:
    """Replace the contents of files, atomically one by one; if one cannot be replaced, those before it are put back.

    Permissions stay as they are; a link stays a link, and the file that it leads to is replaced.

    :param before: what was read.
    :param after: what is to be written.
    :raises UsageError: if a file changed meanwhile, or cannot be written.
    """
    made: dict[str, str] = {}
    done: list[str] = []
    try:
        for path, content in after.items():
            if leads_outside(path, project):
                raise UsageError(f"{path} leads out of the repository through a link; it is not written to")
            _require_same(path, before[path])
            real = os.path.realpath(path)
            made[real] = _prepared(real, content)
        for path in after:
            _require_same(path, before[path])
        for real, temporary in made.items():
            os.replace(temporary, real)
            done.append(real)
    except OSError as error:
        originals = {os.path.realpath(path): content for path, content in before.items()}
        for real in done:
            os.replace(_prepared(real, originals[real]), real)
        name = error.filename or "a file"
        raise UsageError(f"{name} cannot be written: {error.strerror}; nothing was changed") from None
    finally:
        for temporary in made.values():
            with suppress(OSError):
                os.unlink(temporary)


def _prepared(path: str, content: bytes) -> str:
    """A file beside another one, with other content and the same permissions."""
    descriptor, name = tempfile.mkstemp(prefix=".forksafe-", dir=os.path.dirname(path))
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(path, name)
        return name
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _require_same(path: str, content: bytes) -> None:
    """Refuse a file that is no longer what it was.

    :raises UsageError: if it is not.
    """
    try:
        now, _ = read_file(path, SOURCE_LIMIT)
    except OSError:
        now = None
    if now != content:
        raise UsageError(f"{path} has changed since it was read; nothing was written")


def modified_files(paths: Iterable[str]) -> list[str]:
    """Those of some files that differ from the last commit, or are not in it, where they lie in a git repository.

    The content is compared with the object names that git keeps, so that no filter, hook or monitor that the
    repository configures is run (https://git-scm.com/docs/gitattributes, core.fsmonitor).  A directory of the checkout
    may itself look like a repository, with a configuration that names programs: nothing is fetched from anywhere.
    """
    git = shutil.which("git")
    if git is None or not os.path.isabs(git):  # Windows looks for programs in the current directory first
        return []
    found = []
    for path in paths:
        directory, name = os.path.split(path)
        if git.startswith(directory + os.sep):
            return []
        known = _git(git, directory, "ls-tree", "HEAD", "--", name)
        if known is None:
            if _git(git, directory, "rev-parse", "--git-dir") is not None:
                found.append(path)  # a repository without a commit
            continue
        words = known.split()
        if len(words) < 3 or words[2] not in _object_names(path):
            found.append(path)
    return found


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


def _git(git: str, directory: str, *arguments: str) -> str | None:
    """What git answers; None if it fails."""
    command = [git, *SAFELY, *arguments]
    environ = {**os.environ, **NOTHING_IS_FETCHED}
    try:
        done = subprocess.run(
            command, cwd=directory, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=GIT_PATIENCE_S,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None
