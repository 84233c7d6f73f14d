"""Stamps of files: whether one has to be read again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flake8_forksafe.project.stamps import RACY_NS, Stamp, is_settled, stamp_at, stamp_of


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    before = stamp_at(str(path))
    assert before == stamp_of(path.stat()) and before is not None and before.size == 6
    path.write_text("x = 10\n")
    assert stamp_at(str(path)) != before
    assert stamp_at(str(tmp_path / "absent")) is stamp_at("a\0b") is None


@pytest.mark.skipif(os.name == "nt", reason="Windows does not tell when a file was changed")
def test_a_file_that_changed_shortly_before_is_not_settled() -> None:
    looked = 100 * RACY_NS
    old, recent = looked - RACY_NS - 1, looked - RACY_NS
    assert is_settled(Stamp(1, 6, old, old), looked)
    assert not is_settled(Stamp(1, 6, recent, old), looked)
    assert not is_settled(Stamp(1, 6, old, recent), looked)
