"""``forksafe check``: what is written where, in each format."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from flake8_forksafe.finding import Finding, Fix, Outcome, Remark
from flake8_forksafe.printable import printable, shortened
from flake8_forksafe.report import text
from flake8_forksafe.report.formats import CHECK_DOCUMENTS, CHECK_LINES, FIX_DOCUMENTS
from flake8_forksafe.report.terminal import terminal, write_document


def remark_line(remark: Remark, base: str) -> str:
    """A remark with its place relative to ``base``, of a bounded length whatever is called what."""
    line = f":{remark.line}" if remark.line else ""
    place = f"{os.path.relpath(remark.path, base)}{line}" if remark.path is not None else ""
    return shortened(remark.text).replace("{place}", place)


def show(
    outcome: Outcome,
    project: str,
    findings: Sequence[Finding],
    form: str,
    with_statistics: bool,
    quiet: bool = False,
    fixes: Mapping[Finding, Fix] | None = None,
) -> None:
    """Write findings.

    :param findings: those of the outcome that were asked for, at the places they are about.
    :param form: one of :mod:`flake8_forksafe.report.formats`.
    :param quiet: without remarks and summary.
    :param fixes: how findings can be repaired, for a format that can hold it; None if that was not asked for.
    """
    counts: Sequence[str] = ()
    if with_statistics:
        from flake8_forksafe.report.statistics import statistics

        counts = tuple(statistics(findings))
    remarks = [printable(remark_line(remark, os.getcwd())) for remark in (() if quiet else outcome.remarks)]
    if form in CHECK_DOCUMENTS:
        if fixes is None:
            write_document(CHECK_DOCUMENTS[form](findings, project))
        else:
            write_document(FIX_DOCUMENTS[form](findings, project, fixes))
        with suppress(OSError):  # what was asked for is written
            for line in (*remarks, *counts):
                print(line, file=sys.stderr)
        return
    screen = terminal(sys.stdout, os.environ)
    wrapped = (line for remark in remarks for line in screen.wrap(remark, 0))
    for line in (*CHECK_LINES[form](findings, screen), *wrapped, *counts):
        print(line)
    if not quiet:
        last = text.summary(len(findings), outcome.apps, outcome.files, outcome.others)
        print(screen.paint(last, "bold"))
