"""Names, paths and contents of a project only show themselves, whatever they are made of, in every format."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from helpers import write

from flake8_forksafe.printable import HIDDEN_COMMAND, printable, shortened
from flake8_forksafe.report.json import dumps

pytestmark = pytest.mark.costly

NASTY = "\x1b[2J\r\x07\x08\x7f\x85\x9b\u202e\u2066\u200b\ufeff\u2028\U000e0041\ufffe"
"""Terminal sequences, C0 and C1 controls, direction marks, what is invisible, what ends lines, what XML cannot hold."""
SECRET = "hunter2 is the password"

FORMATS = [
    ["check"], ["check", "--format", "json"], ["check", "--format", "sarif"], ["check", "--format", "github"],
    ["check", "--format", "junit"], ["check", "--statistics"], ["trace"], ["trace", "--format", "json"],
    ["trace", "--format", "html"], ["trace", "--format", "dot"], ["trace", "--format", "mermaid"], ["why", "torch"],
    ["memory"], ["memory", "--format", "json"], ["explain", "FS101"],
    ["check", "--fixes", "--format", "json"],
]  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that is full of them."""
    root = tmp_path_factory.mktemp("hostile")
    name = f"odd{NASTY}" + ("\udcff" if sys.platform == "linux" else "")
    write(root, {
        "pyproject.toml": "",
        "shop/__init__.py": "",
        "shop/celery.py": f"""\
            import importlib
            from celery import Celery
            app = Celery("shop", include=["shop.tasks"])
            importlib.import_module("shop.{name.encode('unicode_escape').decode()}.jobs")
            importlib.import_module("torch.{NASTY.encode('unicode_escape').decode()}")
            importlib.import_module(unknown + {NASTY!r})
            """,
        "shop/tasks.py": f"import torch  # {NASTY.replace(chr(13), '')}\nimport os\nos.environ[{NASTY!r}] = '1'\n",
        "compose.yml": f"services:\n  {json.dumps('w' + NASTY)}:\n    image: x\n"
                       f"    command: {json.dumps('celery -A shop worker -n w' + NASTY)}\n    mem_limit: 100m\n",
        "broken.yml": f"services:\n  w: *{'a' * 5000}\n  command: celery\n",
    })  # fmt: skip
    write(
        root,
        {
            f"shop/{name}/jobs.py": "import numpy\nimport torch.hub\ntorch.hub.load('x')\n",
            f"shop/{name}/__init__.py": "",
        },
    )
    return root


def command(directory: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run ``forksafe``."""
    code = "from flake8_forksafe.cli import run; run()"
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=directory, capture_output=True, timeout=120)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("arguments", FORMATS, ids=" ".join)
def test_nothing_reaches_the_screen_that_does_not_show_itself(hostile: Path, arguments: list[str]) -> None:
    done = command(hostile, *arguments, "--no-cache")
    assert done.returncode == int(arguments[0] == "check"), done.stderr
    for stream in (done.stdout, done.stderr):
        for line in stream.decode("utf-8").split("\n"):
            assert line.replace("\t", " ").isprintable(), ascii(line)
            assert len(line) < 20_000 or arguments[-1] == "html"
    text = done.stdout.decode()
    assert "torch" in text
    if arguments[-1] in ("json", "sarif"):
        json.loads(text)
    if arguments[-1] == "junit":
        ElementTree.fromstring(text)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_flake8_neither(hostile: Path) -> None:
    code = "from flake8.main.cli import main\nraise SystemExit(main())"
    arguments = ["--isolated", "--select=FS", "--forksafe-no-cache", "shop/celery.py", "shop/tasks.py"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=hostile, capture_output=True, timeout=120)
    assert done.returncode == 1 and b"FS101" in done.stdout
    for line in done.stdout.decode("utf-8").split("\n"):
        assert line.isprintable(), ascii(line)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", f"no{NASTY}"], ["check", "--app", f"a{NASTY}"], ["check", "--baseline", f"b{NASTY}"],
        ["check", "--measurement", f"m{NASTY}"], ["check", "--format", NASTY], [NASTY], ["explain", NASTY],
        ["check", f"--{NASTY}"], ["why", f"x{NASTY}"], ["check", "--source-roots", f"s{NASTY}"],
        ["measure", "--python", f"p{NASTY}"],
    ],
    ids=lambda value: ascii(value)[:40],
)  # fmt: skip
def test_messages_about_arguments_neither(hostile: Path, arguments: list[str]) -> None:
    done = command(hostile, *arguments)
    for line in (done.stdout + done.stderr).decode("utf-8").split("\n"):
        assert line.isprintable(), ascii(line)


def test_printable() -> None:
    assert printable("torch → ä 模块") == "torch → ä 模块"
    assert printable("\x1b[31m\r\n\u202e\udcff") == "\\x1b[31m\\r\\n\\u202e\\udcff"
    assert printable(" ::error::x") == " \\x3a:error::x" and printable("a::b") == "a::b"
    assert printable("x ##[error]y") == "x #\\x23[error]y"
    assert not HIDDEN_COMMAND.search(printable(printable("::##[a")))


def test_json_keeps_what_it_writes() -> None:
    document = {"a\x1b": [NASTY + "\udcff", "ä→模", 1, None], "b": "\\u001b \\\\x"}
    text = dumps(document, 1)
    assert json.loads(text) == document and "ä→模" in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_shortened() -> None:
    assert shortened("x" * 50, 50) == "x" * 50
    assert len(shortened("x" * 10_000_000)) < 2_000
    assert shortened("abcdefghijkl" * 3, 12) == "abcdefgh … jkl"


# --- nothing from outside the repository ------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository beside something secret."""
    write(tmp_path / "outside", {
        "secret.txt": f"{SECRET}\n",
        "secret.json": json.dumps({"schema": SECRET, "findings": [SECRET], "memory": SECRET, "modules": SECRET}),
        "secret.py": f"PASSWORD = {SECRET!r}\nimport torch  # {SECRET}\n",
        "secret.env": f"PASSWORD={SECRET}\nCELERY_APP={SECRET.replace(' ', '_')}\nOMP_NUM_THREADS={SECRET}\n",
        "secret.yml": f"services:\n  w:\n    image: x\n    command: celery -A {SECRET.replace(' ', '_')} worker\n",
        "secret.toml": f"[tool.forksafe]\n{SECRET.split()[0]} = 1\n",
    })  # fmt: skip
    return write(tmp_path / "repo", {
        "pyproject.toml": "",
        "shop/__init__.py": "",
        "shop/celery.py": 'from celery import Celery\napp = Celery("shop", include=["shop.tasks"])\n',
        "shop/tasks.py": "import numpy\n",
    })  # fmt: skip


LEAKS = {
    "a module": ("shop/tasks.py", "secret.py", []),
    "a module that is none": ("shop/tasks.py", "secret.txt", []),
    "the app": ("shop/celery.py", "secret.py", ["--app", "shop.celery"]),
    "variables": (".env", "secret.env", []),
    "a compose file": ("compose.yml", "secret.yml", []),
    "a Dockerfile": ("Dockerfile", "secret.txt", []),
    "a script": ("start.sh", "secret.txt", []),
    "requirements": ("requirements.txt", "secret.txt", []),
    "a baseline": ("known.json", "secret.json", ["--baseline", "known.json"]),
    "a measurement": ("worker.json", "secret.json", ["--measurement", "worker.json"]),
    "the configuration": ("pyproject.toml", "secret.toml", []),
    "a directory": ("shop/more", ".", []),
}  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="links of Unix")
@pytest.mark.parametrize("kind", LEAKS)
@pytest.mark.parametrize(
    "arguments", [["check"], ["trace", "--format", "json"], ["why", "torch"], ["memory"]], ids=" ".join
)
def test_nothing_from_outside_is_quoted(repository: Path, kind: str, arguments: list[str]) -> None:
    name, target, options = LEAKS[kind]
    write(
        repository,
        {"shop/tasks.py": "from shop.more import secret\nimport importlib\nimportlib.import_module(secret.PASSWORD)\n"},
    )
    write(repository, {
        "compose.yml": "services:\n  w:\n    image: x\n    command: celery -A $CELERY_APP worker\n"
                       "    env_file: ../outside/secret.env\n    mem_limit: 10m\n",
    })  # fmt: skip
    (repository / name).unlink(missing_ok=True)
    (repository / name).symlink_to(repository.parent / "outside" / target)
    done = command(repository, *arguments, *options, "--no-cache")
    said = (done.stdout + done.stderr).decode()
    assert said and "hunter2" not in said and "password" not in said.lower().replace("secret.password", ""), said


@pytest.mark.skipif(os.name == "nt", reason="links of Unix")
@pytest.mark.parametrize("option", ["baseline", "measurement", "source-roots"])
@pytest.mark.parametrize("place", ["../outside/secret.json", "link/secret.json", "/etc/passwd"])
def test_a_file_of_the_project_names_no_place_outside(repository: Path, option: str, place: str) -> None:
    (repository / "link").symlink_to(repository.parent / "outside")
    value = [place] if option == "source-roots" else place
    (repository / "pyproject.toml").write_text(f"[tool.forksafe]\n{option} = {json.dumps(value)}\n")
    done = command(repository, "check", "--no-cache")
    assert done.returncode == 2
    assert f"the option {option} names '{place}', which leads out of the repository" in done.stderr.decode()


@pytest.mark.skipif(os.name == "nt", reason="links of Unix")
def test_the_user_may_name_a_place_outside_but_no_link_to_it(repository: Path) -> None:
    (repository.parent / "known.json").write_text('{"schema": 1, "findings": []}')
    assert command(repository, "check", "--no-cache", "--baseline", "../known.json").returncode == 1
    (repository / "known.json").symlink_to("../known.json")
    done = command(repository, "check", "--no-cache", "--baseline", "known.json")
    assert done.returncode == 2 and b"leads out of the repository" in done.stderr


def test_the_repository_is_what_holds_its_history(repository: Path) -> None:
    (repository.parent / ".git").mkdir()
    (repository / "pyproject.toml").write_text('[tool.forksafe]\nbaseline = "../known.json"\n')
    (repository.parent / "known.json").write_text('{"schema": 1, "findings": []}')
    assert command(repository, "check", "--no-cache").returncode == 1


@pytest.mark.skipif(os.name == "nt", reason="links of Unix")
def test_why_quotes_lines_of_the_environment(repository: Path) -> None:
    site = repository.parent / "venv/lib/python3.11/site-packages"
    write(site, {
        "celery-5.4.0.dist-info/METADATA": "Name: celery\n\n", "torch-2.0.dist-info/METADATA": "Name: torch\n\n",
        "vision-1.0.dist-info/METADATA": "Name: vision\nRequires-Dist: torch\n\n",
        "vision-1.0.dist-info/top_level.txt": "vision\n", "vision/__init__.py": "import torch  # as ever\n",
    })  # fmt: skip
    (repository / "shop/tasks.py").write_text("import vision\n")
    done = command(repository, "why", "torch", "--environment", "../venv")
    assert "import torch  # as ever" in done.stdout.decode(), done


@pytest.mark.skipif(os.name == "nt", reason="links of Unix")
@pytest.mark.parametrize(
    "arguments", [["check", "--write-baseline", "out.json"], ["measure", "--save", "out.json"]], ids=" ".join
)
@pytest.mark.parametrize("kind", ["link", "dangling link", "named pipe", "linked directory"])
def test_nothing_outside_is_written(repository: Path, arguments: list[str], kind: str) -> None:
    target = repository.parent / "outside/target.json"
    if kind == "link":
        target.write_text('{"schema": 1, "findings": []}')
    if kind == "named pipe":
        os.mkfifo(repository / "out.json")
    elif kind == "linked directory":
        (repository / "sub").symlink_to(target.parent)
        arguments = [*arguments[:-1], "sub/out.json"]
    else:
        (repository / "out.json").symlink_to(target)
    done = command(repository, *arguments)
    assert done.returncode == 2 and b"it is not written to" in done.stderr, done
    assert b"running the project's own code" not in done.stderr
    assert not (target.parent / "out.json").exists()
    assert target.exists() == (kind == "link")
