"""``logging.config.dictConfig``: handlers, filters and formatters of the project are created where it is called."""

from __future__ import annotations

import logging.config
from pathlib import Path

import pytest
from helpers import check, found_codes, importable, write

HANDLERS = """\
import logging
MADE = []
class Ship(logging.Handler):
    def __init__(self, url="", **options):
        super().__init__()
        MADE.append(url)
        {body}
def make(url=""):
    return Ship(url)
"""
ENTRIES = {
    "a handler": "'handlers': {'h': {'class': 'own.Ship', 'level': 'INFO', 'url': 'http://h'}}",
    "a factory's path": "'handlers': {'h': {'()': 'own.make', 'url': 'http://h'}}",
    "a factory": "'handlers': {'h': {'()': own.make, 'url': 'http://h'}}",
    "a filter": "'filters': {'f': {'()': 'own.make', 'url': 'http://h'}}",
    "a formatter": "'formatters': {'f': {'()': 'own.make', 'url': 'http://h'}}",
}
CONFIG = "import logging.config\nimport own\nlogging.config.dictConfig({{'version': 1, {entry}}})\n"


@pytest.mark.parametrize("name", ENTRIES)
def test_it_is_created(tmp_path: Path, name: str) -> None:
    config = CONFIG.format(entry=ENTRIES[name]) + "from celery import Celery\napp = Celery('p')\n"
    write(tmp_path, {"pyproject.toml": "", "p.py": config, "own.py": HANDLERS.format(body="import torch")})
    assert ("own.py", 7, "FS105") in found_codes(check(tmp_path), tmp_path)


def test_arguments_decide(tmp_path: Path) -> None:
    config = CONFIG.format(entry=ENTRIES["a handler"]) + "from celery import Celery\napp = Celery('p')\n"
    own = HANDLERS.format(body="if url != 'http://h': import torch")
    write(tmp_path, {"pyproject.toml": "", "p.py": config, "own.py": own})
    assert "FS105" not in {code for _, _, code in found_codes(check(tmp_path), tmp_path)}


@pytest.mark.parametrize("name", ENTRIES)
def test_python_creates_it(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"own.py": HANDLERS.format(body="pass")})
    known = logging.root.handlers[:]
    with importable(tmp_path, "own"):
        names: dict[str, object] = {}
        exec("import own", names)
        exec(f"config = {{'version': 1, 'disable_existing_loggers': False, {ENTRIES[name]}}}", names)
        exec("import logging.config\nlogging.config.DictConfigurator(config).configure()", names)
        exec("made = own.MADE", names)
    logging.root.handlers[:] = known
    assert names["made"] == ["http://h"]
