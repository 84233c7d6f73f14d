"""``forksafe explain`` in a project: the findings of a code, each with the diff that removes it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import check, write
from repairable import SHOP

from flake8_forksafe.cli import main


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write(tmp_path, SHOP))
    return tmp_path


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What stands below the page."""
    assert main(["explain", *arguments, "--no-cache"]) == 0
    page, _, rest = capsys.readouterr().out.partition("\nReferences\n")
    assert page.startswith(f"{arguments[0]}: ")
    return rest.partition("\n\n")[2]


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_a_finding_is_shown_with_a_diff_that_removes_it(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(capsys, "FS101", "shop/ai.py:1")
    lines = text.splitlines()
    assert lines[0] == "In the project here"
    assert lines[2].startswith("shop/ai.py:1: FS101 'torch' is imported before the worker forks")
    assert lines[3] == "# shop/tasks.py:3: move 'from shop import ai, prices' into describe(), price() (safe)"
    assert lines[5].startswith("# proof, by following the boot again: 4 findings before, 0 after")
    assert "pandas' is imported" not in text
    (shop / "d").write_text(text)
    subprocess.run(["git", "apply", "d"], cwd=shop, check=True)
    assert not check(shop, app="shop.celery").findings


def test_what_the_same_diff_removes_stands_together(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(capsys, "FS101")
    assert text.count("FS101 '") == 2 and text.count("+++ ") == 1


def test_what_cannot_be_repaired_says_why(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, {"shop/tasks.py": SHOP["shop/tasks.py"] + "\n\nclass Own(prices.Prices):\n    size = ai.SIZE\n"})
    text = explained(capsys, "FS101", "shop/prices.py")
    assert text.endswith("\n  is not repaired: 'pandas' is used when the module is imported, in line 4\n")


def test_where_nothing_is_found_only_a_place_that_was_named_is_told_so(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explained(capsys, "FS112") == ""
    assert explained(capsys, "FS101", "shop/ai.py:2") == "There is no FS101 in line 2 of shop/ai.py.\n"
    assert main(["explain", "FS101", "shop/nowhere.py:3"]) == 2
    captured = capsys.readouterr()
    assert captured == ("", "forksafe: there is no 'shop/nowhere.py'\n")


def test_the_page_needs_no_project_that_can_be_analysed(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "pyproject.toml").write_text("[tool.forksafe]\napp = 3\n")
    assert main(["explain", "FS101"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("FS101: ") and captured.err.startswith("forksafe: the project here is not looked at")
    assert main(["explain", "FS101", "shop/ai.py"]) == 2
