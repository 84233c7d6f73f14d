"""The baseline: known findings of a project, which are not reported.

A JSON file with one entry per line, so that branches that fix different findings merge without a conflict.  An entry
names a code, a module of the project and the subject of the finding, but no line: edits elsewhere in the file do not
matter.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from flake8_forksafe.file_reading import read_file
from flake8_forksafe.finding import Finding, Outcome, Remark
from flake8_forksafe.options import UsageError
from flake8_forksafe.printable import shortened
from flake8_forksafe.settings import Settings, refuse_target

SCHEMA = 1
LINE = re.compile(r":\d+$")


class BaselineEntry(NamedTuple):
    """A known finding; several findings may match one entry.

    :ivar module: dotted name of the file's path in the project: of ``src/shop/tasks.py``, ``src.shop.tasks``.
    :ivar subject: what it is about: the hazard, the module that is imported, the call.
    """

    code: str
    module: str
    subject: str


def entry_of(finding: Finding, project: str) -> BaselineEntry:
    """The entry of a finding."""
    subject = finding.subject.replace(project.rstrip(os.sep) + os.sep, "").replace(os.sep, "/")
    return BaselineEntry(finding.code, module_name(finding.path, project), LINE.sub("", subject))


def module_name(path: str, project: str) -> str:
    """The dotted name of a file in the project, wherever modules are imported from."""
    inside = os.path.relpath(path, project).replace(os.sep, "/").removesuffix(".py").removesuffix("/__init__")
    return inside.replace("/", ".")


def known_in(outcome: Outcome, entries: Iterable[BaselineEntry], settings: Settings) -> frozenset[Finding]:
    """The findings of an outcome that a baseline has."""
    known = set(entries)
    return frozenset(finding for finding in outcome.findings if entry_of(finding, settings.project) in known)


def without_known(outcome: Outcome, entries: Iterable[BaselineEntry], settings: Settings) -> Outcome:
    """Remove the findings of a baseline from an outcome, and add a remark for each stale entry."""
    known = set(entries)
    keys = [entry_of(finding, settings.project) for finding in outcome.findings]
    kept = tuple(finding for finding, key in zip(outcome.findings, keys, strict=True) if key not in known)
    stale = tuple(_stale(entry, settings) for entry in sorted(known.difference(keys)))
    return outcome._replace(findings=kept, remarks=(*outcome.remarks, *stale))


def _stale(entry: BaselineEntry, settings: Settings) -> Remark:
    subject = f" about {entry.subject!r}" if entry.subject else ""
    return Remark(
        f"stale baseline entry: {entry.code} in {entry.module}{subject} is no longer found; remove it from {{place}}",
        baseline_path(settings),
    )


def baseline_path(settings: Settings) -> str:
    """The file that the option names, absolute."""
    return os.path.normpath(os.path.join(settings.project, settings.baseline or ""))


def read_baseline(path: str) -> tuple[BaselineEntry, ...]:
    """The entries of a file.

    :raises UsageError: if it is not a baseline.
    """
    try:
        document = json.loads(read_file(path)[0].decode())
    except FileNotFoundError:
        raise UsageError(f"there is no baseline {path}; write it with forksafe check --write-baseline") from None
    except OSError as error:
        raise UsageError(f"the baseline {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is not a baseline: it is not JSON") from None
    if not isinstance(document, dict) or not isinstance(document.get("findings"), list):
        raise UsageError(f"{path} is not a baseline: write one with forksafe check --write-baseline")
    if document.get("schema") != SCHEMA:
        raise UsageError(
            f"the baseline {path} has schema {shortened(repr(document.get('schema')), 40)}; this version reads {SCHEMA}"
        )
    return tuple(_entry(value, path) for value in document["findings"])


def _entry(value: Any, path: str) -> BaselineEntry:
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in BaselineEntry._fields):
        raise UsageError(f"the baseline {path} has an entry without {', '.join(BaselineEntry._fields)}")
    return BaselineEntry(*(value[name] for name in BaselineEntry._fields))


def write_baseline(path: str, findings: Iterable[Finding], project: str) -> int:
    """Write the entries of findings, and return how many there are.

    :raises UsageError: if the file holds something else, or cannot be written.
    """
    refuse_target(path, project)
    if os.path.exists(path):
        try:
            read_baseline(path)
        except UsageError as error:
            raise UsageError(f"{error}; it is not overwritten") from None
    entries = sorted({entry_of(finding, project) for finding in findings})
    lines = ",\n".join(f"    {json.dumps(entry._asdict(), ensure_ascii=False)}" for entry in entries)
    inside = f"[\n{lines}\n  ]" if entries else "[]"
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            stream.write(f'{{\n  "schema": {SCHEMA},\n  "findings": {inside}\n}}\n')
    except OSError as error:
        raise UsageError(f"the baseline {path} cannot be written: {error.strerror}") from None
    return len(entries)
