"""The page of figures is the one that the benchmarks write, and what they generate is loaded as a whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from flake8_forksafe.analysis import analyse
from flake8_forksafe.settings import make_settings

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def benchmark(script: str, *arguments: str, directory: Path = BENCHMARKS) -> subprocess.CompletedProcess[str]:
    """Run a script of the benchmarks."""
    command = [sys.executable, str(directory / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_page_is_current() -> None:
    done = benchmark("run.py", "--check-docs")
    assert (done.returncode, done.stderr) == (0, "")


def test_changed_figure_makes_the_page_stale(tmp_path: Path) -> None:
    scripts = {path.name: path.read_text(encoding="utf-8") for path in BENCHMARKS.glob("*.py")}
    results = json.loads((BENCHMARKS / "results.json").read_text(encoding="utf-8"))
    results["figures"][0]["value"] += 1
    page = (BENCHMARKS.parent / "docs" / "performance.md").read_text(encoding="utf-8")
    for name, text in {**scripts, "results.json": json.dumps(results), "../docs/performance.md": page}.items():
        target = tmp_path / "benchmarks" / name
        target.parent.mkdir(exist_ok=True)
        (tmp_path / "docs").mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
    done = benchmark("run.py", "--check-docs", directory=tmp_path / "benchmarks")
    assert done.returncode == 1
    assert "--write-docs" in done.stderr
    assert benchmark("run.py", "--write-docs", directory=tmp_path / "benchmarks").returncode == 0
    assert benchmark("run.py", "--check-docs", directory=tmp_path / "benchmarks").returncode == 0


def test_page_shows_every_figure() -> None:
    results = json.loads((BENCHMARKS / "results.json").read_text(encoding="utf-8"))
    page = (BENCHMARKS.parent / "docs" / "performance.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and " not measured " not in line]
    assert len(rows) == len(results["figures"]) + 2  # the heading and the rule under it


@pytest.mark.parametrize("modules", [1, 60])
def test_generated_project_is_loaded_as_a_whole(tmp_path: Path, modules: int) -> None:
    assert benchmark("generate.py", str(tmp_path), str(modules)).returncode == 0
    written = {str(path) for path in tmp_path.rglob("*.py")}
    assert len(written) >= modules
    report = analyse(make_settings(str(tmp_path), {"no_cache": True}))
    assert set(report.sources.used) == written
