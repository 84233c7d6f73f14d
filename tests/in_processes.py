"""What tests run in processes that are spawned: those import it by the name of its module, as they cannot a test's."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from flake8_forksafe import session
from flake8_forksafe.incremental.cache_files import CacheFiles
from flake8_forksafe.incremental.fact_store import FactStore
from flake8_forksafe.session import VARIABLE, Session, deep_recursion
from flake8_forksafe.settings import Settings
from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.facts import Block, Define


def codes(current: Session) -> list[tuple[str, int, str]]:
    """Findings as (file name, line, code)."""
    return [
        (Path(path).name, item.line, item.text.split()[0]) for path, items in current.findings.items() for item in items
    ]


def in_worker(settings: Settings, forbidden: bool) -> list[tuple[str, int, str]]:
    """Start a session in a worker process; ``forbidden`` makes an analysis an error."""
    if forbidden:
        session.find = None  # type: ignore[assignment]
    worker = Session()
    worker.start(settings, {})
    assert worker._handed is None and VARIABLE in os.environ
    return codes(worker)


def read(path: str) -> bytes:
    """A file's content."""
    return Path(path).read_bytes()


def store_in(root: Path, reader: Callable[[str], bytes] = read) -> FactStore:
    """A store that keeps its facts below ``root``."""
    return FactStore(CacheFiles(str(root / ".cache")), reader)


def collect(store: FactStore, root: Path) -> tuple[Block, Block, Block]:
    """Ask a store for everything there is in two files."""
    path = str(root / "a.py")
    module = store.module(path)
    function = module[1]
    assert isinstance(function, Define) and isinstance(function.body, CutBody)
    return module, store.body(path, function.body), store.module(str(root / "b.py"))


def save_often(root: Path, times: int) -> int:
    """Write the store again and again; returns how often what another writer left could be read."""
    read_back = 0
    for round_ in range(times):
        store = store_in(root)
        read_back += bool(store._stored)
        path = root / f"own_{os.getpid()}.py"
        path.write_text(f"import json\nx = {round_}\n")
        collect(store, root)
        store.module(str(path))
        store.finish()
    return read_back


def compared(path: str) -> tuple[str, str] | None:
    """How the two disagree on a file; an exception is a disagreement too."""
    try:
        with deep_recursion():
            from oracle import difference

            return difference(path)
    except Exception as error:
        return path, repr(error)
