"""FS131 to FS134: the prelude is recognised by what it does, and by when."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from helpers import check, found_codes, write

NAMES = (
    "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
OBJC = "OBJC_DISABLE_INITIALIZE_FORK_SAFETY"
APP = "from celery import Celery\napp = Celery('proj', include=['proj.tasks'])\n"


def codes(root: Path, prelude: str, tasks: str = "import numpy\n", **options: object) -> list[tuple[str, int, str]]:
    """Findings about the prelude."""
    write(root, {"proj/__init__.py": "", "proj/tasks.py": tasks})
    (root / "proj/celery.py").write_text(textwrap.dedent(prelude) + APP)
    return sorted(place for place in found_codes(check(root, **options), root) if place[2].startswith("FS13"))


GOOD = {
    "loop over a tuple": f"import os\nfor n in {NAMES}:\n    os.environ[n] = '1'\nos.environ['{OBJC}'] = 'YES'\n",
    "dict and update": f"import os\nos.environ.update({ {**dict.fromkeys(NAMES, '1'), OBJC: 'YES'} })\n",
    "loop over a dict": f"""\
        from os import environ
        for name, value in { {**dict.fromkeys(NAMES, "1"), OBJC: "YES"} }.items():
            environ.setdefault(name, value)
        """,
    "update from keys": f"import os\nos.environ.update(dict.fromkeys({NAMES}, '1'))\nos.environ['{OBJC}'] = 'YES'\n",
    "union": f"import os\nos.environ |= { {**dict.fromkeys(NAMES, '1'), OBJC: 'YES'} }\n",
    "putenv": f"import os\nfor n in {NAMES}:\n    os.putenv(n, '1')\nos.putenv('{OBJC}', 'YES')\n",
    "threadpoolctl": "import threadpoolctl\nthreadpoolctl.threadpool_limits(limits=1)\n",
}


@pytest.mark.parametrize("name", GOOD)
def test_recognised(tmp_path: Path, name: str) -> None:
    assert codes(tmp_path, GOOD[name]) == []


def test_helper_in_another_module(tmp_path: Path) -> None:
    write(tmp_path, {"proj/prelude.py": f"import os\ndef apply(names=({', '.join(map(repr, NAMES))})):\n"
                     "    for name in names:\n        os.environ[name] = '1'\n"})  # fmt: skip
    assert codes(tmp_path, "from proj.prelude import apply\napply()\n", platform="linux") == []


def test_module_whose_job_it_is(tmp_path: Path) -> None:
    write(tmp_path, {"proj/single.py": f"import os\nfor n in {NAMES}:\n    os.environ[n] = '1'\n"})
    assert codes(tmp_path, "import proj.single\n", platform="linux") == []


def test_missing(tmp_path: Path) -> None:
    assert codes(tmp_path, "") == [("proj/celery.py", 2, "FS131")]


def test_nothing_heavy_needs_no_prelude(tmp_path: Path) -> None:
    assert codes(tmp_path, "", tasks="import litellm\n") == []
    assert codes(tmp_path, "", tasks="def task():\n    import torch\n") == []


def test_incomplete_names_what_is_missing(tmp_path: Path) -> None:
    prelude = "import os\nos.environ['OMP_NUM_THREADS'] = '1'\nos.environ['MKL_NUM_THREADS'] = '1'\n"
    assert codes(tmp_path, prelude) == [("proj/celery.py", 2, "FS132")]
    (finding,) = [f for f in check(tmp_path).findings if f.code == "FS132"]
    assert f"OPENBLAS_NUM_THREADS, NUMEXPR_NUM_THREADS, VECLIB_MAXIMUM_THREADS, {OBJC}" in finding.text
    assert finding.instead == (
        'set OPENBLAS_NUM_THREADS, NUMEXPR_NUM_THREADS, VECLIB_MAXIMUM_THREADS to "1" beside the others; '
        f"on macOS, set {OBJC}=YES in the environment that starts the worker"
    )


def test_advice_for_macos_names_the_environment_not_the_module(tmp_path: Path) -> None:
    codes(tmp_path, "")
    (finding,) = [f for f in check(tmp_path).findings if f.code == "FS131"]
    at_the_top, _, elsewhere = finding.instead.partition("; on macOS, ")
    assert OBJC not in at_the_top and elsewhere == f"set {OBJC}=YES in the environment that starts the worker"
    (finding,) = [f for f in check(tmp_path, platform="linux").findings if f.code == "FS131"]
    assert OBJC not in finding.text


def test_platform_decides_about_objective_c(tmp_path: Path) -> None:
    prelude = f"import os\nfor n in {NAMES}:\n    os.environ[n] = '1'\n"
    assert codes(tmp_path, prelude) == [("proj/celery.py", 3, "FS132")]
    assert codes(tmp_path, prelude, platform="linux") == []


def test_late_names_what_came_before(tmp_path: Path) -> None:
    prelude = f"import numpy\nimport os\nfor n in {NAMES}:\n    os.environ[n] = '1'\n"
    assert codes(tmp_path, prelude, platform="linux") == [("proj/celery.py", 4, "FS133")]
    (finding,) = [f for f in check(tmp_path, platform="linux").findings if f.code == "FS133"]
    assert "'numpy' was imported before it" in finding.text


def test_package_init_runs_before(tmp_path: Path) -> None:
    prelude = f"import os\nfor n in {NAMES}:\n    os.environ[n] = '1'\n"
    codes(tmp_path, prelude)
    write(tmp_path, {"proj/__init__.py": "from proj import early\n", "proj/early.py": "import scipy\n"})
    (finding,) = [f for f in check(tmp_path, platform="linux").findings if f.code == "FS133"]
    assert "'scipy'" in finding.text and "proj.early" in finding.text


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("os.environ['OMP_NUM_THREADS'] = '0'", "FS134"),
        ("os.environ['OMP_NUM_THREADS'] = '4'", "FS134"),
        ("os.environ['OMP_NUM_THREADS'] = 1", "FS134"),
        (f"os.environ['{OBJC}'] = '1'", "FS134"),
        ("os.environ['GRPC_ENABLE_FORK_SUPPORT'] = '0'", "FS134"),
        ("os.environ['OMP_NUM_THREADS'] = '1'", ""),
        (f"os.environ['{OBJC}'] = 'YES'", ""),
        ("os.environ['GRPC_ENABLE_FORK_SUPPORT'] = '1'", ""),
        ("os.environ['OMP_NUM_THREADS'] = compute()", ""),
        ("os.environ['SOMETHING_ELSE'] = '0'", ""),
    ],
)
def test_values(tmp_path: Path, line: str, code: str) -> None:
    found = [c for _, number, c in codes(tmp_path, f"import os\n{line}\n") if c == "FS134" and number == 2]
    assert found == ([code] if code else [])


def test_set_num_threads_is_a_prelude_for_torch(tmp_path: Path) -> None:
    assert codes(tmp_path, "", tasks="import torch\ntorch.set_num_threads(1)\n") == []
    assert codes(tmp_path, "", tasks="import torch\ntorch.set_num_threads(4)\n") != []


COMPOSE = """\
services:
  worker:
    command: celery -A proj worker
    environment:
"""


def test_launch_environment_counts(tmp_path: Path) -> None:
    lines = "".join(f"      {name}: '1'\n" for name in NAMES) + f"      {OBJC}: 'YES'\n"
    write(tmp_path, {"compose.yaml": COMPOSE + lines})
    assert codes(tmp_path, "") == []
    assert codes(tmp_path, "", require_prelude=True) == [("proj/celery.py", 2, "FS131")]


def test_trust_prelude(tmp_path: Path) -> None:
    prelude = f"import os\nfor n in {NAMES}:\n    os.environ[n] = '1'\n"
    codes(tmp_path, prelude, tasks="import numpy\nimport polars\n")
    options: dict[str, object] = {"platform": "linux", "trust_prelude": True}
    assert found_codes(check(tmp_path, **options), tmp_path) == {("proj/tasks.py", 2, "FS101")}
    codes(tmp_path, "import numpy\n" + prelude)
    assert ("proj/celery.py", 1, "FS101") in found_codes(check(tmp_path, **options), tmp_path)
