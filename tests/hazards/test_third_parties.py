"""What imports of popular packages load, where no environment tells: the table, and what it leads to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import check, found_codes, write

from flake8_forksafe.hazards.catalogue import load_catalogue
from flake8_forksafe.hazards.third_parties import LIKELY, Brought, load_third_parties, read_third_parties, table_of
from flake8_forksafe.project.versions import admits
from flake8_forksafe.report.memory import render
from flake8_forksafe.report.why import render as why
from flake8_forksafe.rules.pool import launches

TABLE = read_third_parties(
    table_of({
        "vectors": [
            {"version": "0.3.6", "light": "", "modules": {
                "vectors": {}, "vectors.django": {"loads": {"numpy": ["vectors.bit"]}}}},
            {"version": "0.10.1", "light": "vectors vectors.django", "modules": {}},
        ],
        "sheets": [{"version": "3.1", "light": "", "modules": {
            "sheets": {"optional": {"numpy": ["sheets.compat"]}},
            "sheets.charts": {"loads": {"matplotlib": []}}, "sheets:Frame": {"loads": {"pandas": ["sheets.frame"]}}}}],
    })
)._replace(admits=admits)  # fmt: skip


def brought(module: str, version: str | None = None, **installed: bool | str) -> list[tuple[str, bool]]:
    return [(one.package, one.sure) for one in TABLE.brought(module, lambda name: version, installed.get)]


def test_the_version_decides() -> None:
    assert brought("vectors.django", "0.3.6") == [("numpy", True)]
    assert brought("vectors.django", "0.3.1") == [("numpy", True)]
    assert brought("vectors.django", "0.9") == [("numpy", True)]
    assert brought("vectors.django", "0.10.1") == brought("vectors.django", "1.0rc1") == []


def test_of_several_versions_that_differ_none_is_sure() -> None:
    assert brought("vectors.django") == [("numpy", False)]  # the newest one loads nothing
    assert len(TABLE.versions_of("vectors.django", lambda name: None)) == 2
    assert brought("sheets.charts") == [("matplotlib", True)]


@pytest.mark.parametrize(
    ("specifier", "sure"),
    [
        (">=0.3,<0.4", True),
        ("<0.10.1", True),
        ("<=0.9", True),
        ("~=0.3.6", True),
        ("==0.3.*", True),
        (">0.3.6,<0.10", True),
        (">=0.10.1", None),
        (">=0.11,<2", None),
        (">1", None),
        (">=0.3", False),
        ("<2", False),
        ("!=0.3.6", False),
        ("nonsense", False),
    ],
)
def test_bounds_decide_which_versions_may_be_meant(specifier: str, sure: bool | None) -> None:
    assert brought("vectors.django", specifier) == ([] if sure is None else [("numpy", sure)])


def test_what_is_optional_is_loaded_where_it_is_installed() -> None:
    assert brought("sheets") == brought("sheets", numpy=False) == []
    assert brought("sheets", numpy=LIKELY) == [("numpy", False)]
    assert brought("sheets", numpy=True) == [("numpy", True)]
    assert brought("sheets.charts", numpy=True) == [("numpy", True), ("matplotlib", True)]
    assert brought("sheets.charts", matplotlib=False) == []


def test_what_else_an_import_does() -> None:
    table = read_third_parties(
        table_of({
            "watch": [{"version": "1.2", "light": "watch.more", "modules": {
                "watch": {"loads": {"numpy": []}, "starts": ["watcher"], "mb": 30},
                "watch.urls": {"discovers": ["hooks"]},
                "watch.app:setup()": {"discovers": ["panels"]}}}],
        })
    )  # fmt: skip

    def effects(module: str) -> tuple[tuple[str, ...], tuple[str, ...], int]:
        found = table.effects(module, lambda name: None, lambda name: None)
        return found.starts, found.discovers, found.mb

    assert effects("watch") == effects("watch.more") == (("watcher",), (), 30)
    assert effects("watch.urls") == (("watcher",), ("hooks",), 30)
    assert effects("watch.app:setup()") == ((), ("panels",), 0)
    assert effects("elsewhere") == ((), (), 0)
    found = table.effects("watch", lambda name: "2.0", lambda name: None)
    assert (found.within, found.source) == (("numpy",), "watch 1.2 (the project asks for 2.0)")


@pytest.mark.parametrize(
    ("required", "found"),
    [
        ((), ["numpy"]),
        (("haystack-ai",), ["numpy"]),
        (("django-haystack",), []),
        (("haystack",), []),
        (("django-haystack", "haystack-ai"), ["numpy"]),
        (("py-hay-stack",), []),
        (("django-stack",), ["numpy"]),
    ],
)
def test_distributions_with_modules_of_one_name_are_told_apart(required: tuple[str, ...], found: list[str]) -> None:
    tables = {
        "haystack-ai": [{"version": "3.4", "light": "", "modules": {"haystack": {"loads": {"numpy": []}}}}],
        "py-hay-stack": [{"version": "1.0", "light": "haystack", "modules": {}}],
    }
    table = read_third_parties(table_of(tables))._replace(required=required)
    assert [one.package for one in table.brought("haystack.urls", lambda name: None, lambda name: None)] == found


def test_names_that_are_loaded_when_they_are_asked_for() -> None:
    assert brought("sheets:Frame") == [("pandas", True)]
    assert brought("sheets:Other") == brought("elsewhere") == brought("sheetsomething") == []


def test_another_version_is_told() -> None:
    def source(version: str | None) -> str:
        (found,) = TABLE.brought("sheets.charts", lambda name: version, lambda name: None)
        assert isinstance(found, Brought)
        return found.source

    assert source(None) == source("3.1.4") == "sheets 3.1"
    assert source("2.0") == "sheets 3.1 (the project asks for 2.0)"
    assert source(">=3") == source(">=3.1,<3.2") == "sheets 3.1"
    assert source("<3") == "sheets 3.1 (the project asks for <3)"


def test_the_table_is_about_the_catalogue() -> None:
    table = load_third_parties()
    known = load_catalogue().hazards
    versions = [one for top in table.tops for several in table.distributions(top) for one in several]
    assert len({one.distribution for one in versions}) >= 400
    for one in versions:
        for module, entry in one.modules.items():
            assert set(entry) <= {"loads", "optional", "threads", "starts", "discovers", "mb"}, module
            assert set(entry.get("loads", {})) | set(entry.get("optional", {})) <= set(known), module


def test_only_what_is_asked_for_is_parsed() -> None:
    head, first, second = table_of({"a": [], "vectors": [{"version": "1", "light": "vectors", "modules": {}}]}).split(
        "\n", 2
    )
    table = read_third_parties(f"{head}\nnot parsed {first}\n{second}")
    assert [[one.version for one in versions] for versions in table.distributions("vectors")] == [["1"]]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is installed beside these tests is not what a project has."""
    monkeypatch.setattr("sys.prefix", str(tmp_path / "nowhere"))


PROJECT = {
    "p/__init__.py": "",
    "p/celery.py": 'from celery import Celery\napp = Celery("p", include=["p.tasks"])\n',
    "p/tasks.py": "import shapely\nfrom qdrant_client import QdrantClient\n",
}


def messages(root: Path, code: str) -> list[str]:
    return [finding.text for finding in check(root).findings if finding.code == code]


def test_findings(tmp_path: Path) -> None:
    write(tmp_path, PROJECT)
    report = check(tmp_path)
    assert found_codes(report, tmp_path) == {
        ("p/celery.py", 2, "FS131"), ("p/tasks.py", 1, "FS103"), ("p/tasks.py", 2, "FS103")
    }  # fmt: skip
    first, second = messages(tmp_path, "FS103")
    assert "importing 'shapely' brings 'numpy'" in first and "p.tasks → shapely" in first
    assert "measured with shapely " in first and "the option environment makes it certain" in first
    assert "importing 'qdrant_client' brings 'numpy'" in second
    (trace,) = report.traces
    assert [module.importer for module in trace.modules if module.name == "numpy"] == ["shapely"]


def test_a_requirement_decides(tmp_path: Path) -> None:
    write(tmp_path, {**PROJECT, "requirements.txt": "celery\nshapely==1.0\nqdrant-client\n"})
    assert "(the project asks for 1.0)" in messages(tmp_path, "FS103")[0]


@pytest.mark.parametrize(
    "name", ["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "pylock.prod.toml", "Pipfile.lock"]
)
def test_a_lock_file_decides(tmp_path: Path, name: str) -> None:
    table = "packages" if name.startswith("pylock") else "package"
    lock = f'version = 1\n\n[[{table}]]\nname = "Shapely"\nversion = "1.0"\n\n[[{table}]]\nname = "b"\nversion = "2"\n'
    if name == "Pipfile.lock":
        lock = json.dumps({"default": {"shapely": {"version": "==1.0"}, "x": 1}})
    write(tmp_path, {**PROJECT, name: lock})
    assert "(the project asks for 1.0)" in messages(tmp_path, "FS103")[0]


@pytest.mark.parametrize(
    ("name", "text", "brings"),
    [
        ("requirements.txt", "celery\npgvector>=0.3,<0.4\n", "brings"),
        ("requirements.txt", "celery\npgvector\n", "may bring"),
        ("requirements.txt", "celery\npgvector>=0.5.1\n", ""),
        ("requirements.txt", "celery\npgvector\n-c limits.txt\n", "brings"),
        ("pyproject.toml", "[project]\nname = 'p'\ndependencies = ['celery', 'pgvector[extra]~=0.3.4']\n", "brings"),
        ("pyproject.toml", "[tool.poetry.dependencies]\ncelery = '*'\npgvector = '^0.3'\n", "brings"),
        ("pyproject.toml", "[tool.poetry.dependencies]\ncelery = '*'\npgvector = '~0.5.1'\n", ""),
        ("pyproject.toml", "[tool.poetry.dependencies]\ncelery = '*'\npgvector = '0.3.2'\n", "brings"),
        ("Pipfile", "[packages]\ncelery = '*'\npgvector = '<0.4'\n", "brings"),
        ("Pipfile", "[packages]\ncelery = '*'\npgvector = '*'\n", "may bring"),
    ],
)
def test_the_declared_bounds_decide(tmp_path: Path, name: str, text: str, brings: str) -> None:
    write(
        tmp_path, {**PROJECT, "p/tasks.py": "import pgvector.django\n", name: text, "limits.txt": "pgvector==0.3.6\n"}
    )
    found = messages(tmp_path, "FS103")
    assert [f"importing 'pgvector.django' {brings} 'numpy'" in text for text in found] == ([True] if brings else [])


def test_broken_lock_files(tmp_path: Path) -> None:
    write(tmp_path, {**PROJECT, "uv.lock": "[[package", "Pipfile.lock": "[" * 100_000})
    assert len(messages(tmp_path, "FS103")) == 2


def test_an_environment_decides_instead(tmp_path: Path) -> None:
    site = "venv/lib/python3.12/site-packages"
    write(tmp_path, {
        **PROJECT, "venv/pyvenv.cfg": "", f"{site}/shapely/__init__.py": "", f"{site}/qdrant_client/__init__.py": "",
        f"{site}/celery/__init__.py": "", f"{site}/celery-5.5.0.dist-info/METADATA": "Name: celery\nVersion: 5.5.0\n",
    })  # fmt: skip
    assert check(tmp_path, environment="venv").findings == ()


def test_an_import_that_starts_a_thread(tmp_path: Path) -> None:
    write(tmp_path, {**PROJECT, "p/tasks.py": "import honeybadger\n\n\ndef later():\n    import honeybadger\n"})
    (finding,) = (finding for finding in check(tmp_path).findings if finding.code == "FS112")
    assert (finding.path, finding.line) == (str(tmp_path / "p/tasks.py"), 1)
    assert "'honeybadger' is imported before the worker forks: it starts the thread 'honeybadger-" in finding.text
    assert "measured with honeybadger " in finding.text
    assert "p.tasks" in finding.text
    assert not messages_accepting(tmp_path, "honeybadger")


def messages_accepting(root: Path, name: str) -> list[str]:
    return [finding.text for finding in check(root, accept=f"{name}: tried").findings if finding.code == "FS112"]


def test_an_import_that_starts_a_thread_in_an_environment(tmp_path: Path) -> None:
    site = "venv/lib/python3.12/site-packages"
    write(tmp_path, {
        **PROJECT, "p/tasks.py": "import honeybadger\n", "venv/pyvenv.cfg": "", f"{site}/honeybadger/__init__.py": "",
        f"{site}/honeybadger-0.1.dist-info/METADATA": "Name: honeybadger\nVersion: 0.1\n",
        f"{site}/celery/__init__.py": "", f"{site}/celery-5.5.0.dist-info/METADATA": "Name: celery\nVersion: 5.5.0\n",
    })  # fmt: skip
    (message,) = (one.text for one in check(tmp_path, environment="venv").findings if one.code == "FS112")
    assert "(the project asks for 0.1)" in message


SITE = {
    "manage.py": "",
    "site_/__init__.py": "from site_.celery import app\n",
    "site_/celery.py": """\
        import os
        from celery import Celery

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_.settings")
        app = Celery("site_")
        app.config_from_object("django.conf:settings", namespace="CELERY")
        app.autodiscover_tasks()
        """,
    "blog/__init__.py": "",
    "blog/wagtail_hooks.py": "from blog import reports\n",
    "blog/reports.py": "from django_pandas.io import read_frame\n",
    "blog/tasks.py": "",
}


@pytest.mark.parametrize(
    ("apps", "urls", "found"),
    [
        (["blog", "wagtail.snippets"], "", True),
        (["blog", "wagtail"], "", False),
        (["blog", "wagtail"], "from wagtail.admin import urls\n", True),
    ],
)
def test_apps_that_import_modules_of_every_app(tmp_path: Path, apps: list[str], urls: str, found: bool) -> None:
    settings = f"INSTALLED_APPS = {apps}\nROOT_URLCONF = 'site_.urls'\n"
    write(tmp_path, {**SITE, "site_/settings.py": settings, "site_/urls.py": f"{urls}urlpatterns = []\n"})
    report = check(tmp_path)
    hooks = [module for module in report.traces[0].modules if module.name == "blog.wagtail_hooks"]
    assert [(module.importer, module.certain) for module in hooks] == (
        [("wagtail.admin" if urls else "wagtail.snippets", True)] if found else []
    )
    assert (("blog/reports.py", 1, "FS103") in found_codes(report, tmp_path)) is found


ENVIRONMENT = {
    "venv/pyvenv.cfg": "",
    **{
        f"venv/lib/python3.12/site-packages/{name}-1.0.dist-info/METADATA": f"Name: {name}\nVersion: 1.0\n{more}"
        for name, more in {"celery": "", "numpy": "", "middle": "Requires-Dist: numpy\n"}.items()
    },
    **{f"venv/lib/python3.12/site-packages/{name}/__init__.py": "" for name in ("celery", "numpy")},
    "venv/lib/python3.12/site-packages/middle-1.0.dist-info/top_level.txt": "middle\n",
    "venv/lib/python3.12/site-packages/middle/__init__.py": """\
        import numpy
        try:
            import torch
        except ImportError:
            torch = None
        """,
}


def test_what_third_parties_can_do_without_is_not_loaded_where_it_is_not_installed(tmp_path: Path) -> None:
    write(tmp_path, {**PROJECT, **ENVIRONMENT, "p/tasks.py": "import middle\n"})
    report = check(tmp_path, environment="venv")
    assert "torch" not in {module.name for module in report.traces[0].modules}
    assert "'torch'" not in "".join(messages(tmp_path, "FS131"))
    (message,) = (finding.text for finding in report.findings if finding.code == "FS103")
    assert "importing 'middle' brings 'numpy'" in message


def test_what_only_may_be_loaded_is_said_and_not_counted(tmp_path: Path) -> None:
    locked = '[[package]]\nname = "numpy"\nversion = "2.0"\n'
    write(tmp_path, {**PROJECT, "p/tasks.py": "import openpyxl\n", "uv.lock": locked})
    report = check(tmp_path)
    (prelude,) = (finding.text for finding in report.findings if finding.code == "FS131")
    assert "before 'numpy' may be imported" in prelude
    assert "may bring 'numpy'" in messages(tmp_path, "FS103")[0]
    (sized,) = launches(report.context)
    assert "numpy" not in dict(sized.estimate.packages)
    assert "numpy" in dict(sized.estimate.optional)
    shown = "\n".join(render([sized], str(tmp_path)))
    assert "not counted, as only other packages load them where they are installed: numpy" in shown


@pytest.mark.parametrize(
    ("declared", "brings"),
    [
        pytest.param({"requirements.txt": "openpyxl\npandas\n"}, "brings", id="the catalogue's pulls"),
        pytest.param({"requirements.txt": "openpyxl\nshapely\n"}, "brings", id="the table"),
        pytest.param({"uv.lock": '[[package]]\nname = "numpy"\nversion = "2.0"\n'}, "may bring", id="a lock file"),
    ],
)
def test_what_is_optional_may_come_with_another_package(tmp_path: Path, declared: dict[str, str], brings: str) -> None:
    write(tmp_path, {**PROJECT, "p/tasks.py": "import openpyxl\n", **declared})
    assert f"importing 'openpyxl' {brings} 'numpy'" in messages(tmp_path, "FS103")[0]
    write(tmp_path, {name: text.replace("numpy", "six").replace("pandas", "six").replace("shapely", "six")
                     for name, text in declared.items()})  # fmt: skip
    assert messages(tmp_path, "FS103") == []


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ({"requirements.txt": "google-cloud-bigquery\n"}, False),
        ({"requirements.txt": "google-cloud-bigquery[opentelemetry]\n"}, False),
        ({"requirements.txt": "google-cloud-bigquery[Pandas]==3.47.0\n"}, True),
        ({"requirements.txt": "google-cloud-bigquery[pandas]; sys_platform == 'win32'\n"}, False),
        ({"pyproject.toml": "[tool.poetry.dependencies]\ngoogle-cloud-bigquery = {extras = ['pandas']}\n"}, True),
        ({"Pipfile": "[packages]\ngoogle-cloud-bigquery = {extras = ['pandas'], version = '*'}\n"}, True),
    ],
)  # fmt: skip
def test_an_extra_decides(tmp_path: Path, declared: dict[str, str], found: bool) -> None:
    write(tmp_path, {**PROJECT, **declared, "p/tasks.py": "import google.cloud.bigquery\n"})
    report = check(tmp_path, platform="linux")
    texts = [finding.text for finding in report.findings if finding.code == "FS103"]
    assert any("brings" in text and "'pandas'" in text for text in texts) is found
    (trace,) = report.traces
    told = "\n".join(why(trace, "pandas", str(tmp_path), lambda path: Path(path).read_bytes()))
    assert ("nor ask for google-cloud-bigquery[pandas]" in told) is not found
    assert ("pandas is loaded before the fork" in told) is found


def test_an_extra_that_nothing_asks_for_is_said(tmp_path: Path) -> None:
    write(tmp_path, {**PROJECT, "requirements.txt": "presidio-analyzer\n", "p/tasks.py": "import presidio_analyzer\n"})
    extras = "presidio-analyzer[gliner] or presidio-analyzer[transformers]"
    said = f"{extras}, which nothing asks for, 'transformers' as well"
    assert f"; with {said}" in messages(tmp_path, "FS103")[0]
    (tmp_path / "requirements.txt").write_text("presidio-analyzer[transformers]\n")
    text = messages(tmp_path, "FS103")[0]
    assert "'transformers'" in text and "which nothing asks for" not in text


def test_what_is_optional_is_loaded_where_the_environment_has_it(tmp_path: Path) -> None:
    """The source of openpyxl is not read, since nothing that it requires is a hazard."""
    site = "venv/lib/python3.12/site-packages"
    write(tmp_path, {
        **PROJECT, **ENVIRONMENT, "p/tasks.py": "import openpyxl\n", f"{site}/openpyxl/__init__.py": "",
        f"{site}/openpyxl-3.1.5.dist-info/METADATA": "Name: openpyxl\nVersion: 3.1.5\n",
    })  # fmt: skip
    (message,) = (one.text for one in check(tmp_path, environment="venv").findings if one.code == "FS103")
    assert "importing 'openpyxl' brings 'numpy'" in message
    shutil.rmtree(tmp_path / site / "numpy")
    assert not [one for one in check(tmp_path, environment="venv").findings if one.code == "FS103"]


@pytest.mark.parametrize("suffix", ["abi3.so", "cpython-38-x86_64-linux-gnu.so", "cp99-win_amd64.pyd"])
def test_what_an_extension_module_loads_is_known_from_the_table(tmp_path: Path, suffix: str) -> None:
    """Seen with pyreadstat 1.3.7, whose compiled parser loads numpy; whatever Python it is compiled for."""
    site = "venv/lib/python3.12/site-packages"
    write(tmp_path, {
        **PROJECT, **ENVIRONMENT, "p/tasks.py": "import pyreadstat\n",
        f"{site}/pyreadstat/__init__.py": "from . import _readstat_parser\n",
        f"{site}/pyreadstat/_readstat_parser.{suffix}": "",
        f"{site}/pyreadstat-1.3.7.dist-info/METADATA": "Name: pyreadstat\nVersion: 1.3.7\nRequires-Dist: numpy\n",
        f"{site}/pyreadstat-1.3.7.dist-info/top_level.txt": "pyreadstat\n",
    })  # fmt: skip
    (message,) = (one.text for one in check(tmp_path, environment="venv").findings if one.code == "FS103")
    assert "importing 'pyreadstat' brings 'numpy'" in message
    assert "→ pyreadstat → pyreadstat._readstat_parser;" in message
    assert "; measured with pyreadstat 1.3.7)" in message
    shutil.rmtree(tmp_path / site / "pyreadstat")
    write(tmp_path, {f"{site}/pyreadstat/__init__.py": ""})
    assert not [one for one in check(tmp_path, environment="venv").findings if one.code == "FS103"]


def test_each_package_has_its_own_certainty(tmp_path: Path) -> None:
    """One that is surely loaded is not told as one that may be, in whatever order the edges stand."""
    middle = "venv/lib/python3.12/site-packages/middle"
    write(tmp_path, {
        **PROJECT, **ENVIRONMENT, "p/tasks.py": "import p.words\n", "p/words.py": "import middle\n",
        f"{middle}/__init__.py": """\
            import platform
            if platform.node() == "big":
                import torch
                import numpy
            import middle.near
            """,
        f"{middle}/near.py": "import middle.far\n", f"{middle}/far.py": "import numpy\n",
        "venv/lib/python3.12/site-packages/torch/__init__.py": "",
        "venv/lib/python3.12/site-packages/torch-2.0.dist-info/METADATA": "Name: torch\nVersion: 2.0\n",
    })  # fmt: skip
    report = check(tmp_path, environment="venv")
    texts = {finding.code: finding.text for finding in report.findings if finding.code in ("FS102", "FS103")}
    assert "importing 'middle' brings 'numpy' and may bring 'torch' before" in texts["FS103"]
    assert "middle.near → middle.far:1" in texts["FS103"]
    assert "importing 'p.words' brings 'numpy' and may bring 'torch' before" in texts["FS102"]


def test_a_late_prelude_tells_what_surely_came_before_it(tmp_path: Path) -> None:
    late = "import os, openpyxl, celery\nos.environ['OMP_NUM_THREADS'] = '1'\napp = celery.Celery('p')\n"
    locked = '[[package]]\nname = "numpy"\nversion = "2.0"\n'
    write(tmp_path, {**PROJECT, "p/celery.py": late, "uv.lock": locked})
    (message,) = (finding.text for finding in check(tmp_path).findings if finding.code == "FS133")
    assert "comes too late: 'numpy' may be imported before it" in message
    write(tmp_path, {"requirements.txt": "openpyxl\nnumpy\n"})
    (message,) = (finding.text for finding in check(tmp_path).findings if finding.code == "FS133")
    assert "comes too late: 'numpy' was imported before it" in message


def test_the_size_of_a_third_party_counts_once(tmp_path: Path) -> None:
    write(tmp_path, {**PROJECT, "p/tasks.py": "import qdrant_client\n"})
    (sized,) = launches(check(tmp_path).context)
    alone = dict(sized.estimate.packages)
    assert alone["qdrant_client"] > 50
    write(tmp_path, {"p/tasks.py": "import qdrant_client, langchain_qdrant\n"})
    (sized,) = launches(check(tmp_path).context)
    both = dict(sized.estimate.packages)
    assert set(both) == {"numpy", "langchain_qdrant"}
    assert both["langchain_qdrant"] > alone["qdrant_client"]


STARTING = {
    **ENVIRONMENT,
    "venv/lib/python3.12/site-packages/honeybadger/__init__.py": "",
    "venv/lib/python3.12/site-packages/honeybadger-1.0.dist-info/METADATA": "Name: honeybadger\nVersion: 1.0\n",
    "p/tasks.py": "import os\nimport middle\n",
}
MIDDLE = "venv/lib/python3.12/site-packages/middle"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param("import honeybadger\n", "'middle' imports 'honeybadger', before the worker forks: it", id="table"),
        pytest.param("import middle.deep\n", "'middle.deep' calls 'threading.Thread().start', before", id="source"),
        pytest.param("def later():\n    import honeybadger\n", None, id="later"),
        pytest.param("import os\nif os.environ.get('X'):\n    import middle.deep\n", None, id="condition"),
    ],
)  # fmt: skip
def test_what_packages_start_in_their_own_code(tmp_path: Path, source: str, found: str | None) -> None:
    deep = "import threading\nthreading.Thread(target=print, daemon=True).start()\n"
    write(tmp_path, {**PROJECT, **STARTING, f"{MIDDLE}/__init__.py": source, f"{MIDDLE}/deep.py": deep})
    findings = [one for one in check(tmp_path, environment="venv").findings if one.code == "FS112"]
    assert [(Path(one.path).name, one.line) for one in findings] == ([("tasks.py", 2)] if found else [])
    if found:
        assert found in findings[0].text and "import it inside the function that uses it" in findings[0].text
        accepted = check(tmp_path, environment="venv", accept="middle: tried").findings
        assert not [one for one in accepted if one.code == "FS112"]


def test_an_app_that_starts_a_thread_when_it_is_ready(tmp_path: Path) -> None:
    app = """\
        import threading
        import numpy
        from django.apps import AppConfig

        class MiddleConfig(AppConfig):
            name = "middle"

            def ready(self):
                threading.Thread(target=print).start()
        """
    settings = "INSTALLED_APPS = ['middle']\nROOT_URLCONF = 'site_.urls'\n"
    write(tmp_path, {
        **SITE, **ENVIRONMENT, "site_/settings.py": settings, "site_/urls.py": "urlpatterns = []\n",
        f"{MIDDLE}/__init__.py": "", f"{MIDDLE}/apps.py": app,
    })  # fmt: skip
    (finding,) = (one for one in check(tmp_path, environment="venv").findings if one.code == "FS112")
    assert "'middle.apps' calls 'threading.Thread().start' in ready(), before the worker forks" in finding.text
    assert Path(finding.path).is_relative_to(tmp_path / "site_")


OPENED = """\
import sys

opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
from flake8_forksafe.cli import main

main(["check", "--quiet", "."])
print(any(path.endswith("third_parties.jsonl") for path in opened))
"""


def test_a_run_without_changes_does_not_read_the_table(tmp_path: Path) -> None:
    project = write(tmp_path / "project", {**PROJECT, "pyproject.toml": ""})
    environ = {**os.environ, "FORKSAFE_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-c", OPENED]
    read = [
        subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert [text.splitlines()[-1] for text in read] == ["True", "False"]
    assert "FS103" in read[1]
