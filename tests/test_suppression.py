"""What is suppressed in flake8 is suppressed in the command, by the same comments and the same configuration."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Namespace
from itertools import product
from pathlib import Path

import pytest
from flake8.defaults import NOQA_FILE, NOQA_INLINE_REGEXP
from flake8.style_guide import Decision, DecisionEngine
from helpers import write
from hypothesis import example, given
from hypothesis import strategies as st

from flake8_forksafe.cli import main
from flake8_forksafe.finding import Finding
from flake8_forksafe.suppression import OF_OTHERS, CodeSelection, wanted

SHOP = {
    "pyproject.toml": "",
    "shop/__init__.py": "",
    "shop/celery.py": """
        from celery import Celery
        app = Celery("shop", include=["shop.bare", "shop.coded", "shop.other", "shop.long", "shop.whole", "shop.named",
                                      "shop.late", "shop.latin", "shop.edge", "shop.gone"])
        """,
    "shop/bare.py": "import torch  # noqa\n",
    "shop/coded.py": "import torch  # NOQA:E501,FS101 as measured\nimport litellm  # noqa: FS1\n"
    "import grpc # noqa : FS101\n",
    "shop/other.py": "import torch  # noqa: E501\n",
    "shop/long.py": "from torch import (\n    nn,  # noqa: FS101\n    optim,\n)\nimport \\\n    litellm  # noqa\n",
    "shop/whole.py": "# flake8: noqa\nimport torch\n",
    "shop/named.py": "# flake8: noqa: FS101\nimport torch\n",
    "shop/late.py": "import torch  # flake8: noqa\n",
    "shop/latin.py": "# -*- coding: latin-1 -*-\nimport torch  # noqa: FS101 (f\u00fcr sp\u00e4ter)\n",
    "shop/edge.py": "import shop.deep\n",
    "shop/deep.py": "import litellm\n",
    "shop/gone.py": "import torch\nimport litellm\n",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with findings, most of them suppressed."""
    monkeypatch.setenv("FORKSAFE_CACHE_DIR", str(tmp_path / "cache"))
    root = write(tmp_path / "repo", SHOP)
    monkeypatch.chdir(root)
    return root


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> set[tuple[str, int, str]]:
    """The findings of the command."""
    capsys.readouterr()
    main(["check", "--format", "json", *arguments])
    findings = json.loads(capsys.readouterr().out)["findings"]
    return {(finding["path"], finding["line"], finding["code"]) for finding in findings}


def flake8(directory: Path) -> set[tuple[str, int, str]]:
    """The findings of this plugin in flake8."""
    command = [sys.executable, "-m", "flake8", "--format", "%(path)s\t%(row)s\t%(code)s", "-j1", "."]
    lines = subprocess.run(command, cwd=directory, capture_output=True, text=True).stdout.splitlines()
    parts = [line.removeprefix("./").split("\t") for line in lines]
    return {(path, int(row), code) for path, row, code in parts if code.startswith("FS")}


def test_comments_mean_what_they_mean_in_flake8(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = found(capsys)
    assert here == flake8(shop)
    files = {path for path, _, code in here if code == "FS101"}
    assert "shop/other.py" in files and "shop/gone.py" in files
    assert not files & {"shop/bare.py", "shop/whole.py", "shop/latin.py"}
    write(shop, {".flake8": "[flake8]\ndisable-noqa = true\n"})
    assert len(found(capsys)) > len(here) and found(capsys) == flake8(shop)


PIECES = ["# noqa", "# NoQA", "# flake8: noqa", *": \t\n,", "E501", "F4", "f", "FS101", "fs1", "X2FS101", "words"]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join))
@example("# noqa: E501, FS101")
@example("# noqa: E501\nFS101")
@example("# noqa:\nE501")
def test_a_comment_for_others_is_for_flake8_too(text: str) -> None:
    mentions = text.lower().count("noqa")
    if mentions > len(OF_OTHERS.findall(text.encode())):
        return  # flake8 decides
    lines = text.splitlines(keepends=True)
    assert not any(map(NOQA_FILE.search, lines))
    for logical in (*lines, *("".join(lines[first:]) for first in range(len(lines)))):
        match = NOQA_INLINE_REGEXP.search(logical)
        codes = match["codes"] if match is not None else "none of ours"
        assert codes is not None and "FS" not in [code[:2].upper() for code in codes.replace(",", " ").split()]


@pytest.mark.parametrize("name", ["setup.cfg", "tox.ini", ".flake8"])
def test_per_file_ignores(shop: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    write(shop, {name: "[flake8]\nper-file-ignores =\n  shop/gone.py: FS101\n  other.py,celery.py:F,E\n"})
    here = found(capsys)
    assert here == flake8(shop)
    assert not {path for path, _, code in here if path == "shop/gone.py" and code == "FS101"}
    assert not {path for path, _, _ in here if path in ("shop/other.py", "shop/celery.py")}


def test_per_file_ignores_from_a_sub_folder(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(shop, {".flake8": "[flake8]\nper-file-ignores = shop/gone.py: FS101\n", ".git/HEAD": ""})
    top = found(capsys)
    monkeypatch.chdir(shop / "shop")
    assert found(capsys) == top
    assert ("shop/gone.py", 1, "FS101") not in top


def test_what_is_selected_for_flake8_hides_nothing_here(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    everything = found(capsys)
    write(shop, {".flake8": "[flake8]\nselect = E,F4\nextend-ignore = E203\n"})
    assert found(capsys) == everything
    write(shop, {".flake8": "[flake8]\nextend-ignore = FS101\n"})
    assert found(capsys) == {finding for finding in everything if finding[2] != "FS101"} == flake8(shop)


def test_a_broken_mapping_is_one_line(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, {".flake8": "[flake8]\nper-file-ignores = FS101\n"})
    assert main(["check"]) == 2
    assert capsys.readouterr().err.startswith("forksafe: per-file-ignores of flake8 in ")


def test_nothing_outside_the_checkout_is_read(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    everything = found(capsys)
    (shop.parent / "secret").write_text("[flake8]\nextend-ignore = FS101\n")
    (shop / ".flake8").symlink_to(shop.parent / "secret")
    assert found(capsys) == everything


def test_select_and_ignore(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = {code for _, _, code in found(capsys)}
    assert {"FS101", "FS102", "FS131"} <= codes
    assert {code for _, _, code in found(capsys, "--select", "FS10")} == {code for code in codes if code < "FS11"}
    assert {code for _, _, code in found(capsys, "--ignore", "fs101,FS102")} == codes - {"FS101", "FS102"}
    assert {code for _, _, code in found(capsys, "--select=FS1", "--select=FS102", "--ignore=FS10")} == {
        code for code in codes if code == "FS102" or code > "FS11"
    }


@pytest.mark.parametrize("given", ["XY1", "FS999", ","])
def test_what_is_no_code_is_refused(shop: Path, capsys: pytest.CaptureFixture[str], given: str) -> None:
    assert main(["check", "--select", given]) == 2
    assert "the option select takes codes such as FS101" in capsys.readouterr().err


def test_choices_are_flake8s() -> None:
    """``--select`` and ``--ignore`` decide as flake8's engine does."""
    lists = [(), ("FS1",), ("FS101",), ("FS10", "FS131"), ("FS1", "FS13")]
    for select, ignore in product([None, *lists[1:]], lists):
        engine = DecisionEngine(Namespace(
            select=list(select) if select else None, extend_select=None, ignore=None, extend_ignore=list(ignore),
            extended_default_select=["E", "F", "FS1"], extended_default_ignore=[],
        ))  # fmt: skip
        findings = [Finding("/nowhere/a.py", 1, 0, code, "") for code in ("FS101", "FS102", "FS131")]
        kept = [finding.code for finding in wanted(findings, "/nowhere", CodeSelection(select, ignore))]
        assert kept == [f.code for f in findings if engine.decision_for(f.code) is Decision.Selected]


def test_exit_zero_quiet_and_output_file(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 1
    loud = capsys.readouterr().out
    assert main(["check", "--quiet", "--exit-zero"]) == 0
    quiet = capsys.readouterr().out
    assert "Celery app, " in loud.splitlines()[-1] and loud.startswith(quiet) and "Celery app, " not in quiet
    assert main(["check", "--output-file", "report.txt"]) == 1
    assert capsys.readouterr().out == "" and (shop / "report.txt").read_text() == loud
    assert main(["check", "--format", "sarif", "--output-file", "report.sarif"]) == 1
    assert json.loads((shop / "report.sarif").read_text())["version"] == "2.1.0"
    assert main(["check", "--output-file", "no/such/report.txt"]) == 2
    assert "cannot be written" in capsys.readouterr().err
    (shop / "link").symlink_to(shop.parent / "elsewhere")
    assert main(["check", "--output-file", "link"]) == 2
    assert not (shop.parent / "elsewhere").exists()


def test_a_baseline_is_for_commands_that_report(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["trace"], ["why", "torch"], ["memory"], ["fix"]):
        assert main([*command, "--baseline", "known.json"]) == 2
        assert "unrecognized arguments: --baseline" in capsys.readouterr().err


def test_the_baseline_holds_what_would_be_reported(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--write-baseline", "known.json"]) == 0
    entries = json.loads((shop / "known.json").read_text())["findings"]
    assert "shop.gone" in {entry["module"] for entry in entries}
    assert not [entry for entry in entries if entry["module"] == "shop.bare"]
    assert main(["check", "--baseline", "known.json"]) == 0
