"""``forksafe trace --format html``: one file that shows a boot, and what deferring an import would change.

The page is assembled from ``trace_page.html``, ``trace_page.css`` and its two scripts, holds everything it needs, and
asks no network.  The searches through the graph happen in the page, so that it can answer "what if".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flake8_forksafe import __version__
from flake8_forksafe.finding import Finding
from flake8_forksafe.hazards.catalogue import Catalogue, Hazard
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.options import UsageError
from flake8_forksafe.printable import printable
from flake8_forksafe.project.layout import FIRST_PARTY, STDLIB, THIRD_PARTY
from flake8_forksafe.report.json import relative
from flake8_forksafe.report.sarif import HELP
from flake8_forksafe.report.steps import step_text, step_title
from flake8_forksafe.rules.rule import is_accepted
from flake8_forksafe.trace.graph import Statement
from flake8_forksafe.trace.trace import Trace

if TYPE_CHECKING:
    from flake8_forksafe.report.result import Report

LIMIT = 20_000
"""Modules that a browser still shows without delay; the largest real boot known has some 6,000."""
KINDS = ("boot", "import", "dynamic", "lazy", "call", "thread")
ORIGINS = (FIRST_PARTY, THIRD_PARTY, STDLIB)
SCRIPTS = ("trace_page_overview.js", "trace_page.js")
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


def render(report: Report, base: str) -> str:
    """The page for all launches.

    :param base: the project's top directory.
    :raises UsageError: if there are more modules than a page can show.
    """
    count = sum(len(trace.modules) for trace in report.traces)
    if count > LIMIT:
        raise UsageError(f"{count} modules are more than the {LIMIT} that a page can show; use --format json")
    accepted = dict(report.context.settings.accept)
    launches = [launch_data(trace, report.catalogue, accepted, base, report.findings) for trace in report.traces]
    return page({"version": __version__, "root": Path(base).as_posix(), "help": HELP, "launches": launches})


def page(data: dict[str, Any]) -> str:
    """The page that shows data."""
    folder = files(__package__)
    parts = {
        "title": escape(printable(", ".join(launch["app"] for launch in data["launches"]))),
        "style": folder.joinpath("trace_page.css").read_text(encoding="utf-8"),
        "script": "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS),
        "data": embedded(data),
    }
    template = folder.joinpath("trace_page.html").read_text(encoding="utf-8")
    return PLACEHOLDER.sub(lambda match: parts[match[1]], template)


def embedded(data: dict[str, Any]) -> str:
    """JSON for a script element, which nothing in it can end or turn into a comment."""
    return json.dumps(_shown(data), separators=(",", ":")).replace("<", "\\u003c")


def _shown(data: Any) -> Any:
    """Data whose texts a page can show."""
    if isinstance(data, dict):
        return {key: _shown(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_shown(value) for value in data]
    return printable(data) if isinstance(data, str) else data


def launch_data(
    trace: Trace, catalogue: Catalogue, accepted: dict[str, str], base: str, findings: Iterable[Finding] = ()
) -> dict[str, Any]:
    """What the page knows of one launch.

    Nodes are numbered; node 0 is the worker.  ``edges`` has six numbers an edge: source, target, line, index in
    :data:`KINDS`, whether it is sure, and index in ``labels``, the steps of the boot that cause it.  ``modules`` has
    four numbers a module, in the order in which they are loaded: node, index in ``steps``, index in :data:`ORIGINS`,
    and whether it is loaded in every boot.
    """
    nodes = {trace.host.root: 0}
    for edge in trace.edges:
        for node in (edge.source, edge.target):
            nodes.setdefault(node, len(nodes))
    paths = {node: relative(trace.paths.get(node.module), base) for node in nodes}
    numbered_files = _numbered(path for path in paths.values() if path is not None)
    labels = _numbered(["", *(edge.step for edge in trace.edges)])
    steps, modules = _steps(trace, nodes)
    packages = _packages(trace, catalogue)
    return {
        "app": trace.launch.app,
        "shown": trace.host.shown(trace.launch.app),
        "command": trace.program or trace.host.command,
        "source": trace.launch.source,
        "environment": trace.environment,
        "forks": trace.forks,
        "undecided": len(trace.notes),
        "unresolved": trace.unresolved,
        "nodes": list(map(str, nodes)),
        "files": list(numbered_files),
        "fileOf": [-1 if path is None else numbered_files[path] for path in paths.values()],
        "labels": list(labels),
        "edges": [
            number
            for edge in trace.edges
            for number in (
                nodes[edge.source], nodes[edge.target], edge.line, KINDS.index(edge.kind), int(edge.sure),
                labels[edge.step],
            )
        ],
        "steps": steps,
        "modules": modules,
        "packages": [_package(hazard, [nodes[Node(name)] for name in names], accepted) for hazard, names in packages],
        "findings": [_finding(one, base) for one in findings if _concerns(one, trace)],
        "cut": _cut(trace, packages, accepted, nodes),
        "omissions": [
            {"step": omission.step, "label": labels[omission.step], "without": omission.without}
            for omission in trace.host.omissions if omission.step in labels
        ],
    }  # fmt: skip


def _cut(
    trace: Trace, packages: list[tuple[Hazard, list[str]]], accepted: dict[str, str], nodes: dict[Node, int]
) -> dict[str, Any]:
    """The fewest imports of the project without which no hazard is loaded, and the hazards that stay in any case."""
    hazards = {
        Node(name): hazard.name
        for hazard, names in packages if hazard.reported and not is_accepted(hazard.name, set(accepted))
        for name in names if Node(name) in nodes
    }  # fmt: skip
    cut = trace.graph.cheapest_cut(hazards, lambda statement: _cost(trace, statement))
    return {
        "statements": [[nodes[one.node], one.line, KINDS.index(one.kind)] for one in cut.statements],
        "kept": list(dict.fromkeys(hazards[node] for node in cut.kept)),
    }


def _cost(trace: Trace, statement: Statement) -> int | None:
    """One for each import of the project: whether its uses allow to defer it is a question for ``forksafe fix``."""
    is_own = trace.origin(statement.node.module) == FIRST_PARTY
    return 1 if is_own and statement.kind == "import" else None


def _concerns(finding: Finding, trace: Trace) -> bool:
    return not finding.workers or trace.launch.app in finding.workers


def _finding(finding: Finding, base: str) -> dict[str, Any]:
    path, line = finding.place or (finding.path, finding.line)
    return {"code": finding.code, "path": relative(path, base), "line": line, "text": finding.what}


def _numbered(values: Iterable[str]) -> dict[str, int]:
    """Values in order of first appearance, each with its number."""
    return {value: number for number, value in enumerate(dict.fromkeys(values))}


def _steps(trace: Trace, nodes: dict[Node, int]) -> tuple[list[dict[str, str]], list[int]]:
    """The steps of the boot, one each time it is taken up, and the modules with the step that each is loaded in."""
    steps: list[dict[str, str]] = []
    numbers: list[int] = []
    for name, group in groupby(trace.modules, key=lambda module: module.step):
        for module in group:
            if Node(module.name) in nodes:
                numbers += (nodes[Node(module.name)], len(steps), ORIGINS.index(module.origin), int(module.certain))
        steps.append({"name": name, "title": step_title(name), "text": step_text(name)})
    return steps, numbers


def _packages(trace: Trace, catalogue: Catalogue) -> list[tuple[Hazard, list[str]]]:
    """The catalogue's packages that are loaded, each with its modules."""
    found: dict[str, tuple[Hazard, list[str]]] = {}
    for module in trace.modules:
        hazard = catalogue.find(module.name) if module.origin != FIRST_PARTY else None
        if hazard is not None:
            found.setdefault(hazard.name, (hazard, []))[1].append(module.name)
    return list(found.values())


def _package(hazard: Hazard, nodes: list[int], accepted: dict[str, str]) -> dict[str, Any]:
    reason = next((why for name, why in accepted.items() if is_accepted(hazard.name, {name})), None)
    return {
        "name": hazard.name,
        "nodes": nodes,
        "megabytes": hazard.rss_import_mb,
        "pulls": list(hazard.pulls),
        "hazard": hazard.reported and reason is None,
        "accepted": reason,
        "why": hazard.why,
        "instead": hazard.instead,
    }
