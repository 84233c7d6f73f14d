"""What a worker is likely to import, by the looks of it: for parsing ahead, and of no other consequence."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator

from flake8_forksafe.prefork.walk import parents
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.layout import Layout, absolute, module_name

IMPORT = re.compile(r"^(?:import[ \t]+(.+)|from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+(\([^)]*\)|.+))", re.MULTILINE)
"""An import at the top level of a module."""
LOOKED_FOR = ("apps.py", "models.py", "tasks.py", "urls.py")
"""What Django and Celery import from the installed apps, in that order; each may be a package."""
TESTS = re.compile(r"/tests?(?=/|$)")
"""A directory that nothing but tests imports from."""


def foresee(layout: Layout, first: Iterable[str], project: str, visit: Callable[[str], str | None]) -> None:
    """Visit the files of some modules, then of others that are likely to be needed, each before what it imports."""
    seen: set[str] = set()
    for start in (*first, *likely(layout.disk, project)):
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
            text = visit(found.path)
            if text is not None:
                ways.append(imported(text, name if found.is_package else name.rpartition(".")[0]))


def imported(text: str, package: str) -> Iterator[str]:
    """What a text imports, each module after its parents, and what may be modules in it."""
    for plain, dots, module, names in IMPORT.findall(text):
        if plain:
            modules = re.findall(r"(?:^|,)\s*([\w.]+)", plain)
        else:
            source = absolute(package, len(dots), module)
            modules = [source, *(f"{source}.{name}" for name in re.findall(r"(?:^|[,(])\s*(\w+)", names))]
        for name in modules:
            yield from parents(name)
            yield name


def likely(disk: Disk, project: str) -> Iterator[str]:
    """What is looked for in every app, then the other modules of the project but its tests, outermost first."""
    directories = list(disk.tree(project))
    for looked_for in LOOKED_FOR:
        package = looked_for.removesuffix(".py")
        for directory, subdirectories, files in directories:
            if looked_for in files:
                yield module_name(disk, os.path.join(directory, looked_for))[1]
            elif package in subdirectories:
                yield module_name(disk, os.path.join(directory, package, "__init__.py"))[1]
    for directory, _, files in directories:
        for name in () if TESTS.search(directory, len(project)) else files:
            if name.endswith(".py") and not name.startswith(("test_", "conftest")):
                yield module_name(disk, os.path.join(directory, name))[1]
