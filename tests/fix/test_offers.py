"""The repair of each finding as edits: in JSON, in SARIF, and for a buffer that is not saved."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import types
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from helpers import FIXTURES, check, write
from hypothesis import given
from hypothesis import strategies as st
from repairable import SHOP

from flake8_forksafe.cli import main
from flake8_forksafe.fix.offers import edits_between, lines_of

pytestmark = pytest.mark.costly

SARIF = Path(__file__).parents[1] / "report" / "sarif-2.1.0-rtm.5.json"

Edit = tuple[int, int, int, int, str]
"""First and last line and column, 1-based, and the new text."""


def applied(text: str, edits: Iterable[Edit]) -> str:
    """A text after edits, by what the documentation says of their places, and by nothing of the package."""
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
    for line, column, end_line, end_column, content in sorted(edits, reverse=True):
        start, end = starts[line - 1] + column - 1, starts[end_line - 1] + end_column - 1
        assert start <= end <= len(text)
        text = text[:start] + content + text[end:]
    return text


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """The findings of a run that asks for repairs."""
    assert main(["check", "--no-cache", "--format", "json", "--fixes", *arguments]) == 1
    findings: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    return findings


def edits_of(findings: Iterable[dict[str, Any]], applicability: str) -> dict[str, set[Edit]]:
    """The edits of all repairs of one kind, by path."""
    edits: dict[str, set[Edit]] = {}
    for finding in findings:
        if finding["fix"]["applicability"] == applicability:
            for edit in finding["fix"]["edits"]:
                start, end = edit["location"], edit["end_location"]
                place = start["row"], start["column"], end["row"], end["column"]
                edits.setdefault(edit["path"], set()).add((*place, edit["content"]))
    return edits


def apply(root: Path, edits: dict[str, set[Edit]], encoding: str = "utf-8") -> None:
    for name, changes in edits.items():
        path = root / name
        path.write_bytes(applied(path.read_bytes().decode(encoding), changes).encode(encoding))


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def as_written(beside: Path, root: Path) -> dict[str, bytes]:
    """What a project is after ``forksafe fix --write``, which is done to a copy."""
    copy = beside.with_name(f"{root.name} as written")
    shutil.copytree(root, copy)
    subprocess.run(
        [sys.executable, "-m", "flake8_forksafe", "fix", "--no-cache", "--write", "--allow-dirty"],
        cwd=copy, check=False, capture_output=True,
    )  # fmt: skip
    return contents(copy)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = write(tmp_path / "work", SHOP)
    monkeypatch.chdir(root)
    return root


@pytest.fixture(scope="module")
def bookshop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """The bookshop, and its findings with their repairs."""
    root = tmp_path_factory.mktemp("fixes") / "bookshop"
    shutil.copytree(FIXTURES / "bookshop", root)
    done = subprocess.run(
        [sys.executable, "-m", "flake8_forksafe", "check", "--no-cache", "--format", "json", "--fixes"],
        cwd=root, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    return root, json.loads(done.stdout)["findings"]


@pytest.fixture
def copy(bookshop: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> Path:
    shutil.copytree(bookshop[0], tmp_path / "copy")
    return tmp_path / "copy"


def test_the_safe_edits_are_what_the_command_writes(bookshop: tuple[Path, list[dict[str, Any]]], copy: Path) -> None:
    apply(copy, edits_of(bookshop[1], "safe"))
    assert contents(copy) == as_written(copy, bookshop[0])


def test_each_finding_has_the_edits_that_it_needs_and_no_other(
    bookshop: tuple[Path, list[dict[str, Any]]], copy: Path
) -> None:
    findings = bookshop[1]
    files = {
        (finding["code"], finding["path"]): (
            finding["fix"]["applicability"], sorted({edit["path"] for edit in finding["fix"]["edits"]})
        )
        for finding in findings
    }  # fmt: skip
    assert files["FS101", "reports/frames.py"] == ("safe", ["reports/builders.py"])
    assert files["FS121", "shop/apps.py"] == ("unsafe", ["shop/apps.py"])
    torch = ["shop/apps.py", "shop/tasks.py"]
    assert files["FS101", "shop/ai_provider.py"] == files["FS111", "shop/ai_provider.py"] == ("unsafe", torch)
    apply(copy, edits_of([one for one in findings if one["code"] == "FS111"], "unsafe"))
    before = {(one["code"], one["path"]) for one in findings if one["code"] != "FS141"}
    left = {(one.code, Path(one.path).relative_to(copy).as_posix()) for one in check(copy).findings}
    assert before - left == {
        ("FS101", "shop/ai_provider.py"), ("FS111", "shop/ai_provider.py"), ("FS121", "shop/apps.py"),
        ("FS102", "shop/tasks.py"),
    }  # fmt: skip


def test_a_fix_looks_as_that_of_ruff(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (finding, *_) = found(capsys, "shop/tasks.py")
    fix = finding["fix"]
    assert fix["applicability"] == "safe" and fix["reason"] is None
    assert fix["message"] == "move 'from shop import ai, prices' into describe(), price() (shop/tasks.py:3)"
    assert [sorted(edit) for edit in fix["edits"]] == [["content", "end_location", "location", "path"]] * 3
    assert fix["edits"][0] == {
        "path": "shop/tasks.py", "location": {"row": 2, "column": 1}, "end_location": {"row": 4, "column": 1},
        "content": "",
    }  # fmt: skip


def test_what_cannot_be_repaired_says_why(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, {
        "shop/tasks.py": SHOP["shop/tasks.py"] + "\n\nclass Own(prices.Prices):\n    size = ai.SIZE\n",
        "shop/celery.py": SHOP["shop/celery.py"] + "import os\napp.autodiscover_tasks(os.environ['X'])\n",
    })  # fmt: skip
    fixes = {(one["code"], one["path"]): one["fix"] for one in found(capsys)}
    assert fixes["FS101", "shop/prices.py"] == {
        "applicability": None, "message": None, "edits": [],
        "reason": "'pandas' is used when the module is imported, in line 4",
    }  # fmt: skip
    assert fixes["FS192", "shop/celery.py"]["reason"] == "forksafe fix knows no repair for it"
    assert fixes["FS101", "shop/ai.py"]["applicability"] == "safe"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (SHOP["shop/tasks.py"].replace("\n", "\r\n"), "utf-8"),
        ("\ufeff" + SHOP["shop/tasks.py"], "utf-8"),
        ("# -*- coding: latin-1 -*-\n# é\n" + SHOP["shop/tasks.py"], "latin-1"),
        (SHOP["shop/tasks.py"].rstrip("\n"), "utf-8"),
        ('"""\x0c 🐍"""\n' + SHOP["shop/tasks.py"], "utf-8"),
    ],
    ids=["CRLF", "byte order mark", "latin-1", "no line end", "form feed"],
)
def test_edits_fit_whatever_the_text_is_like(
    shop: Path, capsys: pytest.CaptureFixture[str], content: str, encoding: str
) -> None:
    (shop / "shop/tasks.py").write_bytes(content.encode(encoding))
    expected = as_written(shop, shop)
    changes = edits_of(found(capsys), "safe")
    assert changes
    apply(shop, changes, "utf-8-sig" if content.startswith("\ufeff") else encoding)
    bare = {name: text.removeprefix("\ufeff".encode()) for name, text in expected.items()}
    assert {name: text.removeprefix("\ufeff".encode()) for name, text in contents(shop).items()} == bare


LINES = st.text(alphabet="ab\n\r", max_size=30)


@given(LINES, LINES)
def test_edits_between_any_two_texts(old: str, new: str) -> None:
    workshop: Any = types.SimpleNamespace(
        source=lambda path: types.SimpleNamespace(module=types.SimpleNamespace(encoding="utf-8")),
        content=lambda path: old.encode(),
    )
    assert "".join(lines_of(old)) == old
    edits = [edit[1:] for edit in edits_between(workshop, "x.py", new.encode())]
    assert applied(old, edits) == new
    assert all(first[2:4] <= second[:2] for first, second in pairwise(edits))


def test_edits_are_of_the_text_on_standard_input(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unsaved = "# not saved\n" + SHOP["shop/tasks.py"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(unsaved.encode())))
    findings = found(capsys, "--stdin-filename", "shop/tasks.py")
    assert {one["path"] for one in findings} == {"shop/tasks.py"} and findings[0]["line"] == 4
    (changes,) = edits_of(findings, "safe").values()
    saved = (shop / "shop/tasks.py").read_text()
    (shop / "shop/tasks.py").write_text(applied(unsaved, changes))
    assert saved == SHOP["shop/tasks.py"]
    assert main(["check", "--no-cache", "-q"]) == 0


def test_a_comment_in_the_text_on_standard_input_counts(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unsaved = SHOP["shop/ai.py"].replace("import torch", "import torch  # noqa: FS101")
    for text, status in ((unsaved, 0), (SHOP["shop/ai.py"], 1)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert main(["check", "--no-cache", "-q", "--stdin-filename", "shop/ai.py"]) == status
    capsys.readouterr()


def test_a_check_that_asks_for_none_has_none_and_imports_nothing_for_it(shop: Path) -> None:
    code = (
        "import sys; from flake8_forksafe.cli import main; main(['check', '--no-cache', '--format', 'json']);"
        "print(any(name.startswith('flake8_forksafe.fix') for name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=shop, capture_output=True, encoding="utf-8", check=True)
    assert all("fix" not in finding for finding in json.loads(done.stdout)["findings"])
    assert done.stderr.splitlines()[-1] == "False"


def test_sarif_holds_the_same_edits(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    findings = found(capsys)
    assert main(["check", "--no-cache", "--format", "sarif", "--fixes"]) == 1
    log = json.loads(capsys.readouterr().out)
    schema = json.loads(SARIF.read_text(encoding="utf-8"))
    assert [error.message for error in jsonschema.Draft4Validator(schema).iter_errors(log)] == []
    results = log["runs"][0]["results"]
    assert log["runs"][0]["newlineSequences"] == ["\r\n", "\n", "\r"]
    assert len(results) == len(findings)
    for result, finding in zip(results, findings, strict=True):
        (fix,) = result["fixes"]
        edits: dict[str, set[Edit]] = {}
        for change in fix["artifactChanges"]:
            assert change["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
            for one in change["replacements"]:
                region, text = one["deletedRegion"], one["insertedContent"]["text"]
                place = tuple(region[key] for key in ("startLine", "startColumn", "endLine", "endColumn"))
                edits.setdefault(change["artifactLocation"]["uri"], set()).add((*place, text))
        applicability = finding["fix"]["applicability"]
        assert edits == edits_of([finding], applicability)
        assert f"({applicability}" in fix["description"]["text"]


def test_sarif_without_the_option_is_as_before(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--no-cache", "--format", "sarif"]) == 1
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert "newlineSequences" not in run and not any("fixes" in result for result in run["results"])


def test_a_project_inside_is_repaired_by_its_own_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {".git/HEAD": "", "pyproject.toml": "", "Procfile": "worker: celery -A shop worker\n"})
    write(tmp_path / "service", SHOP)
    monkeypatch.chdir(tmp_path)
    applicabilities = {(one["path"], one["fix"]["applicability"]) for one in found(capsys)}
    assert ("service/shop/tasks.py", "safe") in applicabilities
