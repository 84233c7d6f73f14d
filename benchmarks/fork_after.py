"""Measure what the catalogue says about forking: ``threads_*``, ``rss_*``, ``import_seconds`` and ``fork_after_*``.

    python benchmarks/fork_after.py [--latest] [--keep DIRECTORY] PACKAGE ...

Each package (an import name of ``flake8_forksafe/hazards/hazards.toml``) is installed into a virtual environment of its
own, in the catalogue's version, or in the newest one with ``--latest``.  Fresh interpreters then import it, or import
and use it (``fork_after_uses.toml``), fork up to three times, and each child does the use again.  What comes out is:

``ok``
    All three children ended the use.  That is evidence, not proof.
``hang``
    The child had not ended after 20 s.
``crash``
    The child was ended by a signal.
``error``
    The child raised an exception.

Printed are the catalogue's keys, as TOML, and as a comment what the catalogue says where that differs.  The status is 1
if an outcome of a fork differs; other figures depend on the machine.  Needs Linux and an index of packages.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CATALOGUE = ROOT / "flake8_forksafe" / "hazards" / "hazards.toml"
USES = Path(__file__).parent / "fork_after_uses.toml"

THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
"""What the catalogue's figures with ``env1`` set to 1."""

FORKS = 3
CHILD_SECONDS = 20

PROBE = """
import json, os, signal, sys, time

name, use, does_use, forks, seconds = json.loads(sys.argv[1])

def state():
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(lines["Threads"]), int(lines["VmRSS"].split()[0]) / 1024

def outcome():
    child = os.fork()
    if not child:
        signal.alarm(seconds)
        try:
            exec(use, scope)
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {0: "ok", 1: "error", -signal.SIGALRM: "hang"}.get(status, "crash")

scope = {}
before = state()
began = time.perf_counter()
exec(f"import {name}", scope)
took = time.perf_counter() - began
if does_use:
    exec(use, scope)
after = state()
outcomes = (outcome() for _ in range(forks))
print(json.dumps([after[0], after[1] - before[1], took, next((one for one in outcomes if one != "ok"), "ok")]))
"""


def measure(python: Path, name: str, use: str, does_use: bool, limited: bool) -> tuple[int, int, float, str]:
    """Run the probe in an interpreter: threads, MiB, seconds of the import, the outcome of the forks."""
    environ = {key: value for key, value in os.environ.items() if key not in THREAD_VARIABLES}
    if limited:
        environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    arguments = json.dumps([name, use, does_use, FORKS, CHILD_SECONDS])
    command = [str(python), "-c", PROBE, arguments]
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    threads, mebibytes, seconds, outcome = json.loads(done.stdout.splitlines()[-1])
    return int(threads), round(mebibytes), round(seconds, 2), str(outcome)


def figures(python: Path, name: str, use: str) -> dict[str, object]:
    """The catalogue's keys of a package that is installed."""
    imported = measure(python, name, use, False, False)
    used = measure(python, name, use, True, False)
    return {
        "threads_import": imported[0],
        "threads_import_env1": measure(python, name, use, False, True)[0],
        "threads_use": used[0],
        "rss_import_mb": imported[1],
        "rss_use_mb": used[1],
        "import_seconds": imported[2],
        "fork_after_import": imported[3],
        "fork_after_use": used[3],
        "fork_after_use_env1": measure(python, name, use, True, True)[3],
    }


def install(directory: Path, distribution: str, version: str | None) -> Path:
    """A virtual environment with one distribution; its interpreter."""
    venv.create(directory, with_pip=True, symlinks=True, clear=True)
    python = directory / "bin" / "python"
    wanted = distribution if version is None else f"{distribution}=={version}"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wanted], check=True)
    return python


def report(entry: dict[str, Any], found: dict[str, object]) -> int:
    """Print what was found; how many outcomes of forks differ from the catalogue's."""
    print(f"\n# {entry['import']}")
    differ = 0
    for key, value in found.items():
        is_same = entry.get(key) == value
        print(f"{key} = {json.dumps(value)}" + ("" if is_same else f"  # catalogue: {json.dumps(entry.get(key))}"))
        differ += key.startswith("fork_after") and not is_same
    return differ


def main() -> int:
    """Measure the packages that the command line names."""
    parser = argparse.ArgumentParser(description="measure what the catalogue says about forking")
    parser.add_argument("packages", nargs="+", metavar="PACKAGE")
    parser.add_argument("--latest", action="store_true", help="the newest versions instead of the catalogue's")
    parser.add_argument("--keep", type=Path, help="directory for the environments")
    options = parser.parse_args()
    entries = {entry["import"]: entry for entry in tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))["package"]}
    uses = tomllib.loads(USES.read_text(encoding="utf-8"))
    unknown = [name for name in options.packages if name not in entries or name not in uses]
    if unknown:
        parser.error(f"no entry in hazards.toml or fork_after_uses.toml: {', '.join(unknown)}")
    differ = 0
    with tempfile.TemporaryDirectory(prefix="fork-after-") as temporary:
        for name in options.packages:
            entry = entries[name]
            directory = (options.keep or Path(temporary)) / name
            python = install(directory, entry["distribution"], None if options.latest else entry["version"])
            differ += report(entry, figures(python, name, uses[name]))
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
