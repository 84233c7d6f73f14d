"""Converts outcomes to JSON and back, with validation."""

from __future__ import annotations

import json
from typing import Any

from flake8_forksafe.finding import Finding, Hop, Outcome, Remark


def dumps(outcome: Outcome) -> bytes:
    """An outcome as JSON."""
    return json.dumps(outcome, separators=(",", ":")).encode()


def loads(data: bytes) -> Outcome | None:
    """The outcome in some JSON; None if there is none."""
    try:
        return outcome_of_plain(json.loads(data))
    except (ValueError, TypeError, RecursionError):
        return None


def outcome_of_plain(value: Any) -> Outcome:
    """The outcome in plain data.

    :raises ValueError: if it is none; or TypeError.
    """
    findings, remarks, apps, files, others, inside = value
    return Outcome(
        tuple(map(_finding, findings)), tuple(map(_remark, remarks)), _of(int, apps), _of(int, files),
        tuple(_of(str, other) for other in others), tuple(_of(str, project) for project in inside),
    )  # fmt: skip


def _finding(value: Any) -> Finding:
    path, line, column, code, what, subject, chain, instead, place, workers = value
    return Finding(
        _of(str, path), _of(int, line), _of(int, column), _of(str, code), _of(str, what), _of(str, subject),
        tuple(map(_hop, chain)), _of(str, instead), (_of(str, place[0]), _of(int, place[1])) if place else None,
        tuple(_of(str, worker) for worker in workers),
    )  # fmt: skip


def _hop(value: Any) -> Hop:
    node, path, line, kind, step, source = value
    path = path if path is None else _of(str, path)
    return Hop(_of(str, node), path, _of(int, line), _of(str, kind), _of(str, step), _of(str, source))


def _remark(value: Any) -> Remark:
    text, path, line = value
    return Remark(_of(str, text), path if path is None else _of(str, path), _of(int, line))


def _of(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise ValueError(f"{value!r} is no {kind.__name__}")
    return value
