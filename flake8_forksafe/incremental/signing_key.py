"""The user's secret key, which signs the cache files.  Files without a valid signature are not read."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from flake8_forksafe.file_reading import read_file
from flake8_forksafe.options import UsageError
from flake8_forksafe.user_directories import APPLICATION, user_data

VARIABLE = "FORKSAFE_CACHE_KEY"
"""The environment variable with a key to use instead, for CI runners that share a cache."""
SHORTEST = 16
SIZE = 32


def secret() -> bytes | None:
    """The key.  It is created on first use; None if it cannot be stored.

    It is stored in the user's data directory, not in the cache, so that copies of a cache do not contain it.

    :raises UsageError: if the environment gives one that can be guessed.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        if len(given) < SHORTEST:
            raise UsageError(f"{VARIABLE} must be a secret of {SHORTEST} characters or more")
        import hashlib

        return hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest()
    data = user_data()
    if data is None:
        return None
    path = os.path.join(data, APPLICATION, "cache-key")
    return _read(path) or _make(path)


def _read(path: str) -> bytes | None:
    try:
        content, status = read_file(path, SIZE + 1, whole=False, follow=False)
    except OSError:
        return None
    return content if is_private(status) and len(content) == SIZE else None


def _make(path: str) -> bytes | None:
    """Store a new key, unless another process has stored one."""
    directory, name = os.path.split(path)
    temporary = os.path.join(directory, temporary_name(name))
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(os.urandom(SIZE))
            with suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            os.unlink(temporary)
    except OSError:
        return None
    return _read(path)


def is_private(status: os.stat_result) -> bool:
    """Whether a file belongs to this user, and no other user may read or write it."""
    return is_own(status) and (os.name == "nt" or not status.st_mode & 0o077)


def is_own(status: os.stat_result) -> bool:
    """Whether a file belongs to this user, as far as the system tells."""
    user = getattr(os, "getuid", lambda: status.st_uid)()
    return bool(status.st_uid == user)


def temporary_name(name: str) -> str:
    """A name that no other process uses."""
    return f".{name}.{os.getpid()}.{time.time_ns()}.tmp"
