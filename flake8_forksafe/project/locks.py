"""The versions that lock files name.

Only versions are taken from them: which of the locked distributions are installed is for the requirements to say, since
a lock file holds those of every group and platform.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.documents import table_of, text_of
from flake8_forksafe.project.requirement_lines import normalise

TABLES = ("uv.lock", "poetry.lock", "pdm.lock")
"""Lock files whose packages are TOML tables that begin with name and version."""
PACKAGE = re.compile(r"^\[\[package\]\]\r?\nname = \"([^\"\n]+)\"\r?\nversion = \"([^\"\n]+)\"", re.MULTILINE)
"""The beginning of such a table; a parser of TOML takes half a second for a large file."""


def locked_versions(disk: Disk, directories: Iterable[str]) -> dict[str, str]:
    """Versions by normalised name; of several, that of the first directory."""
    found: dict[str, str] = {}
    for directory in dict.fromkeys(directories):
        names = disk.listing(directory)
        for name in (*TABLES, "Pipfile.lock"):
            if names.get(name) == "f":
                text = text_of(disk, os.path.join(directory, name))
                for distribution, version in PACKAGE.findall(text) if name in TABLES else _pipenv(text):
                    found.setdefault(normalise(distribution), version)
    return found


def _pipenv(text: str) -> Iterator[tuple[str, str]]:
    """What Pipenv locks (https://pipenv.pypa.io/en/latest/pipfile.html)."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    for name, entry in table_of(document, "default").items():
        version = table_of(entry).get("version")
        if isinstance(version, str) and version.startswith("=="):
            yield name, version[2:]
