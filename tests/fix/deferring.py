"""Defers the import of ``heavy`` in a text, and executes the text, for several tests.

``heavy`` stands for a package that is costly to import: the fixture ``heavy`` makes it.  Every text that is executed
has a function ``check``, whose result stays.
"""

from __future__ import annotations

import sys
import types

from helpers import forget

from flake8_forksafe.fix.defer import edits_of, import_at, plan
from flake8_forksafe.fix.text import Source
from flake8_forksafe.fix.uses import find_habits

FUTURE = "from __future__ import annotations\n"


def deferred(text: str, runs: tuple[str, ...] = ()) -> str:
    """A text whose import of ``heavy`` is deferred.

    :raises Refused: if it cannot be.
    """
    source = Source("ai.py", text.encode())
    lines = text.replace("\r\n", "\n").split("\n")
    line = next(number for number, line in enumerate(lines, 1) if "heavy" in line and "import" in line)
    what = import_at(source, line, lambda name: name.partition(".")[0] == "heavy")
    found = plan(source, what, find_habits(source), runs.__contains__)
    return source.edited(edits_of(source, [found])).decode()


def run(text: str) -> tuple[bool, object]:
    """Whether importing a module loads ``heavy``, and what its ``check()`` returns."""
    forget("heavy", "ai")
    module = types.ModuleType("ai")
    sys.modules["ai"] = module
    exec(compile(text, "ai.py", "exec", dont_inherit=True), vars(module))
    loaded = "heavy" in sys.modules
    return loaded, module.check()
