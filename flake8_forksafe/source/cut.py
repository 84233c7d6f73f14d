"""The position of a function body that is not parsed until it is needed."""

from __future__ import annotations

from msgspec import Struct


class CutBody(Struct, frozen=True, order=True, gc=False):
    """The lines of a function body, both inclusive."""

    first: int
    last: int
