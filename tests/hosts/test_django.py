"""Django, as a part of hosts."""

from __future__ import annotations

from pathlib import Path

from helpers import make_walk, write

from flake8_forksafe.hosts.celery import CELERY
from flake8_forksafe.hosts.host import HostStart, Launcher, boot
from flake8_forksafe.session import deep_recursion

FILES = {
    "proj/__init__.py": "",
    "proj/celery.py": "from celery import Celery\napp = Celery()\n",
    "proj/settings.py": "INSTALLED_APPS = ['shop']\n",
    "shop/__init__.py": "",
    "shop/management/__init__.py": "",
    "shop/management/commands/__init__.py": "",
    "shop/management/commands/work.py": "",
    "manage.py": "def main():\n    pass\n",
}


def order(root: Path, start: HostStart) -> list[str]:
    """The modules that a boot loads, in order."""
    walk = make_walk(write(root, FILES))
    with deep_recursion():
        boot(walk, CELERY, start)
    return walk.recorder.order


def test_a_management_command_sets_django_up_before_it_is_imported(tmp_path: Path) -> None:
    launcher = Launcher(("/venv/bin/manage", "work"), "manage:main", "work")
    found = order(tmp_path, HostStart("proj", launcher, "proj.settings"))
    assert found.index("proj.settings") < found.index("shop") < found.index("shop.management.commands.work")
    assert found.index("shop.management.commands.work") < found.index("proj.celery")


def test_without_settings_there_is_no_django(tmp_path: Path) -> None:
    launcher = Launcher(("/venv/bin/manage", "work"), "manage:main", "work")
    assert "shop" not in order(tmp_path, HostStart("proj", launcher))
