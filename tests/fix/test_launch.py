"""The concurrency that is lowered where it is written, and nothing else in the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.cli import main

pytestmark = pytest.mark.costly

CELERY = 'from celery import Celery\napp = Celery("proj")\n'
FILES = {
    "an option": ("compose.yaml", "services:\n  w:\n"
                  "    command: celery -A proj worker --concurrency={n} -l info  # all\n"
                  "    mem_limit: 512m\n"),
    "an option and its value": ("compose.yaml", "services:\r\n  w:\r\n"
                                "    command: 'celery -A proj worker --concurrency {n}'\r\n"
                                "    mem_limit: 512m\r\n"),
    "short": ("compose.yaml", "services:\n  w:\n    command: celery -A proj worker -c{n}\n    mem_limit: 512m\n"),
    "a list": ("compose.yaml", 'services:\n  w:\n    command: ["celery", "-A", "proj", "worker", "-c", "{n}"]\n'
               "    mem_limit: 512m\n"),
    "a list of lines": ("compose.yaml", "services:\n  w:\n    command:\n      - celery\n      - -A\n      - proj\n"
                        "      - worker\n      - -c\n      - '{n}'\n    mem_limit: 512m\n"),
    "Kubernetes": ("deploy.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: w}}\n"
                   "spec:\n  template:\n    spec:\n"
                   "      containers:\n        - name: w\n          command: [celery, -A, proj, worker]\n"
                   '          args: ["--concurrency", "{n}"]\n          resources: {{limits: {{memory: 512Mi}}}}\n'),
    "a Kubernetes command in one string": (
        "deploy.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: w}}\n"
        "spec:\n  template:\n    spec:\n      containers:\n        - name: w\n"
        '          command: ["sh", "-c", "exec celery -A proj worker --concurrency={n}"]\n'
        "          resources: {{limits: {{memory: 512Mi}}}}\n"),
    "a Procfile": ("Procfile", "web: gunicorn proj\nworker: celery -A proj worker -c {n} --loglevel=info  # all\n"),
    "a Procfile of Windows": ("Procfile", "worker: PORT=641 celery -A proj worker --concurrency={n}\r\n"),
    "a Dockerfile": ("Dockerfile", 'FROM python:3.12\nCMD ["celery", "-A", "proj", "worker", "--concurrency={n}"]\n'),
    "supervisor": ("supervisord.conf", "[program:w]\ncommand=celery -A proj worker -c {n}\nnumprocs=1\n"),
    "systemd": ("w.service", "[Service]\nExecStart=/usr/bin/celery -A proj worker -c {n}\nMemoryMax=512M\n"),
    "a script": ("start.sh", "#!/bin/sh\nexec celery -A proj worker \\\n    --concurrency {n}\n"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), FILES.values(), ids=FILES)
def test_the_number_is_lowered(
    tmp_path: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    limit = "" if "512" in text else "[tool.forksafe]\ncontainer-memory = 512\n"
    root = write(tmp_path, {"pyproject.toml": limit, "proj.py": CELERY})
    before = text.format(n=64).encode()
    (root / name).write_bytes(before)
    monkeypatch.chdir(root)
    findings = [finding for finding in check(root).findings if finding.code == "FS141"]
    assert len(findings) == 1
    fits = re.search(r"that fits is (\d+)", findings[0].instead)
    assert fits is not None
    main(["fix", "--no-cache"])
    captured = capsys.readouterr()
    assert captured.out == "" and "1 more with --unsafe" in captured.err
    main(["fix", "--no-cache", "--unsafe", "--write"])
    assert f"lower the concurrency from 64 to {fits[1]}, which fits into 512 MB (unsafe" in capsys.readouterr().out
    assert (root / name).read_bytes() == text.format(n=fits[1]).encode()
    assert not [finding for finding in check(root).findings if finding.code == "FS141"]


def test_two_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = "services:\n  w:\n    command: celery -A proj worker -c 64 --prefetch-multiplier 64\n    mem_limit: 512m\n"
    monkeypatch.chdir(write(tmp_path, {"pyproject.toml": "", "proj.py": CELERY, "compose.yaml": text}))
    main(["fix", "--no-cache", "--unsafe", "--write"])
    after = (tmp_path / "compose.yaml").read_text()
    assert re.sub(r"-c \d+", "-c 64", after) == text and after != text


def test_other_codes_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "services:\n  w:\n    command: celery -A proj worker -c 64\n    mem_limit: 512m\n"
    monkeypatch.chdir(write(tmp_path, {"pyproject.toml": "", "proj.py": CELERY, "compose.yaml": text}))
    main(["fix", "--no-cache", "--unsafe", "--select", "FS10,FS13"])
    assert capsys.readouterr().out == ""
    assert main(["fix", "--no-cache", "--select", "FX1"]) == 2
