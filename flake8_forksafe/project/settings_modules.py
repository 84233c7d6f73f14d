"""Chooses the Django settings module for a worker whose environment and code name none.

``manage.py`` and its kin set one by default; Dockerfiles, files of variables and the configuration of test runners name
others.  The deployed one is looked for: one that says ``production`` goes over one that says ``dev`` or ``test``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from flake8_forksafe.examples import is_example
from flake8_forksafe.project.disk import Disk

SET_IN_PYTHON = re.compile(rb"""DJANGO_SETTINGS_MODULE["']?\s*[\],:=]\s*=?\s*["']([A-Za-z_][\w.]*)["']""")
SET_ELSEWHERE = re.compile(
    rb"""^[ \t]*(?:-[ \t]*)?(?:ENV[ \t]+|export[ \t]+)?["']?DJANGO_SETTINGS_MODULE["']?[ \t]*[= :][ \t]*"""
    rb"""["']?([A-Za-z_][\w.]*)["']?[ \t]*\\?\r?$""",
    re.MULTILINE,
)
ENTRIES = ("manage.py", "wsgi.py", "asgi.py")
TEST_RUNNERS = ("pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml")
PRODUCTION = re.compile(r"prod|live|deploy|docker")
DEVELOPMENT = re.compile(r"dev|local|debug|stag|example|sample")
TEST = re.compile(r"(?:^|[._])(?:tests?|testing|ci|pytest)(?:$|[._])")
LARGEST = 2**20


class SettingsNamed(NamedTuple):
    """A settings module, and the file that names it."""

    module: str
    path: str
    line: int


class SettingsChoice(NamedTuple):
    """The settings module that is taken, and others that were possible."""

    taken: SettingsNamed
    others: tuple[SettingsNamed, ...]


def choose_settings(disk: Disk, project: str, root: str) -> SettingsChoice | None:
    """The settings module for workers of a root; None if no file names one.

    Files below the root decide, if any names one; else those of the whole project.
    """
    named = list(_named(disk, project))
    below = [one for _, one in named if one.path.startswith(root.rstrip(os.sep) + os.sep)]
    chosen = [(rank, one) for rank, one in named if not below or one in below]
    if not chosen:
        return None
    ordered = sorted(
        chosen, key=lambda item: (_kind(item[1].module), item[0], item[1].path.count(os.sep), item[1].path)
    )
    first: dict[str, SettingsNamed] = {}
    for _, one in ordered:
        first.setdefault(one.module, one)
    taken, *others = first.values()
    return SettingsChoice(taken, tuple(others))


def _kind(module: str) -> int:
    """How likely a worker that is deployed gets a module, by its name: 0 is best."""
    if TEST.search(module):
        return 3
    if PRODUCTION.search(module):
        return 0
    return 2 if DEVELOPMENT.search(module.partition(".")[2] or module) else 1


def _named(disk: Disk, project: str) -> Iterator[tuple[int, SettingsNamed]]:
    """Files that name a settings module, with a rank: entries of Django's own first, test runners last."""
    for directory, _, files in disk.tree(project):
        if is_example(directory, project):
            continue
        for name in files:
            rank = _rank(name)
            path = os.path.join(directory, name)
            if rank is None or (rank and not disk.holds(path, "DJANGO_SETTINGS_MODULE")):
                continue
            try:
                content = disk.read(path)[:LARGEST]
            except OSError:
                continue
            pattern = SET_IN_PYTHON if name.endswith(".py") else SET_ELSEWHERE
            for match in pattern.finditer(content):
                yield rank, SettingsNamed(match[1].decode(), path, content.count(b"\n", 0, match.start(1)) + 1)
                if name.endswith(".py"):
                    break


def _rank(name: str) -> int | None:
    """The kind of file that a name promises; None if it is none that names settings."""
    if name in ENTRIES:
        return ENTRIES.index(name)
    if "Dockerfile" in name or name == ".env" or name.endswith(".env") or name.startswith(".env."):
        return 3
    return 4 if name in TEST_RUNNERS else None
