"""What is parsed ahead: what is imported in the order in which it will be, then what is likely to be."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.incremental.cache_files import CacheFiles
from flake8_forksafe.incremental.fact_store import FactStore
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.likely_imports import imported, visit_likely_files

BOOKSHOP = Path(__file__).parent.parent / "fixtures" / "bookshop"


def visited(root: Path, broken: str = "") -> list[str]:
    """The files below a directory that are visited, in order."""
    found = []

    def visit(path: str) -> str | None:
        found.append(Path(path).relative_to(root).as_posix())
        return None if found[-1] == broken else Path(path).read_text(encoding="utf-8")

    visit_likely_files(Disk(), str(root), visit)
    return found


def test_imports_are_followed_before_what_comes_after_them(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "shop/__init__.py": "from .celery import app\nimport shop.last\n",
            "shop/celery.py": "import os, shop.conf as conf\nfrom . import (\n    helper,  # one\n    nothing,\n)\n",
            "shop/conf.py": "import shop\n",
            "shop/helper.py": "def f():\n    import shop.never\n",
            "shop/last.py": "",
        },
    )
    expected = ["__init__", "celery", "conf", "helper", "last"]
    assert visited(tmp_path) == [f"shop/{name}.py" for name in expected]


def test_then_what_is_looked_for_in_apps_then_the_rest(tmp_path: Path) -> None:
    names = ["a/apps.py", "a/models/__init__.py", "a/urls.py", "b/models.py", "b/tasks.py", "b/views.py", "main.py"]
    tests = ["a/tests/helpers.py", "b/test_views.py", "conftest.py", "a/migrations/one.py", "b/management/two.py"]
    tests += ["a/migrations/__init__.py", "b/management/__init__.py"]
    write(tmp_path, dict.fromkeys([*names, *tests, "a/__init__.py", "b/__init__.py"], ""))
    assert visited(tmp_path) == [
        "a/__init__.py", "a/apps.py", "a/models/__init__.py", "b/__init__.py", "b/models.py", "b/tasks.py",
        "a/urls.py", "main.py", "b/views.py",
    ]  # fmt: skip


def test_a_directory_around_the_project_may_be_called_tests(tmp_path: Path) -> None:
    write(tmp_path / "tests" / "project", {"a.py": "", "testimony/__init__.py": "", "test/__init__.py": ""})
    assert visited(tmp_path / "tests" / "project") == ["a.py", "testimony/__init__.py"]


def test_an_app_may_lie_in_a_directory_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, {"server/celery.py": "import conf\n", "server/conf.py": "", "scripts/tool.py": ""})
    assert visited(tmp_path) == ["server/celery.py", "server/conf.py"]


def test_what_cannot_be_read_leads_nowhere(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "import b\n", "b.py": ""})
    assert visited(tmp_path, broken="a.py") == ["a.py", "b.py"]


def test_a_cycle_ends(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "import b\n", "b.py": "import a\n"})
    assert visited(tmp_path) == ["a.py", "b.py"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import a.b as c, d", ["a", "a.b", "d"]),
        ("from a import b as c, d", ["a", "a.b", "a.d"]),
        ("from . import b", ["pkg", "pkg.b"]),
        ("from ..x import (\n    b as c,\n    d,\n)", ["x", "x.b", "x.d"]),
        ("from a import *", ["a"]),
        ("from a import b  # import x\n# import y\n'import z'", ["a", "a.b"]),
        ("if x:\n    import a", []),
    ],
)
def test_imports_as_they_are_written(text: str, names: list[str]) -> None:
    assert list(dict.fromkeys(imported(text, "pkg"))) == names


SCRIPT = """
import os, sys
from flake8_forksafe.incremental import parse_ahead

cores, directory = sys.argv[1:]
parse_ahead._cores = lambda: int(cores)
start, started = parse_ahead.start, []
parse_ahead.start = lambda *given: started.append(start(*given)) or started[-1]
from flake8_forksafe.incremental.outcome_cache import analysed
from flake8_forksafe.session import deep_recursion
from flake8_forksafe.settings import make_settings

with deep_recursion():
    report = analysed(make_settings(os.getcwd(), {})._replace(cache_dir=directory))
print([child is not None for child in started] == [cores == "2"], len(report.sources.parsed), file=sys.stderr)
for finding in report.findings:
    print(finding)
for trace in report.traces:
    print(*trace.edges, *trace.modules, sep="\\n")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no child elsewhere")
def test_an_analysis_is_the_same_with_and_without(tmp_path: Path) -> None:
    shutil.copytree(BOOKSHOP, tmp_path / "bookshop")
    printed, kept = [], []
    for cores in ("1", "2"):
        cache = tmp_path / f"cache-{cores}"
        command = [sys.executable, "-c", SCRIPT, cores, str(cache)]
        done = subprocess.run(command, cwd=tmp_path / "bookshop", capture_output=True, text=True, check=True)
        store = FactStore(CacheFiles(str(cache)), lambda path: Path(path).read_bytes())
        kept.append({content: bytes(data) for content, data in store._stored.items()})
        printed.append((done.stdout, done.stderr))
    assert printed[0] == printed[1] and printed[0][1].startswith("True ")
    assert kept[0] == kept[1] and len(kept[0]) > 20
