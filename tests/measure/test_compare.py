"""A recording beside a trace, and two recordings beside each other."""

from __future__ import annotations

from typing import Any

from flake8_forksafe.hazards.catalogue import load_catalogue
from flake8_forksafe.measure.compare import change, compare, hazards_of, importers
from flake8_forksafe.measure.render import change_table, comparison_text

CATALOGUE = load_catalogue()
PROJECT = "/srv/project"
ENVIRONMENT = "/srv/project/.venv"


def imported(name: str, importer: str | None, path: str | None = None, line: int = 1) -> dict[str, Any]:
    return {"name": name, "path": path, "importer": importer, "line": line, "step": "find_app"}


def own(name: str, importer: str | None, line: int = 1) -> dict[str, Any]:
    return imported(name, importer, f"{PROJECT}/{name.replace('.', '/')}.py", line)


def installed(name: str, importer: str | None, line: int = 1) -> dict[str, Any]:
    path = f"{ENVIRONMENT}/lib/python3.13/site-packages/{name.replace('.', '/')}.py"
    return imported(name, importer, path, line)


def recording(*modules: dict[str, Any]) -> dict[str, Any]:
    return {"modules": list(modules), "prefixes": ["/usr", ENVIRONMENT]}


def traced(name: str, importer: str | None, certain: bool = True) -> dict[str, Any]:
    return {"name": name, "path": f"{name.replace('.', '/')}.py", "origin": "first-party", "certain": certain,
            "step": "find_app", "importer": importer, "line": 1}  # fmt: skip


def trace(*modules: dict[str, Any], hazards: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"modules": list(modules), "hazards": [{"package": name} for name in hazards]}


def test_modules_of_both_sides() -> None:
    real = recording(own("proj", "celery.utils.imports"), own("proj.celery", "celery.utils.imports"), own("shop", "x"))
    predicted = trace(traced("proj", None), traced("proj.celery", "celery"), traced("proj.late", "proj", False))
    result = compare(real, predicted, CATALOGUE, PROJECT)
    assert result.agreed == ("proj", "proj.celery")
    assert [difference.name for difference in result.missed] == ["shop"]
    assert [(difference.name, difference.certain) for difference in result.spurious] == [("proj.late", False)]
    assert (result.recall, result.precision) == (2 / 3, 2 / 3)


def test_a_miss_names_the_miss_that_led_to_it() -> None:
    real = recording(own("proj", "celery"), own("shop", "proj", 3), own("shop.ai", "shop"), own("shop.net", "shop.ai"))
    result = compare(real, trace(traced("proj", None)), CATALOGUE, PROJECT)
    assert [(difference.name, difference.after) for difference in result.missed] == [
        ("shop", None), ("shop.ai", "shop"), ("shop.net", "shop"),
    ]  # fmt: skip
    lines = list(comparison_text(result))
    assert "    missed shop  ← proj:3  [find_app], and 2 more after it" in lines
    assert not any("missed shop.net" in line for line in lines)


def test_an_import_by_a_library_names_the_line_that_called_it() -> None:
    late = {**own("proj.late", "importlib_helper", 9), "callers": [["helper", 2, "f"], ["proj", 7, "<module>"]]}
    result = compare(recording(own("proj", "celery"), late), trace(traced("proj", None)), CATALOGUE, PROJECT)
    assert result.missed[0].place.called == "proj:7"
    assert "    missed proj.late  ← importlib_helper:9, called from proj:7  [find_app]" in list(comparison_text(result))


def test_the_environment_in_the_project_is_not_first_party() -> None:
    real = recording(own("proj", "celery"), installed("requests", "proj"))
    result = compare(real, trace(traced("proj", None)), CATALOGUE, PROJECT)
    assert (result.agreed, result.missed) == (("proj",), ())


def test_an_installed_copy_of_the_project_is_first_party() -> None:
    real = recording(installed("proj", "celery"), installed("proj.tasks", "proj"), installed("requests", "proj"))
    result = compare(real, trace(traced("proj", None)), CATALOGUE, PROJECT)
    assert result.agreed == ("proj",)
    assert [difference.name for difference in result.missed] == ["proj.tasks"]


def test_other_distributions_of_a_namespace_package_are_not_first_party() -> None:
    real = recording(
        installed("acme.flow", "celery"), installed("acme.flow.late", "x"), installed("acme.core", "acme.flow")
    )
    result = compare(real, trace(traced("acme.flow", None), traced("acme.flow.app", None)), CATALOGUE, PROJECT)
    assert result.agreed == ("acme.flow",)
    assert [difference.name for difference in result.missed] == ["acme.flow.late"]


def test_namespace_packages_and_extension_modules_are_left_out() -> None:
    real = recording(own("proj", "celery"), imported("space", "proj"), imported("fast", "proj", f"{PROJECT}/fast.so"))
    result = compare(real, trace(traced("proj", None)), CATALOGUE, PROJECT)
    assert result.missed == ()


def test_hazards() -> None:
    real = recording(
        own("proj", "celery"),
        installed("pandas", "proj", 4), installed("numpy", "pandas"), installed("numpy.linalg", "numpy"),
        installed("helper", "proj", 5), installed("torch", "helper", 9),
    )  # fmt: skip
    result = compare(real, trace(traced("proj", None), hazards=("pandas", "polars")), CATALOGUE, PROJECT)
    assert result.hazards_agreed == ("pandas",)
    assert result.hazards_spurious == ("polars",)
    assert [hazard.chain for hazard in result.pulled] == [("proj", "pandas", "numpy")]
    assert [(hazard.chain, hazard.line) for hazard in result.hazards_missed] == [(("proj", "helper", "torch"), 5)]


def test_a_module_of_the_project_is_no_hazard() -> None:
    real = recording(own("torch", "celery"))
    assert hazards_of(real, CATALOGUE, ["torch"]) == []
    assert [hazard.package for hazard in hazards_of(real, CATALOGUE)] == ["torch"]


def test_importers_end_in_a_circle() -> None:
    modules = {"a": own("a", "b"), "b": own("b", "a")}
    assert importers("a", modules) == ["a", "b"]


def measured(modules: int, hazards: list[str], rss: int, own_bytes: int | None = None) -> dict[str, Any]:
    child = {"rss": rss, "pss": rss // 2, "uss": own_bytes}
    return {
        "schema": 1, "app": "proj", "modules": [{"name": f"m{index}.x"} for index in range(modules)],
        "hazards": [{"package": name} for name in hazards], "memory": {"rss": rss, "pss": rss, "uss": rss},
        "threads": [], "native_threads": [{}] * len(hazards), "seconds": modules / 10,
        "children": [child] if own_bytes else [], "parent_beside_children": child if own_bytes else None,
    }  # fmt: skip


def test_change() -> None:
    before, after = measured(30, ["torch", "numpy"], 2**29, 2**27), measured(10, ["numpy"], 2**26, 2**24)
    result = change(before, after, 2**31)
    assert len(result.modules_gone) == 20
    assert (result.modules_new, result.hazards_gone, result.hazards_new) == ((), ("torch",), ())
    figures = {label: (first, second) for label, first, second in result.figures}
    assert figures["native threads"] == (2, 1)
    assert figures["seconds to the fork"] == (3.0, 1.0)
    assert figures["children that fit"] == ((2**31 - (2**29 - 2**27)) // 2**27, (2**31 - (2**26 - 2**24)) // 2**24)
    table = list(change_table(result))
    assert "| MainProcess RSS | 512.0 MB | 64.0 MB | -448.0 MB |" in table
    assert "| hazards gone | | `torch` | |" in table


def test_figures_that_were_not_measured_are_left_out_of_the_table() -> None:
    result = change(measured(3, [], 2**26), measured(3, [], 2**26), 2**31)
    assert not any("children that fit" in line or "per child" in line for line in change_table(result))
