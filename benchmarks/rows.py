"""The rows of the table: what each compares, and how."""

from __future__ import annotations

import re
import shutil
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from editor import latency
from subjects import PACKAGES, WEBLATE, Environments, Package, forget, generated
from timing import CACHE, Command, Sample, compare, ratio, run

SELECTED = ("--isolated", "--select=E9,F,FS")
COMMENT = "\n# an edit that changes no fact\n"
IMPORT = "import polars"
SMALL, MIDDLE, LARGE = 1_000, 4_000, 16_000


class Bench(NamedTuple):
    """What a row needs.

    :ivar cache: the directory with everything that was fetched or made.
    """

    environments: Environments
    cache: Path
    rounds: int

    def plain(self, *arguments: str) -> tuple[str, ...]:
        """flake8 without the plugin."""
        return (str(self.environments.plain / "flake8"), *SELECTED, *arguments)

    def plugin(self, *arguments: str) -> tuple[str, ...]:
        """flake8 with the plugin."""
        return (str(self.environments.plugin / "flake8"), *SELECTED, *arguments)

    def forksafe(self, *arguments: str) -> tuple[str, ...]:
        """The command."""
        return (str(self.environments.plugin / "forksafe"), *arguments)


class Figure(NamedTuple):
    """One figure of a row.

    :ivar value: the figure; ``cpu`` the same in processor time, if it is a ratio of times.
    :ivar samples: of each side, seconds by the clock, seconds of processor time, and peak memory in MB.
    """

    row: str
    subject: str
    value: float
    cpu: float | None
    samples: dict[str, list[tuple[float, float, float]]]


class Row(NamedTuple):
    """A row of the table.

    :ivar unit: ``"ratio"``, ``"ms"``, ``"MB"`` or ``"count"``; ``bar`` and ``stretch``, at most these, are in it.
    :ivar group: rows that are measured together have the same.
    """

    key: str
    what: str
    unit: str
    bar: float | None
    stretch: float | None
    group: str


ROWS = (
    Row(
        "flake8-cold",
        "flake8 `-j2` with the plugin, cold cache, against flake8 without it",
        "ratio",
        1.15,
        1.08,
        "flake8",
    ),
    Row(
        "flake8-warm",
        "flake8 `-j2` with the plugin, warm cache, nothing changed, against flake8 without it",
        "ratio",
        1.02,
        1.01,
        "flake8",
    ),
    Row(
        "stdin-same",
        "`flake8 --stdin-display-name FILE -`, warm, facts unchanged, against flake8 without it",
        "ratio",
        1.35,
        1.15,
        "stdin",
    ),
    Row(
        "stdin-import",
        "`flake8 --stdin-display-name FILE -`, warm, one import added, against flake8 without it",
        "ratio",
        2.0,
        1.5,
        "stdin",
    ),
    Row(
        "check-warm",
        "`forksafe check` against `lint-imports` with one forbidden contract, both warm",
        "ratio",
        1.0,
        0.6,
        "import-linter",
    ),
    Row("check-cold", "`forksafe check` cold against `lint-imports --no-cache`", "ratio", 6, 3, "import-linter"),
    Row("scale", "time per module, against 1,000 modules, cold", "ratio", 1.2, 1.0, "scale"),
    Row("scale-edit", "time per module, against 1,000 modules, one import added", "ratio", 1.2, 1.0, "scale"),
    Row("memory", "peak memory, cold", "MB", 600, 300, "scale"),
    Row("memory-edit", "peak memory, warm, one import added", "MB", 600, 300, "scale"),
    Row("no-celery-cold", "added to flake8 in a repository without Celery, first run", "ms", 30, 10, "no-celery"),
    Row("no-celery-warm", "added to flake8 in a repository without Celery, later runs", "ms", 30, 10, "no-celery"),
    Row("heavy", "how many of libcst and networkx are imported on an all-warm run", "count", 0, 0, "heavy"),
    Row(
        "editor",
        "python-lsp-server, `didChange` to `publishDiagnostics`, with the plugin against without it",
        "ratio",
        None,
        None,
        "editor",
    ),
    Row(
        "editor-added",
        "python-lsp-server, `didChange` to `publishDiagnostics`, added by the plugin",
        "ms",
        None,
        None,
        "editor",
    ),
)
"""As docs/performance.md shows them."""


def figure(row: str, subject: str, ours: list[Sample], theirs: list[Sample]) -> Figure:
    """A ratio of times."""
    samples = {"ours": list(map(brief, ours)), "theirs": list(map(brief, theirs))}
    wall = ratio((one.wall_s for one in ours), (one.wall_s for one in theirs))
    return Figure(row, subject, wall, ratio((one.cpu_s for one in ours), (one.cpu_s for one in theirs)), samples)


def brief(sample: Sample) -> tuple[float, float, float]:
    """The figures of a sample."""
    return round(sample.wall_s, 4), round(sample.cpu_s, 4), round(sample.peak_mb, 1)


# --- flake8 ----------------------------------------------------------------------------------------------------------


def flake8(bench: Bench) -> Iterator[Figure]:
    """The whole of a project: without the plugin, with it and nothing kept, and once more."""
    project = WEBLATE.fetch(bench.cache)
    whole = ("-j2", WEBLATE.package)
    samples = compare(
        {
            "plain": Command(bench.plain(*whole), project),
            "cold": Command(bench.plugin(*whole), project, prepare=forget(project)),
            "warm": Command(bench.plugin(*whole), project),
        },
        bench.rounds,
    )
    for name in ("cold", "warm"):
        require_same(samples["plain"][0], samples[name][0])
        yield figure(f"flake8-{name}", WEBLATE.name, samples[name], samples["plain"])


def stdin(bench: Bench) -> Iterator[Figure]:
    """One unsaved buffer, as an editor or a hook gives it."""
    for package in PACKAGES:
        project = package.fetch(bench.cache)
        text = (project / package.edited).read_text(encoding="utf-8")
        added = with_import(text)
        buffer = ("--stdin-display-name", package.edited, "-")
        warm(bench, project)
        samples = compare(
            {
                "plain": Command(bench.plain(*buffer), project, text + COMMENT),
                "same": Command(bench.plugin(*buffer), project, text + COMMENT),
                "plain-import": Command(bench.plain(*buffer), project, added),
                "import": Command(bench.plugin(*buffer), project, added),
            },
            bench.rounds,
        )
        if "FS101 'polars'" not in samples["import"][0].output:
            raise RuntimeError(f"the import added to {package.edited} was not found:\n{samples['import'][0].output}")
        yield figure("stdin-same", package.name, samples["same"], samples["plain"])
        yield figure("stdin-import", package.name, samples["import"], samples["plain-import"])


def with_import(text: str) -> str:
    """A file with one more import, behind those from ``__future__``."""
    place = [match.end() for match in re.finditer(r"^from __future__ import .*\n", text, re.MULTILINE)]
    first = re.search(r"^(import|from) (?!__future__)", text, re.MULTILINE)
    at = max([*place, first.start() if first is not None else 0])
    return f"{text[:at]}{IMPORT}\n{text[at:]}"


def require_same(plain: Sample, ours: Sample) -> None:
    """Make sure that the plugin adds findings and changes none.

    :raises RuntimeError: otherwise.
    """
    rest = sorted(line for line in ours.output.splitlines() if not re.search(r": FS\d+ ", line))
    if rest != sorted(plain.output.splitlines()) or len(rest) == len(ours.output.splitlines()):
        raise RuntimeError("flake8 with the plugin does not report what flake8 reports, and findings of the plugin")


def warm(bench: Bench, project: Path) -> Sample:
    """Fill the cache; the time stamps of the files are old enough then to be trusted."""
    forget(project)()
    sample = run(Command(bench.forksafe("check"), project))
    run(Command(bench.plugin("--version"), project))
    return sample


# --- import-linter ----------------------------------------------------------------------------------------------------


CONTRACT = """\
[importlinter]
root_package = {package}
include_external_packages = True

[importlinter:contract:1]
name = {package} does without torch
type = forbidden
source_modules = {package}
forbidden_modules = torch
"""


def import_linter(bench: Bench) -> Iterator[Figure]:
    """``forksafe check`` and import-linter, which parses imports in Rust, on the same packages."""
    for package in PACKAGES:
        project = package.fetch(bench.cache)
        (project / ".importlinter").write_text(CONTRACT.format(package=package.package))
        lint = str(bench.environments.plugin / "lint-imports")
        warm(bench, project)
        run(Command((lint,), project))
        commands = {"ours": Command(bench.forksafe("check"), project), "theirs": Command((lint,), project)}
        samples = compare(commands, bench.rounds)
        yield figure("check-warm", package.name, samples["ours"], samples["theirs"])
        commands = {
            "ours": Command(bench.forksafe("check"), project, prepare=forget(project)),
            "theirs": Command((lint, "--no-cache"), project),
        }
        samples = compare(commands, min(bench.rounds, 3))
        yield figure("check-cold", package.name, samples["ours"], samples["theirs"])


# --- size ------------------------------------------------------------------------------------------------------------


def scale(bench: Bench) -> Iterator[Figure]:
    """Generated projects: time for each module that the worker loads, and memory."""
    projects = {modules: generated(bench.cache, modules) for modules in (SMALL, MIDDLE, LARGE)}
    rounds = min(bench.rounds, 3)
    check = bench.forksafe("check")
    commands = {str(modules): Command(check, project, prepare=forget(project)) for modules, project in projects.items()}
    cold = compare(commands, rounds)
    edited = {
        str(modules): Command(bench.plugin("--stdin-display-name", EDITED, "-"), project,
                              with_import((project / EDITED).read_text(encoding="utf-8")))
        for modules, project in projects.items()
    }  # fmt: skip
    edit = compare(edited, rounds)
    reached = {size: reached_modules(samples[0]) for size, samples in cold.items()}
    for row, samples in (("scale", cold), ("scale-edit", edit)):
        for modules in (MIDDLE, LARGE):
            ours, theirs = samples[str(modules)], samples[str(SMALL)]
            found = figure(row, f"{modules:,} modules", ours, theirs)
            share = reached[str(SMALL)] / reached[str(modules)]
            yield found._replace(value=found.value * share, cpu=(found.cpu or 0) * share)
    for row, samples in (("memory", cold), ("memory-edit", edit)):
        for modules in (SMALL, MIDDLE, LARGE):
            ours = samples[str(modules)]
            peak = statistics.median(sample.peak_mb for sample in ours)
            yield Figure(row, f"{modules:,} modules", peak, None, {"ours": list(map(brief, ours))})


EDITED = "app_0007/tasks.py"


def reached_modules(sample: Sample) -> int:
    """How many modules the worker loads, as ``forksafe check`` tells it.

    :raises RuntimeError: if it does not.
    """
    match = re.search(r"(\d+) files on the boot path", sample.output)
    if match is None:
        raise RuntimeError(f"forksafe check found no boot path:\n{sample.output[-1000:]}")
    return int(match[1])


def no_celery(bench: Bench) -> Iterator[Figure]:
    """One file of a repository without Celery; what the plugin adds is the same for any number of them."""
    project = generated(bench.cache, SMALL, celery=False)
    samples = compare(
        {
            "plain": Command(bench.plain(EDITED), project),
            "cold": Command(bench.plugin(EDITED), project, prepare=forget(project)),
            "warm": Command(bench.plugin(EDITED), project),
        },
        3 * bench.rounds,
    )
    for name in ("cold", "warm"):
        if samples[name][0].output != samples["plain"][0].output:
            raise RuntimeError(f"findings in a repository without Celery:\n{samples[name][0].output}")
        yield difference(f"no-celery-{name}", f"{SMALL:,} modules", samples[name], samples["plain"])


def difference(row: str, subject: str, ours: list[Sample], theirs: list[Sample]) -> Figure:
    """Milliseconds between two commands."""
    found = figure(row, subject, ours, theirs)
    pairs = list(zip(ours, theirs, strict=True))
    wall = statistics.median(one.wall_s - other.wall_s for one, other in pairs) * 1000
    return found._replace(value=wall, cpu=statistics.median(one.cpu_s - other.cpu_s for one, other in pairs) * 1000)


def heavy(bench: Bench) -> Iterator[Figure]:
    """Whether an all-warm run imports libcst or networkx."""
    python = str(bench.environments.plugin / "python")
    for package in PACKAGES:
        project = package.fetch(bench.cache)
        warm(bench, project)
        imported: set[str] = set()
        for command in (["flake8", *SELECTED, package.edited], ["flake8_forksafe", "check"]):
            sample = run(Command((python, "-X", "importtime", "-m", *command), project))
            imported |= set(re.findall(r"\|\s*(libcst|networkx)\s*$", sample.errors, re.MULTILINE))
        yield Figure("heavy", package.name, float(len(imported)), None, {})


# --- editor ----------------------------------------------------------------------------------------------------------


def editor(bench: Bench) -> Iterator[Figure]:
    """python-lsp-server: what somebody who types waits for."""
    for package in PACKAGES:
        project = package.fetch(bench.cache)
        warm(bench, project)
        yield from editor_figures(bench, package, project)


def editor_figures(bench: Bench, package: Package, project: Path) -> Iterator[Figure]:
    """An edit of one file, with and without the plugin, and what the plugin adds in milliseconds."""
    path = project / package.edited
    text = path.read_text(encoding="utf-8")
    edits = [f"{text}{COMMENT}# {number}\n" for number in range(bench.rounds)]
    ours = latency(bench.environments.plugin, project, path, edits)
    theirs = latency(bench.environments.plain, project, path, edits)
    samples = {"ours": [(time_s, 0.0, 0.0) for time_s in ours], "theirs": [(time_s, 0.0, 0.0) for time_s in theirs]}
    yield Figure("editor", package.name, ratio(ours, theirs), None, samples)
    added = statistics.median(mine - other for mine, other in zip(ours, theirs, strict=True)) * 1000
    yield Figure("editor-added", package.name, added, None, samples)


GROUPS: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "heavy": heavy,
    "no-celery": no_celery,
    "stdin": stdin,
    "editor": editor,
    "import-linter": import_linter,
    "scale": scale,
    "flake8": flake8,
}
"""What measures each group, the cheapest first."""


def clean(cache: Path) -> None:
    """Remove what forksafe keeps."""
    for directory in cache.glob(f"*/{CACHE}"):
        shutil.rmtree(directory)
