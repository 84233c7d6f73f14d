"""Amounts of memory as deployment files write them."""

from __future__ import annotations

import re

MEBIBYTE = 2**20

AMOUNT = re.compile(r"\s*([0-9]{1,30}(?:\.[0-9]{1,30})?|\.[0-9]{1,30})(e[0-9]{1,2})?\s*([a-zA-Z]*)\s*")
WHOLE = re.compile(r"\s*[0-9]{1,18}\s*")

BINARY = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def whole_number(text: str) -> int | None:
    """A whole number in plain digits; None for anything else, and for one that no count can be."""
    return int(text) if WHOLE.fullmatch(text) else None


def docker_mebibytes(text: str) -> int | None:
    """Docker's ``512m``, ``2g``, ``1.5GB``, ``2GiB``, and bytes without a unit: all units are powers of 1024.

    Read in docker/go-units ``size.go``, ``RAMInBytes``, which Docker and Compose use.  None if it is no amount.
    """
    match = AMOUNT.fullmatch(text)
    if match is None or match[2]:
        return None
    unit = match[3].lower()
    unit = unit.removesuffix("ib") if len(unit) == 3 else unit.removesuffix("b") if len(unit) == 2 else unit
    return int(float(match[1]) * 1024 ** BINARY[unit]) // MEBIBYTE if unit in BINARY else None


def kubernetes_mebibytes(text: str) -> int | None:
    """Kubernetes' quantities: ``2Gi`` is 2 * 1024**3 bytes, ``2G`` is 2 * 1000**3, ``128974848000m`` is thousandths.

    Read in "Resource Management for Pods and Containers" and "Quantity" of the Kubernetes documentation.
    None if it is no quantity.
    """
    match = AMOUNT.fullmatch(text)
    units = {"": 1.0, "m": 0.001, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
    units |= {f"{name}i": 1024.0**power for power, name in enumerate("KMGTPE", 1)}
    if match is None or match[3] not in units:
        return None
    return int(float(match[1] + (match[2] or "")) * units[match[3]]) // MEBIBYTE


def systemd_mebibytes(text: str) -> int | None:
    """systemd's ``2G``: units are powers of 1024 (``systemd.resource-control(5)``, ``MemoryMax=``).

    None for ``infinity``, for a percentage of the host's memory, and for what is no amount.
    """
    match = AMOUNT.fullmatch(text)
    if match is None or match[2] or match[3].lower() not in BINARY:
        return None
    return int(float(match[1]) * 1024 ** BINARY[match[3].lower()]) // MEBIBYTE
