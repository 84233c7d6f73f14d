"""``--statistics``: how many findings each code has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from flake8_forksafe.rules import RULES, Finding


def statistics(findings: Iterable[Finding]) -> Iterator[str]:
    """One line a code that has findings, in the order of the codes."""
    counts = Counter(finding.code for finding in findings)
    summaries = {rule.code: rule.summary for rule in RULES}
    width = len(str(max(counts.values(), default=0)))
    for code in sorted(counts):
        yield f"{counts[code]:>{width}}  {code}  {summaries[code]}"
