"""The baseline: what it knows is not reported, by the command and by flake8 alike; what it need not know is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import FIXTURES

from flake8_forksafe.baseline import BaselineEntry, entry_of, module_name, read_baseline, write_baseline
from flake8_forksafe.finding import Finding
from flake8_forksafe.options import UsageError

pytestmark = pytest.mark.costly

NAME = "forksafe-baseline.json"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A private copy of the sample project."""
    return Path(shutil.copytree(FIXTURES / "bookshop", tmp_path / "bookshop"))


def forksafe(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "flake8_forksafe", "check", *arguments],
        cwd=directory, capture_output=True, encoding="utf-8",
    )  # fmt: skip


def codes(directory: Path, *arguments: str) -> list[tuple[str, str]]:
    """Path and code of the command's findings."""
    findings = json.loads(forksafe(directory, "--format", "json", *arguments).stdout)["findings"]
    return [(finding["path"], finding["code"]) for finding in findings]


def flake8_codes(directory: Path, *arguments: str) -> list[str]:
    """Codes of flake8's findings."""
    done = subprocess.run(
        [sys.executable, "-m", "flake8", "--isolated", "--select=FS", "--format=%(code)s", *arguments, "."],
        cwd=directory, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    return done.stdout.split()


def test_what_was_written_is_not_reported(shop: Path) -> None:
    assert len(codes(shop)) > 10 and len(flake8_codes(shop)) > 10
    written = forksafe(shop, "--write-baseline", NAME)
    assert (written.returncode, written.stderr) == (0, "")
    assert f"written to {NAME}" in written.stdout
    done = forksafe(shop, "--baseline", NAME)
    assert done.returncode == 0 and "\nno findings; 1 Celery app" in done.stdout
    assert flake8_codes(shop, "--forksafe-baseline", NAME) == []


def test_flake8_and_the_command_agree_on_what_is_new(shop: Path) -> None:
    forksafe(shop, "--write-baseline", NAME)
    tasks = shop / "catalog/tasks.py"
    tasks.write_text("import polars\n" + tasks.read_text(encoding="utf-8"), encoding="utf-8")
    assert ("catalog/tasks.py", "FS101") in codes(shop, "--baseline", NAME)
    new = sorted(code for _, code in codes(shop, "--baseline", NAME))
    assert new == sorted(flake8_codes(shop, "--forksafe-baseline", NAME))
    assert len(new) < 5


def test_lines_do_not_matter(shop: Path) -> None:
    forksafe(shop, "--write-baseline", NAME)
    for path in [*shop.rglob("*.py"), shop / "compose.yaml"]:
        text = path.read_text(encoding="utf-8")
        if "from __future__" not in text and text.strip():
            path.write_text("# one\n# two\n" + text, encoding="utf-8")
    assert codes(shop, "--baseline", NAME) == []


def test_the_cache_does_not_freeze_the_baseline(shop: Path) -> None:
    before = codes(shop)
    forksafe(shop, "--write-baseline", NAME)
    assert codes(shop, "--baseline", NAME) == []
    path = shop / NAME
    document = json.loads(path.read_text(encoding="utf-8"))
    kept = [entry for entry in document["findings"] if entry["code"] != "FS101"]
    path.write_text(json.dumps({**document, "findings": kept}), encoding="utf-8")
    assert codes(shop, "--baseline", NAME) == [finding for finding in before if finding[1] == "FS101"] != []


def test_an_import_is_known_by_both_its_ends(shop: Path) -> None:
    forksafe(shop, "--write-baseline", NAME)
    entries = read_baseline(str(shop / NAME))
    assert BaselineEntry("FS102", "reports.tasks", "reports.builders") in entries
    assert BaselineEntry("FS101", "reports.frames", "pandas") in entries
    assert BaselineEntry("FS141", "bookshop.celery", "concurrency:compose.yaml:worker") in entries


def test_stale_entries_are_told_and_change_no_status(shop: Path) -> None:
    forksafe(shop, "--write-baseline", NAME)
    path = shop / "reports/frames.py"
    path.write_text(path.read_text(encoding="utf-8").replace("import pandas", "import types"), encoding="utf-8")
    done = forksafe(shop, "--baseline", NAME)
    lines = [line for line in done.stdout.splitlines() if line.startswith("stale baseline entry: ")]
    assert (
        "stale baseline entry: FS101 in reports.frames about 'pandas' is no longer found; "
        f"remove it from {NAME}" in lines
    )  # fmt: skip
    assert done.returncode == 0
    document = forksafe(shop, "--baseline", NAME, "--format", "sarif")
    assert json.loads(document.stdout)["runs"][0]["results"] == []
    assert "stale baseline entry: FS101 in reports.frames" in document.stderr


def test_pyproject_names_it_and_writing_does_not_need_it(shop: Path) -> None:
    (shop / "pyproject.toml").write_text(f'[tool.forksafe]\nbaseline = "{NAME}"\n', encoding="utf-8")
    missing = forksafe(shop)
    assert (missing.returncode, missing.stdout) == (2, "")
    assert (
        missing.stderr
        == f"forksafe: there is no baseline {shop / NAME}; write it with forksafe check --write-baseline\n"
    )
    assert forksafe(shop, "--write-baseline", NAME).returncode == 0
    before = (shop / NAME).read_bytes()
    assert codes(shop) == [] and flake8_codes(shop) == []
    forksafe(shop, "--write-baseline", NAME)
    assert (shop / NAME).read_bytes() == before, "writing again writes the same, not what is left"


def test_it_is_relative_to_the_project(shop: Path) -> None:
    forksafe(shop / "shop", "--write-baseline", NAME)
    assert (shop / NAME).is_file()
    assert forksafe(shop / "shop", "--baseline", NAME).returncode == 0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param("", "is not a baseline: it is not JSON", id="empty"),
        pytest.param("<<<<<<< HEAD", "is not a baseline: it is not JSON", id="merge conflict"),
        pytest.param("[" * 100_000, "is not a baseline: it is not JSON", id="nested"),
        pytest.param("[]", "is not a baseline: write one", id="list"),
        pytest.param('{"findings": {}}', "is not a baseline: write one", id="no list"),
        pytest.param('{"schema": 99, "findings": []}', "has schema 99; this version reads 1", id="schema"),
        pytest.param('{"schema": 1, "findings": [{"code": "FS101"}]}', "has an entry without code, module", id="entry"),
        pytest.param('{"schema": 1, "findings": ["FS101"]}', "has an entry without code, module", id="string"),
    ],
)
def test_a_broken_one_is_one_clear_message(shop: Path, content: str, why: str) -> None:
    (shop / NAME).write_text(content, encoding="utf-8")
    done = forksafe(shop, "--baseline", NAME)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr and len(done.stderr.splitlines()) == 1
    kept = forksafe(shop, "--write-baseline", NAME)
    assert kept.returncode == 2 and "it is not overwritten" in kept.stderr
    assert (shop / NAME).read_text(encoding="utf-8") == content


def test_flake8_tells_a_missing_one_without_a_traceback(shop: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flake8", "--isolated", "--forksafe-baseline", "missing.json", "."],
        cwd=shop, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 1
    assert "flake8-forksafe: there is no baseline" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_nothing_else_is_overwritten(shop: Path) -> None:
    before = (shop / "pyproject.toml").read_bytes()
    assert forksafe(shop, "--write-baseline", "pyproject.toml").returncode == 2
    assert (shop / "pyproject.toml").read_bytes() == before
    assert "is not a regular file" in forksafe(shop, "--write-baseline", "shop").stderr


def test_one_entry_a_line_sorted(tmp_path: Path) -> None:
    findings = [
        Finding("/work/shop/tasks.py", 9, 0, "FS102", "x", "shop.ai"),
        Finding("/work/shop/tasks.py", 3, 0, "FS101", "x", "torch"),
        Finding("/work/shop/tasks.py", 5, 0, "FS101", "the same, elsewhere", "torch"),
    ]
    path = tmp_path / NAME
    assert write_baseline(str(path), findings, "/work") == 2
    assert path.read_text(encoding="utf-8").splitlines() == [
        "{",
        '  "schema": 1,',
        '  "findings": [',
        '    {"code": "FS101", "module": "shop.tasks", "subject": "torch"},',
        '    {"code": "FS102", "module": "shop.tasks", "subject": "shop.ai"}',
        "  ]",
        "}",
    ]
    assert write_baseline(str(path), [], "/work") == 0
    assert read_baseline(str(path)) == ()


def test_unwritable(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_baseline(str(tmp_path / "missing" / NAME), [], "/work")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/work/shop/tasks.py", "shop.tasks"),
        ("/work/shop/tasks/__init__.py", "shop.tasks"),
        ("/work/src/shop/ai.py", "src.shop.ai"),
        ("/work/__init__.py", "__init__"),
    ],
)
def test_module_of_a_file(path: str, expected: str) -> None:
    assert module_name(path, "/work") == expected


def test_subjects_name_no_directory_and_no_line() -> None:
    finding = Finding("/work/p/celery.py", 9, 0, "FS141", "x", "concurrency:/work/deploy/compose.yaml:worker:18")
    assert entry_of(finding, "/work") == BaselineEntry("FS141", "p.celery", "concurrency:deploy/compose.yaml:worker")
