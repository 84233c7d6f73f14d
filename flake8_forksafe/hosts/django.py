"""Django, as a part of hosts that run in a Django project."""

from __future__ import annotations

from flake8_forksafe.hosts.host import HostBoot
from flake8_forksafe.library.django_settings import DjangoSettings, is_configured
from flake8_forksafe.library.django_setup import load_command, setup


def fall_back(boot: HostBoot) -> None:
    """Use the settings module that ``manage.py`` names where the environment names none."""
    boot.machine.state(DjangoSettings).fallback = boot.start.django_settings


def run_command(boot: HostBoot, command: str) -> None:
    """What ``django.core.management`` does to run a command: ``django.setup()``, then the command is imported."""
    if is_configured(boot.machine) and command:
        setup(boot.machine, boot.frame)
        load_command(boot.machine, command, boot.frame, execute=boot.start.launcher is not None)
