"""Guesses which files a worker imports, so that they can be parsed ahead.  A wrong guess only costs time."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

from flake8_forksafe.project.disk import LONGEST_PATH, Disk
from flake8_forksafe.project.layout import Layout, absolute, module_name, parents, source_roots
from flake8_forksafe.source import facts
from flake8_forksafe.source.collector import imports_at_import
from flake8_forksafe.source.text import Unreadable

LOOKED_FOR = ("celery.py", "apps.py", "models.py", "tasks.py", "urls.py")
"""Where the app usually is, then what Django and Celery import from what is installed; each may be a package."""
NOT_AT_BOOT = re.compile(r"/(?:tests?|migrations|management)(?=/|$)")
"""A directory that only tests and ``manage.py`` import from."""


def visit_likely_files(disk: Disk, project: str, visit: Callable[[str], str | None]) -> None:
    """Visit files that are likely to be needed: what is looked for, with all that it imports, then the others."""
    seen: set[str] = set()
    layout = Layout(disk, source_roots(disk, project, None))
    for start in likely(layout, project):
        ways = [iter([*parents(start), start])]
        while ways:
            name = next(ways[-1], None)
            if name is None:
                ways.pop()
                continue
            found = layout.find(name)
            if found is None or found.path is None or not found.is_source or found.path in seen:
                continue
            seen.add(found.path)
            if not disk.is_inside(found.path):
                continue
            text = visit(found.path)
            if text is not None:
                ways.append(imported(text, name if found.is_package else name.rpartition(".")[0]))


def imported(text: str, package: str) -> Iterator[str]:
    """What a text imports, each module after its parents, and what may be modules in it."""
    try:
        for statement in imports_at_import(text):
            if isinstance(statement, facts.Import):
                modules = [name for name, _ in statement.names]
            else:
                source = absolute(package, statement.level, statement.module)
                modules = [source, *(f"{source}.{name}" for name, _ in statement.names if name != "*")]
            for name in modules:
                if len(name) <= LONGEST_PATH:
                    yield from parents(name)
                    yield name
    except Unreadable:
        return


def likely(layout: Layout, project: str) -> Iterator[str]:
    """The modules that are looked for, then the others of the project, outermost first."""
    directories = list(layout.disk.tree(project))
    for looked_for in LOOKED_FOR:
        package = looked_for.removesuffix(".py")
        for directory, subdirectories, files in directories:
            if looked_for in files or package in subdirectories:
                parts = (looked_for,) if looked_for in files else (package, "__init__.py")
                root, name = module_name(layout.disk, os.path.join(directory, *parts))
                layout.add_root(root, first=False)
                yield name
    for directory, _, files in directories:
        for file in () if NOT_AT_BOOT.search(directory, len(project)) else files:
            if file.endswith(".py") and not file.startswith(("test_", "conftest")):
                yield module_name(layout.disk, os.path.join(directory, file))[1]
