"""The user's directories for caches and for data.

As platformdirs has them (https://platformdirs.readthedocs.io), whose import alone takes longer than a run on which
nothing changed.
"""

from __future__ import annotations

import os
import sys

APPLICATION = "flake8-forksafe"


def user_cache() -> str | None:
    """The directory that all programs keep their caches in; None where the user has none."""
    return _directory("XDG_CACHE_HOME", "LOCALAPPDATA", "~/Library/Caches", "~/.cache")


def user_data() -> str | None:
    """The directory that all programs keep their data in; None where the user has none."""
    return _directory("XDG_DATA_HOME", "LOCALAPPDATA", "~/Library/Application Support", "~/.local/share")


def _directory(posix_variable: str, windows_variable: str, on_macos: str, elsewhere: str) -> str | None:
    if sys.platform == "win32":
        chosen, usual = os.environ.get(windows_variable, ""), "~\\AppData\\Local"
    else:
        chosen, usual = os.environ.get(posix_variable, ""), on_macos if sys.platform == "darwin" else elsewhere
    found = chosen if os.path.isabs(chosen) else os.path.expanduser(usual)
    return found if os.path.isabs(found) else None
