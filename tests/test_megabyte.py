"""A megabyte of anything that a repository may hold takes bounded time and memory, and hides no other finding.

``python tests/test_megabyte.py`` prints what each input takes, or those that are named.  What is held here is that none
is killed for taking far more: the system counts the processor's seconds, which a busy machine hardly changes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from helpers import some, write

resource = pytest.importorskip("resource")
MEGABYTE = 1_000_000
SECONDS, MEGABYTES = 10, 500
"""What one input may take on a quiet machine."""
KILLED = 3 * SECONDS
"""Seconds of the processor after which it is killed."""
PROJECT = {
    "pyproject.toml": "",
    "proj/__init__.py": "",
    "proj/celery.py": "from celery import Celery\napp = Celery('proj', include=['proj.large', 'proj.tasks'])\n",
    "proj/large.py": "",
    "proj/tasks.py": "import torch\n",
}


def fill(template: str, size: int = MEGABYTE) -> str:
    """A megabyte of a template, whose ``<n>`` is the number of its repetition."""
    found, length = [], 0
    while length < size:
        found.append(template.replace("<n>", str(len(found))))
        length += len(found[-1])
    return "".join(found)


def half(opening: str, inner: str, closing: str) -> str:
    """Brackets in each other, a megabyte of them."""
    count = MEGABYTE // len(opening + closing)
    return f"x = {opening * count}{inner}{closing * count}\n"


def blocks(template: str, last: str, depth: int) -> str:
    """Statements in each other to a depth, again and again."""
    one = "".join(" " * level + template + "\n" for level in range(depth)) + " " * depth + last + "\n"
    return fill(one)


def called(depth: int) -> str:
    """Functions in each other, each of which calls the one in it."""
    opening = "".join(" " * level + f"def f{level}():\n" for level in range(depth)) + " " * depth + "import a<n>\n"
    return opening + "".join(" " * level + f"f{level}()\n" for level in reversed(range(depth)))


SOURCES: dict[str, Callable[[], str | bytes]] = {
    "brackets in each other": lambda: half("(", "1", ")"),
    "lists in each other": lambda: half("[", "", "]"),
    "brackets that nothing closes": lambda: "x = " + "(" * MEGABYTE,
    "subscripts in each other": lambda: half("x[", "0", "]"),
    "one line of statements": lambda: fill("x<n> = <n>; ") + "\n",
    "one line of names": lambda: "x = " + "y" * MEGABYTE + "\n",
    "one line continued": lambda: "x = 1 " + "\\\n" * (MEGABYTE // 2) + "\n",
    "imports": lambda: fill("import a<n>\n"),
    "imports of one line": lambda: "import " + fill("a<n>, ")[:-2] + "\n",
    "names of one import": lambda: "from lib import (" + fill("a<n>, ") + ")\n",
    "imports of what is beside": lambda: fill("from . import a<n>\n"),
    "functions": lambda: fill("def f<n>(): pass\n"),
    "functions that are called": lambda: fill("def f<n>(): pass\nf<n>()\n"),
    "parameters of one function": lambda: "def f(" + fill("a<n>=<n>, ") + "): pass\nf()\n",
    "classes": lambda: fill("class C<n>: pass\n"),
    "classes that derive from the last": lambda: "class C0: pass\n" + "".join(
        f"class C{number + 1}(C{number}): pass\n" for number in range(35_000)),
    "classes that tell the one they derive from": lambda: "class C0:\n    def __init_subclass__(cls): pass\n" + "".join(
        f"class C{number + 1}(C{number}):\n    def __init_subclass__(cls): super().__init_subclass__()\n"
        for number in range(10_500)),
    "functions in each other that are called": lambda: fill(called(12)),
    "keys that are objects": lambda: (
        "class K:\n    def __hash__(self): return 1\n    def __eq__(self, other): return True\nd = {}\n"
        + fill("d[K()] = <n>\n")),
    "classes in each other": lambda: blocks("class C:", "x = 1", 90),
    "bases of one class": lambda: "class C(" + fill("b<n>, ") + "): pass\n",
    "a dict": lambda: "x = {" + fill("'k<n>': <n>, ") + "}\n",
    "a dict that is asked": lambda: "x = {" + fill("'k<n>': <n>, ") + "}\nfor k in x: x[k]\n",
    "a list": lambda: "x = [" + fill("<n>, ") + "]\n",
    "a list of unknown values": lambda: "x = [" + fill("f(<n>), ") + "]\n",
    "a tuple that is compared": lambda: "x = (" + fill("<n>, ") + ")\ny = x == x\nz = x in [x, x]\n",
    "a set": lambda: "x = {" + fill("f(<n>), ") + "}\ny = 1 in x\n",
    "attributes of each other": lambda: "x = y" + fill(".a<n>") + "\n",
    "calls of each other": lambda: "x = y" + fill("()") + "\n",
    "methods of each other": lambda: "import lib\nx = lib" + fill(".m<n>(<n>)") + "\n",
    "arguments": lambda: "f(" + fill("a<n>, ") + ")\n",
    "a comparison": lambda: "x = 0 " + fill("< <n> ") + "\n",
    "a sum": lambda: "x = 0" + fill(" + <n>") + "\n",
    "a condition": lambda: "x = y" + fill(" and z<n>") + "\n",
    "not not not": lambda: "x = " + "not " * (MEGABYTE // 4) + "y\n",
    "minus minus minus": lambda: "x = " + "-" * MEGABYTE + "1\n",
    "a choice among choices": lambda: "x = " + fill("<n> if y<n> else ") + "0\n",
    "functions without names in each other": lambda: "x = " + "lambda: " * (MEGABYTE // 8) + "0\n",
    "if and elif": lambda: "import os\nx = os.getpid()\nif x: pass\n" + fill("elif x == <n>: pass\n"),
    "if": lambda: fill("if x<n>: pass\n"),
    "if in each other": lambda: "import os\nx = os.getpid()\n" + blocks("if x:", "y = 1", 90),
    "with in each other": lambda: "import lib\n" + blocks("with lib.a() as b:", "y = 1", 18),
    "managers of one with": lambda: "import lib\nwith (" + fill("lib.a(<n>), ") + "):\n    pass\n",
    "try": lambda: fill("try:\n    import a<n>\nexcept ImportError:\n    a<n> = None\n"),
    "try in each other": lambda: fill(
        "".join(" " * depth + "try:\n" for depth in range(18)) + " " * 18 + "import a<n>\n"
        + "".join(" " * depth + "except ImportError: b<n> = 1\n" for depth in reversed(range(18)))),
    "handlers of one try": lambda: "try:\n    import a\n" + fill("except E<n>: pass\n"),
    "while": lambda: "import os\n" + fill("while os.getpid(): x<n> = 1\n"),
    "for in each other": lambda: blocks("for x in range(10):", "y = 1", 18),
    "f-strings": lambda: "y = 1\n" + fill("x<n> = f'{y} {<n>!r:>{y}}'\n"),
    "one f-string": lambda: "y = 1\nx = f'" + fill("{y} <n> ") + "'\n",
    "strings beside each other": lambda: "x = (" + fill("'a<n>' ") + ")\n",
    "decorators": lambda: fill("@d<n>\n") + "def f(): pass\n",
    "decorated functions": lambda: fill("@d\ndef f<n>(): pass\n"),
    "cases": lambda: "import os\nmatch os.getpid():\n" + fill("    case <n>: x = <n>\n"),
    "alternatives of one case": lambda: (
        "import os\nmatch os.getpid():\n    case 0" + fill(" | <n>") + ":\n        x = 1\n"),
    "comments": lambda: fill("# comment <n>\n"),
    "empty lines": lambda: "\n" * MEGABYTE,
    "form feeds": lambda: "\f\n" * (MEGABYTE // 2),
    "a docstring": lambda: '"""' + fill("Text <n>.\n") + '"""\n',
    "a string that nothing ends": lambda: '"""' + fill("Text <n>.\n"),
    "annotations": lambda: fill("x<n>: int = <n>\n"),
    "assignments to each other": lambda: fill("x<n> = ") + "0\n",
    "targets of one assignment": lambda: fill("x<n>, ") + "= f()\n",
    "del": lambda: "del " + fill("x<n>, ")[:-2] + "\n",
    "global": lambda: "def f():\n    global " + fill("x<n>, ")[:-2] + "\nf()\n",
    "await": lambda: "async def f():\n" + fill("    await g<n>()\n") + "import asyncio\nasyncio.run(f())\n",
    "comprehensions": lambda: fill("x<n> = [i for i in range(<n>)]\n"),
    "conditions of one comprehension": lambda: "x = [i for i in range(9)" + fill(" if i") + "]\n",
    "yield": lambda: "def f():\n" + fill("    yield <n>\n") + "for x in f(): pass\n",
    "digits": lambda: "x = 1" + "0" * MEGABYTE + "\n",
    "digits of a base": lambda: "x = 0x" + "f" * MEGABYTE + "\ny = x ** x\n",
    "powers": lambda: fill("x<n> = 9 ** 9 ** <n>\n"),
    "text that is repeated": lambda: fill("x<n> = 'a' * 10 ** <n>\n"),
    "environment variables": lambda: "import os\n" + fill("os.environ['V<n>'] = '<n>'\n"),
    "paths that are searched": lambda: "import sys\n" + fill("sys.path.insert(0, 'd<n>')\n"),
    "modules named by text": lambda: "import importlib\n" + fill("importlib.import_module('m<n>')\n"),
    "tasks": lambda: "from celery import shared_task\n" + fill("@shared_task\ndef f<n>(): pass\n"),
    "apps": lambda: "from celery import Celery\n" + fill("a<n> = Celery('a<n>')\n"),
    "names by their text": lambda: fill("globals()['a<n>'] = <n>\n"),
    "copies of names": lambda: fill("a<n> = <n>\n", MEGABYTE // 2) + fill("g<n> = dict(globals())\n", MEGABYTE // 2),
    "names that are listed": lambda: fill("a<n> = <n>\n", MEGABYTE // 2) + "import proj.large as m\n"
        + fill("dir(m)\nvars(m)\n", MEGABYTE // 2),
    "dicts that hold the last": lambda: "d = {}\n" + fill("d = {**d, 'k<n>': <n>}\n"),
    "lists of each other that are compared": lambda: "a = b = [1]\n" + fill("a = [a, a]\nb = [b, b]\nc<n> = a == b\n"),
    "keys of each other": lambda: "t = (1,)\n" + fill("t = (t, t)\nd<n> = {t: 1}\n"),
    "copies of lists of each other": lambda: "import copy\nx = [1]\n" + fill("x = [x, x]\ny<n> = copy.deepcopy(x)\n"),
    "a dict in itself": lambda: "d = {}\nd['d'] = d\n" + fill("e<n> = d == d\nd['d']['k<n>'] = d\n"),
    "iterators of each other": lambda: "x = [1]\n" + fill("x = map(lambda a: a, x)\n") + "list(x)\n",
    "members of an enumeration": lambda: "import enum\nclass E(enum.Enum):\n" + fill("    A<n> = <n>\n"),
    "arguments of a list": lambda: "def f(*a): return a\nl = [" + fill("<n>, ", 20_000) + "]\n" + fill("f(*l)\n"),
    "keywords of the last call": lambda: "def f(**a): return a\nd = {}\n" + fill("d = f(**d, k<n>=1)\n"),
    "pairs of a list": lambda: "x = [" + fill("<n>, ", 20_000) + "]\n"
        + fill("for i, (a, b) in enumerate(zip(x, x)): pass\n"),
    "partial of partial": lambda: "import functools\nf = print\n" + fill("f = functools.partial(f, <n>)\n") + "f()\n",
    "calls in each other, each another": lambda: "".join(
        f"y{n} = " + "".join(f"{chr(97 + (n >> k) % 16) * (n % 7 + 1)}(" for k in range(60)) + ")" * 60 + "\n"
        for n in range(3_000)),
    "not UTF-8": lambda: b"x = '" + b"\xff\xfe" * (MEGABYTE // 2) + b"'\n",
    "UTF-16": lambda: fill("import a<n>\n", MEGABYTE // 2).encode("utf-16"),
    "null bytes": lambda: b"\0" * MEGABYTE,
    "random bytes": lambda: bytes(number * number % 251 for number in range(MEGABYTE)),
    "names of other scripts": lambda: fill("\u5909\u6570<n> = <n>\n", MEGABYTE // 2),
    "tabs": lambda: "if x:\n" + fill("\ty<n> = 1\n"),
    "carriage returns": lambda: fill("x<n> = 1\r"),
    "suppressions": lambda: fill("import a<n>  # noqa: FS101\n"),
}  # fmt: skip
"""By what it is: the text of ``proj/large.py``."""
SERVICE = "  s<n>:\n    image: a\n    command: celery -A proj worker -c <n>\n"
FILES: dict[str, Callable[[], dict[str, str]]] = {
    "tables of TOML": lambda: {"pyproject.toml": fill("[tool.t<n>]\nx = <n>\n")},
    "tables of TOML in each other": lambda: {"pyproject.toml": "x = " + "[" * MEGABYTE},
    "dependencies of pyproject.toml": lambda: {
        "pyproject.toml": "[project]\nname = 'p'\ndependencies = [" + fill("'a<n>>=1', ") + "]\n"},
    "scripts of pyproject.toml": lambda: {
        "pyproject.toml": "[project]\nname = 'p'\n[tool.pdm.scripts]\n"
        + fill("s<n> = 'celery -A proj worker -c <n>'\n")},
    "options of forksafe": lambda: {"pyproject.toml": "[tool.forksafe]\naccept = [" + fill("'a<n>', ") + "]\n"},
    "requirements": lambda: {"requirements.txt": fill("a<n>==1.<n>\n")},
    "requirements of hashes": lambda: {"requirements.txt": "torch==1.0 " + fill("--hash=sha256:<n> ") + "\n"},
    "requirements of each other": lambda: {
        f"requirements/r{number}.txt": fill(f"-r r{(number * 7 + 1) % 50}.txt\n-r r<n>.txt\n", MEGABYTE // 50)
        for number in range(50)
    } | {"requirements.txt": "-r requirements/r0.txt\n"},
    "a lock": lambda: {"poetry.lock": fill("[[package]]\nname = 'a<n>'\nversion = '1'\n")},
    "services of compose": lambda: {"compose.yaml": "services:\n" + fill(SERVICE)},
    "files of variables": lambda: {
        "compose.yaml": "services:\n" + fill(SERVICE + "    env_file: [e.env, e.env]\n", MEGABYTE // 2),
        "e.env": fill("V<n>=<n>\n", MEGABYTE // 2)},
    "variables of compose": lambda: {
        "compose.yaml": "services:\n  s:\n    image: a\n    command: celery -A proj worker\n    environment:\n"
        + fill("      V<n>: '${V<n>:-<n>}'\n")},
    "a word of compose": lambda: {
        "compose.yaml": "services: {w: {command: celery -A proj worker -c " + "9" * MEGABYTE + "}}"},
    "anchors of compose": lambda: {
        "compose.yaml": "x0: &a0 [1]\n" + "".join(f"x{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(30_000))},
    "merges of compose": lambda: {
        "compose.yaml": "x0: &a0 {k0: 1}\n" + "".join(
            f"x{n + 1}: &a{n + 1}\n  <<: *a{n}\n  k{n + 1}: 1\n" for n in range(18_000))},
    "YAML in each other": lambda: {"compose.yaml": "services: " + "[" * MEGABYTE},
    "a Dockerfile": lambda: {
        "Dockerfile": "FROM a\n" + fill("RUN x<n>\nENV A<n>=<n>\n") + "CMD celery -A proj worker\n"},
    "stages of a Dockerfile": lambda: {
        "Dockerfile": "FROM a AS s0\n" + "".join(f"FROM s{n} AS s{n + 1}\nENV A{n}=1\n" for n in range(25_000))
        + "CMD celery -A proj worker\n"},
    "a Dockerfile of one line": lambda: {"Dockerfile": "FROM a\nRUN " + fill("x<n> && \\\n") + "y\n"},
    "a Makefile": lambda: {"Makefile": fill("t<n>: t\n\tcelery -A proj worker -c <n>\n")},
    "variables of a Makefile": lambda: {"Makefile": fill("V<n> = $(V<n>)$(V<n>)\n") + "w:\n\tcelery -A proj worker\n"},
    "a Procfile": lambda: {"Procfile": fill("w<n>: celery -A proj worker -c <n>\n")},
    ".env": lambda: {".env": fill("V<n>=${V<n>}\n"), "Procfile": "w: celery -A proj worker\n"},
    "a shell script": lambda: {
        "start.sh": "#!/bin/sh\n" + fill("A<n>=$A<n>\nif x; then y; fi\n") + "celery -A proj worker\n"},
    "a shell script in each other": lambda: {"start.sh": "#!/bin/sh\n" + "$(" * (MEGABYTE // 2) + "\n"},
    "quotes of a shell script": lambda: {
        "start.sh": "#!/bin/sh\nx=" + "'a'\"b\"" * (MEGABYTE // 6) + "\ncelery -A proj worker\n"},
    "a template of Jinja": lambda: {
        "start.sh.j2": fill("{% if a<n> %}\ncelery -A proj worker -c {{ b<n> }}\n{% endif %}\n")},
    "a chart of Helm": lambda: {
        "chart/Chart.yaml": "name: a\n", "chart/values.yaml": fill("v<n>: <n>\n"),
        "chart/templates/w.yaml": fill("a<n>: {{ .Values.v<n> | default 1 }}\n")},
    "resources of Kubernetes": lambda: {
        "k8s.yaml": fill("---\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n"
                         "      - name: c<n>\n        command: [celery, -A, proj, worker, -c, '<n>']\n")},
    "a configuration of supervisor": lambda: {
        "supervisord.conf": fill("[program:p<n>]\ncommand=celery -A proj worker -c <n>\n")},
    "a configuration of uWSGI": lambda: {
        "uwsgi.ini": "[uwsgi]\nmodule = proj.celery\n" + fill("a<n> = %(a<n>)\nprocesses = <n>\n")},
    "a configuration of gunicorn": lambda: {
        "gunicorn.conf.py": fill("x<n> = <n>\n"), "Procfile": "w: gunicorn -c gunicorn.conf.py proj.celery:app\n"},
    "a package of JavaScript": lambda: {
        "package.json": '{"scripts": {' + fill('"s<n>": "celery -A proj worker -c <n>", ') + '"x": "y"}}'},
    "workflows": lambda: {".github/workflows/w.yml": "jobs:\n" + fill(
        "  j<n>:\n    steps:\n    - run: celery -A proj worker -c <n>\n")},
    "launches of a large module": lambda: {
        "Procfile": "".join(f"w{n}: celery -A proj.celery:a{n} worker\n" for n in range(2_000)),
        "proj/celery.py": "from celery import Celery\n" + "".join(
            f"a{n} = Celery('proj', include=['proj.large', 'proj.tasks'])\n" for n in range(2_000)),
        "proj/large.py": fill("class C<n>: pass\n", MEGABYTE - 300_000)},
    "apps of a large module": lambda: {
        f"proj/app{n}.py": PROJECT["proj/celery.py"] for n in range(300)
    } | {"proj/large.py": fill("class C<n>: pass\n", MEGABYTE - 100_000)},
    "a program that starts others": lambda: {"run.py": "import subprocess\n" + fill(
        "subprocess.run(['celery', '-A', 'proj', 'worker', '-c', '<n>'])\n")},
    "an application file": lambda: {"setup.cfg": "[flake8]\n" + fill("x<n> = <n>\n")},
    "files of a directory": lambda: {f"proj/f{number}.py": "import a\n" for number in range(5_000)},
    "directories in each other": lambda: {"proj/" + "d/" * 200 + "x.py": "import a\n"},
    "a baseline": lambda: {".forksafe-baseline.json": '{"findings": [' + fill('{"path": "a<n>"}, ') + "{}]}"},
}  # fmt: skip
"""By what it is: files beside those of the project."""
HOSTILE = {name: {"proj/large.py": text} for name, text in SOURCES.items()} | FILES
RUN = """
import resource, sys
from flake8_forksafe.cli import main
try:
    status = main(["check", "--no-cache", *sys.argv[1:]])
except SystemExit as stopped:
    status = stopped.code
own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
seconds = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
print("TOOK", seconds, max(own.ru_maxrss, children.ru_maxrss) / 1024, file=sys.stderr)
sys.exit(status)
"""


class Taken(NamedTuple):
    """A run of the command: its status, what it printed, and its seconds of the processor and megabytes of memory."""

    status: int
    printed: str
    seconds: float
    megabytes: float


def files_of(name: str) -> dict[str, str | bytes]:
    """The files that an input is made of."""
    if name in SOURCES:
        return {"proj/large.py": SOURCES[name]()}
    return dict(FILES[name]())


def taken(root: Path, *arguments: str) -> Taken:
    """Run ``forksafe check`` where it may take no more than a few times the limit."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (KILLED, KILLED))

    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], cwd=root, capture_output=True, text=True, errors="replace",
        preexec_fn=limit, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    place = done.stderr.rfind("TOOK")
    if place < 0:
        return Taken(done.returncode, done.stdout + done.stderr, KILLED, 0)
    seconds, megabytes = map(float, done.stderr[place:].split()[1:3])
    return Taken(done.returncode, done.stdout + done.stderr[:place], seconds, megabytes)


def made(directory: Path, name: str) -> Path:
    """A project with one of the inputs."""
    root = write(directory, PROJECT)
    for path, content in files_of(name).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


@pytest.mark.slow
@pytest.mark.parametrize("name", some(HOSTILE, 4))
def test_a_megabyte_is_read_in_bounded_time_and_memory(name: str, tmp_path: Path) -> None:
    run = taken(made(tmp_path, name))
    assert run.status in (1, 2), run.printed[-2000:]  # 2: the options themselves cannot be read
    assert "Traceback" not in run.printed
    assert run.status == 2 or "'torch'" in run.printed or "the analysis was stopped here" in run.printed
    assert run.megabytes <= MEGABYTES


def main() -> None:
    """Print what each input takes, or those that are named."""
    for name in sys.argv[1:] or HOSTILE:
        with tempfile.TemporaryDirectory() as directory:
            run = taken(made(Path(directory).resolve(), name))
        odd = " TRACEBACK" * ("Traceback" in run.printed)
        print(f"{name:45} {run.seconds:6.1f} s {run.megabytes:5.0f} MB  exit {run.status}{odd}", flush=True)


if __name__ == "__main__":
    main()
