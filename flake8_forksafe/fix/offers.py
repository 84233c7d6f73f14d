"""The repair of each finding by itself, as edits that editors and other programs can apply.

``forksafe fix`` proves a set of repairs.  Here the set is taken apart: what is offered for a finding are the edits of
as few files as remove it, which are proved like the whole.
"""

from __future__ import annotations

import codecs
import difflib
import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from flake8_forksafe.finding import Finding, Fix, TextEdit
from flake8_forksafe.fix.plan import Workshop
from flake8_forksafe.fix.proof import Analyse, Analysis, Proved
from flake8_forksafe.fix.show import reason_left, remaining
from flake8_forksafe.fix.steps import prove
from flake8_forksafe.fix.text import NEWLINE, Refused

SAFE, UNSAFE = "safe", "unsafe"
"""Words for how far a repair may be applied, those of ruff's JSON."""
MOST_PROOFS = 24
"""Parts of a set of repairs that are tried; each costs a proof.  What is not found by then is offered as the whole."""
NO_REPAIR = "forksafe fix knows no repair for it"


class Offer(NamedTuple):
    """A repair of one finding.

    :ivar applicability: ``"safe"``, ``"unsafe"``, or None if there is none.
    :ivar reason: why there is none.
    :ivar proved: what is changed, with its proof; nothing if there is none.
    """

    applicability: str | None
    reason: str
    proved: Proved


def offers_of(
    workshop: Workshop, before: Analysis, analyse: Analyse, is_wanted: Callable[[Finding], bool]
) -> dict[Finding, Offer]:
    """How findings can be repaired: safely, else unsafely, else why they cannot.

    :param workshop: the files as they are.
    :param analyse: analyses the project with changed sources.
    :param is_wanted: tells which findings are meant.
    """
    wanted = [finding for finding in before.findings if is_wanted(finding)]
    if not wanted or not before.context.traces:
        nothing = Offer(None, NO_REPAIR, Proved((), {}, before, before, {}))
        return dict.fromkeys(wanted, nothing)
    found: dict[Finding, Offer] = {}
    for applicability in (SAFE, UNSAFE):
        pieces = Pieces(workshop, before, analyse, applicability == UNSAFE)
        for finding in wanted:
            if finding not in found and finding in pieces.removed:
                found[finding] = Offer(applicability, "", pieces.smallest(finding))
    for finding in wanted:
        if finding not in found:
            reason = reason_left(workshop, pieces.whole, finding) or NO_REPAIR
            found[finding] = Offer(None, reason, Proved((), {}, before, before, {}))
    return found


def fixes_of(before: Analysis, analyse: Analyse, is_wanted: Callable[[Finding], bool] = bool) -> dict[Finding, Fix]:
    """The same as edits."""
    workshop = Workshop(before.context, before.disk, lambda path: True, suppressed=before.suppressed)
    offers = offers_of(workshop, before, analyse, is_wanted)
    return {finding: _as_edits(workshop, offer) for finding, offer in offers.items()}


class Pieces:
    """A proved set of repairs, and the parts of it that hold without the rest.

    :ivar removed: the findings that the whole set removes.
    """

    def __init__(self, workshop: Workshop, before: Analysis, analyse: Analyse, with_unsafe: bool) -> None:
        """Prove the whole set."""
        self.before = before
        self.analyse = analyse
        self.with_unsafe = with_unsafe
        self.workshop = workshop
        self.whole = prove(workshop, before, analyse, with_unsafe)
        self.removed = self._removed(self.whole)
        self._parts: dict[frozenset[str], tuple[Proved, frozenset[Finding]] | None] = {}

    def _removed(self, proved: Proved) -> frozenset[Finding]:
        return frozenset(proved.before.findings).difference(remaining(self.workshop, proved))

    def smallest(self, finding: Finding) -> Proved:
        """The smallest part that was found to remove a finding which the whole removes."""
        files = frozenset(self.whole.contents)
        about = frozenset(repair.path for repair in self.whole.repairs if finding.subject in repair.hazards)
        single = [frozenset([path]) for path in sorted(files, key=lambda path: (path != finding.path, path))]
        for chosen in (about, *single):
            if (part := self._removing(finding, chosen)) is not None:
                return part
        best = self.whole
        for path in sorted(files):
            if (part := self._removing(finding, files - {path})) is not None:
                best, files = part, files - {path}
        return best

    def _removing(self, finding: Finding, files: frozenset[str]) -> Proved | None:
        """The repairs of some files, if these remove a finding."""
        part = self._part(files)
        return part[0] if part is not None and finding in part[1] else None

    def _part(self, files: frozenset[str]) -> tuple[Proved, frozenset[Finding]] | None:
        """The repairs of some files only, if they are the same without the others, and what they remove."""
        if files not in self._parts:
            if not files or len(files) == len(self.whole.contents) or len(self._parts) == MOST_PROOFS:
                return None
            before = self.before
            workshop = Workshop(before.context, before.disk, files.__contains__, suppressed=before.suppressed)
            proved = prove(workshop, self.before, self.analyse, self.with_unsafe)
            same = proved.contents == {path: self.whole.contents[path] for path in files}
            self._parts[files] = (proved, self._removed(proved)) if same else None
        return self._parts[files]


def _as_edits(workshop: Workshop, offer: Offer) -> Fix:
    """A repair as edits of files."""
    proved = offer.proved
    if offer.applicability is None:
        return Fix(None, "", offer.reason)
    base = workshop.context.settings.project
    done = [*((one.what, one.path, one.line) for one in proved.repairs),
            *((one.what, one.path, one.line or 1) for one in proved.preludes)]  # fmt: skip
    told = [f"{what} ({os.path.relpath(path, base)}:{line})" for what, path, line in done]
    doubts = dict.fromkeys(doubt for repair in proved.repairs for doubt in repair.doubts)
    edits = [edit for path, content in proved.contents.items() for edit in edits_between(workshop, path, content)]
    return Fix(offer.applicability, "; ".join(told), "; ".join(doubts), tuple(edits))


def edits_between(workshop: Workshop, path: str, content: bytes) -> Iterator[TextEdit]:
    """The lines of a file that are others in its new content."""
    try:
        encoding = workshop.source(path).module.encoding
    except Refused:  # no Python
        encoding = "utf-8"
    old, new = (
        lines_of(part.removeprefix(codecs.BOM_UTF8).decode(encoding, "surrogateescape"))
        for part in (workshop.content(path), content)
    )
    for kind, start, end, new_start, new_end in difflib.SequenceMatcher(None, old, new).get_opcodes():
        if kind != "equal":
            yield TextEdit(path, *_place(old, start), *_place(old, end), "".join(new[new_start:new_end]))


def lines_of(text: str) -> list[str]:
    """The lines of a text with their ends, which are those that Python knows."""
    starts = [0, *(match.end() for match in NEWLINE.finditer(text))]
    lines = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    return lines if lines[-1] else lines[:-1]


def _place(lines: list[str], index: int) -> tuple[int, int]:
    """Where a line begins; the end of the text for the one behind the last, if that has no end."""
    if index and index == len(lines) and not NEWLINE.search(lines[-1]):
        return index, len(lines[-1]) + 1
    return index + 1, 1
