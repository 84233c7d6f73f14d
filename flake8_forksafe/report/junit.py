"""Findings as JUnit XML, which Jenkins, GitLab, Azure and others show as failed tests."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from flake8_forksafe.finding import Finding
from flake8_forksafe.printable import printable
from flake8_forksafe.report.json import relative
from flake8_forksafe.report.text import chain_lines


def render(findings: Sequence[Finding], base: str) -> str:
    """One suite a file and one failed test a finding; without findings, one test that passed.

    :param base: what the paths are shown relative to.
    """
    count = str(len(findings))
    root = ElementTree.Element("testsuites", name="forksafe", tests=count if findings else "1", failures=count)
    if not findings:
        suite = ElementTree.SubElement(root, "testsuite", name="forksafe", tests="1", failures="0", errors="0")
        ElementTree.SubElement(suite, "testcase", name="no findings", classname="forksafe", time="0")
    for path, group in groupby(findings, key=lambda finding: finding.path):
        _suite(root, printable(relative(path, base) or path), list(group), base)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def _suite(root: ElementTree.Element, path: str, findings: list[Finding], base: str) -> None:
    count = str(len(findings))
    suite = ElementTree.SubElement(root, "testsuite", name=path, tests=count, failures=count, errors="0")
    for finding in findings:
        line, column = str(finding.line), str(finding.column + 1)
        case = ElementTree.SubElement(
            suite, "testcase", name=f"{finding.code} at {line}:{column}", classname=path, file=path, line=line, time="0"
        )
        failure = ElementTree.SubElement(case, "failure", type=finding.code, message=printable(finding.headline))
        instead = [f"instead: {printable(finding.instead)}"] if finding.instead else []
        lines = [
            f"{path}:{line}:{column}: {finding.code} {printable(finding.headline)}",
            *chain_lines(finding, base),
            *instead,
        ]
        failure.text = "\n".join(lines)
