"""Files of a project's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from flake8_forksafe.file_reading import CONFIGURATION_LIMIT
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.documents import list_of, table_of, text_of, toml_of


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "requirements.txt"
    path.write_bytes("celery  # ä\n".encode(encoding))
    assert text_of(Disk(), str(path)) == "celery  # ä\n"


def test_what_cannot_be_read_or_parsed_is_empty(tmp_path: Path) -> None:
    for name, text in (("broken.toml", "[a\n"), ("large.toml", f"a = '{'x' * CONFIGURATION_LIMIT}'\n")):
        (tmp_path / name).write_text(text)
        assert toml_of(Disk(), str(tmp_path / name)) == {}
    assert text_of(Disk(), str(tmp_path / "absent")) == ""


def test_tables_and_lists() -> None:
    document = {"tool": {"forksafe": {"app": "shop"}, "other": 3}}
    assert table_of(document, "tool", "forksafe") == {"app": "shop"}
    assert table_of(document, "tool", "other") == table_of(document, "absent", "more") == table_of(None, "a") == {}
    assert (list_of([1]), list_of("text"), list_of(None)) == ([1], [], [])
