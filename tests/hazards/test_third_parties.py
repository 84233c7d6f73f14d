"""What imports of popular packages load, where no environment tells: the table, and what it leads to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import check, found_codes, write

from flake8_forksafe.hazards.catalogue import load_catalogue
from flake8_forksafe.hazards.third_parties import Brought, load_third_parties, read_third_parties, table_of

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
)  # fmt: skip


def brought(module: str, version: str | None = None, **installed: bool) -> list[tuple[str, bool]]:
    return [(one.package, one.sure) for one in TABLE.brought(module, lambda name: version, installed.get)]


def test_the_version_decides() -> None:
    assert brought("vectors.django", "0.3.6") == [("numpy", True)]
    assert brought("vectors.django", "0.3.1") == [("numpy", True)]
    assert brought("vectors.django", "0.9") == [("numpy", True)]
    assert brought("vectors.django", "0.10.1") == brought("vectors.django", "1.0rc1") == []


def test_of_several_versions_that_differ_none_is_sure() -> None:
    assert brought("vectors.django") == []  # the newest one loads nothing
    assert TABLE.version_of("vectors.django", lambda name: None) is not None
    assert brought("sheets.charts") == [("matplotlib", True)]


def test_what_is_optional_is_loaded_where_it_is_declared() -> None:
    assert brought("sheets") == brought("sheets", numpy=False) == []
    assert brought("sheets", numpy=True) == [("numpy", False)]
    assert brought("sheets.charts", numpy=True) == [("numpy", False), ("matplotlib", True)]
    assert brought("sheets.charts", matplotlib=False) == []


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


def test_the_table_is_about_the_catalogue() -> None:
    table = load_third_parties()
    known = load_catalogue().hazards
    versions = [one for top in table.tops for several in table.distributions(top) for one in several]
    assert len({one.distribution for one in versions}) >= 400
    for one in versions:
        for module, entry in one.modules.items():
            assert set(entry) <= {"loads", "optional", "threads", "starts", "mb"}, module
            assert set(entry.get("loads", {})) | set(entry.get("optional", {})) <= set(known), module


def test_only_what_is_asked_for_is_parsed() -> None:
    head, first, second = table_of({"a": [], "vectors": [{"version": "1", "light": "vectors", "modules": {}}]}).split(
        "\n", 2
    )
    table = read_third_parties(f"{head}\nnot parsed {first}\n{second}")
    assert [[one.version for one in versions] for versions in table.distributions("vectors")] == [["1"]]


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


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"])
def test_a_lock_file_decides(tmp_path: Path, name: str) -> None:
    lock = 'version = 1\n\n[[package]]\nname = "Shapely"\nversion = "1.0"\n\n[[package]]\nname = "b"\nversion = "2"\n'
    if name == "Pipfile.lock":
        lock = json.dumps({"default": {"shapely": {"version": "==1.0"}, "x": 1}})
    write(tmp_path, {**PROJECT, name: lock})
    assert "(the project asks for 1.0)" in messages(tmp_path, "FS103")[0]


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
