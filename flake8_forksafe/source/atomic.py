"""Files of the cache, put in place whole or not at all."""

from __future__ import annotations

import os
import time


def write_atomically(directory: str, name: str, *parts: bytes) -> bool:
    """Put a file into a cache directory, whole or not at all; the directory is made, and kept out of version control.

    Returns whether it worked.
    """
    temporary = None
    try:
        if not os.path.isdir(directory):
            os.makedirs(directory, exist_ok=True)
            with open(os.path.join(directory, ".gitignore"), "w", encoding="utf-8") as stream:
                stream.write("# made by forksafe\n*\n")
        unique = os.path.join(directory, f".{name}.{os.getpid()}.{time.time_ns()}")
        descriptor = os.open(unique, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        temporary = unique
        with os.fdopen(descriptor, "wb") as stream_:
            stream_.writelines(parts)
        os.replace(temporary, os.path.join(directory, name))
        return True
    except OSError:
        if temporary is not None:
            try:
                os.unlink(temporary)
            except OSError:
                pass
        return False
