"""A cheap check whether a project may start any host at all.  If not, nothing else of the analysis is imported."""

from __future__ import annotations

import os

from flake8_forksafe.deployment.model import without_ending
from flake8_forksafe.host_names import HOST_WORDS, MARKS
from flake8_forksafe.project.disk import Disk

EXTENSIONS = frozenset(
    {"", ".yml", ".yaml", ".sh", ".bash", ".conf", ".ini", ".service", ".mk", ".just", ".dockerfile"}
)
NAMES = ("Dockerfile", "Procfile", "fly.", "Containerfile", "pyproject.toml", "Pipfile")
"""How names of deployment files begin that may have any extension."""


def may_deploy(name: str) -> bool:
    """Whether a file of this name may start processes.  True for every name that a deployment reader reads."""
    name = without_ending(name)
    lowered = name.lower()
    if lowered.endswith(".json"):
        return "task" in lowered or "ecs" in lowered or lowered in ("package.json", "devcontainer.json", "launch.json")
    return os.path.splitext(lowered)[1] in EXTENSIONS or name.startswith(NAMES)


def may_start_host(disk: Disk, project: str, repository: str) -> bool:
    """Whether a Python file mentions Celery, or a deployment file another host whose parent executes the project.

    :param repository: that the project lies in, or is; its deployment files count as well.
    """
    others = []
    for directory, _, names in disk.tree(project):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(directory, name)
                if disk.holds(path, "elery") or disk.starts(path, MARKS)[0]:
                    return True
            elif may_deploy(name):
                others.append(os.path.join(directory, name))
    for directory, _, names in disk.tree(repository) if repository != project else ():
        others += (os.path.join(directory, name) for name in names if may_deploy(name))
    mentioning = [path for path in others if disk.holds(path, *HOST_WORDS)]
    if not mentioning:
        return False
    from flake8_forksafe.deployment.repository import forks_something

    return forks_something(disk, repository, mentioning)
