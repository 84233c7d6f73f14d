"""What the project calls of Django."""

from __future__ import annotations

from pathlib import Path

from programs import (
    boot_program,
    names_of,
    plain,
)

SETTINGS = "INSTALLED_APPS = ['shop', 'django.contrib.admin']\nNAME = 'value'\n"
CELERY = (
    "import os\nfrom celery import Celery\nos.environ['DJANGO_SETTINGS_MODULE'] = 'proj.settings'\napp = Celery()\n"
)
FILES = {"proj/celery.py": CELERY, "proj/settings.py": SETTINGS, "shop/__init__.py": "", "shop/models.py": ""}


def walked_names(root: Path, source: str, files: dict[str, str] | None = None) -> dict[str, object]:
    """Names in capital letters of ``shop.models`` after a boot of a Django project."""
    walk = boot_program(root, FILES | {"shop/models.py": source} | (files or {}))
    return {name: plain(value) for name, value in names_of(walk, "shop.models").items() if name.isupper()}


def test_settings(tmp_path: Path) -> None:
    source = (
        "from django.conf import settings\nA = settings.NAME, settings.DEBUG\n"
        "B = getattr(settings, 'OTHER', 'default')\n"
    )
    assert walked_names(tmp_path, source) == {"A": ("value", False), "B": "default"}


def test_the_registry(tmp_path: Path) -> None:
    source = (
        "from django.apps import apps\nA = apps.is_installed('shop'), apps.is_installed('other')\n"
        "B = [config.name for config in apps.get_app_configs()]\n"
    )
    found = walked_names(tmp_path, source)
    assert found == {"A": (True, False), "B": ["shop", "django.contrib.admin"]}


def test_import_string_and_has_submodule(tmp_path: Path) -> None:
    source = """\
        from django.utils.module_loading import import_string, module_has_submodule
        import shop
        A = import_string("shop.other.X"), module_has_submodule(shop, "other"), module_has_submodule(shop, "none")
        """
    assert walked_names(tmp_path, source, {"shop/other.py": "X = 1\n"}) == {"A": (1, True, False)}


def test_signals_of_the_project_call_what_was_connected(tmp_path: Path) -> None:
    source = """\
        from django.dispatch import Signal, receiver
        ready = Signal()
        @receiver(ready)
        def one(sender, **kwargs):
            import m_one
        ready.connect(two := lambda sender, **kwargs: __import__("m_two"))
        ready.send(sender=None)
        """
    walk = boot_program(tmp_path, FILES | {"shop/models.py": source})
    assert [name for name in walk.recorder.order if name.startswith("m_")] == ["m_one", "m_two"]


def test_urls_are_imported_by_include_and_reverse(tmp_path: Path) -> None:
    files = FILES | {
        "proj/settings.py": SETTINGS + "ROOT_URLCONF = 'proj.urls'\n",
        "proj/urls.py": "from django.urls import include, path\nurlpatterns = [path('', include('shop.urls'))]\n",
        "shop/urls.py": "",
        "shop/models.py": "from django.urls import reverse\nX = reverse('home')\nimport m_after\n",
    }
    order = boot_program(tmp_path, files).recorder.order
    assert order.index("shop.urls") < order.index("m_after")


def test_a_command_that_is_called_is_imported(tmp_path: Path) -> None:
    files = FILES | {
        "shop/management/__init__.py": "",
        "shop/management/commands/__init__.py": "",
        "shop/management/commands/tidy.py": "",
        "proj/celery.py": CELERY
        + ("import django\ndjango.setup()\nfrom django.core.management import call_command\ncall_command('tidy')\n"),
    }
    assert "shop.management.commands.tidy" in boot_program(tmp_path, files).recorder.order


def test_checks_of_the_project_run(tmp_path: Path) -> None:
    source = (
        "from django.core import checks\n@checks.register(checks.Tags.security)\n"
        "def look(app_configs, **kwargs):\n    import m_check\n"
    )
    walk = boot_program(tmp_path, FILES | {"shop/models.py": source})
    assert walk.recorder.steps_of["m_check"] == "system checks"
