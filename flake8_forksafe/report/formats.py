"""The output formats: one entry each. What an entry needs is imported when it is used.

A format for people gives lines, and goes on with what there is to say besides. One for machines gives a document, and
what there is to say goes to standard error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from flake8_forksafe.settings import checkout

if TYPE_CHECKING:
    from flake8_forksafe.finding import Finding, Fix
    from flake8_forksafe.report.result import Report
    from flake8_forksafe.report.terminal import Terminal

FindingLines: TypeAlias = "Callable[[Sequence[Finding], Terminal], Iterable[str]]"
"""Findings, for a terminal."""

FindingDocument: TypeAlias = "Callable[[Sequence[Finding], str], str]"
"""Findings; the directory is the project's.  What other programs read has paths from the top of the checkout."""

Fixes: TypeAlias = "Mapping[Finding, Fix]"
"""How findings can be repaired."""

FixesDocument: TypeAlias = "Callable[[Sequence[Finding], str, Fixes], str]"
"""The same with the repairs of findings."""

NO_FIXES: Fixes = MappingProxyType({})

TraceDocument: TypeAlias = "Callable[[Report, str], str]"
"""Traces, with paths relative to the project's directory.

:raises UsageError: if they are too large for the format.
"""


def _text(findings: Sequence[Finding], terminal: Terminal) -> Iterator[str]:
    from flake8_forksafe.report import text

    return text.render(findings, os.getcwd(), terminal)


def _github(findings: Sequence[Finding], terminal: Terminal) -> Iterator[str]:
    from flake8_forksafe.report import github

    return github.render(findings, github.workspace(os.environ, os.getcwd()))


def _json(findings: Sequence[Finding], project: str, fixes: Fixes = NO_FIXES) -> str:
    from flake8_forksafe.report.json import findings_document

    return findings_document(findings, project, fixes)


def _sarif(findings: Sequence[Finding], project: str, fixes: Fixes = NO_FIXES) -> str:
    from flake8_forksafe.report import sarif

    return sarif.render(findings, checkout(project), fixes)


def _junit(findings: Sequence[Finding], project: str) -> str:
    from flake8_forksafe.report import junit

    return junit.render(findings, checkout(project))


def _trace_json(report: Report, project: str) -> str:
    from flake8_forksafe.report.json import trace_document

    return trace_document(report.traces, report.catalogue, project)


def _html(report: Report, project: str) -> str:
    from flake8_forksafe.report import html

    return html.render(report, project)


def _dot(report: Report, project: str) -> str:
    from flake8_forksafe.report import graph

    return "\n".join(graph.dot(graph.hazard_graph(report, project)))


def _mermaid(report: Report, project: str) -> str:
    from flake8_forksafe.report import graph

    return "\n".join(graph.mermaid(graph.hazard_graph(report, project)))


CHECK_LINES: Mapping[str, FindingLines] = MappingProxyType({"text": _text, "github": _github})
"""The formats of ``forksafe check`` for people, and for logs that people read."""

CHECK_DOCUMENTS: Mapping[str, FindingDocument] = MappingProxyType({"json": _json, "sarif": _sarif, "junit": _junit})
"""The formats of ``forksafe check`` for machines."""

FIX_DOCUMENTS: Mapping[str, FixesDocument] = MappingProxyType({"json": _json, "sarif": _sarif})
"""Those of them that can hold repairs."""

TRACE_DOCUMENTS: Mapping[str, TraceDocument] = MappingProxyType(
    {"json": _trace_json, "html": _html, "dot": _dot, "mermaid": _mermaid}
)
"""The formats of ``forksafe trace`` besides text."""
