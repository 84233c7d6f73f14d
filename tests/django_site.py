"""A small Django project, with ready(), URLs, views and tasks."""

from __future__ import annotations

MANAGE = """\
    import os
    import sys

    def main():
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
        from django.core.management import execute_from_command_line
        execute_from_command_line(sys.argv)

    if __name__ == "__main__":
        main()
    """
SITE = {
    "pyproject.toml": "", "manage.py": MANAGE, "proj/__init__.py": "",
    "proj/settings.py": "INSTALLED_APPS = ['shop']\nROOT_URLCONF = 'proj.urls'\n",
    "proj/urls.py": "from shop import views\nurlpatterns = []\n",
    "shop/__init__.py": "", "shop/models.py": "", "shop/views.py": "import torch\n", "shop/tasks.py": "import spacy\n",
    "shop/apps.py": "from django.apps import AppConfig\nclass Shop(AppConfig):\n    name = 'shop'\n"
                    "    def ready(self):\n        import shop.signals\n",
    "shop/signals.py": "",
}  # fmt: skip
