"""Bytes of source to text, as CPython decodes them."""

from __future__ import annotations

import pytest

from flake8_forksafe.source.text import Unreadable, decode


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("x = 'ä'\n".encode(), "x = 'ä'\n"),
        (b"\xef\xbb\xbfx = 1\r\ny = 2\rz = 3\n", "x = 1\ny = 2\nz = 3\n"),
        ("# coding: latin-1\nx = 'ä'\n".encode("latin-1"), "# coding: latin-1\nx = 'ä'\n"),
        ("#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '€'\n".encode("cp1252"),
         "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '€'\n"),
    ],
)  # fmt: skip
def test_what_python_reads(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize(
    ("data", "reason", "line"),
    [
        ("x = 1\n".encode("utf-16"), "it contains null bytes (is it UTF-16?)", 1),
        (b"x = 1\n\0\n", "it contains null bytes", 1),
        (b"# coding: idna\n", "source cannot be written in the encoding idna", 1),
        (b"# coding: nothing\n", "unknown encoding: nothing", 1),
        (b"x = 1\ny = 2\nz = '\xe4'\n", "it is not utf-8 and declares no other encoding", 3),
        (b"x = '\xe4'\n", "it is not utf-8 and declares no other encoding", 1),
    ],
)
def test_what_python_refuses(data: bytes, reason: str, line: int) -> None:
    with pytest.raises(Unreadable) as refused:
        decode(data)
    assert (refused.value.reason, refused.value.line) == (reason, line)
