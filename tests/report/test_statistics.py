"""How many findings each code has."""

from __future__ import annotations

from findings import FOUND

from flake8_forksafe.report.statistics import statistics


def test_counts_in_the_order_of_codes_under_each_other() -> None:
    assert list(statistics([FOUND[1], *[FOUND[0]] * 12])) == [
        "12  FS101  hazardous package imported before the fork",
        " 1  FS192  a value the boot depends on cannot be resolved statically",
    ]


def test_nothing_to_count() -> None:
    assert list(statistics([])) == []
