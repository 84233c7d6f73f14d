"""``forksafe check``: what is written where, in each format."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress

from flake8_forksafe.finding import Finding, Outcome, Remark
from flake8_forksafe.printable import printable
from flake8_forksafe.report import text
from flake8_forksafe.report.terminal import Terminal, terminal, write_document

DOCUMENTS = ("json", "sarif", "junit")
"""Formats for machines; what there is to say besides the findings goes to standard error."""


def document(form: str, findings: Sequence[Finding], project: str) -> str:
    """Findings in a format for machines."""
    if form == "json":
        from flake8_forksafe.report.json import findings_document

        return findings_document(findings, project)
    if form == "sarif":
        from flake8_forksafe.report import sarif

        return sarif.render(findings, project)
    from flake8_forksafe.report import junit

    return junit.render(findings, project)


def remark_line(remark: Remark, base: str) -> str:
    """A remark with its place relative to ``base``."""
    line = f":{remark.line}" if remark.line else ""
    place = f"{os.path.relpath(remark.path, base)}{line}" if remark.path is not None else ""
    return remark.text.replace("{place}", place)


def show(outcome: Outcome, project: str, findings: Sequence[Finding], form: str, with_statistics: bool) -> None:
    """Write findings.

    :param findings: those of the outcome that were asked for, at the places they are about.
    :param form: ``text``, ``github`` or one of :data:`DOCUMENTS`.
    """
    counts: Sequence[str] = ()
    if with_statistics:
        from flake8_forksafe.report.statistics import statistics

        counts = tuple(statistics(findings))
    remarks = [printable(remark_line(remark, os.getcwd())) for remark in outcome.remarks]
    if form in DOCUMENTS:
        write_document(document(form, findings, project))
        with suppress(OSError):  # what was asked for is written
            for line in (*remarks, *counts):
                print(line, file=sys.stderr)
        return
    screen = terminal(sys.stdout, os.environ)
    wrapped = (line for remark in remarks for line in screen.wrap(remark, 0))
    for line in (*_findings(findings, form, screen), *wrapped, *counts):
        print(line)
    print(screen.paint(text.summary(len(findings), outcome.apps, outcome.files), "bold"))


def _findings(findings: Sequence[Finding], form: str, screen: Terminal) -> Iterator[str]:
    """The lines of a format for people."""
    if form == "github":
        from flake8_forksafe.report import github

        return github.render(findings, github.workspace(os.environ))
    return text.render(findings, os.getcwd(), screen)
