"""Measure what importing the modules of popular packages loads, and write the table that stands in for environments.

    python benchmarks/third_parties.py measure --records DIRECTORY [--jobs N] [--setups] [DISTRIBUTION ...]
    python benchmarks/third_parties.py write --records DIRECTORY [--output FILE]
    python benchmarks/third_parties.py catalogue [DISTRIBUTION ...]

``measure`` installs each distribution (default: those of ``third_parties.txt``) with what it requires, and nothing
else, into a virtual environment of its own, by ``uv`` where there is one, else by pip; from wheels only.  Each of its
modules is imported in a fresh process (``third_parties_probe.py``), which tells the packages of the catalogue that were
loaded, by which modules, those that were looked for and are not installed, memory and threads.  A distribution whose
record lies in the directory already is passed over, so an interrupted run goes on, and a new release is measured by
removing its record; ``DISTRIBUTION==VERSION`` measures an older one besides, and ``DISTRIBUTION+OTHER`` one that is of
use beside another only.  With ``--setups``, only what Django apps do at ``django.setup()`` is measured.  Needs Linux
and an index of packages.

``write`` puts the records into ``flake8_forksafe/hazards/third_parties.jsonl``: a record takes the place of what the
table has of the same version of the same distribution, and all else stays as it is, so that one distribution can be
added without the records of the others.  What a module loads is written without what the packages around it load, which
are imported before it.

``catalogue`` measures the packages of ``hazards.toml`` in the same way, each without any package that it does not
require, and prints what differs there.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
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


def measure(requirement: str, records: Path, names: list[str], *options: str) -> str:
    """Measure one distribution, keep its record, and say how it went.

    :param options: of the probe.
    """
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
            command = [str(environment / "bin" / "python"), "-I", str(HERE / "third_parties_probe.py"), *options]
            done = subprocess.run([*command, record["distribution"], *names], capture_output=True, text=True,
                                  timeout=SECONDS, check=False)  # fmt: skip
            record = json.loads(done.stdout) if done.returncode == 0 else {**record, "error": done.stderr[-300:]}
    target.write_text(json.dumps(record), encoding="utf-8")
    modules, setups, apps = (len(record.get(key, ())) for key in ("modules", "setups", "apps"))
    told = f"{modules} modules, {setups} setups of {apps} apps"
    told += "".join(f", {app} not set up ({error})" for app, error in record.get("not set up", {}).items())
    return told if not record.get("error") else f"failed: {record['error'][-120:]}"


def measure_all(requirements: list[str], records: Path, jobs: int, *options: str) -> None:
    """Measure distributions, several at once."""
    records.mkdir(parents=True, exist_ok=True)
    names = [package["import"] for package in catalogue()]

    def one(requirement: str) -> tuple[str, str]:
        try:
            return requirement, measure(requirement, records, names, *options)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return requirement, f"failed: {error}"

    with ThreadPoolExecutor(jobs) as pool:
        for requirement, told in pool.map(one, requirements):
            print(f"{requirement}: {told}", flush=True)


def compare_catalogue(requirements: list[str], packages: list[Record]) -> None:
    """Measure packages of the catalogue, each alone, and print what they load and take beside what it says."""
    names = [package["import"] for package in packages]
    for package in packages:
        if requirements and package["distribution"] not in requirements:
            continue
        with tempfile.TemporaryDirectory(prefix="forksafe-") as directory:
            environment = Path(directory) / "venv"
            error = install(environment, package["distribution"])
            command = [str(environment / "bin" / "python"), "-I", str(HERE / "third_parties_probe.py"), "--module"]
            done = subprocess.run([*command, package["import"], *names], capture_output=True, text=True,
                                  timeout=SECONDS, check=False) if not error else None  # fmt: skip
        if done is None or done.returncode:
            print(f"{package['import']}: failed: {error or (done.stderr[-200:] if done else '')}", flush=True)
            continue
        found = json.loads(done.stdout)
        threads, optional = 1 + found["threads"], sorted(set(found["optional"]))
        print(f"{package['import']}: {found['mb']} MB, {threads} threads, pulls {sorted(found['loads'])}, "
              f"optional {optional}; the catalogue has {package.get('rss_import_mb')} MB, "
              f"{package.get('threads_import')} threads, pulls {package['pulls']}",
              found["error"], flush=True)  # fmt: skip


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
            entry["starts"] = plain_names(module["python_threads"])
        if not name and not parents and module.get("mb", 0) >= 1:
            entry["mb"] = round(module["mb"])
        if not name or loads or entry.get("starts"):
            yield f"{dotted}:{name}" if name else dotted, entry


def short(way: list[str]) -> list[str]:
    """The outermost and the innermost module of a chain."""
    return way if len(way) <= LONGEST_CHAIN else [way[0], way[-1]]


def setup_entries(record: Record, heavy: set[str]) -> Iterator[tuple[str, Record]]:
    """What the Django apps of a record do when Django is set up, and what their URLs look for in every app."""
    for module, found in record.get("setups", {}).items():
        own = record["distribution"].lower().replace("-", "_")
        loads = {package: inner(way, module.partition(".")[0]) for package, way in found.get("loads", {}).items()
                 if package in heavy and package != own}  # fmt: skip
        entry = {"discovers": found.get("discovers"), "loads": loads, "starts": plain_names(found.get("starts", ()))}
        entry = {key: value for key, value in entry.items() if value}
        if entry:
            yield module if module.endswith(".urls") else f"{module}:setup()", entry


def inner(way: list[str], top: str) -> list[str]:
    """A chain from the first module of a package on, as short as others."""
    first = next((index for index, module in enumerate(way) if module.partition(".")[0] == top), 0)
    return short(way[first:])


def plain_names(threads: Iterable[str]) -> list[str]:
    """Names of threads without what differs from run to run."""
    return sorted({re.sub(r"[-_ ]?\d+(?=$| \()", "", name) for name in threads})


def read_table(path: Path) -> dict[str, list[Record]]:
    """The versions in a table, by distribution; none where there is no table yet."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:] if path.exists() else []
    return {entry["distribution"]: entry["versions"] for entry in map(json.loads, lines)}


def put(table: dict[str, list[Record]], record: Record, heavy: set[str]) -> str:
    """Put a record into a table; what is wrong with it, or nothing."""
    name = normal(record["distribution"])
    versions = table.setdefault(name, [])
    known = next((one for one in versions if one["version"] == record["version"]), None)
    if record["modules"]:
        modules, light = {}, []
        for module, entry in entries(record, heavy):
            if set(entry) <= {"threads"}:
                light.append(module)
            else:
                modules[module] = entry
        light = [one for one in light if "." not in one or one.rpartition(".")[0] not in light]
        versions[:] = [one for one in versions if one is not known]
        known = {"version": record["version"], "modules": modules, "light": " ".join(light)}
        extras = useful_extras(record.get("extras", {}), modules)
        if extras:
            known["extras"] = extras
        versions.append(known)
    elif known is None:
        return f"{name} {record['version']}: only setups were measured, of a version that the table does not have"
    for module, entry in setup_entries(record, heavy):
        known["modules"][module] = {**known["modules"].get(module, {}), **entry}
        known["light"] = " ".join(one for one in known["light"].split() if one != module)
    return ""


def useful_extras(extras: dict[str, list[str]], modules: Record) -> dict[str, list[str]]:
    """The extras of a distribution that install what its modules load where it is installed."""
    wanted = {package for entry in modules.values() for package in entry.get("optional", ())}
    names = {normal(package["distribution"]): package["import"] for package in catalogue()}
    found = {}
    for extra, required in sorted(extras.items()):
        packages = sorted({names.get(normal(one), "") for one in required} & wanted)
        if packages:
            found[normal(extra)] = packages
    return found


def normal(name: str) -> str:
    """A name of a distribution or an extra as the index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def write(records: Path, output: Path) -> None:
    """Put all records into the table."""
    heavy = {package["import"] for package in catalogue() if package["default"]}
    table = read_table(output)
    for path in sorted(records.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        problem = record.get("error") or put(table, record, heavy)
        if problem:
            print(f"{path.stem}: {problem[-160:]}")
    output.write_text(table_of({name: versions for name, versions in table.items() if versions}), encoding="utf-8")
    print(f"{len(table)} distributions, {output.stat().st_size / 1024:.0f} KB")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("measure", "write", "catalogue"))
    parser.add_argument("requirements", nargs="*", metavar="DISTRIBUTION")
    parser.add_argument("--records", type=Path, default=Path("third-party-records"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--setups", action="store_true", help="measure only what Django apps do at django.setup()")
    parser.add_argument("--output", type=Path, default=HAZARDS / "third_parties.jsonl")
    options = parser.parse_intermixed_args()
    if options.command == "measure":
        measure_all(
            options.requirements or distributions(),
            options.records,
            options.jobs,
            *(["--setups"] if options.setups else []),
        )
    elif options.command == "catalogue":
        compare_catalogue(options.requirements, catalogue())
    else:
        write(options.records, options.output)


if __name__ == "__main__":
    main()
