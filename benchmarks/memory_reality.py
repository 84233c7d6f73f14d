"""The estimate of ``forksafe memory`` beside the memory of real workers, for parents with a heavy package.

    python benchmarks/memory_reality.py [--write docs/memory.md] [PROJECT ...]

The interpreter must have celery, django, pandas, scikit-learn, torch and flake8-forksafe; Linux, for PSS.  With names
of projects (nothing, django, pandas, scikit-learn, torch), it needs only what these import, and the rows of the others
stay as they are.  Each generated project imports one package.  ``forksafe measure --fork N`` gives the memory of parent
and children after a full garbage collection in each; a real worker with as many children gives it after each child has
run some tasks that allocate nothing.  ``--write`` puts the tables between the markers of a page.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

BEGIN, END = "<!-- measured by benchmarks/memory_reality.py -->\n", "<!-- end of what was measured -->\n"
CONCURRENCY = (2, 4)
TASKS = 50
"""How many tasks each child runs, on average."""
TASK_SECONDS = 0.02
"""So that every child gets its share."""

APP = """\
from celery import Celery

app = Celery("proj", include=["proj.tasks"])
app.config_from_object("proj.conf")
"""
DJANGO_APP = """\
import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
app = Celery("proj", include=["proj.tasks"])
app.config_from_object("proj.conf")
"""
DJANGO_FILES = {
    "proj/settings.py": """\
        SECRET_KEY = "x"
        INSTALLED_APPS = [f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions", "messages")]
        ROOT_URLCONF = "proj.urls"
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        """,
    "proj/urls.py": "urlpatterns = []\n",
}
TASK = f"""\
import os
import time

from proj.celery import app


@app.task
def nothing():
    time.sleep({TASK_SECONDS})
    return os.getpid()
"""
PROJECTS = {
    "nothing": {"proj/celery.py": APP, "proj/tasks.py": TASK},
    "django": {"proj/celery.py": DJANGO_APP, "proj/tasks.py": TASK, **DJANGO_FILES},
    "pandas": {"proj/celery.py": APP, "proj/tasks.py": f"import pandas\n{TASK}"},
    "scikit-learn": {"proj/celery.py": APP, "proj/tasks.py": f"import sklearn.ensemble\n{TASK}"},
    "torch": {"proj/celery.py": APP, "proj/tasks.py": f"import torch\n{TASK}"},
}
"""What each worker's parent imports beside Celery, and the files."""
MODULES = {"django": "django", "pandas": "pandas", "scikit-learn": "sklearn", "torch": "torch"}
"""Modules that they need."""


class Memory(NamedTuple):
    """One process, in MiB: resident, proportional, and its own pages."""

    rss: float
    pss: float
    uss: float


class Row(NamedTuple):
    """One project at one concurrency, in MiB.

    :ivar estimated: of the parent and of each further child.
    :ivar parent: before the first fork.
    :ivar collected: by a full collection in every process: all that is resident, and what each child owns.
    :ivar worked: parent and children of a worker that has run tasks.
    """

    name: str
    count: int
    estimated: tuple[float, float]
    parent: Memory
    collected: tuple[float, float]
    worked: tuple[Memory, list[Memory]]


def run(root: Path, *arguments: str) -> str:
    """What a command of forksafe prints."""
    command = [sys.executable, "-m", "flake8_forksafe", *arguments]
    return subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE, text=True).stdout


def measure(root: Path, count: int) -> tuple[Memory, tuple[float, float]]:
    """The parent before the fork; all that is resident with that many collected children, and what each owns."""
    saved = root / f"measured{count}.json"
    run(
        root,
        "measure",
        "-A",
        "proj",
        "--python",
        sys.executable,
        "--timeout",
        "600",
        "--fork",
        str(count),
        "--save",
        str(saved),
    )
    document: dict[str, Any] = json.loads(saved.read_text(encoding="utf-8"))
    processes = (document["parent_beside_children"], *document["children"])
    total = sum(process["pss_collected"] for process in processes)
    own = sum(child["uss_collected"] for child in document["children"]) / count
    parent = document["memory"]
    return Memory(*(parent[name] / 2**20 for name in ("rss", "pss", "uss"))), (total / 2**20, own / 2**20)


def memory_of(process: int) -> Memory:
    """A process as Linux accounts for it (``/proc/PID/smaps_rollup``, in KiB there)."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    figures = {name: int(amount) / 1024 for name, amount in re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE)}
    return Memory(figures["Rss"], figures["Pss"], figures["Private_Clean"] + figures["Private_Dirty"])


def work(root: Path, count: int) -> tuple[Memory, list[Memory]]:
    """Parent and children of a real worker, after every child has run tasks.

    :raises RuntimeError: if a child got none, or a task is not answered.
    """
    from real_worker import running, send

    for _ in range(TASKS * count):
        send(root, "proj.tasks.nothing")
    with running(root, "-c", str(count), start_seconds=600) as worker:
        ran: Counter[str] = Counter()
        while ran.total() < TASKS * count:
            line = worker.wait_for("succeeded in", seconds=60)
            if line is None:
                raise RuntimeError(f"a task was not answered; so far {dict(ran)}")
            ran[line.rpartition(": ")[2]] += 1
        children = worker.children()
        if sorted(ran) != sorted(map(str, children)):
            raise RuntimeError(f"not every child ran a task: {dict(ran)} of {children}")
        time.sleep(0.5)
        return memory_of(worker.process.pid), [memory_of(child) for child in children]


def rows(directory: Path, chosen: list[str]) -> Iterator[Row]:
    """Measure projects at every concurrency."""
    from real_worker import write_project

    for name in chosen:
        files = PROJECTS[name]
        root = directory / name
        root.mkdir()
        write_project(root, {"pyproject.toml": "[project]\nname = 'proj'\n", **files})
        (launch,) = json.loads(run(root, "memory", "--no-cache", "--format", "json"))["launches"]
        for count in CONCURRENCY:
            parent, collected = measure(root, count)
            estimated = (launch["parent_mb"], launch["child_mb"])
            yield Row(name, count, estimated, parent, collected, work(root, count))


def tables(measured: list[Row]) -> Iterator[str]:
    """The tables of the page."""
    names = ("celery", *(name for name in PROJECTS if name != "nothing" and any(row.name == name for row in measured)))
    python = ".".join(map(str, sys.version_info[:3]))
    yield f"CPython {python}, Linux, {', '.join(f'{name} {version(name)}' for name in names)}; MB of 2^20 bytes."
    headings = ("parent imports", "children", "parent, estimated", "RSS", "ratio", "child, estimated",
                "own after a collection", "share of RSS", "own after tasks", "whole pool, estimated",
                "PSS after collections", "ratio", "PSS after tasks", "ratio")  # fmt: skip
    yield from ("", f"| {' | '.join(headings)} |", f"|---|{'---:|' * 13}")
    for row in measured:
        (parent, child), (total, own), (beside, children) = row.estimated, row.collected, row.worked
        whole, worked = parent + row.count * child, beside.pss + sum(memory.pss for memory in children)
        after = sum(memory.uss for memory in children) / row.count
        cells = (row.name, row.count, *figures(parent, row.parent.rss), ratio(parent, row.parent.rss),
                 *figures(child, own), f"{own / row.parent.rss:.2f}", *figures(after, whole, total),
                 ratio(whole, total), *figures(worked), ratio(whole, worked))  # fmt: skip
        yield f"| {' | '.join(map(str, cells))} |"
    yield from ("", "The processes of the workers that ran tasks, the children's figures as means:", "")
    yield "| parent imports | children | parent RSS | PSS | own | child RSS | PSS | own |"
    yield f"|---|{'---:|' * 7}"
    for row in measured:
        beside, children = row.worked
        means = (sum(column) / row.count for column in zip(*children, strict=True))
        yield f"| {' | '.join([row.name, str(row.count), *figures(*beside, *means)])} |"


def figures(*amounts: float) -> list[str]:
    """Amounts as whole numbers."""
    return [f"{amount:.0f}" for amount in amounts]


def ratio(estimated: float, measured: float) -> str:
    """How many times too large an estimate is."""
    return f"{estimated / measured:.2f}"


def write(page: Path, lines: list[str], whole: bool) -> None:
    """Put lines between the markers of a page.

    :param whole: whether they are all; otherwise rows of the tables take the place of those of the same projects.
    """
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    known, marker, after = rest.partition(END)
    if not marker:
        raise SystemExit(f"{page} has no {BEGIN.strip()} and {END.strip()}")
    if not whole:
        new = {row_key(line): line for line in lines if row_key(line)}
        lines = [new.get(row_key(line), line) for line in known.strip("\n").splitlines()]
    page.write_text("\n".join([f"{before}{BEGIN}", *lines, "", f"{END}{after}"]), encoding="utf-8")


def row_key(line: str) -> tuple[str, ...]:
    """What tells the row of a table: project, children and number of columns; empty for any other line."""
    cells = [cell.strip() for cell in line.strip("| ").split("|")]
    return (*cells[:2], str(len(cells))) if cells[0] in PROJECTS else ()


def main() -> int:
    """Measure, print the tables, and write them where that is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables between the markers of this page")
    parser.add_argument("projects", nargs="*", choices=[*PROJECTS, []], metavar="PROJECT")
    options = parser.parse_args()
    chosen = options.projects or list(PROJECTS)
    needed = ("celery", *(MODULES[name] for name in chosen if name in MODULES), "flake8_forksafe")
    if lacks := [name for name in needed if importlib.util.find_spec(name) is None]:
        print(f"{sys.executable} has no {', no '.join(lacks)}: run this with an interpreter that has", file=sys.stderr)
        return 2
    if not sys.platform.startswith("linux"):
        print("only Linux tells PSS", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as directory:
        lines = list(tables(list(rows(Path(directory), chosen))))
    print("\n".join(lines))
    if options.write:
        write(options.write, lines, not options.projects)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
