"""Django's job runners, really started: a job that hangs, its repaired twin, and the modules at the first fork."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django_site import RUNNERS, make_site
from helpers import PATIENCE_S, check
from running import happens, running

pytest.importorskip("django")
pytestmark = pytest.mark.slow

RECORDER = """
import json, os, runpy, sys

def at_fork():
    names = [name for name in list(sys.modules) if name.partition(".")[0] in ("proj", "shop")]
    with open({path!r}, "x") as stream:
        json.dump(names, stream)
    os._exit(0)

os.register_at_fork(before=at_fork)
sys.argv[:] = ["manage.py", *sys.argv[1:]]
sys.path.insert(0, os.getcwd())
runpy.run_path("manage.py", run_name="__main__")
"""
POOL = "from concurrent.futures import ThreadPoolExecutor\n\nPOOL = ThreadPoolExecutor(1)\nPOOL.submit(int).result()\n"
TWIN = "from concurrent.futures import ThreadPoolExecutor\nfrom functools import cache\n\n\n@cache\ndef pool():\n" \
       "    return ThreadPoolExecutor(1)\n"  # fmt: skip
TASKS = """\
from pathlib import Path

from shop import pools
{imported}

{decorator}def add():
    try:
        answer = pools.{pool}.submit(lambda: "42").result(timeout=3)
    except TimeoutError:
        answer = "hangs"
    Path("answer.new").write_text(answer)
    Path("answer.new").rename("answer")
"""


def ask(root: Path, command: str, environ: dict[str, str]) -> None:
    """Put a job into the queue."""
    program = f"import django; django.setup(); {RUNNERS[command][2]}"
    settings = {**environ, "DJANGO_SETTINGS_MODULE": "proj.settings"}
    subprocess.run([sys.executable, "-c", program], cwd=root, env=settings, check=True, capture_output=True)


@pytest.mark.parametrize("command", RUNNERS)
def test_the_modules_of_the_parent_at_its_first_fork(tmp_path: Path, redis: int, command: str) -> None:
    site, record = tmp_path / "site", tmp_path / "record.json"
    environ = make_site(site, command, redis, {"shop/tasks.py": "def add(): ...\n"})
    if command == "rqworker":
        ask(site, command, environ)
    program = [sys.executable, "-c", RECORDER.format(path=str(record)), command]
    ran = subprocess.run(program, cwd=site, env=environ, timeout=PATIENCE_S, capture_output=True, check=False)
    assert record.exists(), ran.stderr.decode()
    (trace,) = check(site).traces
    traced = [module.name for module in trace.modules if module.origin == "first-party" and module.name != "__main__"]
    assert sorted(traced) == sorted(json.loads(record.read_text()))
    assert trace.forks and not trace.clean


@pytest.mark.parametrize("command", RUNNERS)
@pytest.mark.parametrize(("pools", "name", "expected"), [(POOL, "POOL", "hangs"), (TWIN, "pool()", "42")],
                         ids=["bad", "repaired"])  # fmt: skip
def test_what_hangs_is_reported_and_what_works_is_not(
    tmp_path: Path, redis: int, command: str, pools: str, name: str, expected: str
) -> None:
    huey = command == "run_huey"
    tasks = TASKS.format(
        imported="from huey.contrib.djhuey import task\n" if huey else "",
        decorator="@task()\n" if huey else "",
        pool=name,
    )
    files = {"shop/pools.py": pools, "shop/tasks.py": tasks, "shop/views.py": "from shop import pools\n"}
    environ = make_site(tmp_path, command, redis, files)
    found = [(one.code, Path(one.path).name, one.line) for one in check(tmp_path).findings]
    assert found == ([("FS112", "pools.py", 4)] if expected == "hangs" else [])
    ask(tmp_path, command, environ)
    with running([sys.executable, "manage.py", command], tmp_path, environ) as runner:
        assert happens((tmp_path / "answer").exists, runner)
    assert (tmp_path / "answer").read_text() == expected
