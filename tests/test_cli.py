"""How the command ends: one line, and exit status 1 for findings only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.cli import RUNNERS
from flake8_forksafe.command_line import COMMANDS

SHOP = {
    "pyproject.toml": "",
    "shop/__init__.py": "",
    "shop/celery.py": 'from celery import Celery\napp = Celery("shop", include=["shop.tasks"])\n',
    "shop/tasks.py": "import torch\n",
}
RUN = "from flake8_forksafe.__main__ import run; run()"
DIES = "raise RuntimeError('of its own making')\n"


def test_every_command_has_options_and_does_something() -> None:
    assert [command.name for command in COMMANDS] == list(RUNNERS)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with a finding."""
    return write(tmp_path / "repo", SHOP)


def command(
    directory: Path, *arguments: str, environ: dict[str, str] | None = None, code: str = RUN
) -> subprocess.CompletedProcess[str]:
    """Run ``forksafe`` as its users do."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=directory, capture_output=True, text=True, timeout=120,
        env={**os.environ, **(environ or {})},
    )  # fmt: skip


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The only line of a run that could not do what was asked."""
    assert done.returncode == 2, done
    (line,) = done.stderr.splitlines()
    assert line.startswith("forksafe"), done
    return line


# --- what was asked ---------------------------------------------------------------------------------------------


def test_without_a_command_its_help_is_shown(shop: Path) -> None:
    done = command(shop)
    assert done.returncode == 2 and done.stderr == ""
    assert done.stdout.startswith("usage: forksafe") and "explain a code" in done.stdout


def test_a_command_that_does_not_exist(shop: Path) -> None:
    assert one_line(command(shop, "chekc")) == (
        "forksafe: there is no command 'chekc'; the commands are check, fix, trace, measure, why, memory, explain"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "--ap", "shop.celery"], "unrecognized arguments: --ap"),
        (["check", "--stat"], "unrecognized arguments: --stat"),
        (["measure", "--time", "3"], "unrecognized arguments: --time"),
        (["--vers"], "the following arguments are required: COMMAND"),
        (["check", "--app"], "argument --app: expected one argument"),
        (["check", "--format", "yaml"], "argument --format: invalid choice: 'yaml'"),
        (["measure", "--fork", "two"], "argument --fork: invalid int value: 'two'"),
        (["measure", "--timeout", "soon"], "argument --timeout: invalid float value: 'soon'"),
        (["why"], "the following arguments are required: NAME"),
        (["check", "nowhere"], "there is no 'nowhere'"),
        (["trace", "nowhere"], "'nowhere' is not a directory"),
        (["explain", "FS999"], "there is no code 'FS999'"),
        (["check", "--app", "1x"], "the option app takes a module"),
        (["check", "--django-settings", "a-b"], "the option django-settings takes a dotted module name, not 'a-b'"),
        (["check", "--django-settings", " "], "the option django-settings takes MODULE"),
        (["check", "--worker-memory", "0"], "the option worker-memory takes a whole number"),
        (["check", "--worker-memory", "١"], "the option worker-memory takes a whole number"),
        (["check", "--container-memory", "9" * 5000], "the option container-memory takes a whole number"),
        (["check", "--python-version", "3"], "the option python-version takes a version"),
        (["check", "--python-version", "3." + "9" * 5000], "the option python-version takes a version"),
        (["check", "--platform", "bsd"], "the option platform takes a value of sys.platform"),
        (["check", "--accept", "a b"], "the option accept takes a package"),
        (["check", "--hazards", "torch;os"], "the option hazards takes a dotted module name"),
        (["check", "--warm-ups", "load()"], "the option warm-ups takes a dotted name"),
        (["check", "--baseline", "missing.json"], "there is no baseline"),
        (["check", "--baseline", "shop"], "it is a directory"),
        (["check", "--measurement", "missing.json"], "cannot be read: No such file or directory"),
        (["check", "--measurement", "shop/celery.py"], "is not a measurement: it is not JSON"),
        (["check", "--write-baseline", "b.json", "shop"], "--write-baseline and PATH cannot be used together"),
        (["check", "--write-baseline", "b.json", "--statistics"], "--write-baseline and --statistics cannot"),
        (["check", "--write-baseline", "b.json", "--format", "json"], "--write-baseline and --format cannot"),
        (["check", "--write-baseline", "b.json", "--baseline", "a.json"], "--write-baseline and --baseline cannot"),
        (["check", "--fixes"], "--fixes is for --format json and sarif; forksafe fix shows repairs as a diff"),
        (["check", "--write-baseline", "b.json", "--stdin-filename", "x.py"], "--write-baseline and --stdin-filename"),
        (["check", "--write-baseline", "no/where.json"], "cannot be written: No such file or directory"),
        (["check", "--no-cache", "--cache-dir", "c"], "--no-cache and --cache-dir cannot be used together"),
        (["measure", "--diff", "a", "b", "--fork", "2"], "--diff compares two files and runs nothing"),
        (["measure", "--diff", "before.json", "after.json"], "before.json cannot be read: No such file"),
        (["measure", "--fork", "-1"], "--fork takes a number of children, not -1"),
        (["measure", "--timeout", "nan"], "--timeout takes a number of seconds up to a day, not nan"),
        (["measure", "--memory", "much"], "--memory takes an amount"),
    ],
    ids=lambda value: " ".join(value)[:50] if isinstance(value, list) else "",
)  # fmt: skip
def test_what_cannot_be_meant_is_said_in_one_line(shop: Path, arguments: list[str], message: str) -> None:
    line = one_line(command(shop, *arguments))
    assert message in line and len(line) < 2_500


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--app", "shop.celry"], "--app names 'shop.celry', which does not exist in {shop}; there is shop.celery:app"),
        (["--app", "other"], "--app names 'other', which does not exist in {shop}; there is shop.celery:app"),
        (["--source-roots", "shp"], "--source-roots names 'shp', which does not exist in {shop}; there is shop"),
        (["--source-roots", ".,lib"], "--source-roots names 'lib', which does not exist in {shop}"),
        (["--django-settings", "shop.conf"], "--django-settings names 'shop.conf', which does not exist in {shop}"),
        (["--environment", "nowhere"], "--environment names 'nowhere', which does not exist in {shop}"),
    ],
)
@pytest.mark.parametrize("name", ["check", "trace"])
def test_what_the_user_names_and_does_not_exist(shop: Path, name: str, arguments: list[str], message: str) -> None:
    line = one_line(command(shop, *name.split(), *arguments))
    assert message.replace("{shop}", str(shop)) in line


def test_an_app_that_does_not_exist_where_nothing_else_does(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "", "hello.py": ""})
    assert "--app names 'shop'" in one_line(command(tmp_path, "check", "--app", "shop"))
    (tmp_path / "pyproject.toml").write_text('[tool.forksafe]\napp = ["shop"]\n')
    done = command(tmp_path, "check")
    assert done.returncode == 1 and "pyproject.toml" in done.stdout and "FS193" in done.stdout


@pytest.mark.parametrize(
    "table", ['app = ["shop.celry"]', 'source-roots = ["lib"]', 'django-settings = "a.b"', 'environment = "nowhere"']
)
def test_what_the_project_names_and_does_not_exist_is_a_finding(shop: Path, table: str) -> None:
    (shop / "pyproject.toml").write_text(f"[tool.forksafe]\n{table}\n")
    done = command(shop, "check", "--format", "json")
    assert done.returncode == 1 and done.stdout.count("FS193") == 1
    assert f"the option {table.partition(' ')[0]} names" in done.stdout
    assert ("FS101" in done.stdout) == (not table.startswith("app"))


# --- what is in the files ---------------------------------------------------------------------------------------

LONG = "9" * 5000
DOCUMENTS = {
    "TOML number": ("pyproject.toml", f"[tool.forksafe]\nworker-memory = {LONG}\n", "is not valid TOML"),
    "TOML number elsewhere": ("pyproject.toml", f"[tool.other]\nx = {LONG} # forksafe\n", "is not valid TOML"),
    "TOML depth": ("pyproject.toml", "[tool.forksafe]\nx = " + "[" * 5000, "is not valid TOML"),
    "TOML bytes": ("pyproject.toml", "[tool.forksafe]\nx = '\udcff'\n", "is not valid TOML"),
    "JSON number": ("known.json", f'{{"schema": {LONG}, "findings": []}}', "is not a baseline: it is not JSON"),
    "JSON depth": ("known.json", "[" * 100_000, "is not a baseline: it is not JSON"),
    "JSON bytes": ("known.json", "\udcff", "is not a baseline: it is not JSON"),
    "JSON schema": ("known.json", '{"schema": "' + "x" * 9000 + '", "findings": []}', "has schema 'xxx"),
    "measured number": ("worker.json", f'{{"schema": {LONG}}}', "is not a measurement: it is not JSON"),
    "measured shape": ("worker.json", '{"schema": 1, "memory": [], "modules": 1}', "memory must be a table"),
    "measured infinity": (
        "worker.json", '{"schema": 1, "modules": [], "memory": {"rss": Infinity}}', "memory must be a number of bytes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_documents_that_cannot_be_read(shop: Path, kind: str) -> None:
    name, content, message = DOCUMENTS[kind]
    (shop / name).write_text(content, encoding="utf-8", errors="surrogateescape")
    options = {"known.json": ["--baseline", name], "worker.json": ["--measurement", name]}.get(name, [])
    line = one_line(command(shop, "check", *options))
    assert message in line and len(line) < 2_500


BROKEN = {
    "pyproject.toml": [
        f"x = {LONG}\n", "x = " + "[" * 5000, "project = 1\n", "tool = 1\n", "project.dependencies = 1\n",
        "[project]\noptional-dependencies = 1\n", "[project]\nscripts = 1\n",
        "[project.optional-dependencies]\nx = 1\n",
        "dependency-groups = 1\n", "[dependency-groups]\nx = 1\n", "tool.poetry = 1\n",
        "tool.poetry.dependencies = 1\n",
        "tool.poetry.group = 1\n", "tool.poetry.group.dev = 1\n", "tool.poetry.group.dev.dependencies = 1\n",
        "project.requires-python = 3\n", f"[project]\nrequires-python = '>={LONG}.{LONG}'\n",
    ],
    "setup.cfg": ["[", "[options]\ninstall_requires = %(x)s\n", "x", "[options.extras_require]\nx\n"],
    "compose.yml": [
        f"services:\n  w:\n    image: x\n    command: celery -A shop worker -c {LONG}\n",
        f"services:\n  w:\n    image: x\n    command: celery -A shop worker\n    mem_limit: {LONG}\n",
        f"services:\n  w:\n    image: x\n    command: celery -A shop worker\n    mem_limit: {LONG}g\n",
        f"services:\n  w:\n    image: x\n    command: celery -A shop worker --autoscale={LONG},{LONG}\n",
    ],
    "k8s.yaml": [
        "kind: Deployment\nspec: {template: {spec: {containers: [{name: w, command: [celery, -A, shop, worker, "
        f"-c, '{LONG}'], resources: {{limits: {{memory: {LONG}, cpu: {LONG}}}}}}}]}}}}}}\n",
    ],
    "Procfile": [f"worker: celery -A shop worker -c {LONG}\n", f"worker: celery -A {'x' * 100_000} worker\n"],
    "shop/tasks.py": [
        f"import torch\nx = {LONG}\n", f"import torch\nx = {LONG} * {LONG}\n", f"import torch\nx = int('{LONG}')\n",
        f"import torch\nx = '{LONG}' * {LONG}\n", f"import torch\nx = 1 << {'9' * 4000}\n",
        f"import torch\nx = range({'9' * 4000})\nfor y in x: pass\n",
        f"import torch\nx = 10 ** {'9' * 4000}\n", "import torch\nx = 'a' % 9\n",
        f"import torch\nimport {'a' * 100_000}\n",
        f"import torch\nx = '%{'9' * 4000}d' % 1\n", f"import torch\nx = f'{{1:{'9' * 4000}}}'\n",
        f"import torch\nx = 'a'.ljust({'9' * 30})\n", "import torch\nx = 1e999\nint(x)\n",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"),
    [pytest.param(name, text, id=f"{name}-{n}") for name in BROKEN for n, text in enumerate(BROKEN[name])],
)
def test_whatever_a_file_holds_the_others_are_analysed(shop: Path, name: str, content: str) -> None:
    (shop / name).write_text(content)
    done = command(shop, "check", "--no-cache", "--format", "json")
    assert done.returncode == 1 and "FS101" in done.stdout, done.stderr
    assert "Traceback" not in done.stderr and len(done.stdout) < 50_000


# --- where it runs ----------------------------------------------------------------------------------------------


def shell(directory: Path, redirection: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``forksafe`` with standard streams that the shell redirects."""
    words = " ".join(arguments)
    return subprocess.run(
        ["sh", "-c", f'"$0" -c "$1" {words} {redirection}', sys.executable, RUN], cwd=directory,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="needs a shell of Unix")
@pytest.mark.parametrize(
    "arguments", ["check", "check --format json", "trace", "explain FS101", "memory", "why torch", "--help"]
)
class TestStreams:
    """Standard streams that are closed, full, or nobody's."""

    def test_a_closed_output(self, shop: Path, arguments: str) -> None:
        assert one_line(shell(shop, ">&-", arguments)) == "forksafe: standard output is closed"

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
    def test_a_full_disk(self, shop: Path, arguments: str) -> None:
        line = one_line(shell(shop, ">/dev/full", arguments))
        assert line == "forksafe: the findings cannot be written: No space left on device"

    @pytest.mark.parametrize("redirection", ["2>/dev/full", "<&- 2>&-"])
    def test_another_stream_is_closed_or_full(self, shop: Path, arguments: str, redirection: str) -> None:
        if "full" in redirection and not os.path.exists("/dev/full"):
            pytest.skip("needs /dev/full")
        expected = command(shop, *arguments.split())
        done = shell(shop, redirection, arguments)
        assert (done.returncode, done.stdout) == (expected.returncode, expected.stdout)

    def test_everything_is_closed(self, shop: Path, arguments: str) -> None:
        assert shell(shop, "<&- >&- 2>&-", arguments).returncode == 2

    def test_nobody_reads_on(self, shop: Path, arguments: str) -> None:
        done = shell(shop, "| true", arguments)
        assert done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps the current directory")
@pytest.mark.parametrize("arguments", [["check"], ["trace"], ["why", "torch"], ["memory"], ["measure"]])
def test_a_current_directory_that_is_gone(shop: Path, arguments: list[str]) -> None:
    code = f"import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); {RUN}"
    line = one_line(command(shop, *arguments, code=code))
    assert line == "forksafe: the current directory cannot be determined: No such file or directory"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (DIES, "RuntimeError: of its own making"),
        ("raise ImportError('no backend')\n", "ImportError: no backend"),
        ("import not_installed_at_all\n", "ModuleNotFoundError: No module named 'not_installed_at_all'"),
        ("x = (\n", "SyntaxError: "),
    ],
)
def test_a_broken_dependency(shop: Path, tmp_path: Path, content: str, error: str) -> None:
    for package in ("networkx", "libcst"):
        write(tmp_path / package, {f"{package}/__init__.py": content})
        line = one_line(command(shop, "check", "--no-cache", environ={"PYTHONPATH": str(tmp_path / package)}))
        assert line.startswith(f"forksafe: {package} cannot be imported ({error}")
        assert line.endswith("; reinstall flake8-forksafe")


def test_a_broken_dependency_that_only_some_files_need(shop: Path, tmp_path: Path) -> None:
    write(tmp_path / "broken", {"yaml/__init__.py": DIES})
    write(shop, {"compose.yml": "services:\n  w:\n    image: x\n    command: celery -A shop worker\n"})
    environ = {"PYTHONPATH": str(tmp_path / "broken")}
    done = command(shop, "check", "--no-cache", "--format", "json", environ=environ)
    assert done.returncode == 1 and "FS101" in done.stdout and "FS192" in done.stdout
    assert "PyYAML cannot be imported (RuntimeError); reinstall flake8-forksafe" in done.stdout


FAULT = (
    "import flake8_forksafe.analysis as analysis\n"
    "def fail(*_, **__): raise {error}\n"
    "analysis.find_launches = fail\n"
)  # fmt: skip


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("ZeroDivisionError('x' * 10**6)", "forksafe: internal error: ZeroDivisionError: xxx"),
        ("KeyError('\\x1b[2J')", "forksafe: internal error: KeyError: '\\x1b[2J'; please report it"),
        ("RecursionError('maximum recursion depth exceeded')", "forksafe: internal error: RecursionError: maximum"),
        ("MemoryError()", "forksafe: it cannot go on: there is no more memory"),
        ("OSError(24, 'Too many open files', 'x')", "forksafe: it cannot go on: Too many open files"),
        ("KeyboardInterrupt()", "forksafe: interrupted"),
    ],
)
def test_an_error_that_nobody_foresaw(shop: Path, error: str, message: str) -> None:
    line = one_line(command(shop, "check", "--no-cache", code=FAULT.format(error=error) + RUN))
    assert line.startswith(message) and len(line) < 2_500 and "\x1b" not in line


def test_where_it_was_is_shown_to_those_who_ask(shop: Path) -> None:
    code = FAULT.format(error="KeyError('x')") + RUN
    done = command(shop, "check", "--no-cache", code=code, environ={"FORKSAFE_DEBUG": "1"})
    assert done.returncode == 2 and "Traceback" in done.stderr and "in fail" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("forksafe: internal error: KeyError: 'x'; please report it")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_flake8_shows_what_the_other_plugins_find(shop: Path, jobs: str) -> None:
    (shop / "shop/tasks.py").write_text("import torch\nx=1\n")
    code = FAULT.format(error="KeyError('x')") + "from flake8.main.cli import main\nraise SystemExit(main())"
    done = command(shop, "--isolated", f"-j{jobs}", "--forksafe-no-cache", ".", code=code)
    assert done.returncode == 1
    assert "shop/tasks.py:2:2: E225" in done.stdout
    reported = [line for line in done.stdout.splitlines() if " FS" in line]
    assert len(reported) == 1, done
    assert "shop/celery.py:1:1: FS190 Celery is imported here, but nothing is checked: internal error: " in reported[0]
    (line,) = done.stderr.splitlines()
    assert line.startswith("flake8-forksafe: internal error: KeyError: 'x'; please report it")


def test_flake8_with_a_broken_dependency(shop: Path, tmp_path: Path) -> None:
    write(tmp_path / "broken", {"networkx/__init__.py": DIES})
    code = "from flake8.main.cli import main\nraise SystemExit(main())"
    environ = {"PYTHONPATH": str(tmp_path / "broken")}
    done = command(shop, "--isolated", "--forksafe-no-cache", ".", code=code, environ=environ)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "shop/celery.py:1:1: FS190 Celery is imported here, but nothing is checked: networkx cannot" in done.stdout


# --- how it is stopped ------------------------------------------------------------------------------------------

SLOW = (
    "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "import flake8_forksafe.analysis as analysis, time\n"
    "def wait(*_, **__): print('ready', flush=True); time.sleep(60)\n"
    "analysis.find_launches = wait\n"
)  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(signal.SIGINT, 2, "forksafe: interrupted\n"), (signal.SIGTERM, -signal.SIGTERM, "")],
)
def test_signals(shop: Path, number: signal.Signals, status: int, said: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW + RUN, "check", "--no-cache"], cwd=shop, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    begin = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (status, said)
    assert time.monotonic() - begin < 20


CODECS: dict[str, Callable[[], bytes]] = {
    "punycode": lambda: b"# coding: punycode\n" + b"x = 1-a\n" * 100_000,
    "undefined": lambda: b"# coding: undefined\n",
    "idna": lambda: b"# coding: idna\n" + b"x = 1\n" * 100_000,
    "hex": lambda: b"# coding: hex\n",
    "zlib": lambda: b"# coding: zlib\n",
    "rot13": lambda: b"# coding: rot13\n",
    "utf-16": lambda: b"# coding: utf-16\n",
    "utf-7": lambda: b"# coding: utf-7\nx = '+'\n",
    "unicode_escape": lambda: b"# coding: unicode_escape\nx = '\\x'\n",
    "mbcs": lambda: b"# coding: mbcs\n",
    "unknown": lambda: b"# coding: " + b"x" * 100_000 + b"\n",
    "dots": lambda: b"# coding: os.path\n",
    "dashes": lambda: b"# coding: ---\n",
}


@pytest.mark.parametrize("name", CODECS)
def test_encodings(shop: Path, name: str) -> None:
    (shop / "shop/celery.py").write_text(
        'from celery import Celery\napp = Celery("s", include=["shop.odd", "shop.tasks"])\n'
    )
    (shop / "shop/odd.py").write_bytes(CODECS[name]())
    begin = time.monotonic()
    done = command(shop, "check", "--no-cache", "--format", "json")
    assert time.monotonic() - begin < 30
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "FS191" in done.stdout and "'shop.odd' cannot be analysed" in done.stdout and "FS101" in done.stdout
    assert len(done.stdout) < 5_000


def test_an_interrupt_while_the_command_is_imported(shop: Path) -> None:
    code = "import sys, argparse\ndel sys.modules['argparse']\nsys.path.insert(0, 'early')\n" + RUN
    write(shop, {"early/argparse.py": "raise KeyboardInterrupt\n"})
    assert one_line(command(shop, "check", code=code)) == "forksafe: interrupted"


def test_an_app_that_the_module_does_not_hold(shop: Path) -> None:
    assert one_line(command(shop, "check", "--app", "shop.celery:missing")).startswith(
        "forksafe: --app names 'shop.celery:missing', which does not exist in "
    )
    for written in ("from celery import *\n", "def __getattr__(name):\n    return app\n", "missing = app\n"):
        write(shop, {"shop/celery.py": SHOP["shop/celery.py"] + written})
        assert command(shop, "check", "--app", "shop.celery:missing").returncode == 1
