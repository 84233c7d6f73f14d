"""How much memory a launch is estimated to take."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.rules.memory import BASE_MB, DJANGO_MB, LINE_MB, OWN_SHARE, PACKAGE_SHARE, Estimate
from flake8_forksafe.rules.pool import launches

CELERY = "from celery import Celery\napp = Celery('proj', include=['proj.tasks'])\n"
OWN = BASE_MB + 2 * LINE_MB
"""A parent with the two lines of the app."""


def estimate(root: Path, tasks: str, celery: str = CELERY) -> Estimate:
    write(root, {"pyproject.toml": "", "proj/__init__.py": "", "proj/celery.py": celery, "proj/tasks.py": tasks})
    (sized,) = launches(check(root).context)
    return sized.estimate


def test_parent_without_packages(tmp_path: Path) -> None:
    found = estimate(tmp_path, "")
    assert (found.parent, found.child) == (pytest.approx(OWN), pytest.approx(OWN * OWN_SHARE))
    assert found.packages == found.child_packages == ()


def test_long_modules_take_more(tmp_path: Path) -> None:
    body = "".join(f"    x = {line}\n" for line in range(2998))
    assert estimate(tmp_path, f"def f():\n{body}    return x\n").parent == pytest.approx(OWN + 3000 * LINE_MB)


def test_children_share_most_of_a_package(tmp_path: Path) -> None:
    found = estimate(tmp_path, "import numpy, torch\n")
    ((name, size),) = found.packages  # torch's figure includes numpy
    assert name == "torch"
    assert found.parent == pytest.approx(OWN + LINE_MB + size)
    assert found.child == pytest.approx((OWN + LINE_MB) * OWN_SHARE + size * PACKAGE_SHARE)


def test_spawned_children_share_nothing(tmp_path: Path) -> None:
    found = estimate(tmp_path, "import torch\n", f"{CELERY}app.conf.worker_pool_start_method = 'spawn'\n")
    assert found.child == found.parent > 200


IN_CHILD = """\
    from celery.signals import worker_process_init
    {imported}
    @worker_process_init.connect
    def load(**options):
        import torch
    """


def test_what_each_child_imports_is_its_own(tmp_path: Path) -> None:
    found = estimate(tmp_path, IN_CHILD.format(imported=""))
    ((name, size),) = found.child_packages
    assert (name, found.packages) == ("torch", ())
    own = OWN + 5 * LINE_MB
    assert (found.parent, found.child) == (pytest.approx(own), pytest.approx(own * OWN_SHARE + size))


def test_what_the_parent_has_is_not_counted_again(tmp_path: Path) -> None:
    found = estimate(tmp_path, IN_CHILD.format(imported="import torch"))
    assert ([name for name, _ in found.packages], found.child_packages) == (["torch"], ())


def test_what_the_parent_loads_after_the_fork_is_not_the_childrens(tmp_path: Path) -> None:
    found = estimate(tmp_path, IN_CHILD.format(imported="").replace("worker_process_init", "worker_ready"))
    assert found.child_packages == ()


def test_django_counts(tmp_path: Path) -> None:
    django = "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'proj.settings'\n"
    write(tmp_path, {"proj/settings.py": "INSTALLED_APPS = []\n"})
    assert estimate(tmp_path, "", f"{django}{CELERY}").parent == pytest.approx(OWN + 3 * LINE_MB + DJANGO_MB)


def test_a_directory_has_no_lines(tmp_path: Path) -> None:
    write(tmp_path, {"space/part.py": "x = 1\n" * 100})
    assert estimate(tmp_path, "import space\n").parent == pytest.approx(OWN + LINE_MB)


@pytest.mark.parametrize(("required", "counted"), [("pandas", ["pandas"]), ("pandas\npyarrow", ["pandas", "pyarrow"])])
def test_what_a_package_imports_where_it_is_installed_counts(tmp_path: Path, required: str, counted: list[str]) -> None:
    write(tmp_path, {"requirements.txt": f"celery\n{required}\n"})
    assert [name for name, _ in estimate(tmp_path, "import pandas\n").packages] == counted
