"""``forksafe explain``: what would repair the findings of a code in the project here."""

from __future__ import annotations

import os
from collections.abc import Callable

from flake8_forksafe.finding import Finding
from flake8_forksafe.fix import show
from flake8_forksafe.fix.offers import offers_of
from flake8_forksafe.fix.plan import Workshop
from flake8_forksafe.fix.proof import Analyse, Analysis
from flake8_forksafe.printable import printable

MOST_SHOWN = 3
"""Repairs that are shown where no place is asked for."""


def show_repairs(before: Analysis, analyse: Analyse, is_wanted: Callable[[Finding], bool], base: str) -> None:
    """Write findings, each with a diff that removes it; findings that the same diff removes stand together.

    :param base: what paths are relative to.
    """
    workshop = Workshop(before.context, before.disk, lambda path: True, suppressed=before.suppressed)
    offers = offers_of(workshop, before, analyse, is_wanted)
    alike: dict[object, list[Finding]] = {}
    for finding, offer in offers.items():
        alike.setdefault((tuple(offer.proved.contents.items()), offer.reason), []).append(finding)
    for findings in [*alike.values()][:MOST_SHOWN]:
        print()
        for finding in findings:
            path, line = finding.place or (finding.path, finding.line)
            print(printable(f"{os.path.relpath(path, base)}:{line}: {finding.code} {finding.text}"))
        offer = offers[findings[0]]
        if offer.applicability is None:
            print(printable(f"  is not repaired: {offer.reason}"))
        else:
            contents = offer.proved.contents
            show.write(show.header(offer.proved, base), show.diff(workshop, contents, base))
    more = sum(map(len, [*alike.values()][MOST_SHOWN:]))
    if more:
        print(f"\n{show.counted(more, 'more finding')}: forksafe fix --unsafe shows the repairs of all")
