"""Idioms around packages that may be absent: a package that the requirements declare is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

USED = {
    "is not None": """
        try:
            import ray
        except ImportError:
            ray = None
        if ray is not None:
            ray.init()
        """,
    "true": """
        try:
            import ray
        except ImportError:
            ray = None
        if ray:
            ray.init()
        """,
    "a flag": """
        try:
            import ray
            HAS = True
        except ImportError:
            HAS = False
        if HAS:
            ray.init()
        """,
    "a class": """
        try:
            from faster_whisper import WhisperModel
        except ImportError:
            WhisperModel = None
        MODEL = WhisperModel("base") if WhisperModel else None
        """,
}
FILES = {
    "p/__init__.py": "",
    "p/celery.py": 'from celery import Celery\napp = Celery("p", include=["p.tasks"])\n',
    "requirements.txt": "celery\nray\nfaster-whisper\n",
}


def codes(tmp_path: Path, text: str) -> set[str]:
    return {finding.code for finding in check(write(tmp_path, {**FILES, "p/tasks.py": text})).findings}


@pytest.mark.parametrize("name", USED)
def test_declared(tmp_path: Path, name: str) -> None:
    assert codes(tmp_path, USED[name]) & {"FS111", "FS113"}


@pytest.mark.parametrize("name", USED)
def test_guarded_the_other_way_round(tmp_path: Path, name: str) -> None:
    text = USED[name].replace("if ray is not None:", "if ray is None:").replace("if ray:", "if not ray:")
    text = text.replace("if HAS:", "if not HAS:").replace("if WhisperModel else None", "if not WhisperModel else None")
    assert not codes(tmp_path, text) & {"FS111", "FS113"}
