"""What edits did to the files of a kept outcome, and the outcome after edits that only moved lines."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from flake8_forksafe.finding import Finding, Outcome
from flake8_forksafe.source.cache import Entry, FactStore
from flake8_forksafe.source.changes import Comparison, Edit
from flake8_forksafe.source.collector import collect, collect_body
from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.text import Unreadable, decode

UNCHANGED = Edit({})


def find_edits(stale: Mapping[str, list[Any]], store: FactStore) -> dict[str, Edit] | None:
    """How each file that is stale was edited; None if one of them now means something else.

    :param stale: for each path the digest of its old content, and the first and last lines of the function bodies that
        mattered.
    :param store: what was kept, and the current contents.
    """
    edits: dict[str, Edit] = {}
    for path, (digest, bodies) in stale.items():
        try:
            known = store.known(digest)
            edit = edit_of(known, decode(store.read(path)), [Cut(*body) for body in bodies]) if known else None
        except (Unreadable, OSError):
            return None
        if edit is None:
            return None
        if edit.added or any(old != new for old, new in edit.lines.items()):
            edits[path] = edit
    return edits


def edit_of(old: Entry, text: str, bodies: Sequence[Cut]) -> Edit | None:
    """What was done to a file that now has some text, or None if more than to move lines and to add imports.

    :param bodies: the function bodies that matter.
    :raises Unreadable: as :func:`collect`.
    """
    comparison = Comparison()
    if not comparison.module(old.body, collect(text)):
        return None
    for cut in sorted(bodies):  # a body begins before those in it
        new = comparison.cuts.get(cut)
        if new is None or cut not in old.bodies or not comparison.is_same(old.bodies[cut], collect_body(text, new)):
            return None
    return comparison.edit([old.body, *(old.bodies[cut] for cut in bodies)])


def moved(outcome: Outcome, edits: Mapping[str, Edit]) -> Outcome | None:
    """The outcome with the lines of edited files where they are now; None if a sentence names one of them."""
    named = re.compile("|".join(rf"\b{re.escape(os.path.basename(path))}:\d" for path in edits))
    texts = [text for finding in outcome.findings for text in (finding.what, finding.instead)]
    if any(map(named.search, [*texts, *(remark.text for remark in outcome.remarks)])):
        return None
    findings = tuple(_moved(finding, edits) for finding in outcome.findings)
    remarks = tuple(remark._replace(line=edits.get(remark.path or "", UNCHANGED).moved(remark.line))
                    for remark in outcome.remarks)  # fmt: skip
    return outcome._replace(findings=findings, remarks=remarks)


def _moved(finding: Finding, edits: Mapping[str, Edit]) -> Finding:
    chain = tuple(hop._replace(line=edits.get(hop.path or "", UNCHANGED).moved(hop.line)) for hop in finding.chain)
    place = finding.place
    if place is not None and place[0] in edits:
        place = (place[0], edits[place[0]].moved(place[1]))
    line = edits.get(finding.path, UNCHANGED).moved(finding.line)
    return finding._replace(line=line, chain=chain, place=place)
