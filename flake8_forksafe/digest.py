"""Short names for contents."""

from __future__ import annotations

import zlib


def digest(content: bytes) -> str:
    """The SHA-256 digest of a content."""
    import hashlib  # it loads OpenSSL, which a run on which nothing changed can do without

    return hashlib.sha256(content).hexdigest()


def checksum(text: str) -> str:
    """A short name for a text: two checksums and the length, which no accident makes equal, though intent might.

    Where that matters, the text itself is compared too, or nothing is gained by it but a stale finding of one's own.
    """
    data = text.encode("utf-8", "surrogateescape")
    return f"{zlib.crc32(data):08x}{zlib.adler32(data):08x}{len(data):x}"
