"""Findings as SARIF 2.1.0, which code scanning services and editors read.

The format is the OASIS standard https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; what code scanning of
GitHub makes of it stands at https://docs.github.com/code-security/reference/code-scanning/sarif-support-for-code-scanning.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from flake8_forksafe import __version__
from flake8_forksafe.finding import WORKER, Fix, Hop, TextEdit
from flake8_forksafe.printable import printable
from flake8_forksafe.report.json import NO_FIXES, relative
from flake8_forksafe.report.page import as_markdown, as_text
from flake8_forksafe.report.severity import severity
from flake8_forksafe.rules import RULES, Finding, Rule
from flake8_forksafe.rules.page import read_page

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
BASE = "%SRCROOT%"
"""The name that paths are relative to; code scanning of GitHub takes it for the top directory of the checkout."""
HELP = "https://github.com/flake8-forksafe/flake8-forksafe/blob/main/docs/codes/{code}.md"
"""The page of a code."""
HELP_WIDTH = 100
VERBS = {"import": "imports", "dynamic": "imports", "lazy": "loads", "call": "calls", "thread": "starts in a thread"}
KINDS = {"call": ["call"], "thread": ["call"]}
"""Kinds of a hop as SARIF words them, section 3.38.8; its vocabulary has none for an import."""


def render(findings: Iterable[Finding], base: str, fixes: Mapping[Finding, Fix] = NO_FIXES) -> str:
    """The log of one run.

    :param base: the project's top directory.
    :param fixes: how findings can be repaired.
    """
    rules = {rule.code: index for index, rule in enumerate(RULES)}
    run = {
        "tool": {
            "driver": {
                "name": "forksafe",
                "fullName": f"flake8-forksafe {__version__}",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in RULES],
            }
        },
        "automationDetails": {"id": "forksafe/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "originalUriBaseIds": {
            BASE: {"uri": _address(base) + "/", "description": {"text": "The top directory of the project."}}
        },
        "results": [
            _result(finding, rules[finding.code], base, number) | _fixes(fixes.get(finding), base)
            for finding, number in _numbered(findings, base)
        ],
    }
    if fixes:
        run["newlineSequences"] = ["\r\n", "\n", "\r"]
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _numbered(findings: Iterable[Finding], base: str) -> Iterator[tuple[Finding, int]]:
    """Findings, and how many before each have its fingerprint: the same import on several lines of a file."""
    seen: Counter[str] = Counter()
    for finding in findings:
        alike = fingerprint(finding, base)
        yield finding, seen[alike]
        seen[alike] += 1


def _rule(rule: Rule) -> dict[str, Any]:
    """A code with the page that explains it."""
    page = read_page(rule.code)
    return {
        "id": rule.code,
        "shortDescription": {"text": _sentence(rule.summary[:1].upper() + rule.summary[1:])},
        "fullDescription": {"text": _sentence(page.what.replace("`", "").replace("\n", " "))},
        "helpUri": HELP.format(code=rule.code),
        "help": {
            "text": "\n".join(as_text(rule, page, HELP_WIDTH)),
            "markdown": "\n".join(as_markdown(rule, page)),
        },
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"tags": ["celery", "fork"], "problem.severity": rule.severity, "precision": "high"},
    }


def _result(finding: Finding, index: int, base: str, number: int) -> dict[str, Any]:
    text = printable(f"{finding.headline}; instead: {finding.instead}" if finding.instead else finding.headline)
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": severity(finding.code),
        "message": {"text": _literal(_sentence(text))},
        "locations": [_location(finding.path, finding.line, base, finding.column + 1)],
        "partialFingerprints": {"codeAndSubject/v1": fingerprint(finding, base, number)},
    }
    steps = [_step(hop, before, base) for before, hop in _hops(finding)]
    if steps:
        result["codeFlows"] = [
            {
                "message": {"text": f"How {finding.chain[0].source or 'the worker'} gets there before it forks."},
                "threadFlows": [{"locations": [{"executionOrder": n, **step} for n, step in enumerate(steps, 1)]}],
            }
        ]
    return result


def _fixes(fix: Fix | None, base: str) -> dict[str, Any]:
    """The repair of a finding, section 3.55; nothing where there is none."""
    if fix is None or not fix.edits:
        return {}
    level = f" (unsafe: {fix.reason})" if fix.reason else f" ({fix.applicability})"
    changes = [
        {
            "artifactLocation": artifact(path, base),
            "replacements": [
                {"deletedRegion": _region(edit), "insertedContent": {"text": edit.content}} for edit in edits
            ],
        }
        for path, edits in groupby(fix.edits, key=lambda edit: edit.path)
    ]
    text = printable(fix.message + level)
    return {"fixes": [{"description": {"text": _literal(_sentence(text))}, "artifactChanges": changes}]}


def _region(edit: TextEdit) -> dict[str, int]:
    """The part of a file that an edit replaces; one that ends where it begins is a place to insert, section 3.57.3."""
    ends = {"endLine": edit.end_line, "endColumn": edit.end_column}
    return {"startLine": edit.line, "startColumn": edit.column, **ends}


def _hops(finding: Finding) -> list[tuple[str, Hop]]:
    """The hops that stand in a file, each with the node that executes it."""
    nodes = [finding.chain[0].source or WORKER if finding.chain else WORKER, *(hop.node for hop in finding.chain)]
    return [(before, hop) for before, hop in zip(nodes, finding.chain, strict=False) if hop.path is not None]


def _step(hop: Hop, before: str, base: str) -> dict[str, Any]:
    assert hop.path is not None
    did = VERBS.get(hop.kind, "executes")
    text = f"{before}, {hop.step}: {did} {hop.node}" if hop.step else f"{before} {did} {hop.node}"
    step: dict[str, Any] = {
        "location": {**_location(hop.path, hop.line, base), "message": {"text": _literal(printable(text))}},
        "importance": "essential",
    }
    return {**step, "kinds": KINDS[hop.kind]} if hop.kind in KINDS else step


def _location(path: str, line: int, base: str, column: int | None = None) -> dict[str, Any]:
    region = {"startLine": max(line, 1)} if column is None else {"startLine": max(line, 1), "startColumn": column}
    return {"physicalLocation": {"artifactLocation": artifact(path, base), "region": region}}


def artifact(path: str, base: str) -> dict[str, str]:
    """A file: relative to the project where it lies in it."""
    inside = relative(path, base)
    if inside is None or os.path.isabs(inside):
        return {"uri": _address(path)}
    root = Path(os.path.abspath(os.sep))
    return {"uri": (root / inside).as_uri().removeprefix(root.as_uri()), "uriBaseId": BASE}


def _address(path: str) -> str:
    return Path(os.path.abspath(path)).as_uri().rstrip("/")


def fingerprint(finding: Finding, base: str, number: int = 0) -> str:
    """What stays the same when lines move.

    :param number: how many findings before it in the file are else the same.
    """
    parts = (
        finding.code,
        relative(finding.path, base),
        finding.subject.replace(base, ""),
        *([number] if number else []),
    )
    return hashlib.sha256("\0".join(str(part) for part in parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _sentence(text: str) -> str:
    """Text that begins and ends as a sentence does, as messages are to, section 3.11.3."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _literal(text: str) -> str:
    """A message in which braces do not begin a placeholder, section 3.11.5; help takes none, and is shown as it is."""
    return text.replace("{", "{{").replace("}", "}}")
