"""The facts of every file of Python's and of what the tests install are the same, in whatever way they are made."""

from __future__ import annotations

import multiprocessing
import os
import re
import sysconfig
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest
from helpers import some
from in_processes import compared

TESTS = Path(__file__).parent.parent

LOCKED = re.findall(r"^([\w.-]+)==", (TESTS / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)


def standard_library() -> Iterator[str]:
    """Every Python file of the standard library, its deliberately broken test data too."""
    for directory, names, files in os.walk(sysconfig.get_path("stdlib")):
        if "site-packages" in names:
            names.remove("site-packages")
        yield from (os.path.join(directory, name) for name in files if name.endswith(".py"))


def locked_distributions() -> Iterator[str]:
    """The Python files of what tox installs; whatever else the interpreter has is left out.

    ``FORKSAFE_ORACLE=all`` takes everything that is installed.
    """
    for found in distributions():
        if os.environ.get("FORKSAFE_ORACLE") == "all" or re.sub(r"[-_.]+", "-", found.name).lower() in LOCKED:
            yield from (str(found.locate_file(path)) for path in found.files or () if path.suffix == ".py")


REFUSED = 2
"""Files that CPython reads and libcst 1.9 does not: tests of CPython's own grammar."""


@pytest.mark.slow
def test_facts_of_the_standard_library_and_site_packages(capsys: pytest.CaptureFixture[str]) -> None:
    everything = sorted(path for path in {*standard_library(), *locked_distributions()} if os.path.isfile(path))
    assert len(everything) > 1000
    paths = some(everything, 4)
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        differences = [found for found in pool.imap_unordered(compared, paths, chunksize=20) if found is not None]
    with capsys.disabled():
        print(f"\n{len(paths)} files compared, {len(differences)} differences")
    refused = [path for path, text in differences if text.startswith("invalid syntax")]
    assert [found for found in differences if found[0] not in refused] == []
    assert len(refused) <= REFUSED and all(re.search(r"[/\\\\](?:tests?|\w+_test)[/\\\\]", path) for path in refused)
