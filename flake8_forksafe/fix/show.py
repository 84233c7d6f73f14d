"""Prints repairs: a description and the result of the verification, then a unified diff."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from flake8_forksafe.finding import Finding
from flake8_forksafe.fix.plan import Workshop
from flake8_forksafe.fix.prelude import CODES
from flake8_forksafe.fix.proof import MOST_TRIES, Proved, line_text, parent_megabytes
from flake8_forksafe.printable import printable
from flake8_forksafe.project.layout import STDLIB


def header(proved: Proved, base: str) -> Iterator[str]:
    """Each repair, and the proof; as lines in front of a diff, which ``patch`` and ``git apply`` pass over."""
    for repair in proved.repairs:
        level = "safe" if repair.is_safe else f"unsafe: {'; '.join(repair.doubts)}"
        yield f"# {os.path.relpath(repair.path, base)}:{repair.line}: {repair.what} ({level})"
        if repair.hazards:
            yield f"#   keeps out of the parent: {', '.join(repair.hazards)}"
    for prelude in proved.preludes:
        yield f"# {os.path.relpath(prelude.path, base)}:{prelude.line or 1}: {prelude.what} (safe)"
    yield f"# proof, by following the boot again: {proof_text(proved)}"


def proof_text(proved: Proved) -> str:
    """What is better after repairs."""
    modules = [sum(module.origin != STDLIB for trace in analysis.context.traces for module in trace.modules)
               for analysis in (proved.before, proved.after)]  # fmt: skip
    sizes = [parent_megabytes(analysis.context) for analysis in (proved.before, proved.after)]
    left = prelude_text(proved)
    return (
        f"{counted(len(proved.before.findings), 'finding')} before, {len(proved.after.findings)} after{left}; "
        f"{counted(modules[0], 'module')} before, {modules[1]} after; "
        f"the parent takes some {sizes[0]} MB before, {sizes[1]} MB after"
    )


def prelude_text(proved: Proved) -> str:
    """What is left of findings on preludes that were repaired in part.

    They are as many as before: a variable that has to be set before the process starts is no matter of a prelude.
    """
    apps = {prelude.app for prelude in proved.preludes}
    asked = {finding.subject: finding for finding in proved.before.findings if finding.code in CODES}
    parts = {
        f"of {asked[finding.subject].code} is left: {finding.what}": None
        for finding in proved.after.findings
        if finding.code in CODES and finding.subject in apps & asked.keys()
    }
    return f" ({'; '.join(parts)})" if parts else ""


def diff(workshop: Workshop, contents: Mapping[str, bytes], base: str) -> Iterator[bytes]:
    """The lines of a unified diff."""
    for path, content in contents.items():
        name = os.path.relpath(path, base).replace(os.sep, "/")
        old, new = (part.splitlines(keepends=True) for part in (workshop.content(path), content))
        for line in difflib.diff_bytes(difflib.unified_diff, old, new, quoted(f"a/{name}"), quoted(f"b/{name}")):
            yield line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n"


def quoted(name: str) -> bytes:
    """A name as ``git diff`` writes it: one with a line end or a quote cannot pass for other lines of the diff.

    Source: https://git-scm.com/docs/git-config, core.quotePath.
    """
    plain = name.encode("utf-8", "surrogateescape")
    if not re.search(rb'[\x00-\x1f\x7f"\\]', plain):
        return plain
    return b'"' + re.sub(rb'[\x00-\x1f\x7f"\\]', lambda match: b"\\%03o" % match[0][0], plain) + b'"'


def write(head: Iterable[str], lines: Iterable[bytes]) -> None:
    """Write to standard output: to a terminal nothing but what it can show, to anything else the bytes as they are."""
    for text in head:
        print(printable(text))
    if sys.stdout.isatty() or not hasattr(sys.stdout, "buffer"):
        for line in lines:
            print(printable(line.decode("utf-8", "backslashreplace").rstrip("\r\n").expandtabs()))
        return
    sys.stdout.flush()
    for line in lines:
        sys.stdout.buffer.write(line)


def left(workshop: Workshop, proved: Proved, base: str) -> Iterator[str]:
    """Why what is left is left: one line for each statement that could not be deferred and leads to a finding."""
    for finding in remaining(workshop, proved):
        reason = reason_left(workshop, proved, finding)
        if reason:
            where = f"{os.path.relpath(finding.path, base)}:{finding.line}"
            yield f"{where}: {finding.code} {finding.subject!r} is not repaired: {reason}"
    if proved.gave_up:
        yield f"not all was tried: one run follows the boot {MOST_TRIES} times; run forksafe fix again after --write"


def remaining(workshop: Workshop, proved: Proved) -> list[Finding]:
    """The findings of before that are left after the repairs."""
    left = {(finding.path, finding.code, line_text(workshop, finding, proved.contents))
            for finding in proved.after.findings}  # fmt: skip
    return [finding for finding in proved.before.findings
            if (finding.path, finding.code, line_text(workshop, finding, {})) in left]  # fmt: skip


def reason_left(workshop: Workshop, proved: Proved, finding: Finding) -> str:
    """Why a finding is left; empty if nothing was tried."""
    place = finding.path, finding.line
    refused = workshop.refused.get(place, "") if finding.code in IMPORT_CODES else ""
    return proved.withdrawn.get(place) or refused


IMPORT_CODES = ("FS101", "FS102", "FS103", "FS105")
"""The codes of what stands at an import."""


def count_text(proved: Proved) -> str:
    """How many repairs, in how many files."""
    kinds = Counter([*(repair.kind for repair in proved.repairs), *("prelude" for _ in proved.preludes)])
    *most, last = [counted(count, kind) for kind, count in kinds.items()] or ["nothing"]
    what = f"{', '.join(most)} and {last}" if most else last
    return f"{what} in {counted(len(proved.contents), 'file')}" if proved.contents else what


def counted(count: int, word: str) -> str:
    """A number of things: ``1 file``, ``2 files``."""
    return f"{count} {word}{'' if count == 1 else 's'}"
