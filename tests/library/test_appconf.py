"""django-appconf: attributes of a class become settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import (
    boot_program,
    names_of,
    plain,
)

CELERY = (
    "import os\nfrom celery import Celery\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\napp = Celery()\n"
)


@pytest.mark.parametrize(("meta", "prefix"), [("", "SHOP_"), ("    class Meta:\n        prefix = 'other'\n", "OTHER_")])
def test_they_are_settings_that_the_project_may_set_itself(tmp_path: Path, meta: str, prefix: str) -> None:
    models = (
        "from shop.conf import ShopConf\nfrom django.conf import settings\n"
        f"A = settings.{prefix}SIZE, settings.{prefix}COLOUR\n"
    )
    walk = boot_program(
        tmp_path,
        {
            "proj/celery.py": CELERY,
            "proj/settings.py": f"INSTALLED_APPS = ['shop']\n{prefix}SIZE = 5\n",
            "shop/__init__.py": "",
            "shop/models.py": models,
            "shop/conf.py": (
                f"from appconf import AppConf\nclass ShopConf(AppConf):\n    SIZE = 1\n    COLOUR = 'red'\n{meta}"
            ),
        },
    )
    assert plain(names_of(walk, "shop.models")["A"]) == (5, "red")
