"""What is measured, fetched or generated once and kept: public packages, generated projects, two environments."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from generate import generate
from timing import CACHE

ROOT = Path(__file__).resolve().parent.parent
PEERS = ("flake8", "python-lsp-server")
"""What both environments have; import-linter is only in that of the plugin."""


class Package(NamedTuple):
    """A public project.

    :ivar name: of its distribution, and ``package`` that of its import package.
    :ivar settings: files to copy, as its manual tells whoever deploys it.
    :ivar edited: a file that a worker loads, to edit.
    """

    name: str
    version: str
    package: str
    edited: str
    settings: tuple[str, str] | None = None

    def fetch(self, cache: Path) -> Path:
        """The directory with its sources."""
        directory = cache / f"{self.name}-{self.version}"
        if not directory.exists():
            downloads = cache / "downloads"
            pip(sys.executable, "download", "--no-deps", "--dest", str(downloads), f"{self.name}=={self.version}")
            (wheel,) = downloads.glob(f"{self.name.replace('-', '_')}-{self.version}-*.whl")
            fresh = cache / f"unpacked-{self.name}"
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(fresh)
            (fresh / "pyproject.toml").touch()  # as in its repository, it marks the project's top directory
            if self.settings is not None:
                shutil.copy(fresh / self.settings[0], fresh / self.settings[1])
            fresh.rename(directory)
        return directory


WEBLATE = Package("weblate", "2026.10.1", "weblate", "weblate/trans/tasks.py",
                  ("weblate/settings_example.py", "weblate/settings.py"))  # fmt: skip
PRETIX = Package("pretix", "2026.8.0", "pretix", "pretix/base/services/mail.py")
SUPERSET = Package("apache-superset", "6.1.0", "superset", "superset/tasks/scheduler.py")
PACKAGES = (WEBLATE, PRETIX, SUPERSET)


def generated(cache: Path, modules: int, celery: bool = True) -> Path:
    """The directory of a generated project."""
    directory = cache / f"generated-{modules}{'' if celery else '-without-celery'}"
    if not directory.exists():
        fresh = cache / "generating"
        shutil.rmtree(fresh, ignore_errors=True)
        generate(fresh, modules, celery)
        fresh.rename(directory)
    return directory


class Environments(NamedTuple):
    """Two environments that differ in this plugin: the directories of their commands."""

    plain: Path
    plugin: Path


def environments(cache: Path) -> Environments:
    """Make the environments, of the Python that runs this."""
    plain = environment(cache / "plain", lambda python: pip(python, "install", *PEERS))
    plugin = environment(
        cache / "plugin", lambda python: pip(python, "install", *PEERS, "import-linter", "--editable", str(ROOT))
    )
    return Environments(plain, plugin)


def environment(directory: Path, fill: Callable[[str], None]) -> Path:
    """The directory of the commands of an environment, which is made if need be."""
    commands = directory / ("Scripts" if sys.platform == "win32" else "bin")
    if not (directory / "complete").exists():
        venv.create(directory, with_pip=True, clear=True)
        fill(str(commands / "python"))
        (directory / "complete").touch()
    return commands


def pip(python: str, command: str, *arguments: str) -> None:
    """Run pip."""
    subprocess.run([python, "-m", "pip", "--quiet", command, *arguments], check=True)


def forget(directory: Path) -> Callable[[], None]:
    """Something that makes the next run of forksafe in ``directory`` a cold one."""
    return lambda: shutil.rmtree(directory / CACHE, ignore_errors=True)
