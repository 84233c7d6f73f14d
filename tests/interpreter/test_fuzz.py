"""The walk and CPython agree on generated programs: what is loaded, what is certain, in what order, and known values.

``FORKSAFE_FUZZ=N`` compares N programs in the slow environment instead of 60; ``FORKSAFE_FUZZ_SEED`` is the first
seed.  ``python tests/interpreter/fuzz_compare.py FIRST COUNT`` shows what differs, made small.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from fuzz_compare import FOUND, CPython, compare, parts_of, run, setting_of, show

pytestmark = [
    pytest.mark.costly,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="programs are imported in forked processes"),
]


@pytest.fixture(scope="module")
def cpython() -> Iterator[CPython]:
    server = CPython()
    yield server
    server.close()


def check(cpython: CPython, first: int, count: int) -> Counter[str]:
    """Compare programs; fails with the first that differs."""
    tally: Counter[str] = Counter()
    for seed, files, outcome in run(first, count, cpython, tally):
        pytest.fail(f"seed {seed}: {outcome.difference}\n{show(files)}")
    assert tally["undecided"] <= max(1, 0.01 * tally["programs"])
    return tally


def test_some_programs(cpython: CPython) -> None:
    tally = check(cpython, 0, 60)
    assert tally["runs"] > 180  # most programs can be imported in each process
    assert tally["certain"] > 0.7 * tally["modules"]


@pytest.mark.slow
def test_many_programs(cpython: CPython) -> None:
    count = int(os.environ.get("FORKSAFE_FUZZ", "60"))
    check(cpython, int(os.environ.get("FORKSAFE_FUZZ_SEED", "1000")), count)


@pytest.mark.parametrize("name", FOUND)
def test_what_it_found(cpython: CPython, name: str) -> None:
    outcome = compare(cpython, parts_of(FOUND[name]), setting_of(0))
    assert outcome.runs, outcome.error
    assert not outcome.difference
