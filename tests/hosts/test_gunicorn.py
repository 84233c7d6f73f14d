"""gunicorn: what its master executes, and whether it does."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write
from served_apps import HANG, TWIN, clean, found, served


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("gunicorn --preload -w 2 app:app", {}),
        ("python -m gunicorn -w 2 --preload app:app", {}),
        ("gunicorn -b :80 -k gthread --preload --reload app:app", {}),
        ("GUNICORN_CMD_ARGS='--preload -w 3' gunicorn app:app", {}),
        ("gunicorn app:app", {"gunicorn.conf.py": "preload_app = True\n"}),
        ("gunicorn -c deploy/served.py app:app", {"deploy/served.py": "preload_app = not False\n"}),
        ("gunicorn --config=python:served app:app", {"served.py": "preload_app = True\n"}),
        ("gunicorn -c served.py", {"served.py": "preload_app = True\nwsgi_app = 'app:app'\n"}),
        ("gunicorn --preload --chdir src app:app", {"src/app.py": HANG, "app.py": ""}),
        ("exec ddtrace-run gunicorn --preload app:app", {}),
    ],
)  # fmt: skip
def test_the_hang_is_found_if_it_preloads(tmp_path: Path, command: str, more: dict[str, str]) -> None:
    report = served(tmp_path, command, {"app.py": HANG, **more})
    assert found(report) == [("FS112", "app.py", 4)]
    assert "before gunicorn forks" in report.findings[0].text
    assert "inside the request, or in post_fork" in report.findings[0].text
    assert clean(report) == []


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("gunicorn -w 2 app:app", {}),
        ("gunicorn app:app", {"gunicorn.conf.py": "preload_app = False\n"}),
        ("gunicorn -c other.py app:app", {"gunicorn.conf.py": "preload_app = True\n", "other.py": ""}),
    ],
)
def test_without_preload_it_is_clean_and_says_why(tmp_path: Path, command: str, more: dict[str, str]) -> None:
    report = served(tmp_path, command, {"app.py": HANG, **more})
    assert found(report) == []
    (line,) = clean(report)
    assert line.startswith("clean: gunicorn:app:app (Procfile:1): each worker imports the app for itself")


@pytest.mark.parametrize("command", ["gunicorn --preload --check-config app:app", "pip install gunicorn --preload"])
def test_what_is_no_server_is_none(tmp_path: Path, command: str) -> None:
    report = served(tmp_path, command, {"app.py": HANG})
    assert (found(report), clean(report), report.traces) == ([], [], ())


def test_the_repaired_twin_is_clean(tmp_path: Path) -> None:
    assert found(served(tmp_path, "gunicorn --preload -w 2 app:app", {"app.py": TWIN})) == []


def test_a_factory_is_called(tmp_path: Path) -> None:
    source = "def create_app(name='x'):\n    import torch\n    return torch\n"
    report = served(tmp_path, "gunicorn --preload 'app:create_app(\"x\")'", {"app.py": source})
    assert ("FS105", "app.py", 2) in found(report)
    finding = next(one for one in report.findings if one.code == "FS105")
    assert finding.text.endswith("call that function in the request, or in post_fork if it is quick")
    assert found(served(tmp_path, "gunicorn --preload app:create_app", {"app.py": source})) == []


def test_the_configuration_and_its_hooks_run_in_the_master(tmp_path: Path) -> None:
    config = """\
        import torch
        from transformers import pipeline
        def on_starting(server):
            pipeline("a")
        def post_fork(server, worker):
            pipeline("b")
        """
    report = served(tmp_path, "gunicorn app:app", {"app.py": "", "gunicorn.conf.py": config})
    codes = {(code, line) for code, _, line in found(report) if not code.startswith("FS13")}
    assert codes == {("FS101", 1), ("FS101", 2), ("FS124", 4)}
    handler = next(one for one in report.findings if one.code == "FS124")
    assert "on_starting handler calls" in handler.text
    assert "'transformers.pipeline' in its master, before it forks" in handler.text


def test_the_order_is_that_of_gunicorn(tmp_path: Path) -> None:
    config = "\n".join(
        f"def {name}(*given):\n    import m_{name}"
        for name in ("pre_fork", "on_starting", "when_ready", "nworkers_changed", "post_fork")
    )
    names = ("pre_fork", "on_starting", "when_ready", "nworkers_changed", "post_fork")
    files = {"app.py": "", "gunicorn.conf.py": config, **{f"m_{name}.py": "" for name in names}}
    (trace,) = served(tmp_path, "gunicorn --preload app:application", files).traces
    assert [module.name for module in trace.modules] == [
        "__config__", "m_nworkers_changed", "app", "m_on_starting", "m_when_ready", "m_pre_fork",
    ]  # fmt: skip
    assert trace.after_fork("m_post_fork")


def test_a_preload_that_only_the_environment_decides_may_be(tmp_path: Path) -> None:
    config = "import os\npreload_app = os.environ.get('PRELOAD') == '1'\n"
    report = served(tmp_path, "gunicorn app:app", {"app.py": "import torch\n", "gunicorn.conf.py": config})
    assert "'torch' may be imported before gunicorn forks" in " ".join(one.text for one in report.findings)


def test_a_configuration_that_is_missing_is_said(tmp_path: Path) -> None:
    report = served(tmp_path, "gunicorn --preload -c /etc/made/by/others.py app:app", {"app.py": ""})
    assert found(report) == [("FS192", "app.py", 1)]


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        ("'gunicorn' not in sys.argv", "FS122"),
        ("sys.argv[0].endswith('gunicorn')", "FS123"),
        ("'manage.py' not in sys.argv[0]", "FS111"),
        ("True", "FS111"),
    ],
)
def test_a_gate(tmp_path: Path, gate: str, code: str) -> None:
    source = f"import sys\nfrom transformers import pipeline\nif {gate}:\n    pipeline('x')\n"
    report = served(tmp_path, "gunicorn --preload app:app", {"app.py": source})
    (finding,) = [one for one in report.findings if one.line > 2]
    assert finding.code == code
    if code == "FS122":
        assert "does not recognise gunicorn, whose sys.argv is ['/venv/bin/gunicorn', '--preload'" in finding.text
        assert 'a gate that holds is os.path.basename(sys.argv[0]) == "gunicorn"' in finding.text


def test_more_workers_than_the_container_holds(tmp_path: Path) -> None:
    compose = """\
        services:
          web:
            image: x
            command: gunicorn --preload -w 40 app:app
            mem_limit: 256m
        """
    files = {"pyproject.toml": "", "compose.yml": compose, "app.py": ""}
    report = check(write(tmp_path, files))
    assert [one[0] for one in found(report)] == ["FS141"]
    write(tmp_path, {"compose.yml": compose.replace("-w 40 ", "")})
    assert found(check(tmp_path)) == []  # one worker, by gunicorn's default


def test_django_is_set_up_and_middleware_is_loaded(tmp_path: Path) -> None:
    files = {
        "proj/__init__.py": "",
        "proj/settings.py": "INSTALLED_APPS = ['shop']\nMIDDLEWARE = ['shop.middleware.Stamp']\n"
                            "ROOT_URLCONF = 'proj.urls'\n",
        "proj/urls.py": "import shop.views\n",
        "proj/wsgi.py": "import os\nfrom django.core.wsgi import get_wsgi_application\n"
                        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\n"
                        "application = get_wsgi_application()\n",
        "shop/__init__.py": "", "shop/models.py": "", "shop/views.py": "",
        "shop/middleware.py": "class Stamp:\n    def __init__(self, get_response):\n        import torch\n",
        "shop/apps.py": "from django.apps import AppConfig\nclass Shop(AppConfig):\n    name = 'shop'\n"
                        "    def ready(self):\n        import spacy\n        spacy.load('en')\n",
    }  # fmt: skip
    report = served(tmp_path, "gunicorn --preload proj.wsgi", files)
    (trace,) = report.traces
    names = [module.name for module in trace.modules if module.origin == "first-party"]
    assert names == ["proj", "proj.wsgi", "proj.settings", "shop", "shop.apps", "shop.models", "shop.middleware"]
    codes = {(code, name, line) for code, name, line in found(report) if not code.startswith("FS13")}
    assert codes == {("FS105", "apps.py", 5), ("FS121", "apps.py", 6), ("FS105", "middleware.py", 3)}


def test_the_settings_of_manage_py_are_taken_where_the_environment_names_none(tmp_path: Path) -> None:
    """The server is given them by something that the repository does not hold."""
    files = {
        "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\n",
        "proj/__init__.py": "",
        "proj/settings.py": "INSTALLED_APPS = ['shop']\n",
        "proj/wsgi.py": "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
        "shop/__init__.py": "",
        "shop/models.py": HANG,
    }
    assert ("FS112", "models.py", 4) in found(served(tmp_path, "gunicorn --preload proj.wsgi", files))


def test_beside_celery_it_adds_what_is_its_own(tmp_path: Path) -> None:
    files = {
        "proj/__init__.py": "", "proj/tasks.py": "import proj.celery\n@proj.celery.app.task\ndef t(): ...\n",
        "proj/celery.py": "from celery import Celery\napp = Celery('proj', include=['proj.tasks'])\n",
        "proj/web.py": "import pandas\napplication = None\n",
        "Procfile": "worker: celery -A proj worker\nweb: gunicorn --preload proj.web\n",
    }  # fmt: skip
    report = check(write(tmp_path, {"pyproject.toml": "", **files}))
    assert {(code, name) for code, name, _ in found(report)} == {("FS101", "web.py"), ("FS131", "web.py")}
    assert [trace.host.name for trace in report.traces] == ["Celery", "gunicorn"]


@pytest.mark.parametrize("command", ["gunicorn --preload proj.wgi:app", "uwsgi --master --module proj.wgi"])
def test_an_app_whose_module_does_not_exist_is_said(tmp_path: Path, command: str) -> None:
    report = served(tmp_path, command, {"proj/__init__.py": "", "proj/wsgi.py": ""})
    (finding,) = report.findings
    assert (finding.code, Path(finding.path).name) == ("FS192", "__init__.py")
    assert finding.what.startswith("the module 'proj.wgi' of the app 'proj.wgi")
    assert not served(tmp_path, command.replace("wgi", "wsgi"), {}).findings
