"""The pages for contributors: their examples do what they say, and what they name exists."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from examples import DOCS, ROOT, blocks
from helpers import analyse_deep, check, write

from flake8_forksafe import cli, command_line, host_names, rules, tracing
from flake8_forksafe.deployment import hosts, repository
from flake8_forksafe.hazards import catalogue
from flake8_forksafe.hosts import table
from flake8_forksafe.incremental.outcome_inputs import asked_again, gathered
from flake8_forksafe.interpreter.machine import Library, merged
from flake8_forksafe.library import LIBRARIES, setting_imports
from flake8_forksafe.project import questions
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.report import check as report_check
from flake8_forksafe.settings import make_settings

PAGES = (ROOT / "CONTRIBUTING.md", *sorted((DOCS / "contributing").glob("*.md")))
TEXTS = {block.title: block.text for block in blocks(DOCS / "contributing" / "adding.md")}

SHOP = {
    "shop/__init__.py": "",
    "shop/celery.py": "from celery import Celery\n\napp = Celery('shop', include=['shop.tasks'])\n",
    "shop/tasks.py": "import shop.grids\n",
    "shop/grids.py": "import fastgrid\n",
}


def run_block(title: str) -> dict[str, Any]:
    """What a block of Python defines."""
    scope: dict[str, Any] = {}
    exec(compile(TEXTS[title], title, "exec"), scope)
    return scope


def test_a_hazard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, SHOP)
    assert not check(tmp_path).findings
    shipped = Path(catalogue.__file__).with_name("hazards.toml").read_text(encoding="utf-8")
    extended = catalogue.read_catalogue(f"{TEXTS['hazards.toml']}\n{shipped.partition('schema = 1')[2]}")
    monkeypatch.setattr(catalogue, "_shipped", lambda: extended)
    found = {finding.code: finding for finding in check(tmp_path).findings}
    assert found["FS101"].path == str(tmp_path / "shop/grids.py")
    assert "a grid in the parent hangs every child" in found["FS101"].what


def test_a_hazard_has_the_keys_of_the_catalogue() -> None:
    document = tomllib.loads(Path(catalogue.__file__).with_name("hazards.toml").read_text(encoding="utf-8"))
    (entry,) = tomllib.loads(TEXTS["hazards.toml"])["package"]
    assert list(entry) == list(document["package"][0])


def test_a_library_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = """\
from jobkit import Scheduler

scheduler = Scheduler()
scheduler.load_jobs("shop.nightly")

@scheduler.on_start
def begin(scheduler):
    import pandas
"""
    write(tmp_path, {**SHOP, "shop/tasks.py": jobs, "shop/nightly.py": "import torch\n"})
    assert {finding.code for finding in check(tmp_path).findings}.isdisjoint({"FS101", "FS105"})
    added = run_block("a model of jobkit")["MODELS"]
    monkeypatch.setattr(tracing, "LIBRARY", merged((*LIBRARIES, added)))
    found = {finding.code: finding for finding in check(tmp_path).findings}
    assert found["FS101"].path == str(tmp_path / "shop/nightly.py")
    assert (found["FS105"].path, found["FS105"].line) == (str(tmp_path / "shop/tasks.py"), 8)


def test_a_setting_that_names_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    added = run_block("a setting of shelfkit")["SHELVES"]
    files = {
        **SHOP,
        "shop/settings.py": "INSTALLED_APPS = []\nSHELFKIT = {'DEFAULT_SHELF_CLASS': 'shop.shelves.Shelf'}\n",
        "shop/tasks.py": "from django.conf import settings\nimport shelfkit.registry\n",
        "shop/shelves.py": "import torch\nclass Shelf: ...\n",
        "pyproject.toml": "[tool.forksafe]\ndjango-settings = 'shop.settings'\n",
    }
    assert "FS101" not in {finding.code for finding in check(write(tmp_path, files)).findings}
    monkeypatch.setattr(setting_imports, "SETTING_IMPORTS", (*setting_imports.SETTING_IMPORTS, added))
    triggers = Library(imports=dict.fromkeys(added.triggers, setting_imports.import_named))
    monkeypatch.setattr(tracing, "LIBRARY", merged((*LIBRARIES, triggers)))
    found = {finding.code: finding for finding in check(tmp_path).findings}
    assert found["FS101"].path == str(tmp_path / "shop/shelves.py")


def test_an_option(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "flake8_forksafe", copy / "flake8_forksafe", ignore=shutil.ignore_patterns("__pycache__"))
    module = copy / "flake8_forksafe/settings.py"
    before, end, after = module.read_text(encoding="utf-8").partition("    given: tuple[str, ...] = ()\n")
    module.write_text(f"{before}{textwrap.indent(TEXTS['an option'], ' ' * 4)}\n{end}{after}", encoding="utf-8")
    write(tmp_path / "shop", SHOP)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PYTHONPATH": str(copy)}
        return subprocess.run([sys.executable, "-m", *arguments], cwd=tmp_path / "shop", env=environ, text=True,
                              capture_output=True, timeout=120)  # fmt: skip

    assert "--most-modules COUNT" in run("flake8_forksafe", "check", "--help").stdout
    refused = run("flake8_forksafe", "check", "--most-modules", "none")
    assert (refused.returncode, "takes a whole number of COUNT" in refused.stderr) == (2, True)
    assert run("flake8_forksafe", "check", "--no-cache", "--most-modules", "9").returncode == 0
    assert "--forksafe-most-modules COUNT" in run("flake8", "--help").stdout


def test_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "QUESTIONS", {**questions.QUESTIONS, "shebang": run_block("a question")["shebang"]})
    path = write(tmp_path, {"run": "#!/bin/sh\nexec celery\n"}) / "run"
    disk = Disk()
    assert disk.ask(str(path), "shebang") == "/bin/sh"
    known = gathered(disk, {}, {}, 0)
    path.write_text("#!/bin/sh\nexec celery worker\n")
    assert asked_again(known, Disk(), 0) is not None
    path.write_text("#!/bin/bash\nexec celery worker\n")
    assert asked_again(known, Disk(), 0) is None


def test_a_deployment_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"circus.ini": TEXTS["circus.ini"]})
    assert repository.find_launches(Disk(), str(tmp_path)).launches == ()
    added = run_block("a format for circus")["CIRCUS"]
    monkeypatch.setattr(repository, "PROCESS_FORMATS", (*repository.PROCESS_FORMATS, added))
    (launch,) = repository.find_launches(Disk(), str(tmp_path)).launches
    assert (launch.kind, launch.app, launch.line) == ("circus", "shop", 2)


def test_a_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"pyproject.toml": "", "web.py": "import torch\n", "Procfile": "web: forkd web\n"}
    assert check(write(tmp_path, files)).traces == ()
    scope = run_block("a host called forkd")
    monkeypatch.setattr(table, "HOSTS", (*table.HOSTS, scope["FORKD"]))
    monkeypatch.setitem(hosts.HOST_PROGRAMS, "forkd", scope["PROGRAM"])
    monkeypatch.setattr(repository, "MENTION", repository.mention_of((*host_names.HOST_WORDS, "forkd")))
    (finding,) = [finding for finding in check(tmp_path).findings if finding.code == "FS101"]
    assert (Path(finding.path).name, finding.line) == ("web.py", 1)
    assert "'torch' is imported before forkd forks" in finding.text


def test_a_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, SHOP)
    added = run_block("a rule about large boots")["MANY_MODULES"]
    monkeypatch.setattr(rules, "RULES", (*rules.RULES, added))
    settings = make_settings(str(tmp_path), {"no_cache": True})
    (finding,) = [finding for finding in analyse_deep(settings).findings if finding.code == "FS199"]
    assert (Path(finding.path).name, finding.what.split()[3]) == ("__init__.py", "4")
    assert cli.main(["check", "--no-cache", "--format", "github", str(tmp_path)]) == 1
    assert "::warning file=" in capsys.readouterr().out


def test_an_output_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {**SHOP, "shop/grids.py": "import torch\n"})
    added = MappingProxyType({**report_check.CHECK_DOCUMENTS, "csv": run_block("findings as CSV")["as_csv"]})
    for module in (report_check, command_line):
        monkeypatch.setattr(module, "CHECK_DOCUMENTS", added)
    assert cli.main(["check", "--no-cache", "--format", "csv", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "path,line,code,message"
    assert any(line.startswith("shop/grids.py,1,FS101,") for line in lines)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_the_pages_name_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    paths = [
        path for path in re.findall(r"`((?:flake8_forksafe|tests|benchmarks|docs)/[\w/.]*)`", text) if "1xx" not in path
    ]
    assert links or paths
    for link in links:
        assert (page.parent / link).exists(), link
    for path in paths:
        assert (ROOT / path).exists(), path


def test_every_room_is_on_the_page() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path in (ROOT / "flake8_forksafe").iterdir():
        if (path / "__init__.py").is_file():
            assert f"(flake8_forksafe/{path.name})" in text, path.name
