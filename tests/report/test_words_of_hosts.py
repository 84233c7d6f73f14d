"""What reports say of a host is in its own words: nothing of Celery's stands in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers import write

import flake8_forksafe
from flake8_forksafe.cli import main

HAZARDS = """\
    import sys
    import threading
    import torch
    import ml
    if "gunicorn" in sys.argv:
        import never
    if "nothing" not in sys.argv:
        MODEL = torch.load("m")
    threading.Thread(target=print).start()
    def app(environ, start_response): ...
    huey = None
    """
CONFIG = "import torch\ndef when_ready(server):\n    torch.load('m')\ndef post_fork(server, worker): ...\n"
FILES = {"app.py": HAZARDS, "ml.py": "import transformers\n", "never.py": "", "pyproject.toml": ""}
HOSTS = {
    "gunicorn": "gunicorn --preload app:app",
    "uwsgi": "uwsgi --master --processes 2 --module app:app",
    "huey_consumer": "huey_consumer app.huey -k process",
    "rq worker": "rq worker --exception-handler app.app",
}
REPORTS = [
    ["check"], ["check", "--format", "json"], ["check", "--format", "sarif"], ["check", "--format", "github"],
    ["check", "--format", "junit"], ["trace"], ["trace", "--format", "json"], ["trace", "--format", "dot"],
    ["trace", "--format", "mermaid"], ["why", "torch"], ["why", "never"], ["memory"],
]  # fmt: skip
OTHERS = re.compile(r"celery|MainProcess|worker_process_init|\bthe worker\b|\ba worker\b", re.IGNORECASE)


@pytest.mark.parametrize("host", HOSTS)
def test_no_word_of_another_host(tmp_path: Path, host: str, capsys: pytest.CaptureFixture[str]) -> None:
    files = {**FILES, "gunicorn.conf.py": CONFIG} if host == "gunicorn" else FILES
    write(tmp_path, {**files, "Procfile": f"web: {HOSTS[host]}\n"})
    for report in REPORTS:
        main([*report, str(tmp_path), "--no-cache"])
        said = capsys.readouterr().out
        if report[-1] == "sarif":  # the rules are those of every host
            said = said[said.index('"results"') :] if said.index('"results"') > said.index('"rules"') else said
        assert said
        found = [line for line in said.splitlines() if OTHERS.search(line) and "https://" not in line]
        assert found == [], report


def test_the_page_shows_the_command_of_the_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {**FILES, "Procfile": "web: gunicorn --preload app:app\n"})
    main(["trace", "--format", "html", str(tmp_path), "--no-cache"])
    assert '"command":"gunicorn --preload app:app"' in capsys.readouterr().out.replace('": "', '":"')


def test_no_rule_names_a_host() -> None:
    rules = Path(flake8_forksafe.__file__).parent / "rules"
    names = re.compile(r"gunicorn|uwsgi|\brq\b|huey|dramatiq|qcluster", re.IGNORECASE)
    named = [path.name for path in rules.glob("*.py") if names.search(path.read_text(encoding="utf-8"))]
    assert named == []
