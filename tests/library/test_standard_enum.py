"""``enum.Enum``, against the real one."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import assert_like_python

HEAD = "from enum import Enum, auto\nclass Pool(Enum):\n    SOLO = 'solo'\n    FORK = 'prefork'\n    OTHER = 'solo'\n"
PROGRAMS = {
    "value and name": HEAD + "A = Pool.SOLO.value, Pool.FORK.name\n",
    "two of one value are one": HEAD + "A = Pool.OTHER is Pool.SOLO, Pool.SOLO is Pool.FORK, Pool.OTHER.name\n",
    "by value": HEAD + "A = Pool('prefork').name, Pool('solo').name\n",
    "numbers of its own": """\
        from enum import Enum, auto
        class Number(Enum):
            one = auto()
            two = auto()
        A = Number.one.value, Number.two.value
        """,
    "methods": HEAD.replace("OTHER = 'solo'", "def forks(self):\n        return self.value == 'prefork'")
    + "A = Pool.FORK.forks(), Pool.SOLO.forks()\n",
}  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)
