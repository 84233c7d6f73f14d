"""docs/performance.md, written from benchmarks/results.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rows import ROWS, Row

INTRODUCTION = """\
# Performance

A linter that runs on every save has to be unnoticeable.
So each figure here is a comparison with what you run anyway, both sides measured in turns on the same files,
and stands beside the bar that it must reach and the stretch that we hope for.
"""
METHOD = """\
## How it is measured

`python benchmarks/run.py` fetches or generates the subjects, makes two environments that differ in the plugin,
and measures each row; `--write-docs` writes this page from the figures,
which `benchmarks/results.json` keeps with every single run.
A ratio is the median of the ratios of the rounds, by the clock; processor time stands beside it,
since it depends less on what else the machine does.
*Cold* is a run without the cache; on a *warm* one nothing has changed since the last.
Where a figure is judged, the clock counts, and the worst subject.

The subjects are the released wheels of public projects as they are, without their dependencies,
and projects that `benchmarks/generate.py` writes, every module of which a worker loads.
"""


def page(results: dict[str, Any]) -> str:
    """The page."""
    return "\n".join(
        (
            INTRODUCTION,
            f"Measured on {results['machine']}, with {versions(results)}.",
            "",
            *table(results),
            "",
            *shortfalls(results),
            METHOD.rstrip(),
            "",
        )
    )


def versions(results: dict[str, Any]) -> str:
    """What was measured, with what."""
    return ", ".join(f"{name} {version}" for name, version in results["versions"].items())


def table(results: dict[str, Any]) -> Iterator[str]:
    """The figures, row by row."""
    yield "| What | Subject | Clock | Processor | Bar | Stretch | |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for row in ROWS:
        if not figures(results, row):
            bars = shown(row, row.bar, "≤ "), shown(row, row.stretch, "≤ ")
            yield f"| {' | '.join((row.what, 'not measured', '', '', *bars, ''))} |"
        for number, figure in enumerate(figures(results, row)):
            what = row.what if number == 0 else ""
            verdict = judged(row, figure)
            cells = (what, figure["subject"], shown(row, figure["value"]), shown(row, figure["cpu"]),
                     shown(row, row.bar, "≤ "), shown(row, row.stretch, "≤ "), verdict)  # fmt: skip
            yield f"| {' | '.join(cells)} |"


def figures(results: dict[str, Any], row: Row) -> list[dict[str, Any]]:
    """What was measured for a row."""
    return [figure for figure in results["figures"] if figure["row"] == row.key]


def is_judged(row: Row, figure: dict[str, Any]) -> bool:
    """Whether the bar is for this subject: of the generated projects, only the largest counts."""
    return row.bar is not None and (row.group != "scale" or figure["subject"].startswith("16,000"))


def judged(row: Row, figure: dict[str, Any]) -> str:
    """Whether a figure reaches its bar."""
    if row.bar is None or row.stretch is None or not is_judged(row, figure):
        return ""
    if figure["value"] <= row.stretch:
        return "stretch reached"
    return "reached" if figure["value"] <= row.bar else "**missed**"


def shown(row: Row, value: float | None, sign: str = "") -> str:
    """A figure with its unit."""
    if value is None:
        return ""
    if row.unit == "ratio":
        return f"{sign}{value:.2f}"
    return f"{sign}{value:.0f}" if row.unit == "count" else f"{sign}{value:.0f} {row.unit}"


def shortfalls(results: dict[str, Any]) -> Iterator[str]:
    """What does not reach its bar."""
    missed = [(row, figure) for row in ROWS for figure in figures(results, row) if judged(row, figure) == "**missed**"]
    yield "## What falls short"
    yield ""
    if not missed:
        yield "Nothing: every row reaches its bar."
    for row, figure in missed:
        bar = shown(row, row.bar)
        yield f"- {row.what} ({figure['subject']}): {shown(row, figure['value'])}, where the bar is {bar}."
    yield ""
