"""The kept outcome: used as long as nothing changed that matters, and never longer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe import analysis
from flake8_forksafe.incremental import outcome_cache, outcome_inputs
from flake8_forksafe.incremental.cache_files import CacheFiles
from flake8_forksafe.incremental.outcome_cache import analysed, outcome_of
from flake8_forksafe.options import UsageError
from flake8_forksafe.project import disk, questions, stamps
from flake8_forksafe.session import deep_recursion
from flake8_forksafe.settings import make_settings
from flake8_forksafe.source.collector import known_here

PROJECT = {
    "pyproject.toml": "",
    "proj/__init__.py": "",
    "proj/celery.py": (
        "from celery import Celery\nfrom proj.helpers import warm\napp = Celery('p', include=['proj.tasks'])\n"
    ),
    "proj/tasks.py": "import litellm\n\n\ndef task():\n    return 1\n",
    "proj/helpers.py": "def warm():\n    pass\n\n\ndef cold():\n    return 1\n\n\nwarm()\n",
    "scripts/other.py": "x = 1\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "a", PROJECT)


class Runs:
    """Outcomes of a project, and how many of them were analysed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.analysed = 0
        original = analysis.analyse

        def counted(*arguments: object, **named: object) -> object:
            self.analysed += 1
            return original(*arguments, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(analysis, "analyse", counted)

    def codes(
        self, root: Path, overlay: dict[str, bytes] | None = None, **options: object
    ) -> list[tuple[str, int, str]]:
        with deep_recursion():
            found = outcome_of(make_settings(str(root), options), overlay or {})
        return [(os.path.relpath(f.path, root), f.line, f.code) for f in found.findings]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(monkeypatch)


FOUND = [("proj/tasks.py", 1, "FS101")]


def test_second_run_analyses_nothing(root: Path, runs: Runs) -> None:
    assert runs.codes(root) == FOUND
    assert runs.codes(root) == FOUND
    assert runs.analysed == 1


def test_nothing_heavy_is_imported_again(root: Path) -> None:
    code = (
        "import sys; from flake8_forksafe.cli import main; main(['check']);"
        "print(sorted({'libcst', 'networkx', 'yaml', 'flake8_forksafe.source'} & set(sys.modules)))"
    )
    for expected in (False, True):
        done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, encoding="utf-8")
        assert (done.stdout.splitlines()[-1] == "[]") is expected


def test_remarks_after_a_run_of_the_plugin_which_wants_none(root: Path, runs: Runs) -> None:
    (root / "proj/tasks.py").write_text("import proj.heavy\n")
    (root / "proj/heavy.py").write_text("import torch\nimport litellm\n")
    settings = make_settings(str(root), {})
    with deep_recursion():
        assert outcome_of(settings, with_remarks=False).remarks == ()
        remarks = outcome_of(settings).remarks
        assert outcome_of(settings, with_remarks=False).remarks == remarks
    assert runs.analysed == 2
    with deep_recursion():
        assert remarks == outcome_of(make_settings(str(root), {"no_cache": True})).remarks
    assert "where to cut" in remarks[0].text


def replaced(path: Path, make: Callable[[Path], object]) -> None:
    """Put something else in the place of a file."""
    path.unlink()
    make(path)


HARMLESS: dict[str, Callable[[Path], object]] = {
    "touched": lambda root: os.utime(root / "proj/tasks.py"),
    "body that nothing calls": lambda root: (root / "proj/helpers.py").write_text(
        PROJECT["proj/helpers.py"].replace("return 1", "return 2")
    ),
    "file that is not loaded": lambda root: (root / "scripts/other.py").write_text("import torch\n"),
    "byte code": lambda root: (root / "proj/__pycache__").mkdir(),
}
HARMFUL: dict[str, Callable[[Path], object]] = {
    "import added": lambda root: (root / "proj/tasks.py").write_text("import litellm\nimport torch\n"),
    "line moved": lambda root: (root / "proj/tasks.py").write_text("\nimport litellm\n"),
    "syntax error": lambda root: (root / "proj/tasks.py").write_text("import litellm\nx = (\n"),
    "directory for a file": lambda root: replaced(root / "proj/helpers.py", Path.mkdir),
    "pipe for a file": lambda root: replaced(root / "proj/helpers.py", lambda path: os.mkfifo(path)),
    "link for a directory": lambda root: replaced(root / "proj/helpers.py", lambda path: path.symlink_to("tasks.py")),
    "body that is called": lambda root: (root / "proj/helpers.py").write_text(
        PROJECT["proj/helpers.py"].replace("pass", "import torch")
    ),
    "body of the same length": lambda root: (root / "proj/helpers.py").write_text(
        PROJECT["proj/helpers.py"].replace("    pass", "    import jax")
    ),
    "file added": lambda root: (root / "proj/new.py").write_text(""),
    "file removed": lambda root: (root / "proj/helpers.py").unlink(),
    "app added": lambda root: (root / "scripts/other.py").write_text("from celery import Celery\nb = Celery('b')\n"),
    "deployment added": lambda root: (root / "Procfile").write_text("worker: celery -A proj worker -P solo\n"),
    "option": lambda root: (root / "pyproject.toml").write_text("[tool.forksafe]\naccept = ['litellm']\n"),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_change(root: Path, runs: Runs, name: str) -> None:
    runs.codes(root)
    HARMLESS[name](root)
    assert runs.codes(root) == FOUND
    assert runs.analysed == 1


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("name", HARMFUL)
def test_change_that_matters(root: Path, runs: Runs, name: str, trusted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if trusted:
        monkeypatch.setattr(stamps, "RACY_NS", 0)
        time.sleep(0.05)
    runs.codes(root)
    HARMFUL[name](root)
    fresh = runs.codes(root, no_cache=True)
    assert runs.codes(root) == fresh
    assert runs.analysed == 3


def test_unsaved_buffer(root: Path, runs: Runs) -> None:
    runs.codes(root)
    path, text = str(root / "proj/tasks.py"), PROJECT["proj/tasks.py"]
    assert runs.codes(root, {path: text.replace("return 1", "return 2").encode()}) == FOUND
    assert runs.analysed == 1
    assert len(runs.codes(root, {path: (text + "import polars\n").encode()})) > 1
    assert runs.codes(root) == FOUND
    assert runs.analysed == 2


def test_a_buffer_with_the_same_statements_is_not_parsed(
    root: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse(keyword: str, text: str) -> object:
        raise AssertionError(f"{text!r} is parsed")

    runs.codes(root)
    known_here().templates.clear()
    monkeypatch.setattr("flake8_forksafe.source.visitor.parse", parse)
    path, text = str(root / "proj/helpers.py"), PROJECT["proj/helpers.py"]
    for other in (f"{text}# more\n", text.replace("return 1", "return 2"), text.replace("    pass", "    pass  # why")):
        assert runs.codes(root, {path: other.encode()}) == FOUND
    assert runs.analysed == 1


def test_a_buffer_with_another_body_is_analysed_if_the_body_runs(root: Path, runs: Runs) -> None:
    runs.codes(root)
    path, text = str(root / "proj/helpers.py"), PROJECT["proj/helpers.py"]
    found = runs.codes(root, {path: text.replace("pass", "import polars").encode()})
    assert runs.analysed == 2
    assert ("proj/helpers.py", 2, "FS105") in found
    assert runs.codes(root, {path: text.replace("    pass", "    cold()").encode()}) == FOUND
    assert runs.analysed == 3


def test_a_buffer_is_compared_with_what_was_analysed(root: Path, runs: Runs) -> None:
    runs.codes(root)
    path = root / "proj/tasks.py"
    path.write_text("import json\n")
    assert runs.codes(root, {str(path): b"import json\n# more\n"}) == []
    assert runs.analysed == 2


def kept_files(root: Path, pattern: str = "outcome-*") -> list[Path]:
    """The files that keep outcomes of a project."""
    return sorted(Path(make_settings(str(root), {}).cache_dir or "").glob(pattern))


def test_the_facts_of_a_project_that_moved_are_as_good(root: Path, runs: Runs, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    runs.codes(root, cache_dir=cache)
    moved = tmp_path / "b"
    root.rename(moved)
    (kept,) = Path(cache).iterdir()
    kept.rename(make_settings(str(moved), {"cache_dir": cache}).cache_dir or "")
    with deep_recursion():
        report = analysed(make_settings(str(moved), {"cache_dir": cache}))
    assert report.sources.used and report.parsed == 0


@pytest.mark.parametrize("content", [b"", b"{}", b"[1", b'{"saved_ns": "x"}', b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("signed", [True, False])
def test_damaged_file_is_not_used(root: Path, runs: Runs, content: bytes, signed: bool) -> None:
    runs.codes(root)
    (path,) = kept_files(root)
    if signed:
        CacheFiles(str(path.parent)).write(path.name, content)
    else:
        path.write_bytes(content)
    assert runs.codes(root) == FOUND
    assert runs.analysed == 2


def test_a_forged_outcome_is_not_believed(root: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pull request commits an outcome without findings, signed by its author, and all else that the user wrote."""
    cache = root / "cache"
    (root / "pyproject.toml").write_text("[tool.forksafe]\ncache-dir = 'cache'\n")
    runs.codes(root)
    (path,) = cache.glob(".forksafe/outcome-*")
    signed = path.read_bytes()
    forged = re.sub(rb'"outcome":.*}', b'"outcome":[[],[],1,3,[],[]]}', signed)
    assert forged != signed
    path.write_bytes(forged)
    assert runs.codes(root) == FOUND and runs.analysed == 2
    with monkeypatch.context() as patch:
        patch.setenv("FORKSAFE_CACHE_KEY", "the key of somebody else")
        payload = forged.partition(b'{"')[2]
        CacheFiles(str(path.parent)).write(path.name, b'{"' + payload)
        assert runs.codes(root) == []  # who has the key believes it
    assert runs.codes(root) == FOUND and runs.analysed == 3


@pytest.mark.parametrize("other", ["", "~"])
def test_an_outcome_for_other_settings_is_not_used(root: Path, runs: Runs, other: str) -> None:
    """The name of a file is a checksum: two settings may have the same."""
    runs.codes(root)
    (path,) = kept_files(root)
    files = CacheFiles(str(path.parent))
    kept = json.loads(bytes(files.read(path.name) or b""))
    files.write(path.name, json.dumps({**kept, "key": other, "outcome": [[], [], 1, 3, [], []]}).encode())
    assert runs.codes(root) == FOUND and runs.analysed == 2


def test_a_key_for_several_machines(root: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FORKSAFE_CACHE_KEY", "a secret of the CI service")
    runs.codes(root)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "other user"))
    runs.codes(root)
    assert runs.analysed == 1 and not (tmp_path / "other user").exists()
    monkeypatch.setenv("FORKSAFE_CACHE_KEY", "short")
    with pytest.raises(UsageError, match="16 characters"):
        runs.codes(root)


def test_a_syntax_error_that_was_mended(root: Path, runs: Runs) -> None:
    (root / "proj/tasks.py").write_text("import proj.bad\n")
    bad = root / "proj/bad.py"
    for text, expected in (("x = 1\n", set()), ("x = (\n", {"FS191"}), ("import torch\ntorch.hub.load('x')\n", None)):
        bad.write_text(text)
        found = runs.codes(root)
        assert found == runs.codes(root, no_cache=True)
        assert expected is None or {code for _, _, code in found} == expected
    assert {"FS101", "FS111"} <= {code for _, _, code in found}


def test_what_appears_later(root: Path, runs: Runs) -> None:
    (root / "proj/tasks.py").write_text("import proj.late\n")
    runs.codes(root)
    (root / "proj/late.py").write_text("import torch\n")
    assert ("proj/late.py", 1, "FS101") in runs.codes(root)


def test_a_file_is_read_again_only_until_its_stamp_is_trusted(
    root: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reads() -> int:
        count = 0
        original = disk.read_file

        def counted(*given: object, **named: object) -> object:
            nonlocal count
            count += str(given[0]).endswith(".py")
            return original(*given, **named)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(disk, "read_file", counted)
            assert runs.codes(root) == FOUND
        return count

    monkeypatch.setattr(stamps, "RACY_NS", 0)
    with monkeypatch.context() as patch:
        patch.setattr(
            outcome_cache.time, "time_ns", lambda now=time.time_ns: now() - 10**10
        )  # before they were written
        runs.codes(root)
    time.sleep(0.05)
    assert [reads() > 3, reads()] == [True, 0]
    path = root / "proj/helpers.py"
    path.write_text(PROJECT["proj/helpers.py"].replace("return 1", "return 2"))
    time.sleep(0.05)
    assert [reads() > 0, reads()] == [True, 0]
    path.write_text(PROJECT["proj/helpers.py"].replace("pass", "import torch"))
    assert runs.codes(root) == runs.codes(root, no_cache=True) != FOUND


def test_few_are_kept(root: Path, runs: Runs) -> None:
    for number in range(12):
        runs.codes(root, accept=[f"package{number}"])
    assert len(kept_files(root)) == 8


def test_a_project_without_celery_costs_next_to_nothing(tmp_path: Path, runs: Runs) -> None:
    root = write(tmp_path, {"pyproject.toml": "", "a.py": "import torch\n", "b/c.py": "x = 1\n"})
    assert runs.codes(root) == [] and runs.analysed == 0
    code = (
        "import sys; from flake8_forksafe.cli import main; main(['check']);"
        "print(sorted({'libcst', 'networkx', 'yaml', 'flake8_forksafe.source'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, encoding="utf-8")
    said, *last = done.stdout.splitlines()
    assert said.startswith("nothing was checked: no file of the repository is seen to start a process that loads")
    assert last == ["no findings; no Celery app found, 0 files on the boot path", "[]"]
    (root / "b/c.py").write_text("from celery import Celery\n")
    assert runs.codes(root) == [("b/c.py", 1, "FS190")]


def test_an_edit_asks_nothing_about_the_content_of_other_files(
    root: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []

    def answer_of(content: bytes, question: questions.Question) -> questions.Answer:
        asked.append(content)
        return questions.answer_of(content, question)

    monkeypatch.setattr(stamps, "RACY_NS", -60_000_000_000)  # the files are new; their stamps are to be trusted
    monkeypatch.setattr(disk, "answer_of", answer_of)
    assert runs.codes(root) == FOUND
    everything = {path.read_bytes() for path in root.rglob("*.py")} - {b""}
    assert everything <= set(asked)
    edited = root / "proj/helpers.py"
    edited.write_text("import torch\n" + edited.read_text())
    cold = runs.codes(root, no_cache=True)
    asked.clear()
    assert runs.codes(root) == cold != FOUND
    assert edited.read_bytes() in asked
    assert not everything & set(asked)


def test_an_environment_outside_is_asked_again_like_any_directory(
    root: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its stamps may be too young to be trusted, as in an environment that was just made."""
    monkeypatch.setattr(outcome_inputs, "is_settled", lambda stamp, looked_ns: False)
    (root / ".git").mkdir()
    monkeypatch.setenv("POETRY_CACHE_DIR", str(tmp_path / "none"))
    assert runs.codes(root) == FOUND == runs.codes(root)
    assert runs.analysed == 1
