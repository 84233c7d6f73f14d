"""``forksafe fix``: plan, prove, show or write."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NamedTuple

from flake8_forksafe.fix import show, write
from flake8_forksafe.fix.plan import Repair, Workshop
from flake8_forksafe.fix.proof import Analyse, Analysis
from flake8_forksafe.fix.steps import prove
from flake8_forksafe.options import UsageError
from flake8_forksafe.printable import printable
from flake8_forksafe.project.disk import Disk


class Wishes(NamedTuple):
    """What the user asks for.

    :ivar unsafe: whether repairs are wanted that may change what the program does.
    :ivar writes: whether files are written, or a diff is shown.
    :ivar allows_dirty: whether files that differ from the last commit are written.
    :ivar in_children: whether handlers of signals load in each child what they load before the fork.
    :ivar wants: tells whether findings of a code are to be repaired.
    :ivar may_edit: tells whether a file may be edited.
    """

    unsafe: bool
    writes: bool
    allows_dirty: bool
    in_children: bool
    wants: Callable[[str], bool]
    may_edit: Callable[[str], bool]


def fix(before: Analysis, disk: Disk, analyse: Analyse, wishes: Wishes) -> int:
    """Repair a project, and return the exit status: that of ``ruff check --diff``, or of ``ruff check --fix``.

    :param analyse: analyses it with changed sources.
    :raises UsageError: if files cannot be written.
    """
    project, base = before.context.settings.project, os.getcwd()
    workshop = Workshop(before.context, disk, wishes.may_edit, suppressed=before.suppressed)
    proved = prove(workshop, before, analyse, wishes.unsafe, wishes.in_children, wishes.wants)
    if wishes.writes:
        _write(workshop, proved.contents, project, wishes)
        for line in show.header(proved, base) if proved.contents else ():
            print(printable(line.removeprefix("# ")))
    elif proved.contents:
        show.write(show.header(proved, base), show.diff(workshop, proved.contents, base))
    for line in show.left(workshop, proved, base):
        print(printable(line), file=sys.stderr)
    hidden = () if wishes.unsafe else _hidden(workshop, before, analyse, proved.repairs, wishes.wants)
    done = "repaired" if wishes.writes else "would repair"
    more = f"; {len(hidden)} more with --unsafe" if hidden else ""
    print(f"forksafe fix {done} {show.count_text(proved)}; {show.proof_text(proved)}{more}", file=sys.stderr)
    if wishes.writes:
        return 1 if proved.after.findings else 0
    return 1 if proved.contents else 0


def _write(workshop: Workshop, contents: dict[str, bytes], project: str, wishes: Wishes) -> None:
    """Write the files.

    :raises UsageError: if that cannot be done, or one differs from the last commit.
    """
    if not wishes.allows_dirty:
        modified = write.modified_files(contents)
        if modified:
            names = ", ".join(os.path.relpath(path) for path in modified[:3])
            raise UsageError(f"{names} differ from the last commit; commit first, or use --allow-dirty")
    write.write_files({path: workshop.content(path) for path in contents}, contents, project)


def _hidden(
    workshop: Workshop, before: Analysis, analyse: Analyse, shown: tuple[Repair, ...], wants: Callable[[str], bool]
) -> list[Repair]:
    """The repairs that ``--unsafe`` would add."""
    known = {(repair.path, repair.line) for repair in shown}
    proved = prove(workshop, before, analyse, with_unsafe=True, wants=wants)
    return [repair for repair in proved.repairs if (repair.path, repair.line) not in known]
