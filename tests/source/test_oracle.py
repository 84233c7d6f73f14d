"""The facts of every file that Python comes with are the same, in whatever way they are made."""

from __future__ import annotations

import multiprocessing
import os
import site
import sysconfig
from collections.abc import Iterator

import pytest
from oracle import difference

from flake8_forksafe.session import deep_recursion


def installed_files() -> Iterator[str]:
    """Every Python file of the standard library, its deliberately broken test data too, and of site-packages."""
    seen = set()
    for root in (sysconfig.get_path("stdlib"), *site.getsitepackages()):
        for directory, _, names in os.walk(root):
            for name in names:
                path = os.path.realpath(os.path.join(directory, name))
                if name.endswith(".py") and path not in seen:
                    seen.add(path)
                    yield path


def compared(path: str) -> tuple[str, str] | None:
    """How the two disagree on a file; an exception is a disagreement too."""
    try:
        with deep_recursion():
            return difference(path)
    except Exception as error:
        return path, repr(error)


@pytest.mark.slow
def test_facts_of_the_standard_library_and_site_packages(capsys: pytest.CaptureFixture[str]) -> None:
    paths = sorted(installed_files())
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        differences = [found for found in pool.imap_unordered(compared, paths, chunksize=20) if found is not None]
    with capsys.disabled():
        print(f"\n{len(paths)} files compared, {len(differences)} differences")
    assert len(paths) > 1000
    assert differences == []
