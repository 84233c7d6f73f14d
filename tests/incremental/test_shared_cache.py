"""Real runs of the command on one cache: killed at any moment, at once, of several versions, Pythons and users."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from helpers import FIXTURES, PATIENCE_S

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "geteuid"), reason="signals and permissions of POSIX"),
]

CHECK = "from flake8_forksafe.cli import main; raise SystemExit(main(['check', '--format', 'json', *sys.argv[1:]]))"
EDITS = ("import torch\n", "import json\n", "\n# a comment\n", "def later():\n    import numpy\n", "x = (\n")


class Runs:
    """A project and a cache of its own."""

    def __init__(self, place: Path) -> None:
        self.project = Path(shutil.copytree(FIXTURES / "bookshop", place / "bookshop"))
        self.cache = place / "cache"
        self.environ = {**os.environ, "XDG_CACHE_HOME": str(self.cache), "XDG_DATA_HOME": str(place / "data")}

    def start(self, *options: str, before: str = "", environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """A run of the command; ``before`` is executed in its process before."""
        script = f"import sys; {before}\n{CHECK}"
        return subprocess.Popen(
            [sys.executable, "-c", script, *options], cwd=self.project, env={**self.environ, **(environ or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def says(self, *options: str, before: str = "", environ: Mapping[str, str] | None = None) -> str:
        """What a run says."""
        run = self.start(*options, before=before, environ=environ)
        output, _ = run.communicate(timeout=PATIENCE_S)
        assert run.returncode == 1 and output.startswith("{"), output
        return output

    def cold(self) -> str:
        """What a run without a cache says."""
        return self.says("--no-cache")

    def kept(self) -> list[Path]:
        """The files in the cache."""
        return [path for path in sorted(self.cache.rglob("*")) if path.is_file() and path.name != ".gitignore"]


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_fifty_kills_at_any_moment(runs: Runs) -> None:
    choose = random.Random(13)
    sources = sorted(runs.project.rglob("*.py"))
    began = time.monotonic()
    runs.says()
    whole = time.monotonic() - began
    for _ in range(50):
        with choose.choice(sources).open("a") as stream:
            stream.write(choose.choice(EDITS[:4]))
        run = runs.start()
        time.sleep(choose.uniform(0.3, 1.1) * whole)  # the cache is written at the end
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=PATIENCE_S)
    assert runs.says() == runs.cold()
    left = [path for path in runs.kept() if path.suffix == ".tmp"]
    for path in left:
        os.utime(path, (1, 1))
    sources[0].write_text("import torch\n")
    assert runs.says() == runs.cold()
    assert not any(path.suffix == ".tmp" for path in runs.kept())


def test_eight_runs_at_once(runs: Runs) -> None:
    choose = random.Random(8)
    sources = sorted(runs.project.rglob("*.py"))
    for edit in EDITS:
        with choose.choice(sources).open("a") as stream:
            stream.write(edit)
        cold = runs.cold()
        together = [runs.start() for _ in range(8)]
        assert [run.communicate(timeout=PATIENCE_S) for run in together] == [(cold, None)] * 8
        assert runs.says() == cold
    assert runs.kept() and not any(path.suffix == ".tmp" for path in runs.kept())


OTHERS = {
    "version": "import flake8_forksafe; flake8_forksafe.__version__ = '0.0.1'",
    "Python": "sys.version_info = (*sys.version_info[:2], 99, 'final', 0)",
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_cache_of_another(runs: Runs, other: str) -> None:
    runs.says(before=OTHERS[other])
    (runs.project / "bookshop/__init__.py").open("a").write("import torch\n")
    cold = runs.cold()
    assert runs.says() == cold
    assert runs.says(before=OTHERS[other]) == runs.says() == cold


def test_a_cache_of_another_user(runs: Runs, tmp_path: Path) -> None:
    cold = runs.says(environ={"XDG_DATA_HOME": str(tmp_path / "other")})  # who has another key
    forged = {path: path.read_bytes() for path in runs.kept()}
    (runs.project / "bookshop/__init__.py").open("a").write("import torch\n")
    new = runs.cold()
    assert forged and new != cold
    assert runs.says() == new
    for path, content in forged.items():
        path.write_bytes(content)
    assert runs.says() == new


def test_a_cache_that_everybody_may_write_to(runs: Runs) -> None:
    cold = runs.says()
    directories = [path for path in runs.cache.rglob("*") if path.is_dir()]
    kept = {path: path.stat().st_mtime_ns for path in runs.kept()}
    for path in directories:
        path.chmod(0o777)
    (runs.project / "bookshop/__init__.py").open("a").write("import torch\n")
    assert runs.says() == runs.cold() != cold
    assert {path: path.stat().st_mtime_ns for path in runs.kept()} == kept
