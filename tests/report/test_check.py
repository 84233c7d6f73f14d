"""``forksafe check`` in each format, as a user runs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from helpers import FIXTURES

pytestmark = pytest.mark.costly

ENVIRON = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample project, in which the outcome is kept from one test to the next; its path is not ASCII."""
    root = tmp_path_factory.mktemp("check") / "Bücher" / "bookshop"
    return Path(shutil.copytree(FIXTURES / "bookshop", root))


def forksafe(shop: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process."""
    return subprocess.run(
        [sys.executable, "-m", "flake8_forksafe", "check", *arguments],
        cwd=shop, capture_output=True, env={**ENVIRON, **environ},
    )  # fmt: skip


@pytest.fixture(scope="module")
def places(shop: Path) -> list[tuple[str, int]]:
    """Where the findings are, by the JSON format."""
    findings = json.loads(forksafe(shop, "--format", "json").stdout)["findings"]
    return [(finding["path"], finding["line"]) for finding in findings]


def test_sarif_has_the_same_findings(shop: Path, places: list[tuple[str, int]]) -> None:
    done = forksafe(shop, "--quiet", "--format", "sarif")
    shown = [
        result["locations"][0]["physicalLocation"] for result in json.loads(done.stdout)["runs"][0]["results"]
    ]  # fmt: skip
    assert [(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in shown] == places
    assert (done.returncode, done.stderr) == (1, b"")


def test_junit_has_the_same_findings(shop: Path, places: list[tuple[str, int]]) -> None:
    done = forksafe(shop, "--quiet", "--format", "junit")
    cases = ElementTree.fromstring(done.stdout).iter("testcase")
    assert [(case.get("file"), int(case.get("line", ""))) for case in cases] == places
    assert (done.returncode, done.stderr) == (1, b"")


def test_github_has_the_same_findings(shop: Path, places: list[tuple[str, int]]) -> None:
    lines = forksafe(shop, "--format", "github", GITHUB_WORKSPACE=str(shop.parent)).stdout.decode().splitlines()
    commands = [line for line in lines if line.startswith("::")]
    assert len(commands) == len(places)
    for line, (path, number) in zip(commands, places, strict=True):
        assert line.startswith(f"::error file=bookshop/{path},line={number},col=")
    assert lines[-1].startswith(f"{len(places)} findings; ")


@pytest.mark.parametrize("form", ["json", "sarif", "junit"])
def test_a_document_stays_one_with_statistics(shop: Path, form: str) -> None:
    plain, counted = forksafe(shop, "--format", form), forksafe(shop, "--format", form, "--statistics")
    assert plain.stdout == counted.stdout
    assert b"FS102  first-party import" in counted.stderr


def test_statistics_stand_at_the_end_of_text(shop: Path) -> None:
    lines = forksafe(shop, "--statistics").stdout.decode().splitlines()
    counts = [int(match[1]) for line in lines if (match := re.match(r" *(\d+)  FS1\d\d  \w", line))]
    assert len(counts) > 3 and lines[-1].startswith(f"{sum(counts)} findings")


@pytest.mark.parametrize("form", ["json", "sarif", "junit"])
def test_documents_do_not_depend_on_the_locale(shop: Path, form: str) -> None:
    plain = forksafe(shop, "--format", form)
    assert forksafe(shop, "--format", form, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C").stdout == plain.stdout


def test_colours_are_for_terminals_or_forced(shop: Path) -> None:
    assert b"\033[" not in forksafe(shop, FORCE_COLOR="").stdout
    assert b"\033[" in forksafe(shop, FORCE_COLOR="1").stdout
    assert b"\033[" not in forksafe(shop, FORCE_COLOR="1", NO_COLOR="1").stdout
    assert b"\033[" not in forksafe(shop, "--format", "json", FORCE_COLOR="1").stdout


def test_a_path_chooses_in_every_format(shop: Path, places: list[tuple[str, int]]) -> None:
    expected = [line for path, line in places if path == "shop/tasks.py"]
    assert expected
    done = forksafe(shop, "--format", "sarif", "shop/tasks.py")
    results = json.loads(done.stdout)["runs"][0]["results"]
    lines = [result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in results]
    assert lines == expected


def test_an_encoding_without_arrows_is_no_reason_to_fail(shop: Path) -> None:
    done = forksafe(shop, PYTHONIOENCODING="cp1252")
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.decode("cp1252").replace("\\u2192", "→").encode() == forksafe(shop).stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")
def test_a_real_terminal_gets_colours_links_and_lines_that_fit(shop: Path) -> None:
    check = [sys.executable, "-m", "flake8_forksafe", "check"]
    shown, _ = on_terminal(shop, "stdout", check, TERM="xterm-256color", COLUMNS="70")
    assert "\033[1;31mFS101\033[0m" in shown
    assert f"\033]8;;{(shop / 'shop/views.py').as_uri()}\033\\" in shown
    plain = re.sub(r"\033\[[\d;]*m|\033\]8;;.*?\033\\", "", shown)
    chains = [line for line in plain.splitlines() if "→" in line or line.startswith("         instead: import")]
    assert len(chains) > 20 and max(map(len, chains)) <= 70
    assert "\033" not in on_terminal(shop, "stdout", check, TERM="dumb", COLUMNS="70")[0]


PATIENT = """
import sys
from flake8_forksafe import cli
from flake8_forksafe.incremental import parse_ahead

cli.PATIENCE_S = float(sys.argv.pop(1))
parse_ahead._cores = lambda: 2
start = parse_ahead.start

def watched(*given):
    child = start(*given)
    print("a child" if child else "no child")
    return child

parse_ahead.start = watched
cli.run()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no second process")
@pytest.mark.parametrize("patience", ["0.01", "3600"])
def test_a_terminal_is_told_if_it_takes_long(shop: Path, patience: str) -> None:
    command = [sys.executable, "-c", PATIENT, patience, "check", "--no-cache"]
    shown, done = on_terminal(shop, "stderr", command)
    told = "forksafe: following the worker's boot; the next run will be faster" if patience == "0.01" else ""
    assert shown == f"{told}\r\033[K"
    assert done.startswith("a child\n")


def on_terminal(shop: Path, stream: str, command: list[str], **environ: str) -> tuple[str, str]:
    """What a command writes to a terminal by one stream, and what by the other to a file."""
    import pty

    ours, theirs = pty.openpty()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        streams: dict[str, Any] = {"stdout": file, "stderr": file, stream: theirs}
        process = subprocess.Popen(command, cwd=shop, env={**ENVIRON, **environ}, **streams)
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux: the other side is closed
                break
            if not part:
                break
            parts.append(part)
        os.close(ours)
        assert process.wait() == 1
        file.seek(0)
        return b"".join(parts).decode(), file.read()
