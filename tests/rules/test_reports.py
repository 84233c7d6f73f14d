"""All that is said of small projects (``report_projects.txt``), in full: ``report_known.txt``.

``python tests/rules/test_reports.py`` writes the file anew, after a change of what is said.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import pytest
from helpers import check

from flake8_forksafe.report.remarks import remarks
from flake8_forksafe.report.result import Report

DIRECTORY = Path(__file__).parent
KNOWN = DIRECTORY / "report_known.txt"


def read_projects() -> dict[str, tuple[dict[str, str], dict[str, object]]]:
    """The files of each project, by its heading, and the options with which it is checked, which come first."""
    found = {}
    for section in (DIRECTORY / "report_projects.txt").read_text(encoding="utf-8").split("==== ")[1:]:
        heading, _, rest = section.partition("\n")
        options, *files = rest.split("---- ")
        named = dict(file.split("\n", 1) for file in files)
        found[heading] = ({name: text[:-1] for name, text in named.items()}, json.loads(options))
    return found


PROJECTS = read_projects()


def report_lines(report: Report, root: str) -> Iterator[str]:
    """What each worker loads before its first fork (``name?`` only may be loaded), findings and remarks."""
    for trace in report.traces:
        modules = " ".join(module.name + "?" * (not module.certain) for module in trace.modules if module.path)
        yield f"{trace.launch.app} {trace.launch.pool} {trace.launch.source}: {modules}"
    for finding in report.findings:
        place = f" [{finding.place[0]}:{finding.place[1]}]" if finding.place is not None else ""
        yield f"{finding.path}:{finding.line}:{finding.column} {finding.code} {finding.text}{place}"
    for remark in remarks(report.context):
        yield f"{remark.path}:{remark.line} {remark.text}"


def said(root: Path, name: str) -> str:
    """All that is said of a project."""
    files, options = PROJECTS[name]
    root = root.resolve()
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    lines = report_lines(check(root, **options), str(root))
    return "\n".join(line.replace(f"{root}/", "").replace(str(root), ".") for line in lines)


@cache
def kept() -> dict[str, str]:
    """What was said when the file was written."""
    parts = KNOWN.read_text(encoding="utf-8").split("==== ")[1:]
    return {heading: text.strip("\n") for heading, _, text in (part.partition("\n") for part in parts)}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path / "nowhere"))


@pytest.mark.parametrize("name", PROJECTS)
def test_all_that_is_said(tmp_path: Path, name: str) -> None:
    assert said(tmp_path, name) == kept()[name]


def main() -> None:
    """Write the file of what is said."""
    found = []
    sys.prefix = "/nowhere"
    for name in PROJECTS:
        with tempfile.TemporaryDirectory() as root:
            found.append(f"==== {name}\n{said(Path(root), name)}\n")
    KNOWN.write_text("".join(found), encoding="utf-8")


if __name__ == "__main__":
    main()
