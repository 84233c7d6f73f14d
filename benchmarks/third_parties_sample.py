"""Import modules of the table of third parties in fresh environments, and compare with what the table says.

    python benchmarks/third_parties_sample.py [--seed N] [--count N] [--loading] [--traced] [--output FILE]

``random.Random(SEED)`` draws the modules from all that ``third_parties.jsonl`` names, with ``--loading`` from those
that load a package of the catalogue.  For each, the distribution is installed in the version that was measured, with
today's releases of what it requires, into an environment of its own that is removed afterwards; the module is imported
there as ``third_parties_probe.py`` imports it.  Two things are compared: the catalogue's packages that are loaded, and
the names of Python threads.  With ``--traced``, a third thing is put beside: what this program's own walk finds in that
environment, from an app whose module imports the module.  A package that the walk finds and the import does not load is
a difference unless the walk says that it only may be loaded; one that it misses always is.  Modules of the catalogue's
own packages, which the walk does not enter, are not drawn then.

``--output`` keeps each row as soon as it is there, and what the file has already is not measured again, so that an
interrupted run goes on.  Needs what ``third_parties.py`` needs, and the Python version that the table was measured with
(3.12).
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


class Traced(NamedTuple):
    """The catalogue's packages that the walk finds: those that are surely loaded, and those that may be."""

    sure: frozenset[str]
    may: frozenset[str]

    def misses(self, found: Seen) -> list[str]:
        """Packages about which the walk and the import disagree."""
        return sorted((found.loads - self.sure - self.may) | (self.sure - found.loads))


def traced(drawn: Drawn, environment: Path, known: set[str], directory: Path) -> Traced | str:
    """What the walk finds in an environment from an app that imports a module, or the error.

    :param known: the catalogue's packages that count.
    """
    app = f"from celery import Celery\nimport {drawn.module}\napp = Celery('probe')\n@app.task\ndef f(): ...\n"
    (directory / "probe.py").write_text(app, encoding="utf-8")
    requires = json.dumps(["celery", drawn.version.distribution])
    text = f"[project]\nname = 'probe'\ndependencies = {requires}\n"
    (directory / "pyproject.toml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "flake8_forksafe", "trace", "--app", "probe", "--environment", str(environment)]
    done = subprocess.run([*command, "--format", "json", "--no-cache"], cwd=directory, capture_output=True, text=True,
                          timeout=SECONDS, check=False)  # fmt: skip
    if done.returncode:
        return f"not traced: {done.stderr[-150:]}"
    pulls = {package["import"]: package["pulls"] for package in catalogue()}
    sure, may = set[str](), set[str]()
    for one in json.loads(done.stdout)["hazards"]:
        kept = sure if one["certain"] else may
        waiting = [one["package"]]
        while waiting:  # the walk does not enter the catalogue's packages, and counts what they are known to load
            package = waiting.pop()
            if package not in kept:
                kept.add(package)
                waiting += pulls.get(package, ())
    return Traced(frozenset(sure & known), frozenset((may - sure) & known))


def seen(
    drawn: Drawn, names: list[str], heavy: set[str], with_trace: bool = False
) -> tuple[Seen | str, Traced | str | None]:
    """What importing it in a fresh environment does, or the error; and what the walk finds there."""
    name = drawn.version.distribution
    with tempfile.TemporaryDirectory(prefix="forksafe-") as directory:
        environment = Path(directory) / "venv"
        requirement = f"{name}=={drawn.version.version}"
        needs_django = not name.startswith(FOR_DJANGO) and "django" in drawn.module
        error = install(environment, f"{requirement}+Django" if needs_django else requirement)
        if error:
            return f"not installed: {error[-150:]}", None
        command = [str(environment / "bin" / "python"), "-I", str(HERE / "third_parties_probe.py"), "--one"]
        done = subprocess.run([*command, name, drawn.module, *names], capture_output=True, text=True,
                              timeout=SECONDS, check=False)  # fmt: skip
        own = {name.replace("-", "_"), drawn.module, *parents(drawn.module)}
        walked = traced(drawn, environment, heavy - own, Path(directory)) if with_trace else None
    if done.returncode:
        return f"not measured: {done.stderr[-150:]}", walked
    record = json.loads(done.stdout)
    # What a module has loaded by the time that it fails is in the table, what one without effects fails with is not.
    if record["error"] and not record.get("loads"):
        return f"not imported: {record['error']}", walked
    loads = {package for package in record["loads"] if package in heavy and package not in own}
    return Seen(frozenset(loads), frozenset(plain_names(record["python_threads"]))), walked


def parents(module: str) -> Iterator[str]:
    """The packages around a module."""
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


def compare(
    drawn: list[Drawn], told: Callable[[str], None], with_trace: bool, kept: Path | None
) -> list[dict[str, object]]:
    """What the table says of each module, beside what is seen, and what the walk finds.

    :param kept: a file of rows.
    """
    lines = kept.read_text(encoding="utf-8").splitlines() if kept and kept.exists() else []
    done = {(row["distribution"], row["version"], row["module"]): row for row in map(json.loads, lines)}
    packages = catalogue()
    names = [package["import"] for package in packages]
    heavy = {package["import"] for package in packages if package["default"]}
    rows = []
    for one in drawn:
        key = (one.version.distribution, one.version.version, one.module)
        if key in done:
            rows.append(done[key])
            continue
        expected = said(one)
        try:
            found, walked = seen(one, names, heavy, with_trace)
        except subprocess.TimeoutExpired:
            found, walked = "it did not end", None
        row: dict[str, object] = {
            "distribution": one.version.distribution, "version": one.version.version, "module": one.module,
            "says": {"loads": sorted(expected.loads), "starts": sorted(expected.starts)},
        }  # fmt: skip
        if isinstance(found, str):
            row["failed"] = found
        else:
            row["seen"] = {"loads": sorted(found.loads), "starts": sorted(found.starts)}
        row["agrees"] = found == expected
        if isinstance(walked, str):
            row["trace"] = walked
        elif walked is not None:
            row["trace"] = {"sure": sorted(walked.sure), "may": sorted(walked.may)}
            row["trace differs"] = walked.misses(found) if isinstance(found, Seen) else []
        told(json.dumps(row))
        rows.append(row)
        if kept:
            with kept.open("a", encoding="utf-8") as stream:
                stream.write(f"{json.dumps(row)}\n")
    return rows


def main() -> int:
    """The command line; 1 if one disagrees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--loading", action="store_true", help="draw only from modules that load something")
    parser.add_argument("--traced", action="store_true", help="also compare with the walk over the environment")
    parser.add_argument("--output", type=Path, help="also keep the rows in this file")
    options = parser.parse_args()
    modules = [one for one in all_modules() if not options.loading or said(one).loads]
    if options.traced:
        own_packages = {package["import"] for package in catalogue()}
        modules = [one for one in modules if own_packages.isdisjoint((one.module, *parents(one.module)))]
    drawn = random.Random(options.seed).sample(modules, options.count)
    rows = compare(drawn, lambda line: print(line, flush=True), options.traced, options.output)
    agree = sum(row["agrees"] is True for row in rows)
    print(f"seed {options.seed}: {agree} of {len(rows)} agree, drawn from {len(modules)} modules", file=sys.stderr)
    if options.traced:
        walked = [row for row in rows if isinstance(row.get("trace"), dict) and "seen" in row]
        same = sum(not row["trace differs"] for row in walked)
        print(f"the walk agrees with {same} of {len(walked)} imports", file=sys.stderr)
    return int(agree != len(rows))


if __name__ == "__main__":
    raise SystemExit(main())
