"""What several tests share."""

from __future__ import annotations

import importlib
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flake8_forksafe.analysis import analyse
from flake8_forksafe.hosts.celery import CELERY
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.import_system import ImportSystem
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Module
from flake8_forksafe.interpreter.walk import Walk
from flake8_forksafe.library import LIBRARY
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.layout import FoundModule, Layout
from flake8_forksafe.report.result import Report
from flake8_forksafe.session import deep_recursion
from flake8_forksafe.settings import Settings, make_settings
from flake8_forksafe.source.collected import Collected

FIXTURES = Path(__file__).parent / "fixtures"

PATIENCE_S = 600.0
"""How long a test waits for what another process does: only one that hangs takes longer, on a slow machine too."""

LONG = "FORKSAFE_LONG" in os.environ
"""Whether tests that try very many inputs try all of them, or a part: always the same."""


def some(inputs: Iterable[Any], step: int) -> list[Any]:
    """One of so many inputs; all of them with ``FORKSAFE_LONG=1``."""
    return list(inputs)[:: 1 if LONG else step]


MARKER = re.compile(r"#\s*(?P<todo>todo:\s*)?(?P<codes>FS1\d\d(?:,\s*FS1\d\d)*)")


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write files below a directory; contents are dedented."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(content), encoding="utf-8")
    return root


def make_walk(
    root: Path,
    environ: Mapping[str, str] | None = None,
    argv: tuple[tuple[str, ...], ...] = (),
    hazards: tuple[str, ...] = (),
    platform: str | None = "linux",
    versions: tuple[tuple[int, int], ...] = ((3, 11), (3, 11)),
    presence: Callable[[str], bool | None] = lambda name: None,
) -> Walk:
    """A walk over the modules in a directory."""
    disk = Disk()
    process = CELERY.process(argv or CELERY.default_argv("proj"), tuple((environ or {}).items()), platform, versions)
    store = Collected(disk.content)
    return Walk(LIBRARY, ImportSystem(Layout(disk, (str(root),)), store, frozenset(hazards), presence), process)


def import_in(walk: Walk, name: str) -> None:
    """Import a module as the worker's first."""
    frame = Frame(
        Module(FoundModule("celery", None, False, (), "first-party")), Node("celery"), "function", walk.journal.certain
    )
    with deep_recursion():
        walk.import_name(name, frame)


def loaded(walk: Walk) -> list[str]:
    """The modules of the walk, in order."""
    modules = walk.imports.modules
    return [name for name in walk.recorder.order if name in modules and modules[name].state != "failed"]


def forget(*packages: str) -> None:
    """Let the next import of these packages execute them anew."""
    importlib.invalidate_caches()
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        del sys.modules[name]


@contextmanager
def importable(root: Path, *packages: str) -> Iterator[Path]:
    """While a directory is on ``sys.path``; what was imported from these packages is forgotten behind it."""
    sys.path.insert(0, str(root))
    try:
        yield root
    finally:
        sys.path.remove(str(root))
        forget(*packages)


def check(root: Path, **options: object) -> Report:
    """Analyse a directory as a project that has these options in a file of its own, without a cache."""
    settings = make_settings(str(root), {"no_cache": True, **options}, by_user=False)
    report = analyse_deep(settings)
    assert all(finding.line >= 1 and finding.column >= 0 for finding in report.findings)
    return report


def analyse_deep(settings: Settings) -> Report:
    """Analyse with the recursion limit that the command and the plugin set."""
    with deep_recursion():
        return analyse(settings)


def found_codes(report: Report, root: Path) -> set[tuple[str, int, str]]:
    """Findings as (file, line, code)."""
    return {
        (Path(finding.path).relative_to(root).as_posix(), finding.line, finding.code) for finding in report.findings
    }


def expected_codes(root: Path, todo: bool = False) -> set[tuple[str, int, str]]:
    """What the markers in a fixture promise: (file, line, code)."""
    expected = set()
    for path in root.rglob("*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for match in MARKER.finditer(line):
                if bool(match["todo"]) == todo:
                    for code in re.findall(r"FS1\d\d", match["codes"]):
                        expected.add((path.relative_to(root).as_posix(), number, code))
    return expected
