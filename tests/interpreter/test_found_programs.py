"""What the walk knows after each program of ``fuzz_found.txt``: as much as ever (``found_known.txt``).

That it is what CPython does, ``test_fuzz.py`` tells.  After a change of what is known,
``python tests/interpreter/test_found_programs.py`` writes the file anew.
"""

from __future__ import annotations

import sys
import tempfile
from functools import cache
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import pytest
from fuzz_compare import FOUND, parts_of, setting_of
from knowledge import known_after

KNOWN = Path(__file__).parent / "found_known.txt"


def section(root: Path, name: str) -> str:
    """What is known after one program, as it stands in the file."""
    return "\n".join(known_after(root, parts_of(FOUND[name]), setting_of(0)))


@cache
def kept() -> dict[str, str]:
    """What was known when the file was written."""
    parts = KNOWN.read_text(encoding="utf-8").split("==== ")[1:]
    return {heading: known.strip("\n") for heading, _, known in (part.partition("\n") for part in parts)}


@pytest.mark.parametrize("name", FOUND)
def test_as_much_is_known_as_ever(tmp_path: Path, name: str) -> None:
    assert section(tmp_path, name) == kept().get(name), "to keep what is known now, run this file as a script"


def main() -> None:
    """Write the file of what is known."""
    with tempfile.TemporaryDirectory() as root:
        found = [f"==== {name}\n{section(Path(root, str(number)), name)}\n" for number, name in enumerate(FOUND)]
    KNOWN.write_text("".join(found), encoding="utf-8")


if __name__ == "__main__":
    main()
