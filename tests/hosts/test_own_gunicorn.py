"""gunicorn as a program of the project starts it: what its master executes of an application of the project's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, found_codes, write

SERVE = """\
import os, threading
from gunicorn.app.base import BaseApplication
class Serve(BaseApplication):
    def __init__(self, options):
        self.options = options
        super().__init__()
    def load_config(self):
        for name, value in self.options.items():
            self.cfg.set(name, value)
    def load(self):
        import web
        return web.app
{before}
if __name__ == "__main__":
    Serve({{"bind": "127.0.0.1:0", "workers": 2, {options}}}).run()
"""
WEB = "{code}\ndef app(environ, start_response): ...\n"
START = "threading.Thread(target=print, daemon=True).start()"
PRELOAD = "'preload_app': True"


def codes(root: Path, before: str = "", options: str = "", web: str = "") -> set[tuple[str, int, str]]:
    files = {"pyproject.toml": "", "Procfile": "web: python serve.py\n", "web.py": WEB.format(code=web),
             "serve.py": SERVE.format(before=before, options=options)}  # fmt: skip
    return found_codes(check(write(root, files)), root)


def test_a_thread_before_run(tmp_path: Path) -> None:
    assert codes(tmp_path, START) == {("serve.py", 13, "FS112")}


@pytest.mark.parametrize("options", ["", "'preload_app': False"])
def test_workers_load_the_app_for_themselves(tmp_path: Path, options: str) -> None:
    assert codes(tmp_path, options=options, web="import torch") == set()


def test_the_master_preloads_the_app(tmp_path: Path) -> None:
    assert codes(tmp_path, options=PRELOAD, web="import torch") >= {("web.py", 1, "FS101")}


def test_a_thread_after_the_fork(tmp_path: Path) -> None:
    assert codes(tmp_path, options=f"'post_fork': lambda server, worker: {START}") == set()


@pytest.mark.slow
@pytest.mark.parametrize(("options", "where"), [(PRELOAD, "before"), ("", "child")])
def test_a_real_server(tmp_path: Path, options: str, where: str) -> None:
    say = "import os, serving\nserving.say('web')\nos.kill(serving.main, 15)"
    serving = "import os\nmain = os.getpid()\ndef say(what):\n"
    serving += "    os.write(1, f\"{what} {'before' if os.getpid() == main else 'child'}\\n\".encode())\n"
    write(tmp_path, {"serving.py": serving, "web.py": WEB.format(code=say),
                     "serve.py": SERVE.format(before="import serving", options=options)})  # fmt: skip
    run = subprocess.run([sys.executable, "serve.py"], cwd=tmp_path, env=dict(os.environ), capture_output=True,
                         timeout=PATIENCE_S, text=True)  # fmt: skip
    assert f"web {where}" in run.stdout.splitlines(), run.stdout + run.stderr
