"""asgiref: what it wraps is called, and the thread that sync_to_async() starts is one that no child has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, found_codes, write

APP = "from celery import Celery\napp = Celery('p', include=['p.tasks'])\n"
TASKS = """\
import asyncio
from asgiref.sync import async_to_sync, sync_to_async
def read():
    return 1
{body}
"""
HANGS = {
    "a function": "async def load():\n    return await sync_to_async(read)()\nasyncio.run(load())",
    "a decorated function": "@sync_to_async\ndef count():\n    return 1\nasync def load():\n    return await count()\n"
    "asyncio.run(load())",
}
WORKS = {
    "in the calling thread": "async def load():\n    return await sync_to_async(read)()\nasync_to_sync(load)()",
    "decorated": "@async_to_sync\nasync def load():\n    return await sync_to_async(read)()\nload()",
    "in a thread of its own": "async def load():\n    return await sync_to_async(read, thread_sensitive=False)()\n"
    "asyncio.run(load())",
    "options": "@sync_to_async(thread_sensitive=False)\ndef count():\n    return 1\nasync def load():\n"
    "    return await count()\nasyncio.run(load())",
}
FORK = """
import os, signal
if not os.fork():
    signal.alarm(5)
    asyncio.run(sync_to_async(read)())
    os.write(1, b"works")
    os._exit(0)
os.wait()
"""


def codes(root: Path, body: str) -> set[str]:
    files = {"pyproject.toml": "", "p/__init__.py": "", "p/celery.py": APP, "p/tasks.py": TASKS.format(body=body)}
    return {code for _, _, code in found_codes(check(write(root, files)), root) if not code.startswith("FS13")}


@pytest.mark.parametrize("name", HANGS)
def test_the_shared_thread_is_reported(tmp_path: Path, name: str) -> None:
    assert codes(tmp_path, HANGS[name]) == {"FS112"}


@pytest.mark.parametrize("name", WORKS)
def test_other_threads_are_not(tmp_path: Path, name: str) -> None:
    assert codes(tmp_path, WORKS[name]) == set()


@pytest.mark.parametrize("name", WORKS)
def test_what_is_wrapped_is_called(tmp_path: Path, name: str) -> None:
    loading = TASKS.replace("    return 1", "    import torch")
    files = {"pyproject.toml": "", "p/__init__.py": "", "p/celery.py": APP,
             "p/tasks.py": loading.format(body=WORKS[name].replace("return 1", "import torch"))}  # fmt: skip
    assert "FS105" in {code for _, _, code in found_codes(check(write(tmp_path, files)), tmp_path)}


@pytest.mark.slow
@pytest.mark.parametrize("body", [*HANGS.values(), *WORKS.values()], ids=[*HANGS, *WORKS])
def test_a_real_child(tmp_path: Path, body: str) -> None:
    (tmp_path / "p.py").write_text(TASKS.format(body=body) + FORK, encoding="utf-8")
    run = subprocess.run([sys.executable, "p.py"], cwd=tmp_path, env=dict(os.environ), capture_output=True,
                         timeout=PATIENCE_S, text=True)  # fmt: skip
    assert ("works" in run.stdout) == (body in WORKS.values()), run.stdout + run.stderr
