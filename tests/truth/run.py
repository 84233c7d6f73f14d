"""Compare the traces of public projects with what their real workers had imported at their first fork.

    tox -e truth                 # all projects
    tox -e truth -- pretix       # one of them

Each JSON file beside this script was recorded by starting the project's worker with its own locked dependencies and
listing what was imported at the first ``fork()``.  The source is fetched from PyPI into a directory outside the
repository; it is only read.  Superset's worker had a ``superset_config.py``, as the project's image has one: what is
written beside the source.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("FORKSAFE_TRUTH_CACHE", Path(tempfile.gettempdir()) / "forksafe-truth"))
PRECISION = RECALL = 0.98
PRECISION_CERTAIN = 1.0
"""What a trace calls certain is loaded."""
RECALL_IMPORT_EDGES = 0.94
"""Lower, since nautobot is started by a console script of its own, which its wheel does not tell."""


def fetch(truth: dict[str, Any]) -> Path:
    """The directory that holds the project's source."""
    target: Path = CACHE / truth["requirement"].replace("==", "-")
    if not target.is_dir():
        with tempfile.TemporaryDirectory() as directory:
            # The project is not run: whether its Python version is this one does not matter.
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--ignore-requires-python"]
            subprocess.run([*command, "--dest", directory, truth["requirement"]], check=True)
            (wheel,) = Path(directory).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(target)
    copy = truth.get("copy_settings")
    if copy:
        text = (target / copy["from"]).read_text(encoding="utf-8")
        (target / copy["to"]).write_text(text.replace(*copy["replace"]), encoding="utf-8")
    for name, lines in truth.get("files", {}).items():
        (target / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target


def trace(truth: dict[str, Any], source: Path) -> dict[str, Any]:
    """What forksafe says is loaded."""
    command = [
        sys.executable,
        "-m",
        "flake8_forksafe",
        "trace",
        "--format",
        "json",
        "--no-cache",
        "--app",
        truth["app"],
    ]
    if truth["django_settings"]:
        command += ["--django-settings", truth["django_settings"]]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True, check=True)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def score(truth: dict[str, Any], document: dict[str, Any]) -> tuple[dict[str, float], set[str], set[str]]:
    """Recall, that of import edges alone, precision, that of what is certain; what was missed, and what is wrong."""
    direct = set(truth["by_import_edges"])
    real = direct | set(truth["under_functions"])
    tops = {name.partition(".")[0] for name in real}
    certain = {
        module["name"]: module["certain"]
        for module in document["modules"]
        if module["name"].partition(".")[0] in tops and str(module["path"]).endswith(".py")
    }
    ours, sure = set(certain), {name for name in certain if certain[name]}
    figures = {
        "recall": len(real & ours) / len(real),
        "recall_import_edges": len(direct & ours) / len(direct),
        "precision": len(real & ours) / len(ours),
        "precision_certain": len(real & sure) / len(sure),
    }
    return figures, real - ours, ours - real


def main(names: list[str]) -> int:
    """Print a line for each project and what it got wrong; fail if a figure is below its bar."""
    status = 0
    for path in sorted(HERE.glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        if names and truth["project"] not in names:
            continue
        document = trace(truth, fetch(truth))
        figures, missed, spurious = score(truth, document)
        hazards = {hazard["package"].partition(".")[0] for hazard in document["hazards"]}
        wrong = sorted(hazards - set(truth["heavy"]) - set(truth["third_party"]))
        print(truth["project"], *(f"{name} {value:.3f}" for name, value in figures.items()))
        print(f"  heavy found {sorted(hazards & set(truth['heavy']))} of {truth['heavy']}, wrongly {wrong}")
        for kind, modules in (("missed", missed), ("spurious", spurious)):
            for module in sorted(modules):
                print(f"  {kind} {module}")
        bars = {"recall": RECALL, "recall_import_edges": RECALL_IMPORT_EDGES, "precision": PRECISION}
        bars["precision_certain"] = PRECISION_CERTAIN
        if any(figures[name] < bar for name, bar in bars.items()) or not hazards >= set(truth["heavy"]):
            status = 1
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
