"""Digests of file contents."""

from __future__ import annotations

import zlib


def digest(content: bytes) -> str:
    """The SHA-256 digest of a content."""
    import hashlib  # loads OpenSSL, which a run without changes does not need

    return hashlib.sha256(content).hexdigest()


def checksum(text: str) -> str:
    """A checksum of a text: CRC-32, Adler-32 and the length.  It is not collision-resistant.

    Where a collision on purpose would matter, callers compare the text as well.
    """
    data = text.encode("utf-8", "surrogateescape")
    return f"{zlib.crc32(data):08x}{zlib.adler32(data):08x}{len(data):x}"
