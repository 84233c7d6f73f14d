"""Findings and traces as JSON."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from flake8_forksafe.finding import Finding, Fix
from flake8_forksafe.hazards.catalogue import Catalogue
from flake8_forksafe.printable import printable
from flake8_forksafe.trace.trace import Trace

SCHEMA = 1
NO_FIXES: Mapping[Finding, Fix] = MappingProxyType({})
HIDDEN = re.compile(r"[^\n\x20-\x7e]")
"""What may not show itself; a line's end stands only between values."""


def relative(path: str | None, base: str) -> str | None:
    """A path as it is written in a report: relative to the project where it lies in it, with slashes."""
    if path is None:
        return None
    inside = path == base or path.startswith(base.rstrip(os.sep) + os.sep)
    return (os.path.relpath(path, base) if inside else path).replace(os.sep, "/")


def dumps(document: Any, indent: int) -> str:
    """JSON in which everything that does not show itself is written as an escape sequence, and only that."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    return HIDDEN.sub(lambda match: match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1], text)


def findings_document(findings: Iterable[Finding], base: str, fixes: Mapping[Finding, Fix] = NO_FIXES) -> str:
    """``forksafe check --format json``.

    :param fixes: how findings can be repaired.
    """
    entries: list[dict[str, Any]] = [
        {
            "code": finding.code,
            "path": relative(finding.path, base),
            "line": finding.line,
            "column": finding.column + 1,
            "message": printable(finding.text),
            "chain": [
                {"node": hop.node, "path": relative(hop.path, base), "line": hop.line if hop.path else None}
                for hop in finding.chain
            ],
            **({"fix": _fix(fixes[finding], base)} if finding in fixes else {}),
        }
        for finding in findings
    ]
    return dumps({"schema": SCHEMA, "findings": entries}, indent=2)


def _fix(fix: Fix, base: str) -> dict[str, Any]:
    """A repair as ruff's JSON has it, with the path of each edit and a reason besides."""
    return {
        "applicability": fix.applicability,
        "message": printable(fix.message) or None,
        "reason": printable(fix.reason) or None,
        "edits": [
            {
                "path": relative(edit.path, base),
                "location": {"row": edit.line, "column": edit.column},
                "end_location": {"row": edit.end_line, "column": edit.end_column},
                "content": edit.content,
            }
            for edit in fix.edits
        ],
    }


def trace_document(traces: Iterable[Trace], catalogue: Catalogue, base: str) -> str:
    """``forksafe trace --format json``; several launches share one list of modules, first come first."""
    traces = list(traces)
    modules: dict[str, dict[str, Any]] = {}
    hazards: dict[str, dict[str, Any]] = {}
    for trace in traces:
        for module in trace.modules:
            modules.setdefault(
                module.name,
                {
                    "name": module.name,
                    "path": relative(module.path, base),
                    "origin": module.origin,
                    "certain": module.certain,
                    "step": module.step,
                    "importer": module.importer,
                    "line": module.line,
                },
            )
        for entry in trace_hazards(trace, catalogue, base):
            hazards.setdefault(entry["package"], entry)
    launches = [
        {"app": t.launch.app, "pool": t.launch.pool, "start_method": t.launch.start_method, "source": t.launch.source}
        for t in traces
    ]
    document = {
        "schema": SCHEMA,
        "launches": launches,
        "modules": list(modules.values()),
        "hazards": list(hazards.values()),
        "environment": traces[0].environment if traces else None,
        "undecided": sum(len(trace.notes) for trace in traces),
        "unresolved_calls": sum(trace.unresolved for trace in traces),
    }
    return dumps(document, indent=1)


def trace_hazards(trace: Trace, catalogue: Catalogue, base: str) -> list[dict[str, Any]]:
    """The reported hazards that a trace loads, each with its first chain; certain if any import of it is."""
    found: dict[str, dict[str, Any]] = {}
    for edge in trace.edges:
        hazard = catalogue.find(edge.loads) if edge.loads not in trace.paths else None
        if hazard is None or not hazard.reported or trace.after_fork(edge.loads):
            continue
        certain = edge.sure and trace.graph.is_certain(edge.source)
        if hazard.name in found:
            found[hazard.name]["certain"] |= certain
            continue
        found[hazard.name] = {
            "package": hazard.name,
            "certain": certain,
            "chain": [hop.node for hop in trace.chain(edge.source)],
            "path": relative(trace.paths.get(edge.source.module), base),
            "line": edge.line,
        }
    return list(found.values())
