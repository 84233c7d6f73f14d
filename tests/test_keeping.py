"""What is kept beside an outcome: of no harm if it is damaged, forged, or from elsewhere."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import pytest
from test_outcome import PROJECT, Runs, runs, write

from flake8_forksafe import keeping

__all__ = ["runs"]

EDITED = {"proj/tasks.py": b"import polars\n" + PROJECT["proj/tasks.py"].encode()}


class Bomb:
    """Runs a command when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def kept(tmp_path: Path, runs: Runs) -> Path:
    root = write(tmp_path / "a", PROJECT)
    runs.codes(root)
    return root


def codes(runs: Runs, root: Path) -> list[tuple[str, int, str]]:
    return runs.codes(root, {str(root / name): content for name, content in EDITED.items()})


def kept_file(root: Path) -> Path:
    (path,) = (root / ".forksafe_cache").glob("context-*.bin")
    return path


FOUND = [("proj/tasks.py", 1, "FS101"), ("proj/tasks.py", 2, "FS101")]


def test_an_added_import_is_not_analysed(kept: Path, runs: Runs) -> None:
    assert set(FOUND) <= set(codes(runs, kept))
    assert runs.analysed == 1


@pytest.mark.parametrize("content", [b"", b"\x80", b"foreign", None])
def test_damage_means_an_analysis(kept: Path, runs: Runs, content: bytes | None) -> None:
    path = kept_file(kept)
    if content is None:
        path.write_bytes(path.read_bytes()[:-100])
    else:
        path.write_bytes(content)
    assert set(FOUND) <= set(codes(runs, kept))
    assert runs.analysed == 2


def test_forged_files_run_no_code(kept: Path, runs: Runs) -> None:
    path = kept_file(kept)
    header = path.read_bytes().partition(b"\n")[0]
    path.write_bytes(header + b"\n" + pickle.dumps(Bomb(kept / "crater")))
    assert set(FOUND) <= set(codes(runs, kept))
    assert runs.analysed == 2 and not (kept / "crater").exists()


def test_elsewhere_it_is_of_no_use(kept: Path, runs: Runs) -> None:
    moved = kept.parent / "b"
    shutil.copytree(kept, moved)
    assert set(FOUND) <= set(codes(runs, moved))
    assert runs.analysed == 2


@pytest.mark.parametrize("value", [os.system, Bomb, pickle.Unpickler, keeping.dump])
def test_only_plain_data_is_unpickled(value: object) -> None:
    with pytest.raises(pickle.UnpicklingError, match="is not kept"):
        keeping.load(b"key\n" + pickle.dumps(value), "key")
