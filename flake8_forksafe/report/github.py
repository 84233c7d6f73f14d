"""Findings as workflow commands of GitHub Actions, which become annotations of the changed lines.

The syntax and the escapes are those of the runner: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
and src/Runner.Common/ActionCommand.cs of actions/runner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flake8_forksafe.finding import Finding
from flake8_forksafe.printable import printable
from flake8_forksafe.report.json import relative
from flake8_forksafe.report.severity import severity
from flake8_forksafe.report.text import chain_lines
from flake8_forksafe.settings import checkout

IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
IN_PROPERTY = {**IN_DATA, ":": "%3A", ",": "%2C"}


def render(findings: Iterable[Finding], base: str) -> Iterator[str]:
    """One command a finding.

    :param base: what the paths are shown relative to: the top directory of the checkout.
    """
    for finding in findings:
        chain = "".join(f"\n{line}" for line in chain_lines(finding, base))
        instead = f"\ninstead: {printable(finding.instead)}" if finding.instead else ""
        yield command(
            severity(finding.code),
            {
                "file": printable(relative(finding.path, base) or finding.path),
                "line": str(finding.line),
                "col": str(finding.column + 1),
                "title": finding.code,
            },
            f"{printable(finding.headline)}{chain}{instead}",
        )


def command(name: str, properties: dict[str, str], data: str) -> str:
    """A workflow command."""
    shown = ",".join(f"{key}={escape(value, IN_PROPERTY)}" for key, value in properties.items())
    return f"::{name} {shown}::{escape(data, IN_DATA)}"


def escape(text: str, table: Mapping[str, str]) -> str:
    """Text without the characters that mean something to the runner."""
    return text.translate({ord(character): code for character, code in table.items()})


def workspace(environ: Mapping[str, str], directory: str) -> str:
    """The top directory of the checkout: in a workflow, and of the one that a directory lies in."""
    return environ.get("GITHUB_WORKSPACE") or checkout(directory)
