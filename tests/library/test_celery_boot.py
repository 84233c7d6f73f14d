"""What Celery does with an app when a worker boots."""

from __future__ import annotations

from pathlib import Path

from programs import (
    boot_program,
)

APP = "from celery import Celery\napp = Celery('proj')\n"
DJANGO = """\
    import os
    from celery import Celery
    os.environ["DJANGO_SETTINGS_MODULE"] = "proj.settings"
    app = Celery()
    app.config_from_object("django.conf:settings", namespace="CELERY")
    """


def loaded(root: Path, files: dict[str, str], environ: dict[str, str] | None = None) -> list[str]:
    """The modules that are walked in a boot of ``proj``, in order."""
    walk = boot_program(root, files, environ)
    return [name for name in walk.recorder.order if name in walk.imports.modules]


def test_imports_come_before_include(tmp_path: Path) -> None:
    files = {"proj/celery.py": APP + "app.conf.imports = ('a',)\napp.conf.include = ['b']\n", "a.py": "", "b.py": ""}
    assert loaded(tmp_path, files) == ["proj", "proj.celery", "a", "b"]


def test_a_package_that_is_missing_is_walked_up_one_level(tmp_path: Path) -> None:
    files = {
        "proj/celery.py": APP + "app.autodiscover_tasks(['shop.apps.ShopConfig', 'other'])\n",
        "shop/__init__.py": "",
        "shop/apps.py": "",
        "shop/apps/tasks.py": "",
        "other/__init__.py": "",
        "other/tasks.py": "",
    }
    assert {"other.tasks", "shop"} <= set(loaded(tmp_path, files))


def test_related_names(tmp_path: Path) -> None:
    files = {
        "proj/celery.py": APP + "app.autodiscover_tasks(lambda: ['shop'], related_name='jobs')\n",
        "shop/__init__.py": "",
        "shop/tasks.py": "",
        "shop/jobs.py": "",
    }
    assert loaded(tmp_path, files)[2:] == ["shop", "shop.jobs"]


def test_packages_that_cannot_be_resolved_are_said(tmp_path: Path) -> None:
    walk = boot_program(
        tmp_path, {"proj/celery.py": APP + "import library\napp.autodiscover_tasks(library.packages())\n"}
    )
    assert [note.text for note in walk.recorder.notes] == [
        "the packages given to autodiscover_tasks() cannot be resolved"
    ]


def test_the_configuration_module_of_the_environment(tmp_path: Path) -> None:
    files = {"proj/celery.py": APP, "conf.py": "imports = ['a']\n", "a.py": ""}
    assert loaded(tmp_path, files, {"CELERY_CONFIG_MODULE": "conf"}) == ["proj", "proj.celery", "conf", "a"]


def test_receivers_of_signals_run_in_the_order_of_the_boot(tmp_path: Path) -> None:
    names = [
        "worker_init",
        "celeryd_init",
        "worker_process_init",
        "import_modules",
        "worker_ready",
        "celeryd_after_setup",
    ]
    source = (
        "from celery import signals\n"
        + APP
        + "".join(f"@signals.{name}.connect\ndef on_{name}(**kwargs):\n    import m_{name}\n" for name in names)
    )
    walk = boot_program(tmp_path, {"proj/celery.py": source})
    assert [name for name in walk.recorder.order if name.startswith("m_")] == [
        f"m_{name}"
        for name in (
            "import_modules",
            "celeryd_init",
            "worker_init",
            "celeryd_after_setup",
            "worker_ready",
            "worker_process_init",
        )
    ]


def test_classes_that_settings_name_are_imported(tmp_path: Path) -> None:
    source = APP + "app.conf.worker_pool = 'own.pool:Pool'\napp.conf.result_backend = 'redis://localhost'\n"
    files = {"proj/celery.py": source, "own/__init__.py": "", "own/pool.py": "class Pool:\n    pass\n"}
    assert loaded(tmp_path, files)[2:] == ["own", "own.pool"]


def test_checks_can_be_skipped(tmp_path: Path) -> None:
    files = {
        "proj/celery.py": DJANGO,
        "proj/settings.py": "INSTALLED_APPS = []\nROOT_URLCONF = 'proj.urls'\n",
        "proj/urls.py": "urlpatterns = []\n",
    }
    assert "proj.urls" in loaded(tmp_path, files)
    assert "proj.urls" not in loaded(tmp_path, files, {"CELERY_SKIP_CHECKS": "1"})
