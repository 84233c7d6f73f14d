"""Import modules of the table of third parties in fresh environments, and compare with what the table says.

    python benchmarks/third_parties_sample.py [--seed N] [--count N] [--loading] [--output FILE]

``random.Random(SEED)`` draws the modules from all that ``third_parties.jsonl`` names, with ``--loading`` from those
that load a package of the catalogue.  For each, the distribution is installed in the version that was measured, with
today's releases of what it requires, into an environment of its own that is removed afterwards; the module is imported
there as ``third_parties_probe.py`` imports it.  Two things are compared: the catalogue's packages that are loaded, and
the names of Python threads.  Needs what ``third_parties.py`` needs, and the Python version that the table was measured
with (3.12).
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from third_parties import FOR_DJANGO, HERE, SECONDS, catalogue, install, plain_names

from flake8_forksafe.hazards.third_parties import MeasuredVersion, load_third_parties


class Drawn(NamedTuple):
    """One module of the table."""

    version: MeasuredVersion
    module: str


class Seen(NamedTuple):
    """What an import did, or is said to do: the catalogue's packages it loads, and the threads it starts."""

    loads: frozenset[str]
    starts: frozenset[str]


def all_modules() -> Iterator[Drawn]:
    """Every module that the table names, in its order."""
    table = load_third_parties()
    known = set()
    for top in table.tops:
        for versions in table.distributions(top):
            for version in versions:
                if (version.distribution, version.version) not in known:
                    known.add((version.distribution, version.version))
                    yield from (Drawn(version, module) for module in version.modules if ":" not in module)


def said(drawn: Drawn) -> Seen:
    """What the table says about a module, the packages around it included."""
    parts = drawn.module.split(".")
    around = [drawn.version.modules.get(".".join(parts[:count]), {}) for count in range(1, len(parts) + 1)]
    loads = {package for entry in around for package in entry.get("loads", ())}
    return Seen(frozenset(loads), frozenset(name for entry in around for name in entry.get("starts", ())))


def seen(drawn: Drawn, names: list[str], heavy: set[str]) -> Seen | str:
    """What importing it in a fresh environment does, or the error."""
    name = drawn.version.distribution
    with tempfile.TemporaryDirectory(prefix="forksafe-") as directory:
        environment = Path(directory) / "venv"
        requirement = f"{name}=={drawn.version.version}"
        needs_django = not name.startswith(FOR_DJANGO) and "django" in drawn.module
        error = install(environment, f"{requirement}+Django" if needs_django else requirement)
        if error:
            return f"not installed: {error[-150:]}"
        command = [str(environment / "bin" / "python"), "-I", str(HERE / "third_parties_probe.py"), "--one"]
        done = subprocess.run([*command, name, drawn.module, *names], capture_output=True, text=True,
                              timeout=SECONDS, check=False)  # fmt: skip
    if done.returncode:
        return f"not measured: {done.stderr[-150:]}"
    record = json.loads(done.stdout)
    # What a module has loaded by the time that it fails is in the table, what one without effects fails with is not.
    if record["error"] and not record.get("loads"):
        return f"not imported: {record['error']}"
    own = {name.replace("-", "_"), drawn.module, *parents(drawn.module)}
    loads = {package for package in record["loads"] if package in heavy and package not in own}
    return Seen(frozenset(loads), frozenset(plain_names(record["python_threads"])))


def parents(module: str) -> Iterator[str]:
    """The packages around a module."""
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


def compare(drawn: list[Drawn], told: Callable[[str], None]) -> list[dict[str, object]]:
    """What the table says of each module, beside what is seen."""
    packages = catalogue()
    names = [package["import"] for package in packages]
    heavy = {package["import"] for package in packages if package["default"]}
    rows = []
    for one in drawn:
        expected, found = said(one), seen(one, names, heavy)
        row: dict[str, object] = {
            "distribution": one.version.distribution, "version": one.version.version, "module": one.module,
            "says": {"loads": sorted(expected.loads), "starts": sorted(expected.starts)},
        }  # fmt: skip
        if isinstance(found, str):
            row["failed"] = found
        else:
            row["seen"] = {"loads": sorted(found.loads), "starts": sorted(found.starts)}
        row["agrees"] = found == expected
        told(json.dumps(row))
        rows.append(row)
    return rows


def main() -> int:
    """The command line; 1 if one disagrees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--loading", action="store_true", help="draw only from modules that load something")
    parser.add_argument("--output", type=Path, help="also write the rows to this file")
    options = parser.parse_args()
    modules = [one for one in all_modules() if not options.loading or said(one).loads]
    drawn = random.Random(options.seed).sample(modules, options.count)
    rows = compare(drawn, lambda line: print(line, flush=True))
    agree = sum(row["agrees"] is True for row in rows)
    print(f"seed {options.seed}: {agree} of {len(rows)} agree, drawn from {len(modules)} modules", file=sys.stderr)
    if options.output:
        options.output.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return int(agree != len(rows))


if __name__ == "__main__":
    raise SystemExit(main())
