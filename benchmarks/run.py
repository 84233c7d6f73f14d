"""Measure forksafe against what it is compared with: ``python benchmarks/run.py``.

Prints a table, and writes ``benchmarks/results.json``, where rows that are not asked for keep their figures, and
docs/performance.md from it; ``--write-docs`` does only the latter.  Needs network on the first run.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from page import figures, judged, page, shown
from rows import GROUPS, ROWS, Bench, Figure
from subjects import PACKAGES, ROOT, Environments, environments

RESULTS = Path(__file__).resolve().parent / "results.json"
PAGE = ROOT / "docs" / "performance.md"
MEASURED_WITH = ("flake8", "import-linter", "python-lsp-server", "libcst")


def machine() -> str:
    """The machine: processor, how many cores, and system."""
    import os

    name = platform.processor() or platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return f"{model[1] if model else name}, {os.cpu_count()} cores, {platform.system()}"


def versions(found: Environments) -> dict[str, str]:
    """The versions of everything that takes part."""
    script = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"
    command = [str(found.plugin / "python"), "-c", script, *MEASURED_WITH]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    subjects = {package.name: package.version for package in PACKAGES}
    return {"Python": platform.python_version(), **dict(zip(MEASURED_WITH, printed, strict=True)), **subjects}


def measure(bench: Bench, groups: list[str]) -> list[Figure]:
    """Measure, telling each figure as it comes."""
    rows = {row.key: row for row in ROWS}
    found = []
    for group in groups:
        for figure in GROUPS[group](bench):
            found.append(figure)
            row = rows[figure.row]
            beside = f" (processor {shown(row, figure.cpu)})" if figure.cpu is not None else ""
            print(f"{row.what}: {figure.subject}: {shown(row, figure.value)}{beside}", flush=True)
    return found


def merged(known: dict[str, Any], found: list[Figure], bench: Bench) -> dict[str, Any]:
    """The results with new figures in place of old ones of the same rows, in the order of the table."""
    new = {figure.row for figure in found}
    kept = [figure for figure in known.get("figures", ()) if figure["row"] not in new]
    order = [row.key for row in ROWS]
    every = sorted([*kept, *map(plain, found)], key=lambda figure: order.index(figure["row"]))
    return {"machine": machine(), "versions": versions(bench.environments), "figures": every}


def plain(figure: Figure) -> dict[str, Any]:
    """A figure as JSON has it."""
    rounded = None if figure.cpu is None else round(figure.cpu, 3)
    return {**figure._asdict(), "value": round(figure.value, 3), "cpu": rounded}


def read() -> dict[str, Any]:
    """The results that are kept."""
    if not RESULTS.exists():
        return {}
    known: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return known


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Measure forksafe against what it is compared with.")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "forksafe-benchmarks",
                        help="where subjects and environments are kept (default: %(default)s)")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=5, help="runs of each side (default: %(default)s)")
    parser.add_argument("--groups", nargs="+", choices=list(GROUPS), default=list(GROUPS), metavar="GROUP",
                        help=f"what to measure: {', '.join(GROUPS)} (default: all, in this order)")  # fmt: skip
    parser.add_argument("--write-docs", action="store_true", help="write docs/performance.md, and measure nothing")
    parser.add_argument("--check-docs", action="store_true", help="only tell whether docs/performance.md is current")
    options = parser.parse_args()
    if options.check_docs:
        if PAGE.read_text(encoding="utf-8") != page(read()):
            raise SystemExit(f"{PAGE.name} is not current: python benchmarks/run.py --write-docs")
        return
    if options.write_docs:
        PAGE.write_text(page(read()), encoding="utf-8")
        return
    options.cache.mkdir(parents=True, exist_ok=True)
    cache = options.cache.resolve()
    bench = Bench(environments(cache), cache, options.rounds)
    for group in options.groups:
        results = merged(read(), measure(bench, [group]), bench)
        RESULTS.write_text(json.dumps(results) + "\n", encoding="utf-8")
        PAGE.write_text(page(results), encoding="utf-8")
    for row in ROWS:
        for figure in figures(read(), row):
            print(f"{row.key:16} {figure['subject']:16} {shown(row, figure['value']):>8} {judged(row, figure)}")


if __name__ == "__main__":
    main()
