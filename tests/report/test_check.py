"""``forksafe check`` in each format, as a user runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from helpers import FIXTURES

SHOP = FIXTURES / "bookshop"


def forksafe(*arguments: str, cwd: Path = SHOP, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process, without its cache."""
    return subprocess.run(
        [sys.executable, "-m", "flake8_forksafe", "check", "--no-cache", *arguments],
        cwd=cwd, capture_output=True, env={**os.environ, **environ},
    )  # fmt: skip


@pytest.fixture(scope="module")
def places() -> list[tuple[str, int]]:
    """Where the findings are, by the JSON format."""
    findings = json.loads(forksafe("--format", "json").stdout)["findings"]
    return [(finding["path"], finding["line"]) for finding in findings]


def test_sarif_has_the_same_findings(places: list[tuple[str, int]]) -> None:
    done = forksafe("--format", "sarif")
    shown = [
        result["locations"][0]["physicalLocation"] for result in json.loads(done.stdout)["runs"][0]["results"]
    ]  # fmt: skip
    assert [(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in shown] == places
    assert (done.returncode, done.stderr) == (1, b"")


def test_junit_has_the_same_findings(places: list[tuple[str, int]]) -> None:
    done = forksafe("--format", "junit")
    cases = ElementTree.fromstring(done.stdout).iter("testcase")
    assert [(case.get("file"), int(case.get("line", ""))) for case in cases] == places
    assert (done.returncode, done.stderr) == (1, b"")


def test_github_has_the_same_findings(places: list[tuple[str, int]]) -> None:
    lines = forksafe("--format", "github", GITHUB_WORKSPACE=str(SHOP.parent)).stdout.decode().splitlines()
    commands = [line for line in lines if line.startswith("::")]
    assert len(commands) == len(places)
    for line, (path, number) in zip(commands, places, strict=True):
        assert line.startswith(f"::error file=bookshop/{path},line={number},col=")
    assert lines[-1].startswith(f"{len(places)} findings; ")


@pytest.mark.parametrize("form", ["json", "sarif", "junit"])
def test_a_document_stays_one_with_statistics(form: str) -> None:
    plain, counted = forksafe("--format", form), forksafe("--format", form, "--statistics")
    assert plain.stdout == counted.stdout
    assert b"FS102  first-party import" in counted.stderr


def test_statistics_stand_at_the_end_of_text() -> None:
    lines = forksafe("--statistics").stdout.decode().splitlines()
    counts = [int(match[1]) for line in lines if (match := re.match(r" *(\d+)  FS1\d\d  \w", line))]
    assert len(counts) > 3 and lines[-1].startswith(f"{sum(counts)} findings")


@pytest.mark.parametrize("form", ["json", "sarif", "junit"])
def test_documents_do_not_depend_on_the_locale(form: str) -> None:
    plain = forksafe("--format", form)
    assert forksafe("--format", form, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C").stdout == plain.stdout


def test_colours_are_for_terminals_or_forced() -> None:
    assert b"\033[" not in forksafe(FORCE_COLOR="").stdout
    assert b"\033[" in forksafe(FORCE_COLOR="1").stdout
    assert b"\033[" not in forksafe(FORCE_COLOR="1", NO_COLOR="1").stdout
    assert b"\033[" not in forksafe("--format", "json", FORCE_COLOR="1").stdout


def test_a_path_chooses_in_every_format(places: list[tuple[str, int]]) -> None:
    expected = [line for path, line in places if path == "shop/tasks.py"]
    assert expected
    done = forksafe("--format", "sarif", "shop/tasks.py")
    results = json.loads(done.stdout)["runs"][0]["results"]
    lines = [result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in results]
    assert lines == expected


def test_an_encoding_without_arrows_is_no_reason_to_fail() -> None:
    done = forksafe(PYTHONIOENCODING="cp1252")
    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.decode("cp1252").replace("\\u2192", "→").encode() == forksafe().stdout
