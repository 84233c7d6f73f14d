"""Without an environment, what real workers on stacks of third parties had loaded is named, and nothing else.

``benchmarks/third_party_stacks.py`` recorded the workers at their first fork.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from helpers import check

STACKS = Path(__file__).parent.parent / "stacks"
NAMES = sorted(path.parent.name for path in STACKS.glob("*/recorded.json"))


def test_there_are_stacks() -> None:
    assert sorted(path.name for path in STACKS.iterdir() if path.is_dir()) == NAMES
    assert len(NAMES) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_what_the_worker_had_loaded_is_named(tmp_path: Path, name: str) -> None:
    recorded = json.loads((STACKS / name / "recorded.json").read_text(encoding="utf-8"))
    root = Path(shutil.copytree(STACKS / name, tmp_path / name))
    report = check(root, **({"app": recorded["app"]} if recorded["app"] else {}))
    (trace,) = report.traces
    reported = {hazard.name for hazard in report.catalogue.hazards.values() if hazard.reported}
    loaded = {module.name: module.certain for module in trace.modules if module.name in reported}
    assert sorted(loaded) == recorded["worker"]
    assert loaded == recorded["named without environment"]
    found = [finding.text for finding in report.findings if finding.code == "FS103"]
    assert all(any(repr(package) in text for text in found) for package in recorded["worker"])
