"""Every host that is known."""

from __future__ import annotations

import pytest

from flake8_forksafe import options
from flake8_forksafe.hosts.host import Host
from flake8_forksafe.hosts.table import HOSTS, host_named, host_programs
from flake8_forksafe.project.search_result import AppFound


def test_names_and_roots_are_unique() -> None:
    assert len({host.name for host in HOSTS}) == len({host.root for host in HOSTS}) == len(HOSTS)


def test_the_option_knows_every_host() -> None:
    takes_app = {host.name: host.assumed is not None for host in HOSTS}
    assert takes_app == options.HOSTS


def test_a_host_is_found_by_its_name() -> None:
    assert [host_named(host.name) for host in HOSTS] == list(HOSTS)
    assert host_named(AppFound("proj", "", 0, "").host) in HOSTS
    with pytest.raises(KeyError):
        host_named("nothing")


def test_a_script_of_a_host_is_no_launcher_of_the_project() -> None:
    assert {"celery"} <= host_programs()


@pytest.mark.parametrize("host", HOSTS, ids=[host.name for host in HOSTS])
def test_handlers_run_in_steps_of_the_parent(host: Host) -> None:
    planned = {step.name for step in (*host.before_fork, *host.after_fork)}
    assert set(host.handlers) - planned <= {"on_configure", "on_after_configure"}  # sent while settings are read
    assert {step.name for step in host.in_children}.isdisjoint({*planned, *host.handlers})
