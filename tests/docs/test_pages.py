"""The page of each code: its examples report exactly what they say, and its options exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import MARKER, check, write

from flake8_forksafe.cli import main
from flake8_forksafe.report.page import as_markdown, as_text
from flake8_forksafe.rules import RULES
from flake8_forksafe.rules.page import read_page, title_of
from flake8_forksafe.settings import OPTIONS

PAGES = Path(__file__).parents[2] / "flake8_forksafe" / "rules" / "pages"
CODES = [rule.code for rule in RULES]
BESIDE = {"FS102": {"FS101"}, "FS111": {"FS101"}}
"""Codes that cannot be alone: an import that leads to a hazard, and the use of one that is imported."""


def found(root: Path) -> set[tuple[str, int, str]]:
    """(file, line, code) as ``forksafe check`` shows them: in a deployment file where they are about one."""
    report = check(root)
    places = [(*(finding.place or (finding.path, finding.line)), finding.code) for finding in report.findings]
    return {(Path(path).relative_to(root).as_posix(), line, code) for path, line, code in places}


def marked(files: dict[str, str]) -> set[tuple[str, int, str]]:
    """What the comments in an example promise."""
    return {
        (path, number, code)
        for path, content in files.items()
        for number, line in enumerate(content.lstrip("\n").splitlines(), 1)
        for match in MARKER.finditer(line)
        for code in re.findall(r"FS1\d\d", match["codes"])
    }


def project(root: Path, files: dict[str, str]) -> Path:
    """Write an example as a project of its own; the empty files of its packages are not shown."""
    packages = {f"{parent}/__init__.py": "" for path in files for parent in Path(path).parents if parent.name}
    shown = {path: content.lstrip("\n") for path, content in files.items()}
    return write(root, {"pyproject.toml": "", **packages, **shown})


@pytest.mark.parametrize("code", CODES)
def test_the_bad_example_is_reported_as_it_says(code: str, tmp_path: Path) -> None:
    page = read_page(code)
    expected = marked(page.bad)
    assert code in {place[2] for place in expected} <= {code, *BESIDE.get(code, ())}
    assert found(project(tmp_path, page.bad)) == expected


@pytest.mark.parametrize("code", CODES)
def test_the_good_example_is_silent(code: str, tmp_path: Path) -> None:
    page = read_page(code)
    assert marked(page.good) == set()
    assert found(project(tmp_path, page.good)) == set()


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert {path.stem for path in PAGES.glob("*.toml")} == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_page_is_complete(code: str) -> None:
    page = read_page(code)
    assert all((page.what, page.why, page.decides, page.instead, page.references or page.code.startswith("FS19")))
    assert set(page.options) <= {option.name for option in OPTIONS}
    assert all(reference.url.startswith("http") for reference in page.references)
    rule = next(rule for rule in RULES if rule.code == code)
    assert "## How it decides" in list(as_markdown(rule, page))


@pytest.mark.parametrize("width", [40, 72, 120])
def test_text_keeps_to_the_width(width: int) -> None:
    for rule in RULES:
        page = read_page(rule.code)
        examples = {
            line.strip() for content in (*page.bad.values(), *page.good.values()) for line in content.split("\n")
        }
        for line in as_text(rule, page, width):
            assert "`" not in line
            assert len(line) <= width or line.strip() in examples or "http" in line or len(line.split()) == 1, line


def test_explain(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert main(["explain", "fs101"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("FS101: hazardous package imported before the fork\n")
    for heading in ("What it does", "Why is this bad?", "Example", "Use instead", "How it decides", "Options"):
        assert f"\n{heading}\n" in text
    assert "    import polars  # FS101\n" in text


def test_explain_lists_all_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    assert [line[:5] for line in capsys.readouterr().out.splitlines()] == CODES


def test_explain_of_no_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "FS999"]) == 2
    assert capsys.readouterr().err == "forksafe: there is no code 'FS999'; is FS190 meant?\n"
    assert main(["explain", "FS138"]) == 2
    assert capsys.readouterr().err == "forksafe: there is no code 'FS138'; is FS131 meant?\n"
    assert main(["explain", "torch"]) == 2
    assert capsys.readouterr().err.startswith("forksafe: there is no code 'torch'; the codes are FS101, ")


@pytest.mark.parametrize(
    ("url", "title"),
    [
        ("https://github.com/celery/celery/pull/10339", "celery/celery #10339"),
        ("https://docs.python.org/3/library/os.html#os.fork", "docs.python.org/3/library/os.html"),
    ],
)
def test_title_of_a_source(url: str, title: str) -> None:
    assert title_of(url) == title


def test_a_lint_run_reads_no_page(tmp_path: Path) -> None:
    root = project(tmp_path, read_page("FS101").bad)
    script = (
        "import sys; from flake8_forksafe.cli import main; status = main(['check', '--no-cache']); "
        "assert status == 1; assert 'flake8_forksafe.rules.page' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
