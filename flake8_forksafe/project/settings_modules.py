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
    rb"""^(?![ \t]{0,80}(?:\#|//|;))[^\n]*?(?:(?<![\w$])DJANGO_SETTINGS_MODULE(?:\}|["'])?[ \t]{0,80}(?:[:?]?=|:-|:)"""
    rb"""|ENV[ \t]{1,80}DJANGO_SETTINGS_MODULE[ \t])[ \t]{0,80}["']?(?:\$\{DJANGO_SETTINGS_MODULE:?-)?"""
    rb"""([A-Za-z_]\w*(?:\.\w+)*)(?=["'}\s,;&\\\])]|$)""",
    re.MULTILINE,
)
"""A variable of a Dockerfile, a file of variables, a shell, make, YAML, or the configuration of a test runner."""
IN_MANIFEST = re.compile(
    rb"""^[ \t]{0,80}(?:-[ \t]{1,8})?["']?name["']?:[ \t]{0,8}["']?DJANGO_SETTINGS_MODULE["']?[ \t]{0,8}\r?\n"""
    rb"""[ \t]{0,80}["']?value["']?:[ \t]{0,8}["']?([A-Za-z_]\w*(?:\.\w+)*)""",
    re.MULTILINE,
)
"""A variable of a container in a manifest of Kubernetes: ``name`` and ``value``."""
GIVEN = re.compile(
    rb"""^(?![ \t]{0,80}(?:\#|//|;))[^\n]{0,400}?(?:manage\.py|django-admin)[^\n]{0,400}?--settings[= ]"""
    rb"""([A-Za-z_]\w*(?:\.\w+)*)""",
    re.MULTILINE,
)
"""``manage.py command --settings=module``."""
OF_PYTEST = re.compile(rb"""(?<![\w-])--ds(?:=|[ \t"',]{1,80})["']?([A-Za-z_]\w*(?:\.\w+)*)""")
"""The option of pytest-django, in ``addopts`` (https://pytest-django.readthedocs.io/en/latest/configuring_django.html)."""
MARKS = ("DJANGO_SETTINGS_MODULE", "--ds", "--settings")
ENTRIES = ("manage.py", "wsgi.py", "asgi.py")
DEPLOYED, RUN, TESTED = 3, 4, 5
"""Ranks of files behind :data:`ENTRIES`: images and variables, what runs commands, what runs tests."""
COMMANDS = re.compile(r".+\.(?:ya?ml|sh|conf|service)|(?:GNUm|[Mm])akefile|\.?[Jj]ustfile|Procfile.*|fly\.toml")
TEST_RUNNERS = ("pytest.ini", ".pytest.ini", "pytest.toml", "tox.ini", "setup.cfg", "pyproject.toml", "conftest.py")
WORKFLOWS = os.path.join(".github", "workflows")
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
    """The settings module that is taken, and others that were possible.

    :ivar is_guess: whether none of Django's own entries names it.
    """

    taken: SettingsNamed
    others: tuple[SettingsNamed, ...]
    is_guess: bool = False


def choose_settings(disk: Disk, project: str, root: str) -> SettingsChoice | None:
    """The settings module for workers of a root; None if no file names one.

    Files below the root decide, if any names one; else those of the whole project.  A module that exists goes over one
    that does not.
    """
    named = list(_named(disk, project))
    below = [one for _, one in named if one.path.startswith(root.rstrip(os.sep) + os.sep)]
    chosen = [(rank, one) for rank, one in named if not below or one in below]
    if not chosen:
        return None
    ordered = sorted(
        chosen,
        key=lambda item: (
            not _exists(disk, (root, project), item[1]), _kind(item[1].module), item[0],
            item[1].path.count(os.sep), item[1].path,
        ),
    )  # fmt: skip
    first: dict[str, SettingsNamed] = {}
    for _, one in ordered:
        first.setdefault(one.module, one)
    taken, *others = first.values()
    return SettingsChoice(
        taken, tuple(others), all(rank >= DEPLOYED for rank, one in named if one.module == taken.module)
    )


def _exists(disk: Disk, roots: tuple[str, ...], named: SettingsNamed) -> bool:
    """Whether a module is seen below a root, or beside the file that names it."""
    parts = named.module.split(".")
    for root in (*roots, os.path.dirname(named.path)):
        path = os.path.join(root, *parts)
        if disk.is_file(f"{path}.py") or disk.is_file(os.path.join(path, "__init__.py")):
            return True
    return False


def _kind(module: str) -> int:
    """How likely a worker that is deployed gets a module, by its name: 0 is best."""
    if TEST.search(module):
        return 3
    if PRODUCTION.search(module):
        return 0
    return 2 if DEVELOPMENT.search(module.partition(".")[2] or module) else 1


def _named(disk: Disk, project: str) -> Iterator[tuple[int, SettingsNamed]]:
    """Files that name a settings module, with a rank: entries of Django's own first, test runners last."""
    for path, rank in _files(disk, project):
        if rank and not disk.holds(path, *MARKS):
            continue
        try:
            content = disk.read(path)[:LARGEST]
        except OSError:
            continue
        others = (SET_ELSEWHERE, OF_PYTEST if rank == TESTED else GIVEN, IN_MANIFEST)
        for pattern in (SET_IN_PYTHON,) if path.endswith(".py") else others:
            for match in pattern.finditer(content):
                yield rank, SettingsNamed(match[1].decode(), path, content.count(b"\n", 0, match.start(1)) + 1)
                if path.endswith(".py"):
                    break


def _files(disk: Disk, project: str) -> Iterator[tuple[str, int]]:
    """Files that may name a settings module, each with its rank."""
    for directory, _, files in disk.tree(project):
        if not is_example(directory, project):
            yield from ((os.path.join(directory, name), rank) for name in files if (rank := _rank(name)) is not None)
    workflows = os.path.join(project, WORKFLOWS)
    if disk.is_directory(workflows):
        for name in sorted(disk.listing(workflows)):
            if name.endswith((".yml", ".yaml")):
                yield os.path.join(workflows, name), TESTED


def _rank(name: str) -> int | None:
    """The kind of file that a name promises; None if it is none that names settings."""
    if name in ENTRIES:
        return ENTRIES.index(name)
    if "Dockerfile" in name or name in (".env", ".envrc") or name.endswith(".env") or name.startswith(".env."):
        return DEPLOYED
    if COMMANDS.fullmatch(name):
        return RUN
    return TESTED if name in TEST_RUNNERS else None
