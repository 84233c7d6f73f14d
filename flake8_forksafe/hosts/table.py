"""Every host that is known, one file each."""

from __future__ import annotations

from flake8_forksafe.hosts.celery import CELERY
from flake8_forksafe.hosts.host import Host

HOSTS: tuple[Host, ...] = (CELERY,)
