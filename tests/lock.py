"""Writes the versions that tox installs: ``tox -e lock``.

``constraints.txt`` holds the newest versions of everything that an environment of ``tox.ini`` or the package needs, for
every supported Python; ``constraints-earliest.txt`` has the lowest versions that ``pyproject.toml`` allows, for the
lowest Python.
"""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import tomllib
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
FILES = ("constraints.txt", "constraints-earliest.txt")


def project() -> dict[str, list[str]]:
    """The table ``[project]``."""
    table: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def tox_requirements() -> list[str]:
    """What the environments of ``tox.ini`` install besides the package."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "tox.ini", encoding="utf-8")
    lines = (line for section in parser.sections() for line in parser[section].get("deps", "").splitlines())
    return sorted({line.strip() for line in lines if line.strip() and not line.startswith("{")})


def earliest(requirement: str) -> str:
    """A requirement of ``pyproject.toml`` that only its lower bound satisfies."""
    return re.sub(r">=([\d.]+).*", r"==\1", requirement)


def lock(name: str, requirements: list[str], python: str, *options: str) -> None:
    """Resolve requirements for a Python version; ``--universal`` adds all later ones and every platform."""
    quiet = ["--quiet", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    target = ["--python-version", python, "--upgrade", "--output-file", str(TESTS / name)]
    said = ["--custom-compile-command", "tox -e lock"]
    command = [sys.executable, "-m", "uv", "pip", "compile", "-", *options, *quiet, *said, *target]
    subprocess.run(command, input="\n".join(requirements), text=True, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Write both files."""
    own, python = project()["dependencies"], str(project()["requires-python"]).removeprefix(">=")
    tools = tox_requirements()
    lock(FILES[0], [*own, *tools], python, "--universal")
    lock(FILES[1], [*map(earliest, own), *tools], python)


if __name__ == "__main__":
    main()
