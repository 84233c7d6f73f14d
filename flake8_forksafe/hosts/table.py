"""The table of hosts, with one file for each."""

from __future__ import annotations

from flake8_forksafe.hosts.celery import CELERY
from flake8_forksafe.hosts.django_commands import DJANGO_RUNNERS
from flake8_forksafe.hosts.dramatiq import DRAMATIQ
from flake8_forksafe.hosts.gunicorn import GUNICORN
from flake8_forksafe.hosts.host import Host
from flake8_forksafe.hosts.job_workers import HUEY, RQ
from flake8_forksafe.hosts.uwsgi import UWSGI

HOSTS: tuple[Host, ...] = (CELERY, GUNICORN, UWSGI, RQ, HUEY, *DJANGO_RUNNERS, DRAMATIQ)


def host_named(name: str) -> Host:
    """The host of a name.

    :raises KeyError: if there is none.
    """
    return {host.name: host for host in HOSTS}[name]


def host_programs() -> frozenset[str]:
    """Console scripts that belong to a host itself."""
    return frozenset().union(*(host.programs for host in HOSTS))
