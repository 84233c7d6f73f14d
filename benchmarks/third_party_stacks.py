"""What real workers on stacks of third parties load, beside what the trace names with and without their environment.

    python benchmarks/third_party_stacks.py [--write] [--environments DIRECTORY] [STACK ...]

A stack is a project in ``tests/stacks``.  What its ``requirements.txt`` asks for is installed into an environment;
``forksafe measure`` starts its worker there and stops at the first fork.  Printed are the packages of the catalogue
that are reported by default: those in the worker, and those that the trace names.  ``--write`` keeps that as the
stack's ``recorded.json``, which ``tests/hazards/test_stacks.py`` holds the trace without an environment against.
Environments are removed afterwards, except in a directory that is named; what lies there is used as it is.  Needs Linux
and an index of packages.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from third_parties import HERE, catalogue, install

STACKS = HERE.parent / "tests" / "stacks"
SECONDS = "600"
"""How long a worker may take to start."""
APPS = {"flask_otlp": "make_celery"}
"""Apps that ``celery -A`` is given, where it is not the one that is found."""


def forksafe(root: Path, *arguments: str) -> str:
    """What a command prints, in a process that is in no environment of its own."""
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
    command = [sys.executable, "-m", "flake8_forksafe", *arguments]
    return subprocess.run(command, cwd=root, env=kept, check=True, stdout=subprocess.PIPE, text=True).stdout


def named(root: Path, heavy: set[str], *arguments: str) -> dict[str, bool]:
    """The packages that the trace names, and whether each is certain."""
    document = json.loads(forksafe(root, "trace", "--format", "json", "--no-cache", *arguments))
    found: dict[str, bool] = {}
    for hazard in document["hazards"]:
        if hazard["package"] in heavy:
            found[hazard["package"]] = found.get(hazard["package"], False) or hazard["certain"]
    return dict(sorted(found.items()))


def estimated(root: Path, *arguments: str) -> int:
    """The estimate of the parent's memory, in MB."""
    (launch,) = json.loads(forksafe(root, "memory", "--format", "json", "--no-cache", *arguments))["launches"]
    return round(launch["parent_mb"])


def record(stack: Path, environment: Path, work: Path) -> dict[str, Any]:
    """Measure one stack."""
    requirements = [line for line in (stack / "requirements.txt").read_text(encoding="utf-8").split() if line]
    error = "" if environment.exists() else install(environment, "+".join(requirements))
    if error:
        raise RuntimeError(f"{stack.name}: {error}")
    root = work / stack.name
    shutil.copytree(stack, root)
    app = ["--app", APPS[stack.name]] if stack.name in APPS else []
    saved = work / f"{stack.name}.json"
    python = str(environment / "bin" / "python")
    forksafe(root, "measure", "--timeout", SECONDS, *app, "--python", python, "--save", str(saved))
    real = json.loads(saved.read_text(encoding="utf-8"))
    heavy = {package["import"] for package in catalogue() if package["default"]}
    loaded = {module["name"] for module in real["modules"]}
    return {
        "app": APPS.get(stack.name, ""),
        "versions": {"python": real["versions"]["python"], **versions(python)},
        "worker": sorted(heavy & loaded),
        "named without environment": named(root, heavy, *app),
        "named with environment": named(root, heavy, *app, "--environment", str(environment)),
        "worker mb": round(real["memory"]["rss"] / 2**20),
        "estimated mb without environment": estimated(root, *app),
        "threads": sorted(thread["name"] for thread in real["threads"]),
    }


def versions(python: str) -> dict[str, str]:
    """Names and versions of the distributions of an environment."""
    code = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    found: dict[str, str] = json.loads(subprocess.run([python, "-c", code], check=True, capture_output=True).stdout)
    return dict(sorted(found.items()))


def main() -> int:
    """The command line; 1 if what is named without an environment is not what the worker has loaded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stacks", nargs="*", metavar="STACK")
    parser.add_argument("--write", action="store_true", help="keep the results beside the stacks")
    parser.add_argument("--environments", type=Path, help="directory in which environments are kept")
    options = parser.parse_args()
    status = 0
    for stack in sorted(path for path in STACKS.iterdir() if path.is_dir()):
        if options.stacks and stack.name not in options.stacks:
            continue
        with tempfile.TemporaryDirectory(prefix="forksafe-") as directory:
            kept = (options.environments or Path(directory) / "environments").resolve()
            found = record(stack, kept / stack.name, Path(directory))
        print(stack.name, {key: value for key, value in found.items() if key != "versions"}, flush=True)
        status |= found["worker"] != list(found["named without environment"])
        if options.write:
            (stack / "recorded.json").write_text(f"{json.dumps(found, indent=1)}\n", encoding="utf-8")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
