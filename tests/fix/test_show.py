"""How repairs are printed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from flake8_forksafe.fix.show import quoted

NAMES = [
    "shop/tasks.py", "with space/b.py", "x\n+++ b/other.py", 'a"b\\c.py', "a\tb.py", "caf\u00e9.py", "\x1b[2J.py",
]  # fmt: skip


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_one_line_of_a_diff(tmp_path: Path, name: str) -> None:
    try:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"old\n")
    except OSError:
        pytest.skip("the file system has no such names")
    head = b"--- " + quoted(f"a/{name}") + b"\n+++ " + quoted(f"b/{name}") + b"\n"
    assert head.count(b"\n") == 2
    done = subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=head + b"@@ -1 +1 @@\n-old\n+new\n", check=False)
    assert done.returncode == 0
    assert (tmp_path / name).read_bytes() == b"new\n"
