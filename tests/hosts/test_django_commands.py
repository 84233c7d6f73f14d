"""Django's job runners: what their parents execute before they fork."""

from __future__ import annotations

from pathlib import Path

import pytest
from django_site import SITE
from helpers import check, write

from flake8_forksafe.deployment.pool import CPU_COUNT
from flake8_forksafe.hosts.table import host_named
from flake8_forksafe.report import apps

UP_TO_VIEWS = ["__main__", "proj", "proj.settings", "shop", "shop.apps", "shop.models", "shop.signals", "proj.urls",
               "shop.views"]  # fmt: skip


@pytest.mark.parametrize("command", ["rqworker default", "rqworker-pool -n 3", "qcluster"])
def test_views_are_loaded_and_tasks_are_not(tmp_path: Path, command: str) -> None:
    write(tmp_path, {**SITE, "Procfile": f"jobs: python manage.py {command}\n"})
    report = check(tmp_path)
    (trace,) = report.traces
    assert [module.name for module in trace.modules if module.origin == "first-party"] == UP_TO_VIEWS
    (finding,) = [one for one in report.findings if one.code == "FS101"]
    assert (Path(finding.path).name, finding.line) == ("views.py", 1)
    assert f"before manage.py {command.split()[0]} forks" in finding.text


@pytest.mark.parametrize(
    ("command", "huey", "forks"),
    [
        ("run_huey -k process", "", True),
        ("run_huey --worker-type=process", "", True),
        ("run_huey", "HUEY = {'consumer': {'worker_type': 'process'}}\n", True),
        ("run_huey", "HUEY = {'consumer': {'workers': 4}}\n", False),
        ("run_huey -k greenlet", "HUEY = {'consumer': {'worker_type': 'process'}}\n", False),
        ("run_huey", "", False),
    ],
)
def test_huey_forks_with_process_workers_only(tmp_path: Path, command: str, huey: str, forks: bool) -> None:
    settings = SITE["proj/settings.py"] + huey
    write(tmp_path, {**SITE, "proj/settings.py": settings, "Procfile": f"jobs: ./manage.py {command}\n"})
    report = check(tmp_path)
    found = {Path(one.path).name for one in report.findings if one.code == "FS101"}
    assert found == ({"views.py", "tasks.py"} if forks else set())
    said = [line for line in apps.table(report, str(tmp_path)) if line.startswith("clean: ")]
    expected = "clean: manage.py run_huey (Procfile:1): its workers are threads of one process: nothing is forked"
    assert said == ([] if forks else [expected])


def test_the_module_of_the_command_is_loaded(tmp_path: Path) -> None:
    packages = dict.fromkeys(("shop/management/__init__.py", "shop/management/commands/__init__.py"), "")
    command = {
        "shop/management/commands/rqworker.py": "import torch\nfrom django_rq.management.commands.rqworker import *\n"
    }
    report = check(write(tmp_path, {**SITE, **packages, **command, "Procfile": "jobs: python manage.py rqworker\n"}))
    found = {Path(one.path).name for one in report.findings if one.code == "FS101"}
    assert found == {"views.py", "rqworker.py"}


def test_the_settings_that_the_command_line_names(tmp_path: Path) -> None:
    command = "python manage.py rqworker --settings=proj.other"
    write(tmp_path, {**SITE, "proj/other.py": "INSTALLED_APPS = []\n", "Procfile": f"jobs: {command}\n"})
    (trace,) = check(tmp_path).traces
    assert trace.settings == ("proj.other",)


def test_a_finding_without_a_line_of_its_own_stands_at_the_script(tmp_path: Path) -> None:
    (trace,) = check(write(tmp_path, {**SITE, "Procfile": "jobs: python manage.py rqworker\n"})).traces
    assert trace.app_location == (str(tmp_path / "manage.py"), 1)


@pytest.mark.parametrize(
    ("command", "conf", "pool"),
    [
        ("rqworker", {}, (1, "the default of rqworker")),
        ("run_huey", {}, (1, "the default of run_huey")),
        ("qcluster", {}, (None, CPU_COUNT)),
        ("qcluster", {"workers": 3}, (3, "Q_CLUSTER.workers")),
        ("run_huey", {"workers": 2}, (2, "HUEY.consumer.workers")),
    ],
)
def test_the_processes_that_nothing_on_the_command_line_counts(
    command: str, conf: dict[str, object], pool: tuple[int | None, str]
) -> None:
    found = host_named(f"manage.py {command}").pool(None, conf)
    assert (found.concurrency, found.concurrency_source) == pool


def test_a_word_that_is_no_command_of_django_is_no_host(tmp_path: Path) -> None:
    write(tmp_path, {**SITE, "Procfile": "jobs: echo rqworker\nweb: python manage.py runserver\n"})
    assert check(tmp_path).traces == ()


@pytest.mark.parametrize(("given", "fits"), [("{'workers': 50}", False), ("{'workers': 2}", True)])
def test_the_processes_of_a_cluster(tmp_path: Path, given: str, fits: bool) -> None:
    compose = "services: {jobs: {image: x, command: python manage.py qcluster, mem_limit: 300m}}\n"
    settings = SITE["proj/settings.py"] + f"Q_CLUSTER = {given}\n"
    write(tmp_path, {**SITE, "proj/settings.py": settings, "compose.yml": compose, "shop/views.py": ""})
    codes = [one.code for one in check(tmp_path).findings]
    assert codes == ([] if fits else ["FS141"])
