"""What lies in tests and examples."""

from __future__ import annotations

import os

import pytest

from flake8_forksafe.examples import example_of, is_example, is_in_scope

PROJECT = os.path.abspath(os.path.join(os.sep, "repo", "tests"))
"""A directory above the project is no reason to leave it out."""


def path(name: str) -> str:
    return os.path.join(PROJECT, *name.split("/"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shop/celery.py", False),
        ("tests/celery.py", True),
        ("shop/tests/celery.py", True),
        ("docs/conf.py", True),
        ("examples/shop/celery.py", True),
        ("conftest.py", True),
        ("shop/test_tasks.py", True),
        ("shop/contest.py", False),
        ("shop/testing_grounds/celery.py", False),
    ],
)
def test_by_the_names_on_the_way(name: str, expected: bool) -> None:
    assert is_example(path(name), PROJECT) is expected
    assert is_in_scope(path(name), PROJECT, ()) is not expected


def test_what_is_asked_for_is_in_scope() -> None:
    inside, beside = path("examples/shop/celery.py"), path("examples/shop2/celery.py")
    assert is_in_scope(inside, PROJECT, (path("examples/shop"),))
    assert is_in_scope(inside, PROJECT, (inside,))
    assert not is_in_scope(beside, PROJECT, (path("examples/shop"),))


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("examples/shop/app/celery.py", "examples/shop"),
        ("examples/celery.py", "examples"),
        ("lib/tests/shop/celery.py", "lib/tests/shop"),
    ],
)
def test_the_example_around_a_file(name: str, example: str) -> None:
    assert example_of(path(name), PROJECT) == os.path.join(*example.split("/"))
