"""What edits did to the files of a kept outcome, and the outcome after edits that only moved lines."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from flake8_forksafe.finding import Finding, Outcome
from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.outline import Edit, edit_between, unpack
from flake8_forksafe.source.slices import cut_source, extended, signature_of
from flake8_forksafe.source.text import Unreadable, decode

UNCHANGED = Edit({})
Outlines = Mapping[tuple[int, int] | None, bytes]
"""Packed outlines of one file."""


def find_edits(
    stale: Mapping[str, list[Any]], read: Callable[[str], bytes], outlines: Callable[[], Mapping[str, Outlines]]
) -> dict[str, Edit] | None:
    """How each file that is stale was edited; None if one of them now means something else.

    :param stale: for each path the kept signature and function bodies.
    :param read: the current content of a file.
    :param outlines: gives the kept outlines of all files; called once, if at all.
    """
    edits: dict[str, Edit] = {}
    packed: Mapping[str, Outlines] | None = None
    for path, (signed, bodies) in stale.items():
        try:
            text = decode(read(path))
            sliced = cut_source(text)
            if extended(signature_of(sliced), text, bodies) == signed:
                continue
            cuts = [Cut(*body) for body in bodies]
            packed = outlines() if packed is None else packed
            kept = {place and Cut(*place): unpack(data) for place, data in packed.get(path, {}).items()}
            known = {cut: outline for cut, outline in kept.items() if outline is not None}
            edit = edit_between(known, sliced, cuts, text)
        except (Unreadable, OSError):
            return None
        if edit is None:
            return None
        edits[path] = edit
    return edits


def moved(outcome: Outcome, edits: Mapping[str, Edit]) -> Outcome | None:
    """The outcome with the lines of edited files where they are now; None if a sentence names one of them."""
    if not edits:
        return outcome
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
