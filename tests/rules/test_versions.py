"""What holds for some versions of a library only: the environment, pins, locks and lower bounds decide.

Seen with OpenTelemetry's SDK: 1.6.2 loses the span of a forked child, 1.7.1 to 1.45.2 export it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

TASKS = "from opentelemetry.sdk.trace.export import BatchSpanProcessor\nP = BatchSpanProcessor(None)\n"
PROJECT = {
    "p/__init__.py": "",
    "p/celery.py": "from celery import Celery\napp = Celery('p', include=['p.tasks'])\n",
    "p/tasks.py": TASKS,
}
POETRY = "[tool.poetry.dependencies]\nopentelemetry-sdk = {}\n"
FILES = {
    "a pin of an old release": ("requirements.txt", "opentelemetry-sdk==1.6.2", "loses"),
    "a pin": ("requirements.txt", "opentelemetry_sdk==1.45.2", "keeps"),
    "a lower bound": ("requirements.txt", "opentelemetry-sdk>=1.20,<2", "keeps"),
    "a compatible release": ("requirements.txt", "opentelemetry-sdk~=1.7", "keeps"),
    "a lower bound that is too low": ("requirements.txt", "opentelemetry-sdk>=1.0", "may lose"),
    "an upper bound alone": ("requirements.txt", "opentelemetry-sdk<2", "may lose"),
    "no version": ("requirements.txt", "opentelemetry-sdk", "may lose"),
    "poetry's caret": ("pyproject.toml", POETRY.format('"^1.20"'), "keeps"),
    "poetry's table": ("pyproject.toml", POETRY.format('{version = "~1.30", extras = ["x"]}'), "keeps"),
    "poetry's star": ("pyproject.toml", POETRY.format('"*"'), "may lose"),
    "poetry's choice": ("pyproject.toml", POETRY.format('"^1.20 || ^1.2"'), "may lose"),
    "a lock": ("uv.lock", '[[package]]\nname = "opentelemetry-sdk"\nversion = "1.45.2"\n', "keeps"),
    "an environment": (".venv/lib/python3.12/site-packages/opentelemetry_sdk-1.45.2.dist-info/METADATA", "", "keeps"),
    "an old environment": (
        ".venv/lib/python3.12/site-packages/opentelemetry_sdk-1.6.2.dist-info/METADATA", "", "loses",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_the_version_decides(tmp_path: Path, name: str) -> None:
    path, text, expected = FILES[name]
    celery = {".venv/lib/python3.12/site-packages/celery-5.7.0.dist-info/METADATA": ""} if "env" in path else {}
    root = write(tmp_path, {"pyproject.toml": "", **PROJECT, **celery, path: text})
    texts = [finding.text for finding in check(root).findings if finding.code == "FS112"]
    outcome = "keeps" if not texts else "may lose" if "before 1.7, and no version" in texts[0] else "loses"
    assert outcome == expected
