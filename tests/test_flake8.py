"""What a user of flake8 sees, in every way flake8 runs its plugins."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import FIXTURES, expected_codes

from flake8_forksafe.incremental.fact_store import FILE_NAME
from flake8_forksafe.settings import make_settings

START = """
import multiprocessing, sys
from flake8.main.cli import main
if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv.pop(1))
    raise SystemExit(main(sys.argv[1:]))
"""


def flake8(
    directory: Path, *arguments: str, stdin: str | None = None, start: str | None = None, seed: str = "random"
) -> subprocess.CompletedProcess[str]:
    """Run the real flake8 with this plugin only."""
    command = [sys.executable, "-m", "flake8"]
    if start is not None:
        script = directory.parent / "start_flake8.py"
        script.write_text(START)
        command = [sys.executable, str(script), start]
    return subprocess.run(
        [*command, "--isolated", "--select=FS,E9", *arguments],
        cwd=directory, input=stdin, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed},
    )  # fmt: skip


@pytest.fixture
def bookshop(tmp_path: Path) -> Path:
    """A private copy of the sample project."""
    return Path(shutil.copytree(FIXTURES / "bookshop", tmp_path / "bookshop"))


@pytest.fixture
def reference(bookshop: Path) -> str:
    """What flake8 reports with one job and no cache."""
    done = flake8(bookshop, "-j1", "--forksafe-no-cache", ".")
    assert done.stderr == ""
    return done.stdout


def found(output: str) -> set[tuple[str, int, str]]:
    """Findings of flake8's output as (file, line, code)."""
    rows = set()
    for line in output.splitlines():
        path, row, _, message = line.split(":", 3)
        rows.add((Path(path).as_posix(), int(row), message.split()[0]))
    return rows


def test_reports_the_marked_findings(bookshop: Path, reference: str) -> None:
    assert found(reference) == expected_codes(bookshop)


def test_parallel_is_the_same_to_the_byte(bookshop: Path, reference: str) -> None:
    assert flake8(bookshop, "-j2", ".").stdout == reference
    assert flake8(bookshop, "-j4", ".").stdout == reference


@pytest.mark.parametrize("start", ["fork", "forkserver", "spawn"])
def test_every_start_method_analyses_once(bookshop: Path, reference: str, start: str) -> None:
    done = flake8(bookshop, "-j3", ".", start=start)
    assert (done.stdout, done.stderr) == (reference, "")


@pytest.mark.parametrize("seed", ["0", "1", "2", "3"])
def test_hash_seed_changes_nothing(bookshop: Path, reference: str, seed: str) -> None:
    assert flake8(bookshop, "-j1", ".", seed=seed).stdout == reference


def test_file_order_and_absolute_paths_change_nothing(bookshop: Path, reference: str) -> None:
    files = sorted((path.relative_to(bookshop).as_posix() for path in bookshop.rglob("*.py")), reverse=True)
    shuffled = flake8(bookshop, "-j1", *(f"./{name}" for name in files[1:] + files[:1])).stdout
    assert sorted(shuffled.splitlines()) == sorted(reference.splitlines())
    elsewhere = flake8(bookshop.parent, "-j2", str(bookshop)).stdout
    assert elsewhere.replace(str(bookshop), ".") == reference


def test_cold_warm_and_corrupt_cache(bookshop: Path, reference: str) -> None:
    assert flake8(bookshop, "-j1", ".").stdout == reference
    store = Path(make_settings(str(bookshop), {}).cache_dir or "") / FILE_NAME
    assert store.is_file() and (store.parent / ".gitignore").read_text().endswith("*\n")
    assert flake8(bookshop, "-j1", ".").stdout == reference
    good = store.read_bytes()
    for bad in (b"", good[: len(good) // 2], good[:-1] + b"x", b"not ours\n" + good, good.replace(b"torch", b"porch")):
        store.write_bytes(bad)
        assert flake8(bookshop, "-j1", ".").stdout == reference


def test_one_file_alone_gets_its_findings(bookshop: Path, reference: str) -> None:
    alone = flake8(bookshop, "shop/tasks.py").stdout
    assert alone and set(alone.splitlines()) <= {line.removeprefix("./") for line in reference.splitlines()}


@pytest.mark.parametrize("name", ["shop/tasks.py", "./shop/tasks.py", "absolute"])
def test_unsaved_buffer(bookshop: Path, name: str) -> None:
    display = str(bookshop / "shop/tasks.py") if name == "absolute" else name
    saved = (bookshop / "shop/tasks.py").read_text()
    buffer = "import torch\n" + saved
    done = flake8(bookshop, "--stdin-display-name", display, "-", stdin=buffer)
    assert done.stderr == ""
    assert (1, "FS101") in {(row, code) for _, row, code in found(done.stdout)}
    clean = flake8(bookshop, "--stdin-display-name", display, "-", stdin="x = 1\n")
    assert clean.stdout == ""


def test_stdin_without_a_name_is_quiet(bookshop: Path) -> None:
    done = flake8(bookshop, "-", stdin="import torch\n")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_noqa_on_the_line(bookshop: Path) -> None:
    path = bookshop / "shop/ai_provider.py"
    path.write_text(path.read_text().replace("# FS101", "# noqa: FS101"))
    assert "ai_provider.py:3:1: FS101" not in flake8(bookshop, ".").stdout


def test_rerun_in_one_process_sees_the_change(bookshop: Path) -> None:
    script = """
from pathlib import Path
from flake8.main.cli import main
args = ["--isolated", "--select=FS", "-j1", "shop/ai_provider.py"]
print("first"); main(args)
path = Path("shop/ai_provider.py"); path.write_text(path.read_text().replace("import torch", "import types as torch"))
print("second"); main(args)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=bookshop, capture_output=True, text=True)
    first, _, second = done.stdout.partition("second")
    assert "FS101" in first and "FS101" not in second and done.stderr == ""


def test_help_shows_options_with_metavars_and_defaults() -> None:
    done = subprocess.run([sys.executable, "-m", "flake8", "--help"], capture_output=True, text=True)
    text = " ".join(done.stdout.split())
    assert "--forksafe-app APP[,APP...]" in text
    assert "--forksafe-no-cache" in text
    assert "(Default: found in the source)" in text


def test_bad_option_is_one_clear_message(bookshop: Path) -> None:
    done = flake8(bookshop, "--forksafe-app", "no app!", ".")
    assert done.returncode == 1
    assert "the option app takes a module, or module:attribute, not 'no app!'" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_options_from_pyproject_lose_to_flake8s(bookshop: Path) -> None:
    (bookshop / "pyproject.toml").write_text('[tool.forksafe]\naccept = ["torch", "litellm: shared on purpose"]\n')
    codes = found(flake8(bookshop, ".").stdout)
    assert ("shop/ai_provider.py", 3, "FS101") not in codes and ("reports/frames.py", 5, "FS101") in codes
    overruled = found(flake8(bookshop, "--forksafe-accept", "pandas", ".").stdout)
    assert ("shop/ai_provider.py", 3, "FS101") in overruled and ("reports/frames.py", 5, "FS101") not in overruled


def test_workers_import_nothing_heavy(bookshop: Path) -> None:
    script = """
import sys
from flake8.main.cli import main
try:
    main(["--version"])
except SystemExit:
    pass
print("HEAVY", sorted({"libcst", "networkx", "yaml"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=bookshop, capture_output=True, text=True)
    assert "HEAVY []" in done.stdout
