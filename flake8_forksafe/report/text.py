"""Findings for a terminal: grouped by file, the chain spelled out line by line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from flake8_forksafe.finding import WORKER, Finding, Hop
from flake8_forksafe.printable import printable
from flake8_forksafe.report.severity import severity
from flake8_forksafe.report.terminal import PLAIN, Terminal

INDENT = " " * 9
"""What stands before the lines below a finding's first."""
COLOURS = {"error": "red", "warning": "yellow"}


def render(findings: Iterable[Finding], base: str, terminal: Terminal = PLAIN) -> Iterator[str]:
    """The lines of a report; paths are shown relative to ``base``."""
    for path, group in groupby(findings, key=lambda finding: finding.path):
        yield terminal.path(terminal.paint(shown(path, base), "bold"), path)
        for finding in group:
            yield from _headline(finding, terminal)
            for hop in finding.chain:
                yield from _hop(hop, hop is finding.chain[-1], base, terminal)
            if finding.instead:
                yield from _instead(finding.instead, terminal)
        yield ""


def _headline(finding: Finding, terminal: Terminal) -> Iterator[str]:
    """Where, the code, and what happens."""
    place = f"{finding.line}:{finding.column + 1}"
    first, *rest = terminal.wrap(printable(finding.headline), len(f"  {place}  {finding.code}  "))
    code = finding.code
    if terminal.colours:
        code = terminal.paint(code, "bold", COLOURS[severity(code)])
    linked = terminal.path(terminal.paint(place, "dim"), finding.path)
    yield f"  {linked}  {code}  {first}"
    for line in rest:
        yield f"{' ' * len(f'  {place}  {finding.code}  ')}{line}"


def _hop(hop: Hop, last: bool, base: str, terminal: Terminal) -> Iterator[str]:
    """One hop of a chain, in two lines where one does not hold it."""
    place, step = place_of(hop, base), step_of(hop)
    linked = terminal.paint(place, "dim")
    linked = terminal.path(linked, hop.path) if hop.path is not None else linked
    node = terminal.paint(printable(hop.node), "bold") if last else printable(hop.node)
    if terminal.fits(f"{INDENT}{place}  →  {printable(hop.node)}{step}"):
        yield f"{INDENT}{linked}  →  {node}{step}"
    else:
        yield f"{INDENT}{linked}"
        yield f"{INDENT}  →  {node}{step}"


def _instead(instead: str, terminal: Terminal) -> Iterator[str]:
    """The way out."""
    label = "instead: "
    first, *rest = terminal.wrap(printable(instead), len(INDENT + label))
    yield f"{INDENT}{terminal.paint(label.strip(), 'green')} {first}"
    for line in rest:
        yield f"{INDENT}{' ' * len(label)}{line}"


def chain_lines(finding: Finding, base: str) -> Iterator[str]:
    """The chain of a finding, one line a hop."""
    for hop in finding.chain:
        yield f"{place_of(hop, base)}  →  {printable(hop.node)}{step_of(hop)}"


def place_of(hop: Hop, base: str) -> str:
    """Where a hop stands."""
    if hop.path is None:
        return printable(hop.source) or WORKER
    return f"{shown(hop.path, base)}:{hop.line}"


def step_of(hop: Hop) -> str:
    """The step of the boot in which a hop happens, if it is Celery's or Django's doing."""
    return f"  ({printable(hop.step)})" if hop.step and hop.path is not None else ""


def shown(path: str, base: str) -> str:
    """A path as people read it."""
    return printable(os.path.relpath(path, base))


def summary(count: int, launches: int, files: int, others: Sequence[str] = ()) -> str:
    """The last line of a report; ``others`` are the apps of other hosts."""
    findings = "no findings" if not count else f"{count} finding{'s' if count != 1 else ''}"
    apps = "no Celery app found" if not launches else f"{launches} Celery app{'s' if launches != 1 else ''}"
    names = [apps] if launches or not others else []
    names += [f"{others.count(name)} {name}{'s' if others.count(name) != 1 else ''}" for name in dict.fromkeys(others)]
    return f"{findings}; {', '.join(names)}, {files} files on the boot path"
