"""The transcript of the first hour is what the program prints on the public project that it names."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import examples
import pytest

PAGE = examples.DOCS / "first-hour.md"


@pytest.mark.slow
def test_the_transcript(tmp_path: Path) -> None:
    requirement = re.search(r"pip download --no-deps (\S+)", PAGE.read_text(encoding="utf-8"))
    assert requirement is not None
    download = ["download", "--quiet", "--no-deps", "--ignore-requires-python", "--dest", str(tmp_path), requirement[1]]
    subprocess.run([sys.executable, "-m", "pip", *download], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    source = tmp_path / "source"
    zipfile.ZipFile(wheel).extractall(source)
    compared = 0
    for block in examples.blocks(PAGE):
        if block.language == "python":
            (source / "production.py").write_text(block.text, encoding="utf-8")
        if block.language == "console":
            for command in examples.commands(block):
                printed = examples.run(command.words, source)
                assert examples.agree(command.shown, printed), printed
                compared += 1
    assert compared == 3
