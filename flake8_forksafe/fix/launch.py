"""Lower the concurrency of a worker that does not fit into its container, where it is written: FS141."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from flake8_forksafe.fix.plan import Workshop
from flake8_forksafe.fix.text import Refused
from flake8_forksafe.rules.pool import crowded


class Lowered(NamedTuple):
    """A number that is written in a file that starts workers, or in the settings.

    :ivar content: the file with a smaller number; ``what`` is the change, as people read it.
    """

    path: str
    line: int
    content: bytes
    what: str


def lowered(workshop: Workshop, path: str, line: int) -> Iterator[Lowered]:
    """The file with the largest concurrency that fits, for each place near a line where the number may stand.

    Everything else in the file stays as it is, byte for byte.  Which place it is, the proof has to tell.

    :raises Refused: if no concurrency fits, or the number is not written there.
    """
    content = workshop.content(path)
    lines = content.splitlines(keepends=True)
    seen = set()
    for sized in crowded(workshop.context):
        start = sized.start
        if start is None or (start.concurrency_path or start.path) != path:
            continue
        if (start.concurrency_line if start.concurrency_path else start.line) != line or sized.pool.concurrency is None:
            continue
        fits = sized.estimate.safe_concurrency(sized.limit or 0) // start.nodes
        if fits < 1:
            raise Refused("not even one child fits")
        for number in range(line, min(line + 2, len(lines) + 1)):
            text = lines[number - 1]
            for match in re.finditer(rb"(?:(?<![\w.])|(?<=-c))%d(?![\w.])" % sized.pool.concurrency, text):
                at = match.start()
                key = (number, at, fits)
                if key in seen:
                    continue
                seen.add(key)
                new = text[:at] + str(fits).encode() + text[at + len(match[0]) :]
                changed = b"".join([*lines[: number - 1], new, *lines[number:]])
                what = (
                    f"lower the concurrency from {sized.pool.concurrency} to {fits}, which fits into {sized.limit} MB"
                )
                yield Lowered(path, number, changed, what)
    if not seen:
        raise Refused("the number is not written in that line")
