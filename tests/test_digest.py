"""Digests and checksums of contents."""

from __future__ import annotations

import hashlib

from flake8_forksafe.digest import checksum, digest


def test_a_digest_is_sha_256() -> None:
    assert digest(b"import torch\n") == hashlib.sha256(b"import torch\n").hexdigest()


def test_a_checksum_tells_texts_apart_and_takes_any() -> None:
    texts = ["", "a", "b", "ab", "ba", "a" * 100, "\udcff", "\udcfe"]
    assert len({checksum(text) for text in texts}) == len(texts)
    assert checksum("a" * 100).endswith("64"), "its length in hexadecimal"
