"""The prelude: where it is put, that the module stays what it was, and that it comes first."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.cli import main
from flake8_forksafe.fix.prelude import Prelude, edits_of, wants_marks
from flake8_forksafe.fix.text import Refused, Source

SET = 'os.environ["OMP_NUM_THREADS"] = "1"\n'
PLACED = {
    "an empty file": ("", f"import os\n\n{SET}\n"),
    "a module": ("import json\nX = 1\n", f"import os\n\n{SET}\nimport json  # noqa: E402\nX = 1\n"),
    "a docstring and the future": (
        '"""About."""\n\nfrom __future__ import annotations\n\nimport json\n',
        f'"""About."""\n\nfrom __future__ import annotations\n\nimport os\n\n{SET}\nimport json  # noqa: E402\n',
    ),
    "a comment": ("#!/usr/bin/env python\n# about\nimport json  # noqa\n",
                  f"#!/usr/bin/env python\n# about\nimport os\n\n{SET}\nimport json  # noqa\n"),
    "os is there": ("import json\nimport os\n\nX = os.sep\n",
                    f"import os\n\n{SET}\nimport json  # noqa: E402\n\nX = os.sep\n"),
}  # fmt: skip


def placed(text: str, line: int = 0, marks: bool = True) -> str:
    source = Source("celery.py", text.encode())
    return source.edited(edits_of(source, Prelude("celery.py", line, ("OMP_NUM_THREADS",)), marks)).decode()


@pytest.mark.parametrize("name", PLACED)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_placed(name: str, newline: str) -> None:
    before, after = (text.replace("\n", newline if PLACED[name][0] else "\n") for text in PLACED[name])
    assert placed(before).rstrip("\r\n") == after.rstrip("\r\n")
    spaces: list[dict[str, object]] = [{}, {}]
    for text, space in zip((before, placed(before)), spaces, strict=True):
        exec(compile(text, "celery.py", "exec", dont_inherit=True), space)
    assert spaces[0].get("__doc__") == spaces[1].get("__doc__") and set(spaces[0]) <= set(spaces[1])


def test_without_marks() -> None:
    assert placed("import json\n", marks=False) == f"import os\n\n{SET}\nimport json\n"


def test_completed() -> None:
    text = 'import os\n\nos.environ["MKL_NUM_THREADS"] = "1"\nimport json\n'
    assert placed(text, 3) == f'import os\n\nos.environ["MKL_NUM_THREADS"] = "1"\n{SET}import json\n'
    with pytest.raises(Refused):
        placed("import os\nfor name in ():\n    os.environ[name] = '1'\n", 3)


CONFIGURED = {
    "nothing": ({}, True),
    "ruff": ({"ruff.toml": ""}, False),
    "ruff in pyproject": ({"pyproject.toml": "[tool.ruff]\n"}, False),
    "both": ({"pyproject.toml": "[tool.ruff]\n", "setup.cfg": "[flake8]\n"}, True),
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_marks_where_pycodestyle_looks(tmp_path: Path, name: str) -> None:
    files, expected = CONFIGURED[name]
    write(tmp_path, files)
    assert wants_marks(str(tmp_path)) is expected


APP = 'from celery import Celery\n\napp = Celery("p", include=["p.tasks"])\n'


def fixed(root: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The codes that are left."""
    write(root, {"pyproject.toml": '[tool.forksafe]\nplatform = "linux"\napp = "p.celery"\n', **files})
    monkeypatch.chdir(root)
    main(["fix", "--no-cache", "--write"])
    return {finding.code for finding in check(root, app="p.celery", platform="linux").findings}


def test_in_the_module_of_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"p/__init__.py": "", "p/celery.py": APP, "p/tasks.py": "import numpy\nX = numpy.zeros(1)\n"}
    assert fixed(tmp_path, files, monkeypatch) == {"FS101"}
    text = (tmp_path / "p" / "celery.py").read_text()
    assert text.startswith("import os\n\nos.environ[") and text.count('"] = "1"') == 5


def test_in_the_package_where_that_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"p/__init__.py": '"""P."""\nimport numpy\nX = numpy.zeros(1)\n', "p/celery.py": APP, "p/tasks.py": ""}
    assert fixed(tmp_path, files, monkeypatch) == {"FS101"}
    assert (tmp_path / "p" / "__init__.py").read_text().startswith('"""P."""\n\nimport os\n')
    assert (tmp_path / "p" / "celery.py").read_text() == APP


def test_beside_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = "import os\n\n" + SET + "\n" + APP
    files = {"p/__init__.py": "", "p/celery.py": some, "p/tasks.py": "import numpy\nX = numpy.zeros(1)\n"}
    assert fixed(tmp_path, files, monkeypatch) == {"FS101"}
    assert (tmp_path / "p" / "celery.py").read_text().count('"] = "1"') == 5


def test_not_where_a_deferred_import_was_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = "import numpy\n\n\ndef f():\n    return numpy.zeros(1)\n"
    files = {"p/__init__.py": "", "p/celery.py": APP, "p/tasks.py": tasks}
    assert fixed(tmp_path, files, monkeypatch) == set()
    assert (tmp_path / "p" / "celery.py").read_text() == APP


def test_flake8_is_no_worse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = "import numpy\n\nX = numpy.zeros(1)\n"
    files = {"p/__init__.py": "", "p/celery.py": textwrap.dedent(APP), "p/tasks.py": tasks}
    fixed(tmp_path, files, monkeypatch)
    command = [sys.executable, "-m", "flake8", "--isolated", "--select", "E,F4,F8,W", "p"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600).stdout == ""
