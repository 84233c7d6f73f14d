"""Measure what importing the modules of popular packages loads, and write the table that stands in for environments.

    python benchmarks/third_parties.py measure --records DIRECTORY [--jobs N] [DISTRIBUTION ...]
    python benchmarks/third_parties.py write --records DIRECTORY [--output FILE]

``measure`` installs each distribution (default: those of ``third_parties.txt``) with what it requires, and nothing
else, into a virtual environment of its own, by ``uv`` where there is one, else by pip; from wheels only.  Each of its
modules is imported in a fresh process (``third_parties_probe.py``), which tells the packages of the catalogue that were
loaded, by which modules, those that were looked for and are not installed, memory and threads.  A distribution whose
record lies in the directory already is passed over, so an interrupted run goes on, and a new release is measured by
removing its record; ``DISTRIBUTION==VERSION`` measures an older one besides, and ``DISTRIBUTION+OTHER`` one that is of
use beside another only.  Needs Linux and an index of packages.

``write`` makes ``flake8_forksafe/hazards/third_parties.jsonl`` of the records.  What a module loads is written without
what the packages around it load, which are imported before it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from flake8_forksafe.hazards.third_parties import table_of

HERE = Path(__file__).parent
HAZARDS = HERE.parent / "flake8_forksafe" / "hazards"
SECONDS = 900
FOR_DJANGO = ("django-", "djangorestframework", "drf-", "dj-")
"""What is of use with Django only, though not all of it says so in its requirements."""
LONGEST_CHAIN = 2
"""Modules between a module and what it loads: the outermost and the innermost."""

Record = dict[str, Any]


def catalogue() -> list[Record]:
    """The packages of the catalogue."""
    packages: list[Record] = tomllib.loads((HAZARDS / "hazards.toml").read_text(encoding="utf-8"))["package"]
    return packages


def distributions() -> list[str]:
    """The names in ``third_parties.txt``."""
    lines = (HERE / "third_parties.txt").read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(name for line in lines if not line.startswith("#") for name in line.split()))


def install(environment: Path, requirement: str) -> str:
    """Make an environment that holds a distribution; the error if that fails."""
    requirements = requirement.split("+")
    if requirement.lower().startswith(FOR_DJANGO):
        requirements.append("Django")
    uv = shutil.which("uv")
    if uv is not None:
        commands = [[uv, "venv", "-q", "-p", sys.executable, str(environment)],
                    [uv, "pip", "install", "-q", "--no-build", "-p", str(environment), *requirements]]  # fmt: skip
    else:
        pip = str(environment / "bin" / "pip")
        commands = [[sys.executable, "-m", "venv", str(environment)],
                    [pip, "install", "-q", "--only-binary", ":all:", *requirements]]  # fmt: skip
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode:
            return done.stderr.strip()[-300:]
    return ""


def measure(requirement: str, records: Path, names: list[str]) -> str:
    """Measure one distribution, keep its record, and say how it went."""
    target = records / f"{requirement}.json"
    if target.exists():
        return "known"
    with tempfile.TemporaryDirectory(prefix="forksafe-") as directory:
        environment = Path(directory) / "venv"
        error = install(environment, requirement)
        record: Record = {
            "distribution": requirement.partition("+")[0].partition("==")[0],
            "error": error,
            "modules": [],
        }
        if not error:
            command = [str(environment / "bin" / "python"), "-I", str(HERE / "third_parties_probe.py")]
            done = subprocess.run([*command, record["distribution"], *names], capture_output=True, text=True,
                                  timeout=SECONDS, check=False)  # fmt: skip
            record = json.loads(done.stdout) if done.returncode == 0 else {**record, "error": done.stderr[-300:]}
    target.write_text(json.dumps(record), encoding="utf-8")
    return f"{len(record['modules'])} modules" if not record.get("error") else f"failed: {record['error'][-120:]}"


def measure_all(requirements: list[str], records: Path, jobs: int) -> None:
    """Measure distributions, several at once."""
    records.mkdir(parents=True, exist_ok=True)
    names = [package["import"] for package in catalogue()]

    def one(requirement: str) -> tuple[str, str]:
        try:
            return requirement, measure(requirement, records, names)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return requirement, f"failed: {error}"

    with ThreadPoolExecutor(jobs) as pool:
        for requirement, told in pool.map(one, requirements):
            print(f"{requirement}: {told}", flush=True)


def entries(record: Record, heavy: set[str]) -> Iterator[tuple[str, Record]]:
    """The modules of a record, the outermost first, each without what the packages around it load."""
    around: dict[str, set[str]] = {}
    for module in sorted(record["modules"], key=lambda one: (one["module"].count("."), one["module"], one["name"])):
        dotted, name = module["module"], module["name"]
        parents = [dotted.rsplit(".", count)[0] for count in range(1, dotted.count(".") + 1)]
        known = set().union(
            *(around.get(parent, set()) for parent in parents), around.get(dotted, set()) if name else set()
        )
        own = {record["distribution"].lower().replace("-", "_"), *parents, dotted}
        loads = {package: short(way) for package, way in module.get("loads", {}).items()
                 if package in heavy and package not in known and package not in own}  # fmt: skip
        optional = {package: short(way) for package, way in module.get("optional", {}).items()
                    if package in heavy and package not in known and package not in own}  # fmt: skip
        if module["error"] and not loads:
            continue
        if not name:
            around[dotted] = set(loads) | set(optional)
        entry: Record = {}
        if loads:
            entry["loads"] = loads
        if optional:
            entry["optional"] = optional
        if module.get("threads") and not name:
            entry["threads"] = module["threads"]
        if module.get("python_threads"):
            entry["starts"] = sorted(set(module["python_threads"]))
        if not name and not parents and module.get("mb", 0) >= 1:
            entry["mb"] = round(module["mb"])
        if not name or loads or entry.get("starts"):
            yield f"{dotted}:{name}" if name else dotted, entry


def short(way: list[str]) -> list[str]:
    """The outermost and the innermost module of a chain."""
    return way if len(way) <= LONGEST_CHAIN else [way[0], way[-1]]


def write(records: Path, output: Path) -> None:
    """Write the table."""
    heavy = {package["import"] for package in catalogue() if package["default"]}
    table: dict[str, list[Record]] = {}
    counts = [0, 0]
    for path in sorted(records.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("error") or not record["modules"]:
            continue
        modules, light = {}, []
        for name, entry in entries(record, heavy):
            counts[1] += ":" not in name
            if set(entry) <= {"mb", "threads"}:
                light.append(name)
            else:
                modules[name] = entry
        counts[0] += 1
        name = record["distribution"].lower().replace("_", "-").replace(".", "-")
        light = [one for one in light if "." not in one or one.rpartition(".")[0] not in light]
        table.setdefault(name, []).append({"version": record["version"], "modules": modules, "light": " ".join(light)})
    output.write_text(table_of(table), encoding="utf-8")
    print(f"{counts[0]} distributions, {counts[1]} modules, {output.stat().st_size / 1024:.0f} KB")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("measure", "write"))
    parser.add_argument("requirements", nargs="*", metavar="DISTRIBUTION")
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--output", type=Path, default=HAZARDS / "third_parties.jsonl")
    options = parser.parse_intermixed_args()
    if options.command == "measure":
        measure_all(options.requirements or distributions(), options.records, options.jobs)
    else:
        write(options.records, options.output)


if __name__ == "__main__":
    main()
