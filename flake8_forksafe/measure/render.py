"""Recordings, comparisons and changes as text, Markdown and JSON."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flake8_forksafe.measure.compare import Change, Comparison, Difference, HazardFound
from flake8_forksafe.project.measurement import Measurement

MEBIBYTE = 2**20
SHOWN = 10
"""How many names of one kind a text lists; JSON and --save have all."""


def megabytes(amount: float | None) -> str:
    """Bytes in units of 2**20, as Docker counts them."""
    return "unknown" if amount is None else f"{amount / MEBIBYTE:.1f} MB"


def recording_text(recording: Mapping[str, Any], measured: Measurement, project: str) -> Iterator[str]:
    """What the worker did until its first fork."""
    versions = ", ".join(f"{name} {version}" for name, version in recording["versions"].items())
    ended = {
        "fork": "forked", "none": "started a pool that does not fork", "spawn": "was about to spawn its children",
        "forkserver": "was about to start a fork server",
    }.get(recording["start_method"], recording["start_method"])  # fmt: skip
    program = os.path.basename(recording["argv"][0]) if "host" in recording else "celery"
    yield f"{' '.join([program, *recording['argv'][1:]])}  ({versions})"
    yield f"  {ended} after {recording['seconds']:.2f} s; pool {recording['pool']}"
    for step in recording["steps"]:
        if step["seconds"] >= 0.01:
            calls = f" in {step['calls']} calls" if step["calls"] > 1 else ""
            yield f"    {'  ' * len(step['within'])}{step['step']}: {step['seconds']:.2f} s{calls}"
    parent = measured.parent
    pss = f", PSS {megabytes(parent.pss)}" if parent.pss is not None else " (PSS is not available on this platform)"
    yield f"  memory of {recording.get('main', 'MainProcess')}: RSS {megabytes(parent.rss)}{pss}"
    yield from threads_text(recording, project)
    for fork in recording["early_forks"]:
        yield f"  the project itself forked before the pool started{_started(fork, project)}"


def threads_text(recording: Mapping[str, Any], project: str) -> Iterator[str]:
    """Threads that will not exist in the children."""
    for thread in recording["threads"]:
        yield f"  thread {thread['name']}{_started(thread['started_by'], project)}"
    native = recording["native_threads"]
    if native is None:
        yield "  native threads: not available on this platform"
    elif native:
        names = ", ".join(
            f"{count} named {name!r}" for name, count in Counter(thread["name"] for thread in native).items()
        )
        yield f"  native threads: {names}"
    if recording["libraries"]:
        yield f"  libraries with threads of their own: {', '.join(entry['name'] for entry in recording['libraries'])}"


def _started(stack: Sequence[Mapping[str, Any]], project: str) -> str:
    """The line that started something: the project's innermost if there is one, else the innermost."""
    own = [frame for frame in stack if frame["path"].startswith(project.rstrip(os.sep) + os.sep)
           and "site-packages" not in frame["path"]]  # fmt: skip
    for frame in (own or stack)[:1]:
        path = os.path.relpath(frame["path"], project) if own else frame["path"]
        return f", started at {path}:{frame['line']} in {frame['function']}"
    return ""


def comparison_text(comparison: Comparison) -> Iterator[str]:
    """Reality beside the prediction."""
    yield (
        f"  first-party modules: {len(comparison.agreed)} agreed, {len(comparison.missed)} missed by the trace, "
        f"{len(comparison.spurious)} spurious"
    )
    yield from _differences("missed", comparison.missed)
    yield from _differences("spurious", comparison.spurious)
    hazards = ", ".join(comparison.hazards_agreed) or "none"
    yield f"  hazards: agreed {hazards}"
    for kind, entries in (("missed", comparison.hazards_missed), ("pulled in", comparison.pulled)):
        for hazard in entries:
            yield f"    {kind} {hazard_text(hazard)}"
    for name in comparison.hazards_spurious:
        yield f"    spurious {name}"


def hazard_text(hazard: HazardFound) -> str:
    """A hazard with its chain."""
    if len(hazard.chain) < 2:
        return hazard.package
    return f"{hazard.package}: {' → '.join(hazard.chain[:-1])} (imported at line {hazard.line} of {hazard.chain[0]})"


def _differences(kind: str, differences: Sequence[Difference]) -> Iterator[str]:
    """Those that no other difference led to, and how many each led to."""
    first = [difference for difference in differences if difference.after is None]
    followers = Counter(difference.after for difference in differences)
    for difference in first[:SHOWN]:
        place = difference.place
        by = f"  ← {place.importer}:{place.line}" if place.importer else ""
        by += f", called from {place.called}" if place.called else ""
        more = f", and {followers[difference.name]} more after it" if followers[difference.name] else ""
        maybe = "" if difference.certain else " (maybe)"
        step = f"  [{place.step}]" if place.step else ""
        yield f"    {kind} {difference.name}{maybe}{by}{step}{more}"
    if len(first) > SHOWN:
        yield f"    and {len(first) - SHOWN} more; --format json lists all"


def children_text(recording: Mapping[str, Any], measured: Measurement, memory: int | None) -> Iterator[str]:
    """The children's memory, and how many fit."""
    if not measured.children:
        return
    count, up = len(measured.children), recording["children_up"]
    if up < count:
        yield f"  {count - up} of {count} children did not come up: worker_process_init hangs or failed in them"
    if measured.per_child is None or measured.shared is None:
        rss = ", ".join(megabytes(child.rss) for child in measured.children)
        yield f"  {count} children: RSS {rss}; what they share is unknown on this platform"
        return
    yield (
        f"  {count} children: {megabytes(measured.per_child)} of each are its own (after worker_process_init and a "
        f"garbage collection), {megabytes(measured.shared)} are shared"
    )
    if memory is not None:
        yield (
            f"  {megabytes(memory)} hold MainProcess and {measured.concurrency(memory)} children, "
            "before any task has used memory"
        )


def change_text(difference: Change) -> Iterator[str]:
    """What a change freed."""
    for label, before, after in difference.figures:
        if before is not None or after is not None:
            yield f"{label}: {figure(label, before)} → {figure(label, after)}"
    for kind, names in (("no longer imported", difference.modules_gone), ("newly imported", difference.modules_new)):
        packages = Counter(name.partition(".")[0] for name in names)
        listed = ", ".join(f"{name} ({count})" for name, count in packages.most_common(SHOWN))
        if packages:
            more = f" and {len(packages) - SHOWN} more" if len(packages) > SHOWN else ""
            yield f"{kind}: {len(names)} modules: {listed}{more}"
    for kind, names in (("hazards gone", difference.hazards_gone), ("new hazards", difference.hazards_new)):
        if names:
            yield f"{kind}: {', '.join(names)}"


def change_table(difference: Change) -> Iterator[str]:
    """The same as a Markdown table for a pull request."""
    yield "| before the first fork | before | after | change |"
    yield "|---|---:|---:|---:|"
    for label, before, after in difference.figures:
        if before is not None or after is not None:
            known = before is not None and after is not None
            delta = figure(label, (after or 0) - (before or 0), True) if known else ""
            yield f"| {label} | {figure(label, before)} | {figure(label, after)} | {delta} |"
    for kind, names in (("hazards gone", difference.hazards_gone), ("new hazards", difference.hazards_new)):
        if names:
            yield f"| {kind} | | {', '.join(f'`{name}`' for name in names)} | |"


def figure(label: str, value: float | None, signed: bool = False) -> str:
    """A figure of a change in its unit."""
    if value is None:
        return "–"
    sign = "+" if signed and value > 0 else ""
    if label in ("MainProcess RSS", "MainProcess PSS", "per child"):
        return f"{sign}{megabytes(value)}"
    if label == "seconds to the fork":
        return f"{sign}{value:.2f} s"
    return f"{sign}{value:.0f}"


def document_of(
    recording: Mapping[str, Any], comparison: Comparison, measured: Measurement, memory: int | None
) -> dict[str, Any]:
    """Everything but the modules that agree with the prediction, for ``--format json``."""
    shown = {key: value for key, value in recording.items() if key not in ("modules", "error")}
    return {
        "schema": recording["schema"],
        "measured": {**shown, "modules": len(recording["modules"])},
        "comparison": {
            "agreed": list(comparison.agreed),
            "missed": [_entry(difference) for difference in comparison.missed],
            "spurious": [_entry(difference) for difference in comparison.spurious],
            "recall": round(comparison.recall, 4),
            "precision": round(comparison.precision, 4),
            "hazards_agreed": list(comparison.hazards_agreed),
            "hazards_missed": [hazard._asdict() for hazard in comparison.hazards_missed],
            "hazards_spurious": list(comparison.hazards_spurious),
            "hazards_pulled_in": [hazard._asdict() for hazard in comparison.pulled],
        },
        "pool": {
            "per_child": measured.per_child,
            "shared": measured.shared,
            "memory": memory,
            "concurrency": measured.concurrency(memory) if memory is not None else None,
        },
    }


def _entry(difference: Difference) -> dict[str, Any]:
    return {
        "name": difference.name,
        "path": difference.path,
        **difference.place._asdict(),
        "after": difference.after,
        "certain": difference.certain,
    }
