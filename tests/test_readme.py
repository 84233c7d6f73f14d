"""What the README shows is what the program prints."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLE = re.compile(r"```console\n\$ (.+)\n([\s\S]+?)```")


def test_the_first_example_is_real_output() -> None:
    example = EXAMPLE.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert example is not None
    command = shlex.split(example[1])
    assert command[0] == "forksafe"
    done = subprocess.run(
        [sys.executable, "-m", "flake8_forksafe", *command[1:], "--no-cache"],
        cwd=ROOT, capture_output=True, encoding="utf-8", env={"PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout == example[2]


def test_the_test_command_is_what_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert ".venv/bin/tox" in readme
    assert "README.md" in script
