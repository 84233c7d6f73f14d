"""Whatever is wrong with a project: one clear message or finding, and every other finding intact."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.incremental.outcome_cache import outcome_of
from flake8_forksafe.session import deep_recursion
from flake8_forksafe.settings import make_settings

PROJECT = {
    "pyproject.toml": "",
    "proj/__init__.py": "",
    "proj/celery.py": """\
        from celery import Celery
        app = Celery("proj", include=["proj.good", "proj.bad", "proj.tasks"])
        """,
    "proj/good.py": "import torch\n",
    "proj/bad.py": "",
    "proj/tasks.py": "import numpy\n",
}
ALWAYS = {("proj/good.py", 1, "FS101"), ("proj/tasks.py", 1, "FS101")}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project two of whose modules have a finding."""
    return write(tmp_path, PROJECT)


def findings(root: Path) -> dict[tuple[str, int, str], str]:
    """Findings by place."""
    return {
        (Path(f.path).relative_to(root).as_posix(), f.line, f.code): f.text
        for f in check(root, source_roots=["."]).findings
        if f.code != "FS131"  # which these projects are not about
    }


def only_new(root: Path) -> tuple[tuple[str, int, str], str]:
    """The one finding that is there besides the two."""
    found = findings(root)
    assert found.keys() >= ALWAYS
    (place,) = found.keys() - ALWAYS
    return place, found[place]


BROKEN = {
    "syntax": (b"import os\ndef f(:\n", "'(' was never closed (proj/bad.py:2)"),
    "utf-16": ("import os\n".encode("utf-16"), "null bytes (is it UTF-16?)"),
    "latin-1": ("# é\nx = 1\n".encode("latin-1"), "not utf-8 and declares no other encoding (proj/bad.py:1)"),
    "null": (b"x = 1\0\n", "null bytes"),
    "cookie": (b"# coding: nonsense\n", "unknown encoding: nonsense"),
    "nested": (b"x = " + b"(" * 3000 + b")" * 3000, "nested too deeply"),
    "nested newer": (b"lazy import os\nx = " + b"[" * 3000 + b"]" * 3000, "nested too deeply"),
    "long broken": (b"def f(:\nx = [" + b"1 +" * 100_000 + b"1]", "'(' was never closed"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_file(project: Path, kind: str) -> None:
    content, message = BROKEN[kind]
    (project / "proj/bad.py").write_bytes(content)
    place, text = only_new(project)
    assert place == ("proj/celery.py", 2, "FS191")
    assert "'proj.bad' cannot be analysed: it" in text or "'proj.bad' cannot be analysed: invalid" in text or kind
    assert message in text


def test_a_long_sum_is_an_unknown_value(project: Path) -> None:
    (project / "proj/bad.py").write_text(f"x = {'+'.join(['1'] * 100_000)}\nimport polars\n")
    assert only_new(project)[0] == ("proj/bad.py", 2, "FS101")


def test_declared_latin_1_is_read(project: Path) -> None:
    (project / "proj/bad.py").write_bytes("# coding: latin-1\nx = 'é'\nimport polars\n".encode("latin-1"))
    assert only_new(project)[0] == ("proj/bad.py", 3, "FS101")


@pytest.mark.costly
def test_generated_module_of_5_mb(project: Path) -> None:
    rows = ",\n".join(f"    ({number}, 'row {number}', None)" for number in range(160_000))
    (project / "proj/bad.py").write_text(f"TABLE = [\n{rows},\n]\nimport polars\n")
    assert (project / "proj/bad.py").stat().st_size > 5_000_000
    assert only_new(project)[0] == ("proj/bad.py", 160_003, "FS101")


@pytest.mark.costly
def test_generated_code_of_5_mb(project: Path) -> None:
    (project / "proj/bad.py").write_text("".join(f"x{number} = f({number}, y={number})\n" for number in range(200_000)))
    place, text = only_new(project)
    assert place == ("proj/celery.py", 2, "FS191") and "more than 50,000 statements" in text


def test_names_of_one_import_count_as_statements(project: Path) -> None:
    names = ", ".join(f"a{number}" for number in range(60_000))
    (project / "proj/bad.py").write_text(f"import {names}\n")
    place, text = only_new(project)
    assert place == ("proj/celery.py", 2, "FS191") and "more than 50,000 statements" in text


@pytest.mark.costly
@pytest.mark.parametrize("count", [800, 2_900, 20_000])
def test_a_long_chain_of_elif(project: Path, count: int) -> None:
    chain = "".join(f"elif x == {number}:\n    y = {number}\n" for number in range(count))
    (project / "proj/bad.py").write_text(f"import os\nx = os.getpid()\nif x == 0:\n    y = 0\n{chain}import polars\n")
    for _ in range(2):  # the second time with what the first has kept
        with deep_recursion():
            found = outcome_of(make_settings(str(project), {"source_roots": ["."]})).findings
        assert any(
            (Path(finding.path).name, finding.line, finding.code) == ("bad.py", 2 * count + 5, "FS101")
            or "nested too deeply" in finding.text
            for finding in found
        )


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file(project: Path) -> None:
    (project / "proj/bad.py").chmod(0)
    place, text = only_new(project)
    assert place == ("proj/celery.py", 2, "FS191") and "Permission denied" in text


def test_directory_named_like_a_module(project: Path) -> None:
    (project / "proj/bad.py").unlink()
    (project / "proj/bad.py").mkdir()
    place, text = only_new(project)
    assert place == ("proj/celery.py", 2, "FS192") and "'proj.bad' in the setting 'include' was not found" in text


def test_symlink_loop(project: Path) -> None:
    (project / "proj/loop").symlink_to(project / "proj", target_is_directory=True)
    (project / "proj/self.py").symlink_to(project / "proj/self.py")
    (project / "proj/bad.py").write_text("import proj.self\n")
    found = findings(project)
    assert found.keys() >= ALWAYS


def test_import_cycle(project: Path) -> None:
    (project / "proj/bad.py").write_text("from proj import worse\n")
    (project / "proj/worse.py").write_text("from proj.bad import worse\nfrom proj import bad\n")
    assert findings(project).keys() == ALWAYS


def test_3000_deep_call_chain(project: Path) -> None:
    lines = [f"def f{n}():\n    return f{n + 1}()\n" for n in range(3000)]
    (project / "proj/bad.py").write_text("\n".join([*lines, "def f3000():\n    pass\n", "f0()\n"]))
    found = findings(project).keys()
    assert found >= ALWAYS and [(path, code) for path, _, code in found - ALWAYS] == [("proj/bad.py", "FS192")]


def test_12000_iterators_of_each_other(project: Path) -> None:
    (project / "proj/bad.py").write_text("x = [1]\n" + "x = map(str, x)\n" * 12_000 + "list(x)\n")
    assert findings(project).keys() >= ALWAYS


def test_newer_syntax_is_parsed(project: Path) -> None:
    (project / "proj/bad.py").write_text(
        "lazy import json\n"
        "type Pair[T] = tuple[T, T]\n"
        "class Box[T: (int, str)]:\n    item: T\n"
        "def first[T](pair: Pair[T]) -> T:\n    return pair[0]\n"
        "try:\n    import polars\nexcept ImportError, ValueError:\n    polars = None\n"
    )
    assert only_new(project)[0] == ("proj/bad.py", 8, "FS101")


def command(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``forksafe``."""
    return subprocess.run(
        [sys.executable, "-c", "import sys; from flake8_forksafe.cli import main; sys.exit(main())", *arguments],
        cwd=project, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[tool.forksafe\n", "is not valid TOML"),
        ("[tool.forksafe]\nap = 'x'\n", "has no option 'ap'; the options are accept, app"),
        ("[tool.forksafe]\nno-cache = 'yes'\n", "the option no-cache is on or off, not 'yes'"),
        ("[tool.forksafe]\naccept = [1]\n", "the option accept takes PACKAGE[: reason][,...], not [1]"),
        ("[tool]\nforksafe = 1\n", "[tool.forksafe] must be a table"),
    ],
)
def test_bad_pyproject(project: Path, toml: str, message: str) -> None:
    (project / "pyproject.toml").write_text(toml)
    done = command(project, "check")
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


def test_app_that_does_not_exist(project: Path) -> None:
    report = check(project, app=["proj.missing"])
    (finding,) = report.findings
    assert finding.code == "FS193" and finding.line == 1 and finding.path.endswith("celery.py")
    assert "the option app names 'proj.missing', which does not exist" in finding.text


def test_settings_and_roots_that_do_not_exist(project: Path) -> None:
    report = check(project, django_settings="proj.nosettings", source_roots=[".", "lib"])
    messages = [finding.text for finding in report.findings if finding.code == "FS193"]
    assert any("'proj.nosettings'" in text for text in messages) and any("'lib'" in text for text in messages)


ANY_PATH = """\
import glob, importlib, importlib.util, os, pathlib, pkgutil, runpy, sys
from celery import Celery
app = Celery("x")
p = {path}
for module in pkgutil.iter_modules([p]):
    print(module)
for module in pkgutil.walk_packages([p]):
    importlib.import_module(module.name)
glob.glob(p), os.listdir(p), open(p), os.path.isdir(p), list(pathlib.Path(p).glob("*"))
importlib.import_module(p)
sys.path.insert(0, p)
import unknown
__path__ = [p]
os.environ["DJANGO_SETTINGS_MODULE"] = p
import django
django.setup()
app.config_from_object(p)
app.autodiscover_tasks([p])
importlib.util.spec_from_file_location("module", p)
runpy.run_path(p)
exec(open(p).read())
os.chdir(p)
import torch
"""


@pytest.mark.parametrize("path", [
    r"'\0'", r"'a\0b/c'", r"'/a\0b/c'", r"'\ud800'", r"'/\ud800'", r"'/\udc80'", "'x' * 70000", "'/x' * 70000",
    "'../x'",
])  # fmt: skip
def test_a_path_that_no_file_can_have(tmp_path: Path, path: str) -> None:
    """A program may compute any text where a path belongs; what is behind it is still found."""
    root = write(tmp_path, {"celery_app.py": ANY_PATH.replace("{path}", path)})
    settings = make_settings(str(root), {"app": "celery_app"})
    for _ in range(2):  # the second time from the cache
        with deep_recursion():
            outcome = outcome_of(settings)
        assert ("FS101", len(ANY_PATH.splitlines())) in {(found.code, found.line) for found in outcome.findings}
