"""Short names for contents."""

from __future__ import annotations

import zlib


def digest(content: bytes) -> str:
    """The SHA-256 digest of a content."""
    import hashlib  # it loads OpenSSL, which a run on which nothing changed can do without

    return hashlib.sha256(content).hexdigest()


def checksum(text: str) -> str:
    """A short name for a text, where nothing worse than a second look comes of two texts that share it."""
    data = text.encode("utf-8", "surrogateescape")
    return f"{zlib.crc32(data):08x}{zlib.adler32(data):08x}{len(data):x}"
