"""uWSGI: what is executed before its workers are forked, by its command line, variables and configuration files."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write
from served_apps import HANG, TWIN, clean, found, served

INI = "[uwsgi]\nmaster = true\nmodule = app:app\n"


def loaded(root: Path, command: str, files: dict[str, str]) -> list[tuple[str, bool]]:
    """Modules before the fork, in order, each with whether it surely is there."""
    (trace,) = served(root, command, {**{f"{name}.py": "" for name in ("app", "one", "two")}, **files}).traces
    return [(module.name, module.certain) for module in trace.modules]


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("uwsgi --http-socket :80 --master --processes 2 --module app:app", {}),
        ("uwsgi -Mp2 -w app:app", {}),
        ("uwsgi --die-on-term --wsgi-file=app.py --callable app -p 2", {}),
        ("UWSGI_MODULE=app:app UWSGI_MASTER=1 uwsgi --http :80", {}),
        ("uwsgi --module app:app --lazy-apps uwsgi.ini", {"uwsgi.ini": f"{INI}lazy-apps = off\n"}),
        ("uwsgi --lazy-apps --ini deploy/u.ini", {"deploy/u.ini": f"{INI}lazy-apps = 0\n"}),
        ("uwsgi deploy/u.yaml", {"deploy/u.yaml": "uwsgi:\n  wsgi: app:app\n  workers: 4\n"}),
        ("uwsgi --json u.json", {"u.json": '{"uwsgi": {"module": "app:app", "master": true}}'}),
        ("uwsgi --ini u.ini:web", {"u.ini": "[web]\nini = u.ini:base\n[base]\nmaster=1\nmodule=app:app\n"}),
        ("uwsgi --module app --mule", {}),
        ("uwsgi --mount /x=app.py --master", {}),
        ("cd /srv && newrelic-admin run-program uwsgi --master --module app", {}),
    ],
)
def test_the_hang_is_found(tmp_path: Path, command: str, more: dict[str, str]) -> None:
    report = served(tmp_path, command, {"app.py": HANG, **more})
    assert found(report) == [("FS112", "app.py", 4)]
    assert "before uWSGI forks" in report.findings[0].text
    assert "inside the request, or in @postfork" in report.findings[0].text
    assert clean(report) == []


@pytest.mark.parametrize(
    ("command", "more", "why"),
    [
        ("uwsgi --master --module app --lazy-apps", {}, "lazy-apps: each worker loads the app for itself"),
        ("uwsgi -M -w app --lazy", {}, "lazy-apps: each worker"),
        ("UWSGI_LAZY_APPS=1 uwsgi --master --module app", {}, "lazy-apps: each worker"),
        ("uwsgi --ini u.ini", {"u.ini": f"{INI}lazy-apps\n"}, "lazy-apps: each worker"),
        ("uwsgi --ini u.ini --lazy-apps", {"u.ini": f"{INI}lazy-apps = false\n"}, "lazy-apps: each worker"),
        ("uwsgi --module app", {}, "one process without a master: nothing is forked"),
        ("uwsgi --emperor /etc/uwsgi/vassals", {}, "its options name no app"),
    ],
)
def test_what_is_clean_says_why(tmp_path: Path, command: str, more: dict[str, str], why: str) -> None:
    report = served(tmp_path, command, {"app.py": HANG, **more})
    assert found(report) == []
    (line,) = clean(report)
    assert line.startswith("clean: uWSGI") and f"(Procfile:1): {why}" in line


def test_the_repaired_twin_is_clean(tmp_path: Path) -> None:
    assert found(served(tmp_path, "uwsgi --master -p 2 --module app", {"app.py": TWIN})) == []


@pytest.mark.parametrize("command", ["uwsgi --version", "pip install uwsgi --master"])
def test_what_is_no_server_is_none(tmp_path: Path, command: str) -> None:
    report = served(tmp_path, command, {"app.py": HANG})
    assert (found(report), clean(report), report.traces) == ([], [], ())


def test_a_configuration_that_nothing_names_is_a_launch(tmp_path: Path) -> None:
    report = check(write(tmp_path, {"pyproject.toml": "", "deploy/site.ini": INI, "app.py": HANG}))
    assert found(report) == [("FS112", "app.py", 4)]
    (trace,) = report.traces
    assert [(Path(start.path).name, start.line) for start in trace.starts] == [("site.ini", 1)]


def test_one_that_is_named_is_none(tmp_path: Path) -> None:
    files = {"u.ini": "[uwsgi]\nini = base.ini\nlazy-apps = true\n", "base.ini": INI, "app.py": HANG}
    report = served(tmp_path, "uwsgi --ini u.ini", files)
    assert (found(report), len(clean(report))) == ([], 1)


def test_what_a_condition_or_the_environment_decides_may_be(tmp_path: Path) -> None:
    lazy = f"{INI}if-env = LAZY\nlazy-apps = true\nendif =\n"
    assert loaded(tmp_path, "uwsgi u.ini", {"u.ini": lazy}) == [("app", False)]
    assert loaded(tmp_path, "uwsgi u.ini", {"u.ini": f"{INI}lazy-apps = $(LAZY)\n"}) == [("app", False)]
    assert loaded(tmp_path, "uwsgi u.ini", {"u.ini": f"{INI}if-env = X\nimport = one\nendif =\n"}) == [
        ("one", False),
        ("app", True),
    ]
    listed = "uwsgi:\n  module: app\n  master: 1\n  import:\n    - one\n"  # read by builds with libyaml only
    assert loaded(tmp_path / "listed", "uwsgi u.yml", {"u.yml": listed}) == [("one", False), ("app", True)]
    (line,) = clean(served(tmp_path, "LAZY=1 uwsgi u.ini", {"u.ini": lazy}))
    assert "lazy-apps: each worker" in line


def test_variables_of_the_configuration_reach_the_process(tmp_path: Path) -> None:
    files = {
        "u.ini": "[uwsgi]\nmaster = 1\nchdir = %dsite\nenv = DJANGO_SETTINGS_MODULE=proj.settings\nproject = proj\n"
                 "module = %(project).wsgi\n",
        "site/proj/__init__.py": "", "site/proj/settings.py": "INSTALLED_APPS = ['shop']\n",
        "site/shop/__init__.py": "", "site/shop/models.py": "import torch\n",
        "site/proj/wsgi.py": "from django.core.wsgi import get_wsgi_application\n"
                             "application = get_wsgi_application()\n",
    }  # fmt: skip
    report = served(tmp_path, "uwsgi u.ini", files)
    assert ("FS101", "models.py", 1) in found(report)


def test_a_gate_on_the_module_of_uwsgi(tmp_path: Path) -> None:
    source = """\
        try:
            import uwsgidecorators
        except ImportError:
            import torch
        else:
            @uwsgidecorators.postfork
            def warm():
                from transformers import pipeline
                pipeline("x")
        """
    assert found(served(tmp_path, "uwsgi --master --module app", {"app.py": source})) == []
    (trace,) = check(tmp_path).traces
    assert trace.after_fork("transformers")


def test_a_gate_that_does_not_recognise_it_is_told_its_argv(tmp_path: Path) -> None:
    source = "import sys\nfrom transformers import pipeline\nif '--module' not in sys.argv:\n    pipeline('x')\n"
    report = served(tmp_path, "uwsgi --master --module app", {"app.py": source})
    (finding,) = [one for one in report.findings if one.line > 2]
    assert finding.code == "FS122"
    assert "whose sys.argv is ['uwsgi']" in finding.text
    assert 'a gate that holds is "uwsgi" in sys.modules' in finding.text


def test_more_processes_than_the_container_holds(tmp_path: Path) -> None:
    compose = """\
        services:
          web:
            image: x
            command: uwsgi --ini u.ini
            mem_limit: 256m
        """
    files = {"pyproject.toml": "", "compose.yml": compose, "app.py": "", "u.ini": f"{INI}processes = 40\n"}
    report = check(write(tmp_path, files))
    (finding,) = report.findings
    assert (finding.code, finding.place) == ("FS141", (str(tmp_path / "u.ini"), 4))
    write(tmp_path, {"u.ini": f"{INI}processes = %k\n"})
    assert [one.code for one in check(tmp_path).findings] == ["FS142"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("uwsgi --ini nosuch.ini", "'uWSGI' is started here with 'nosuch.ini', which was not found"),
        ("uwsgi --master --module nosuch.app", "'uWSGI:nosuch.app' is started here, but was not found"),
        ("gunicorn --preload nosuch.app", "'gunicorn:nosuch.app' is started here, but was not found"),
    ],
)
def test_what_is_not_found_is_said(tmp_path: Path, command: str, said: str) -> None:
    report = served(tmp_path, command, {"app.py": HANG})
    assert [f"{one.spec!r} {one.why}" for one in report.context.left_out] == [said]
    assert (found(report), clean(report)) == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        "[uwsgi]\nini = u.ini\n" * 3,
        "[uwsgi]\nfor = a b\nfor = c\n",
        "[uwsgi\n=\n%(",
        "[uwsgi]\nendif=\nmodule=%(module)\n",
    ],
)
def test_a_broken_configuration_ends(tmp_path: Path, text: str) -> None:
    assert found(served(tmp_path, "uwsgi u.ini", {"app.py": HANG, "u.ini": text})) == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("docker compose exec uwsgi sh -c 'python manage.py test'", 0),
        ("docker compose exec -T uwsgi python manage.py test", 0),
        ("docker run --rm uwsgi sh", 0),
        ("docker compose exec web uwsgi --master --lazy-apps --module app:app", 1),
        ("kubectl exec -it web -- uwsgi --master --lazy-apps --module app:app", 1),
        ("heroku run uwsgi --master --lazy-apps --module app:app", 1),
    ],
)
def test_the_name_of_a_service_is_no_command(tmp_path: Path, command: str, said: int) -> None:
    assert len(clean(served(tmp_path, command, {"app.py": ""}))) == said
