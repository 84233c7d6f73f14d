"""The resolution of launches against the banners of real workers."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.deployment.pool import CPU_COUNT, resolve
from flake8_forksafe.deployment.repository import find_launches
from flake8_forksafe.project.disk import Disk

pytestmark = pytest.mark.slow

PROJECT = """
import os

import billiard
from celery import Celery
from celery.signals import celeryd_after_setup

app = Celery("proj", broker="memory://")
app.conf.update({settings})


@celeryd_after_setup.connect
def tell(instance, **options):
    print("start method:", getattr(instance, "pool_start_method", "fork"), flush=True)
    print("cpus:", billiard.cpu_count(), flush=True)
"""

BANNER = re.compile(
    r"\.> concurrency: (?:(?P<number>\d+)|\{min=(?P<least>\d+), max=(?P<most>\d+)\}) \((?P<module>\w+)\)"
)
KINDS = {"thread": "threads"}

COMBINATIONS = {
    "nothing is said": ("-A proj worker", {}, {}),
    "options": ("-A proj worker -P threads -c3", {}, {"worker_pool": "solo", "worker_concurrency": 5}),
    "environment": ("-A proj worker", {"CELERY_WORKER_POOL": "threads", "CELERY_WORKER_CONCURRENCY": "5"},
                    {"worker_concurrency": 2}),
    "variables that are not read": ("worker", {"APP": "proj", "CELERY_POOL": "solo", "CELERY_CONCURRENCY": "7"},
                                    {"worker_concurrency": 3}),
    "the setting goes over --pool=prefork": ("-A proj worker --pool=prefork --concurrency=2", {},
                                             {"worker_pool": "solo"}),
    "zero falls back to the setting": ("-A proj worker --pool processes -c 0", {"CELERY_WORKER_CONCURRENCY": "9"},
                                       {"worker_pool": "threads", "worker_concurrency": 4}),
    "autoscale": ("worker --autoscale=2,6 -c 4", {"CELERY_APP": "proj"}, {}),
    "settings as arguments": ("-A proj worker -l INFO worker.concurrency=3 worker.pool=solo", {}, {}),
    "the class of a pool": ("-A proj worker", {"CELERY_WORKER_AUTOSCALE": ""},
                            {"worker_pool": "celery.concurrency.solo:TaskPool", "worker_concurrency": "6"}),
    "spawn": ("-A proj worker -c 1", {"CELERY_WORKER_POOL_START_METHOD": "spawn"},
              {"worker_pool_start_method": "fork"}),
}  # fmt: skip


def start_worker(root: Path, arguments: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What a worker prints about itself before it is stopped."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CELERY") and name != "APP"}
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", *shlex.split(arguments)], cwd=root, env={**kept, **environ},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert worker.stdout is not None
        printed = []
        for line in worker.stdout:
            printed.append(line)
            if "[queues]" in line:
                break
        text = "".join(printed)
    finally:
        worker.kill()
        worker.wait()
    banner = BANNER.search(text)
    assert banner is not None, text
    method, cpus = re.search(r"start method: (\w+)", text), re.search(r"cpus: (\d+)", text)
    assert method is not None and cpus is not None, text
    return {key: value or "" for key, value in banner.groupdict().items()} | {"method": method[1], "cpus": cpus[1]}


@pytest.mark.parametrize("name", COMBINATIONS)
def test_banner(tmp_path: Path, name: str) -> None:
    arguments, environ, settings = COMBINATIONS[name]
    if name == "spawn":
        sysinfo = pytest.importorskip("celery.utils.sysinfo")
        if not hasattr(sysinfo, "is_auto_concurrency"):
            pytest.skip("this Celery has no start methods")
    exports = "".join(f"export {key}={value}\n" for key, value in environ.items())
    script = f"#!/bin/sh\n{exports}exec python -m celery {arguments}\n"
    write(tmp_path, {"proj.py": PROJECT.replace("{settings}", repr(settings)), "start.sh": script})
    real = start_worker(tmp_path, arguments, environ)

    (launch,) = find_launches(Disk(), str(tmp_path)).launches
    assert launch.app == "proj"
    pool = resolve(launch, settings)
    assert pool.kind == KINDS.get(real["module"], real["module"])
    concurrency = int(real["cpus"]) if pool.concurrency is None else pool.concurrency
    assert str(concurrency) == (real["number"] or real["most"])
    assert (pool.concurrency_source == CPU_COUNT) is (name == "nothing is said")
    assert pool.start_method == real["method"]
