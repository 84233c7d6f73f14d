"""``forksafe why``, ``forksafe memory`` and the remarks of ``forksafe check``, as the user sees them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import FIXTURES, write

pytestmark = pytest.mark.costly

SHOP = str(FIXTURES / "bookshop")


def forksafe(*arguments: str, cwd: Path = FIXTURES) -> str:
    """What the command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "flake8_forksafe", *arguments, "--no-cache"],
        cwd=cwd, capture_output=True, encoding="utf-8", env={"PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


def test_both_chains_with_their_source_lines() -> None:
    lines = forksafe("why", "torch", "bookshop").splitlines()
    first = lines.index("  as it is executed first:")
    shortest = lines.index("  by the shortest chain:")
    assert "    bookshop/shop/apps.py:13 → shop.ai_provider" in lines[first:shortest]
    assert lines[shortest + 1] == "    celery worker → bookshop.celery  [find_app]"
    assert lines[-2:] == ["    bookshop/shop/ai_provider.py:3 → torch", "        import torch  # FS101"]


def test_reasons_why_something_is_not_loaded(tmp_path: Path) -> None:
    write(tmp_path, {
        "pyproject.toml": "",
        "proj/__init__.py": "",
        "proj/celery.py": "from celery import Celery\napp = Celery('proj', include=['proj.tasks'])\n",
        "proj/tasks.py": """\
            import sys
            from celery.signals import worker_process_init
            def task():
                import polars
            if "runserver" in sys.argv:
                import scipy
            @worker_process_init.connect
            def load(**kwargs):
                import torch
            """,
    })  # fmt: skip
    assert "imports it in task(), which nothing calls before the fork" in forksafe("why", "polars", cwd=tmp_path)
    assert "tasks.py:6 imports it behind a condition that is false" in forksafe("why", "scipy", cwd=tmp_path)
    assert "it is loaded after it: proj/tasks.py:9" in forksafe("why", "torch", cwd=tmp_path)
    assert "no module that is loaded before the fork imports it" in forksafe("why", "jax", cwd=tmp_path)


def test_memory_as_a_table_and_as_json() -> None:
    table = forksafe("memory", "bookshop").splitlines()
    assert table[1].split()[:2] == ["compose.yaml:18", "prefork"] and table[1].endswith("too large")
    (launch,) = json.loads(forksafe("memory", "bookshop", "--format", "json"))["launches"]
    assert launch["concurrency"] == 20 and launch["limit_mb"] == 2048
    assert launch["safe_concurrency"] < 20 and launch["packages"]["torch"] == 203


def test_remarks(tmp_path: Path) -> None:
    write(tmp_path, {
        "pyproject.toml": "[tool.forksafe]\naccept = ['polars: for nothing', 'duckdb', 'scipy: on purpose']\n",
        "proj/__init__.py": "",
        "proj/celery.py": "from celery import Celery\napp = Celery('proj', include=['proj.tasks'])\n",
        "proj/tasks.py": "import os\nfrom proj import heavy\nimport scipy\n",
        "proj/heavy.py": """\
            import os
            import numpy
            import torch
            if os.environ.get("WARM"):
                torch.hub.load("a", "b")
            """,
    })  # fmt: skip
    write(tmp_path, {"proj/other.py": "from celery import Celery\napp = Celery('other', include=['proj.tasks'])\n"})
    output = forksafe("check", cwd=tmp_path)
    assert output.count("not reported: 'torch.hub.load' at proj/heavy.py:5") == output.count("where to cut") == 1
    assert "not reported: 'torch.hub.load' at proj/heavy.py:5 depends on a condition" in output
    assert "stale accept: 'polars'" in output and "stale accept: 'duckdb'" in output and "accept: 'scipy'" not in output
    assert "where to cut: deferring proj/tasks.py:2 alone keeps 'numpy' and 'torch' out of the parent" in output


def test_a_remark_is_bounded_whatever_is_called_what(tmp_path: Path) -> None:
    write(tmp_path, {
        "pyproject.toml": f"[tool.forksafe]\naccept = ['{'x' * 100_000}']\n",
        "proj.py": "from celery import Celery\napp = Celery('proj')\nimport torch\n",
    })  # fmt: skip
    output = forksafe("check", cwd=tmp_path)
    assert "stale accept: 'xxx" in output and len(output) < 5_000


def test_a_receiver_that_is_never_called(tmp_path: Path) -> None:
    """Seen with a real worker, Celery 5.7.0: neither handler is called; both are gone when ``make`` returns."""
    write(tmp_path, {
        "pyproject.toml": "[project]\nname = 'proj'\n[tool.forksafe]\nprelude = 'parent'\n",
        "proj/__init__.py": "",
        "proj/celery.py": """\
            from celery import Celery
            from celery.signals import worker_init, worker_process_init
            def make():
                app = Celery("proj", include=["proj.tasks"])
                @worker_process_init.connect
                def load(**kwargs):
                    import torch
                @worker_init.connect(sender=None)
                def warm(**kwargs):
                    import numpy
                return app
            app = make()
            """,
        "proj/tasks.py": "",
    })  # fmt: skip
    output = forksafe("check", cwd=tmp_path)
    assert "never called: the receiver 'warm' that proj/celery.py:8 connects to worker_init" in output
    assert "never called: the receiver 'load' that proj/celery.py:5 connects to worker_process_init" in output
    assert "no findings" in output
