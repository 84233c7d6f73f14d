"""Other ways of configuring Django, other hosts than Django, and other ways of starting the worker."""

from __future__ import annotations

from pathlib import Path

from helpers import check, write

DJANGO_APP = """\
    import os
    from celery import Celery
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
    app = Celery("proj")
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.autodiscover_tasks()
    """
SHOP = {"proj/__init__.py": "", "proj/celery.py": DJANGO_APP, "shop/__init__.py": "", "shop/tasks.py": ""}


def loaded(root: Path, files: dict[str, str]) -> set[str]:
    """First-party modules that the worker loads."""
    report = check(write(root, {"pyproject.toml": "", **files}))
    return {module.name for trace in report.traces for module in trace.modules if module.origin == "first-party"}


def test_django_configurations(tmp_path: Path) -> None:
    files = SHOP | {
        "proj/celery.py": DJANGO_APP.replace(
            'app = Celery', 'os.environ.setdefault("DJANGO_CONFIGURATION", "Production")\n'
            '    import configurations\n    configurations.setup()\n    app = Celery'),
        "proj/settings.py": """\
            from configurations import Configuration
            class Base(Configuration):
                INSTALLED_APPS = ["shop"]
            class Production(Base):
                DEBUG = False
                @property
                def ROOT_URLCONF(self):
                    return "proj.urls"
            class Development(Base):
                INSTALLED_APPS = Base.INSTALLED_APPS + ["toolbar"]
            """,
        "proj/urls.py": "urlpatterns = []\n",
        "toolbar/__init__.py": "", "toolbar/tasks.py": "",
    }  # fmt: skip
    found = loaded(tmp_path, files)
    assert {"shop.tasks", "proj.urls"} <= found
    assert "toolbar" not in found


def test_hand_made_settings_class(tmp_path: Path) -> None:
    files = SHOP | {
        "proj/settings.py": """\
            import sys
            class Settings:
                INSTALLED_APPS = ["shop"]
                DEBUG = False
            for name in dir(Settings):
                if name.isupper():
                    setattr(sys.modules[__name__], name, getattr(Settings, name))
            """,
    }
    assert "shop.tasks" in loaded(tmp_path, files)


def test_settings_class_in_globals(tmp_path: Path) -> None:
    files = SHOP | {
        "proj/settings.py": """\
            class Settings:
                INSTALLED_APPS = ["shop"]
            globals().update({k: v for k, v in vars(Settings).items() if k.isupper()})
            """,
    }
    assert "shop.tasks" in loaded(tmp_path, files)


def test_split_settings(tmp_path: Path) -> None:
    files = SHOP | {
        "proj/settings/__init__.py": """\
            from split_settings.tools import include, optional
            include("components/*.py", optional("local.py"))
            """,
        "proj/settings/components/base.py": "INSTALLED_APPS = []\n",
        "proj/settings/components/shop.py": "INSTALLED_APPS += ['shop']\n",
    }
    assert "shop.tasks" in loaded(tmp_path, files)


def test_environ_defaults(tmp_path: Path) -> None:
    files = SHOP | {
        "proj/settings.py": """\
            import environ
            env = environ.Env(DEBUG=(bool, False))
            DEBUG = env("DEBUG")
            INSTALLED_APPS = ["shop"] + env.list("EXTRA_APPS", default=["extra"])
            if DEBUG:
                INSTALLED_APPS.append("toolbar")
            """,
        "extra/__init__.py": "", "extra/tasks.py": "", "toolbar/__init__.py": "",
    }  # fmt: skip
    assert {"shop.tasks", "extra.tasks"} <= loaded(tmp_path, files)
    (trace,) = check(tmp_path).traces
    certain = {module.name: module.certain for module in trace.modules}
    assert certain["extra.tasks"] and not certain["toolbar"]  # a switch exists to be set


def test_decouple_defaults(tmp_path: Path) -> None:
    files = SHOP | {
        "proj/settings.py": """\
            from decouple import config, Csv
            DEBUG = config("DEBUG", default=False, cast=bool)
            INSTALLED_APPS = config("APPS", default="shop,extra", cast=Csv())
            """,
        "extra/__init__.py": "", "extra/tasks.py": "",
    }  # fmt: skip
    assert {"shop.tasks", "extra.tasks"} <= loaded(tmp_path, files)


def test_flask_factory(tmp_path: Path) -> None:
    found = loaded(tmp_path, {
        "site_app/__init__.py": """\
            from celery import Celery, Task
            from flask import Flask
            def celery_init_app(app):
                class FlaskTask(Task):
                    def __call__(self, *args, **kwargs):
                        with app.app_context():
                            return self.run(*args, **kwargs)
                celery_app = Celery(app.name, task_cls=FlaskTask)
                celery_app.config_from_object(app.config["CELERY"])
                celery_app.set_default()
                app.extensions["celery"] = celery_app
                return celery_app
            def create_app():
                app = Flask(__name__)
                app.config.from_mapping(CELERY=dict(broker_url="redis://", imports=["site_app.jobs"]))
                celery_init_app(app)
                from site_app import views
                app.register_blueprint(views.bp)
                return app
            """,
        "site_app/views.py": "from flask import Blueprint\nbp = Blueprint('a', __name__)\n",
        "site_app/jobs.py": "",
        "make_celery.py": "from site_app import create_app\nflask_app = create_app()\n"
                          "celery_app = flask_app.extensions['celery']\n",
    })  # fmt: skip
    assert {"make_celery", "site_app.views", "site_app.jobs"} <= found


def test_fastapi_module(tmp_path: Path) -> None:
    found = loaded(tmp_path, {
        "api/__init__.py": "",
        "api/main.py": """\
            from fastapi import FastAPI
            from api.routers import items
            from api.worker import celery
            app = FastAPI()
            app.include_router(items.router)
            """,
        "api/routers/__init__.py": "", "api/routers/items.py": "from fastapi import APIRouter\nrouter = APIRouter()\n",
        "api/worker.py": "from celery import Celery\ncelery = Celery('api')\ncelery.autodiscover_tasks(['api.jobs'])\n",
        "api/jobs/__init__.py": "", "api/jobs/tasks.py": "",
    })  # fmt: skip
    assert {"api.worker", "api.jobs.tasks"} <= found
    assert "api.main" not in found


def test_pyramid_scan_and_include(tmp_path: Path) -> None:
    found = loaded(tmp_path, {
        "site_app/__init__.py": """\
            from pyramid.config import Configurator
            def main(settings):
                config = Configurator(settings=settings)
                config.include("site_app.models")
                config.include(".routes")
                config.scan("site_app.views")
                return config.make_wsgi_app()
            """,
        "site_app/models.py": "def includeme(config):\n    from site_app import tables\n",
        "site_app/tables.py": "",
        "site_app/routes.py": "def includeme(config): ...\n",
        "site_app/views/__init__.py": "", "site_app/views/home.py": "",
        "site_app/unused.py": "",
        "site_app/celery.py": "from celery import Celery\nfrom site_app import main\napp = Celery('a')\nmain({})\n",
    })  # fmt: skip
    assert {"site_app.models", "site_app.tables", "site_app.routes", "site_app.views.home"} <= found
    assert "site_app.unused" not in found


def test_console_script_and_management_command(tmp_path: Path) -> None:
    files = SHOP | {
        "pyproject.toml": "[project.scripts]\nshop-server = 'shop.cli:main'\n",
        "Procfile": "worker: shop-server celery worker\n",
        "proj/settings.py": "INSTALLED_APPS = ['shop']\n",
        "shop/cli.py": """\
            import os
            from django.core.management import execute_from_command_line
            def main():
                from shop import preparation
                os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
                execute_from_command_line()
            """,
        "shop/preparation.py": "",
        "shop/management/__init__.py": "", "shop/management/commands/__init__.py": "",
        "shop/management/commands/celery.py": "", "shop/management/commands/other.py": "",
    }  # fmt: skip
    found = loaded(tmp_path, files)
    assert {"shop.cli", "shop.preparation", "shop.management.commands.celery", "shop.tasks"} <= found
    assert "shop.management.commands.other" not in found
