"""The prelude: where it is put, that the module stays what it was, and that it comes first."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.cli import main
from flake8_forksafe.fix.prelude import PreludeEdit, edits_of, wants_marks
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
    "os is there first": ('"""About."""\n\nimport os\n\nimport json\n',
                          f'"""About."""\n\nimport os\n\n{SET}\nimport json  # noqa: E402\n'),
    "os is there first, with others": ("import os\nimport json\n",
                                       f"import os\n\n{SET}\nimport json  # noqa: E402\n"),
    "os alone": ("import os\n", f"import os\n\n{SET}\n"),
    "os is there last": ('"""About."""\n\nimport json\n\nimport os',
                         f'"""About."""\n\nimport os\n\n{SET}\nimport json  # noqa: E402\n\n'),
    "os stands apart": ("import json\n\nimport os\n\nimport sys\n",
                        f"import os\n\n{SET}\nimport json  # noqa: E402\n\nimport sys  # noqa: E402\n"),
    "os is there": ("import json\nimport os\n\nX = os.sep\n",
                    f"import os\n\n{SET}\nimport json  # noqa: E402\n\nX = os.sep\n"),
}  # fmt: skip


def placed(text: str, line: int = 0, marks: bool = True) -> str:
    source = Source("celery.py", text.encode())
    return source.edited(edits_of(source, PreludeEdit("celery.py", line, ("OMP_NUM_THREADS",)), marks)).decode()


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
    "ruff near by": ({"service/pyproject.toml": "[tool.ruff]\n", "setup.cfg": "[flake8]\n"}, False),
    "flake8 near by": ({"service/tox.ini": "[flake8]\n", "ruff.toml": ""}, True),
    "ruff in a hook": ({".pre-commit-config.yaml": "- repo: https://github.com/astral-sh/ruff-pre-commit\n"}, False),
    "another hook": ({".pre-commit-config.yaml": "- repo: https://github.com/trufflesecurity/trufflehog\n"}, True),
    "both in hooks": ({".pre-commit-config.yaml": "- id: ruff\n- id: flake8\n"}, True),
    "elsewhere": ({"other/ruff.toml": "", "service/pyproject.toml": "[tool.black]\n"}, True),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGURED)
def test_marks_where_pycodestyle_looks(tmp_path: Path, name: str) -> None:
    files, expected = CONFIGURED[name]
    write(tmp_path, files)
    assert wants_marks(str(tmp_path / "service" / "p" / "celery.py"), str(tmp_path)) is expected


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


@pytest.mark.parametrize(
    ("first", "code"), [("", "FS131"), ('import os\nos.environ["OMP_NUM_THREADS"] = "1"\n', "FS132")]
)
def test_the_proof_says_what_is_left_where_the_count_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], first: str, code: str
) -> None:
    write(tmp_path, {
        "pyproject.toml": '[tool.forksafe]\napp = "shop.celery"\n',
        "shop/__init__.py": "",
        "shop/celery.py": f'{first}from celery import Celery\napp = Celery("shop", include=["shop.tasks"])\n',
        "shop/tasks.py": "import pandas\nclass A(pandas.Series): ...\n",
    })  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["fix", "--no-cache"]) == 1
    left = f"(of {code} is left: the prelude does not set OBJC_DISABLE_INITIALIZE_FORK_SAFETY)"
    assert f"2 findings before, 2 after {left}; " in capsys.readouterr().out
    write(tmp_path, {"pyproject.toml": '[tool.forksafe]\napp = "shop.celery"\nplatform = "linux"\n'})
    assert main(["fix", "--no-cache"]) == 1
    assert "2 findings before, 1 after; " in capsys.readouterr().out


def test_not_where_a_deferred_import_was_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = "import numpy\n\n\ndef f():\n    return numpy.zeros(1)\n"
    files = {"p/__init__.py": "", "p/celery.py": APP, "p/tasks.py": tasks}
    files["pyproject.toml"] = '[tool.forksafe]\nprelude = "parent"\n'
    assert fixed(tmp_path, files, monkeypatch) == set()
    assert (tmp_path / "p" / "celery.py").read_text() == APP


def test_for_the_children_where_an_import_was_deferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = "import numpy\n\n\ndef f():\n    return numpy.zeros(1)\n"
    files = {"p/__init__.py": "", "p/celery.py": APP, "p/tasks.py": tasks}
    assert fixed(tmp_path, files, monkeypatch) == set()
    assert (tmp_path / "p" / "celery.py").read_text().count('"] = "1"') == 5


def test_flake8_is_no_worse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = "import numpy\n\nX = numpy.zeros(1)\n"
    files = {"p/__init__.py": "", "p/celery.py": textwrap.dedent(APP), "p/tasks.py": tasks}
    fixed(tmp_path, files, monkeypatch)
    command = [sys.executable, "-m", "flake8", "--isolated", "--select", "E,F4,F8,W", "p"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600).stdout == ""


LATE = "import numpy\nimport os\n\n" + SET


def test_what_comes_too_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"p/__init__.py": "", "p/celery.py": LATE + APP + "X = numpy.pi\n", "p/tasks.py": ""}
    assert fixed(tmp_path, files, monkeypatch) == {"FS101"}
    text = (tmp_path / "p" / "celery.py").read_text()
    assert text.startswith("import os\n\nos.environ[") and text.index("OPENBLAS") < text.index("import numpy")
    assert text.count("import os") == 1


def test_what_comes_too_late_for_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"p/__init__.py": "import numpy\nX = numpy.pi\n", "p/celery.py": f"import os\n{SET}{APP}", "p/tasks.py": ""}
    assert fixed(tmp_path, files, monkeypatch) == {"FS101"}
    assert (tmp_path / "p" / "__init__.py").read_text().startswith("import os\n\nos.environ[")


@pytest.mark.parametrize("form", ['os.environ["OMP_NUM_THREADS"] = {}', 'os.environ.setdefault("OMP_NUM_THREADS", {})'])
def test_a_value_is_corrected_on_request(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = f"import os\n\n{form.format(chr(39) + '4' + chr(39))}  # four\n{APP}"
    files = {"p/__init__.py": "", "p/celery.py": before, "p/tasks.py": ""}
    assert fixed(tmp_path, files, monkeypatch) == {"FS134"}
    told = capsys.readouterr()
    assert "FS134 'OMP_NUM_THREADS' is not repaired: that would not be safe: '4' may be intended" in told.err
    assert told.err.rstrip().endswith("; 1 more with --unsafe")
    assert main(["fix", "--no-cache", "--write", "--unsafe"]) == 0
    after = f"import os\n\n{form.format(chr(34) + '1' + chr(34))}  # four\n{APP}"
    assert (tmp_path / "p" / "celery.py").read_text() == after
    assert "set OMP_NUM_THREADS to \"1\" instead of '4' (unsafe" in capsys.readouterr().out


def test_a_value_that_is_not_in_the_line_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"import os\nN = '4'\nos.environ['OMP_NUM_THREADS'] = N\n{APP}"
    assert fixed(tmp_path, {"p/__init__.py": "", "p/celery.py": text, "p/tasks.py": ""}, monkeypatch) == {"FS134"}
    assert "FS134 'OMP_NUM_THREADS' is not repaired: its value is not written in that line" in capsys.readouterr().err


MARKED = {
    "import json\n": "import json  # noqa: E402\n",
    "import json  # noqa: F401\n": "import json  # noqa: E402,F401\n",
    "import json  # noqa:F401\n": "import json  # noqa:E402,F401\n",
    "import json  # noqa\n": "import json  # noqa\n",
    "from json import (\n    dumps,\n)\n": "from json import (  # noqa: E402\n    dumps,\n)\n",
}


@pytest.mark.parametrize("text", MARKED)
def test_the_mark_stands_where_flake8_looks(text: str) -> None:
    assert placed(text) == f"import os\n\n{SET}\n{MARKED[text]}"


@pytest.mark.parametrize("text", ["from json import dumps, \\\n    loads\n", "import posixpath as os\n", "os = 1\n"])
def test_no_place(text: str) -> None:
    with pytest.raises(Refused):
        placed(text)


def test_marks_are_understood_by_flake8(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(placed("".join(MARKED)))
    command = [sys.executable, "-m", "flake8", "--isolated", "--select", "E402", "a.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_a_naive_prelude_would_do() -> None:
    with pytest.raises(SyntaxError):
        compile(f"import os\n{SET}from __future__ import annotations\n", "celery.py", "exec", dont_inherit=True)
    space: dict[str, object] = {}
    exec(f'import os\n{SET}"""About."""\n', space)
    assert space.get("__doc__") is None


def test_unmarked_imports_below_are_reported_by_flake8_and_not_by_ruff(tmp_path: Path) -> None:
    """flake8 asks for the marks; for ruff, only a loop is other code than the assignments that are written."""
    told = {}
    texts = {
        "plain": placed("import json\n", marks=False),
        "marked": placed("import json\n"),
        "loop": "import os\nfor name in ():\n    os.environ[name] = '1'\nimport json\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text)
        for tool in (["flake8", "--select", "E402"], ["ruff", "check", "--select", "E402,I"]):
            if tool[0] == "ruff" and importlib.util.find_spec("ruff") is None:
                continue
            command = [sys.executable, "-m", *tool, "--isolated", f"{name}.py"]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
            told[tool[0], name] = "E402" in done.stdout
            assert "I001" not in done.stdout or name == "loop"
    expected = {"plain": (True, False), "marked": (False, False), "loop": (True, True)}
    for (tool, name), found in told.items():
        assert found == expected[name][tool == "ruff"], (tool, name)


STAND_IN = "import os\nthreads = os.environ.get('OMP_NUM_THREADS') or '2'\n"


def test_where_it_comes_first_it_limits_threads(tmp_path: Path) -> None:
    """Variables that the module of the app sets come too late for what its package imports; an assignment, unlike
    ``setdefault``, wins over what the environment has."""
    own = "import os\nos.environ['OMP_NUM_THREADS'] = '1'\n"
    packages = {
        "naive": ("import numerics\n", own),
        "repaired": (placed("import numerics\n"), ""),
        "setdefault": ("import os\nos.environ.setdefault('OMP_NUM_THREADS', '1')\nimport numerics\n", ""),
    }
    told = {}
    for name, (package, module) in packages.items():
        write(tmp_path / name, {"numerics.py": STAND_IN, "p/__init__.py": package, "p/celery.py": module})
        for value in ("", "8"):
            environ = {**os.environ, "OMP_NUM_THREADS": value}
            command = [sys.executable, "-c", "import p.celery, numerics; print(numerics.threads)"]
            done = subprocess.run(
                command, cwd=tmp_path / name, env=environ, capture_output=True, text=True, timeout=600
            )
            told[name, value] = done.stdout.strip()
    assert told == {("naive", ""): "2", ("naive", "8"): "8", ("repaired", ""): "1", ("repaired", "8"): "1",
                    ("setdefault", ""): "2", ("setdefault", "8"): "8"}  # fmt: skip
