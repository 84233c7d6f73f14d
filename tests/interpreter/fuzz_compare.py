"""Compares what the walk says of a generated program with what CPython does when it imports it; shrinks what differs.

``python tests/interpreter/fuzz_compare.py FIRST COUNT`` compares the programs of some seeds, and prints each that
differs as small as it can be made.
"""

from __future__ import annotations

import ast
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent.parent))

from fuzz import Generator
from fuzz_real import encode
from helpers import import_in, make_walk, write
from test_evaluator import known

from flake8_forksafe.hosts.celery import CELERY
from flake8_forksafe.interpreter.budget import BudgetExceeded
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.statements import USED_UP
from flake8_forksafe.interpreter.walk import Walk
from flake8_forksafe.source.limits import bounded
from flake8_forksafe.trace.graph import ExecutionGraph

Files = Mapping[str, str]
FORMS = tuple(CELERY.launch_forms("app").values())
KNOWN = {"KNOWN": "celery", "HOME": "/nowhere"}
UNKNOWN_ENVIRONMENTS: tuple[dict[str, str], ...] = ({}, {"ONE": "1"}, {"TWO": "x"}, {"ONE": "a", "TWO": "x,b"})


class Setting(NamedTuple):
    """What the walk is told of a process, and the processes that this may be."""

    argv: tuple[tuple[str, ...], ...]
    platform: str | None
    versions: tuple[tuple[int, int], ...]
    runs: tuple[dict[str, Any], ...]


def setting_of(seed: int) -> Setting:
    """A setting for the program of a seed."""
    pick = random.Random(seed)
    argv = pick.choice((FORMS, FORMS[:1], FORMS[1:]))
    platform = pick.choice(("linux", None))
    versions = pick.choice((((3, 11), (3, 11)), ((3, 11), (3, 15))))
    runs = tuple(
        {
            "argv": list(argv[index % len(argv)]), "environ": {**KNOWN, **extra},
            "platform": platform or ("linux", "win32")[index % 2],
            "version": list(pick.choice(versions)),
        }
        for index, extra in enumerate(UNKNOWN_ENVIRONMENTS)
    )  # fmt: skip
    return Setting(argv, platform, versions, runs)


class CPython:
    """A server that imports programs (``fuzz_real.py``)."""

    def __init__(self) -> None:
        script = str(Path(__file__).parent / "fuzz_real.py")
        self.process = subprocess.Popen(
            [sys.executable, "-I", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, root: str, run: Mapping[str, Any]) -> dict[str, Any]:
        """What one process does."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"root": root, **run}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


class Outcome(NamedTuple):
    """How a program compares.

    :ivar runs: how many of its processes could import it.
    :ivar difference: what differs, or an empty string; ``index``: in which of the processes.
    :ivar modules: how many modules the trace has; ``certain``: how many of them it calls certain.
    :ivar error: what the import raised, where no process can import it.
    :ivar undecided: whether the walk gave up, which it says (FS192): all of it, or what a statement executes that used
        up its steps, where there is a difference; or whether there is one where an expression is too deep to be read
        (``docs/limits.md``).
    """

    runs: int
    difference: str = ""
    modules: int = 0
    certain: int = 0
    error: str = ""
    index: int = 0
    undecided: bool = False


class Walked(NamedTuple):
    """The walk over a program.

    :ivar placed: the modules that it loads without doubt, in order.
    """

    walk: Walk
    placed: list[str]


def walked(root: Path, setting: Setting) -> Walked:
    """The walk over a program."""
    walk = make_walk(
        root, KNOWN, setting.argv, platform=setting.platform, versions=setting.versions,
        presence=lambda name: not name.startswith("missing"),
    )  # fmt: skip
    placed: list[str] = []
    loads = walk.recorder.loads

    def noted(name: str) -> None:
        if walk.journal.doubt is walk.journal.certain:
            placed.append(name)
        loads(name)

    with mock.patch.object(walk.recorder, "loads", noted):
        import_in(walk, "main")
    return Walked(walk, placed)


def compare(cpython: CPython, files: Files, setting: Setting) -> Outcome:
    """Compare a program in each of the processes it may run in."""
    directory = tempfile.mkdtemp(prefix="forksafe-fuzz-")
    try:
        root = write(Path(directory).resolve(), files)
        answers = [cpython.run(str(root), run) for run in setting.runs]
        real = [answer for answer in answers if "error" not in answer]
        if not real:
            return Outcome(0, error=answers[0]["error"])
        try:
            walk, placed = walked(root, setting)
        except BudgetExceeded:
            return Outcome(len(real), undecided=True)
        except Exception as error:
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else ""
            return Outcome(len(real), f"crash: {type(error).__name__} {where}")
    finally:
        shutil.rmtree(directory)
    graph = ExecutionGraph(walk.recorder.executed(walk.memory.executions), Node("celery"))
    modules = walk.imports.modules
    ours = [name for name in walk.recorder.order if name in modules and modules[name].found.path is not None]
    certain = {name for name in ours if graph.is_certain(Node(name))}
    for index, answer in enumerate(answers):
        difference = "; ".join(differences(walk, ours, placed, certain, answer)) if "error" not in answer else ""
        if difference and (is_shortened(files) or any(note.text == USED_UP for note in walk.recorder.notes)):
            return Outcome(len(real), undecided=True)
        if difference:
            return Outcome(len(real), difference, index=index)
    return Outcome(len(real), "", len(ours), len(certain))


def is_shortened(files: Files) -> bool:
    """Whether a line of a program holds more brackets in each other than are read."""
    return any(bounded(line.strip(), "") != line.strip() for text in files.values() for line in text.splitlines())


def differences(
    walk: Walk, ours: list[str], placed: list[str], certain: set[str], answer: Mapping[str, Any]
) -> Iterator[str]:
    """What the walk says otherwise than one process did."""
    started = answer["started"]
    missing = [name for name in started if name not in ours]
    if missing:
        yield f"missing: {missing}"
    wrong = [name for name in ours if name in certain and name not in started]
    if wrong:
        yield f"not certain: {wrong}"
    placed = [name for name in dict.fromkeys(placed) if name in certain and name in started]
    order = [name for name in started if name in placed]
    if order != placed:
        yield f"order: {placed} is {order}"
    for module, values in answer["values"].items():
        names = walk.imports.modules[module].names if module in walk.imports.modules else {}
        for name, real in values.items():
            found = known(names.get(name))
            if found is not None and real not in [json.loads(json.dumps(encode(item.value))) for item in found]:
                yield f"value: {module}.{name} is {real}, not {[item.value for item in found]}"


# --- shrinking ---------------------------------------------------------------------------------------------------


def kind_of(difference: str) -> str:
    """The kind of the first difference."""
    return difference.partition(":")[0]


def shrunk(cpython: CPython, files: Files, setting: Setting, difference: str) -> dict[str, str]:
    """The smallest program found that differs in the same way."""
    kind = kind_of(difference)
    index = compare(cpython, files, setting).index
    setting = setting._replace(runs=setting.runs[index : index + 1])

    def differs(candidate: Files) -> bool:
        return kind_of(compare(cpython, candidate, setting).difference) == kind

    smallest = dict(files)
    changed = True
    while changed:
        changed = False
        for path in sorted(smallest, key=lambda path: (path == "main.py", path)):
            if path != "main.py" and differs(candidate := {p: t for p, t in smallest.items() if p != path}):
                smallest, changed = candidate, True
        for path in sorted(smallest):
            index = 0
            while (text := simplified(smallest[path], index)) is not None:
                if len(text) < len(smallest[path]) and differs(candidate := {**smallest, path: text}):
                    smallest, changed = candidate, True
                else:
                    index += 1
    return smallest


def simplified(text: str, index: int) -> str | None:
    """A text with its ``index``-th possible simplification made; None if there are no more."""
    tree = ast.parse(text)
    for number, change in enumerate(simplifications(tree)):
        if number == index:
            change()
            try:
                return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
            except ValueError:  # a part of an f-string that must be one
                return text
    return None


def simplifications(tree: ast.AST) -> Iterator[Any]:
    """Functions that make a tree simpler: without a statement, or with only a part of one."""
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            if isinstance(value, list):
                for index, part in enumerate(value):
                    yield from _list_changes(node, field, value, index, part)
            elif isinstance(value, ast.expr):
                for inner in ast.iter_child_nodes(value):
                    if isinstance(inner, ast.expr):
                        yield lambda node=node, field=field, inner=inner: setattr(node, field, inner)
                if not isinstance(value, (ast.Constant, ast.Name)):
                    yield lambda node=node, field=field: setattr(node, field, ast.Constant(1))


def _list_changes(node: ast.AST, field: str, values: list[Any], index: int, part: Any) -> Iterator[Any]:
    """Simplifications of one element of a list in a tree."""
    if isinstance(part, ast.stmt):
        blocks = [getattr(part, name, None) for name in ("body", "orelse", "finalbody")]
        for new in ([], *(block for block in blocks if block)):
            if new or len(values) > 1:
                yield lambda new=new: values.__setitem__(slice(index, index + 1), new)
            elif not isinstance(part, ast.Pass):
                yield lambda: values.__setitem__(slice(index, index + 1), [ast.Pass()])
        return
    if field not in ("ops", "comparators", "values", "keys") and not isinstance(part, (ast.arg, str)):
        yield lambda: values.__delitem__(index)
    if isinstance(part, ast.expr) and not isinstance(part, (ast.Constant, ast.Name)):
        for inner in ast.iter_child_nodes(part):
            if isinstance(inner, ast.expr):
                yield lambda inner=inner: values.__setitem__(index, inner)


def parts_of(text: str) -> dict[str, str]:
    """A program as :func:`show` writes it, with markers."""
    found: dict[str, str] = {}
    for part in re.split(r"^# (?=\S+\.py$)", text, flags=re.MULTILINE)[1:]:
        path, _, body = part.partition("\n")
        found[path] = body
    return {**{f"m_{index}.py": "" for index in range(30)}, **found}


def read_found() -> dict[str, str]:
    """Programs on which the walk and CPython once differed (``fuzz_found.txt``), by what was wrong."""
    sections = (Path(__file__).parent / "fuzz_found.txt").read_text(encoding="utf-8").split("==== ")[1:]
    return {heading: body for heading, _, body in (section.partition("\n") for section in sections)}


FOUND = read_found()


# --- many --------------------------------------------------------------------------------------------------------


def run(first: int, count: int, cpython: CPython, tally: Counter[str]) -> Iterator[tuple[int, dict[str, str], Outcome]]:
    """Compare programs that CPython can import, from a seed on; yields those that differ."""
    seed = first
    while tally["programs"] < count:
        files = Generator(seed).program()
        outcome = compare(cpython, files, setting_of(seed))
        tally["tried"] += 1
        if outcome.runs:
            tally.update(programs=1, undecided=outcome.undecided, runs=outcome.runs)
            tally.update(modules=outcome.modules, certain=outcome.certain)
            if outcome.difference:
                tally["different"] += 1
                yield seed, files, outcome
        elif outcome.error:
            tally[f"error {outcome.error[:60]}"] += 1
        seed += 1


def show(files: Files) -> str:
    """A program as text, without markers."""
    return "\n".join(f"# {path}\n{text.strip()}" for path, text in files.items() if text.strip())


def main() -> None:
    """The command."""
    first, count = int(sys.argv[1]), int(sys.argv[2])
    small = sys.argv[3:] != ["--raw"]
    cpython = CPython()
    tally: Counter[str] = Counter()
    for seed, files, outcome in run(first, count, cpython, tally):
        print(f"=== seed {seed}: {outcome.difference}", flush=True)
        if small:
            smallest = shrunk(cpython, files, setting_of(seed), outcome.difference)
            print(compare(cpython, smallest, setting_of(seed)).difference)
            print(show(smallest), flush=True)
    print(dict(tally.most_common(30)))
    cpython.close()


if __name__ == "__main__":
    main()
